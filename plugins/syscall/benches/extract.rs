//! What it costs to extract one field: by itself, at chosen events of a capture.
//!
//! Uses `../shared/captures/own/attack.scap.gz`; without it there is nothing to measure.

use std::hint::black_box;
use std::net::IpAddr;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::Event;
use lanner_syscall::capture::{CaptureReader, Step};
use lanner_syscall::fields::{BufferFormat, Extractor, FieldId, Request, Seen, Sink, Want};
use lanner_syscall::state::{Limits, Mode, State};

#[path = "../tests/common/mod.rs"]
mod common;

/// Takes values the way a host does that keeps them for an event: in one reused buffer.
#[derive(Default)]
struct Arena(Vec<u8>);

impl<'a> Sink<'a> for Arena {
    fn put_u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn put_i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn put_f64(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn put_bool(&mut self, value: bool) {
        self.0.push(value.into());
    }
    fn put_text(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
    fn put_cstr(&mut self, text_with_nul: &'a [u8]) {
        black_box(text_with_nul);
    }
    fn put_bytes(&mut self, bytes: &'a [u8]) {
        black_box(bytes);
    }
    fn put_ip(&mut self, ip: IpAddr) {
        black_box(ip);
    }
}

/// The state at the first event of a code after half of the capture, and that event.
fn until(capture: &Path, code: EventType) -> (State, Vec<u8>) {
    let mut reader = CaptureReader::open(capture).expect("opens");
    let mut state = State::new(Mode::Capture, Limits::default());
    loop {
        match reader.step().expect("whole") {
            Step::Section(initial) => state.load(&initial),
            Step::Events(batch) => {
                for (event, meta) in batch.iter() {
                    state.on_event(&event, meta.cpu, meta.num);
                    let failed = event.i64(0).is_some_and(|result| result < 0);
                    if meta.num > 10_000 && event.event_type() == code && !failed {
                        return (state, event.bytes().to_vec());
                    }
                }
            }
            Step::End => panic!("no {}", code.name()),
        }
    }
}

fn bench(c: &mut Criterion) {
    let Some(shared) = common::shared() else { return };
    let capture = shared.join("captures/own/attack.scap.gz");
    let cases: [(EventType, &[&str]); 3] = [
        (
            EventType::SYSCALL_OPENAT_2_X,
            &["evt.type", "evt.is_open_write", "evt.arg.flags", "evt.args", "fd.name", "fd.directory", "fs.path.name"],
        ),
        (
            EventType::SYSCALL_EXECVE_19_X,
            &[
                "proc.name",
                "proc.pname",
                "proc.aname[2]",
                "proc.aname",
                "proc.cmdline",
                "proc.args",
                "proc.exeline",
                "proc.env",
                "proc.env[HOME]",
                "proc.sname",
                "proc.pid",
                "user.name",
                "thread.cgroups",
                "evt.args",
            ],
        ),
        (EventType::SOCKET_CONNECT_X, &["fd.sip", "fd.lport", "fd.sip.name", "fd.is_server", "evt.arg.tuple"]),
    ];
    let mut group = c.benchmark_group("extract");
    group.sample_size(30).measurement_time(std::time::Duration::from_millis(500));
    for (code, fields) in cases {
        let (state, bytes) = until(&capture, code);
        let event = Event::parse(&bytes).expect("an event");
        let seen = Seen { event, cpu: 0, hidden: false };
        let mut extractor = Extractor::new(BufferFormat::Dots, TimeZone::UTC);
        extractor.next(&seen);
        for &name in fields {
            let (field, arg) = split(name);
            let mut request = Request::scalar(field, arg);
            if name == "proc.aname" {
                // As conditions ask for it.
                request.want = Want::All;
            }
            let mut arena = Arena::default();
            group.bench_function(format!("{}/{name}", code.name()), |b| {
                b.iter(|| {
                    arena.0.clear();
                    black_box(extractor.extract(&state, &seen, black_box(&request), &mut arena))
                });
            });
        }
    }
    group.finish();
}

fn split(name: &str) -> (FieldId, Option<&str>) {
    if let Some((field, rest)) = name.split_once('[') {
        return (FieldId::by_name(field).expect("a field"), Some(rest.trim_end_matches(']')));
    }
    match FieldId::by_name(name) {
        Some(field) => (field, None),
        None => {
            let (field, arg) = name.rsplit_once('.').expect("a field");
            (FieldId::by_name(field).expect("a field"), Some(arg))
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
