//! What keys promise, on every event of the captures: two events of one type with the same key have the same value of every
//! field that the key decides.

mod common;

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::tz::TimeZone;
use lanner_syscall::capture::{CaptureReader, Step};
use lanner_syscall::fields::{BufferFormat, Extractor, FIELDS, FieldId, Key, Request, Seen, Sink};
use lanner_syscall::state::{Limits, Mode, State};

/// Different values of one capture after which it has shown enough.
const ENOUGH: usize = 30_000;

#[derive(Default)]
struct Text(String);

macro_rules! write_down {
    ($($put:ident $ty:ty;)*) => {$(
        fn $put(&mut self, value: $ty) {
            self.0 += &format!("{value:?};");
        }
    )*};
}

impl<'a> Sink<'a> for Text {
    write_down! {
        put_u64 u64;
        put_i64 i64;
        put_f64 f64;
        put_bool bool;
        put_text &[u8];
        put_bytes &'a [u8];
        put_ip IpAddr;
    }
    fn put_cstr(&mut self, text_with_nul: &'a [u8]) {
        self.put_text(&text_with_nul[..text_with_nul.len() - 1]);
    }
}

/// All requests that a key decides.
fn requests() -> Vec<(Key, Request<'static>)> {
    let known = FIELDS.iter().filter_map(|field| Some((field.name, field.key?)));
    known
        .map(|(name, (arg, key))| {
            let field = FieldId::by_name(name).expect("it is in the table");
            let request = Request::scalar(field, (!arg.is_empty()).then_some(arg));
            assert_eq!(request.key(), Some(key), "{name}");
            (key, request)
        })
        .collect()
}

#[test]
fn the_same_key_means_the_same_value() {
    let requests = requests();
    assert!(requests.len() >= 14, "{}", requests.len());
    let mut seen_again: HashMap<Key, usize> = HashMap::new();
    for path in common::captures(&["own", "legacy"]) {
        let mut reader = CaptureReader::open(&path).expect("it is there");
        let mut state = State::new(Mode::Capture, Limits::default());
        let mut extractor = Extractor::new(BufferFormat::default(), TimeZone::UTC);
        let mut values: HashMap<(u16, usize, u64), (bool, String)> = HashMap::new();
        loop {
            let batch = match reader.step().expect("the capture is whole") {
                Step::Section(initial) => {
                    state.load(&initial);
                    continue;
                }
                Step::Events(batch) => batch,
                Step::End => break,
            };
            if values.len() > ENOUGH {
                break;
            }
            for (event, meta) in batch.iter() {
                state.on_event(&event, meta.cpu, meta.num);
                let seen = Seen { event, cpu: meta.cpu, hidden: meta.is_hidden() };
                extractor.next(&seen);
                // Odd events are asked for keys after values, as a host may do.
                let mut keys = [0; 32];
                if meta.num % 2 == 0 {
                    extractor.keys(&state, &seen, u32::MAX, &mut keys);
                }
                let texts: Vec<(bool, String)> = requests
                    .iter()
                    .map(|(_, request)| {
                        let mut text = Text::default();
                        (extractor.extract(&state, &seen, request, &mut text), text.0)
                    })
                    .collect();
                if meta.num % 2 == 1 {
                    extractor.keys(&state, &seen, u32::MAX, &mut keys);
                }
                for (at, ((key, request), value)) in requests.iter().zip(texts).enumerate() {
                    let number = keys[*key as usize];
                    if number == 0 {
                        continue;
                    }
                    let place = (event.event_type().0, at, number);
                    match values.get(&place) {
                        Some(known) => {
                            let name = request.field.info().name;
                            assert_eq!(*known, value, "{}: {name} of {event:?}", path.display());
                            *seen_again.entry(*key).or_default() += 1;
                        }
                        None => drop(values.insert(place, value)),
                    }
                }
            }
        }
    }
    if common::shared().is_some() {
        assert_eq!(seen_again.len(), 9, "every key comes again: {seen_again:?}");
    }
}
