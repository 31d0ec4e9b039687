//! The program from outside: exit codes, error texts, lists, checks of rule files.

use std::path::Path;

use lanner_tests::program::{Run, here, lanner, run};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const BASE: &str = "stdout_output: {enabled: true}\nlog_syslog: false\nlog_stderr: true\nengine: {kind: nodriver}\n";

/// A folder with `falco.yaml` (the base and `more`) and the given other files.
struct Setup(tempfile::TempDir);

impl Setup {
    fn new(more: &str, files: &[(&str, &str)]) -> Self {
        let setup = Self(tempfile::tempdir().unwrap());
        setup.write("falco.yaml", &format!("{BASE}{more}"));
        files.iter().for_each(|(name, text)| setup.write(name, text));
        setup
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Runs with the configuration; a word that begins with `@` is a file of the folder.
    fn run(&self, args: &[&str]) -> Run {
        let args: Vec<String> =
            args.iter().map(|arg| arg.strip_prefix('@').map_or((*arg).to_owned(), |name| self.path(name))).collect();
        let config = self.path("falco.yaml");
        let mut all = vec!["-c", config.as_str()];
        all.extend(args.iter().map(String::as_str));
        run(&mut lanner(BINARY, &all))
    }
}

const RULE: &str = "- rule: A\n  desc: d\n  condition: evt.num = 0\n  output: o %proc.name\n  priority: INFO\n";

fn fails(ran: &Run, code: i32, text: &str) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert!(ran.stderr.contains(&format!("Error: {text}")), "{}", ran.stderr);
}

#[test]
fn mistakes_end_with_one_and_say_what() {
    let setup = Setup::new("", &[("r.yaml", RULE)]);
    fails(&run(&mut lanner(BINARY, &["--no-such"])), 1, "unexpected argument '--no-such'");
    fails(&run(&mut lanner(BINARY, &["-c", "/absent.yaml"])), 1, "Could not find configuration file at /absent.yaml");
    fails(&setup.run(&["-o", "rules_files[]=/absent.yaml"]), 1, "You must specify at least one rules file/directory");
    // Nothing gives events for which there are rules inside the program.
    fails(&setup.run(&[]), 1, "You must specify at least one rules file/directory");
    fails(&setup.run(&["-r", "/absent.yaml"]), 1, "Could not open file: /absent.yaml");
    fails(&setup.run(&["-r", "@r.yaml", "-o", "engine.kind=gvisor"]), 1, "Error reading config file (");
    fails(&setup.run(&["-r", "@r.yaml", "-o", "x"]), 1, "Error parsing config option \"x\"");
    fails(&setup.run(&["-r", "@r.yaml", "-o", "priority="]), 1, "Unknown priority \"\"");
    fails(&setup.run(&["-r", "@r.yaml", "-o", "stdout_output.enabled=false"]), 1, "No output configured");
    fails(&setup.run(&["-r", "@r.yaml", "--enable-source", "x"]), 1, "Attempted enabling an unknown event source: x");
    fails(&setup.run(&["--list=x"]), 1, "Value for --list must be a valid source type");
    fails(&setup.run(&["--plugin-info", "x"]), 1, "can't find plugin and print its info: x");
    fails(&setup.run(&["-r", "@r.yaml", "-P", "/absent/pid"]), 255, "Could not write pid to pidfile /absent/pid");
}

#[test]
fn broken_captures_name_the_place() {
    let setup = Setup::new("", &[("r.yaml", RULE), ("broken.scap", "no capture at all")]);
    let capture = format!("engine.replay.capture_file={}", setup.path("broken.scap"));
    let ran = setup.run(&["-r", "@r.yaml", "-o", "engine.kind=replay", "-o", &capture]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("broken.scap: at byte 0: not a capture file"), "{}", ran.stderr);
    let whole = std::fs::read(here().join("captures/attack.scap.gz")).unwrap();
    std::fs::write(setup.path("cut.scap.gz"), &whole[..whole.len() / 2]).unwrap();
    let capture = format!("engine.replay.capture_file={}", setup.path("cut.scap.gz"));
    let ran = setup.run(&["-r", "@r.yaml", "-o", "engine.kind=replay", "-o", &capture]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("Events detected: 0"), "what was counted is told even so: {}", ran.stdout);
}

#[test]
fn dry_run_needs_everything_but_events() {
    let setup = Setup::new("", &[("r.yaml", RULE), ("bad.yaml", "- rule: A\n")]);
    let ran = setup.run(&["-r", "@r.yaml", "--dry-run"]).good();
    assert_eq!(ran.stdout, "");
    assert_eq!(setup.run(&["-r", "@bad.yaml", "--dry-run"]).code, Some(1));
}

