//! What is observed follows the rules while a source is open.

use std::process::Command;
use std::time::{Duration, Instant};

use lanner::plugin::{Inspector, LoadedLibrary, Open, Pull, Wish};
use lanner_plugin_api::schema::EventType;
use lanner_syscall::PLUGIN_API;
use lanner_syscall::live::Settings;
use lanner_tests::live::can_watch;
use lanner_tests::plugins::empty_set;

/// Codes of the events of these names.
fn codes(names: &[&str]) -> Vec<u16> {
    let all = lanner_plugin_api::schema::EVENTS.iter().filter(|event| names.contains(&event.name));
    all.map(|event| event.code.0).collect()
}

/// Runs the program until an event of this name has the path among its parameters; says which other events had it.
fn until_seen(inspector: &mut Inspector, program: &str, path: &str, name: &str) -> Vec<&'static str> {
    let end = Instant::now() + Duration::from_secs(60);
    let mut others = Vec::new();
    let text = path.as_bytes();
    loop {
        assert!(Instant::now() < end, "{name} was not seen, but {others:?}");
        assert!(
            !Command::new(program).arg(path).output().unwrap().status.success(),
            "{path} cannot be made nor removed"
        );
        let quiet = Instant::now() + Duration::from_secs(2);
        while Instant::now() < quiet {
            let Ok(Pull::Event(event)) = inspector.parts().0.next() else { continue };
            if !event.bytes().windows(text.len()).any(|at| at == text) {
                continue;
            }
            match EventType(event.ty()).info().map_or("", |info| info.name) {
                found if found == name => return others,
                other => others.push(other),
            }
        }
    }
}

#[test]
fn an_open_source_observes_what_new_rules_ask_for() {
    if !can_watch() {
        return;
    }
    let (mut set, _) = empty_set();
    let library = LoadedLibrary::builtin(&PLUGIN_API).unwrap();
    let source = set.add(&library, "").unwrap();
    let (making, removing) = (["mkdir", "mkdirat"], ["rmdir", "unlinkat"]);
    let custom_set = vec!["sched_process_exit".to_owned()];
    let settings = Settings { events: Some(codes(&making)), custom_set, ..Settings::default() };
    let params = settings.to_params();
    let mut inspector =
        Inspector::open(set, Open { source, params: &params, recorded: false, event_schema: None }).unwrap();
    let others = until_seen(&mut inspector, "mkdir", "/nowhere/want-made", "mkdir");
    assert!(others.is_empty(), "{others:?}");
    inspector.parts().0.want_events(Wish::of_codes(codes(&removing)));
    let others = until_seen(&mut inspector, "rmdir", "/nowhere/want-gone", "rmdir");
    assert!(others.is_empty(), "{others:?}");
    // What nobody asks for any more is not observed: the next thing that is seen of the path is its removal.
    assert!(!Command::new("mkdir").arg("/nowhere/want-last").output().unwrap().status.success());
    let others = until_seen(&mut inspector, "rmdir", "/nowhere/want-last", "rmdir");
    assert!(others.is_empty(), "{others:?}");
}
