use lanner_plugin_api::schema::{EVENTS, EventStatus, EventType};
use lanner_plugin_api::wire::{Event, EventBuilder};

use super::{Action, ConvertError, Converted, Converter, RULES, Take};

fn event(code: EventType, tid: i64, params: &[&[u8]]) -> Vec<u8> {
    let mut b = EventBuilder::new();
    b.begin(1, tid, code, params.len());
    for p in params {
        b.push(p);
    }
    b.finish().expect("well formed").bytes().to_vec()
}

fn run(c: &mut Converter, bytes: &[u8]) -> Result<(Converted, Vec<u8>), ConvertError> {
    let mut out = Vec::new();
    let outcome = c.convert(&Event::parse(bytes).expect("well formed"), &mut out)?;
    Ok((outcome, out))
}

#[test]
fn rules_fit_the_event_table() {
    let mut count = 0;
    for (code, rules) in RULES.iter().enumerate() {
        let info = &EVENTS[code];
        for rule in *rules {
            count += 1;
            let (target, takes, first) = match rule.action {
                Action::AddParams(takes) => (info, takes, usize::from(rule.nparams)),
                Action::ChangeType(new, takes) => (new.info().expect("in the table"), takes, 0),
                _ => continue,
            };
            assert!(first + takes.len() <= target.params.len(), "{} with {}", info.symbol, rule.nparams);
            for take in takes {
                if let Take::Old(i) = take {
                    assert!(*i < rule.nparams, "{} with {}", info.symbol, rule.nparams);
                }
                if let Take::EnterOrDefault(i) | Take::EnterOrEmpty(i) = take {
                    assert!(usize::from(*i) < EVENTS[code - 1].params.len(), "{}", info.symbol);
                }
            }
        }
    }
    assert_eq!(count, 253);
}

/// Whatever form an event ever had, its conversion ends in a form of today or nowhere.
#[test]
fn every_rule_leads_to_the_current_table() {
    for (code, rules) in RULES.iter().enumerate() {
        for rule in *rules {
            let params = vec![&b"\x01\0\0\0\0\0\0\0"[..]; usize::from(rule.nparams)];
            let mut c = Converter::new();
            let (outcome, out) = run(&mut c, &event(EventType(code as u16), 7, &params)).expect("convertible");
            if outcome == Converted::Rewritten {
                let new = Event::parse(&out).expect("well formed");
                let info = new.info().expect("in the table");
                // Enter events of exec are old and still wanted: they announce the path.
                let wanted = info.status == EventStatus::Current || new.event_type().is_hidden();
                assert!(wanted, "{} becomes {}", EVENTS[code].symbol, info.symbol);
                assert_eq!(new.nparams(), info.params.len(), "{}", EVENTS[code].symbol);
            }
        }
    }
}

#[test]
fn exit_takes_the_parameters_of_its_enter() {
    let mut c = Converter::new();
    let fd = 5i64.to_le_bytes();
    let enter = event(EventType::SYSCALL_READ_E, 9, &[&fd, &4096u32.to_le_bytes()]);
    let exit = event(EventType::SYSCALL_READ_X, 9, &[&3i64.to_le_bytes(), b"abc"]);
    assert_eq!(run(&mut c, &enter), Ok((Converted::Dropped, vec![])));
    let (outcome, out) = run(&mut c, &exit).expect("convertible");
    assert_eq!(outcome, Converted::Rewritten);
    let new = Event::parse(&out).expect("well formed");
    assert_eq!((new.i64(0), new.param(1), new.i64(2), new.u32(3)), (Some(3), Some(&b"abc"[..]), Some(5), Some(4096)));
    // The enter event is used up: the next exit gets defaults.
    let (_, out) = run(&mut c, &exit).expect("convertible");
    let new = Event::parse(&out).expect("well formed");
    assert_eq!((new.i64(2), new.u32(3)), (Some(0), Some(0)));
}

#[test]
fn enter_of_another_call_is_an_error() {
    let mut c = Converter::new();
    let fd = 5i64.to_le_bytes();
    let enter = event(EventType::SYSCALL_CLOSE_E, 9, &[&fd]);
    assert_eq!(run(&mut c, &enter), Ok((Converted::Dropped, vec![])));
    let exit = event(EventType::SYSCALL_READ_X, 9, &[&3i64.to_le_bytes(), b"abc"]);
    assert!(matches!(
        run(&mut c, &exit),
        Err(ConvertError::WrongEnter { exit: "SYSCALL_READ_X", enter: "SYSCALL_CLOSE_E", tid: 9 })
    ));
    // Other threads and other recordings are not concerned.
    assert!(run(&mut c, &event(EventType::SYSCALL_READ_X, 8, &[&3i64.to_le_bytes(), b"abc"])).is_ok());
    c.reset();
    assert!(run(&mut c, &exit).is_ok());
}

#[test]
fn current_events_pass_untouched_and_foreign_forms_are_errors() {
    let mut c = Converter::new();
    let close = event(EventType::SYSCALL_CLOSE_X, 1, &[&0i64.to_le_bytes(), &3i64.to_le_bytes()]);
    assert_eq!(run(&mut c, &close), Ok((Converted::Unchanged, vec![])));
    let more = event(EventType::SYSCALL_CLOSE_X, 1, &[b"", b"", b""]);
    assert!(matches!(run(&mut c, &more), Err(ConvertError::TooManyParams { found: 3, known: 2, .. })));
    let odd = event(EventType::SYSCALL_READ_E, 1, &[b""]);
    assert!(matches!(run(&mut c, &odd), Err(ConvertError::NoRule { nparams: 1, .. })));
    let unused = event(EventType::PROCEXIT_X, 1, &[]);
    assert_eq!(run(&mut c, &unused), Ok((Converted::Dropped, vec![])));
}

#[test]
fn the_oldest_container_event_becomes_json() {
    let mut c = Converter::new();
    let old = event(EventType::CONTAINER_E, -1, &[b"3ad7b26ded6d\0", &0u32.to_le_bytes(), b"we\"b\0", b"nginx\0"]);
    let (_, out) = run(&mut c, &old).expect("convertible");
    let new = Event::parse(&out).expect("well formed");
    assert_eq!(new.event_type(), EventType::CONTAINER_JSON_2_E);
    let json: serde_json::Value = serde_json::from_slice(new.text(0).expect("text")).expect("JSON");
    assert_eq!(json["name"], "we\"b");
    assert_eq!(json["image"], "nginx");
    assert_eq!(json["type"], 0);
}

#[test]
fn waiting_events_of_a_hostile_file_take_bounded_memory() {
    let mut c = Converter::new();
    // 4 GiB in all, one thread id each: what waits must be forgotten on the way.
    let path = vec![b'a'; 60_000];
    let fd = 5i64.to_le_bytes();
    for tid in 0..4000 {
        let enter = event(EventType::SYSCALL_UNLINK_E, tid, &[&path]);
        assert_eq!(run(&mut c, &enter), Ok((Converted::Dropped, vec![])));
    }
    assert!(run(&mut c, &event(EventType::SYSCALL_UNLINK_X, 3999, &[&fd])).is_ok_and(|(_, out)| out.len() > 60_000));
    assert!(run(&mut c, &event(EventType::SYSCALL_UNLINK_X, 0, &[&fd])).is_ok_and(|(_, out)| out.len() < 100));
}
