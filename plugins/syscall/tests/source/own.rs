//! The agent's own events.

use std::process::Command;

use lanner_syscall::live::{Live, Settings};

use crate::child::{fork, is_end, names, open, until, wait};

const INSIDE: &str = "LANNER_TEST_INSIDE";

/// In a pid namespace the agent does not know the number that the kernel has for it.
#[test]
fn the_agent_is_left_out_and_its_children_are_not() {
    if !crate::can_watch() {
        return;
    }
    watch_oneself();
    let test = ["--exact", "own::inside_a_namespace", "--ignored", "--nocapture", "--test-threads=1"];
    let mut inside = Command::new("unshare");
    inside.args(["--pid", "--fork", "--kill-child"]).arg(std::env::current_exe().unwrap()).args(test);
    let output = inside.env(INSIDE, "yes").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by the test above, in a namespace"]
fn inside_a_namespace() {
    if std::env::var_os(INSIDE).is_some() {
        assert!(std::process::id() < 10, "a namespace of its own");
        watch_oneself();
    }
}

fn watch_oneself() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        let path = folder.path().join(name).into_os_string().into_encoded_bytes();
        std::ffi::CString::new(path).unwrap()
    };
    let (by_agent, by_thread, by_child) = (path("agent"), path("thread"), path("child"));
    let settings = Settings { cpus_for_each_buffer: 0, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    open(&by_agent);
    std::thread::scope(|scope| drop(scope.spawn(|| open(&by_thread))));
    // What a child does comes after what the agent did before: once it has been seen, the agent's would have been.
    let child = fork(|| open(&by_child));
    wait(child);
    let (mut own, mut childs, mut tid) = (0, 0, None);
    until(&mut live, "the child", |event| {
        own += usize::from(names(event, &by_agent) || names(event, &by_thread));
        if names(event, &by_child) {
            childs += 1;
            tid = Some(event.tid());
        }
        tid.is_some_and(|tid| is_end(event, tid))
    });
    assert_eq!(own, 0, "the agent's own calls");
    assert!(childs > 0);
}
