//! Deprecated forms rewritten in the text they stand in. What is not rewritten keeps every byte; what cannot be rewritten
//! without changing what the rules do is left for people.

use super::collect::scheme;
use super::context::FileRange;
use super::item::RuleItem;
use super::source::CondText;
use super::{Files, Loader};
use crate::ast::{Expr, ExprKind, OperandKind, Operator, Right, Shared, Test};
use crate::check::event_set;
use crate::parse::parse;
use crate::scheme::{EventSet, Scheme};
use crate::yaml::{self, Node};

/// Keys of a rule that an override names, beside those that an old append takes.
const OTHER_KEYS: [&str; 11] = [
    "output",
    "desc",
    "priority",
    "tags",
    "capture",
    "capture_duration",
    "capture_before",
    "enforce",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

/// A change of a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; nothing if it is empty.
    pub at: FileRange,
    /// What stands there then.
    pub text: String,
    /// What was done, for people.
    pub what: String,
}

impl Loader {
    /// The changes that rid the loaded files of deprecated forms, by file and place, never overlapping.
    pub fn fixes(&mut self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (number, file) in self.files.all().iter().enumerate() {
            let documents = yaml::parse(&file.text).unwrap_or_default();
            for item in documents.iter().flat_map(Node::items) {
                edits.extend(in_item(item, number as u32, &file.text));
            }
        }
        for item in self.collection.rules.iter() {
            edits.extend(container_info(item, &self.files));
        }
        let rules = self.collection.rules.iter().map(|rule| (rule.condition.clone(), rule.source.clone()));
        let macros = self.collection.macros.iter().map(|m| (m.condition.clone(), "syscall".to_owned()));
        for (condition, source) in rules.chain(macros).collect::<Vec<_>>() {
            let Some(scheme) = scheme(&self.settings.sources, &source).cloned() else { continue };
            edits.extend(self.directions(&condition, &scheme));
        }
        edits.sort_by_key(|edit| edit.at);
        edits.dedup_by(|b, a| b.at.file == a.at.file && b.at.start < a.at.end.max(a.at.start + 1));
        edits
    }

    /// `evt.dir = <` beside checks that allow ends of calls only, where it is always true.
    fn directions(&mut self, condition: &CondText, scheme: &Scheme) -> Vec<Edit> {
        let Ok(tree) = parse(&condition.text, 0) else { return Vec::new() };
        let mut found = Vec::new();
        tree.walk(&mut |part| {
            let ExprKind::And(parts) = &part.kind else { return };
            let Some(at) = parts.iter().position(is_end_of_call) else { return };
            found.push((parts.clone(), at));
        });
        let mut edits = Vec::new();
        for (parts, at) in found {
            let mut others = parts.to_vec();
            others.remove(at);
            let mut rest = Expr { kind: ExprKind::And(others.into()), span: parts[at].span, from: None };
            let known = self.compiled.lists.resolve(&mut rest).is_ok()
                && self.compiled.macros.resolve(&mut rest, u32::MAX).is_ok();
            let begins = event_set(&rest, scheme) & !scheme.facts().ends();
            if !known || begins != EventSet::EMPTY {
                continue;
            }
            let Some((start, end)) = without(&condition.text, &parts[at]) else { continue };
            // What is left must be the same condition but for the check.
            let text = format!("{}{}", &condition.text[..start], &condition.text[end..]);
            let same = |text: &str| parse(text, 0).map(|tree| tree.to_string());
            if same(&text) != Ok(strip(&tree, &parts[at]).to_string()) {
                continue;
            }
            let Some(place) = condition.place(&self.files, start, end).map(FileRange::from) else { continue };
            let written = self.files.text(place.file).get(place.start as usize..place.end as usize).unwrap_or("");
            // Breaks of folded texts differ between the two; the words must not.
            if written.split_whitespace().eq(condition.text[start..end].split_whitespace()) {
                let what = "`evt.dir = <` is always true here and is gone".to_owned();
                edits.push(Edit { at: place, text: String::new(), what });
            }
        }
        edits
    }
}

fn is_end_of_call(part: &Expr) -> bool {
    let ExprKind::Check(check) = &part.kind else { return false };
    let of_direction = matches!(&check.left.kind, OperandKind::Field { name, arg: None } if **name == *"evt.dir");
    of_direction
        && matches!(&check.test, Test::Compare { op: Operator::Eq | Operator::EqEq, modifier: None, right: Right::Value(v) }
            if *v.bytes == *b"<")
}

