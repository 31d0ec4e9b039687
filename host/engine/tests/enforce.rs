//! What the kernel is given to decide, held against the evaluation of the same conditions: random conditions on random events,
//! and cases of what does not qualify.

mod support;

use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::RuleSet;
use lanner_engine::enforce::{Ability, Action, KillEvent, Meaning, Plan, Subject, View, Views, When, lower};
use lanner_engine::naive;
use lanner_engine::parse::parse;
use lanner_engine::scheme::{EventKind, FieldInfo, FieldType, Scheme};
use lanner_engine::value::SlotTable;
use support::random::Random;
use support::{Datum, Event, FromEvent};

const EXECVE: u16 = 10;
const OPEN: u16 = 20;
const CREAT: u16 = 21;

static ABILITY: Ability = Ability {
    source: "syscall",
    events: &[
        KillEvent { name: "execve", codes: &[EXECVE], opens: false, flags: false },
        KillEvent { name: "open", codes: &[OPEN], opens: true, flags: true },
        KillEvent { name: "creat", codes: &[CREAT], opens: true, flags: false },
        KillEvent { name: "execveat", codes: &[], opens: false, flags: false },
    ],
    fields: &[
        ("proc.name", When::Always, Meaning::Text { subject: Subject::Name, path: false }),
        ("proc.exepath", When::Always, Meaning::Text { subject: Subject::Program, path: true }),
        ("fd.name", When::Opening, Meaning::Text { subject: Subject::File, path: true }),
        ("fd.directory", When::Opening, Meaning::Folder(Subject::File)),
        ("user.uid", When::Always, Meaning::Number(Subject::User)),
        ("container.id", When::Always, Meaning::Whether { other: Subject::Container, text: "host" }),
        ("evt.is_open_read", When::Always, Meaning::Flag(Subject::Reads)),
        ("fd.typechar", When::Opening, Meaning::Either { subject: Subject::Folder, yes: "d", no: "f" }),
        ("evt.dir", When::Always, Meaning::Fixed("<")),
        ("evt.failed", When::Always, Meaning::False),
        ("fd.num", When::Opening, Meaning::NotNegative),
    ],
};

fn scheme() -> Arc<Scheme> {
    let mut builder = Scheme::builder("syscall");
    for (name, ty) in [
        ("evt.type", FieldType::Charbuf),
        ("proc.name", FieldType::Charbuf),
        ("proc.exepath", FieldType::Charbuf),
        ("proc.cmdline", FieldType::Charbuf),
        ("fd.name", FieldType::Charbuf),
        ("fd.directory", FieldType::Charbuf),
        ("fd.typechar", FieldType::Charbuf),
        ("container.id", FieldType::Charbuf),
        ("evt.dir", FieldType::Charbuf),
        ("user.uid", FieldType::Uint32),
        ("fd.num", FieldType::Int64),
        ("evt.is_open_read", FieldType::Bool),
        ("evt.failed", FieldType::Bool),
    ] {
        builder.field(FieldInfo::new(name, ty)).unwrap();
    }
    for (code, name) in [(EXECVE, "execve"), (OPEN, "open"), (CREAT, "creat"), (30, "execveat"), (40, "close")] {
        builder.event(EventKind { code, name: name.into(), dynamic: false, every_rule: false }).unwrap();
    }
    builder.build()
}

const NAMES: [&str; 4] = ["bash", "sh", "nginx", "ba"];
const PATHS: [&str; 9] =
    ["/etc/shadow", "/etc/ssl/a", "/etc", "/etcetera", "/tmp/x", "/x", "/etc/shadow/deep", "/tmp", "/usr/bin/bash"];
const FOLDERS: [&str; 5] = ["/etc", "/tmp", "/", "/etc/ssl", "/usr/bin"];

fn list(r: &mut Random, of: &[&str]) -> String {
    let items: Vec<&str> = (0..r.below(4)).map(|_| r.pick(of)).collect();
    format!("({})", items.join(", "))
}

