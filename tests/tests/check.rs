//! `lanner check` from outside: its forms, its exit status, colours, fixes.

use lanner_tests::program::{Run, golden, lanner, run, shared};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

const RULES: &str = "\
- macro: opened
  condition: evt.type in (open, openat) and fd.num >= 0

- rule: Shell configuration read
  desc: d
  condition: >
    opend and fd.name glob */.bashrc
    and not proc.name in (bash, zsh, bash)
  output: \"ü %fd.name\"
  priority: WARNIG

- rule: Password file read
  desc: d
  condition: opened and fd.nam = /etc/passwd
  output: o
  priority: WARNING
  tag: [x]

- rule: Never
  desc: d
  condition: evt.type = execve and fd.name = /etc/passwd
  output: o
  priority: WARNING
";

const DOUBTFUL: &str =
    "- rule: A\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n  tag: [x]\n";
const GOOD: &str = "- rule: A\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    /// Runs `lanner check` in the folder.
    fn check(&self, args: &[&str]) -> Run {
        let mut all = vec!["check"];
        all.extend(args);
        run(lanner(BINARY, &all).current_dir(self.0.path()))
    }
}

#[test]
fn people_see_the_line_the_reason_and_the_remedy() {
    let ran = Folder::new(&[("rules.yaml", RULES)]).check(&["rules.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.stdout.contains('\u{1b}'), "colours without a terminal");
    golden("check.txt", &ran.stdout);
    assert_eq!(ran.stderr, "Error: 3 errors, 3 warnings in 1 file\n");
}

#[test]
fn json_has_everything_that_people_see() {
    let ran = Folder::new(&[("rules.yaml", RULES)]).check(&["rules.yaml", "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&json["errors"], &json["warnings"]), (&3.into(), &3.into()));
    let field =
        json["findings"].as_array().unwrap().iter().find(|f| f["code"] == "LOAD_ERR_COMPILE_CONDITION").unwrap();
    assert_eq!(field["help"], "did you mean 'fd.name'?");
    assert_eq!(field["item"], serde_json::json!({"kind": "rule", "name": "Password file read"}));
    assert_eq!(
        (&field["file"], &field["start"]["line"], &field["start"]["column"]),
        (&"rules.yaml".into(), &14.into(), &25.into())
    );
    assert_eq!(field["end"]["column"], 31);
}

#[test]
fn sarif_names_rules_and_places() {
    let ran = Folder::new(&[("my rules.yaml", RULES)]).check(&["my rules.yaml", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let (rules, results) = (&log["runs"][0]["tool"]["driver"]["rules"], log["runs"][0]["results"].as_array().unwrap());
    assert_eq!(results.len(), 6);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20rules.yaml");
        let region = &place["region"];
        assert!(
            region["startLine"].as_u64() >= Some(1) && region["endColumn"].as_u64() > region["startColumn"].as_u64()
        );
    }
}

#[test]
fn github_gets_one_command_for_each_finding() {
    let ran = Folder::new(&[("rules.yaml", DOUBTFUL)]).check(&["rules.yaml", "--format", "github"]).good();
    assert_eq!(
        ran.stdout,
        "::warning file=rules.yaml,line=6,col=3,endLine=6,endColumn=6,title=LOAD_UNKNOWN_KEY::Unknown key 'tag'. The key \
         will be ignored.%0Adid you mean 'tags'?\n"
    );
}

#[test]
fn warnings_count_only_where_they_are_denied() {
    let folder = Folder::new(&[("good.yaml", GOOD), ("doubtful.yaml", DOUBTFUL)]);
    assert_eq!(folder.check(&["good.yaml"]).good().stdout, "no errors, no warnings in 1 file\n");
    assert!(folder.check(&["doubtful.yaml"]).good().stdout.ends_with("no errors, 1 warning in 1 file\n"));
    let denied = folder.check(&["--deny", "warnings", "doubtful.yaml"]);
    assert_eq!((denied.code, denied.stderr.as_str()), (Some(1), "Error: no errors, 1 warning in 1 file\n"));
    let allowed = folder.check(&["--deny", "warnings", "--allow", "LOAD_UNKNOWN_KEY", "doubtful.yaml"]);
    assert_eq!(allowed.code, Some(0));
}

#[test]
fn a_file_that_is_not_there_does_not_hide_the_others() {
    let ran = Folder::new(&[("rules.yaml", RULES)]).check(&["absent.yaml", "rules.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("error[LOAD_ERR_FILE_READ]") && ran.stdout.contains("absent.yaml"), "{}", ran.stdout);
    assert!(ran.stdout.contains("fd.nam"), "{}", ran.stdout);
}

#[test]
fn a_missing_plugin_is_told_at_its_place() {
    let rules = format!("- required_plugin_versions:\n  - name: nothing\n    version: 1.0.0\n{GOOD}");
    let ran = Folder::new(&[("rules.yaml", &rules)]).check(&["rules.yaml", "--format", "github"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.starts_with("::error file=rules.yaml,line=2,col=5,"), "{}", ran.stdout);
}

/// What the published rules give was looked at by hand: each of these is so.
#[test]
fn published_rules_raise_no_false_alarm() {
    let Some(shared) = shared() else { return };
    let files = ["falco_rules", "falco-incubating_rules", "falco-sandbox_rules", "k8s_audit_rules"];
    let paths: Vec<String> =
        files.iter().map(|name| shared.join(format!("falco-rules/{name}.yaml")).display().to_string()).collect();
    let mut args: Vec<&str> = paths.iter().map(String::as_str).collect();
    args.extend(["--format", "json"]);
    let json: Value = serde_json::from_str(&Folder::new(&[]).check(&args).good().stdout).unwrap();
    let found: Vec<(&str, &str)> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["code"].as_str().unwrap(), f["item"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("LINT_DUPLICATE_VALUE", "coreutils_binaries"),
            ("LINT_FIELD_WITHOUT_VALUE", "Container Drift Detected (open+create)"),
            ("LINT_NEVER_TRUE", "Launch Disallowed Container"),
            ("LINT_SHADOWED_RULE", "Network Tool Executed During NPM Package Install"),
        ]
    );
}

const OLD: &str = "\
# Ours.
- list: shells
  items: [bash]

- list: shells
  items: [zsh]   # since last week
  append: true

- rule: A
  desc: d
  condition: evt.type = open and evt.dir = < and proc.name in (shells)
  output: o %container.info
  priority: INFO

- rule: A
  enabled: false
";

#[test]
fn deprecated_forms_are_rewritten_in_place() {
    let folder = Folder::new(&[("rules.yaml", OLD)]);
    let path = folder.0.path().join("rules.yaml");
    let shown = folder.check(&["--fix", "--dry-run", "rules.yaml"]).good();
    golden("check_fix.diff", &shown.stdout);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), OLD, "a dry run changes nothing");
    let told = folder.check(&["--fix", "rules.yaml"]).good();
    golden("check_fix.txt", &told.stdout);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# Ours.\n") && text.contains("# since last week"), "{text}");
    assert_eq!(folder.check(&["rules.yaml"]).good().stdout, "no errors, no warnings in 1 file\n");
    assert_eq!(folder.check(&["--fix", "rules.yaml"]).good().stdout, "nothing to rewrite\n");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a second time changes nothing");
}

#[test]
fn one_bad_rule_leaves_the_others_where_that_is_asked_for() {
    let folder = Folder::new(&[("rules.yaml", RULES), ("broken.yaml", "- rule: [\n")]);
    let capture = lanner_tests::program::here().join("captures/attack.scap.gz").display().to_string();
    let replay = |args: &[&str]| {
        let mut all = vec!["replay", capture.as_str(), "-q"];
        all.extend(args);
        run(lanner(BINARY, &all).current_dir(folder.0.path()))
    };
    assert_eq!(replay(&["-r", "rules.yaml"]).code, Some(1), "strict is the default");
    let ran = replay(&["-r", "rules.yaml", "-o", "rules_load=per_rule"]).good();
    assert!(ran.stderr.contains("did you mean 'fd.name'?"), "{}", ran.stderr);
    let told = "1 rules are loaded, 2 are left out because of errors (rules_load: per_rule): Shell configuration read, \
                Password file read";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert_eq!(replay(&["-r", "rules.yaml", "-r", "broken.yaml", "-o", "rules_load=per_rule"]).code, Some(1));
    let unknown = replay(&["-r", "rules.yaml", "-o", "rules_load=lax"]);
    assert!(
        unknown.stderr.contains("rules_load 'lax' is unknown. Valid values are: strict, per_rule"),
        "{}",
        unknown.stderr
    );
}
