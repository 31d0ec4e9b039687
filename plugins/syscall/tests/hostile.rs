//! Captures that are cut, damaged or made to hurt: an error with its place, never a panic, a hang or unbounded memory.

mod common;

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{Dice, block, event_block, section};
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::capture::{CaptureError, CaptureErrorKind, CaptureReader, Step};

/// Number of events (hidden ones included) before the end or the error.
fn run(input: impl Read + Send + 'static) -> (usize, Option<CaptureError>) {
    let mut reader = CaptureReader::new(input, None).expect("memory can be read");
    let mut events = 0;
    loop {
        match reader.step() {
            Ok(Step::Section(_)) => {}
            Ok(Step::Events(batch)) => {
                assert!(!batch.is_empty(), "a batch has events");
                events += batch.len();
                for (event, _) in batch.iter() {
                    let known = event.info().expect("unknown codes are passed over").params.len();
                    for i in 0..known {
                        if let Some(bytes) = event.param(i) {
                            assert!(bytes.len() <= event.bytes().len());
                        }
                    }
                }
            }
            Ok(Step::End) => return (events, None),
            Err(e) => {
                assert!(matches!(reader.step(), Ok(Step::End)), "nothing comes after an error");
                return (events, Some(e));
            }
        }
    }
}

/// Offset, type and length of each block.
fn layout(bytes: &[u8]) -> Vec<(usize, u32, usize)> {
    let mut at = 0;
    let mut blocks = Vec::new();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    while at < bytes.len() {
        let (code, len) = (word(at), word(at + 4) as usize);
        blocks.push((at, code, len));
        at += len;
    }
    blocks
}

fn small_captures() -> Vec<Vec<u8>> {
    common::captures(&["legacy"])
        .iter()
        .filter(|c| c.ends_with("falco-cat_write.scap.gz") || c.ends_with("libs-single_ipv6_conn.scap.gz"))
        .map(|c| common::unpack(c))
        .collect()
}

#[test]
fn cut_between_two_blocks() {
    for bytes in small_captures() {
        let blocks = layout(&bytes);
        let first_event = blocks.iter().position(|b| matches!(b.1, 0x204 | 0x216)).expect("events");
        let mut before = 0;
        for (i, (at, ..)) in blocks.iter().enumerate() {
            let (events, error) = run(Cursor::new(bytes[..*at].to_vec()));
            if i <= first_event {
                let kind = error.expect("a head alone is no capture").kind;
                assert!(matches!(kind, CaptureErrorKind::NoEvents | CaptureErrorKind::Truncated { .. }), "{kind}");
            } else {
                assert!(error.is_none(), "events end cleanly at {at}: {error:?}");
                assert!(events >= before && events <= i - first_event);
                before = events;
            }
        }
    }
}

#[test]
fn cut_inside_a_block() {
    for bytes in small_captures() {
        let blocks = layout(&bytes);
        let mut dice = Dice(7);
        for _ in 0..300 {
            let (at, code, len) = blocks[dice.roll(blocks.len())];
            let cut = at + 1 + dice.roll(len - 1);
            let whole = run(Cursor::new(bytes[..at].to_vec())).0;
            let (events, error) = run(Cursor::new(bytes[..cut].to_vec()));
            let error = error.expect("a cut file is an error");
            assert_eq!(events, whole, "what is whole before the cut is delivered");
            assert!(matches!(error.kind, CaptureErrorKind::Truncated { .. }), "{error}");
            if matches!(code, 0x204 | 0x216) {
                assert_eq!(error.offset, at as u64, "the error names the block that was cut");
            } else {
                assert!((at as u64..=cut as u64).contains(&error.offset));
            }
        }
    }
}

