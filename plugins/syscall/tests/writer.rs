//! What the writer writes, the reader reads back: state and events of every capture there is.

mod common;

use std::io::Cursor;
use std::path::Path;

use lanner_plugin_api::raw::EventMeta;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::capture::{
    CaptureReader, Fd, FdInfo, FdType, Head, InitialState, Keep, Machine, Step, Thread, push_event,
};

/// Recordings of a capture: their state, and per event the bytes with processor and visibility.
type Recordings = Vec<(InitialState, Vec<(Vec<u8>, u32, bool)>)>;

fn read_all(mut reader: CaptureReader) -> Recordings {
    let mut out = Recordings::new();
    loop {
        match reader.step().expect("a good capture") {
            Step::Section(state) => out.push((*state, Vec::new())),
            Step::Events(batch) => {
                let events = &mut out.last_mut().expect("a section first").1;
                let hidden = |m: &EventMeta| m.flags & EventMeta::HIDDEN != 0;
                events.extend(batch.bytes().zip(batch.meta()).map(|(b, m)| (b.to_vec(), m.cpu, hidden(m))));
            }
            Step::End => return out,
        }
    }
}

fn write_all(recordings: &Recordings, gzip: bool) -> Vec<u8> {
    let begin = |out| if gzip { Head::gzip(out) } else { Head::plain(out) };
    let mut head = begin(Vec::new()).expect("memory takes it");
    for (n, (state, events)) in recordings.iter().enumerate() {
        head.state(state).expect("memory takes it");
        let mut out = head.events();
        for (bytes, cpu, hidden) in events {
            let event = lanner_plugin_api::wire::Event::parse(bytes).expect("an event");
            let keep = if *hidden && !event.event_type().is_hidden() { Keep::StateOnly } else { Keep::Whole };
            out.write(&event, *cpu as u16, keep).expect("memory takes it");
        }
        if n + 1 == recordings.len() {
            return out.finish().expect("memory takes it");
        }
        head = out.section().expect("memory takes it");
    }
    Vec::new()
}

fn reader(bytes: Vec<u8>) -> CaptureReader {
    CaptureReader::new(Cursor::new(bytes), None).expect("memory can be read")
}

/// Asserts without printing megabytes.
fn same(capture: &Path, what: &str, a: &Recordings, b: &Recordings) {
    assert_eq!(a.len(), b.len(), "{}: {what}", capture.display());
    for ((state, events), (state_b, events_b)) in a.iter().zip(b) {
        assert_eq!(state, state_b, "{}: {what}", capture.display());
        assert_eq!(events.len(), events_b.len(), "{}: {what}", capture.display());
        let differs = events.iter().zip(events_b).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{}: {what}", capture.display());
    }
}

#[test]
fn every_capture_survives_being_written_again() {
    for capture in common::captures(&["own", "legacy"]) {
        let first = read_all(CaptureReader::open(&capture).expect("readable"));
        let plain = write_all(&first, false);
        same(&capture, "plain", &first, &read_all(reader(plain.clone())));
        let packed = write_all(&first, true);
        assert!(packed.len() < plain.len() / 2, "{}: compressed", capture.display());
        same(&capture, "compressed", &first, &read_all(reader(packed)));
    }
}

/// The captures of today's Falco come out as they went in, byte for byte: order, kinds and padding of blocks are its own.
#[test]
fn captures_of_today_are_written_as_falco_wrote_them() {
    for capture in common::captures(&["own"]) {
        let mut recordings = read_all(CaptureReader::open(&capture).expect("readable"));
        // Events at the head are hidden because of where they stand; their blocks are those of all others.
        recordings.iter_mut().flat_map(|r| &mut r.1).for_each(|(_, _, hidden)| *hidden = false);
        let (ours, falcos) = (write_all(&recordings, false), common::unpack(&capture));
        let differs = ours.iter().zip(&falcos).position(|(a, b)| a != b);
        let around = differs.map(|at| (at, &ours[at.saturating_sub(8)..at + 8], &falcos[at.saturating_sub(8)..at + 8]));
        assert_eq!(around, None, "{}", capture.display());
        assert_eq!(ours.len(), falcos.len(), "{}", capture.display());
    }
}

