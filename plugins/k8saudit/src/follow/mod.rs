//! A file that grows: its complete lines, through rotations and restarts.

mod chain;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lanner_intake::{Store, StoreError};
use lanner_plugin_api::sdk::Log;

pub use chain::Identity;

use crate::files::MAX_LINE;

/// A writer may go on with the old file for a moment after it was renamed.
const GRACE: Duration = Duration::from_millis(500);
const CHUNK: usize = 64 << 10;

/// How far which file has been evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Which file.
    pub file: Identity,
    /// Bytes from its begin.
    pub offset: u64,
}

/// Why a file cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// Reading.
    #[error("cannot follow {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The stored position.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Grown {
    /// A line, and the position behind it.
    Line(Vec<u8>, Position),
    /// The begin of a line over the limit, and the position behind it; the rest of it has been passed over.
    TooLong(Vec<u8>, Position),
    /// Nothing for now.
    Nothing,
}

/// The file that is being read.
struct Open {
    file: File,
    identity: Identity,
    /// Where in the file that begins which has not been handed out.
    offset: u64,
    /// Read from the file.
    pending: Vec<u8>,
    /// Bytes of `pending` that have been handed out.
    taken: usize,
    /// Bytes of `pending` that have been handed out or hold no line end.
    searched: usize,
    /// The begin of the line over the limit that is being passed over.
    skipping: Option<Vec<u8>>,
    /// When another file was first seen under the name.
    replaced: Option<Instant>,
    /// It had been renamed before it was opened: nobody writes to it any more.
    settled: bool,
}

/// A followed file.
pub struct Follow {
    path: PathBuf,
    store: Option<Store<Position>>,
    open: Option<Open>,
    log: Log,
}

impl Follow {
    /// Begins at the stored position; without one, at the end of the file, as Falco does.
    ///
    /// # Errors
    /// The folder or the position cannot be read.
    pub fn open(path: &Path, position_file: Option<&Path>, log: Log) -> Result<Self, FollowError> {
        let store = position_file.map(Store::open).transpose()?;
        let mut follow = Self { path: path.to_owned(), store, open: None, log };
        let files = chain::files(path).map_err(|e| follow.io(e))?;
        let stored = match &follow.store {
            Some(store) => store.load()?,
            None => None,
        };
        let Some(position) = stored else {
            if let Some((_, current)) = files.last().filter(|(_, file)| file == path) {
                follow.start(&current.clone(), None)?;
                // From now on nothing may be lost, so the begin counts as soon as there is one.
                follow.save(None)?;
            }
            return Ok(follow);
        };
        match files.iter().find(|(identity, _)| *identity == position.file) {
            Some((_, file)) => follow.start(&file.clone(), Some(position.offset))?,
            None => {
                follow.log.warning(format!(
                    "the file of the position in {} is gone: what was written to it after that is not evaluated; going on \
                     with the begin of {}",
                    position_file.unwrap_or(path).display(),
                    path.display()
                ));
                if let Some((_, first)) = files.last() {
                    follow.start(&first.clone(), Some(0))?;
                }
            }
        }
        Ok(follow)
    }

    /// Stores a position that has been evaluated; `None`: where reading is to begin.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, position: Option<Position>) -> Result<(), StoreError> {
        let position = position.or_else(|| self.open.as_ref().map(Open::position));
        match (&self.store, position) {
            (Some(store), Some(position)) => store.save(&position),
            _ => Ok(()),
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_line(&mut self) -> Result<Grown, FollowError> {
        if self.open.is_none() {
            match self.path.try_exists() {
                // It was made after following began: all of it is new.
                Ok(true) => self.start(&self.path.clone(), Some(0))?,
                Ok(false) => return Ok(Grown::Nothing),
                Err(error) => return Err(self.io(error)),
            }
        }
        loop {
            let Some(open) = &mut self.open else { return Ok(Grown::Nothing) };
            if let Some(line) = open.line() {
                return Ok(line);
            }
            match open.more() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => return Err(self.io(error)),
            }
            match self.at_end()? {
                After::Nothing => return Ok(Grown::Nothing),
                After::Again => {}
                After::Last(last) => return Ok(last),
            }
        }
    }