#[test]
fn checks_of_rule_files_have_falcos_shape() {
    let bad = "- rule: B\n  desc: d\n  condition: proc.nam = x\n  output: o\n  priority: INFO\n";
    let unused = format!("- macro: m\n  condition: evt.num = 0\n{RULE}");
    let setup = Setup::new("", &[("ok.yaml", RULE), ("bad.yaml", bad), ("warn.yaml", &unused)]);
    let ran = setup.run(&["-V", "@ok.yaml"]).good();
    assert_eq!(ran.stdout, format!("{}: Ok\n", setup.path("ok.yaml")));
    let ran = setup.run(&["-V", "@warn.yaml"]).good();
    assert_eq!(ran.stdout, format!("{}: Ok, with warnings\n", setup.path("warn.yaml")));
    assert!(ran.stderr.contains("LOAD_UNUSED_MACRO"), "{}", ran.stderr);
    let ran = setup.run(&["-V", "@ok.yaml", "-V", "@bad.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("bad.yaml: Invalid\n1 Errors:\nIn rules content"), "{}", ran.stdout);
    assert!(ran.stdout.contains("LOAD_ERR_COMPILE_CONDITION"), "{}", ran.stdout);
    assert!(ran.stderr.contains("Error: ") && ran.stderr.contains("LOAD_ERR_COMPILE_CONDITION"), "{}", ran.stderr);
    let ran = setup.run(&["-V", "@bad.yaml", "-o", "json_output=true"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let result = &json["falco_load_results"][0];
    assert_eq!(
        (&result["successful"], &result["errors"][0]["code"]),
        (&false.into(), &"LOAD_ERR_COMPILE_CONDITION".into())
    );
    assert_eq!(result["schema_valid"], true);
}

#[test]
fn validation_goes_file_by_file() {
    let bad = "- rule: B\n  desc: d\n  condition: opened and proc.name = x\n  output: o\n  priority: INFO\n";
    let later = "- macro: opened\n  condition: evt.type = open\n";
    let setup = Setup::new("", &[("ok.yaml", RULE), ("bad.yaml", bad), ("later.yaml", later)]);
    // What a file needs must be there by its end; what comes later makes only the later file right.
    let ran = setup.run(&["-V", "@bad.yaml", "-V", "@later.yaml", "-o", "json_output=true"]);
    assert_eq!(ran.code, Some(1));
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = &json["falco_load_results"];
    assert_eq!((&results[0]["successful"], &results[1]["successful"]), (&false.into(), &true.into()));
    let error = &results[0]["errors"][0];
    assert_eq!(
        (&error["code"], &error["codedesc"]),
        (&"LOAD_ERR_VALIDATE".into(), &"Error validating rule/macro/list/exception objects".into())
    );
    let place = &error["context"]["locations"][0];
    assert_eq!((&place["item_type"], &place["item_name"]), (&"rules content".into(), &"".into()));
    assert_eq!(place["position"]["name"], setup.path("bad.yaml"));
    assert!(error["context"]["snippet"].as_str().unwrap().contains("opened and"), "{error}");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&results[0]), ["errors", "name", "schema_valid", "schema_warnings", "successful", "warnings"]);
    // The description comes with success only, and the verdict is repeated on stderr without it.
    assert_eq!(keys(&json), ["falco_load_results"]);
    assert!(ran.stderr.contains("Error: ") && ran.stderr.contains("bad.yaml: Invalid"), "{}", ran.stderr);
    let ran = setup.run(&["-V", "@ok.yaml", "-L", "-o", "json_output=true"]).good();
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["falco_describe_results"]["rules"][0]["info"]["name"], "A");
    fails(&setup.run(&["-V", "/absent.yaml"]), 1, "Could not open file: /absent.yaml");
    assert_eq!(setup.run(&["-V", &setup.path("")]).code, Some(1), "a folder is no file");
    // A start stops at the first bad file.
    let ran = setup.run(&["-r", "@bad.yaml", "-r", "@later.yaml", "--dry-run"]);
    fails(&ran, 1, &format!("{}: Invalid", setup.path("bad.yaml")));
    // Rules that are wrong do not load even if they are off.
    let off = bad.replace("INFO\n", "INFO\n  enabled: false\n");
    setup.write("off.yaml", &off);
    assert_eq!(setup.run(&["-V", "@off.yaml"]).code, Some(1));
    assert_eq!(setup.run(&["-V", "@off.yaml", "-o", "priority=error", "-o", "rules_load=per_rule"]).code, Some(1));
}

#[test]
fn check_tells_all_errors_at_once() {
    let two = "- rule: A\n  desc: d\n  condition: proc.nam = x\n  output: o\n  priority: INFO\n- rule: B\n  desc: d\n  \
               condition: evt.num = 0\n  output: o %no.field\n  priority: LOUD\n";
    let setup = Setup::new("", &[("two.yaml", two)]);
    let file = setup.path("two.yaml");
    let ran = run(&mut lanner(BINARY, &["check", &file]));
    fails(&ran, 1, "3 errors, no warnings in 1 file");
    assert!(ran.stdout.contains("proc.nam") && ran.stdout.contains("LOUD"), "{}", ran.stdout);
}

#[test]
fn rules_are_described() {
    let setup = Setup::new("", &[("r.yaml", RULE)]);
    let ran = setup.run(&["-r", "@r.yaml", "-L"]).good();
    assert!(
        ran.stdout.starts_with("Rule                                               Description\n----"),
        "{}",
        ran.stdout
    );
    let ran = setup.run(&["-r", "@r.yaml", "-l", "A", "-o", "json_output=true"]).good();
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["rules"][0]["info"]["name"], "A");
    assert_eq!(json["rules"][0]["details"]["output_fields"], serde_json::json!(["proc.name"]));
    assert_eq!(setup.run(&["-r", "@r.yaml", "-l", "nope"]).code, Some(1));
}

