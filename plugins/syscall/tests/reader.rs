//! The capture reader against what Falco sees in the same files.

mod common;

use std::io::Cursor;
use std::path::Path;

use lanner_plugin_api::schema::{Arch, EventType, Sc};
use lanner_plugin_api::wire::Event;
use lanner_syscall::capture::{CaptureError, CaptureErrorKind, CaptureReader, FdInfo, Step};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "evt.num")]
    num: u64,
    #[serde(rename = "evt.type")]
    name: String,
    #[serde(rename = "evt.cpu")]
    cpu: u32,
    #[serde(rename = "evt.rawtime")]
    time: u64,
    #[serde(rename = "thread.tid")]
    tid: Option<i64>,
}

fn name(event: &Event<'_>) -> String {
    match event.event_type() {
        EventType::GENERIC_X => {
            // Old recordings did not know every call: then only the kernel's number tells (all of these are from x86-64).
            let known = event.u16(0).map(Sc).filter(|sc| *sc != Sc::UNKNOWN);
            let sc = known.or_else(|| Sc::from_native(Arch::X86_64, event.u16(1)?));
            sc.map_or("unknown", Sc::name).to_owned()
        }
        EventType::ASYNCEVENT_E => String::from_utf8_lossy(event.text(1).unwrap_or_default()).into_owned(),
        code => code.name().to_owned(),
    }
}

/// Runs a capture to its end and calls `see` for each event that rules would see.
fn replay(mut reader: CaptureReader, mut see: impl FnMut(Event<'_>, u64, u32)) -> Result<u64, CaptureError> {
    let mut visible = 0;
    loop {
        match reader.step()? {
            Step::Section(_) => {}
            Step::Events(batch) => {
                for (event, meta) in batch.iter().filter(|(_, m)| !m.is_hidden()) {
                    visible += 1;
                    see(event, meta.num, meta.cpu);
                }
            }
            Step::End => return Ok(visible),
        }
    }
}

fn compare(capture: &Path) {
    let mut lines = common::field_lines(capture);
    let mut last = 0;
    let reader = CaptureReader::open(capture).expect("opens");
    let visible = replay(reader, |event, num, cpu| {
        assert!(num > last, "{}: numbers grow", capture.display());
        last = num;
        let Some(line) = lines.next() else { return };
        let want: Line = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            (num, name(&event), cpu, event.ts()),
            (want.num, want.name, want.cpu, want.time),
            "{}",
            capture.display()
        );
        if let Some(tid) = want.tid {
            assert_eq!(event.tid(), tid, "{} event {num}", capture.display());
        }
    })
    .unwrap_or_else(|e| panic!("{}: {e}", capture.display()));
    assert_eq!(visible, common::expected_count(capture), "{}", capture.display());
    assert!(lines.next().is_none(), "{}: fewer events than expected", capture.display());
}

#[test]
fn recorded_events_are_those_that_falco_sees() {
    common::captures(&["own"]).iter().for_each(|c| compare(c));
}

#[test]
fn old_events_become_those_that_falco_makes_of_them() {
    common::captures(&["legacy"]).iter().for_each(|c| compare(c));
}

#[test]
fn plain_and_compressed_files_hold_the_same() {
    for capture in common::captures(&["legacy"]) {
        let collect = |reader: CaptureReader| {
            let mut events = Vec::new();
            replay(reader, |event, num, _| events.push((num, event.bytes().to_vec()))).expect("whole");
            events
        };
        let plain = Cursor::new(common::unpack(&capture));
        let plain = collect(CaptureReader::new(plain, None).expect("opens"));
        assert_eq!(plain, collect(CaptureReader::open(&capture).expect("opens")), "{}", capture.display());
    }
}

#[test]
fn the_head_tells_about_the_machine() {
    let Some(capture) = common::captures(&["own"]).into_iter().find(|c| c.ends_with("attack.scap.gz")) else {
        return;
    };
    let mut reader = CaptureReader::open(&capture).expect("opens");
    let Ok(Step::Section(state)) = reader.step() else { panic!("a section comes first") };
    let machine = state.machine.expect("described");
    assert_eq!(&*machine.hostname, b"lab");
    assert!(machine.cpus > 0 && machine.boot_ts > 1_500_000_000_000_000_000);
    assert!(state.interfaces.iter().any(|i| &*i.name == b"lo"), "{:?}", state.interfaces);
    assert!(state.threads.iter().any(|t| &*t.comm == b"sshd"));
    assert!(state.threads.iter().flat_map(|t| &t.fds).any(|f| matches!(f.info, FdInfo::File { .. })));
}

#[test]
fn recordings_one_after_another_begin_anew_and_numbers_go_on() {
    let captures = common::captures(&["own"]);
    let Some(capture) = captures.iter().find(|c| c.ends_with("container-info.scap.gz")) else { return };
    let once = common::unpack(capture);
    let count = common::expected_count(capture);
    let twice = [&once[..], &once].concat();
    let mut reader = CaptureReader::new(Cursor::new(twice), None).expect("opens");
    let (mut sections, mut visible, mut last) = (0, 0, 0);
    loop {
        match reader.step().expect("whole") {
            Step::Section(state) => {
                sections += 1;
                assert!(!state.threads.is_empty());
                assert_eq!(visible, (sections - 1) * count, "the batch ends where the recording does");
            }
            Step::Events(batch) => {
                for meta in batch.meta().iter().filter(|m| !m.is_hidden()) {
                    visible += 1;
                    assert!(meta.num > last);
                    last = meta.num;
                }
            }
            Step::End => break,
        }
    }
    assert_eq!((sections, visible), (2, 2 * count));
}

#[test]
fn what_is_no_capture_is_refused_with_its_place() {
    let kind = |bytes: &[u8]| {
        let mut reader = CaptureReader::new(Cursor::new(bytes.to_vec()), None).expect("opens");
        reader.step().err().map(|e| (e.offset, e.kind)).expect("refused")
    };
    assert!(matches!(kind(b""), (0, CaptureErrorKind::Truncated { found: 0, .. })));
    assert!(matches!(kind(b"hello, this is text"), (0, CaptureErrorKind::NotACapture { .. })));
    let header = |magic: u32, major: u16| {
        let mut b = Vec::new();
        for word in [0x0A0D_0D0Au32, 28, magic] {
            b.extend(word.to_le_bytes());
        }
        b.extend(major.to_le_bytes());
        b.extend(2u16.to_le_bytes());
        b.extend(u64::MAX.to_le_bytes());
        b.extend(28u32.to_le_bytes());
        b
    };
    assert!(matches!(kind(&header(0x4D3C_2B1A, 1)), (0, CaptureErrorKind::Magic { found: 0x4D3C_2B1A })));
    assert!(matches!(kind(&header(0x1A2B_3C4D, 2)), (0, CaptureErrorKind::Version { major: 2 })));
    assert!(matches!(kind(&header(0x1A2B_3C4D, 1)), (28, CaptureErrorKind::NoEvents)));
    assert!(matches!(kind(&[0x1f, 0x8b, 8, 0]), (0, CaptureErrorKind::Truncated { .. } | CaptureErrorKind::Io(_))));
}
