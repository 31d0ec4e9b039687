//! `capture:` in replays, where everything is the same each time.

use std::fs;
use std::path::{Path, PathBuf};

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::capture::{CaptureReader, Head, Keep, Step};
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

/// A capture of a process that writes what cannot be compressed: so many events of 50,000 bytes, one each millisecond.
fn noise(path: &Path, events: u64) {
    let (capture, _) = own("attack");
    let mut reader = CaptureReader::open(&capture).unwrap();
    let Step::Section(state) = reader.step().unwrap() else { panic!("a capture begins with a state") };
    let mut head = Head::plain(Vec::new()).unwrap();
    head.state(&state).unwrap();
    let tid = state.threads[0].tid;
    let mut out = head.events();
    let (mut builder, mut seed) = (EventBuilder::new(), 1_u64);
    let mut data = vec![0_u8; 50_000];
    for n in 0..events {
        data.iter_mut().for_each(|byte| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (seed >> 56) as u8;
        });
        let len = data.len() as i64;
        builder.begin(1_700_000_000_000_000_000 + n * 1_000_000, tid, EventType::SYSCALL_WRITE_X, 4);
        builder.push(&len.to_le_bytes()).push(&data).push(&1_i64.to_le_bytes()).push(&(len as u32).to_le_bytes());
        out.write(&builder.finish().unwrap(), 0, Keep::Whole).unwrap();
    }
    fs::write(path, out.finish().unwrap()).unwrap();
}

#[test]
fn a_capture_that_is_too_large_ends_with_an_alert() {
    let stage = Stage::new(
        "- rule: Wrote\n  desc: d\n  condition: evt.type = write\n  output: number=%evt.num\n  priority: NOTICE\n  capture: true\n  \
         capture_duration: 60000\n",
    );
    let file = stage.folder.path().join("noise.scap");
    // 10 MB, more than what can be on its way to the disk at any time.
    noise(&file, 200);
    let ran = stage.replay(&file, &["capture.max_file_size_mb=1"]);
    let alerts: Vec<serde_json::Value> = ran.alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (limits, matches): (Vec<_>, Vec<_>) =
        alerts.into_iter().partition(|alert| alert["rule"] == "Falco internal: capture size limit reached");
    assert_eq!(matches.len(), 200, "alerts go on");
    let files = stage.captures();
    // Each match begins the next one; the last is ended by the end of the events.
    assert!(!limits.is_empty() && files.len() > 1, "{files:?} {}", ran.stderr);
    for limit in &limits {
        assert_eq!(limit["output_fields"]["max_file_size_mb"], 1);
        assert!(limit["output_fields"]["written_bytes"].as_u64().unwrap() >= 1 << 20, "{limit}");
        assert!(limit["output"].as_str().unwrap().ends_with("Configured limit: 1 MB."), "{limit}");
    }
    let kept: Vec<Vec<String>> = files.iter().map(|file| events(file, "%evt.rawtime")).collect();
    assert_eq!(kept.concat(), events(&file, "%evt.rawtime"), "each event is in one of them");
    let sizes: Vec<u64> = files.iter().map(|file| fs::metadata(file).unwrap().len()).collect();
    let (_, full) = sizes.split_last().unwrap();
    assert!(full.iter().all(|size| *size >= 1 << 20), "{sizes:?}");
    let unlimited = stage.replay(&file, &["capture.max_file_size_mb=0"]);
    assert!(!unlimited.alerts().contains("size limit"), "no limit");
}
