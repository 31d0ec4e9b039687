//! Log files and folders of them, read once in the order of their names.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lanner_intake::split::{Piece, Splitter};
use lanner_intake::{Confirm, Store, StoreError, expand};
use lanner_plugin_api::sdk::{Batch, Error, Next, Progress};

use crate::core::{Core, Count, MAX_RECORD, Shared};
use crate::feed::{BATCH, CHUNK, Feed};

/// What keeps log files from being read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without log files.
    #[error("no json files found in {0}: log files end in .json or .json.gz")]
    None(PathBuf),
    /// The stored position.
    #[error("stateFile: {0}")]
    State(#[from] StoreError),
}

/// How far a file has been evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
struct Mark {
    /// Records from its start.
    records: u64,
    /// To its end.
    done: bool,
}

type Marks = BTreeMap<PathBuf, Mark>;

struct Open {
    path: PathBuf,
    reader: expand::Reader<File>,
    splitter: Splitter,
    records: u64,
    /// Records that were evaluated in an earlier run.
    skip: u64,
}

/// The records of some files.
pub struct Files {
    waiting: VecDeque<PathBuf>,
    open: Option<Open>,
    chunk: Vec<u8>,
    total: usize,
    confirm: Confirm<(PathBuf, Mark)>,
    state: Option<(Store<Marks>, Marks)>,
}

impl Files {
    /// A file, or all files of a folder and the folders in it that end in `.json` or `.json.gz`.
    ///
    /// # Errors
    /// The path cannot be read, there is no log file, or the stored position cannot be used.
    pub fn open(path: &Path, shared: &Shared) -> Result<Self, FileError> {
        let mut files = Vec::new();
        let is_dir = path.metadata().map_err(|source| FileError::Io { path: path.to_owned(), source })?.is_dir();
        if is_dir {
            walk(path, &mut files)?;
        } else {
            files.push(path.to_owned());
        }
        if files.is_empty() {
            return Err(FileError::None(path.to_owned()));
        }
        // By components, so that a folder's files stand where the folder does.
        files.sort();
        let state = match shared.config.state_file.as_str() {
            "" => None,
            file => {
                let store = Store::open(Path::new(file))?;
                let mut marks: Marks = store.load()?.unwrap_or_default();
                // Files that are gone need no mark.
                marks.retain(|path, _| files.binary_search(path).is_ok());
                Some((store, marks))
            }
        };
        let total = files.len();
        let waiting = files.into();
        Ok(Self { waiting, open: None, chunk: vec![0; CHUNK], total, confirm: Confirm::default(), state })
    }

    fn mark(&self, path: &Path) -> Mark {
        self.state.as_ref().and_then(|(_, marks)| marks.get(path)).copied().unwrap_or_default()
    }

    fn save(&mut self) -> Result<(), Error> {
        let confirmed = self.confirm.confirmed();
        let Some((store, marks)) = &mut self.state else { return Ok(()) };
        if confirmed.is_empty() {
            return Ok(());
        }
        marks.extend(confirmed);
        store.save(marks).map_err(Error::other)
    }

    /// The next file; one that cannot be opened is counted, told, and tried again by the next run.
    fn next_file(&mut self, shared: &Shared) -> Option<Open> {
        while let Some(path) = self.waiting.pop_front() {
            let mark = self.mark(&path);
            if mark.done {
                continue;
            }
            let opened = File::open(&path).and_then(|file| expand::Reader::open(file, shared.config.max_expanded_size));
            match opened {
                Ok(reader) => {
                    let splitter = Splitter::new("Records", MAX_RECORD);
                    return Some(Open { path, reader, splitter, records: 0, skip: mark.records });
                }
                Err(error) => failed(shared, &path, &error),
            }
        }
        None
    }
}

fn failed(shared: &Shared, path: &Path, error: &std::io::Error) {
    shared.counters.add(Count::FilesFailed);
    shared.log.error(format!("cannot read {}: {error}", path.display()));
    shared.rejects.reject(expand::reason(error), &path.display(), &[]);
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let at = |source| FileError::Io { path: dir.to_owned(), source };
    for entry in dir.read_dir().map_err(at)? {
        let entry = entry.map_err(at)?;
        let path = entry.path();
        // A link to a folder could lead back up.
        if entry.file_type().map_err(at)?.is_dir() {
            walk(&path, files)?;
        } else if path.to_str().is_some_and(|name| name.ends_with(".json") || name.ends_with(".json.gz")) {
            files.push(path);
        }
    }
    Ok(())
}

impl Files {
    /// Ends with the file at hand.
    fn close(&mut self, done: bool) {
        let Some(Open { path, records, .. }) = self.open.take() else { return };
        if self.state.is_some() {
            self.confirm.hand((path, Mark { records, done }));
        }
    }
}

impl Feed for Files {
    fn next(&mut self, core: &mut Core, batch: &mut Batch<'_>) -> Result<Next, Error> {
        self.save()?;
        let shared = core.shared().clone();
        while batch.len() < BATCH {
            if self.open.is_none() {
                self.open = self.next_file(&shared);
            }
            let Some(Open { path, reader, splitter, records, skip }) = &mut self.open else {
                // The end comes with an empty batch, once the last events have been evaluated and their place is stored.
                return Ok(if batch.is_empty() { Next::End } else { Next::More });
            };
            let mut found = |piece: Piece<'_>| {
                *records += 1;
                if *records > *skip {
                    core.piece(piece, &path.display(), batch);
                }
            };
            match reader.read(&mut self.chunk) {
                Ok(0) => {
                    splitter.finish(&mut found);
                    shared.counters.add(Count::Files);
                    self.close(true);
                }
                Ok(n) => splitter.feed(self.chunk.get(..n).unwrap_or_default(), &mut found),
                Err(error) => {
                    // What came before the damage has been handed over; a later run goes on behind it.
                    failed(&shared, path, &error);
                    self.close(false);
                }
            }
        }
        if let (Some(open), true) = (&self.open, self.state.is_some()) {
            self.confirm.hand((open.path.clone(), Mark { records: open.records, done: false }));
        }
        Ok(Next::More)
    }

    fn progress(&mut self) -> Option<Progress> {
        let done = self.total - self.waiting.len() - usize::from(self.open.is_some());
        let share = done as f64 / self.total as f64;
        Some(Progress { share, text: format!("{:.2}% - {done}/{} files", share * 100.0, self.total) })
    }
}
