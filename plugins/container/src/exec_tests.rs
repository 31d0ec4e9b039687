//! Sessions and processes are brought together by container, command and time.

use super::*;

const SECOND: u64 = 1_000_000_000;
const T0: u64 = 1_000 * SECOND;
const WEB: Place<'static> = Place { namespace: "shop", pod: "web-0", container: Some("web") };

fn session(id: &str, user: &str, command: &[&str], begin: u64) -> Session {
    Session {
        audit_id: id.into(),
        manner: if command.is_empty() { Manner::Attach } else { Manner::Exec },
        namespace: "shop".into(),
        pod: "web-0".into(),
        container: None,
        command: command.iter().map(|word| (*word).into()).collect(),
        user: user.into(),
        groups: vec!["all".into(), format!("of-{user}").into()],
        impersonated_user: None,
        begin,
        end: None,
        failed: false,
    }
}

fn line(words: &[&str]) -> Line {
    words.iter().map(|word| word.as_bytes().into()).collect()
}

fn web(container: &CStr, _: &CStr) -> Option<Place<'static>> {
    (container == c"c1").then_some(WEB)
}

/// A process comes into the container.
fn enter(execs: &mut Execs, words: &[&str], at: u64) -> u64 {
    execs.entered(0, c"c1", c"", line(words), at, Some(WEB))
}

fn user(execs: &Execs, number: u64) -> &str {
    execs.who(number).map_or("", |who| who.user.to_str().unwrap())
}

#[test]
fn in_whatever_order_they_are_told() {
    let mut execs = Execs::default();
    execs.told(session("a", "jane", &["sh"], T0), web);
    let first = enter(&mut execs, &["sh"], T0 + SECOND / 5);
    assert_eq!(user(&execs, first), "jane");
    // The next one with the same command is not hers: hers has its process.
    let second = enter(&mut execs, &["sh"], T0 + 4 * SECOND);
    assert_eq!(user(&execs, second), "");
    execs.told(session("b", "bob", &["sh"], T0 + 4 * SECOND - 10), web);
    assert_eq!(user(&execs, second), "bob");
    assert_eq!((execs.matched, execs.ambiguous), (2, 0));
    let who = execs.who(second).unwrap();
    assert_eq!(who.groups, [c"all".to_owned(), c"of-bob".to_owned()]);
    assert_eq!((who.audit_id.as_c_str(), &who.impersonated), (c"b", &None));
}

#[test]
fn what_does_not_fit_is_nobodys() {
    let mut execs = Execs::default();
    let elsewhere = Session { pod: "web-1".into(), ..session("a", "jane", &["sh"], T0) };
    let sidecar = Session { container: Some("proxy".into()), ..session("b", "jane", &["sh"], T0) };
    let failed = Session { failed: true, ..session("c", "jane", &["sh"], T0) };
    for session in [
        elsewhere,
        sidecar,
        failed,
        session("d", "jane", &["bash"], T0),
        session("e", "jane", &["sh"], T0 + 3 * SECOND),
        session("f", "jane", &["sh"], T0 - 31 * SECOND),
    ] {
        execs.told(session, web);
    }
    let number = enter(&mut execs, &["sh"], T0);
    assert_eq!(user(&execs, number), "");
    let other = execs.entered(0, c"c2", c"", line(&["bash"]), T0, None);
    assert_eq!(user(&execs, other), "");
}

#[test]
fn a_request_that_is_refused_later_is_taken_back() {
    let mut execs = Execs::default();
    execs.told(session("a", "eve", &["sh"], T0), web);
    execs.told(Session { failed: true, end: Some(T0 + 5), ..session("a", "eve", &["sh"], T0) }, web);
    let number = enter(&mut execs, &["sh"], T0 + SECOND);
    assert_eq!(user(&execs, number), "");
}

#[test]
fn several_people_at_once_are_all_named() {
    let mut execs = Execs::default();
    execs.told(session("a", "jane", &["sh"], T0), web);
    execs.told(session("b", "bob", &["sh"], T0 + SECOND / 2), web);
    let early = enter(&mut execs, &["sh"], T0 + SECOND);
    assert_eq!(user(&execs, early), "jane or bob");
    assert_eq!(execs.who(early).unwrap().groups.len(), 3);
    // The same the other way round: both processes are there before anybody is told of.
    let mut execs = Execs::default();
    let (one, two) = (enter(&mut execs, &["sh"], T0), enter(&mut execs, &["sh"], T0 + SECOND / 2));
    execs.told(session("a", "jane", &["sh"], T0 - 9), web);
    execs.told(session("b", "bob", &["sh"], T0 + SECOND / 3), web);
    assert_eq!((user(&execs, one), user(&execs, two)), ("jane or bob", "jane or bob"));
    assert_eq!(execs.ambiguous, 2);
    // The same person twice is no question.
    let mut execs = Execs::default();
    execs.told(session("a", "jane", &["sh"], T0), web);
    execs.told(session("b", "jane", &["sh"], T0 + 1), web);
    let (one, two) = (enter(&mut execs, &["sh"], T0 + 2), enter(&mut execs, &["sh"], T0 + 3));
    assert_eq!((user(&execs, one), user(&execs, two)), ("jane", "jane"));
}

