//! Files of JSON records and folders of them, plain or gzip, read once in the order of their names.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use lanner_plugin_api::sdk::Progress;

use crate::split::{Finder, Piece, Splitter};
use crate::{Confirm, Store, StoreError, expand};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// What keeps files from being read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without files of the kind.
    #[error("no json files found in {folder}: names of files end in {}", endings.join(" or "))]
    None {
        /// Which.
        folder: PathBuf,
        /// What their names should end in.
        endings: &'static [&'static str],
    },
    /// The stored position.
    #[error("{0}")]
    State(#[from] StoreError),
}

/// What is read, and how.
#[derive(Debug, Clone, Copy)]
pub struct FileOptions<'a> {
    /// The member that holds a list of records; see [`Splitter`].
    pub list: &'a str,
    /// Bytes of a record.
    pub max_record: usize,
    /// Bytes that may come out of a compressed file.
    pub max_expanded: u64,
    /// What the names of files end in; others of a folder are passed over.
    pub endings: &'static [&'static str],
    /// The file that remembers what has been evaluated; empty: none.
    pub position: &'a str,
}

/// Who gets what is found.
pub trait Taker {
    /// An object begins `text`. Whoever takes it where it stands, because all of it is there in at most `max` bytes and it is a
    /// record, says where it ends. Anything else comes as a piece. `may_have_list`: it may be what has a list of records.
    fn whole(&mut self, text: &str, max: usize, may_have_list: bool) -> Option<usize>;
    /// A record, or what there is of one.
    fn piece(&mut self, piece: Piece<'_>, from: &dyn Display);
    /// A file has been read to its end.
    fn read(&mut self);
    /// A file cannot be opened, or cannot be read beyond what was taken.
    fn failed(&mut self, path: &Path, error: &io::Error);
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

/// Counts what is found in a file and hands it on.
struct Counting<'f> {
    /// What is being fed, as far as it is text.
    text: &'f str,
    max_record: usize,
    path: &'f Path,
    records: &'f mut u64,
    skip: u64,
    taker: &'f mut dyn Taker,
}

impl Finder for Counting<'_> {
    fn take(&mut self, at: usize, may_have_list: bool) -> Option<usize> {
        if *self.records < self.skip {
            return None;
        }
        let len = self.taker.whole(self.text.get(at..)?, self.max_record, may_have_list)?;
        *self.records += 1;
        Some(at + len)
    }

    fn piece(&mut self, piece: Piece<'_>) {
        *self.records += 1;
        if *self.records > self.skip {
            self.taker.piece(piece, &self.path.display());
        }
    }
}

/// The begin of some bytes, as far as it is text.
fn text_of(bytes: &[u8]) -> &str {
    let good = |bytes| std::str::from_utf8(bytes);
    // Of a character that goes on in the next bytes the begin stands here.
    good(bytes).or_else(|error| good(&bytes[..error.valid_up_to()])).unwrap_or_default()
}

/// The records of some files.
pub struct Files {
    list: String,
    max_record: usize,
    max_expanded: u64,
    waiting: VecDeque<PathBuf>,
    open: Option<Open>,
    chunk: Vec<u8>,
    total: usize,
    confirm: Confirm<(PathBuf, Mark)>,
    state: Option<(Store<Marks>, Marks)>,
}

impl Files {
    /// A file, or all files of a folder and the folders in it whose names end as they should.
    ///
    /// # Errors
    /// The path cannot be read, there is no such file, or the stored position cannot be used.
    pub fn open(path: &Path, options: &FileOptions<'_>) -> Result<Self, FileError> {
        let mut files = Vec::new();
        let is_dir = path.metadata().map_err(|source| FileError::Io { path: path.to_owned(), source })?.is_dir();
        if is_dir {
            walk(path, options.endings, &mut files)?;
        } else {
            files.push(path.to_owned());
        }
        if files.is_empty() {
            return Err(FileError::None { folder: path.to_owned(), endings: options.endings });
        }
        // By components, so that a folder's files stand where the folder does.
        files.sort();
        let state = match options.position {
            "" => None,
            file => {
                let store = Store::open(Path::new(file))?;
                let mut marks: Marks = store.load()?.unwrap_or_default();
                // Files that are gone need no mark.
                marks.retain(|path, _| files.binary_search(path).is_ok());
                Some((store, marks))
            }
        };
        Ok(Self {
            list: options.list.to_owned(),
            max_record: options.max_record,
            max_expanded: options.max_expanded,
            total: files.len(),
            waiting: files.into(),
            open: None,
            chunk: vec![0; CHUNK],
            confirm: Confirm::default(),
            state,
        })
    }

