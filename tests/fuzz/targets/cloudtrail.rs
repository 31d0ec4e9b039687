//! Log files and messages of any shape: what comes in pieces is found like what comes whole, what becomes an event is one
//! within its limit, and every field can be asked for.
#![no_main]

use lanner_cloudtrail::extract::{number, texts};
use lanner_cloudtrail::fields::FIELDS;
use lanner_cloudtrail::{message, record};
use lanner_intake::salvage;
use lanner_intake::split::{Piece, Splitter};
use lanner_json::Tape;

/// Bytes of a record; small, so that the fuzzer comes to its end.
const RECORD: usize = 512;
const EVENT: usize = 300;

fn records(bytes: &[u8], chunk: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut splitter = Splitter::new("Records", RECORD);
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Item(item) => found.push(item.to_vec()),
        Piece::TooLong { head, .. } => found.extend(salvage(head, RECORD, None)),
        Piece::Cut(_) => {}
    };
    bytes.chunks(chunk).for_each(|chunk| splitter.feed(chunk, &mut take));
    splitter.finish(&mut take);
    found
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = records(bytes, bytes.len().max(1));
    assert_eq!(records(bytes, 3), whole);
    for found in &whole {
        let Ok(event) = record::read(found, EVENT) else { continue };
        assert!(event.payload.len() <= EVENT);
        let mut tape = Tape::default();
        let document = tape.parse(event.payload.as_bytes()).expect("an event is JSON");
        for field in FIELDS {
            for index in [None, Some(0), Some(7)] {
                texts(document, field.rule, index, &mut |_| {});
            }
            let _ = number(document, field.rule);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = message::read(text);
        // What is taken where it stands is what would be read from it alone.
        if let Some((end, time)) = record::read_first(text, EVENT, Some("Records")) {
            let event = record::read(&bytes[..end], EVENT).expect("an event");
            assert_eq!((event.time, &*event.payload, event.reduced), (time, &text[..end], false));
        }
    }
});
