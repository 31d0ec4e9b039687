//! Audit files and folders, read once, line by line.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A line that is longer is no audit batch: kube-apiserver's largest batch is 10 MiB.
const MAX_LINE: usize = 16 << 20;

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
    /// A line over the limit; it has been passed over.
    TooLong,
}

/// The lines of some files, one file after the other.
#[derive(Debug)]
pub struct Lines {
    files: VecDeque<PathBuf>,
    open: Option<(PathBuf, BufReader<File>)>,
    line: Vec<u8>,
    read: u64,
    total: u64,
}

impl Lines {
    /// A file, or all plain files of a folder, the oldest first.
    ///
    /// # Errors
    /// The path cannot be read.
    pub fn open(path: &Path) -> Result<Self, FileError> {
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
        Ok(Self { files: files.into(), open: None, line: Vec::new(), read: 0, total })
    }

    /// The next line that is not blank; `None` at the end of the last file.
    ///
    /// # Errors
    /// A file cannot be read; the next call goes on with the file after it.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, FileError> {
        loop {
            let (path, reader) = match &mut self.open {
                Some(open) => open,
                None => {
                    let Some(path) = self.files.pop_front() else { return Ok(None) };
                    let file = File::open(&path).map_err(FileError::at(&path))?;
                    self.open.insert((path, BufReader::new(file)))
                }
            };
            self.line.clear();
            let limit = MAX_LINE as u64 + 1;
            let n = match reader.by_ref().take(limit).read_until(b'\n', &mut self.line) {
                Ok(n) => n,
                Err(source) => {
                    let path = std::mem::take(path);
                    self.open = None;
                    return Err(FileError::Io { path, source });
                }
            };
            self.read += n as u64;
            if n == 0 {
                self.open = None;
                continue;
            }
            if n > MAX_LINE && !self.line.ends_with(b"\n") {
                match reader.skip_until(b'\n') {
                    Ok(skipped) => self.read += skipped as u64,
                    Err(source) => {
                        let path = std::mem::take(path);
                        self.open = None;
                        return Err(FileError::Io { path, source });
                    }
                }
                return Ok(Some(Line::TooLong));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(Line::Payload(self.line.trim_ascii())));
            }
        }
    }

    /// Bytes read and bytes in all.
    pub fn progress(&self) -> (u64, u64) {
        (self.read, self.total)
    }
}
