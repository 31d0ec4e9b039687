//! Log entries of any shape, in files and messages: what comes in pieces is found like what comes whole, what becomes an event
//! is one within its limit, and every field can be asked for.
#![no_main]

use lanner_gcpaudit::entry::{self, PAYLOAD};
use lanner_gcpaudit::extract::text;
use lanner_gcpaudit::fields::FIELDS;
use lanner_intake::salvage;
use lanner_intake::split::{Piece, Splitter};
use lanner_json::Tape;

/// Bytes of an entry; small, so that the fuzzer comes to its end.
const ENTRY: usize = 512;
const EVENT: usize = 300;

fn entries(bytes: &[u8], chunk: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut splitter = Splitter::new("entries", ENTRY);
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Item(item) => found.push(item.to_vec()),
        Piece::TooLong { head, .. } => found.extend(salvage(head, ENTRY, Some(PAYLOAD))),
        Piece::Cut(_) => {}
    };
    bytes.chunks(chunk).for_each(|chunk| splitter.feed(chunk, &mut take));
    splitter.finish(&mut take);
    found
}

fn event(entry: &[u8]) {
    let Ok(event) = entry::read(entry, EVENT) else { return };
    assert!(event.payload.len() <= EVENT);
    let mut tape = Tape::default();
    let document = tape.parse(event.payload.as_bytes()).expect("an event is JSON");
    for field in FIELDS {
        if let Some(value) = text(document, field.rule) {
            assert!(value.len() <= event.payload.len() * 3, "a value is a part of the event");
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = entries(bytes, bytes.len().max(1));
    assert_eq!(entries(bytes, 3), whole);
    whole.iter().for_each(|entry| event(entry));
    // A message has one entry and nothing else.
    event(bytes);
    // What is taken where it stands is what would be read from it alone.
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some((end, time)) = entry::read_first(text, EVENT, Some("entries"))
    {
        let event = entry::read(&bytes[..end], EVENT).expect("an event");
        assert_eq!((event.time, &*event.payload, event.reduced), (time, &text[..end], false));
    }
});
