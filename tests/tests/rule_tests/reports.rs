//! Reports, lists, mutants, coverage.

use lanner_tests::program::{golden, lanner, run};

use super::{BINARY, CASES, RULES, cases, says, test};

const TWO: &str = "rules: rules.yaml\n\
                   cases:\n\
                   - {name: first one, rule: Secret read, events: [{openat: {name: /etc/shadow}}], fires: [{}]}\n\
                   - {name: second, rule: Shell started, events: [{execve: {exe: /bin/sh}}], fires: [{}, {name: again}]}\n";

#[test]
fn cases_are_listed_and_filtered() {
    let list = cases(TWO, &["--list"]).good();
    assert_eq!(list.stdout, "cases.yaml:3:3  first one  (1 row)\ncases.yaml:4:3  second  (2 rows)\n");
    assert_eq!(cases(TWO, &["--list", "--filter", "Shell"]).good().stdout, "cases.yaml:4:3  second  (2 rows)\n");
    let json: serde_json::Value =
        serde_json::from_str(&cases(TWO, &["--list", "--format", "json"]).good().stdout).unwrap();
    assert_eq!(json[1]["rules"][0], "Shell started");
    assert_eq!((json[1]["line"].as_u64(), json[1]["rows"].as_u64()), (Some(4), Some(2)));
    let run = cases(TWO, &["--filter", "^first"]).good();
    assert!(run.stdout.contains("1 case, 1 row: 1 passed; "), "{}", run.stdout);
}

