//! The configuration from outside: `lanner config`, and a corpus that takes each key through valid, invalid and ill-shaped
//! values.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lanner::config::check::Library;
use lanner::config::keys::{KEYS, Kind};
use lanner::config::meaning::{Domain, domain};
use lanner_tests::program::{Run, golden, here, lanner, run};
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// Files of the documentation's example, relative to the folder the program runs in.
const MAIN: &str = "config_files: [site.d]\nrules_files: [/etc/falco/falco_rules.yaml]\nengine: {kind: modern_ebpf}\n\
                    json_output: false\nstdout_output:\n  enabled: true\nhttp_output:\n  enabled: true\n  url: \
                    https://${ALERT_USER}:${ALERT_PASSWORD}@alerts.example/in\n";
const SITE: &str = "rules_files: [/etc/site/rules.yaml]\npriority: notice\n";
const WRONG: &str = "jsonoutput: true\nlog_level: verbose\nengine:\n  kind: modern_ebpf\n  modern_ebpf: {buf_size_preset: 12}\n\
                     stdout_output: {enabled: true}\nload_plugins: [k8saudt]\nplugins:\n- name: k8saudit\n  library_path: \
                     libk8saudit.so\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn config(dir: &Path, args: &[&str]) -> Run {
    let mut command = lanner(BINARY, &[&["config"], args].concat());
    run(command.current_dir(dir).env("ALERT_USER", "lanner").env_remove("ALERT_PASSWORD"))
}

#[test]
fn show_says_what_holds_and_why() {
    let dir = folder(&[("falco.yaml", MAIN), ("site.d/10-site.yaml", SITE)]);
    let text = config(dir.path(), &["show", "-c", "falco.yaml", "-o", "json_output=true"]).good().stdout;
    golden("config_show.txt", &text);
    let all = config(dir.path(), &["show", "-c", "falco.yaml", "--all"]).good().stdout;
    assert!(all.lines().any(|line| line.starts_with("rule_matching: first") && line.ends_with("# default")), "{all}");
    let json = config(dir.path(), &["show", "-c", "falco.yaml", "--json", "--secrets"]).good().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["origins"]["priority"]["file"], "site.d/10-site.yaml");
    assert_eq!(json["origins"]["priority"]["strategy"], "append");
    assert_eq!(json["config"]["http_output"]["url"], "https://lanner:@alerts.example/in");
}

#[test]
fn check_tells_every_mistake_and_ends_with_1() {
    let dir = folder(&[("falco.yaml", WRONG)]);
    let ran = config(dir.path(), &["check", "falco.yaml"]);
    golden("config_check.txt", &ran.stdout);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "Error: 4 errors, no warnings in 1 file\n");
    let json: Value =
        serde_json::from_str(&config(dir.path(), &["check", "--format", "json", "falco.yaml"]).stdout).unwrap();
    assert_eq!((&json["errors"], &json["findings"][0]["line"]), (&4.into(), &1.into()));
    let good = folder(&[("f.yaml", "stdout_output: {enabled: true}\nrules_file: [a]\n")]);
    assert_eq!(config(good.path(), &["check", "f.yaml"]).code, Some(0));
    assert_eq!(config(good.path(), &["check", "f.yaml", "--deny", "warnings"]).code, Some(1));
    assert_eq!(config(good.path(), &["check", "absent.yaml"]).code, Some(1));
}

/// A value of the wrong shape, and one of the right shape that the key does not take, if there is one.
fn bad(kind: Kind, domain: Domain) -> (Option<&'static str>, Option<&'static str>) {
    let shape = match kind {
        Kind::Bool => Some("maybe"),
        Kind::Int => Some("many"),
        Kind::Number => Some("[1]"),
        Kind::Text => Some("{a: b}"),
        Kind::Texts | Kind::Maps => Some("{a: b}"),
        Kind::FreeMap => Some("[a]"),
        Kind::Any => None,
    };
    let value = match domain {
        Domain::Free => None,
        Domain::Words(_) | Domain::AnyCase(_) | Domain::Duration | Domain::Address => Some("'no such word'"),
        Domain::Range(..) | Domain::Share | Domain::Positive => Some("-1"),
    };
    (shape, value)
}

