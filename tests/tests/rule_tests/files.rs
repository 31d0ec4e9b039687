//! Files that cannot be run: each mistake with its place and a remedy.

use super::{CASES, RULES, cases, says, test};

#[test]
fn what_is_wrong_with_a_file_has_its_place_and_a_remedy() {
    for (from, to, place, message, help) in [
        (
            "    rule: Secret",
            "    rul: Secret",
            "cases.yaml:5:5",
            "unknown key 'rul' in a case",
            "did you mean 'rule'?",
        ),
        ("cases:\n", "casses:\n", "cases.yaml:3:1", "unknown key 'casses'", "did you mean 'cases'?"),
        (
            "rule: Secret read",
            "rule: Secret red",
            "cases.yaml:5:11",
            "no loaded rule is called 'Secret red'",
            "did you mean 'Secret read'?",
        ),
        (
            "\"${path}\", flags",
            "\"${pth}\", flags",
            "cases.yaml:12:24",
            "unknown parameter 'pth'",
            "did you mean 'path'?",
        ),
        (
            "- {path: /etc/gshadow}",
            "- {pth: /etc/gshadow}",
            "cases.yaml:17:10",
            "the case has no parameter 'pth'",
            "did you mean 'path'?",
        ),
        (
            "priority: WARNING",
            "priority: WARNIG",
            "cases.yaml:14:20",
            "unknown priority 'WARNIG'",
            "did you mean 'Warning'?",
        ),
        ("fd.num: 3", "fd.nmu: 3", "cases.yaml:14:", "field 'fd.nmu'", "did you mean 'fd.num'?"),
        ("- openat: {name", "- opennat: {name", "cases.yaml:12:9", "opennat", "openat"),
        ("flags: O_RDONLY", "flags: O_RDONYL", "cases.yaml:12:35", "O_RDONYL", "O_RDONLY"),
        (
            "rules: rules.yaml",
            "rules: gone.yaml",
            "cases.yaml:2:8",
            "there is no rule file gone.yaml",
            "relative to the case file",
        ),
        (
            "rules: rules.yaml",
            "rules: rules.yaml\nsource: k8s_adit",
            "cases.yaml:3:9",
            "no plugin has source 'k8s_adit'",
            "did you mean 'k8s_audit'?",
        ),
        (
            "rules: rules.yaml",
            "rules: rules.yaml\nmatching: frist",
            "cases.yaml:3:11",
            "'matching' is 'all' or 'first'",
            "did you mean 'first'?",
        ),
        (
            "params: {exe",
            "params: {unused: 1, exe",
            "cases.yaml:6:14",
            "warning: parameter 'unused' is never used",
            "write ${unused}",
        ),
        ("flags: O_RDONLY", "flags: O_RDONLY, result: [", "cases.yaml", "no YAML", "cases.yaml"),
        ("fd.num: 3", "fd.num: {regex: '('}", "cases.yaml:14:", "'(' is no regular expression", "unclosed group"),
        (
            "priority: WARNING",
            "count: 0",
            "cases.yaml:14:17",
            "'count' must be a whole number of 1 or more",
            "alerts: []",
        ),
        (
            "      - {}\n",
            "      - nothing\n",
            "cases.yaml:16:9",
            "a row must be a mapping, not a scalar",
            "- {path: /etc/gshadow}",
        ),
    ] {
        assert!(CASES.contains(from), "{from}");
        let run = cases(&CASES.replacen(from, to, 1), &[]);
        let warning = message.starts_with("warning");
        says(&run, if warning { 0 } else { 2 }, &[place, message, help]);
    }
}