#[test]
fn versions_come_as_text_and_json() {
    let setup = Setup::new("", &[]);
    assert!(setup.run(&["--version"]).good().stdout.starts_with("Lanner version: "));
    let json: Value = serde_json::from_str(&setup.run(&["--version", "-o", "json_output=true"]).good().stdout).unwrap();
    assert_eq!(json["engine_version"], "63");
    assert_eq!(json["engine_version_semver"], "0.63.0");
    assert_eq!(json["plugin_api_version"], "3.12.0");
    assert_eq!(json["driver_schema_version"], "4.5.1");
}

#[test]
fn what_is_sent_to_others_has_no_secrets() {
    let secret = "hunter2";
    let more = format!(
        "program_output: {{enabled: false, program: 'curl -H \"Authorization: Bearer {secret}\" http://h'}}\nplugins: [{{name: json, \
         library_path: libjson.so, open_params: 'https://h/?token={secret}'}}]\nhttp_output: {{enabled: false, url: \
         'https://me:{secret}@h/'}}\n"
    );
    let setup = Setup::new(&more, &[("r.yaml", RULE)]);
    let url = format!("http_output.url=https://me:{secret}@other/");
    let ran = setup.run(&["-r", "@r.yaml", "--support", "-o", &url, "-o", "log_level=debug"]);
    assert!(ran.stdout.contains("https://***@other/") && ran.stdout.contains("token=***"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn keys_that_falco_removed_are_named_at_the_start() {
    let setup = Setup::new("grpc: {enabled: true}\noutputs: {rate: 1}\n", &[("r.yaml", RULE)]);
    let ran = setup.run(&["-r", "@r.yaml", "--dry-run", "-o", "engine.gvisor=x"]).good();
    let config = setup.path("falco.yaml");
    for said in [
        format!("{config}:5: `grpc` was removed with the gRPC server; it has no effect: remove it; "),
        format!("{config}:6: `outputs` was the limiter of alerts"),
        "-o engine.gvisor: `engine.gvisor` was removed; it has no effect: use `engine.kind: modern_ebpf`".to_owned(),
    ] {
        assert!(ran.stderr.contains(&said), "{said}: {}", ran.stderr);
    }
}

#[test]
fn support_has_configuration_and_rules() {
    let setup = Setup::new("", &[("r.yaml", RULE)]);
    let json: Value = serde_json::from_str(&setup.run(&["-r", "@r.yaml", "--support"]).good().stdout).unwrap();
    assert_eq!(json["rules_files"][0]["variants"][0]["content"], RULE);
    assert!(json["config"].as_str().unwrap().contains("nodriver"));
    assert!(json["cmdline"].as_str().unwrap().contains("--support"));
    assert_eq!(json["system_info"]["sysname"], "Linux");
}

#[test]
fn lists_have_their_forms() {
    let setup = Setup::new("", &[]);
    let names = setup.run(&["--list", "-N"]).good().stdout;
    assert!(names.lines().any(|line| line == "proc.aname") && !names.contains(' '), "{names}");
    let json: Value = serde_json::from_str(&setup.run(&["--list=syscall", "--format", "json"]).good().stdout).unwrap();
    assert_eq!(json["fieldclasses"][0]["event_sources"], serde_json::json!(["syscall"]));
    assert!(setup.run(&["--list", "--markdown"]).good().stdout.starts_with("## Field Class: evt\n"));
    assert!(setup.run(&["--list-plugins"]).good().stdout.starts_with("0 Plugins Loaded:\n"));
}

#[test]
fn keys_that_do_not_exist_are_named_at_the_start() {
    let setup = Setup::new("syslog_output: {enabled: false}\nno_such_key: 1\n", &[("r.yaml", RULE)]);
    let ran = setup.run(&["-r", "@r.yaml", "--dry-run"]).good();
    assert!(ran.stderr.contains("schema validation: failed for <root>: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("no_such_key"), "{}", ran.stderr);
}

#[test]
fn a_missing_required_plugin_is_told_instead_of_what_follows_from_it() {
    let text = "- required_plugin_versions: [{name: nowhere, version: 1.0.0}]\n- rule: A\n  desc: d\n  condition: nowhere.x = \
                1\n  output: o\n  priority: INFO\n";
    let setup = Setup::new("", &[("r.yaml", text)]);
    let ran = setup.run(&["-r", "@r.yaml"]);
    fails(&ran, 1, "Plugin requirement not satisfied, must load one of: nowhere (>= 1.0.0)");
    assert!(Path::new(&setup.path("r.yaml")).exists() && !ran.stderr.contains("LOAD_ERR"), "{}", ran.stderr);
}