#[test]
fn a_process_is_what_its_command_became() {
    let is = |words: &[&str], command: &[&str]| {
        let command: Vec<Box<str>> = command.iter().map(|word| (*word).into()).collect();
        is_command(&line(words), &command)
    };
    assert!(is(&["sh", "-c", "a b"], &["sh", "-c", "a b"]));
    assert!(is(&["/bin/sh", "/usr/local/bin/backup", "now"], &["backup", "now"]), "a script");
    assert!(is(&["/usr/bin/env", "python3", "/srv/x"], &["/srv/x"]), "a script by env");
    for (words, command) in [
        (&["sh"][..], &["sh", "-c"][..]),
        (&["sh", "-c", "b"], &["sh", "-c", "a"]),
        (&["/bin/sh", "notbackup"], &["backup"]),
        (&["a", "b", "c", "x"], &["x"]),
        (&[], &["x"]),
        (&["x"], &[]),
    ] {
        assert!(!is(words, command), "{words:?} {command:?}");
    }
    let long = "y".repeat(5000);
    assert!(is(&["sh", "-c", &long[..4080]], &["sh", "-c", &long]), "cut off");
    assert!(!is(&["sh", "-c", &long[..3000]], &["sh", "-c", &long]), "too short to have been cut");
    // The runtime's own line comes first.
    let mut execs = Execs::default();
    let number = enter(&mut execs, &["runc", "init"], T0);
    execs.told(session("a", "jane", &["id"], T0), web);
    assert_eq!(user(&execs, number), "");
    assert_eq!(execs.entered(number, c"c1", c"", line(&["id"]), T0 + 9, Some(WEB)), number);
    assert_eq!(user(&execs, number), "jane");
    // What it runs afterwards is still hers.
    assert_eq!(execs.entered(number, c"c1", c"", line(&["ls"]), T0 + SECOND, Some(WEB)), number);
    assert_eq!(user(&execs, number), "jane");
}

#[test]
fn a_container_may_become_known_later() {
    let mut execs = Execs::default();
    execs.told(session("a", "jane", &["sh"], T0), web);
    let number = execs.entered(0, c"c1", c"", line(&["sh"]), T0, None);
    assert_eq!(user(&execs, number), "");
    execs.located(c"c1", WEB);
    assert_eq!(user(&execs, number), "jane");
}

#[test]
fn what_is_attached_to_has_its_processes_while_it_lasts() {
    let mut execs = Execs::default();
    assert!(!execs.is_attached());
    execs.told(session("a", "jane", &[], T0), web);
    assert!(execs.is_attached());
    assert_eq!(execs.inside(c"c1", T0, None), 0);
    let elsewhere = Place { pod: "other", ..WEB };
    assert_eq!(execs.inside(c"c9", T0 + 1, Some(elsewhere)), 0);
    let number = execs.inside(c"c1", T0 + 1, Some(WEB));
    assert_eq!(user(&execs, number), "jane");
    execs.told(Session { end: Some(T0 + 5), ..session("a", "jane", &[], T0) }, web);
    assert!(!execs.is_attached());
    assert_eq!(execs.inside(c"c1", T0 + 9, Some(WEB)), 0);
}

#[test]
fn what_is_kept_has_an_end() {
    let mut execs = Execs::default();
    for n in 0..ENTRIES as u64 {
        let number = enter(&mut execs, &["probe"], T0 + n);
        execs.inherited(number);
        execs.ended(number, T0 + n);
        if n % 2 == 0 {
            execs.ended(number, T0 + n);
        }
    }
    enter(&mut execs, &["probe"], T0 + 300 * SECOND);
    assert_eq!((execs.len(), execs.evicted), (ENTRIES / 2 + 1, 0), "who has ended long ago goes");
    for n in 0..ENTRIES as u64 {
        enter(&mut execs, &["probe"], T0 + 300 * SECOND + n);
    }
    assert_eq!(execs.len(), ENTRIES);
    assert_eq!(execs.evicted, ENTRIES as u64 / 2 + 1);
    for n in 0..2 * SESSIONS {
        execs.told(session(&n.to_string(), "jane", &[], T0), web);
    }
    assert_eq!((execs.sessions.len(), execs.attached), (SESSIONS, SESSIONS));
    execs.watched = true;
    let number = enter(&mut execs, &["sh"], T0);
    assert!(execs.may_come(number, T0 + SECOND) && !execs.may_come(number, T0 + 31 * SECOND));
}
