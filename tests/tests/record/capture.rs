//! `capture:` in replays, where everything is the same each time.

use std::fs;
use std::path::{Path, PathBuf};

use lanner_tests::program::{Run, lanner, run};

use super::{BINARY, alerts, events, numberless, own, text};

/// A rule that matches the programs that are started under this name.
fn rule(name: &str, program: &str, keys: &str) -> String {
    format!(
        "- rule: {name}\n  desc: d\n  condition: evt.type = execve and proc.name = {program}\n  output: >\n    program=%proc.name \
         parent=%proc.pname cwd=%proc.cwd line=%proc.cmdline exe=%proc.exepath user=%user.name container=%container.id\n  \
         priority: NOTICE\n{keys}"
    )
}

struct Stage {
    folder: tempfile::TempDir,
    rules: PathBuf,
}

impl Stage {
    fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        fs::write(&file, rules).unwrap();
        Self { folder, rules: file }
    }

    fn replay(&self, capture: &Path, keys: &[&str]) -> Run {
        let prefix = format!("capture.path_prefix={}", text(&self.folder.path().join("c")));
        let (rules, capture) = (text(&self.rules), text(capture));
        let mut args = vec!["replay", &capture, "--json", "-r", &rules, "-o", "capture.enabled=true", "-o", &prefix];
        args.extend(keys.iter().flat_map(|key| ["-o", key]));
        run(&mut lanner(BINARY, &args)).good()
    }

    /// The captures, by name.
    fn captures(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut found: Vec<PathBuf> = all.filter(|path| text(path).contains("/c_")).collect();
        found.sort();
        found
    }
}

/// Time in ns and number of the first events of that kind and program.
fn moments(capture: &Path, program: &str) -> Vec<(u64, u64)> {
    let lines = events(capture, "%evt.rawtime %evt.num %evt.type %proc.name");
    let mut found = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        if words[2..] == ["execve", program] {
            found.push((words[0].parse().unwrap(), words[1].parse().unwrap()));
        }
    }
    found
}

/// A program that was started once, early, and the events of the attack capture.
const PROGRAM: &str = "cat";

#[test]
fn a_match_begins_a_capture_named_as_falco_names_it() {
    let (capture, _) = own("attack");
    let stage = Stage::new(&rule("Started", PROGRAM, "  capture: true\n  capture_duration: 300\n"));
    let ran = stage.replay(&capture, &[]);
    let (ts, num) = moments(&capture, PROGRAM)[0];
    let files = stage.captures();
    assert!(!files.is_empty(), "{}", ran.stderr);
    assert_eq!(files[0], stage.folder.path().join(format!("c_{ts:020}_{num:020}.scap")));
    assert!(fs::read(&files[0]).unwrap().starts_with(&[0x1f, 0x8b]), "compressed, as Falco's");
    let times: Vec<u64> = events(&files[0], "%evt.rawtime").iter().map(|time| time.parse().unwrap()).collect();
    assert_eq!(times[0], ts, "the match is the first event");
    assert!(times[times.len() - 1] - ts >= 300_000_000 || files.len() == 1);
    // Each alert is raised again by the capture that holds it.
    let again: Vec<String> = files.iter().flat_map(|file| alerts(file, &stage.rules)).collect();
    assert_eq!(again, numberless(ran.alerts()));
}

#[test]
fn what_was_before_the_match_is_in_the_capture() {
    let (capture, _) = own("attack");
    let keys = "  capture: true\n  capture_duration: 1\n  capture_before: 200\n";
    let stage = Stage::new(&rule("Started", PROGRAM, keys));
    let ran = stage.replay(&capture, &[]);
    let files = stage.captures();
    let (ts, _) = moments(&capture, PROGRAM)[0];
    let format = "%evt.rawtime %evt.type %proc.name %proc.pname %proc.cwd %fd.name %user.name";
    let kept = events(&files[0], format);
    let first: u64 = kept[0].split(' ').next().unwrap().parse().unwrap();
    let begin: u64 = events(&capture, "%evt.rawtime")[0].parse().unwrap();
    assert!(first <= (ts - 200_000_000).max(begin), "{first} {ts}");
    // What stands in the file is what happened, with all that is known of it.
    let all = events(&capture, format);
    let from = all.iter().position(|line| *line == kept[0]).expect("its first event is one of the capture");
    let wrong: Vec<_> = kept.iter().zip(&all[from..]).filter(|(a, b)| a != b).collect();
    assert!(wrong.is_empty(), "{} of {} differ: {:#?}", wrong.len(), kept.len(), &wrong[..wrong.len().min(5)]);
    let again: Vec<String> = files.iter().flat_map(|file| alerts(file, &stage.rules)).collect();
    numberless(ran.alerts()).iter().for_each(|alert| assert!(again.contains(alert), "{alert}"));
}

#[test]
fn modes_and_switches_decide_which_matches_begin_a_capture() {
    let (capture, _) = own("attack");
    let plain = rule("Started", PROGRAM, "");
    let stage = Stage::new(&plain);
    let _ = stage.replay(&capture, &[]);
    assert_eq!(stage.captures().len(), 0, "the rule does not ask for it");
    let _ = stage.replay(&capture, &["capture.mode=all_rules"]);
    assert!(!stage.captures().is_empty());
    let stage = Stage::new(&rule("Started", PROGRAM, "  capture: true\n"));
    let _ = stage.replay(&capture, &["capture.enabled=false"]);
    assert_eq!(stage.captures().len(), 0, "captures are off");
    let ran = run(&mut lanner(
        BINARY,
        &["replay", &text(&capture), "-r", &text(&stage.rules), "-o", "capture.mode=some_rules"],
    ));
    assert!(ran.stderr.contains("capture.mode 'some_rules' is not a valid mode."), "{}", ran.stderr);
}

#[test]
fn a_later_match_keeps_the_capture_open() {
    let (capture, _) = own("attack");
    let times: Vec<u64> = moments(&capture, PROGRAM).iter().map(|(ts, _)| *ts).collect();
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().expect("more than one");
    let keys = format!("  capture: true\n  capture_duration: {}\n", longest / 1_000_000 + 1);
    let stage = Stage::new(&rule("Started", PROGRAM, &keys));
    let ran = stage.replay(&capture, &[]);
    let files = stage.captures();
    assert_eq!(files.len(), 1, "each match comes while the capture of the one before is open");
    assert_eq!(alerts(&files[0], &stage.rules), numberless(ran.alerts()));
}

#[test]
fn a_place_that_cannot_be_written_is_told_and_alerts_go_on() {
    let (capture, _) = own("attack");
    let stage = Stage::new(&rule("Started", PROGRAM, "  capture: true\n"));
    let expected = run(&mut lanner(BINARY, &["replay", &text(&capture), "--json", "-r", &text(&stage.rules)])).good();
    let ran = stage.replay(&capture, &["capture.path_prefix=/nowhere/c", "log_stderr=true"]);
    assert!(ran.stderr.contains("capture: cannot make the capture file /nowhere/c_"), "{}", ran.stderr);
    assert_eq!(ran.alerts(), expected.alerts());
}
