//! The dashboard and the documentation name metrics that there are.

use std::collections::BTreeSet;

use lanner::metrics::METRICS;
use lanner_tests::program::here;
use serde_json::Value;

fn read(path: &str) -> String {
    let path = here().parent().expect("the repository").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All words of a text that can only be names of metrics.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_name = |word: &&str| word.starts_with("falcosecurity_") || word.starts_with("lanner_");
    words.filter(is_name).filter(|word| !word.ends_with('_')).collect()
}

/// All texts under this key, however deep.
fn under<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == key => found.push(text),
            other => under(other, key, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| under(item, key, found)),
        _ => {}
    }
}

#[test]
fn every_metric_of_the_dashboard_is_exposed() {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/lanner.json")).unwrap();
    let mut expressions = Vec::new();
    under(&dashboard, "expr", &mut expressions);
    under(&dashboard["templating"], "query", &mut expressions);
    assert!(expressions.len() > 20, "{expressions:?}");
    for expression in expressions {
        for name in names(expression) {
            assert!(METRICS.iter().any(|metric| metric.name == name), "{name} in {expression}");
        }
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has a number of its own");
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let text = read("docs/metrics.md");
    let told = names(&text);
    for metric in METRICS {
        let row = format!("| `{}` | {} | {} |", metric.name, metric.kind.name(), metric.help);
        assert!(text.contains(&row), "docs/metrics.md lacks {row}");
    }
    let known = |name: &str| METRICS.iter().any(|metric| metric.name == name);
    let unknown = told.into_iter().filter(|name| !known(name) && !name.starts_with("falcosecurity_plugins_"));
    let unknown: Vec<&str> = unknown.collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
