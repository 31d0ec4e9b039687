//! The examples of the pages about rules, run by the program: what a page says matches does match.
//!
//! A block "yaml rules" holds rules, a block "yaml cases" after it a case file about them. A table that begins with
//! "condition" has examples in its other columns: processes that open a file, write to it or connect.

use std::path::Path;

use lanner_engine::ast::{Modifier, Operator, Transformer};
use lanner_tests::program::{here, lanner, run};
use serde_json::{Map, Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// Rule files and case files of a page, in pairs.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rules = None;
    for block in page.split("```yaml ").skip(1) {
        let text = block.split("\n```").next().unwrap_or_default();
        if let Some(text) = text.strip_prefix("rules\n") {
            rules = Some(text);
        } else if let Some(text) = text.strip_prefix("cases\n") {
            let rules = rules.unwrap_or_else(|| panic!("cases without rules: {text}"));
            pairs.push((rules.to_owned(), format!("rules: rules.yaml\n{text}")));
        }
    }
    pairs.extend(tables(page));
    pairs
}

/// A rule for each row of the tables of conditions, and cases for its examples.
fn tables(page: &str) -> Option<(String, String)> {
    let (mut rules, mut cases) = (Vec::new(), Vec::new());
    let mut in_table = false;
    for line in page.lines() {
        in_table = line.starts_with("| condition |") || in_table && line.starts_with('|');
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let [condition, matches, others] = cells[..] else { continue };
        let Some(condition) = spans(condition).pop().filter(|_| in_table) else { continue };
        let name = format!("row {}: {condition}", rules.len());
        rules.push(json!({
            "rule": name, "desc": "a row", "output": "row", "priority": "INFO",
            "condition": format!("evt.type in (openat, write, connect) and ({condition})"),
        }));
        let alerts = |fires: bool| if fires { json!([{ "rule": name }]) } else { json!([]) };
        for (cell, fires) in [(matches, true), (others, false)] {
            cases.extend(spans(cell).iter().map(|example| case(&name, example, &alerts(fires))));
        }
    }
    if rules.is_empty() {
        return None;
    }
    // Nearly every row has something that matches and something that does not: fewer means that rows were not read.
    assert!(rules.len() > 50 && cases.len() > 2 * rules.len() - 3, "{} rows, {} examples", rules.len(), cases.len());
    Some((Value::from(rules).to_string(), json!({"rules": "rules.yaml", "cases": cases}).to_string()))
}

/// The code in a table's cell.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|")).collect()
}

fn case(rule: &str, example: &str, alerts: &Value) -> Value {
    let mut keys: Map<String, Value> = serde_yaml::from_str(example).unwrap_or_else(|e| panic!("{example}: {e}"));
    let grandparent = keys.remove("grandparent");
    let parent = keys.remove("parent").unwrap_or_else(|| json!("/bin/bash"));
    let [path, flags, to, data] = ["path", "flags", "to", "data"].map(|key| keys.remove(key));
    let open = json!({"openat": {"name": path.unwrap_or_else(|| json!("/tmp/f")), "flags": flags.unwrap_or_else(|| json!("O_RDONLY"))}});
    let events = match (to, data) {
        (Some(to), _) => vec![json!({"connect": {"to": to}})],
        (None, Some(data)) => vec![open, json!({"write": {"data": data}})],
        (None, None) => vec![open],
    };
    let mut processes = Vec::new();
    processes.extend(grandparent.map(|exe| json!({"as": "grandparent", "exe": exe})));
    let above = if processes.is_empty() { "init" } else { "grandparent" };
    processes.push(json!({"as": "parent", "exe": parent, "parent": above}));
    keys.entry("exe").or_insert_with(|| json!("/usr/bin/example"));
    keys.insert("as".to_owned(), json!("actor"));
    keys.insert("parent".to_owned(), json!("parent"));
    processes.push(Value::from(keys));
    json!({
        "name": format!("{example} / {rule}"), "rule": rule, "given": {"processes": processes}, "events": events,
        "alerts": alerts,
    })
}

fn run_page(name: &str, at_least: usize) {
    let path = Path::new(here()).join("../docs").join(name);
    let page = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let pairs = examples(&page);
    assert!(pairs.len() >= at_least, "{name}: {} examples", pairs.len());
    let dir = tempfile::tempdir().unwrap();
    for (n, (rules, cases)) in pairs.iter().enumerate() {
        let folder = dir.path().join(format!("{n:02}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("rules.yaml"), rules).unwrap();
        std::fs::write(folder.join("cases.yaml"), cases).unwrap();
        let ran = run(lanner(BINARY, &["test", "cases.yaml"]).current_dir(&folder));
        assert_eq!(ran.code, Some(0), "{name}, example {n}:\n{rules}\n{}\n{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn the_page_about_the_language_is_true() {
    run_page("rule-language.md", 6);
}

#[test]
fn the_page_has_every_operator_modifier_and_transformer() {
    let page = std::fs::read_to_string(here().join("../docs/rule-language.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let conditions: Vec<String> = rows.filter_map(|row| spans(row.split(" | ").next()?).pop()).collect();
    let operators = Operator::ALL.iter().map(|o| format!(" {} ", o.as_str()));
    let modifiers = Modifier::ALL.iter().map(|m| format!(" {} (", m.as_str()));
    let transformers = Transformer::ALL.iter().map(|t| format!("{}(", t.as_str()));
    for word in operators.chain(modifiers).chain(transformers).chain([" exists".to_owned()]) {
        assert!(conditions.iter().any(|c| c.contains(&word)), "no example of {word:?}");
    }
}

#[test]
fn the_page_about_tuning_is_true() {
    run_page("tuning.md", 3);
}