#[test]
fn damaged_bytes() {
    for bytes in small_captures() {
        let mut dice = Dice(42);
        let head = layout(&bytes).iter().find(|b| matches!(b.1, 0x204 | 0x216)).expect("events").0;
        for round in 0..1500 {
            let mut hostile = bytes.clone();
            for _ in 0..1 + dice.roll(4) {
                // Half of the damage goes to the head, where lengths are dense.
                let at = if round % 2 == 0 { dice.roll(head) } else { dice.roll(hostile.len()) };
                hostile[at] ^= 1 << dice.roll(8);
            }
            let len = hostile.len() as u64;
            let (_, error) = run(Cursor::new(hostile));
            assert!(error.is_none_or(|e| e.offset <= len), "an offset inside the file");
        }
    }
}

#[test]
fn absurd_block_lengths() {
    for bytes in small_captures() {
        let blocks = layout(&bytes);
        let first_event = blocks.iter().position(|b| matches!(b.1, 0x204 | 0x216)).expect("events");
        for (at, ..) in &blocks[..first_event + 3] {
            for absurd in [0u32, 1, 7, 8, 11, 12, 13, 27, 31, 65_548, 0x7fff_ffff, u32::MAX - 3, u32::MAX] {
                let mut hostile = bytes.clone();
                hostile[at + 4..at + 8].copy_from_slice(&absurd.to_le_bytes());
                let (_, error) = run(Cursor::new(hostile));
                assert!(error.is_some(), "length {absurd} at {at}");
            }
        }
    }
}