#[test]
fn hostile_files_are_refused_in_words() {
    let deep = format!("cases: {}{}\n", "[".repeat(100), "]".repeat(100));
    let deeper = format!("cases: {}{}\n", "[".repeat(5000), "]".repeat(5000));
    let mut growing = "p0: xxxxxxxxxx".to_owned();
    for n in 1..40 {
        growing += &format!(", p{n}: '${{p{}}}${{p{}}}'", n - 1, n - 1);
    }
    let with_params = |params: &str, name: &str| {
        format!(
            "rules: rules.yaml\ncases:\n- rule: Secret read\n  params: {{{params}}}\n  events: [{{openat: {{name: '${{{name}}}'}}}}]\n  fires: [{{}}]\n"
        )
    };
    for (text, message) in [
        (String::new(), "the file is empty"),
        ("[]".to_owned(), "a case file must be a mapping, not a sequence"),
        ("cases: []".to_owned(), "the file has no cases"),
        ("cases: [{name: n}]".to_owned(), "the case expects nothing, so it cannot fail"),
        ("cases: [{name: n, alerts: none}]".to_owned(), "the case has no events"),
        ("cases: [~]\n---\ncases: []".to_owned(), "a case file is one document"),
        (deep, "nested deeper than 64 levels"),
        (deeper, "recursion limit exceeded"),
        (with_params(&growing, "p39"), "parameters expand to more than 4 MiB"),
        (with_params("a: '${b}', b: '${a}'", "a"), "parameters use each other in a circle: 'a' uses 'b' uses 'a'"),
        (with_params("a: [x]", "a"), "cases.yaml:"),
        ("a: &a [x]\ncases: [*a, *b]".to_owned(), "no YAML"),
        ("cases: [{name: \"\u{7}\", alerts: none, capture: x, capture: y}]".to_owned(), "key 'capture' stands twice"),
        (
            "cases:\n- {name: n, events: [{after: 1000y, payload_text: x}], alerts: none}\nsource: k8s_audit"
                .to_owned(),
            "no duration",
        ),
    ] {
        says(&cases(&text, &[]), 2, &["cases.yaml:", message]);
    }
    let count = CASES.replace("priority: WARNING", "count: 18446744073709551615");
    says(&cases(&count, &[]), 1, &["(18446744073709551615 times, not 1)"]);
}

#[test]
fn what_cannot_be_run_at_all_has_exit_code_2() {
    for (args, message) in [
        (&["no/such/folder"][..], "cannot read no/such/folder"),
        (&["cases.yaml", "--filter", "("], "--filter: "),
        (&["rules.yaml"], "rules.yaml:"),
        (&["empty"], "no case files in empty"),
        (&["cases.yaml", "-r", "gone.yaml"], "gone.yaml"),
        (&["cases.yaml", "-r", "broken.yaml"], "broken.yaml: Invalid"),
        (&["cases.yaml", "--output", "no/such/folder/report"], "cannot write the report to no/such/folder/report"),
        (&["cases.yaml", "--list", "--format", "junit"], "--list is text or JSON"),
        (&["cases.yaml", "-c", "gone.yaml"], "gone.yaml"),
    ] {
        let files = [
            ("rules.yaml", RULES),
            ("cases.yaml", CASES),
            ("empty/x.yaml", "- list: x\n"),
            ("broken.yaml", "- rule: x\n"),
        ];
        says(&test(&files, args).0, 2, &[message]);
    }
}

#[test]
fn one_wrong_file_does_not_keep_the_others_from_running() {
    let files = [
        ("rules.yaml", RULES),
        ("cases/b.yaml", "cases: 3\n"),
        ("cases/a.yaml", &CASES.replace("rules.yaml", "../rules.yaml")),
    ];
    let run = test(&files, &["."]).0;
    says(&run, 2, &["ok   ./cases/a.yaml", "FAIL ./cases/b.yaml", "5 passed, 1 file wrong; "]);
}

#[test]
fn rules_beside_the_folder_of_cases_are_the_default() {
    let text = CASES.replace("rules: rules.yaml\n", "");
    let _ = test(&[("syscall/rules.yaml", RULES), ("syscall/cases/a.yaml", &text)], &["syscall", "-j", "4"]).0.good();
    says(&test(&[("rules.yaml", RULES), ("a.yaml", &text)], &["a.yaml"]).0, 2, &["the file names no rules"]);
    let _ = test(&[("rules.yaml", RULES), ("a.yaml", &text)], &["a.yaml", "-r", "rules.yaml"]).0.good();
}