#[test]
fn the_json_report_has_everything() {
    let text = CASES.replace("- {path: /etc/gshadow}", "- {path: /etc/group}");
    let run = cases(&text, &["--format", "json"]);
    assert_eq!(run.code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let summary = &report["summary"];
    assert_eq!((&summary["rows"], &summary["passed"], &summary["failed"]), (&5.into(), &4.into(), &1.into()));
    let rows = report["files"][0]["cases"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    let alert = &rows[0]["alerts"][0];
    assert_eq!(
        (&alert["rule"], &alert["step"], &alert["priority"]),
        (&"Secret read".into(), &1.into(), &"Warning".into())
    );
    assert_eq!(alert["output_fields"]["proc.name"], "cat");
    let failed = &rows[2];
    assert_eq!((&failed["table"], &failed["number"], &failed["passed"]), (&"fires".into(), &2.into(), &false.into()));
    assert_eq!((&failed["params"]["path"], &failed["position"]["line"]), (&"/etc/group".into(), &17.into()));
    assert_eq!(failed["failures"][0]["kind"], "missing");
    assert_eq!(failed["failures"][0]["expected"]["fields"]["fd.name"], "/etc/group");
    assert_eq!(failed["explanations"][0]["condition"]["truth"], "false");
}

#[test]
fn the_junit_report_has_a_test_case_for_each_row() {
    let text =
        CASES.replace("- {path: /etc/gshadow}", "- {path: /etc/group}").replace("no secret", "no <secret> & \\x01");
    let text = text.replace("name: no <secret> & \\x01", "name: \"no <secret> & \\x01\"");
    let run = cases(&text, &["--format", "junit"]);
    assert_eq!(run.code, Some(1));
    let xml = &run.stdout;
    for part in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lanner test\" tests=\"5\" failures=\"1\" errors=\"0\" time=\"",
        "<testsuite name=\"cases.yaml\" tests=\"5\" failures=\"1\" errors=\"0\" time=\"",
        "<testcase name=\"A program that should not reads secrets\" classname=\"cases.yaml\" time=\"",
        "file=\"cases.yaml\" line=\"16\"/>",
        "<failure message=\"- expected: &apos;Secret read&apos; (Warning)",
        "silent 2 (no &lt;secret&gt; &amp; \u{fffd})",
        "</testsuites>\n",
    ] {
        assert!(xml.contains(part), "{part:?} is not in\n{xml}");
    }
    let (run, dir) = test(
        &[("rules.yaml", RULES), ("cases.yaml", "cases: 3")],
        &["cases.yaml", "--format", "junit", "--output", "report.xml"],
    );
    says(&run, 2, &["FAIL cases.yaml", "'cases' must be a list"]);
    let xml = std::fs::read_to_string(dir.path().join("report.xml")).unwrap();
    assert!(
        xml.contains("errors=\"1\"") && xml.contains("cases.yaml:1:8: error: &apos;cases&apos; must be a list"),
        "{xml}"
    );
}

#[test]
fn mutants_that_no_case_misses_are_reported() {
    let run = cases(CASES, &["--mutate"]);
    says(
        &run,
        1,
        &[
            "All cases pass without these parts of conditions\n  Secret read  cases.yaml\n    evt.type in (open, openat)\n    fd.num >= 0\n",
            "; 4 mutants: 2 survived; ",
            "Error: 2 mutants survived",
        ],
    );
    let known = "mutants_that_survive:\n\
                 - {rule: Secret read, without: 'evt.type in (open, …', reason: no other event has such a file}\n\
                 - {without: fd.num >= 0, reason: for this test}\n";
    let run = cases(&format!("{CASES}{known}"), &["--mutate"]).good();
    assert!(run.stdout.contains("; 4 mutants: 0 survived, 2 more explained; "), "{}", run.stdout);
    let stale = "mutants_that_survive: [{rule: Secret read, without: fd.num >= 1, reason: r}]\n";
    let text = format!("{CASES}{stale}");
    says(
        &cases(&text, &["--mutate"]),
        2,
        &["rule 'Secret read' has no part 'fd.num >= 1'", "did you mean 'fd.num >= 0'?"],
    );
    let json = cases(CASES, &["--mutate", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["mutants"], serde_json::json!({ "tried": 4, "survived": 2, "explained": 0 }));
    assert_eq!(report["files"][0]["mutants"][3]["without"], "not proc.name in (readers)");
    assert_eq!(report["files"][0]["mutants"][3]["fate"], "noticed");
}

#[test]
fn coverage_names_what_was_never_tried() {
    let rules = format!(
        "{RULES}  exceptions:\n    - {{name: by_parent, fields: proc.pname, comps: in, values: [cron, make]}}\n"
    );
    let text = format!(
        "{CASES}  - rule: Shell started\n    params: {{parent: /usr/bin/make}}\n    given: {{processes: [{{as: p, exe: \"${{parent}}\"}}, {{as: c, exe: /bin/true, parent: p}}]}}\n    \
         events: [{{execve: {{exe: /bin/sh}}}}]\n    silent: [{{}}]\n"
    );
    let files = [("rules.yaml", rules.as_str()), ("cases.yaml", text.as_str())];
    let run = test(&files, &["cases.yaml", "--coverage"]).0.good();
    for part in [
        "\nCoverage\n  Secret read\n",
        "    never false     fd.num >= 0  rules.yaml:5\n",
        "  Shell started\n",
        "    never false     proc.name in (sh, bash)  rules.yaml:13\n",
        "    never held      proc.pname in (cron)  rules.yaml:",
        "  2 of 2 rules have cases; ",
    ] {
        assert!(run.stdout.contains(part), "{part:?} is not in\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("proc.pname in (make)"), "{}", run.stdout);
    let run =
        test(&[("rules.yaml", RULES), ("cases.yaml", CASES)], &["cases.yaml", "--coverage", "--format", "json"]).0;
    let report: serde_json::Value = serde_json::from_str(&run.good().stdout).unwrap();
    let coverage = &report["coverage"];
    assert_eq!((&coverage["rules"], &coverage["rules_without_cases"]), (&2.into(), &1.into()));
    assert_eq!(coverage["by_rule"][1], serde_json::json!({ "rule": "Shell started", "tested": false, "parts": [] }));
    let part = &coverage["by_rule"][0]["parts"][2];
    assert_eq!(
        (&part["text"], &part["gap"]),
        (&"fd.name in (/etc/shadow, /etc/gshadow)".into(), &serde_json::Value::Null)
    );
}

#[test]
fn the_schema_is_what_it_was() {
    golden("rule_tests_schema.json", &run(&mut lanner(BINARY, &["test", "--schema"])).good().stdout);
}