/// Endless input: a beginning, then one byte for ever. Counts what was asked for.
struct Endless {
    begin: Cursor<Vec<u8>>,
    byte: u8,
    read: Arc<AtomicU64>,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut n = self.begin.read(buf)?;
        if n == 0 {
            buf.fill(self.byte);
            n = buf.len();
        }
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

fn endless(begin: Vec<u8>, byte: u8) -> (CaptureError, u64) {
    let read = Arc::<AtomicU64>::default();
    let (_, error) = run(Endless { begin: Cursor::new(begin), byte, read: Arc::clone(&read) });
    (error.expect("endless input is refused"), read.load(Ordering::Relaxed))
}

#[test]
fn lists_without_end_stop_at_a_limit() {
    // A compressed file of a few hundred KiB can hold what follows the header here.
    for code in [0x202u32, 0x215, 0x220] {
        let mut begin = section();
        begin.extend([code.to_le_bytes(), (u32::MAX - 3).to_le_bytes()].concat());
        let (error, read) = endless(begin, 0);
        assert!(
            matches!(error.kind, CaptureErrorKind::StateTooLarge | CaptureErrorKind::Entry { .. }),
            "{code:#x}: {error}"
        );
        assert!(read < 600 << 20, "{code:#x}: {read} bytes read");
    }
}

#[test]
fn events_without_end_stop_at_a_limit() {
    for code in [0x216u32, 0x217, 0x221, 0x222, 0x204] {
        for total in [65_537u32, 1 << 26, (1 << 26) + 16, u32::MAX - 3] {
            let mut begin = section();
            begin.extend([code.to_le_bytes(), total.to_le_bytes()].concat());
            let (error, read) = endless(begin, 0xff);
            let kind = &error.kind;
            // All ones: an event of an unknown code is passed over, and what follows is no block.
            assert!(
                matches!(kind, CaptureErrorKind::BlockTooLong { .. } | CaptureErrorKind::NotACapture { .. }),
                "{code:#x} {total}: {error}"
            );
            assert!(read <= 130 << 20, "{code:#x} {total}: {read} bytes read");
        }
    }
}

fn close_event() -> Vec<u8> {
    let mut b = EventBuilder::new();
    b.begin(5, 9, EventType::SYSCALL_CLOSE_X, 2).push(&0i64.to_le_bytes()).push(&3i64.to_le_bytes());
    b.finish().expect("well formed").bytes().to_vec()
}

#[test]
fn every_kind_of_event_block() {
    let event = close_event();
    let mut old = event[..22].to_vec();
    old.extend(&event[26..]);
    old[16..20].copy_from_slice(&(event.len() as u32 - 4).to_le_bytes());
    let mut unknown = event.clone();
    unknown[20..22].copy_from_slice(&9999u16.to_le_bytes());
    let mut async_event = EventBuilder::new();
    async_event.begin(6, -1, EventType::ASYNCEVENT_E, 3).push(&[0; 4]).push_text(b"container").push(&[b'x'; 300_000]);
    let async_event = async_event.finish().expect("well formed").bytes().to_vec();

    let mut file = section();
    file.extend(block(0x7777, b"a block of the future"));
    for (code, flags, event) in [
        (0x221, None, &async_event),
        (0x216, None, &event),
        (0x216, None, &unknown),
        (0x217, Some(0), &event),
        (0x217, Some(1), &event),
        (0x204, None, &old),
        (0x8010_ABCD, None, &old),
        (0x208, Some(1), &old),
        (0x222, Some(0), &async_event),
        (0x221, None, &event),
    ] {
        file.extend(event_block(code, flags, event));
    }
    let mut reader = CaptureReader::new(Cursor::new(file), None).expect("memory can be read");
    let mut seen = Vec::new();
    loop {
        match reader.step().expect("well formed") {
            Step::Section(state) => assert!(state.machine.is_none()),
            Step::Events(batch) => {
                for (e, meta) in batch.iter() {
                    assert!(e.bytes() == &event[..] || e.bytes() == &async_event[..]);
                    assert_eq!(meta.cpu, 3);
                    seen.push((meta.num, e.event_type().0, meta.is_hidden()));
                }
            }
            Step::End => break,
        }
    }
    let want = [
        (1, 402, true),
        (2, 5, false),
        (3, 5, false),
        (4, 5, true),
        (5, 5, false),
        (6, 5, false),
        (7, 5, true),
        (8, 402, false),
        (9, 5, false),
    ];
    assert_eq!(seen, want, "state at the head and state-only events are hidden, unknown codes do not count");
    assert_eq!(reader.skipped_unknown(), 1);
}

#[test]
fn a_bad_event_does_not_take_the_good_ones_before_it() {
    let event = close_event();
    let mut bad = event.clone();
    bad[26] = 0xff;
    let mut file = section();
    let good = event_block(0x216, None, &event);
    file.extend(good.repeat(3));
    let at = file.len() as u64;
    file.extend(event_block(0x216, None, &bad));
    file.extend(good);
    let (events, error) = run(Cursor::new(file));
    let error = error.expect("a bad event is an error");
    assert_eq!((events, error.offset), (3, at));
    assert!(matches!(error.kind, CaptureErrorKind::Event(_)), "{error}");
}

#[test]
fn events_that_a_host_would_change_are_copies() {
    let timed = close_event();
    let mut timeless = timed.clone();
    timeless[..8].fill(0xff);
    let mut plugin = EventBuilder::new();
    plugin.begin(8, 77, EventType::PLUGINEVENT_E, 2).push(&3u32.to_le_bytes()).push(b"payload");
    let plugin = plugin.finish().expect("well formed").bytes().to_vec();
    let mut file = section();
    for event in [&timed, &timeless, &plugin] {
        file.extend(event_block(0x221, None, event));
    }
    let mut reader = CaptureReader::new(Cursor::new(file), None).expect("memory can be read");
    assert!(matches!(reader.step(), Ok(Step::Section(_))));
    let Ok(Step::Events(batch)) = reader.step() else { panic!("three events") };
    let got: Vec<_> = batch.iter().map(|(e, m)| (e.ts(), e.tid(), m.num)).collect();
    assert_eq!(got, [(5, 9, 1), (5, 9, 2), (8, -1, 3)], "the time of the event before; no thread for plugins");
    assert_eq!(batch.iter().last().and_then(|(e, _)| e.param(1)), Some(&b"payload"[..]));
}