/// A state with every kind of entry; the captures at hand lack some.
fn odd_state() -> InitialState {
    let text = |n: usize| vec![b'x'; n].into_boxed_slice();
    let other = |fd, ty| Fd { fd, ino: 9, info: FdInfo::Other { ty, name: text(3) } };
    let fds = vec![
        Fd { fd: 1, ino: 2, info: FdInfo::File { flags: 3, name: text(5000), dev: 4 } },
        other(2, FdType::Pidfd),
        other(3, FdType::Memfd),
        Fd { fd: 4, ino: 0, info: FdInfo::Other { ty: FdType::Unknown, name: Box::default() } },
    ];
    let thread = Thread {
        tid: 7,
        pid: 7,
        args: text(70_000),
        cwd: text(2000),
        exe_lower_layer: true,
        cap_effective: u64::MAX,
        tty: 34816,
        pidns_init_start_ts: 5,
        pgid: 7,
        fds,
        ..Thread::default()
    };
    let machine = Machine { cpus: 4, memory: 1, max_pid: 2, hostname: text(300), boot_ts: 3 };
    InitialState { machine: Some(machine), threads: vec![thread], ..InitialState::default() }
}

#[test]
fn texts_that_are_too_long_are_cut_and_nothing_else_changes() {
    let bytes = any_event();
    let event = lanner_plugin_api::wire::Event::parse(&bytes).expect("an event");
    let mut expected = odd_state();
    let mut head = Head::plain(Vec::new()).expect("memory takes it");
    head.state(&expected).expect("memory takes it");
    let mut out = head.events();
    out.write(&event, 3, Keep::Whole).expect("memory takes it");
    let found = read_all(reader(out.finish().expect("memory takes it")));

    let cut = |text: &mut Box<[u8]>, n: usize| *text = text[..n].into();
    cut(&mut expected.machine.as_mut().expect("there").hostname, 127);
    cut(&mut expected.threads[0].args, 4096);
    cut(&mut expected.threads[0].cwd, 1024);
    let FdInfo::File { name, .. } = &mut expected.threads[0].fds[0].info else { panic!("the first is a file") };
    cut(name, 1023);
    assert_eq!(found[0].0, expected);
}

#[test]
fn an_event_of_more_than_64_kib_takes_a_large_block() {
    let data = vec![1; 200_000];
    let mut builder = EventBuilder::new();
    let event = builder.begin(1, -1, EventType::ASYNCEVENT_E, 3).push(&[0; 4]).push_text(b"x").push(&data);
    let bytes = event.finish().expect("an event").bytes().to_vec();
    for hidden in [false, true] {
        let first = any_event();
        let events = vec![(first, 0, true), (bytes.clone(), 1, hidden)];
        let recordings = vec![(InitialState::default(), events)];
        same(Path::new("large"), "event", &recordings, &read_all(reader(write_all(&recordings, false))));
    }
}

/// An event that ends the head of a capture.
fn any_event() -> Vec<u8> {
    let mut builder = EventBuilder::new();
    let event = builder.begin(1, 1, EventType::GENERIC_X, 2).push(&[16, 0]).push(&[39, 0]);
    event.finish().expect("an event").bytes().to_vec()
}

#[test]
fn events_can_be_put_together_in_memory_that_is_there() {
    let mut builder = EventBuilder::new();
    let mut whole = Head::plain(Vec::new()).expect("memory takes it").events();
    let mut pushed = Head::plain(Vec::new()).expect("memory takes it").finish().expect("memory takes it");
    for (len, keep) in [(3, Keep::Whole), (60_000, Keep::StateOnly), (65_530, Keep::Whole)] {
        builder.begin(7, 1, EventType::SYSCALL_READ_X, 4);
        builder.push(&0i64.to_le_bytes()).push(&vec![1; len]).push(&3i64.to_le_bytes()).push(&9u32.to_le_bytes());
        let event = builder.finish().expect("an event");
        whole.write(&event, 3, keep).expect("memory takes it");
        push_event(&mut pushed, &event, 3, keep).expect("memory takes it");
    }
    assert!(whole.finish().expect("memory takes it") == pushed, "the same bytes");
    assert_eq!(
        read_all(reader(pushed))[0].1.iter().map(|(_, cpu, hidden)| (*cpu, *hidden)).collect::<Vec<_>>(),
        [(3, false), (3, true), (3, false)]
    );
}
