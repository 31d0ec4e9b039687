//! A case file: rules under test, events, expected alerts.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use lanner_engine::yaml::{self, Mark, Node};

use super::diagnostic::{Diagnostic, Findings, Place, did_you_mean};
use super::expect::Expect;
use super::keys::Keys;
use super::row::{self, Row};

/// A case file that can be run.
#[derive(Debug)]
pub struct CaseFile {
    /// Where it was read.
    pub path: Arc<Path>,
    /// The source that its events belong to.
    pub source: Source,
    /// The rule files that it names, in order.
    pub rules: Vec<(PathBuf, Place)>,
    /// Which of several matching rules raise an alert.
    pub matching: Matching,
    /// Its cases.
    pub cases: Vec<Case>,
    /// Mutants that it knows to survive.
    pub survivors: Vec<Survivor>,
}

/// The source of a file's events, and where it is named.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Where the file names it, or its beginning.
    pub place: Place,
}

/// Which of several matching rules raise an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// Every one.
    #[default]
    All,
    /// The first in load order.
    First,
}

/// One case: a table of rows that are alike.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The rules whose alerts count; with none, those of every rule do.
    pub rules: Vec<(String, Place)>,
    /// Its rows: each is run by itself.
    pub rows: Vec<Row>,
}

/// A part of a condition that may be dropped without any case failing, and why.
#[derive(Clone, Debug)]
pub struct Survivor {
    /// The rule; every rule with such a part if none is named.
    pub rule: Option<String>,
    /// The part, as the report prints it.
    pub without: String,
    /// Why no case can notice.
    pub reason: String,
    /// Where it stands.
    pub place: Place,
}

impl Case {
    /// Whether a row of the case is about a rule: the rule is under test, or its alerts are described.
    pub fn is_about(&self, row: &Row, rule: &str) -> bool {
        let described = match &row.expect {
            Expect::Exactly(all) => all.iter().any(|alert| alert.rule.as_deref() == Some(rule)),
            Expect::Fires | Expect::Silent => false,
        };
        described || self.rules.iter().any(|(name, _)| name == rule)
    }
}

impl Survivor {
    /// Whether it is about a rule.
    pub fn is_about(&self, rule: &str) -> bool {
        self.rule.as_deref().is_none_or(|name| name == rule)
    }
}

/// The keys of a file.
pub const FILE_KEYS: [&str; 6] = ["source", "rules", "matching", "given", "cases", "mutants_that_survive"];
/// The keys of a case.
pub const CASE_KEYS: [&str; 10] =
    ["name", "rule", "rules", "params", "given", "events", "capture", "alerts", "fires", "silent"];

/// How deep a case file may nest.
const MAX_DEPTH: usize = 64;

/// Reads a case file for one of these sources. Without a file in the result at least one of the diagnostics is an error.
pub fn read(path: &Path, text: &str, sources: &[&str]) -> (Option<CaseFile>, Vec<Diagnostic>) {
    let mut found = Findings::new(path.to_owned(), text);
    let file = document(text, &mut found).and_then(|document| read_document(path, &document, sources, &mut found));
    let good = !found.failed();
    (file.filter(|_| good), found.into_vec())
}

fn document(text: &str, found: &mut Findings) -> Option<Node> {
    let mut documents = match yaml::parse(text) {
        Ok(documents) => documents,
        Err(error) => {
            // The place stands before the message already.
            let message = error.to_string();
            let message = message.split_once(": ").map_or(message.as_str(), |(_, rest)| rest);
            found.error(error.mark(), format!("no YAML: {message}"), None);
            return None;
        }
    };
    if let Some(second) = documents.get(1) {
        found.error(
            second.mark,
            "a case file is one document",
            Some("put the second one into a file of its own".into()),
        );
    }
    let document = documents.drain(..).next();
    if document.as_ref().is_none_or(Node::is_null) {
        found.error(Mark::default(), "the file is empty", Some("it needs a list 'cases'".into()));
        return None;
    }
    let document = document?;
    if let Some(deep) = too_deep(&document, MAX_DEPTH) {
        found.error(deep, format!("nested deeper than {MAX_DEPTH} levels"), None);
        return None;
    }
    Some(document)
}

fn too_deep(node: &Node, left: usize) -> Option<Mark> {
    if left == 0 {
        return Some(node.mark);
    }
    let inner = node.items().iter().chain(node.entries().iter().flat_map(|(key, value)| [key, value]));
    inner.filter(|inner| !inner.is_scalar()).find_map(|inner| too_deep(inner, left - 1))
}

