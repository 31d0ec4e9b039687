//! Audit files and folders, read once, line by line.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_intake::expand;
use memchr::memchr;

/// A line that is longer is no audit batch: kube-apiserver's largest batch is 10 MiB.
pub const MAX_LINE: usize = 16 << 20;

/// What keeps files from being read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A file or folder.
    #[error("cannot read {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl FileError {
    fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A payload, never empty.
    Payload(&'a [u8]),
    /// The begin of a line over the limit; the rest of it has been passed over.
    TooLong(&'a [u8]),
}

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// Number of the line, from 1.
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

struct Open {
    place: Place,
    reader: BufReader<expand::Reader<Counting>>,
}

/// A file that tells how much of it has been read.
struct Counting {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(out).inspect(|n| {
            self.read.fetch_add(*n as u64, Ordering::Relaxed);
        })
    }
}

/// The lines of some files, one file after the other.
pub struct Lines {
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    line: Vec<u8>,
    read: Arc<AtomicU64>,
    total: u64,
    max_expanded: u64,
}

impl Lines {
    /// A file, or all plain files of a folder, the oldest first. `max_expanded`: bytes that may come out of a compressed one.
    ///
    /// # Errors
    /// The path cannot be read.
    pub fn open(path: &Path, max_expanded: u64) -> Result<Self, FileError> {
        let meta = path.metadata().map_err(FileError::at(path))?;
        let mut total = meta.len();
        let mut files = vec![path.to_owned()];
        if meta.is_dir() {
            let mut found = Vec::new();
            for entry in path.read_dir().map_err(FileError::at(path))? {
                let file = entry.map_err(FileError::at(path))?.path();
                let meta = file.metadata().map_err(FileError::at(&file))?;
                if meta.is_file() {
                    found.push((meta.modified().map_err(FileError::at(&file))?, file, meta.len()));
                }
            }
            found.sort();
            total = found.iter().map(|(_, _, len)| len).sum();
            files = found.into_iter().map(|(_, file, _)| file).collect();
        }
        Ok(Self { files: files.into(), open: None, line: Vec::new(), read: Arc::default(), total, max_expanded })
    }

    /// The next line that is not blank, and where it stands; `None` at the end of the last file.
    ///
    /// # Errors
    /// A file cannot be read; the next call goes on with the file after it.
    pub fn next_line(&mut self) -> Result<Option<(Place, Line<'_>)>, FileError> {
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                None => {
                    let Some(path) = self.files.pop_front() else { return Ok(None) };
                    let file = File::open(&path).map_err(FileError::at(&path))?;
                    let counting = Counting { file, read: Arc::clone(&self.read) };
                    let reader = expand::Reader::open(counting, self.max_expanded).map_err(FileError::at(&path))?;
                    let place = Place { file: path.into(), line: 0 };
                    self.open.insert(Open { place, reader: BufReader::with_capacity(64 << 10, reader) })
                }
            };
            self.line.clear();
            open.place.line += 1;
            let place = open.place.clone();
            match read_line(&mut open.reader, &mut self.line) {
                Ok(Taken::End) => self.open = None,
                Ok(Taken::TooLong) => return Ok(Some((place, Line::TooLong(self.line.trim_ascii_start())))),
                Ok(Taken::Line) if self.line.trim_ascii().is_empty() => {}
                Ok(Taken::Line) => return Ok(Some((place, Line::Payload(self.line.trim_ascii())))),
                Err(source) => {
                    self.open = None;
                    return Err(FileError::Io { path: place.file.to_path_buf(), source });
                }
            }
        }
    }

    /// Bytes read and bytes in all.
    pub fn progress(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.total)
    }
}

enum Taken {
    Line,
    TooLong,
    End,
}

fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Taken> {
    loop {
        let bytes = match reader.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        if bytes.is_empty() {
            return Ok(if line.is_empty() { Taken::End } else { Taken::Line });
        }
        let end = memchr(b'\n', bytes);
        let taken = end.map_or(bytes.len(), |end| end + 1);
        // The break may stand behind the longest line that there can be.
        let fits = taken.min(MAX_LINE + 1 - line.len());
        line.extend_from_slice(bytes.get(..fits).unwrap_or_default());
        reader.consume(taken);
        match end {
            Some(_) if fits == taken => return Ok(Taken::Line),
            Some(_) => return Ok(Taken::TooLong),
            None if line.len() > MAX_LINE => {
                reader.skip_until(b'\n')?;
                return Ok(Taken::TooLong);
            }
            None => {}
        }
    }
}