/// A value that the key takes.
fn good(kind: Kind, domain: Domain) -> &'static str {
    match (domain, kind) {
        (Domain::Words(words) | Domain::AnyCase(words), _) => words[0],
        (Domain::Address, _) => "'::1'",
        (Domain::Duration, _) => "1m30s",
        (Domain::Range(least, _), _) if least > 0 => "1",
        (_, Kind::Bool) => "yes",
        (_, Kind::Int) => "0x10",
        (_, Kind::Number) => ".5",
        (_, Kind::Text) => "a text",
        (_, Kind::Texts) => "[one, two]",
        (_, Kind::Maps) => "[]",
        (_, Kind::FreeMap) => "{a: b}",
        (_, Kind::Any) => "[]",
    }
}

/// A file with one key, sections and lists around it.
fn file(path: &str, value: &str) -> String {
    let mut out = String::new();
    let (mut indent, mut item) = (0, "");
    let steps: Vec<&str> = path.split('.').collect();
    for (i, step) in steps.iter().enumerate() {
        let name = step.trim_end_matches("[]");
        let value = if i + 1 == steps.len() { format!(" {value}") } else { String::new() };
        let _ = writeln!(out, "{}{item}{name}:{value}", " ".repeat(indent));
        indent += 2 + item.len();
        item = if step.ends_with("[]") { "- " } else { "" };
    }
    out
}

/// Codes of the findings about the key in each file; all files in one folder, one run each.
fn codes(dir: &Path, text: &str) -> Vec<String> {
    let path: PathBuf = dir.join("case.yaml");
    fs::write(&path, text).unwrap();
    let checked = lanner::config::check::check(&path, &[], &|_| Library::Missing).unwrap();
    let shape = |code: &str| matches!(code, "CONFIG_TYPE" | "CONFIG_VALUE" | "CONFIG_UNKNOWN_KEY" | "CONFIG_YAML");
    checked.findings().iter().map(|finding| finding.code.to_owned()).filter(|code| shape(code)).collect()
}

#[test]
fn each_key_takes_what_it_should_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut invalid = 0;
    for key in KEYS {
        let domain = domain(key.path);
        let text = file(key.path, good(key.kind, domain));
        // A single key is rarely a configuration that starts; that is told with other codes, or at the very start.
        assert!(codes(dir.path(), &text).iter().all(|code| code == "CONFIG_VALUE" && needs_more(key.path)), "{text}");
        let (shape, value) = bad(key.kind, domain);
        for (bad, code) in [(shape, "CONFIG_TYPE"), (value, "CONFIG_VALUE")] {
            let Some(bad) = bad else { continue };
            let text = file(key.path, bad);
            assert_eq!(codes(dir.path(), &text), [code], "{text}");
            invalid += 1;
        }
        let misspelt = file(&format!("{}x", key.path), "1");
        assert!(codes(dir.path(), &misspelt).contains(&"CONFIG_UNKNOWN_KEY".to_owned()), "{misspelt}");
    }
    assert!(invalid > KEYS.len(), "{invalid} invalid values tried");
}

/// Whether an item with this key alone is refused at the start for what it lacks.
fn needs_more(path: &str) -> bool {
    path.starts_with("rules[]")
}

/// The page is written by hand but for its table and its examples, which are what the program prints.
#[test]
fn the_page_shows_what_the_program_prints() {
    let path = here().parent().unwrap().join("docs/configuration.md");
    let page = fs::read_to_string(&path).unwrap();
    let table = config(Path::new("."), &["keys", "--format", "markdown"]).good().stdout;
    let block = |name: &str| format!("\n{}```\n", fs::read_to_string(here().join("golden").join(name)).unwrap());
    if std::env::var_os("LANNER_BLESS").is_some_and(|value| value == "1") {
        let head = page.find("| key | takes |").map_or(page.as_str(), |at| &page[..at]);
        fs::write(&path, format!("{head}{table}")).unwrap();
        return;
    }
    assert!(
        page.ends_with(&table),
        "the table of docs/configuration.md is not that of `lanner config keys`; LANNER_BLESS=1"
    );
    for name in ["config_show.txt", "config_check.txt"] {
        assert!(page.contains(&block(name)), "docs/configuration.md does not show golden/{name}");
    }
}

