//! Lints as data: rules files, and every finding of a check that comes out.
//!
//! `lint_cases/*.yaml` holds lists of cases. `in` is the text of a rules file, or several of them; `rule` as a key wraps a
//! condition into a rule named `r`, `rules` several ones into `r1`, `r2`, … . `want` has a line for each finding, in the order
//! of places: `FILE:LINE:COLUMN CODE words of the message | words of the remedy`, counted from 1. Without `want` the check must
//! stay silent. Codes in `but` are left out. `first: no` says that all matching rules raise alerts.

mod load_support;

use lanner_engine::load::{LintOptions, Loader, Settings};
use lanner_engine::report::{Finding, Position, Report};
use lanner_engine::yaml::Node;

fn wrap(name: &str, condition: &str) -> String {
    let text = serde_json::Value::from(condition).to_string();
    format!("- rule: {name}\n  condition: {text}\n  desc: d\n  output: o\n  priority: ERROR\n")
}

fn texts(case: &Node) -> Vec<String> {
    if let Some(condition) = case.get("rule").and_then(Node::as_str) {
        return vec![wrap("r", condition)];
    }
    if let Some(rules) = case.get("rules") {
        let numbered = rules.items().iter().filter_map(Node::as_str).enumerate();
        return vec![numbered.map(|(i, condition)| wrap(&format!("r{}", i + 1), condition)).collect()];
    }
    let input = case.get("in").expect("a case has `in`, `rule` or `rules`");
    match input.as_str() {
        Some(text) => vec![text.to_owned()],
        None => input.items().iter().filter_map(Node::as_str).map(str::to_owned).collect(),
    }
}

fn run(case: &Node) -> Result<(), String> {
    let settings = Settings { per_rule: true, ..Settings::new(load_support::sources()) };
    let mut loader = Loader::new(settings);
    let load = |(i, text): (usize, &String)| loader.load(&format!("{}", i + 1), text);
    let results: Vec<_> = texts(case).iter().enumerate().map(load).collect();
    let first_match = case.get("first").and_then(Node::as_bool).unwrap_or(true);
    let mut report = Report::new(loader.files(), &results, loader.lint(&LintOptions { first_match }));
    let but: Vec<String> = case.get("but").map(Node::items).unwrap_or_default().iter().map(Node::dump).collect();
    report.allow(&but);
    let show = |f: &Finding| {
        let at = Position::of(loader.files(), f.at.file, f.at.start);
        let help = f.help.as_deref().unwrap_or("");
        format!("{}:{}:{} {} {} | {help}", f.at.file + 1, at.line, at.column, f.code, f.message)
    };
    let found: Vec<String> = report.findings().iter().map(show).collect();
    let want = case.get("want").and_then(Node::as_str).unwrap_or("");
    let want: Vec<&str> = want.lines().filter(|l| !l.trim().is_empty()).collect();
    let fits = |want: &str, found: &str| {
        let (head, help) = want.split_once(" | ").unwrap_or((want, ""));
        let mut words = head.splitn(3, ' ');
        let place = format!("{} {} ", words.next().unwrap_or(""), words.next().unwrap_or(""));
        let (message, remedy) = found.split_once(" | ").unwrap_or((found, ""));
        message.starts_with(&place) && message.contains(words.next().unwrap_or("")) && remedy.contains(help)
    };
    if want.len() == found.len() && want.iter().zip(&found).all(|(want, found)| fits(want, found)) {
        return Ok(());
    }
    Err(format!("want\n  {}\nfound\n  {}", want.join("\n  "), found.join("\n  ")))
}

#[test]
fn cases() {
    load_support::every_case("lint_cases", 90, run);
}