    /// The file has been read to its end: it grows, or another one has taken its place.
    fn at_end(&mut self) -> Result<After, FollowError> {
        let Some(open) = &mut self.open else { return Ok(After::Nothing) };
        // Between the renaming and the making of the new file there is none.
        let Ok(meta) = self.path.metadata() else { return Ok(After::Nothing) };
        if Identity::of(&meta) == open.identity {
            if meta.len() < open.offset + (open.pending.len() - open.taken) as u64 {
                self.log.info(format!("{} was truncated; reading it from its begin", self.path.display()));
                self.start(&self.path.clone(), Some(0))?;
                return Ok(After::Again);
            }
            return Ok(After::Nothing);
        }
        if !open.settled && open.replaced.get_or_insert_with(Instant::now).elapsed() < GRACE {
            return Ok(After::Nothing);
        }
        // No more comes to this file, so what stands there without a line end is a line.
        if let Some(last) = open.rest() {
            return Ok(After::Last(last));
        }
        let identity = open.identity;
        let files = chain::files(&self.path).map_err(|e| self.io(e))?;
        let next =
            files.iter().position(|(file, _)| *file == identity).map_or(files.len().saturating_sub(1), |at| at + 1);
        match files.get(next) {
            Some((_, file)) => {
                self.start(&file.clone(), Some(0))?;
                Ok(After::Again)
            }
            None => Ok(After::Nothing),
        }
    }

    fn start(&mut self, path: &Path, offset: Option<u64>) -> Result<(), FollowError> {
        let begin = || -> io::Result<Open> {
            let mut file = File::open(path)?;
            let meta = file.metadata()?;
            // Shorter than the position: it has been truncated, and all of it is new.
            let offset = offset.map_or(meta.len(), |offset| if offset > meta.len() { 0 } else { offset });
            file.seek(SeekFrom::Start(offset))?;
            Ok(Open {
                file,
                identity: Identity::of(&meta),
                offset,
                pending: Vec::new(),
                taken: 0,
                searched: 0,
                skipping: None,
                replaced: None,
                settled: path != self.path,
            })
        };
        self.open = Some(begin().map_err(|source| FollowError::Io { path: path.to_owned(), source })?);
        Ok(())
    }

    fn io(&self, source: io::Error) -> FollowError {
        FollowError::Io { path: self.path.clone(), source }
    }
}

enum After {
    Nothing,
    Again,
    Last(Grown),
}

impl Open {
    fn position(&self) -> Position {
        Position { file: self.identity, offset: self.offset }
    }

    /// The next complete line of what has been read.
    fn line(&mut self) -> Option<Grown> {
        loop {
            let fresh = self.pending.get(self.searched..).unwrap_or_default();
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n').map(|at| self.searched + at + 1) else {
                self.searched = self.pending.len();
                if self.skipping.is_some() {
                    self.take_to(self.pending.len());
                } else if self.pending.len() - self.taken > MAX_LINE {
                    self.skipping = self.pending.get(self.taken..).map(<[u8]>::to_vec);
                    self.take_to(self.pending.len());
                }
                return None;
            };
            let line = self.pending.get(self.taken..end).unwrap_or_default().trim_ascii().to_vec();
            let long = end - self.taken > MAX_LINE;
            self.take_to(end);
            match self.skipping.take() {
                Some(head) => return Some(Grown::TooLong(head, self.position())),
                None if long => return Some(Grown::TooLong(line, self.position())),
                None if !line.is_empty() => return Some(Grown::Line(line, self.position())),
                None => {}
            }
        }
    }

    /// What stands at the end of a file that no longer grows.
    fn rest(&mut self) -> Option<Grown> {
        let line = self.pending.split_off(self.taken);
        self.offset += line.len() as u64;
        self.searched = self.taken;
        if let Some(head) = self.skipping.take() {
            return Some(Grown::TooLong(head, self.position()));
        }
        let line = line.trim_ascii();
        (!line.is_empty()).then(|| Grown::Line(line.to_vec(), self.position()))
    }

    fn take_to(&mut self, end: usize) {
        self.offset += (end - self.taken) as u64;
        (self.taken, self.searched) = (end, end);
    }

    /// Reads on; `false` at the end of the file.
    fn more(&mut self) -> io::Result<bool> {
        self.pending.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        let len = self.pending.len();
        self.pending.resize(len + CHUNK, 0);
        let read = loop {
            match self.file.read(&mut self.pending[len..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.pending.truncate(len + read.as_ref().map_or(0, |n| *n));
        Ok(read? > 0)
    }
}
