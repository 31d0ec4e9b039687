//! A record and its frame: length, checksum, priority, form, line.

use std::borrow::Cow;

use lanner_engine::load::Priority;

/// Bytes before the payload: its length and its checksum (CRC-32), both little-endian.
pub(super) const HEADER: usize = 8;

/// Longer than any alert: what claims to be is damaged.
const LONGEST: u32 = 64 << 20;

/// An alert as the spool keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::outputs) struct Record<'a> {
    /// How grave it is.
    pub(in crate::outputs) priority: Priority,
    /// Whether the line is a JSON object.
    pub(in crate::outputs) json: bool,
    /// The line, without line feed.
    pub(in crate::outputs) line: Cow<'a, str>,
}

/// Length and checksum of the payload that follows, if such a one can be.
pub(super) fn parse_header(header: [u8; HEADER]) -> Option<(u32, u32)> {
    let [a, b, c, d, e, f, g, h] = header;
    let length = u32::from_le_bytes([a, b, c, d]);
    (2..=LONGEST).contains(&length).then_some((length, u32::from_le_bytes([e, f, g, h])))
}

impl Record<'_> {
    /// The frame that is written.
    pub(super) fn frame(&self) -> Vec<u8> {
        let mut frame = vec![0; HEADER];
        frame.push(self.priority as u8);
        frame.push(u8::from(self.json));
        frame.extend_from_slice(self.line.as_bytes());
        let payload = frame.get(HEADER..).unwrap_or_default();
        let (length, sum) = (payload.len() as u32, crc32fast::hash(payload));
        for (to, from) in frame.iter_mut().zip(length.to_le_bytes().into_iter().chain(sum.to_le_bytes())) {
            *to = from;
        }
        frame
    }

    /// The record of a payload, unless it is damaged.
    pub(super) fn parse(payload: &[u8], sum: u32) -> Option<Record<'static>> {
        if crc32fast::hash(payload) != sum {
            return None;
        }
        let (&[priority, json], line) = payload.split_first_chunk::<2>()?;
        Some(Record {
            priority: Priority::ALL.into_iter().find(|known| *known as u8 == priority)?,
            json: json != 0,
            line: Cow::Owned(String::from_utf8(line.to_vec()).ok()?),
        })
    }
}
