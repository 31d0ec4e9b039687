//! `lanner explain` from outside: the bundled capture and a document of an audit log, as text and as JSON.

use lanner_tests::program::{Run, golden, here, lanner, run};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// The event in which the shadow file is opened.
const OPENED: &str = "1787";

fn explain(args: &[&str]) -> Run {
    let mut command = lanner(BINARY, &["explain"]);
    command.current_dir(here());
    command.args(args);
    run(&mut command)
}

fn capture(event: &str, args: &[&str]) -> Run {
    let mut all = vec!["captures/attack.scap.gz", "--event", event, "-r", "rules/attack.yaml"];
    all.extend(args);
    explain(&all)
}

#[test]
fn one_rule_as_text_and_as_json() {
    let text = capture(OPENED, &["--rule", "Secret read"]).good();
    golden("explain.fires.txt", &text.stdout);
    golden("explain.fires.json", &capture(OPENED, &["--rule", "Secret read", "--format", "json"]).good().stdout);
    // A process starts: false for each of several reasons.
    golden("explain.false.txt", &capture("168", &["--rule", "Run from memory or scratch space"]).good().stdout);
    assert!(!text.stdout.contains('\x1b'), "colour is for terminals");
}

#[test]
fn what_keeps_a_true_condition_from_firing() {
    let verdict = |event: &str, args: &[&str]| {
        let ran = capture(event, args).good();
        ran.stdout.lines().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(
        verdict("168", &["--rule", "Switched off"]),
        "Rule 'Switched off' (rules/attack.yaml:57) does not fire although its condition is true: it is disabled (by \
         'enabled: false' in the rule files)."
    );
    assert_eq!(
        verdict("168", &["--rule", "Secret read"]),
        "Rule 'Secret read' (rules/attack.yaml:15) does not look at events of type execve: its condition can only be true \
         for open, openat, openat2."
    );
    let quiet = verdict(OPENED, &["--rule", "Secret read", "-o", "priority=error"]);
    assert!(quiet.ends_with("it is disabled (its priority Warning is below the configured Error)."), "{quiet}");

    let dir = tempfile::tempdir().unwrap();
    let broad = dir.path().join("broad.yaml");
    let text = "- rule: Everything opened\n  desc: d\n  condition: evt.type = openat\n  output: o\n  priority: ERROR\n";
    std::fs::write(&broad, text).unwrap();
    let args = |matching| {
        let file = broad.display().to_string();
        let words = ["captures/attack.scap.gz", "--event", OPENED, "-r", &file, "-r", "rules/attack.yaml", "--rule"];
        let mut all: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        all.extend(["Secret read".to_owned(), "-o".to_owned(), format!("rule_matching={matching}")]);
        all
    };
    let both = |matching| {
        let args = args(matching);
        explain(&args.iter().map(String::as_str).collect::<Vec<_>>()).good().stdout
    };
    let first = both("first");
    assert!(first.contains("the earlier rule 'Everything opened' ("), "{first}");
    assert!(both("all").contains("fires: its condition is true."));
}

#[test]
fn all_rules_in_short() {
    golden("explain.all.txt", &capture("168", &[]).good().stdout);
    let json: Value = serde_json::from_str(&capture("168", &["--format", "json"]).good().stdout).unwrap();
    let outcomes: Vec<(&str, &str)> = json["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["rule"].as_str().unwrap(), rule["outcome"].as_str().unwrap()))
        .collect();
    let expected = [
        ("Run from memory or scratch space", "condition_false"),
        ("Any ancestor was a network service", "condition_false"),
        ("Switched off", "disabled"),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn a_document_of_a_plugin_source() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let document = write(
        "audit.json",
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete",
            "requestURI":"/api/v1/namespaces/prod/secrets/db","verb":"get","user":{"username":"eve"},
            "objectRef":{"resource":"secrets","namespace":"prod","name":"db","apiVersion":"v1"},
            "responseStatus":{"code":200},"stageTimestamp":"2026-11-20T08:00:00.000000Z"}"#
            .replace('\n', " ")
            .as_str(),
    );
    let rules = write(
        "rules.yaml",
        "- list: admins\n  items: [alice, bob]\n- rule: Secret taken\n  desc: d\n  source: k8s_audit\n  condition: \
         ka.verb = get and ka.target.resource = secrets and not ka.user.name in (admins)\n  output: o\n  priority: ERROR\n\
         - rule: Other\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: ERROR\n",
    );
    let args = |rule| ["--json", &document, "--source", "k8s_audit", "-r", &rules, "--rule", rule].map(str::to_owned);
    let said = |rule| explain(&args(rule).iter().map(String::as_str).collect::<Vec<_>>()).good().stdout;
    let text = said("Secret taken");
    for part in ["fires: its condition is true.", "ka.user.name in (admins)", "is eve", "Event 1 of source k8s_audit"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(said("Other").contains("is about events of source syscall; it never sees this one."));
}

#[test]
fn mistakes_say_what_to_do() {
    let fails = |ran: Run, text: &str| {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    };
    fails(capture("168", &["--rule", "Secret reed"]), "no rule 'Secret reed' is loaded; did you mean 'Secret read'?");
    fails(capture("99999999", &[]), "captures/attack.scap.gz has no event 99999999 that rules see; its last one is");
    fails(explain(&["x.scap", "-r", "rules/attack.yaml"]), "--event <NUMBER>");
    fails(
        explain(&["--json", "x.json", "--source", "k8s", "-r", "rules/attack.yaml"]),
        "no plugin delivers events of source 'k8s'; known sources: syscall, k8s_audit",
    );
}

/// A case of rule tests: a script, one of several rows, and payloads.
#[test]
fn cases_are_explained_by_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    write(
        "rules.yaml",
        "- rule: Shadow read\n  desc: d\n  condition: evt.type = openat and fd.name = /etc/shadow and proc.name != su\n  \
         output: o\n  priority: ERROR\n",
    );
    let cases = write(
        "cases.yaml",
        "rules: [rules.yaml]\ncases:\n- rule: Shadow read\n  params: {exe: /bin/cat}\n  given: {processes: [{exe: '${exe}'}]}\n  \
         events:\n  - openat: {name: /etc/hosts, flags: O_RDONLY}\n  - openat: {name: /etc/shadow, flags: O_RDONLY}\n  \
         fires:\n  - {}\n  silent:\n  - {exe: /bin/su}\n",
    );
    let verdict = |args: &[&str]| {
        let stdout = explain(args).good().stdout;
        let at = stdout.find("Rule 'Shadow read'").expect(&stdout);
        stdout[at..].lines().next().unwrap().to_owned()
    };
    let at = |line: u32| format!("{cases}:{line}");
    assert!(verdict(&["--case", &at(10)]).ends_with(" fires: its condition is true."));
    assert!(verdict(&["--case", &at(12)]).ends_with(" does not fire: its condition is false."));
    // The first step opens another file; the same is said of the step and of the number of its event.
    let first = explain(&["--case", &at(10), "--step", "1"]).good().stdout;
    assert!(first.contains("is /etc/hosts") && first.contains(" does not fire: its condition is false."), "{first}");
    let number = first.split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(explain(&["--case", &at(10), "--event", &number]).good().stdout, first);

    let several = explain(&["--case", &cases]);
    assert_eq!(several.code, Some(1));
    assert!(several.stderr.contains("has 2 rows; say which by its line"), "{}", several.stderr);
    assert!(several.stderr.contains("12  Shadow read (silent 1)"), "{}", several.stderr);
    let beyond = explain(&["--case", &at(10), "--step", "3"]);
    assert!(beyond.stderr.contains("there is no step 3, the row has 2"), "{}", beyond.stderr);
    let broken = write("broken.yaml", "cases:\n- rulez: x\n");
    let broken = explain(&["--case", &broken]);
    assert!(broken.stderr.contains("broken.yaml:2:3: error: ") && broken.stderr.contains("rulez"), "{}", broken.stderr);

    write(
        "audit_rules.yaml",
        "- rule: Pod taken\n  desc: d\n  source: k8s_audit\n  condition: ka.verb = delete\n  output: o\n  priority: ERROR\n",
    );
    let audit = write(
        "audit.yaml",
        "source: k8s_audit\nrules: [audit_rules.yaml]\ncases:\n- rule: Pod taken\n  params: {verb: delete}\n  events:\n  \
         - payload: {kind: Event, apiVersion: audit.k8s.io/v1, auditID: a, stage: ResponseComplete, verb: '${verb}'}\n  \
         fires:\n  - {}\n",
    );
    let payload = explain(&["--case", &audit]).good().stdout;
    assert!(payload.starts_with("Event 1 of source k8s_audit: "), "{payload}");
    assert!(payload.contains("Rule 'Pod taken'") && payload.contains(" fires: its condition is true."), "{payload}");
}
