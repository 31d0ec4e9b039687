//! What the configuration does to alerts: which rules, how they look, where they go. All on the bundled capture.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lanner_tests::program::{Run, here, lanner, run};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const RULES: &str = r#"
- macro: dup
  condition: evt.type in (dup2, dup3) and evt.rawres >= 0
- rule: First
  desc: d
  condition: dup and fd.typechar = 4
  output: first %proc.name fd=%fd.num
  priority: NOTICE
  tags: [one, two]
- rule: Second
  desc: d
  condition: dup and fd.typechar = 4 and evt.rawres = 0
  output: second "%proc.name" \ %evt.arg.nosuch
  priority: WARNING
  tags: [two]
- rule: Off
  desc: d
  condition: evt.type = ptrace
  output: off
  priority: ERROR
  enabled: false
  tags: [late]
"#;

struct Setup(tempfile::TempDir);

impl Setup {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let capture = here().join("captures/attack.scap.gz");
        let config = format!(
            "engine: {{kind: replay, replay: {{capture_file: {}}}}}\nstdout_output: {{enabled: true}}\nlog_syslog: \
             false\nlog_stderr: true\njson_output: true\nrules_files: [{}/rules.yaml]\n",
            capture.display(),
            dir.path().display()
        );
        std::fs::write(dir.path().join("falco.yaml"), config).unwrap();
        // An argument that an event lacks is absent, not an error: the second rule prints one that dup has not.
        std::fs::write(dir.path().join("rules.yaml"), RULES.replace("%evt.arg.nosuch", "%evt.arg.path")).unwrap();
        Self(dir)
    }

    fn command(&self, settings: &[&str]) -> Command {
        let config = self.0.path().join("falco.yaml").display().to_string();
        let mut args = vec!["-c", config.as_str()];
        args.extend(settings.iter().flat_map(|setting| ["-o", setting]));
        lanner(BINARY, &args)
    }

    fn run(&self, settings: &[&str]) -> Run {
        run(&mut self.command(settings)).good()
    }

    fn alerts(&self, settings: &[&str]) -> Vec<Value> {
        self.run(settings).alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn count(alerts: &[Value], rule: &str) -> usize {
    alerts.iter().filter(|alert| alert["rule"] == rule).count()
}

#[test]
fn the_first_rule_wins_unless_all_are_wanted() {
    let setup = Setup::new();
    let first = setup.alerts(&[]);
    assert!(count(&first, "First") > 0);
    assert_eq!(count(&first, "Second"), 0);
    let all = setup.alerts(&["rule_matching=ALL"]);
    assert_eq!(count(&all, "First"), count(&first, "First"));
    assert!(count(&all, "Second") > 0);
    let second_after_first = all
        .windows(2)
        .filter(|pair| pair[1]["rule"] == "Second")
        .all(|pair| pair[0]["rule"] == "First" && pair[0]["time"] == pair[1]["time"]);
    assert!(second_after_first, "matches of one event come in load order");
}

#[test]
fn rules_are_switched_by_name_and_tag_and_held_back_by_priority() {
    let setup = Setup::new();
    let alerts = setup.alerts(&["rules[0].disable.rule=F*st", "rules[1].enable.tag=late"]);
    assert_eq!(count(&alerts, "First"), 0);
    assert!(count(&alerts, "Second") > 0 && count(&alerts, "Off") > 0);
    let alerts = setup.alerts(&["priority=Error", "rules[0].enable.rule=*"]);
    assert!(!alerts.is_empty() && count(&alerts, "Off") == alerts.len(), "below the threshold stays off");
}

#[test]
fn outputs_and_fields_are_appended_where_they_match() {
    let setup = Setup::new();
    let alerts = setup.alerts(&[
        "rule_matching=all",
        r#"append_output[]={"match": {"tags": ["one"]}, "extra_output": "pid=%proc.pid"}"#,
        r#"append_output[]={"match": {"rule": "Second"}, "extra_fields": ["evt.num", {"who": "%user.name!"}, "evt.type"]}"#,
        r#"append_output[]={"match": {"source": "other"}, "extra_output": "never"}"#,
        r#"append_output[]={"suggested_output": true}"#,
    ]);
    for alert in &alerts {
        let output = alert["output"].as_str().unwrap();
        let first = alert["rule"] == "First";
        assert_eq!(output.contains(" pid="), first, "{output}");
        assert_eq!(alert["output_fields"]["proc.pid"].is_number(), first);
        assert_eq!(alert["output_fields"]["who"].is_string(), !first);
        assert_eq!(alert["output_fields"]["evt.num"].is_number(), !first);
        assert!(!output.contains("never") && !output.contains("who"), "{output}");
    }
    assert_eq!(alerts.iter().find(|alert| alert["rule"] == "Second").unwrap()["output_fields"]["who"], "root!");
}

#[test]
fn print_appends_to_every_output() {
    let setup = Setup::new();
    let mut command = setup.command(&[]);
    let ran = run(command.args(["-p", "more=%evt.num"])).good();
    assert!(ran.stderr.contains("-p/--print option is deprecated"), "{}", ran.stderr);
    for line in ran.alerts().lines() {
        let alert: Value = serde_json::from_str(line).unwrap();
        assert!(alert["output"].as_str().unwrap().contains(" more="), "{line}");
    }
    assert!(!run(setup.command(&[]).arg("-pc")).good().stdout.contains("more="));
}

#[test]
fn properties_of_the_json_object_are_switched() {
    let setup = Setup::new();
    let alert = &setup.alerts(&[])[0];
    let keys = |alert: &Value| alert.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(alert), "hostname output output_fields priority rule source tags time");
    assert_eq!(alert["hostname"], "lab");
    assert_eq!(alert["tags"], json!(["one", "two"]));
    assert!(alert["output_fields"]["evt.time"].is_u64());
    let bare = &setup.alerts(&[
        "json_include_output_property=false",
        "json_include_message_property=true",
        "json_include_output_fields_property=false",
        "json_include_tags_property=false",
        "time_format_iso_8601=true",
    ])[0];
    assert_eq!(keys(bare), "hostname message priority rule source time");
    assert!(bare["message"].as_str().unwrap().starts_with("first "));
    let iso = &setup.alerts(&["time_format_iso_8601=true"])[0];
    assert!(iso["output"].as_str().unwrap().contains("+0000: Notice first "));
    assert!(iso["output_fields"]["evt.time.iso8601"].is_u64() && iso["output_fields"]["evt.time"].is_null());
}

