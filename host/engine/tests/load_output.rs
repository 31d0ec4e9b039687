//! What people and programs read about rules: validation results and descriptions, as golden files. With `LANNER_BLESS`
//! set in the environment the files are written anew.

mod load_support;

use std::collections::BTreeSet;

use lanner_engine::load::{
    AppendOutput, Loader, PluginInfo, Priority, RequirementError, Selector, Settings, matches_wildcard, rules_table,
};

fn golden(name: &str, found: &str) {
    let path = format!("{}/tests/load_golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(&path, found).expect("writable");
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(want == found, "{name} differs; want\n{want}\nfound\n{found}");
}

fn input(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/load_golden/{name}.yaml", env!("CARGO_MANIFEST_DIR"))).expect("readable")
}

fn settings() -> Settings {
    let mut settings = Settings::new(load_support::sources());
    settings.plugins = vec![
        PluginInfo {
            name: "container".to_owned(),
            version: "0.7.1".to_owned(),
            field_sources: vec!["syscall".to_owned()],
            fields: vec!["container.id".to_owned()],
            ..PluginInfo::default()
        },
        PluginInfo {
            name: "k8saudit".to_owned(),
            version: "0.18.0".to_owned(),
            event_source: Some("k8s_audit".to_owned()),
            ..PluginInfo::default()
        },
    ];
    settings
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).expect("serialisable") + "\n"
}

#[test]
fn a_description() {
    let mut settings = settings();
    settings.append_output = vec![AppendOutput {
        suggested: true,
        fields: vec![("proc.pid".to_owned(), None), ("who".to_owned(), Some("%user.name/%proc.pid".to_owned()))],
        source: Some("syscall".to_owned()),
        ..AppendOutput::default()
    }];
    let mut loader = Loader::new(settings);
    let result = loader.load("described.yaml", &input("described"));
    assert!(result.successful(), "{}", result.text(loader.files()));
    let described = loader.describe();
    golden("described.json", &pretty(&described));
    golden("described.txt", &rules_table(&described));
    let one = loader.describe_rule("Secrets read").expect("loaded");
    assert_eq!(one, serde_json::json!({ "rules": [described["rules"][1]] }));
    assert!(loader.describe_rule("nobody knows").is_none());
}

#[test]
fn validation_results() {
    for name in ["doubtful", "broken"] {
        let mut loader = Loader::new(settings());
        let mut result = loader.load(&format!("{name}.yaml"), &input(name));
        assert_eq!(result.successful(), name == "doubtful");
        assert_eq!(result.schema_validation(), "none");
        golden(&format!("{name}.json"), &pretty(&result.json(loader.files())));
        result.schema_warnings = Some(vec!["failed for <root>[4]: colour is not allowed".to_owned()]);
        golden(&format!("{name}.txt"), &format!("{}=====\n{}\n", result.text(loader.files()), result.summary()));
    }
}

#[test]
fn a_clean_file() {
    let mut loader = Loader::new(settings());
    let mut result = loader.load_checked("clean.yaml", "- required_engine_version: 10\n", |document| {
        assert_eq!(*document, serde_json::json!([{"required_engine_version": "10"}]));
        Some(Vec::new())
    });
    assert_eq!(result.text(loader.files()), "clean.yaml: Ok");
    assert_eq!(result.summary(), "clean.yaml: Ok");
    assert_eq!(result.schema_validation(), "ok");
    assert_eq!(
        result.json(loader.files()),
        serde_json::json!({
            "name": "clean.yaml", "successful": true, "errors": [], "warnings": [], "schema_valid": true,
            "schema_warnings": [],
        })
    );
    result.schema_warnings = None;
    assert_eq!(result.json(loader.files()).get("schema_valid"), None);
}

const RULES: &str = "
- {rule: a, desc: d, condition: evt.type=open, output: 'A %proc.name', priority: error, tags: [x, y]}
- {rule: b, desc: d, condition: evt.type=open, output: B, priority: notice, tags: [x], enabled: false}
- {rule: c one, desc: d, condition: evt.type=open, output: C, priority: debug}
- {rule: k, desc: d, condition: ka.verb=get, output: K, priority: error, source: k8s_audit}
";

fn outputs(loader: &Loader) -> Vec<&str> {
    loader.rules().iter().map(|rule| rule.output.text()).collect()
}

#[test]
fn appended_output() {
    let mut settings = settings();
    let tags = |tags: &[&str]| tags.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<String>>();
    let text = |text: &str| AppendOutput { text: Some(text.to_owned()), ..AppendOutput::default() };
    settings.append_output = vec![
        text("all"),
        AppendOutput { tags: tags(&["x", "y"]), ..text("xy") },
        AppendOutput { rule: Some("b".to_owned()), ..text("only-b") },
        AppendOutput { source: Some("k8s_audit".to_owned()), ..text("%ka.verb") },
        AppendOutput { suggested: true, ..AppendOutput::default() },
    ];
    let mut loader = Loader::new(settings);
    assert!(loader.load("r", RULES).successful());
    let suggested = "container_id=%container.id container_name=%container.name";
    assert_eq!(
        outputs(&loader),
        [
            format!("A %proc.name all xy {suggested}"),
            format!("B all only-b {suggested}"),
            format!("C all {suggested}"),
            "K all %ka.verb".to_owned(),
        ]
    );
}

