//! Which file is written, and when the next one begins.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::app::cli::{FileForm, RecordArgs};
use crate::log;
use crate::record::{Chunk, Kept, Patience, RecordError, Recording};

/// The files of one recording.
pub(super) struct Files {
    path: PathBuf,
    form: FileForm,
    rotates: bool,
    size: u64,
    nanoseconds: u64,
    count: usize,
    /// Number of the file that is written, from 1.
    number: u32,
    /// Time of its first event.
    begin: u64,
    open: Option<Recording>,
    /// Those that are complete and still there, the oldest first.
    complete: VecDeque<PathBuf>,
    /// Sums over all files that were finished, and the path of the last.
    total: Option<Kept>,
}

impl Files {
    /// Says whether files can be made there, before anything is recorded.
    pub(super) fn new(args: &RecordArgs) -> Result<Self, RecordError> {
        let folder = args.write.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, format!("no folder {}", folder.display()));
            return Err(RecordError::Create { path: args.write.clone(), source });
        }
        let mut files = Self {
            path: args.write.clone(),
            form: args.form(),
            rotates: args.rotates(),
            size: args.file_size.unwrap_or(u64::MAX),
            nanoseconds: args.file_seconds.map_or(u64::MAX, |seconds| seconds.saturating_mul(1_000_000_000)),
            count: args.file_count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX),
            number: 0,
            begin: u64::MAX,
            open: None,
            complete: VecDeque::new(),
            total: None,
        };
        if args.ring.is_none() {
            files.start()?;
        }
        Ok(files)
    }

    fn start(&mut self) -> Result<(), RecordError> {
        self.number += 1;
        let path =
            if self.rotates { with_mark(&self.path, &format!("_{:05}", self.number)) } else { self.path.clone() };
        self.begin = u64::MAX;
        self.open = Some(Recording::start(&path, self.form, Patience::Wait)?);
        Ok(())
    }

    /// The file that is written; none for a ring.
    #[inline]
    pub(super) fn open(&mut self) -> Option<&mut Recording> {
        self.open.as_mut()
    }

    /// Whether an event of that time belongs into the next file.
    #[inline]
    pub(super) fn is_full(&mut self, ts: u64) -> bool {
        if !self.rotates {
            return false;
        }
        self.begin = self.begin.min(ts);
        ts - self.begin >= self.nanoseconds || self.open.as_ref().is_some_and(|open| open.bytes() >= self.size)
    }

    /// Ends the file and begins the next one; the oldest goes if there are too many.
    pub(super) fn next(&mut self) -> Result<(), RecordError> {
        self.finish_open()?;
        while self.complete.len() + 1 > self.count {
            let Some(oldest) = self.complete.pop_front() else { break };
            if let Err(error) = std::fs::remove_file(&oldest) {
                log::warning(format_args!("cannot remove {}: {error}", oldest.display()));
            }
        }
        self.start()
    }

    fn finish_open(&mut self) -> Result<(), RecordError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let kept = open.finish()?;
        self.complete.push_back(kept.path.clone());
        self.add(kept);
        Ok(())
    }

    fn add(&mut self, kept: Kept) {
        self.total = Some(match self.total.take() {
            None => kept,
            Some(before) => Kept {
                events: before.events + kept.events,
                bytes: before.bytes + kept.bytes,
                blocks: before.blocks + kept.blocks,
                missed: before.missed + kept.missed,
                path: kept.path,
            },
        });
    }

    /// Writes what a ring has kept; `mark` stands in the name, nothing for the name as it was given.
    pub(super) fn write_ring(&mut self, chunks: Vec<Chunk>, mark: &str) -> Result<Kept, RecordError> {
        let mut file = Recording::start(&with_mark(&self.path, mark), self.form, Patience::Wait)?;
        file.chunks(chunks);
        let kept = file.finish()?;
        self.number += 1;
        self.add(kept.clone());
        Ok(kept)
    }

    /// Ends the last file. How many there were, and what they hold together.
    pub(super) fn finish(mut self) -> Result<(u32, Option<Kept>), RecordError> {
        self.finish_open()?;
        Ok((self.number, self.total))
    }
}

/// The path with a mark before its ending: `a.scap.gz` becomes `a_1.scap.gz`.
fn with_mark(path: &Path, mark: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bare = name.strip_suffix(".gz").unwrap_or(&name);
    let at = bare.rfind('.').filter(|&at| at > 0).unwrap_or(bare.len());
    path.with_file_name(format!("{}{mark}{}", &name[..at], &name[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_before_the_ending() {
        let marked = |path: &str| with_mark(Path::new(path), "_1").to_string_lossy().into_owned();
        assert_eq!(marked("/x.y/a.scap.gz"), "/x.y/a_1.scap.gz");
        assert_eq!(marked("a.scap"), "a_1.scap");
        assert_eq!(marked("a"), "a_1");
        assert_eq!(marked(".gz"), "_1.gz");
    }
}
