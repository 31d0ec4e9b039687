//! What an output cannot deliver now, on disk: oldest first out, bounded, and complete after a kill at any moment.
//!
//! A folder per output with numbered segments of framed records ([`record`]), and a small file that says how far delivery
//! has got. Records are appended, segments are deleted from the front, so nothing is ever rewritten. What was written before
//! a kill is read after it; a record that was half written is told by its checksum. Delivery and the note of it are two
//! steps, so that a kill between them delivers one alert twice, and never none.

mod record;
mod segment;

pub(super) use record::Record;

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use segment::Segment;
use thiserror::Error;

/// Segments that the space of a spool is divided into: the oldest goes when there is no room.
const SEGMENTS: u64 = 8;

/// A spool that cannot be used.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The folder cannot be made, or what is in it cannot be read.
    #[error("outputs_spool.folder: {}: {source}", path.display())]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: Error,
    },
    /// Another process has it.
    #[error("outputs_spool.folder: {} is in use by another process; each needs a folder of its own", .0.display())]
    InUse(PathBuf),
}

/// Where a record stands: the number of its segment, its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64, u64);

/// The alerts that wait for one output.
#[derive(Debug)]
pub(super) struct Spool {
    dir: PathBuf,
    segment_size: u64,
    /// Oldest first. The last one is written to, if `writing`.
    segments: VecDeque<Segment>,
    writing: bool,
    next_number: u64,
    /// How far delivery has got, on disk.
    cursor: File,
    /// Records of segments that turned out to be damaged.
    damaged: u64,
    /// Held as long as the spool is: two processes would deliver everything twice.
    _lock: File,
}

impl Spool {
    /// Opens the spool in `dir`, with what an earlier run left. `max_bytes` is what it may take on disk.
    pub(super) fn open(dir: &Path, max_bytes: u64) -> Result<Self, SpoolError> {
        let failed = |source| SpoolError::Folder { path: dir.to_owned(), source };
        // Alerts tell of secrets: they are their owner's alone.
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        let open = |name| {
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .mode(0o600)
                .open(dir.join(name))
                .map_err(failed)
        };
        let lock = open("lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(SpoolError::InUse(dir.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        let cursor = open("cursor")?;
        let mut segments = segment::found(dir).map_err(failed)?;
        let delivered = segment::read_cursor(&cursor);
        let mut damaged = 0;
        for segment in &mut segments {
            damaged += segment.scan(delivered).map_err(failed)?;
        }
        let next_number =
            segments.back().map_or(1, |last| last.number + 1).max(delivered.map_or(0, |ticket| ticket.0 + 1));
        // A record must fit into a segment whatever the size asked for.
        let segment_size = (max_bytes / SEGMENTS).max(4096);
        Ok(Self {
            dir: dir.to_owned(),
            segment_size,
            segments,
            writing: false,
            next_number,
            cursor,
            damaged,
            _lock: lock,
        })
    }

    /// Alerts that wait.
    pub(super) fn len(&self) -> u64 {
        self.segments.iter().map(|segment| segment.waiting).sum()
    }

    /// What they take on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end).sum()
    }

    /// Takes the number of records that turned out to be damaged.
    pub(super) fn take_damaged(&mut self) -> u64 {
        std::mem::take(&mut self.damaged)
    }

    /// Appends a record; returns how many old ones had to go for it.
    pub(super) fn append(&mut self, record: &Record<'_>) -> std::io::Result<u64> {
        let frame = record.frame();
        let length = frame.len() as u64;
        if self.writing && self.segments.back().is_some_and(|last| last.end + length > self.segment_size) {
            self.writing = false;
        }
        let mut evicted = 0;
        if !self.writing {
            // With the new one there are as many as the space allows.
            while self.segments.len() as u64 >= SEGMENTS {
                evicted += self.drop_front()?;
            }
            // Segments that an earlier run left are never written to: they may end in half a record.
            self.segments.push_back(Segment::create(&self.dir, self.next_number)?);
            self.next_number += 1;
            self.writing = true;
        }
        match self.segments.back_mut() {
            Some(last) => last.append(&frame).inspect_err(|_| self.writing = false)?,
            None => return Err(ErrorKind::NotFound.into()),
        }
        Ok(evicted)
    }

    /// The oldest record: its priority, form and line, and where it stands.
    pub(super) fn front(&mut self) -> std::io::Result<Option<(Record<'static>, Ticket)>> {
        while let Some(first) = self.segments.front_mut() {
            match first.front()? {
                Some(record) => return Ok(Some((record, Ticket(first.number, first.start)))),
                None => {
                    // Whatever it still claimed to have is unreadable.
                    self.damaged += self.drop_front()?;
                }
            }
        }
        Ok(None)
    }

    /// The record that stood there has been delivered. If it had to go meanwhile, nothing changes.
    pub(super) fn delivered(&mut self, ticket: Ticket) -> std::io::Result<()> {
        let Some(first) = self.segments.front_mut() else { return Ok(()) };
        if ticket != Ticket(first.number, first.start) {
            return Ok(());
        }
        first.advance();
        segment::write_cursor(&self.cursor, Ticket(first.number, first.start))?;
        if first.waiting == 0 {
            self.drop_front()?;
        }
        Ok(())
    }

    /// Deletes the oldest segment; returns how many records waited in it.
    fn drop_front(&mut self) -> std::io::Result<u64> {
        let Some(first) = self.segments.pop_front() else { return Ok(0) };
        if self.segments.is_empty() {
            self.writing = false;
        }
        match std::fs::remove_file(&first.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(first.waiting),
        }
    }
}

/// Reads all of a file's bytes from `offset` on, or fewer at its end.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests;
