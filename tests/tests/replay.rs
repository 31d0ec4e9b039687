//! Captures in, alerts out, byte for byte: against the alerts that Falco raised on the same captures with its own rules,
//! and, where those are not at hand, against this repository's own.

use lanner_tests::program::{Run, diff, golden, here, lanner, run, shared};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// The configuration under which the expected alerts were made.
const CONFIG: &str = r"
rules_files: []
load_plugins: [container]
plugins:
  - name: container
    library_path: libcontainer.so
    init_config: {label_max_len: 100, with_size: false}
json_output: true
json_include_output_property: true
json_include_message_property: false
json_include_output_fields_property: true
json_include_tags_property: true
time_format_iso_8601: false
buffered_outputs: false
rule_matching: first
priority: debug
append_output: [{suggested_output: true}]
stdout_output: {enabled: true}
log_stderr: true
log_level: error
log_syslog: false
";

const STABLE: &[&str] = &["falco_rules.yaml"];
const ALL: &[&str] = &["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

/// Replays one of the shared captures in Falco's form of the command line and compares.
fn as_falco(capture: &str) {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("falco.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let config = config.display().to_string();
    let file = shared.join(format!("captures/{capture}.scap.gz"));
    let capture_file = format!("engine.replay.capture_file={}", file.display());
    for (expected, rules, json) in
        [("alerts.stable.jsonl", STABLE, true), ("alerts.stable.txt", STABLE, false), ("alerts.all.jsonl", ALL, true)]
    {
        let rules: Vec<String> =
            rules.iter().map(|file| shared.join("falco-rules").join(file).display().to_string()).collect();
        let json = format!("json_output={json}");
        let mut args = vec!["-c", &config];
        args.extend(rules.iter().flat_map(|file| ["-r", file]));
        args.extend(["-o", "engine.kind=replay", "-o", &capture_file, "-o", &json]);
        let ran = run(&mut lanner(BINARY, &args)).good();
        let expected_text = std::fs::read_to_string(shared.join(format!("captures/{capture}.{expected}"))).unwrap();
        assert!(ran.alerts() == expected_text, "{capture} {expected}:\n{}", diff(&expected_text, ran.alerts()));
        let count = format!("Events detected: {}\n", expected_text.lines().count());
        assert!(ran.stdout.contains(&count), "{}", ran.stdout);
    }
}

macro_rules! captures {
    ($($name:ident = $capture:literal,)*) => {
        $(#[test]
        fn $name() {
            as_falco($capture);
        })*

        #[test]
        fn every_shared_capture_has_its_test() {
            let Some(shared) = shared() else { return };
            let known = [$($capture),*];
            for folder in ["own", "legacy"] {
                for entry in std::fs::read_dir(shared.join("captures").join(folder)).unwrap().flatten() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if let Some(stem) = name.strip_suffix(".scap.gz") {
                        let capture = format!("{folder}/{stem}");
                        assert!(known.contains(&capture.as_str()), "{capture} has no test");
                    }
                }
            }
        }
    };
}

captures! {
    attack = "own/attack",
    mixed = "own/mixed",
    benign_web_server = "own/benign-web-server",
    benign_apt_install = "own/benign-apt-install",
    container_info = "own/container-info",
    cat_write_of_2016 = "legacy/falco-cat_write",
    connect_localhost_of_2016 = "legacy/falco-connect_localhost",
    open_multiple_files_of_2016 = "legacy/falco-open-multiple-files",
    run_as_user_0_of_2019 = "legacy/falco-psp_run_as_user_0_container",
    inspect_502_error = "legacy/inspect-502Error",
    curl_google = "legacy/libs-curl_google",
    single_ipv6_connection = "legacy/libs-single_ipv6_conn",
}

fn bundled(name: &str) -> String {
    here().join("captures").join(name).display().to_string()
}

fn rules(name: &str) -> String {
    here().join("rules").join(name).display().to_string()
}

/// Needs nothing but the repository.
#[test]
fn own_rules_on_a_bundled_capture_raise_the_recorded_alerts() {
    let (capture, rules) = (bundled("attack.scap.gz"), rules("attack.yaml"));
    let text = run(&mut lanner(BINARY, &["replay", &capture, "-r", &rules])).good();
    golden("attack.alerts.txt", &text.stdout);
    let json = run(&mut lanner(BINARY, &["replay", &capture, "-r", &rules, "--json"])).good();
    golden("attack.alerts.jsonl", json.alerts());
    assert!(text.alerts().lines().count() > 10, "the rules match something");
    assert_eq!(text.alerts().lines().count(), json.alerts().lines().count());
    for line in json.alerts().lines() {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(alert.to_string(), line, "keys are sorted and nothing is padded");
    }
}

#[test]
fn container_metadata_of_the_capture_reaches_the_alerts() {
    let (capture, rules) = (bundled("container-info.scap.gz"), rules("container.yaml"));
    let json = run(&mut lanner(BINARY, &["replay", &capture, "-r", &rules, "--json"])).good();
    golden("container-info.alerts.jsonl", json.alerts());
    assert!(json.alerts().lines().count() > 0, "the rule matches");
}

#[test]
fn several_files_are_replayed_each_from_a_clean_state() {
    let (capture, rules) = (bundled("container-info.scap.gz"), rules("container.yaml"));
    let once = run(&mut lanner(BINARY, &["replay", &capture, "-r", &rules, "--json"])).good();
    let twice = run(&mut lanner(BINARY, &["replay", &capture, &capture, "-r", &rules, "--json"])).good();
    assert_eq!(twice.stdout, once.stdout.repeat(2));
}

/// A rule for about half of all events, whose alerts say what the state was at each.
const MUCH: &str = r#"
- rule: Much
  desc: half of what happens
  condition: evt.type in (open, openat, close, execve, clone, connect, read)
  output: '%evt.num %evt.type %proc.name %proc.pname %proc.cmdline %proc.cwd %fd.num %fd.name %user.name %container.id %evt.rawres'
  priority: NOTICE
"#;

/// Replays with so many threads: what is printed and how it ended.
fn by_threads(file: &str, rules: &[&str], threads: &str, more: &[&str]) -> Run {
    let mut args =
        vec!["replay", file, "--json", "--threads", threads, "-o", "log_level=info", "-o", "log_stderr=true"];
    args.extend(rules.iter().flat_map(|rules| ["-r", rules]));
    args.extend(more);
    let ran = run(&mut lanner(BINARY, &args));
    let told = format!("{threads} threads evaluate the events");
    assert_eq!(ran.stderr.contains(&told), threads != "1", "{}", ran.stderr);
    ran
}

#[test]
fn any_number_of_threads_raises_the_same_alerts_in_the_same_order() {
    let dir = tempfile::tempdir().unwrap();
    let much = dir.path().join("much.yaml").display().to_string();
    std::fs::write(&much, MUCH).unwrap();
    let syscall = here().join("../rules/syscall/lanner_rules.yaml").display().to_string();
    let capture = bundled("attack.scap.gz");
    let filter = ["--filter", "evt.num < 30000 and proc.name != cat"];
    let all: [(&[&str], &[&str], usize); 3] =
        [(&[&much], &[], 10_000), (&[&syscall], &[], 30), (&[&much], &filter, 5_000)];
    for (rules, more, least) in all {
        let one = by_threads(&capture, rules, "1", more).good();
        assert!(one.alerts().lines().count() >= least, "{}", one.alerts().lines().count());
        for threads in ["2", "3", "7"] {
            let several = by_threads(&capture, rules, threads, more).good();
            assert!(one.stdout == several.stdout, "{threads}:\n{}", diff(&one.stdout, &several.stdout));
        }
    }
}

#[test]
fn what_is_wrong_with_a_capture_is_said_once_however_many_threads_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let (much, cut) = (dir.path().join("much.yaml").display().to_string(), dir.path().join("cut.scap.gz"));
    std::fs::write(&much, MUCH).unwrap();
    let whole = std::fs::read(bundled("attack.scap.gz")).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let cut = cut.display().to_string();
    let one = by_threads(&cut, &[&much], "1", &[]);
    let several = by_threads(&cut, &[&much], "4", &[]);
    assert!(one.alerts().lines().count() > 3_000, "{}", one.alerts().lines().count());
    assert!(one.stdout == several.stdout, "{}", diff(&one.stdout, &several.stdout));
    assert_eq!((one.code, several.code), (Some(1), Some(1)), "{}", several.stderr);
    let said = |run: &Run| {
        run.stderr.lines().filter(|line| line.starts_with("Error: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(said(&one), said(&several));
    assert_eq!(said(&one).len(), 1, "{}", one.stderr);
}

#[test]
fn what_can_be_read_only_once_has_one_thread() {
    let much = format!("{}/rules/attack.yaml", here().display());
    let piped = format!(
        "cat '{}' | '{BINARY}' replay /dev/stdin -r '{much}' --threads 3 -o log_level=info -o log_stderr=true",
        bundled("attack.scap.gz")
    );
    let ran =
        run(std::process::Command::new("sh").args(["-c", &piped]).env("TZ", "UTC").env("FALCO_HOSTNAME", "lab")).good();
    assert!(
        ran.stderr.contains("one thread evaluates the events: what is no plain file cannot be read twice"),
        "{}",
        ran.stderr
    );
    golden("attack.alerts.txt", &ran.stdout);
}
