//! Findings by place and code, on files written for the purpose.

use super::*;

/// Checks a main file and gives `line:column level code` of each finding.
fn found(text: &str, options: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let main = dir.path().join("main.yaml");
    std::fs::write(&main, text).unwrap();
    let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
    let schema = r#"{"type": "object", "additionalProperties": false, "properties": {
        "engines": {"type": "object"}, "label_max_len": {"type": "integer"}, "list": {"items": {"type": "boolean"}}}}"#;
    let find = |plugin: &PluginConfig| match plugin.name.as_str() {
        "container" => Library::There { schema: Some(schema.to_owned()) },
        "broken" => Library::Broken("cannot load it".to_owned()),
        _ => Library::Missing,
    };
    let checked = check(&main, &options, &find).unwrap();
    let json = checked.json();
    let line = |finding: &serde_json::Value| {
        let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{} {} {}", finding["line"], finding["column"], word("level"), word("code"))
    };
    json["findings"].as_array().unwrap().iter().map(line).collect()
}

const OUT: &str = "stdout_output: {enabled: true}\n";

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = format!(
        "{OUT}json_ouput: true\njson_output: maybe\nlog_level: INFO\nengine:\n  kind: modern_ebpf\n  modern_ebpf: \
         {{buf_size_preset: 11}}\n  kind: kmod\nrules_files: {{a: b}}\nload_plugins: [cntainer]\nplugins:\n- {{name: \
         container, library_path: libcontainer.so}}\n"
    );
    assert_eq!(
        found(&text, &[]),
        [
            "2:1 error CONFIG_UNKNOWN_KEY",
            "3:14 error CONFIG_TYPE",
            "4:12 error CONFIG_VALUE",
            "7:34 error CONFIG_VALUE",
            "8:3 error CONFIG_DUPLICATE_KEY",
            "9:14 error CONFIG_TYPE",
            "10:16 error CONFIG_PLUGIN",
        ]
    );
}

#[test]
fn a_good_file_has_no_findings() {
    assert_eq!(found(OUT, &["json_output=yes", "syscall_event_drops.threshold=0.5"]), [""; 0]);
}

#[test]
fn options_are_checked_like_files() {
    assert_eq!(found(OUT, &["rule_matching=firts"]), ["1:15 error CONFIG_VALUE"]);
    assert_eq!(found(OUT, &["engine.knd=x", "nonsense"]), ["1:1 error CONFIG_UNKNOWN_KEY", "1:1 error CONFIG_OPTION"]);
    assert_eq!(found(OUT, &["append_output[]={extra: x}"]), ["1:18 error CONFIG_UNKNOWN_KEY"]);
    assert_eq!(
        found(OUT, &["plugins[]=3"]),
        ["1:1 error CONFIG_PLUGIN", "1:1 error CONFIG_PLUGIN", "1:11 error CONFIG_TYPE"]
    );
}

#[test]
fn what_is_only_doubtful_is_a_warning_or_a_note() {
    let text = format!(
        "{OUT}grpc: {{enabled: false}}\nrules_file: [a]\nfile_output: {{filename: '${{LANNER_TEST_UNSET}}'}}\nengine: \
         {{kind: modern_ebpf, modern_ebpf: {{disable_iterators: true}}}}\nplugins: [{{name: x, library_path: /absent.so}}]\n"
    );
    assert_eq!(
        found(&text, &[]),
        [
            "2:1 warning CONFIG_RETIRED_KEY",
            "3:1 warning CONFIG_DEPRECATED_KEY",
            "4:25 warning CONFIG_VARIABLE",
            "5:43 note CONFIG_NO_EFFECT",
            "6:35 warning CONFIG_PLUGIN",
        ]
    );
}

#[test]
fn keys_that_need_each_other_are_told_where_the_need_arises() {
    let text = "file_output:\n  enabled: true\nengine:\n  kind: replay\nrules_file: a\nrules_files: [b]\n";
    assert_eq!(
        found(text, &[]),
        [
            "2:12 error CONFIG_NEEDS",
            "4:9 error CONFIG_NEEDS",
            "5:1 warning CONFIG_DEPRECATED_KEY",
            "5:13 error CONFIG_NEEDS",
        ]
    );
    assert_eq!(found("json_output: true\n", &[]), ["1:1 error CONFIG_NEEDS"]);
}

#[test]
fn plugins_are_configured_as_they_want_to_be() {
    let plugin =
        |init: &str| format!("{OUT}plugins:\n- name: container\n  library_path: x.so\n  init_config: {init}\n");
    assert_eq!(found(&plugin("{label_max_len: 1, list: [true]}"), &[]), [""; 0]);
    assert_eq!(found(&plugin("{label_max_len: many}"), &[]), ["5:32 error CONFIG_INIT_CONFIG"]);
    assert_eq!(found(&plugin("\n    engines: {}\n    list: [true, 2]\n"), &[]), ["7:18 error CONFIG_INIT_CONFIG"]);
    assert_eq!(found(&plugin("\n    engins: {}\n"), &[]), ["6:13 error CONFIG_INIT_CONFIG"]);
    assert_eq!(found(&plugin("'{\"label_max_len\": \"x\"}'"), &[]), ["5:16 error CONFIG_INIT_CONFIG"]);
    assert_eq!(found(&plugin("some text"), &[]), ["5:16 error CONFIG_INIT_CONFIG"]);
    let unwanted = format!("load_plugins: []\n{}", plugin("{label_max_len: many}"));
    assert_eq!(found(&unwanted, &[]), [""; 0], "what is not loaded does not matter");
    let broken = plugin("''").replace("container", "broken");
    assert_eq!(found(&broken, &[]), ["4:17 error CONFIG_PLUGIN"]);
    let option = ["plugins[0].init_config.label_max_len=many"];
    assert_eq!(found(&plugin("{engines: {}}"), &option), ["1:1 error CONFIG_INIT_CONFIG"]);
}

#[test]
fn what_only_the_start_knows_comes_with_the_place_of_its_key() {
    let text = format!("{OUT}rules:\n- {{enable: {{}}}}\n");
    assert_eq!(found(&text, &[]), ["3:3 error CONFIG_VALUE"]);
}

#[test]
fn what_is_no_configuration_is_told_and_ends_the_matter() {
    assert_eq!(found("a: [b\n", &[]).len(), 1);
    assert_eq!(found("- a\n", &[]), ["1:1 error CONFIG_TYPE"]);
    assert_eq!(found("", &[]), ["1:1 error CONFIG_NEEDS"]);
}
