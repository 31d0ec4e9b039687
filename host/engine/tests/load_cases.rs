//! Rules files as data: what goes in, and every error, warning and compiled condition that comes out.
//!
//! `load_cases/*.yaml` holds lists of cases. `in` is the text of a rules file, or several of them. `want` has a line for each
//! diagnostic, in order: `error` or `warning`, the code, `line:column` of the place (from 0), and words of the message. For
//! a second file the lines begin with `2`. After them may come `rule NAME: condition` with the canonical condition of a
//! rule, `off NAME` for a rule that is not enabled, `absent NAME` for one that is not loaded. `rule` as a key of the case
//! wraps a condition into a rule named `r`.

mod load_support;

use lanner_engine::load::{Diagnostic, Loader, Settings};
use lanner_engine::yaml::Node;

fn texts(case: &Node) -> Vec<String> {
    if let Some(condition) = case.get("rule").and_then(Node::as_str) {
        let text = serde_json::Value::from(condition).to_string();
        return vec![format!("- rule: r\n  desc: d\n  output: o\n  priority: error\n  condition: {text}\n")];
    }
    let input = case.get("in").expect("a case has `in` or `rule`");
    match input.as_str() {
        Some(text) => vec![text.to_owned()],
        None => input.items().iter().filter_map(Node::as_str).map(str::to_owned).collect(),
    }
}

fn fits(want: &str, file: usize, found: &Diagnostic) -> bool {
    let mut words = want.splitn(4, ' ');
    let kind = if found.is_error() { "error" } else { "warning" };
    let mut head = words.next().unwrap_or("").to_owned();
    if let Some(rest) = head.strip_prefix(|c: char| c.is_ascii_digit()) {
        if !head.starts_with(&file.to_string()) {
            return false;
        }
        head = rest.to_owned();
    } else if file != 1 {
        return false;
    }
    let place = found.context.place().start;
    head == kind
        && words.next() == Some(found.code())
        && words.next() == Some(&format!("{}:{}", place.line, place.column))
        && words.next().is_none_or(|fragment| found.message.contains(fragment.trim()))
}

fn show(file: usize, found: &Diagnostic) -> String {
    let kind = if found.is_error() { "error" } else { "warning" };
    let place = found.context.place().start;
    let prefix = if file == 1 { String::new() } else { file.to_string() };
    format!("{prefix}{kind} {} {}:{} {}", found.code(), place.line, place.column, found.message)
}

fn run(case: &Node) -> Result<(), String> {
    let mut settings = Settings::new(load_support::sources());
    settings.all_errors = case.get("all").is_some();
    let mut loader = Loader::new(settings);
    let mut found = Vec::new();
    for (i, text) in texts(case).iter().enumerate() {
        let result = loader.load(&format!("file{}.yaml", i + 1), text);
        // Whatever it is, it must be tellable.
        assert!(!result.text(loader.files()).is_empty() && !result.summary().is_empty());
        assert!(result.json(loader.files()).is_object());
        // Lints are no part of the established forms; they have cases of their own.
        let established = result.diagnostics.into_iter().filter(|d| d.is_error() || d.is_warning());
        found.extend(established.map(|d| (i + 1, d)));
    }
    let want = case.get("want").and_then(Node::as_str).unwrap_or("");
    let (items, diagnostics): (Vec<&str>, Vec<&str>) = want
        .lines()
        .filter(|l| !l.trim().is_empty())
        .partition(|l| ["rule ", "off ", "absent "].iter().any(|p| l.starts_with(p)));
    let listed: Vec<String> = found.iter().map(|(file, d)| show(*file, d)).collect();
    let same = diagnostics.len() == found.len()
        && diagnostics.iter().zip(&found).all(|(want, (file, found))| fits(want, *file, found));
    if !same {
        return Err(format!("want\n  {}\nfound\n  {}", diagnostics.join("\n  "), listed.join("\n  ")));
    }
    for item in items {
        check_item(item, &loader)?;
    }
    Ok(())
}

fn check_item(item: &str, loader: &Loader) -> Result<(), String> {
    let rule = |name: &str| loader.rules().iter().find(|r| &*r.name == name);
    if let Some(name) = item.strip_prefix("absent ") {
        return if rule(name).is_none() { Ok(()) } else { Err(format!("{name} is loaded")) };
    }
    if let Some(name) = item.strip_prefix("off ") {
        return match rule(name) {
            Some(rule) if !rule.enabled => Ok(()),
            _ => Err(format!("{name} is not there or not off")),
        };
    }
    let (name, want) = item.strip_prefix("rule ").and_then(|r| r.split_once(": ")).ok_or(item)?;
    let found = rule(name).ok_or(format!("{name} is not loaded"))?;
    if !found.enabled {
        return Err(format!("{name} is off"));
    }
    let condition = found.expr.to_string();
    if condition == want { Ok(()) } else { Err(format!("condition of {name}\nwant  {want}\nfound {condition}")) }
}

#[test]
fn cases() {
    load_support::every_case("load_cases", 120, run);
}