fn check(r: &mut Random) -> String {
    let path = |r: &mut Random, field: &str| match r.below(6) {
        0 => format!("{field} in {}", list(r, &PATHS)),
        1 => format!("{field} pmatch {}", list(r, &PATHS)),
        2 => format!("{field} pmatch (etc//, /tmp/)"),
        3 => format!("{field} exists"),
        _ => format!("{field} {} {}", r.pick(&["=", "!=", "startswith"]), r.pick(&PATHS)),
    };
    match r.below(15) {
        0 => format!("proc.name in {}", list(r, &NAMES)),
        1 => format!("proc.name {} {}", r.pick(&["=", "!=", "startswith"]), r.pick(&NAMES)),
        2 => path(r, "proc.exepath"),
        3..=5 => path(r, "fd.name"),
        6 => format!("fd.directory {} {}", r.pick(&["=", "!="]), r.pick(&["/etc", "/", "/tmp/", "etc", "/etc/ssl"])),
        7 => format!("fd.directory in {}", list(r, &FOLDERS)),
        8 => format!("user.uid {} {}", r.pick(&["=", "!="]), r.below(3)),
        9 => format!("container.id {} host", r.pick(&["=", "!="])),
        10 => format!("evt.is_open_read {} {}", r.pick(&["=", "!="]), r.pick(&["true", "false"])),
        11 => format!("fd.typechar {}", r.pick(&["= f", "= d", "!= f", "in (f, d)", "= x", "!= x"])),
        12 => r
            .pick(&["evt.dir = <", "evt.dir = >", "evt.dir != <", "evt.failed = false", "evt.failed = true"])
            .to_owned(),
        13 => r.pick(&["fd.num >= 0", "fd.num < 0", "fd.num > -1", "fd.num = -1", "fd.num != -1"]).to_owned(),
        _ => format!("evt.type {} {}", r.pick(&["=", "!="]), r.pick(&["execve", "open", "creat"])),
    }
}

fn condition(r: &mut Random, depth: usize) -> String {
    match r.below(if depth == 0 { 1 } else { 6 }) {
        1 | 2 => format!("({} and {})", condition(r, depth - 1), condition(r, depth - 1)),
        3 => format!("({} or {})", condition(r, depth - 1), condition(r, depth - 1)),
        4 => format!("not ({})", condition(r, depth - 1)),
        _ => check(r),
    }
}

/// An event and what the kernel sees of it. What it sees is a value of the event; `all`: it sees everything.
fn event(r: &mut Random, all: bool) -> (Event, Views) {
    let mut event = Event { code: [EXECVE, OPEN, CREAT][r.below(3)], ..Event::default() };
    let mut views = Views::default();
    let opens = event.code != EXECVE;
    let text = |text: &str| vec![Datum::Bytes(text.as_bytes().to_vec())];
    event
        .values
        .insert("evt.type".into(), text(["execve", "open", "creat"][usize::from(event.code % 10 + event.code / 20)]));
    event.values.insert("evt.dir".into(), text("<"));
    event.values.insert("evt.failed".into(), vec![Datum::Number(0)]);
    let seen = |r: &mut Random| all || r.below(5) > 0;
    let mut see = |subject: Subject, value: &[u8]| {
        views[usize::from(subject.number())] = Some(View { value: value.to_vec(), given: None });
    };
    let (name, exe, file) = (r.pick(&NAMES).to_owned(), r.pick(&PATHS).to_owned(), r.pick(&PATHS).to_owned());
    let (uid, container) = (r.below(3), r.below(2));
    let (reads, folder) = (r.below(2), r.below(2));
    // What is not seen may be missing in the event as well.
    for (subject, bytes, entries) in [
        (Subject::Name, name.as_bytes().to_vec(), vec![("proc.name", text(&name))]),
        (Subject::Program, exe.as_bytes().to_vec(), vec![("proc.exepath", text(&exe))]),
        (Subject::User, (uid as u32).to_ne_bytes().to_vec(), vec![("user.uid", vec![Datum::Number(uid as u64)])]),
        (Subject::Container, vec![container as u8], vec![("container.id", text(["host", "abc123abc123"][container]))]),
        (
            Subject::Reads,
            vec![reads as u8],
            vec![("evt.is_open_read", vec![Datum::Number(if event.code == OPEN { reads as u64 } else { 0 })])],
        ),
    ] {
        let sees = seen(r);
        if sees {
            see(subject, &bytes);
        }
        // The flags of an open always have a value.
        if sees || r.below(2) == 0 || subject == Subject::Reads {
            event.values.extend(entries.into_iter().map(|(name, values)| (name.to_owned(), values)));
        }
    }
    if opens {
        event.values.insert("fd.num".into(), vec![Datum::Number(r.below(9) as u64)]);
        let at = file.rfind('/').unwrap_or(0);
        if seen(r) {
            see(Subject::File, file.as_bytes());
            event.values.insert("fd.name".into(), text(&file));
            event.values.insert("fd.directory".into(), text(&file[..at.max(1)]));
        }
        let folder = if event.code == OPEN { folder } else { 0 };
        if seen(r) {
            see(Subject::Folder, &[folder as u8]);
        }
        event.values.insert("fd.typechar".into(), text(["f", "d"][folder]));
    }
    (event, views)
}

