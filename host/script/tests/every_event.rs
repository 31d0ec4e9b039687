//! Every event of the schema that a script can make: with nothing but defaults, and with every parameter said.

mod common;

use lanner_plugin_api::schema::{EVENTS, EventCategory, EventInfo, EventStatus, ParamExtra, ParamInfo, ParamType as T};
use lanner_script::step_names;
use serde_json::{Map, Value, json};

fn world() -> Value {
    json!({"processes": [{"as": "main", "exe": "/usr/bin/main"}]})
}

/// What a step cannot leave out.
fn smallest(name: &str) -> Value {
    match name {
        "execve" | "execveat" | "spawn" => json!({"exe": "/bin/id"}),
        "generic" | "syscall" => json!({"syscall": "getpid"}),
        _ => Value::Null,
    }
}

#[test]
fn every_name_makes_an_event_with_defaults_alone() {
    let names = step_names();
    assert!(names.len() > 400, "{} names", names.len());
    for name in names {
        let events = [json!({ name: smallest(name) })];
        let (shown, steps) = common::play(&world(), &events, &["evt.type", "proc.name"]);
        assert_eq!(steps.len(), 1, "{name}");
        let of_step: Vec<_> = shown.iter().filter(|s| steps[0].contains(&s.num)).collect();
        assert!(!of_step.is_empty(), "{name}: rules see no event");
        assert!(shown.len() == of_step.len(), "{name}: rules see an event that no step has made");
        let ty = of_step[0].get(0).unwrap_or_default();
        // Calls that share an event show the event's name, async events their own.
        let same = ty == name || EVENTS.iter().any(|e| e.name == ty);
        let own = matches!((name, ty), ("generic" | "syscall", "getpid") | ("asyncevent", "notice"));
        assert!(same || own, "{name} became {ty}");
    }
}

fn is_plain(info: &EventInfo) -> bool {
    let category =
        matches!(info.category, EventCategory::Syscall | EventCategory::Tracepoint | EventCategory::Metaevent);
    let own = ["execve", "execveat", "clone", "clone3", "fork", "vfork", "procexit", "syscall"];
    // Of calls the exit is what a step makes.
    let exit = info.category != EventCategory::Syscall || info.code.is_exit();
    category && exit && info.status == EventStatus::Current && !own.contains(&info.name) && info.name != "drop"
}

/// A value of a parameter that is no default, and what `evt.arg` shows of it.
fn telling(param: &ParamInfo) -> Option<(Value, String)> {
    if let ParamExtra::Flags(table) = param.extra {
        let one = table.entries.iter().find(|e| e.value != 0 && e.value < 128)?;
        return Some((json!(one.name), one.name.to_owned()));
    }
    Some(match param.ty {
        T::Charbuf | T::Fspath | T::Fsrelpath => (json!("/x/y"), "/x/y".to_owned()),
        T::Bytebuf => (json!("abc"), "abc".to_owned()),
        T::Errno => (json!("EPERM"), "EPERM".to_owned()),
        T::Sigtype => (json!("SIGHUP"), "SIGHUP".to_owned()),
        T::Pid => (json!("init"), "init".to_owned()),
        T::Sockaddr => (json!("1.2.3.4:5"), "1.2.3.4:5".to_owned()),
        T::Socktuple => (json!("1.2.3.4:5->6.7.8.9:10"), "1.2.3.4:5->6.7.8.9:10".to_owned()),
        T::Uid => (json!("www-data"), "www-data".to_owned()),
        T::Gid => (json!("www-data"), "www-data".to_owned()),
        T::Fd => (json!("stdout"), "1".to_owned()),
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::Uint8 | T::Uint16 | T::Uint32 | T::Uint64 => {
            (json!(7), "7".to_owned())
        }
        _ => return None,
    })
}

#[test]
fn every_parameter_shows_what_was_asked() {
    let (mut events, mut params) = (0, 0);
    for info in EVENTS.iter().filter(|e| is_plain(e)) {
        // The result has tests of its own: what it is decides whether other parameters are believed.
        let said: Vec<_> =
            info.params.iter().skip(1).filter_map(|p| telling(p).map(|(value, text)| (p.name, value, text))).collect();
        let body: Map<String, Value> =
            said.iter().map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect();
        // What a descriptor shows as changes with what the call does to it; its number does not.
        let is_fd = |name: &str| info.param_by_name(name).is_some_and(|(_, p)| p.ty == T::Fd);
        let field = |name: &str| if is_fd(name) { "evt.rawarg" } else { "evt.arg" };
        let names: Vec<String> = said.iter().map(|(name, ..)| format!("{}.{name}", field(name))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = common::last(&world(), &[json!({ info.name: body })], &names);
        for ((name, _, expected), found) in said.iter().zip(&found) {
            let found = found.as_deref().unwrap_or("nothing");
            assert!(found.contains(expected.as_str()), "{}.{name}: {found} instead of {expected}", info.name);
            params += 1;
        }
        events += 1;
    }
    assert!(events > 150 && params > 350, "{events} events, {params} parameters");
}

#[test]
fn results_by_number_and_by_name() {
    for info in EVENTS.iter().filter(|e| is_plain(e) && e.category == EventCategory::Syscall) {
        let Some(first) = info.params.first() else { continue };
        if !matches!(first.ty, T::Errno | T::Fd | T::Pid | T::Int64) {
            continue;
        }
        let event = json!({ info.name: {}, "result": "EPERM" });
        let found = common::last(&world(), &[event], &["evt.rawres", "evt.res", "evt.failed"]);
        let expected = ["-1", "EPERM", "true"].map(|t| Some(t.to_owned()));
        assert_eq!(found, expected, "{}", info.name);
    }
}

#[test]
fn the_same_script_makes_the_same_bytes() {
    let events = [json!({"spawn": {"exe": "/bin/nc"}}), json!({"connect": {"to": "1.2.3.4:5"}})];
    let record = || lanner_script::record(&world(), &events).expect("a good script");
    assert_eq!(record(), record());
}
