//! A capture file while it is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use lanner_syscall::capture::Members;
use thiserror::Error;

/// What the file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Blocks as they are.
    Plain,
    /// Compressed.
    Gzip,
}

impl Form {
    /// What the name's ending says.
    pub(crate) fn of(path: &Path) -> Self {
        if path.extension().is_some_and(|ending| ending == "gz") { Self::Gzip } else { Self::Plain }
    }
}

/// What a finished file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it is.
    pub path: PathBuf,
    /// Events in it, those for state alone and those of its head not counted.
    pub events: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes before compression.
    pub blocks: u64,
    /// Events that the disk was too slow for.
    pub missed: u64,
}

/// Why a recording cannot be written, or not to its end.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The file cannot be made.
    #[error("cannot make the capture file {}: {source}", path.display())]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written further.
    #[error(
        "cannot write further into {}: {source}; {} events ({} bytes) were kept and can be replayed",
        kept.path.display(), kept.events, kept.bytes
    )]
    Write {
        /// Why.
        source: io::Error,
        /// What the file holds.
        kept: Kept,
    },
}

/// The file. It has its name once it is complete; until then `.part` is behind it, so that whoever looks for captures finds
/// whole ones, and what a crash leaves behind is still there to be read up to the cut.
///
/// Every write is of whole blocks (and of a whole gzip member), so the end of each is a place where the file may end.
pub(crate) struct CaptureFile {
    file: File,
    path: PathBuf,
    /// Where it is written; `None`: at its place, since that is no regular file.
    part: Option<PathBuf>,
    gzip: Option<(Members, Vec<u8>)>,
    bytes: u64,
    blocks: u64,
    events: u64,
}

impl CaptureFile {
    /// Makes the file. Only its owner may read it: it holds what programs read and wrote.
    pub(crate) fn create(path: &Path, form: Form) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Create { path: path.to_owned(), source };
        // A pipe or a device is written as it is.
        let special = fs::metadata(path).is_ok_and(|there| {
            let kind = there.file_type();
            kind.is_fifo() || kind.is_char_device() || kind.is_socket()
        });
        if fs::metadata(path).is_ok_and(|there| there.is_dir()) {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let part = (!special).then(|| with_ending(path, ".part"));
        let file = OpenOptions::new()
            .write(true)
            .create(!special)
            .truncate(!special)
            .mode(0o600)
            .open(part.as_deref().unwrap_or(path))
            .map_err(failed)?;
        let gzip = (form == Form::Gzip).then(Default::default);
        Ok(Self { file, path: path.to_owned(), part, gzip, bytes: 0, blocks: 0, events: 0 })
    }

    /// Writes whole blocks with so many events.
    pub(crate) fn write(&mut self, blocks: &[u8], events: u64) -> io::Result<()> {
        let bytes = match &mut self.gzip {
            None => blocks,
            Some((members, out)) => {
                out.clear();
                members.push(blocks, out)?;
                out.as_slice()
            }
        };
        if let Err(error) = self.file.write_all(bytes) {
            // Half a block is no use; where that cannot be undone, readers stop there.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += bytes.len() as u64;
        self.blocks += blocks.len() as u64;
        self.events += events;
        Ok(())
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file and gives it its name.
    pub(crate) fn finish(self, failed: Option<io::Error>, missed: u64) -> Result<Kept, RecordError> {
        let Self { file, path, part, bytes, blocks, events, .. } = self;
        let named = match &part {
            Some(part) => file.sync_all().and_then(|()| fs::rename(part, &path)),
            None => Ok(()),
        };
        let path = if named.is_ok() { path } else { part.unwrap_or(path) };
        let kept = Kept { path, events, bytes, blocks, missed };
        match failed.or(named.err()) {
            None => Ok(kept),
            Some(source) => Err(RecordError::Write { source, kept }),
        }
    }
}

/// The path with something behind its last name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_its_name_once_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.scap.gz");
        fs::write(&path, "the one before").unwrap();
        assert_eq!((Form::of(&path), Form::of(Path::new("a.scap"))), (Form::Gzip, Form::Plain));
        let mut file = CaptureFile::create(&path, Form::of(&path)).unwrap();
        file.write(b"blocks", 2).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the one before");
        let part = folder.path().join("a.scap.gz.part");
        assert!(part.exists());
        let kept = file.finish(None, 0).unwrap();
        assert_eq!((kept.events, kept.blocks, kept.bytes), (2, 6, fs::metadata(&path).unwrap().len()));
        assert!(!part.exists());
    }

    #[test]
    fn what_was_kept_is_told_when_the_disk_is_full() {
        if !Path::new("/dev/full").exists() {
            eprintln!("skipped: no /dev/full");
            return;
        }
        let mut file = CaptureFile::create(Path::new("/dev/full"), Form::Plain).unwrap();
        let error = file.write(b"blocks", 2).unwrap_err();
        let error = file.finish(Some(error), 0).unwrap_err().to_string();
        assert!(error.contains("No space left") && error.contains("0 events (0 bytes) were kept"), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let error = CaptureFile::create(Path::new("/nowhere/a.scap"), Form::Plain).err().unwrap().to_string();
        assert!(error.starts_with("cannot make the capture file /nowhere/a.scap: No such file"), "{error}");
        let error = CaptureFile::create(Path::new("/tmp"), Form::Plain).err().unwrap().to_string();
        assert!(error.contains("directory"), "{error}");
    }
}
