//! Capture bytes of any shape: reading ends, state stays within its limits, every field of some events can be asked for.
#![no_main]

use std::io::Cursor;
use std::net::IpAddr;

use lanner_syscall::capture::{CaptureReader, Step};
use lanner_syscall::fields::{BufferFormat, Extractor, FIELDS, FieldId, Request, Seen, Sink};
use lanner_syscall::state::{Limits, Mode, State};

struct Ignore;

impl<'a> Sink<'a> for Ignore {
    fn put_u64(&mut self, _: u64) {}
    fn put_i64(&mut self, _: i64) {}
    fn put_f64(&mut self, _: f64) {}
    fn put_bool(&mut self, _: bool) {}
    fn put_text(&mut self, text: &[u8]) {
        assert!(!text.contains(&0));
    }
    fn put_cstr(&mut self, text: &'a [u8]) {
        assert_eq!(text.iter().position(|&b| b == 0), Some(text.len() - 1));
    }
    fn put_bytes(&mut self, _: &'a [u8]) {}
    fn put_ip(&mut self, _: IpAddr) {}
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { threads: 512, fd_bytes: 4 << 20, enter_bytes: 1 << 20, ..Limits::default() };
    let mut state = State::new(Mode::Capture, limits);
    let mut extractor = Extractor::new(BufferFormat::default(), jiff::tz::TimeZone::UTC);
    let Ok(mut reader) = CaptureReader::new(Cursor::new(bytes.to_vec()), None) else { return };
    let mut seen_events = 0_u32;
    // Each step consumes input, so a reader that does not end shows as a time-out here.
    while let Ok(step) = reader.step() {
        match step {
            Step::End => break,
            Step::Section(initial) => state.load(&initial),
            Step::Events(batch) => {
                for (event, meta) in batch.iter() {
                    state.on_event(&event, meta.cpu, meta.num);
                    let seen = Seen { event, cpu: meta.cpu, hidden: meta.is_hidden() };
                    extractor.next(&seen);
                    seen_events += 1;
                    if seen_events % 16 != 1 {
                        continue;
                    }
                    for id in (0..).map_while(FieldId::new).take(FIELDS.len()) {
                        extractor.extract(&state, &seen, &Request::scalar(id, None), &mut Ignore);
                    }
                }
            }
        }
    }
});