#[test]
fn what_the_kernel_says_yes_to_the_engine_says_yes_to() {
    let scheme = scheme();
    let r = &mut Random(0x9e37_79b9_7f4a_7c15);
    let (mut qualified, mut yes, mut exact) = (0, 0, 0);
    for _ in 0..4000 {
        let text = format!("evt.type in (execve, open, creat) and proc.name in (bash, sh) and {}", condition(r, 4));
        let expr = parse(&text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
        let condition = Condition::check(&expr, &scheme).unwrap_or_else(|e| panic!("{text}: {e}"));
        let Ok(program) = lower(&expr, &condition, &scheme, &ABILITY) else { continue };
        qualified += 1;
        let mut plan = Plan::default();
        assert_eq!(plan.add(&program), Ok(0), "{text}");
        let set = RuleSet::compile(&[&condition], Arc::clone(&scheme), SlotTable::new());
        let mut slots = set.slots().clone();
        for round in 0..40 {
            let all = round % 2 == 0;
            let (event, views) = event(r, all);
            let killed = plan.decide(event.code, &views).is_some();
            let mut extract = FromEvent::new(&event, &scheme, set.slots());
            let matches = naive::evaluate(&condition, &scheme, &mut slots, &mut extract);
            assert!(!killed || matches, "{text}\n on {:?}\n {views:?}", event.values);
            yes += usize::from(killed);
            // Where it sees everything it misses nothing either.
            assert!(!all || killed == matches, "missed: {text}\n on {:?}\n {views:?}", event.values);
            exact += usize::from(all && killed);
        }
    }
    assert!(qualified > 800 && yes > 4000 && exact > 2500, "{qualified} {yes} {exact}");
}

fn why(text: &str) -> String {
    let scheme = scheme();
    let expr = parse(text, 0).unwrap();
    let condition = Condition::check(&expr, &scheme).unwrap();
    match lower(&expr, &condition, &scheme, &ABILITY) {
        Ok(program) => format!("qualifies: {:?}", program.events.iter().map(|(code, _)| code).collect::<Vec<_>>()),
        Err(why) => format!("{} | {}", &text[why.span.range()], why.reason),
    }
}

#[test]
fn what_does_not_qualify_is_told_with_its_place() {
    for (text, want) in [
        ("proc.name = bash", "proc.name = bash | the condition is not restricted"),
        (
            "evt.type in (open, close) and proc.name = x",
            "the condition is not restricted to events at which the kernel can kill: it can be true at close",
        ),
        (
            "evt.type = open and proc.cmdline contains x",
            "proc.cmdline contains x | the kernel does not have the value of 'proc.cmdline'",
        ),
        (
            "evt.type = execve and fd.name = /x",
            "fd.name = /x | at execve the kernel does not have the value of 'fd.name'",
        ),
        (
            "evt.type = open and fd.name contains x",
            "fd.name contains x | the kernel cannot compare 'fd.name' with 'contains'",
        ),
        (
            "evt.type = open and proc.name pmatch (/x)",
            "proc.name pmatch (/x) | the kernel cannot compare 'proc.name' with 'pmatch'",
        ),
        ("evt.type = open and fd.name pmatch (/x*)", "without wildcards"),
        (
            "evt.type = open and container.id = abc",
            "container.id = abc | of 'container.id' the kernel only knows whether it is 'host'",
        ),
        (
            "evt.type = open and tolower(proc.name) = x",
            "tolower(proc.name) = x | the kernel compares fields as they are, without 'tolower'",
        ),
        (
            "evt.type = open and proc.name = val(fd.name)",
            "proc.name = val(fd.name) | the kernel compares fields with constants only",
        ),
        ("evt.type = open and proc.name = allof (x, y)", "the kernel does not know 'allof'"),
        ("evt.type = open and user.uid > 5", "user.uid > 5 | the kernel cannot compare 'user.uid' with '>'"),
        ("evt.type = open", "at open this would kill every process but those"),
        ("evt.type = open and not proc.name = x", "at open this would kill every process but those"),
        ("evt.type = open and container.id = host and user.uid = 0", "at open this would kill every process but those"),
        ("evt.type = open and fd.name startswith /", "at open this would kill every process but those"),
        (
            "evt.type = open and (proc.name = x or evt.is_open_read = true)",
            "at open this would kill every process but those",
        ),
        ("evt.type = execveat and proc.name = x", "the condition is never true at an event"),
        ("evt.type = open and proc.name = x and evt.failed = true", "the condition is never true at an event"),
        ("evt.type = creat and proc.name = x and evt.is_open_read = true", "the condition is never true at an event"),
    ] {
        let found = why(text);
        assert!(found.contains(want), "{text}: {found}");
    }
    let long = format!("evt.type = open and fd.directory = /{}", "x".repeat(254));
    assert!(why(&long).contains("texts of up to 255 bytes, this one has 256"), "{}", why(&long));
    let wide: Vec<String> = (0..6).map(|i| format!("(proc.name = a{i} or fd.name = /a{i})")).collect();
    assert!(why(&format!("evt.type = open and {}", wide.join(" and "))).contains("more than 32 combinations"));
}

#[test]
fn what_qualifies_is_folded_by_event() {
    for (text, want) in [
        ("evt.type = open and proc.name = x", "qualifies: [20]"),
        ("evt.type in (execve, execveat) and proc.name = x", "qualifies: [10]"),
        ("evt.type in (open, creat) and evt.is_open_read = true and proc.name = x", "qualifies: [20]"),
        ("(evt.type = execve and proc.exepath = /x) or (evt.type = open and fd.name = /x)", "qualifies: [10, 20]"),
        // At execve the part about files is false whatever it says.
        (
            "(evt.type = execve or fd.name startswith /tmp) and evt.type in (execve, open) and proc.name = x",
            "qualifies: [10, 20]",
        ),
        ("evt.type = execve and container.id != host", "qualifies: [10]"),
        (
            "evt.type = open and evt.dir = < and fd.num >= 0 and fd.typechar = f and fd.name pmatch (/etc)",
            "qualifies: [20]",
        ),
    ] {
        assert_eq!(why(text), want, "{text}");
    }
}

fn plan(text: &str) -> Plan {
    let scheme = scheme();
    let expr = parse(text, 0).unwrap();
    let condition = Condition::check(&expr, &scheme).unwrap();
    let mut plan = Plan::default();
    plan.add(&lower(&expr, &condition, &scheme, &ABILITY).unwrap()).unwrap();
    plan
}

#[test]
fn a_path_is_spared_by_what_it_is_and_by_what_it_was_called() {
    let plan = plan("evt.type = open and fd.name startswith /etc/ and not fd.name startswith /etc/ssl/");
    let decide = |value: &str, given: Option<&str>| {
        let mut views = Views::default();
        let given = given.map(|given| given.as_bytes().to_vec());
        views[usize::from(Subject::File.number())] = Some(View { value: value.as_bytes().to_vec(), given });
        plan.decide(OPEN, &views).is_some()
    };
    assert!(decide("/etc/shadow", None));
    // The file counts, however it was called.
    assert!(decide("/etc/shadow", Some("/tmp/link")));
    assert!(!decide("/etc/ssl/key", Some("/tmp/link")) && !decide("/tmp/link", Some("/etc/shadow")));
    // Spared by name.
    assert!(!decide("/etc/shadow", Some("/etc/ssl/link")));
}

#[test]
fn who_is_protected_is_not_killed_and_there_is_only_so_much_room() {
    let mut plan = plan("evt.type = execve and proc.exepath startswith /tmp/");
    let name = plan_test("evt.type = execve and proc.name in (sshd, kubelet)");
    plan.protect(vec![name]).unwrap();
    let mut views = Views::default();
    let mut see = |subject: Subject, value: &str| {
        views[usize::from(subject.number())] = Some(View { value: value.as_bytes().to_vec(), given: None });
    };
    see(Subject::Program, "/tmp/x");
    see(Subject::Name, "x");
    assert_eq!(plan.decide(EXECVE, &views).map(|verdict| verdict.action), Some(Action::Kill));
    views[usize::from(Subject::Name.number())] = Some(View { value: b"sshd".to_vec(), given: None });
    assert_eq!(plan.decide(EXECVE, &views).map(|verdict| verdict.action), Some(Action::Spare));
    let scheme = scheme();
    let before = plan.clone();
    let full = (0..100).find_map(|i| {
        let expr = parse(&format!("evt.type = execve and proc.name = p{i}"), 0).unwrap();
        let condition = Condition::check(&expr, &scheme).unwrap();
        plan.add(&lower(&expr, &condition, &scheme, &ABILITY).unwrap()).err()
    });
    assert_eq!(
        full.map(|full| full.to_string()).as_deref(),
        Some("there is room for 64 distinct comparisons over all rules that kill")
    );
    assert_eq!((plan.tests.len(), before.tests.len()), (64, 2), "what does not fit leaves nothing behind");
}

fn plan_test(text: &str) -> lanner_engine::enforce::Test {
    plan(text).tests.remove(0)
}