/// The bytes of a part of a conjunction with the `and` before or, of the first part, after it.
fn without(text: &str, part: &Expr) -> Option<(usize, usize)> {
    let range = part.span.range();
    let end = range.start + text.get(range.clone())?.trim_end().len();
    let before = text.get(..range.start)?.trim_end();
    if let Some(before) = before.strip_suffix("and") {
        return Some((before.trim_end().len(), end));
    }
    let after = text.get(end..)?;
    let rest = after.trim_start().strip_prefix("and")?;
    let next = rest.trim_start();
    (next.len() < rest.len()).then(|| (range.start, text.len() - next.len()))
}

/// The tree without one part of a conjunction.
fn strip(tree: &Expr, gone: &Expr) -> Expr {
    let all = |parts: &[Expr]| parts.iter().map(|part| strip(part, gone)).collect::<Shared<_>>();
    let kind = match &tree.kind {
        ExprKind::And(parts) => {
            let left: Vec<Expr> = parts.iter().filter(|part| part.span != gone.span).cloned().collect();
            match &*all(&left) {
                [one] => return one.clone(),
                left => ExprKind::And(left.iter().cloned().collect()),
            }
        }
        ExprKind::Or(parts) => ExprKind::Or(all(parts)),
        ExprKind::Not(part) => ExprKind::Not(Box::new(strip(part, gone))),
        other => other.clone(),
    };
    Expr { kind, span: tree.span, from: None }
}

fn container_info(item: &RuleItem, files: &Files) -> Option<Edit> {
    const TOKEN: &str = "%container.info";
    let at = item.output.text.find(TOKEN)?;
    let place = item.output.place(files, at, at + TOKEN.len())?;
    let text = files.text(place.file);
    let mut at = FileRange::from(place);
    if text.get(at.start as usize..at.end as usize) != Some(TOKEN) {
        return None;
    }
    if text.get(..at.start as usize)?.ends_with(' ') {
        at.start -= 1;
    }
    Some(Edit { at, text: String::new(), what: "`%container.info` has no effect and is gone".to_owned() })
}

/// `append: true` and a rule's `enabled` alone, as an override.
fn in_item(item: &Node, file: u32, text: &str) -> Option<Edit> {
    if item.get("override").is_some() {
        return None;
    }
    let has = |key: &str| item.get(key).is_some();
    let rule = has("rule") && !has("macro") && !has("list");
    let appends = item.get("append").and_then(Node::as_bool) == Some(true);
    let flow = text.as_bytes().get(item.mark.offset as usize) == Some(&b'{');
    let (key, value) = item.entry(if appends { "append" } else { "enabled" })?;
    let written = text.get(key.span.start as usize..value.span.end as usize)?;
    // An alias is written elsewhere.
    if !written.starts_with(key.as_str()?) || written.contains(['\n', '\r']) {
        return None;
    }
    let keys: Vec<&str> = match () {
        () if appends && has("list") => vec!["items"],
        () if appends && has("macro") => vec!["condition"],
        // Other keys are ignored beside `append`, and an override would not ignore them.
        () if appends && rule && OTHER_KEYS.iter().all(|key| !has(key)) => {
            ["condition", "exceptions"].into_iter().filter(|key| has(key)).collect()
        }
        () if !appends && rule && !has("append") => {
            let toggles =
                ["condition", "exceptions"].iter().chain(&OTHER_KEYS).all(|key| *key == "enabled" || !has(key));
            if toggles { vec!["enabled"] } else { Vec::new() }
        }
        () => Vec::new(),
    };
    if keys.is_empty() {
        return None;
    }
    let operation = if appends { "append" } else { "replace" };
    let entries: Vec<String> = keys.iter().map(|key| format!("{key}: {operation}")).collect();
    let flat = format!("override: {{{}}}", entries.join(", "));
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let indent = " ".repeat(key.mark.column as usize);
    let block = format!("override:{line_break}{indent}  {}", entries.join(&format!("{line_break}{indent}  ")));
    let form = if flow { flat.clone() } else { block };
    let (start, end) = (key.span.start, value.span.end);
    if appends {
        let what = format!("`{written}` is now `{flat}`");
        return Some(Edit { at: FileRange { file, start, end }, text: form, what });
    }
    let what = format!("`{written}` has `{flat}` beside it now");
    let rest = text.get(end as usize..)?;
    let (at, form) = match flow {
        true => (end, format!(", {form}")),
        false => (end + rest.find(['\r', '\n']).unwrap_or(rest.len()) as u32, format!("{line_break}{indent}{form}")),
    };
    Some(Edit { at: FileRange { file, start: at, end: at }, text: form, what })
}

/// A text with the changes made; they are sorted and about this text only.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        out.push_str(text.get(done..edit.at.start as usize).unwrap_or(""));
        out.push_str(&edit.text);
        done = edit.at.end as usize;
    }
    out.push_str(text.get(done..).unwrap_or(""));
    out
}
