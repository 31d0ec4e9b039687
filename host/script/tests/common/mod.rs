//! Reads a recording as a host does and answers what fields say at each event.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::io::Cursor;
use std::net::IpAddr;
use std::ops::Range;

use jiff::tz::TimeZone;
use lanner_plugin_api::raw::EventMeta;
use lanner_script::{Recording, record};
use lanner_syscall::capture::{CaptureReader, Step};
use lanner_syscall::fields::{BufferFormat, Extractor, FieldArg, FieldId, Request, Seen, Sink, Want, resolve};
use lanner_syscall::state::{Limits, Mode, State};
use serde_json::Value;

/// What fields say, as text.
#[derive(Default)]
struct Texts(Vec<String>);

impl<'a> Sink<'a> for Texts {
    fn put_u64(&mut self, value: u64) {
        self.0.push(value.to_string());
    }
    fn put_i64(&mut self, value: i64) {
        self.0.push(value.to_string());
    }
    fn put_f64(&mut self, value: f64) {
        self.0.push(value.to_string());
    }
    fn put_bool(&mut self, value: bool) {
        self.0.push(value.to_string());
    }
    fn put_text(&mut self, text: &[u8]) {
        self.0.push(String::from_utf8_lossy(text).into_owned());
    }
    fn put_cstr(&mut self, text_with_nul: &'a [u8]) {
        self.put_text(text_with_nul.strip_suffix(b"\0").expect("a C string ends with NUL"));
    }
    fn put_bytes(&mut self, bytes: &'a [u8]) {
        self.0.push(bytes.escape_ascii().to_string());
    }
    fn put_ip(&mut self, ip: IpAddr) {
        self.0.push(ip.to_string());
    }
}

fn split(name: &str) -> (FieldId, Option<&str>) {
    if let Some((field, rest)) = name.split_once('[') {
        return (FieldId::by_name(field).expect(name), Some(rest.trim_end_matches(']')));
    }
    if let Some(field) = FieldId::by_name(name) {
        return (field, None);
    }
    let mut dots = name.match_indices('.').rev();
    dots.find_map(|(at, _)| Some((FieldId::by_name(&name[..at])?, Some(&name[at + 1..])))).expect(name)
}

/// One event that rules would see.
pub struct Shown {
    pub num: u64,
    pub ts: u64,
    pub fields: Vec<Option<String>>,
}

impl Shown {
    pub fn get(&self, at: usize) -> Option<&str> {
        self.fields[at].as_deref()
    }
}

/// The events that rules see, each with the wanted fields, and the events of each step.
pub fn play(given: &Value, events: &[Value], wanted: &[&str]) -> (Vec<Shown>, Vec<Range<u64>>) {
    let recording = record(given, events).unwrap_or_else(|e| panic!("{e}"));
    (read(&recording, wanted), recording.steps)
}

/// As [`play`], for the events of the last step only.
pub fn last(given: &Value, events: &[Value], wanted: &[&str]) -> Vec<Option<String>> {
    let (shown, steps) = play(given, events, wanted);
    let last = steps.last().expect("a step");
    shown.into_iter().rfind(|s| last.contains(&s.num)).expect("an event").fields
}

fn read(recording: &Recording, wanted: &[&str]) -> Vec<Shown> {
    let mut reader = CaptureReader::new(Cursor::new(recording.bytes.clone()), None).expect("memory can be read");
    let mut state = State::new(Mode::Capture, Limits::default());
    let mut extractor = Extractor::new(BufferFormat::Dots, TimeZone::UTC);
    let mut out = Vec::new();
    loop {
        match reader.step().expect("a good capture") {
            Step::Section(initial) => state.load(&initial),
            Step::Events(batch) => {
                for (event, meta) in batch.iter() {
                    let hidden = meta.flags & EventMeta::HIDDEN != 0;
                    state.on_event(&event, meta.cpu, meta.num);
                    let seen = Seen { event, cpu: meta.cpu, hidden };
                    extractor.next(&seen);
                    if hidden {
                        continue;
                    }
                    let fields = wanted.iter().map(|name| {
                        let (field, arg) = split(name);
                        let info = field.info();
                        let ty = resolve(info, arg).unwrap_or_else(|e| panic!("{name}: {e}"));
                        let arg = FieldArg::parse(info, arg);
                        let request = Request { field, arg, want: Want::Scalar, ty };
                        let mut texts = Texts::default();
                        extractor.extract(&state, &seen, &request, &mut texts).then(|| texts.0.pop()).flatten()
                    });
                    out.push(Shown { num: meta.num, ts: event.ts(), fields: fields.collect() });
                }
            }
            Step::End => return out,
        }
    }
}

/// Asserts what fields say at the last event of the last step.
#[macro_export]
macro_rules! shows {
    ($given:tt, [$($event:tt),* $(,)?], { $($name:literal => $value:tt),* $(,)? }) => {{
        let given = serde_json::json!($given);
        let events = [$(serde_json::json!($event)),*];
        let names = [$($name),*];
        let found = common::last(&given, &events, &names);
        let expected = [$(shows!(@ $value)),*];
        for ((name, found), expected) in names.iter().zip(&found).zip(expected) {
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }};
    (@ none) => { None };
    (@ $value:literal) => { Some($value) };
}
