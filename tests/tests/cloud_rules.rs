//! The rules for audit events of clouds that come with Lanner: they load, their cases hold, and they say what Falco's rules say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lanner_tests::program::{golden, here, lanner, run, shared};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// The rules of a source.
struct Rules {
    source: &'static str,
    /// The plugin that reads it, and what it is about.
    plugin: &'static str,
    title: &'static str,
    /// Rules that have a name of Falco's, all rules, and their cases.
    counts: [usize; 3],
    /// Rules whose first row Falco's rules do not raise: they are held back there until a macro is replaced or a list filled.
    held_back: &'static [&'static str],
}

const ALL: [Rules; 3] = [
    Rules {
        source: "k8s_audit",
        plugin: "k8saudit",
        title: "Kubernetes",
        counts: [48, 79, 80],
        held_back: &[
            "All K8s Audit Events",
            "Create Disallowed Pod",
            "Full K8s Administrative Access",
            "Untrusted Node Successfully Joined the Cluster",
            "Untrusted Node Unsuccessfully Tried to Join the Cluster",
        ],
    },
    Rules { source: "aws_cloudtrail", plugin: "cloudtrail", title: "AWS", counts: [22, 52, 52], held_back: &[] },
    Rules { source: "gcp_auditlog", plugin: "gcpaudit", title: "Google Cloud", counts: [39, 63, 66], held_back: &[] },
];

impl Rules {
    fn folder(&self) -> PathBuf {
        here().join("../rules").join(self.source)
    }

    /// In the order in which they build on each other.
    fn files(&self) -> [String; 2] {
        ["rules", "rules_recent"]
            .map(|file| self.folder().join(format!("{}_{file}.yaml", self.source)).display().to_string())
    }

    fn falcos(&self, shared: &Path) -> String {
        shared.join(format!("falco-rules/{}_rules.yaml", self.source)).display().to_string()
    }

    /// What `-L` says about the rules.
    fn described(&self) -> Vec<Value> {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("falco.yaml");
        let plugin = self.plugin;
        let text = format!(
            "engine: {{kind: nodriver}}\nload_plugins: [{plugin}, json]\nplugins: [{{name: {plugin}, library_path: none}}, \
             {{name: json, library_path: none}}]\nlog_syslog: false\n"
        );
        std::fs::write(&config, text).unwrap();
        let (config, files) = (config.display().to_string(), self.files());
        let mut args = vec!["-c", &config, "-L", "-o", "json_output=true"];
        args.extend(files.iter().flat_map(|file| ["-r", file]));
        let ran = run(&mut lanner(BINARY, &args)).good();
        let described: Value = serde_json::from_str(&ran.stdout).unwrap();
        described["rules"].as_array().unwrap().clone()
    }
}

