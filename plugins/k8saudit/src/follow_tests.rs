use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use lanner_plugin_api::sdk::Log;

use crate::files::MAX_LINE;
use crate::follow::{Follow, Grown, Position};

fn append(path: &Path, text: &str) {
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn open(log: &Path, position: Option<&Path>) -> Follow {
    Follow::open(log, position, Log::silent()).unwrap()
}

/// Lines until nothing has come for a while that is longer than the time a renamed file is given.
fn drain(follow: &mut Follow) -> (Vec<String>, Option<Position>) {
    let (mut lines, mut last, mut quiet) = (Vec::new(), None, Instant::now());
    while quiet.elapsed() < Duration::from_millis(900) {
        match follow.next_line().unwrap() {
            Grown::Line(line, position) => {
                lines.push(String::from_utf8(line).unwrap());
                last = Some(position);
                quiet = Instant::now();
            }
            Grown::TooLong(_, position) => {
                lines.push("too long".to_owned());
                last = Some(position);
                quiet = Instant::now();
            }
            Grown::Nothing => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    (lines, last)
}

#[test]
fn only_complete_lines_and_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    append(&log, "old\n");
    let mut follow = open(&log, None);
    append(&log, "a\n\nb");
    assert_eq!(drain(&mut follow).0, ["a"]);
    append(&log, "c\n");
    assert_eq!(drain(&mut follow).0, ["bc"]);
}

#[test]
fn rotation_loses_nothing_not_even_a_line_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    let mut follow = open(&log, None);
    append(&log, "a\n");
    assert_eq!(drain(&mut follow).0, ["a"]);
    // Two rotations between two looks.
    append(&log, "b\n");
    fs::rename(&log, dir.path().join("audit-2026-11-21T10-00-00.000.log")).unwrap();
    append(&log, "c");
    std::thread::sleep(Duration::from_millis(20));
    fs::rename(&log, dir.path().join("audit-2026-11-21T11-00-00.000.log")).unwrap();
    append(&log, "d\n");
    assert_eq!(drain(&mut follow).0, ["b", "c", "d"]);
    fs::write(&log, "").unwrap();
    assert_eq!(drain(&mut follow).0, [""; 0]);
    append(&log, "e\n");
    assert_eq!(drain(&mut follow).0, ["e"]);
}

#[test]
fn a_stored_position_survives_restarts_rotations_and_truncation() {
    let dir = tempfile::tempdir().unwrap();
    let (log, state) = (dir.path().join("audit.log"), dir.path().join("state/position"));
    append(&log, "old\n");
    drop(open(&log, Some(&state)));
    append(&log, "a\nb\n");
    let mut follow = open(&log, Some(&state));
    assert_eq!(follow.next_line().unwrap(), {
        let Grown::Line(line, position) = open(&log, Some(&state)).next_line().unwrap() else { panic!("no line") };
        follow.save(Some(position)).unwrap();
        Grown::Line(line, position)
    });
    drop(follow);
    // While nobody looks: more, a rotation, more.
    append(&log, "c\n");
    fs::rename(&log, dir.path().join("audit.log.1")).unwrap();
    append(&log, "d\n");
    let mut follow = open(&log, Some(&state));
    let (lines, last) = drain(&mut follow);
    assert_eq!(lines, ["b", "c", "d"]);
    follow.save(last).unwrap();
    drop(follow);
    fs::write(&log, "").unwrap();
    append(&log, "e");
    append(&log, "\n");
    assert_eq!(drain(&mut open(&log, Some(&state))).0, [""; 0]);
}

#[test]
fn a_line_without_end_takes_no_memory_and_spoils_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    let mut follow = open(&log, None);
    append(&log, "a\n");
    append(&log, &"x".repeat(MAX_LINE + 100_000));
    assert_eq!(drain(&mut follow).0, ["a"]);
    append(&log, &"x".repeat(MAX_LINE));
    append(&log, "\nb\n");
    assert_eq!(drain(&mut follow).0, ["too long", "b"]);
}
