//! What a case can be made of.

use lanner_tests::program::{here, lanner, run};

use super::{BINARY, CASES, RULES, cases, says, test};

#[test]
fn cases_that_are_as_expected_pass() {
    let run = cases(CASES, &[]).good();
    assert!(run.stdout.starts_with("ok   cases.yaml  1 case, 5 rows, "), "{}", run.stdout);
    assert!(run.stdout.contains("\n1 case, 5 rows: 5 passed; "), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn the_first_matching_rule_can_be_the_only_one() {
    let rules = "- {rule: A, desc: d, condition: evt.type = mkdir, output: o, priority: INFO}\n\
                 - {rule: B, desc: d, condition: evt.type = mkdir, output: o, priority: INFO}\n";
    let text = |matching: &str, alerts: &str| {
        format!(
            "rules: rules.yaml\nmatching: {matching}\ncases:\n- {{name: n, events: [{{mkdir: {{path: /x}}}}], alerts: {alerts}}}\n"
        )
    };
    for (matching, alerts) in [("first", "[{rule: A}]"), ("all", "[{rule: A}, {rule: B}]")] {
        let text = text(matching, alerts);
        let _ = test(&[("rules.yaml", rules), ("cases.yaml", &text)], &["cases.yaml"]).0.good();
    }
}

#[test]
fn a_world_for_all_cases_is_added_to() {
    let text = "rules: rules.yaml\n\
                given: {processes: [{as: shell, exe: /bin/zsh}]}\n\
                cases:\n\
                - rule: Secret read\n  \
                  given: {processes: [{as: reader, exe: /bin/cat, parent: shell}]}\n  \
                  events: [{openat: {name: /etc/shadow}}]\n  \
                  alerts: [{fields: {proc.name: cat, proc.pname: zsh}}]\n\
                - rule: Secret read\n  \
                  events: [{openat: {name: /etc/shadow}}]\n  \
                  alerts: [{fields: {proc.name: zsh, container.name: host, fd.sport: ~}}]\n";
    let _ = cases(text, &[]).good();
}

#[test]
fn rules_that_are_off_can_be_tested() {
    let rules = RULES.replace("  priority: NOTICE", "  priority: NOTICE\n  enabled: false");
    let on = "rules: rules.yaml\ncases:\n- {rule: Shell started, events: [{execve: {exe: /bin/sh}}], fires: [{}]}\n";
    let off = "rules: rules.yaml\ncases:\n- {name: n, events: [{execve: {exe: /bin/sh}}], alerts: none}\n";
    for text in [on, off] {
        let _ = test(&[("rules.yaml", &rules), ("cases.yaml", text)], &["cases.yaml"]).0.good();
    }
}

#[test]
fn payloads_are_events_of_their_plugin() {
    let rules = "- rule: Pod made\n  desc: d\n  source: k8s_audit\n  priority: NOTICE\n  output: by %ka.user.name\n  \
                 condition: ka.verb = create and ka.target.resource = pods\n";
    let text = r#"
source: k8s_audit
rules: rules.yaml
cases:
  - rule: Pod made
    params: {user: alice, verb: create}
    events:
      - {payload: {auditID: a, kind: Event, verb: "${verb}", user: {username: "${user}"}, objectRef: {resource: pods}}}
    alerts: [{source: k8s_audit, output: by alice, fields: {ka.verb: create, evt.num: 1}}]
    fires: [{user: bob, name: anybody}]
    silent: [{verb: get}]
  - rule: Pod made
    events:
      - {payload_text: '{"auditID":"b","verb":"create","objectRef":{"resource":"pods"},"user":{"username":"x"}}', after: 2h}
      - {payload_file: pod.json}
      - {payload_text: no JSON at all}
    alerts: [{count: 2}]
  - rule: Pod made
    capture: pod.json
    alerts: [{output: by file}]
"#;
    let text = text.replace("by alice", "'by ${user}'");
    let pod = r#"{"auditID":"c","kind":"Event","verb":"create","objectRef":{"resource":"pods"},"user":{"username":"file"},"stageTimestamp":"2026-01-01T00:00:00Z"}"#;
    let files = [("rules.yaml", rules), ("cases.yaml", &text), ("pod.json", pod)];
    let _ = test(&files, &["cases.yaml"]).0.good();
}

#[test]
fn captures_are_input_too() {
    let capture = here().join("captures/attack.scap.gz").display().to_string();
    let rules = here().join("rules/attack.yaml").display().to_string();
    let text = format!(
        "rules: {rules}\ncases:\n- rule: Secret read\n  capture: {capture}\n  alerts: [{{fields: {{proc.name: cat}}}}]\n"
    );
    let run = test(&[("cases.yaml", &text)], &["cases.yaml"]).0;
    // There are more of them; each is shown with its event.
    says(&run, 1, &["- expected: no such alert", "+ raised:   'Secret read' (Warning) by event "]);
    let gone = text.replace("attack.scap.gz", "no.scap.gz");
    says(&test(&[("cases.yaml", &gone)], &["cases.yaml"]).0, 2, &["cases.yaml:4:12: error: there is no capture "]);
    let broken = "rules: rules.yaml\ncases:\n- {name: n, capture: rules.yaml, alerts: none}\n";
    says(&cases(broken, &[]), 2, &["✗ n", "rules.yaml: ", "1 could not be run"]);
}

/// Every row of every case, and for every part of every condition a row that misses it.
#[test]
fn the_rules_of_this_repository_pass_and_no_part_of_them_is_needless() {
    let root = here().parent().unwrap();
    let run = run(lanner(BINARY, &["test", "--mutate", "rules"]).current_dir(root));
    println!("{}", run.stdout);
    let run = run.good();
    assert!(run.stdout.contains(" mutants: 0 survived"), "{}", run.stdout);
}
