//! One file of a spool, and the note of how far delivery has got.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::record::{HEADER, Record, parse_header};
use super::{Ticket, read_at};

/// The ending of segments' names.
const ENDING: &str = "alerts";

/// A file of framed records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    file: File,
    /// Where the oldest record stands that waits, and where the one after it.
    pub(super) start: u64,
    after: u64,
    /// Where the next record would stand.
    pub(super) end: u64,
    /// Records that wait.
    pub(super) waiting: u64,
}

/// The segments in a folder, oldest first.
pub(super) fn found(dir: &Path) -> std::io::Result<VecDeque<Segment>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| u64::from_str_radix(stem.to_str()?, 16).ok());
        if let Some(number) = number.filter(|_| path.extension().is_some_and(|ending| ending == ENDING)) {
            let file = OpenOptions::new().read(true).open(&path)?;
            let end = file.metadata()?.len();
            segments.push(Segment { number, path, file, start: 0, after: 0, end, waiting: 0 });
        }
    }
    segments.sort_by_key(|segment| segment.number);
    Ok(segments.into())
}

impl Segment {
    pub(super) fn create(dir: &Path, number: u64) -> std::io::Result<Self> {
        let path = dir.join(format!("{number:016x}.{ENDING}"));
        let file = OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(&path)?;
        Ok(Self { number, path, file, start: 0, after: 0, end: 0, waiting: 0 })
    }

    /// Counts what waits behind the place that delivery had got to; returns how many records are damaged, as far as that can be
    /// told: one, if something stands there that is no record.
    pub(super) fn scan(&mut self, delivered: Option<Ticket>) -> std::io::Result<u64> {
        let length = self.end;
        self.start = match delivered {
            Some(Ticket(number, offset)) if number == self.number => offset.min(length),
            Some(Ticket(number, _)) if number > self.number => length,
            _ => 0,
        };
        let mut at = self.start;
        while let Some((_, next)) = self.read(at)? {
            self.waiting += 1;
            at = next;
        }
        self.end = at;
        // Half a record at the end is what a kill leaves: it was never said to be safe.
        Ok(u64::from(self.is_damaged(at, length)?))
    }

    /// Whether what stands at `at` is more than a record that was not written to its end.
    fn is_damaged(&self, at: u64, length: u64) -> std::io::Result<bool> {
        let mut header = [0; HEADER];
        if read_at(&self.file, &mut header, at)? < HEADER {
            return Ok(false);
        }
        Ok(parse_header(header).is_none_or(|(payload, _)| at + HEADER as u64 + u64::from(payload) <= length))
    }

    /// Appends a frame. After an error the segment ends where it did before, with something torn behind its end.
    pub(super) fn append(&mut self, frame: &[u8]) -> std::io::Result<()> {
        self.file.write_all_at(frame, self.end)?;
        self.end += frame.len() as u64;
        self.waiting += 1;
        Ok(())
    }

    /// The record at an offset, and where the next one stands; `None` at the end, and where it is damaged.
    fn read(&self, at: u64) -> std::io::Result<Option<(Record<'static>, u64)>> {
        let mut header = [0; HEADER];
        if at >= self.end || read_at(&self.file, &mut header, at)? < HEADER {
            return Ok(None);
        }
        let Some((length, sum)) = parse_header(header) else { return Ok(None) };
        let body = at + HEADER as u64;
        if body + u64::from(length) > self.end {
            return Ok(None);
        }
        let mut payload = vec![0; length as usize];
        if read_at(&self.file, &mut payload, body)? < payload.len() {
            return Ok(None);
        }
        Ok(Record::parse(&payload, sum).map(|record| (record, body + u64::from(length))))
    }

    /// The oldest record that waits.
    pub(super) fn front(&mut self) -> std::io::Result<Option<Record<'static>>> {
        if self.waiting == 0 {
            return Ok(None);
        }
        Ok(self.read(self.start)?.map(|(record, next)| {
            self.after = next;
            record
        }))
    }

    /// The oldest one has been delivered.
    pub(super) fn advance(&mut self) {
        self.start = self.after.max(self.start);
        self.waiting = self.waiting.saturating_sub(1);
    }
}

/// How far delivery has got, as far as the note says: with a checksum, because a kill may tear it too.
pub(super) fn read_cursor(file: &File) -> Option<Ticket> {
    let mut text = [0; 20];
    if read_at(file, &mut text, 0).ok()? < text.len() {
        return None;
    }
    let (place, sum) = text.split_at(16);
    if crc32fast::hash(place).to_le_bytes() != *sum {
        return None;
    }
    let (number, offset) = place.split_at(8);
    Some(Ticket(u64::from_le_bytes(number.try_into().ok()?), u64::from_le_bytes(offset.try_into().ok()?)))
}

/// Notes how far delivery has got.
pub(super) fn write_cursor(file: &File, Ticket(number, offset): Ticket) -> std::io::Result<()> {
    let mut text = Vec::with_capacity(20);
    text.extend_from_slice(&number.to_le_bytes());
    text.extend_from_slice(&offset.to_le_bytes());
    let sum = crc32fast::hash(&text);
    text.extend_from_slice(&sum.to_le_bytes());
    file.write_all_at(&text, 0)
}