fn read_document(path: &Path, document: &Node, sources: &[&str], found: &mut Findings) -> Option<CaseFile> {
    let keys = Keys::read(document, "a case file", &FILE_KEYS, found)?;
    let source = Source {
        name: keys.text("source", found).unwrap_or(crate::event::scheme::SYSCALL).to_owned(),
        place: found.place(keys.get("source").map_or(document.mark, |node| node.mark)),
    };
    if !sources.contains(&source.name.as_str()) {
        // Everything else would be read for another source than was meant.
        let help = did_you_mean(&source.name, sources.iter().copied());
        let help = help.unwrap_or_else(|| format!("the sources are {}", sources.join(", ")));
        found.error(source.place.mark, format!("no plugin has source '{}'", source.name), Some(help));
        return None;
    }
    let beside = |name: &str| tidy(path.parent().unwrap_or(Path::new("")).join(name));
    let rules = keys.texts("rules", found);
    let rules = rules.into_iter().map(|(node, name)| (beside(&name), found.place(node.mark))).collect();
    let matching = match keys.text("matching", found) {
        None | Some("all") => Matching::All,
        Some("first") => Matching::First,
        Some(other) => {
            let mark = keys.get("matching").map_or(document.mark, |node| node.mark);
            found.error(
                mark,
                format!("'matching' is 'all' or 'first', not '{other}'"),
                did_you_mean(other, ["all", "first"]),
            );
            Matching::All
        }
    };
    let given = keys.mapping("given", found);
    let survivors = keys.list("mutants_that_survive", found).unwrap_or_default();
    let survivors = survivors.iter().filter_map(|node| survivor(node, found)).collect();
    let cases = keys.list("cases", found);
    if keys.get("cases").is_none() || cases.is_some_and(<[Node]>::is_empty) {
        found.error(document.mark, "the file has no cases", Some("it needs a list 'cases'".into()));
    }
    let frame = row::Frame { path, source: &source.name, given };
    let cases = cases.unwrap_or_default().iter().filter_map(|node| case(node, &frame, found)).collect();
    Some(CaseFile { path: path.into(), source, rules, matching, cases, survivors })
}

/// `cases/../rules.yaml` as `rules.yaml`, where that is the same file: a folder that is a link leads elsewhere.
fn tidy(path: PathBuf) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match (part, short.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => drop(short.pop()),
            _ => short.push(part),
        }
    }
    match (short.canonicalize(), path.canonicalize()) {
        (Ok(one), Ok(other)) if one == other => short,
        _ => path,
    }
}

fn survivor(node: &Node, found: &mut Findings) -> Option<Survivor> {
    let keys = Keys::read(node, "a surviving mutant", &["rule", "without", "reason"], found)?;
    let mut text = |key: &str| {
        let text = keys.text(key, found).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if text.is_none() && keys.get(key).is_none_or(Node::is_scalar) {
            found.error(node.mark, format!("a surviving mutant needs a text '{key}'"), None);
        }
        text
    };
    let (without, reason) = (text("without"), text("reason"));
    let rule = keys.text("rule", found).map(str::to_owned);
    Some(Survivor { rule, without: without?, reason: reason?, place: found.place(node.mark) })
}

fn case(node: &Node, frame: &row::Frame<'_>, found: &mut Findings) -> Option<Case> {
    let keys = Keys::read(node, "a case", &CASE_KEYS, found)?;
    let mut named = keys.texts("rules", found);
    if let (Some(value), Some(name)) = (keys.get("rule"), keys.text("rule", found)) {
        if let Some(both) = keys.get("rules") {
            found.error(both.mark, "a case has 'rule' or 'rules', not both", None);
        }
        named.push((value, name.to_owned()));
    }
    let rules: Vec<(String, Place)> = named.into_iter().map(|(node, name)| (name, found.place(node.mark))).collect();
    let name = match (keys.text("name", found), rules.as_slice()) {
        (Some(name), _) => name.to_owned(),
        (None, [(rule, _), ..]) => rule.clone(),
        (None, []) => {
            found.error(node.mark, "a case without 'rule' needs a 'name'", None);
            String::new()
        }
    };
    let rows = row::read_all(node, &keys, &rules, frame, found);
    Some(Case { name, place: found.place(node.mark), rules, rows })
}