#[test]
fn text_lines_are_escaped_and_in_local_time() {
    let setup = Setup::new();
    let settings = ["json_output=false", "rules[0].disable.rule=First"];
    let utc = setup.run(&settings);
    let line = utc.alerts().lines().next().unwrap();
    assert!(line.contains(r#": Warning second \"#), "{line}");
    assert!(line.ends_with(r"\\ <NA>"), "{line}");
    let ahead = run(setup.command(&settings).env("TZ", "UTC-3")).good();
    let hour = |line: &str| line[..2].parse::<u32>().unwrap();
    assert_eq!((hour(line) + 3) % 24, hour(ahead.alerts()));
}

#[test]
fn the_counts_at_the_end_are_falcos() {
    let setup = Setup::new();
    let ran = setup.run(&["rule_matching=all"]);
    let alerts: Vec<Value> = ran.alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, second) = (count(&alerts, "First"), count(&alerts, "Second"));
    let report = format!(
        "Events detected: {}\nRule counts by severity:\n   WARNING: {second}\n   NOTICE: {first}\nTriggered rules by rule \
         name:\n   First: {first}\n   Second: {second}\n",
        first + second
    );
    assert!(ran.stdout.ends_with(&report), "{}", ran.stdout);
    assert!(ran.stderr.contains(
        "Syscall event drop monitoring:\n   - event drop detected: 0 occurrences\n   - num times actions taken: 0\n"
    ));
}

#[test]
fn static_fields_are_constants() {
    let setup = Setup::new();
    let rules = setup.0.path().join("static.yaml");
    let text = "- rule: S\n  desc: d\n  condition: evt.type = ptrace and static.site = here\n  output: at %static.site\n  \
                priority: INFO\n";
    std::fs::write(&rules, text).unwrap();
    let rules = rules.display().to_string();
    let ran = run(setup.command(&["static_fields.site=here"]).args(["-r", &rules])).good();
    assert!(ran.alerts().contains(r#""static.site":"here""#), "{}", ran.stdout);
}

#[test]
fn alerts_go_to_the_file_as_well() {
    let setup = Setup::new();
    let file = setup.0.path().join("events.txt");
    let name = format!("file_output.filename={}", file.display());
    for keep_alive in ["true", "false"] {
        std::fs::write(&file, "before\n").unwrap();
        let keep = format!("file_output.keep_alive={keep_alive}");
        let ran = setup.run(&["file_output.enabled=true", &name, &keep]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("before\n{}", ran.alerts()));
    }
}

#[test]
fn stopping_after_a_time_counts_event_time() {
    let setup = Setup::new();
    let all = setup.alerts(&["rules[0].enable.rule=*"]);
    let ran = run(setup.command(&["rules[0].enable.rule=*"]).args(["-M", "20"])).good();
    let some = ran.alerts().lines().count();
    assert!(some > 0 && some < all.len(), "{some} of {}", all.len());
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let setup = Setup::new();
    let capture = here().join("captures/attack.scap.gz").display().to_string();
    let mut child =
        lanner(BINARY, &["replay", &capture]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    drop(setup);
}

/// Waits until `done`, but not for ever.
fn eventually(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kill(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn signals_reopen_and_stop() {
    let setup = Setup::new();
    let folder = setup.0.path();
    let (log, pid) = (folder.join("log"), folder.join("pid"));
    let file = format!("file_output.filename={}", folder.join("events.txt").display());
    let settings = ["engine.kind=nodriver", "file_output.enabled=true", "file_output.keep_alive=true", &file];
    let mut command = setup.command(&settings);
    command.args(["-P", &pid.display().to_string()]).stdout(Stdio::null());
    let mut child = command.stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let logged = |text: &str| std::fs::read_to_string(&log).is_ok_and(|log| log.contains(text));
    eventually("the start", || logged("no event will be produced"));
    assert_eq!(std::fs::read_to_string(&pid).unwrap(), child.id().to_string());
    kill("-USR1", child.id());
    eventually("reopening", || logged("SIGUSR1 received, reopening outputs..."));
    eventually("the file", || Path::new(&folder.join("events.txt")).exists());
    kill("-TERM", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(logged("SIGINT received, exiting..."));
}