const RULE: &str = "- rule: never\n  desc: d\n  condition: evt.num = 0\n  output: o\n  priority: INFO\n";

/// Loads rules and ends, with these keys; what it says on stderr.
fn log_of(dir: &Path, keys: &str) -> String {
    fs::write(dir.join("r.yaml"), RULE).unwrap();
    fs::write(dir.join("f.yaml"), format!("stdout_output: {{enabled: true}}\nengine: {{kind: nodriver}}\n{keys}"))
        .unwrap();
    let mut command = lanner(BINARY, &["-c", "f.yaml", "-r", "r.yaml", "--dry-run"]);
    run(command.current_dir(dir)).good().stderr
}

#[test]
fn the_log_is_text_or_json_of_the_level_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let after =
        |text: &str| text.lines().skip_while(|line| !line.contains("version: ")).map(str::to_owned).collect::<Vec<_>>();
    let text = log_of(dir.path(), "log_stderr: true\nlog_syslog: false\nlog_level: debug\n");
    let lines = after(&text);
    assert!(lines.iter().any(|line| line.ends_with(": Loading rules from:")), "{text}");
    assert!(lines.iter().any(|line| line.ends_with("   r.yaml | schema validation: ok")), "{text}");
    assert!(lines.iter().any(|line| line.contains("Skipping event processing in dry-run")), "{text}");
    let json = log_of(dir.path(), "log_stderr: true\nlog_syslog: false\nlog_format: json\n");
    for line in after(&json) {
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["level"], "info", "{line}");
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')) && line["message"].is_string(), "{line}");
    }
    assert!(json.contains(r#""message":"Loading rules from:""#), "{json}");
    let quiet = log_of(dir.path(), "log_stderr: true\nlog_syslog: false\nlog_level: warning\n");
    assert_eq!(quiet, "");
}

#[test]
fn the_log_goes_to_the_socket_of_syslog() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("log");
    let daemon = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    let stderr = log_of(dir.path(), &format!("log_syslog: true\nsyslog_output: {{path: {}}}\n", socket.display()));
    assert!(!stderr.contains("Loading rules"), "{stderr}");
    daemon.set_nonblocking(true).unwrap();
    let mut buffer = [0; 9000];
    let lines: Vec<String> = std::iter::from_fn(|| {
        let length = daemon.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    })
    .collect();
    let loading = lines.iter().find(|line| line.ends_with(": Loading rules from:"));
    assert!(loading.is_some_and(|line| line.starts_with("<14>") && line.contains("lanner-under-test[")), "{lines:?}");
}

/// What the service manager hears until it hears `until`; 10 s are more than any of it takes.
fn heard(manager: &std::os::unix::net::UnixDatagram, until: &str) -> Vec<String> {
    manager.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{error} before {until}: {all:?}"));
        all.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        if all.last().is_some_and(|last| last.contains(until)) {
            return all;
        }
    }
}

#[test]
fn the_service_manager_hears_of_start_reload_life_and_end() {
    let dir = folder(&[
        ("r.yaml", RULE),
        ("f.yaml", "stdout_output: {enabled: true}\nengine: {kind: nodriver}\nlog_syslog: false\n"),
    ]);
    let manager = std::os::unix::net::UnixDatagram::bind(dir.path().join("notify")).unwrap();
    let mut command = lanner(BINARY, &["run", "-c", "f.yaml", "-r", "r.yaml"]);
    command.current_dir(dir.path()).env("NOTIFY_SOCKET", dir.path().join("notify")).env("WATCHDOG_USEC", "200000");
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let signal = |signal: &str| {
        let sent = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success(), "kill {signal}");
    };
    let start = heard(&manager, "READY=1");
    assert!(start.last().unwrap().contains("STATUS=sources: syscall"), "{start:?}");
    heard(&manager, "WATCHDOG=1");
    signal("-HUP");
    assert!(heard(&manager, "RELOADING=1").last().unwrap().contains("MONOTONIC_USEC="));
    assert!(heard(&manager, "READY=1").last().unwrap().contains("STATUS=1 rules are in force"));
    let asked = std::time::Instant::now();
    signal("-TERM");
    heard(&manager, "STOPPING=1");
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < std::time::Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Events detected: 0"));
}

