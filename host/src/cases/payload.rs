//! Events of sources that are not system calls: one payload each.

use std::path::Path;

use lanner_engine::yaml::Node;

use super::diagnostic::{Findings, Place};
use super::keys::Keys;

/// One event's payload.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Nanoseconds since the event before.
    pub after_ns: u64,
    /// Where it stands.
    pub place: Place,
}

const KEYS: [&str; 4] = ["payload", "payload_file", "payload_text", "after"];

/// Time between two events when nothing is said: a millisecond.
const STEP_NS: u64 = 1_000_000;

/// The largest payload file.
const MAX_FILE: u64 = 16 << 20;

/// Reads the steps of a case; files are looked for in `folder`.
pub(super) fn read_all(events: &[Node], folder: &Path, found: &mut Findings) -> Option<Vec<Payload>> {
    let payloads: Vec<Option<Payload>> = events.iter().map(|event| read(event, folder, found)).collect();
    payloads.into_iter().collect()
}

fn read(event: &Node, folder: &Path, found: &mut Findings) -> Option<Payload> {
    let keys = Keys::read(event, "an event", &KEYS, found)?;
    let given = KEYS.iter().take(3).filter(|key| keys.get(key).is_some()).count();
    if given != 1 {
        let help = Some("it has one of payload (a mapping), payload_text and payload_file".to_owned());
        found.error(event.mark, "an event of a plugin is one payload", help);
        return None;
    }
    let after_ns = match keys.get("after") {
        None => STEP_NS,
        Some(node) => duration(node, found)?,
    };
    let bytes = if let Some(payload) = keys.get("payload") {
        payload.to_json().to_string().into_bytes()
    } else if keys.get("payload_text").is_some() {
        keys.text("payload_text", found)?.as_bytes().to_vec()
    } else {
        file(&folder.join(keys.text("payload_file", found)?), event, found)?
    };
    Some(Payload { bytes, after_ns, place: found.place(event.mark) })
}

fn file(path: &Path, event: &Node, found: &mut Findings) -> Option<Vec<u8>> {
    let read = path.metadata().and_then(|meta| match meta.len() {
        0..=MAX_FILE => std::fs::read(path),
        _ => Err(std::io::Error::other(format!("larger than {} MiB", MAX_FILE >> 20))),
    });
    match read {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let help = Some("its path is relative to the case file".to_owned());
            found.error(event.mark, format!("cannot read {}: {error}", path.display()), help);
            None
        }
    }
}

/// `500ns`, `2us`, `3ms`, `1.5s`, `2m`, `1h`; a bare number is seconds.
fn duration(node: &Node, found: &mut Findings) -> Option<u64> {
    let text = node.as_str().unwrap_or_default().trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "" | "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => f64::NAN,
    };
    let nanoseconds = number.parse::<f64>().map_or(f64::NAN, |number| number * factor);
    // A year is enough for anything, and keeps sums far from the end of the range.
    if (0.0..=365.0 * 86_400e9).contains(&nanoseconds) {
        return Some(nanoseconds as u64);
    }
    let help = Some("a number with ns, us, ms, s, m or h, at most a year".to_owned());
    found.error(node.mark, format!("'{text}' is no duration"), help);
    None
}