#[test]
fn extra_fields() {
    let mut settings = settings();
    settings.append_output = vec![AppendOutput {
        source: Some("syscall".to_owned()),
        fields: vec![("z".to_owned(), Some("%proc.name!".to_owned())), ("proc.pid".to_owned(), None)],
        ..AppendOutput::default()
    }];
    let mut loader = Loader::new(settings.clone());
    assert!(loader.load("r", RULES).successful());
    let fields = &loader.rules()[0].extra_fields;
    let shown: Vec<_> = fields.iter().map(|f| (&*f.key, f.format.text(), f.raw)).collect();
    assert_eq!(shown, [("proc.pid", "%proc.pid", true), ("z", "%proc.name!", false)]);
    assert!(loader.rules()[3].extra_fields.is_empty());

    settings.append_output[0].fields = vec![("no.such".to_owned(), None)];
    let result = Loader::new(settings).load("r", RULES);
    let errors: Vec<_> = result.errors().map(|e| (e.code(), e.context.item())).collect();
    assert_eq!(errors, [("LOAD_ERR_COMPILE_OUTPUT", "")]);
}

fn enabled(loader: &Loader) -> Vec<&str> {
    loader.rules().iter().filter(|rule| rule.enabled).map(|rule| &*rule.name).collect()
}

#[test]
fn threshold_and_selection() {
    let mut settings = settings();
    settings.threshold = Priority::Notice;
    let mut loader = Loader::new(settings);
    assert!(loader.load("r", RULES).successful());
    assert_eq!(enabled(&loader), ["a", "k"]);
    let by_rule = |enable, rule: &str| Selector { enable, rule: Some(rule.to_owned()), tag: None };
    loader.select(by_rule(true, "*"));
    assert_eq!(enabled(&loader), ["a", "b", "k"], "below the threshold a rule stays off");
    loader.select(Selector { enable: false, rule: Some("k".to_owned()), tag: Some("x".to_owned()) });
    assert_eq!(enabled(&loader), [""; 0], "name and tag of one step are a union");
    loader.select(Selector { enable: true, rule: None, tag: Some("y".to_owned()) });
    assert_eq!(enabled(&loader), ["a"]);
    let rules = loader.source_rules("syscall").expect("known");
    assert_eq!(rules.rules.iter().map(|r| &*r.name).collect::<Vec<_>>(), ["a"]);
    assert!(loader.source_rules("k8s_audit").is_some_and(|r| r.rules.is_empty()));
    assert!(loader.source_rules("elsewhere").is_none());
}

#[test]
fn wildcards() {
    for (pattern, name, want) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("*", "", true),
        ("**", "x y", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("*b*", "abc", true),
        ("a*c", "abc", true),
        ("a*c", "ac", true),
        ("a*a", "a", false),
        ("a*b*c", "axbybzc", true),
        ("a*b*c", "axc", false),
        ("?", "a", false),
        ("*ab", "aab", true),
    ] {
        assert_eq!(matches_wildcard(pattern, name), want, "{pattern} {name}");
    }
}

#[test]
fn required_plugins() {
    let check = |required: &str| {
        let mut loader = Loader::new(settings());
        let text = format!("- required_plugin_versions: [{required}]");
        assert!(loader.load("r", &text).successful());
        loader.check_plugins()
    };
    assert_eq!(check("{name: container, version: 0.4.0}"), Ok(()));
    assert_eq!(check("{name: boxes, version: 9.0.0, alternatives: [{name: container, version: 0.4.0}]}"), Ok(()));
    let error = check("{name: container, version: 0.8.0}").expect_err("too old");
    assert!(matches!(&error, RequirementError::Incompatible { required, .. } if required == "0.8.0"));
    let error = check("{name: container, version: 1.0.0}").expect_err("another major version");
    assert_eq!(
        error.to_string(),
        "Plugin 'container' version '0.7.1' is not compatible with required plugin version '1.0.0'"
    );
    let error =
        check("{name: boxes, version: 1.0.0, alternatives: [{name: crates, version: 2.0.0}]}").expect_err("none");
    assert_eq!(
        error.to_string(),
        "Plugin requirement not satisfied, must load one of: boxes (>= 1.0.0), crates (>= 2.0.0)"
    );
}

#[test]
fn a_failed_file_leaves_the_rules_as_they_were() {
    let mut loader = Loader::new(settings());
    assert!(loader.load("r", RULES).successful());
    assert!(!loader.load("bad", "- {rule: a, desc: d, condition: x, output: o, priority: error}").successful());
    assert_eq!(loader.rules()[0].expr.to_string(), "evt.type = open");
    assert_eq!(loader.rules().len(), 4);
}

#[test]
fn priorities_by_name() {
    assert_eq!(Priority::from_name("WARNING").map(Priority::name), Some("Warning"));
    assert_eq!(Priority::from_name("info"), Some(Priority::Informational));
    assert_eq!(Priority::from_name("warn"), None);
    assert!(Priority::Emergency < Priority::Debug);
}

#[test]
fn guesses_at_what_was_meant() {
    let help = |text: &str| {
        let result = Loader::new(settings()).load("r", text);
        result.diagnostics.iter().find_map(|d| d.help.clone())
    };
    let rule = |condition: &str| format!("- {{rule: r, desc: d, output: o, priority: error, condition: {condition}}}");
    let found = help("- {macro: m, condition: proc.name=x, overide: {condition: append}}");
    assert_eq!(found.as_deref(), Some("did you mean 'override'?"));
    let found = help(&rule("evt.type=open and proc.nam=x"));
    assert_eq!(found.as_deref(), Some("did you mean 'proc.name'?"));
    let macros = format!("- {{macro: opened, condition: evt.type=open}}\n{}", rule("open_ed"));
    assert_eq!(help(&macros).as_deref(), Some("did you mean 'opened'?"));
    assert_eq!(help(&rule("evt.type=open and xyz")), None);
}
