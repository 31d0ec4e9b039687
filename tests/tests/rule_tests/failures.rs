//! What a row that is not as expected says.

use super::{CASES, cases, says};

#[test]
fn an_alert_that_is_not_as_expected_shows_what_differs() {
    let text = CASES.replace("fd.num: 3", "fd.num: 4").replace("priority: WARNING", "priority: ERROR");
    says(
        &cases(&text, &[]),
        1,
        &[
            "✗ A program that should not reads secrets  cases.yaml:4:5\n",
            "- expected: 'Secret read' (Error) fd.name=/etc/shadow proc.name=cat fd.num=4 with 'by=cat parent=bash' in its output",
            "+ raised:   'Secret read' (Warning) by step 1, event ",
            "Secret read | file=/etc/shadow by=cat parent=bash",
            "          priority\n          - Error\n          + Warning\n",
            "          fd.num\n          - 4\n          + 3\n",
            "✗ A program that should not reads secrets: fires 2 (path=/etc/gshadow)  cases.yaml:17:9\n",
            "1 case, 5 rows: 2 passed, 3 failed; ",
            "Error: 3 rows failed\n",
        ],
    );
}

#[test]
fn a_rule_that_does_not_fire_is_explained() {
    let text = CASES.replace("- {path: /etc/gshadow}", "- {path: /etc/group}");
    says(
        &cases(&text, &[]),
        1,
        &[
            "fires 2 (path=/etc/group)",
            "+ raised:   none\n",
            "'Secret read' on step 1, event ",
            "fd.name in (/etc/shadow, /etc/gshadow)",
            "is /etc/group",
        ],
    );
}

#[test]
fn a_rule_that_fires_where_it_should_not_is_explained() {
    let text = CASES.replace("- {exe: /usr/sbin/sshd}", "- {exe: /usr/bin/vi}");
    says(
        &cases(&text, &[]),
        1,
        &["silent 1 (exe=/usr/bin/vi)", "- expected: no alert\n", "+ raised:   'Secret read' (Warning)", "is vi"],
    );
}

#[test]
fn a_rule_that_gets_no_event_of_its_types_is_told_so() {
    let text = "rules: rules.yaml\ncases:\n- {rule: Shell started, events: [{mkdir: {path: /x}}], fires: [{}]}\n";
    says(&cases(text, &[]), 1, &["'Shell started' looks at execve; the row has no such event"]);
}

#[test]
fn without_a_rule_every_alert_counts() {
    let text = |alerts: &str| {
        format!(
            "rules: rules.yaml\ncases:\n- name: both\n  events: [{{openat: {{name: /etc/shadow}}}}, {{execve: {{exe: /bin/sh}}}}]\n  \
             alerts: {alerts}\n"
        )
    };
    let _ = cases(&text("[{rule: Secret read}, {rule: Shell started, output: '^Shell [|] .*sh '}]"), &[]).good();
    says(&cases(&text("[{rule: Secret read}]"), &[]), 1, &["- expected: no such alert", "'Shell started' (Notice)"]);
    says(&cases(&text("none"), &[]), 1, &["'Secret read' (Warning) by step 1", "'Shell started' (Notice) by step 2"]);
    says(&cases(&text("[{count: 3}]"), &[]), 1, &["- expected: an alert (3 times, not 2)", "+ raised:   too few"]);
}