fn tags(rule: &Value) -> Vec<&str> {
    rule["info"]["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect()
}

fn technique<'a>(tags: &[&'a str]) -> Option<&'a str> {
    tags.iter()
        .copied()
        .find(|tag| tag.strip_prefix('T').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// The page that lists the rules.
const ABOUT: &str = "\
# Rules for clouds

The rules for audit events of Kubernetes, AWS and Google Cloud under `rules/k8s_audit/`, `rules/aws_cloudtrail/` and
`rules/gcp_auditlog/`. Where Falco's rules detect the same behaviour the name is the same; conditions and texts are our own. Each
source has two files, loaded in this order: `…_rules.yaml` (Falco's detections) and `…_rules_recent.yaml` (what those cannot see). A rule
marked *off* is switched on with `enabled: true` and `override: {enabled: replace}`. The cases of every rule are beside them in `cases/`.

What they differ in from Falco's on purpose: [Kubernetes](k8saudit.md#rules), [Google Cloud](gcpaudit.md#rules).
";

#[test]
fn each_says_what_users_expect_of_a_rule_and_the_page_lists_them() {
    let mut page = ABOUT.to_owned();
    for rules in ALL {
        page += &format!(
            "\n## {}\n\n| rule | what it tells | priority | tactic | technique |\n|--|--|--|--|--|\n",
            rules.title
        );
        let described = rules.described();
        assert_eq!(described.len(), rules.counts[1]);
        for rule in &described {
            let (info, tags) = (&rule["info"], tags(rule));
            let [name, description, output, priority] =
                ["name", "description", "output", "priority"].map(|key| info[key].as_str().unwrap());
            assert!(description.len() > 60, "{name}: says what to do next");
            assert!(output.contains(" | "), "{name}: {output}");
            let one = |prefix: &str| tags.iter().filter(|tag| tag.starts_with(prefix)).count();
            assert_eq!((one("maturity_"), one("mitre_")), (1, 1), "{name}: {tags:?}");
            let tactic = tags.iter().find_map(|tag| tag.strip_prefix("mitre_")).unwrap().replace('_', " ");
            let technique = technique(&tags).unwrap_or_else(|| panic!("{name}: {tags:?}"));
            let tells =
                description.split_once(". ").map_or(description, |(first, _)| first).trim().trim_end_matches('.');
            let off = if info["enabled"] == false { ", off" } else { "" };
            page += &format!("| {name} | {} | {priority}{off} | {tactic} | {technique} |\n", tells.replace('|', "\\|"));
        }
    }
    golden("../../docs/rules-cloud.md", &page);
}

fn names(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    text.lines().filter_map(|line| line.strip_prefix("- rule: ")).map(|name| name.trim().to_owned()).collect()
}

#[test]
fn they_load_without_a_warning_and_their_cases_miss_every_part_of_a_condition() {
    for rules in ALL {
        let [stable, recent] = rules.files();
        for files in [vec!["check", &stable], vec!["check", &stable, &recent]] {
            let checked = run(&mut lanner(BINARY, &files)).good();
            assert!(checked.stdout.starts_with("no errors, no warnings"), "{}", checked.stdout);
        }
        let folder = rules.folder().display().to_string();
        let tested = run(&mut lanner(BINARY, &["test", &folder, "--mutate", "--coverage"])).good();
        let [_, all, cases] = rules.counts;
        for told in [&format!("{all} of {all} rules have cases"), &format!("\n{cases} cases, "), " 0 survived"] {
            assert!(tested.stdout.contains(told), "{told}: {}", tested.stdout);
        }
    }
}

#[test]
fn the_examples_of_tuning_load() {
    for rules in ALL {
        let [stable, recent] = rules.files();
        let tuning = rules.folder().join("tuning/example.yaml").display().to_string();
        let checked = run(&mut lanner(BINARY, &["check", &stable, &recent, &tuning])).good();
        assert!(checked.stdout.starts_with("no errors, no warnings"), "{}", checked.stdout);
    }
}

/// Falco's rule files load; each of their rules has one of ours with its name; and what ours are first of all about, theirs raise.
#[test]
fn falcos_rules_load_and_raise_what_ours_are_about() {
    let Some(shared) = shared() else { return };
    for rules in ALL {
        let (falcos, [stable, _]) = (rules.falcos(&shared), rules.files());
        let checked = run(&mut lanner(BINARY, &["check", &falcos])).good();
        assert!(checked.stdout.contains("no errors"), "{}", checked.stdout);
        assert_eq!(names(&stable), names(&falcos));
        assert_eq!(names(&falcos).len(), rules.counts[0]);

        let cases = std::fs::read_dir(rules.folder().join("cases")).unwrap().flatten().map(|entry| entry.path());
        let cases = cases.map(|path| path.display().to_string()).filter(|path| path.contains("/stable_"));
        let mut args = vec!["test".to_owned(), "-r".to_owned(), falcos, "--format".to_owned(), "json".to_owned()];
        args.extend(cases);
        let ran = run(&mut lanner(BINARY, &args.iter().map(String::as_str).collect::<Vec<_>>()));
        // Some rows are about what Falco's rules do not see, or see where there is nothing: the first row of a case is not.
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let list = |of: &Value, key: &str| of[key].as_array().unwrap().clone();
        let mut silent = BTreeSet::new();
        let mut raised = BTreeSet::new();
        for case in list(&report, "files").iter().flat_map(|file| list(file, "cases")) {
            let rule = list(&case, "rules")[0].as_str().unwrap().to_owned();
            let first = &list(&case, "rows")[0];
            assert_eq!(first["table"], "fires", "{rule}");
            let _ = if first["passed"] == true { raised.insert(rule) } else { silent.insert(rule) };
        }
        assert_eq!(silent, rules.held_back.iter().map(|&rule| rule.to_owned()).collect());
        assert_eq!(raised.len() + silent.len(), rules.counts[0], "{raised:?}");
    }
}

/// Both plugins are built in.
const CONFIG: &str = r#"
rules_files: []
load_plugins: [k8saudit, json]
plugins:
  - {name: k8saudit, library_path: libk8saudit.so, init_config: "", open_params: "FILE"}
  - {name: json, library_path: libjson.so, init_config: ""}
engine: {kind: nodriver}
json_output: true
stdout_output: {enabled: true}
log_stderr: true
log_level: error
log_syslog: false
"#;

/// What our rules say of the recorded events and Falco's do not, which have no rule for it.
const MORE: &[&str] = &["Unmasked Proc Asked For"];

/// Time, rule and priority of each alert, in order.
fn raised(alerts: &str) -> Vec<[String; 3]> {
    let parts = |line| {
        let alert: Value = serde_json::from_str(line).unwrap();
        ["time", "rule", "priority"].map(|key| alert[key].as_str().unwrap().to_owned())
    };
    let mut alerts: Vec<_> = alerts.lines().map(parts).collect();
    alerts.sort();
    alerts
}

/// What rule files raise on a folder of audit events.
fn alerts(dir: &Path, events: &Path, rules: &[String], matching: &str) -> Vec<[String; 3]> {
    let config = dir.join("falco.yaml");
    std::fs::write(&config, CONFIG.replace("FILE", &events.display().to_string())).unwrap();
    let (config, matching) = (config.display().to_string(), format!("rule_matching={matching}"));
    let mut args = vec!["-c", &config, "--enable-source", "k8s_audit", "-o", &matching];
    args.extend(rules.iter().flat_map(|file| ["-r", file]));
    raised(run(&mut lanner(BINARY, &args)).good().alerts())
}

#[test]
fn recorded_kubernetes_events_raise_what_falcos_rules_raise() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (events, mut expected, mut count) = (dir.path().join("events"), String::new(), 0);
    std::fs::create_dir(&events).unwrap();
    for file in std::fs::read_dir(shared.join("captures/k8s_audit")).unwrap().flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|ending| ending == "json") {
            std::fs::copy(&file, events.join(file.file_name().unwrap())).unwrap();
            expected += &std::fs::read_to_string(file.with_extension("alerts.jsonl")).unwrap();
            count += 1;
        }
    }
    assert!(count > 40, "{count} recordings");
    let [k8s, ..] = ALL;
    let (ours, falcos) = (k8s.files(), [k8s.falcos(&shared)]);
    // The first rule that matches, and all of them.
    let theirs_all = alerts(dir.path(), &events, &falcos, "all");
    for (matching, theirs) in [("first", raised(&expected)), ("all", theirs_all)] {
        let (more, same): (Vec<_>, Vec<_>) = alerts(dir.path(), &events, &ours, matching)
            .into_iter()
            .partition(|[_, rule, _]| MORE.contains(&rule.as_str()));
        assert_eq!(same, theirs, "{matching}");
        assert_eq!(more.len(), MORE.len(), "{more:?}");
    }
}