    /// All that was handed over has been evaluated: to be called first thing in `next_batch`.
    ///
    /// # Errors
    /// The position cannot be stored.
    pub fn confirmed(&mut self) -> Result<(), StoreError> {
        let confirmed = self.confirm.confirmed();
        let Some((store, marks)) = &mut self.state else { return Ok(()) };
        if confirmed.is_empty() {
            return Ok(());
        }
        marks.extend(confirmed);
        store.save(marks)
    }

    /// The batch is full: what has been read so far is evaluated when the next one is asked for.
    pub fn handed(&mut self) {
        if let (Some(open), true) = (&self.open, self.state.is_some()) {
            self.confirm.hand((open.path.clone(), Mark { records: open.records, done: false }));
        }
    }

    /// Reads on, some kilobytes at most; `false` at the end of the last file. Being at the end, or damaged, is a file's own
    /// business: the next one follows.
    pub fn step(&mut self, taker: &mut dyn Taker) -> bool {
        if self.open.is_none() {
            self.open = self.next_file(taker);
        }
        let Some(Open { path, reader, splitter, records, skip }) = &mut self.open else { return false };
        let (skip, max_record) = (*skip, self.max_record);
        match reader.read(&mut self.chunk) {
            Ok(0) => {
                let mut found = Counting { text: "", max_record, path, records, skip, taker };
                splitter.finish(&mut |piece| found.piece(piece));
                taker.read();
                self.close(true);
            }
            Ok(n) => {
                let chunk = self.chunk.get(..n).unwrap_or_default();
                splitter.feed_to(chunk, &mut Counting { text: text_of(chunk), max_record, path, records, skip, taker });
            }
            Err(error) => {
                // What came before the damage has been handed over; a later run goes on behind it.
                taker.failed(path, &error);
                self.close(false);
            }
        }
        true
    }

    /// How much of the files has been read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let done = self.total - self.waiting.len() - usize::from(self.open.is_some());
        let share = done as f64 / self.total as f64;
        Progress { share, text: format!("{:.2}% - {done}/{} files", share * 100.0, self.total) }
    }

    fn mark(&self, path: &Path) -> Mark {
        self.state.as_ref().and_then(|(_, marks)| marks.get(path)).copied().unwrap_or_default()
    }

    /// The next file; one that cannot be opened is counted, told, and tried again by the next run.
    fn next_file(&mut self, taker: &mut dyn Taker) -> Option<Open> {
        while let Some(path) = self.waiting.pop_front() {
            let mark = self.mark(&path);
            if mark.done {
                continue;
            }
            match File::open(&path).and_then(|file| expand::Reader::open(file, self.max_expanded)) {
                Ok(reader) => {
                    let splitter = Splitter::new(&self.list, self.max_record);
                    return Some(Open { path, reader, splitter, records: 0, skip: mark.records });
                }
                Err(error) => taker.failed(&path, &error),
            }
        }
        None
    }

    /// Ends with the file at hand.
    fn close(&mut self, done: bool) {
        let Some(Open { path, records, .. }) = self.open.take() else { return };
        if self.state.is_some() {
            self.confirm.hand((path, Mark { records, done }));
        }
    }
}

fn walk(dir: &Path, endings: &[&str], files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let at = |source| FileError::Io { path: dir.to_owned(), source };
    for entry in dir.read_dir().map_err(at)? {
        let entry = entry.map_err(at)?;
        let path = entry.path();
        // A link to a folder could lead back up.
        if entry.file_type().map_err(at)?.is_dir() {
            walk(&path, endings, files)?;
        } else if path.to_str().is_some_and(|name| endings.iter().any(|ending| name.ends_with(ending))) {
            files.push(path);
        }
    }
    Ok(())
}
