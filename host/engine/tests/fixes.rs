//! `--fix` as data: a rules file before and after. What is not deprecated keeps every byte; fixing twice changes nothing more.

mod load_support;

use lanner_engine::load::{Loader, Settings, apply};

fn fixed(text: &str) -> String {
    let mut loader = Loader::new(Settings { per_rule: true, ..Settings::new(load_support::sources()) });
    loader.load("r.yaml", text);
    apply(text, &loader.fixes())
}

fn becomes(before: &str, after: &str) {
    assert_eq!(fixed(before), after);
    assert_eq!(fixed(after), after, "a second time");
    let errors = |text: &str| {
        let mut loader = Loader::new(Settings { per_rule: true, ..Settings::new(load_support::sources()) });
        let result = loader.load("r.yaml", text);
        let rules: Vec<String> =
            loader.rules().iter().map(|r| format!("{} {} {}", r.name, r.enabled, r.expr)).collect();
        (result.errors().count(), rules)
    };
    let (before, after) = (errors(before), errors(after));
    assert_eq!(before.0, after.0);
    let without = |rules: Vec<String>| {
        let bare =
            |r: &String| r.replace("evt.dir = < and ", "").replace(" and evt.dir = <", "").replace(['(', ')'], "");
        rules.iter().map(bare).collect::<Vec<_>>()
    };
    assert_eq!(without(before.1), without(after.1), "the rules do the same");
}

const RULE: &str =
    "- rule: r\n  condition: evt.type = open and proc.name = a\n  desc: d\n  output: o\n  priority: ERROR\n";

#[test]
fn old_appends_become_overrides() {
    becomes(
        "# shells\n- list: l\n  items: [a]   # mine\n- list: l\n  items: [b]\n  append: true   # more\n\n# end\n",
        "# shells\n- list: l\n  items: [a]   # mine\n- list: l\n  items: [b]\n  override:\n    items: append   # more\n\n# end\n",
    );
    becomes(
        "- {macro: m, condition: proc.name = a}\n- {macro: m, append: yes, condition: or proc.name = b}\n",
        "- {macro: m, condition: proc.name = a}\n- {macro: m, override: {condition: append}, condition: or proc.name = b}\n",
    );
    becomes(
        &format!(
            "{RULE}- rule: r\n  append: true\n  condition: and user.name = u\n  exceptions:\n  - {{name: e, fields: fd.name, values: [x]}}\n"
        ),
        &format!(
            "{RULE}- rule: r\n  override:\n    condition: append\n    exceptions: append\n  condition: and user.name = u\n  exceptions:\n  - {{name: e, fields: fd.name, values: [x]}}\n"
        ),
    );
    becomes(
        "- list: l\r\n  items: [a]\r\n- list: l\r\n  items: [b]\r\n  append: true\r\n",
        "- list: l\r\n  items: [a]\r\n- list: l\r\n  items: [b]\r\n  override:\r\n    items: append\r\n",
    );
}

#[test]
fn a_lone_enabled_gets_its_override() {
    becomes(
        &format!("{RULE}- rule: r\n  enabled: false   # too loud\n- {{rule: r, enabled: true}}\n"),
        &format!(
            "{RULE}- rule: r\n  enabled: false   # too loud\n  override:\n    enabled: replace\n- {{rule: r, enabled: true, \
             override: {{enabled: replace}}}}\n"
        ),
    );
    becomes(
        &format!("{RULE}- rule: r\n  enabled: false"),
        &format!("{RULE}- rule: r\n  enabled: false\n  override:\n    enabled: replace"),
    );
}

#[test]
fn directions_of_ends_go() {
    let rule = |condition: &str| {
        format!("- rule: r\n  condition: {condition}\n  desc: d\n  output: o\n  priority: ERROR # x\n")
    };
    becomes(&rule("evt.type = open and evt.dir = < and proc.name = a"), &rule("evt.type = open and proc.name = a"));
    becomes(&rule("evt.dir=< and evt.type = open"), &rule("evt.type = open"));
    becomes(&rule("evt.type = open and evt.dir=<"), &rule("evt.type = open"));
    becomes(
        &rule(">\n    evt.type in (open, openat)\n    and evt.dir=<\n    and proc.name = a"),
        &rule(">\n    evt.type in (open, openat)\n    and proc.name = a"),
    );
    becomes(
        &rule("\"(evt.type = open and evt.dir = <) or (evt.type = openat and proc.name = a)\""),
        &rule("\"(evt.type = open) or (evt.type = openat and proc.name = a)\""),
    );
    let macros = "- macro: opened\n  condition: (evt.type in (open, openat) and evt.dir=<)\n";
    becomes(
        &format!("{macros}{}", rule("opened and evt.dir=< and proc.name = a")),
        &format!("{}{}", macros.replace(" and evt.dir=<", ""), rule("opened and proc.name = a")),
    );
    // Not an end of a call, or not known to be one: the check decides something.
    for kept in [
        "evt.type = connect and evt.dir = <",
        "proc.name = a and evt.dir = <",
        "evt.type = open and evt.dir = >",
        "evt.dir = <",
    ] {
        becomes(&rule(kept), &rule(kept));
    }
}

#[test]
fn a_token_without_effect_goes() {
    becomes(&RULE.replace("output: o", "output: o %container.info x"), &RULE.replace("output: o", "output: o x"));
}

#[test]
fn what_would_change_its_meaning_stays() {
    let kept = [
        // Ignored beside `append`, an error beside an override.
        format!("{RULE}- rule: r\n  condition: and user.name = u\n  output: other\n  append: true\n"),
        format!("{RULE}- rule: r\n  enabled: false\n  tags: [x]\n"),
        "- list: l\n  items: [a]\n  append: false\n".to_owned(),
        "- list: l\n  items: [a]\n- list: l\n  items: [b]\n  override: {items: append}\n".to_owned(),
        "- a: b: c\n- [".to_owned(),
    ];
    for text in kept {
        assert_eq!(fixed(&text), text);
    }
}