#[test]
fn rules_inside_the_program_stand_wherever_rule_files_do() {
    let dir = tempfile::tempdir().unwrap();
    let lanner = |args: &[&str]| run(lanner(BINARY, args).current_dir(dir.path()));
    let names = lanner(&["rules", "builtin"]).good().stdout;
    assert_eq!(names.lines().next(), Some("builtin:aws_cloudtrail/aws_cloudtrail_rules.yaml"), "{names}");
    let text = lanner(&["rules", "builtin", "syscall/lanner_rules.yaml"]).good().stdout;
    let file = here().parent().unwrap().join("rules/syscall/lanner_rules.yaml");
    assert_eq!(text, fs::read_to_string(file).unwrap());
    // No file, no rules named: the stable ones.
    let ran = lanner(&["run", "--dry-run", "-v"]).good();
    assert!(ran.stderr.contains("   builtin:syscall/lanner_rules.yaml | schema validation: ok"), "{}", ran.stderr);
    fs::write(dir.path().join("r.yaml"), RULE).unwrap();
    let ran = lanner(&["run", "--dry-run", "-v", "-r", "r.yaml"]).good();
    assert!(!ran.stderr.contains("builtin:"), "{}", ran.stderr);
    let ran = lanner(&["run", "--dry-run", "-v", "-r", "builtin:syscall", "-r", "r.yaml"]).good();
    assert_eq!(ran.stderr.matches("builtin:").count(), 4, "{}", ran.stderr);
    // A configuration that names no rules has those of the sources in it.
    let sources = [("k8saudit", "k8s_audit"), ("cloudtrail", "aws_cloudtrail"), ("gcpaudit", "gcp_auditlog")];
    let plugins: String = sources
        .iter()
        .map(|(plugin, _)| format!("- {{name: {plugin}, library_path: lib{plugin}.so, open_params: x}}\n"))
        .collect();
    let config = format!(
        "stdout_output: {{enabled: true}}\nlog_stderr: true\nlog_syslog: false\nengine: {{kind: nodriver}}\nplugins:\n{plugins}- \
         {{name: json, library_path: libjson.so}}\n"
    );
    fs::write(dir.path().join("f.yaml"), &config).unwrap();
    let ran = lanner(&["run", "-c", "f.yaml", "--dry-run"]).good();
    for (_, source) in sources {
        let file = format!("   builtin:{source}/{source}_rules.yaml | schema validation: ok");
        assert!(ran.stderr.contains(&file), "{file}: {}", ran.stderr);
    }
    assert_eq!(ran.stderr.matches("builtin:").count(), 3, "{}", ran.stderr);
    fs::write(dir.path().join("f.yaml"), format!("{config}rules_files: [r.yaml]\n")).unwrap();
    assert!(!lanner(&["run", "-c", "f.yaml", "--dry-run"]).good().stderr.contains("builtin:"));
    let ran = lanner(&["check", "builtin:sycall"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("there are no rules 'builtin:sycall'"), "{}", ran.stderr);
    assert_eq!(lanner(&["check", "builtin:syscall"]).code, Some(0));
}

/// Where systemd is installed, it reads the units itself; the program they start is put in their place.
#[test]
fn systemd_understands_the_units() {
    if std::process::Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("skipped: systemd-analyze is absent");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for unit in ["lanner.service", "lanner-plugins.service"] {
        let text = fs::read_to_string(here().parent().unwrap().join("deploy/systemd").join(unit)).unwrap();
        assert!(text.contains("Type=notify\n") && text.contains("WatchdogSec="), "{unit}");
        let path = dir.path().join(unit);
        fs::write(&path, text.replace("/usr/bin/lanner", BINARY)).unwrap();
        let ran = run(std::process::Command::new("systemd-analyze").arg("verify").arg(&path));
        assert!(ran.code == Some(0) && ran.stderr.is_empty(), "{unit}: {}", ran.stderr);
    }
}
