//! Two conditions, part by part.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::ast::{Check, ExpansionKind, Expr, ExprKind, Right, Test};

/// What became of a condition.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ConditionChange {
    /// Parts that must all be true, as they print with macros and lists in place, that came and went.
    #[serde(rename = "condition", skip_serializing_if = "PartChange::is_empty")]
    pub parts: PartChange,
    /// Lists of constants in parts that are otherwise the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListChange>,
    /// Exceptions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionChange>,
}

/// What came and what went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PartChange {
    /// Only the new files have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Only the old files have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

/// Constants that a comparison gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListChange {
    /// The comparison without its constants, as in `proc.name in (…)`.
    pub comparison: String,
    /// What came and what went.
    #[serde(flatten)]
    pub items: PartChange,
}

/// An exception that came, went or has other entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionChange {
    /// Its name.
    pub name: String,
    /// The entries that came and went, as conditions: all of them if the exception came or went as a whole.
    #[serde(flatten)]
    pub entries: PartChange,
}

impl PartChange {
    /// What only one side has, each in its own order.
    pub(super) fn between(old: Vec<String>, new: Vec<String>) -> Self {
        let before: BTreeSet<&String> = old.iter().collect();
        let after: BTreeSet<&String> = new.iter().collect();
        PartChange {
            added: new.iter().filter(|part| !before.contains(part)).cloned().collect(),
            removed: old.iter().filter(|part| !after.contains(part)).cloned().collect(),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl ConditionChange {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.lists.is_empty() && self.exceptions.is_empty()
    }

    pub(super) fn between(old: &Expr, new: &Expr) -> Self {
        let (mut before, mut after) = (Parts::of(old), Parts::of(new));
        let mut change = ConditionChange { exceptions: exceptions(&before, &after), ..Self::default() };
        let same: BTreeSet<String> = after.printed().intersection(&before.printed()).cloned().collect();
        before.all.retain(|part| !same.contains(&part.to_string()));
        after.all.retain(|part| !same.contains(&part.to_string()));
        // What is left and differs only in constants is the same part with other lists.
        before.all.retain(|old| {
            let shape = shape(old);
            let Some(at) = after.all.iter().position(|new| self::shape(new) == shape) else { return true };
            lists(old, after.all.remove(at), &mut change.lists);
            false
        });
        let text = |parts: &Parts<'_>| parts.all.iter().map(ToString::to_string).collect();
        change.parts = PartChange::between(text(&before), text(&after));
        change
    }
}

/// The parts of a condition that must all be true, and its exceptions.
struct Parts<'e> {
    all: Vec<&'e Expr>,
    exceptions: Vec<(&'e str, Vec<String>)>,
}

impl<'e> Parts<'e> {
    fn of(expr: &'e Expr) -> Self {
        let mut parts = Parts { all: Vec::new(), exceptions: Vec::new() };
        parts.add(expr);
        parts
    }

    fn add(&mut self, expr: &'e Expr) {
        match (&expr.kind, &expr.from) {
            (ExprKind::Not(part), Some(from)) if from.kind == ExpansionKind::Exception => {
                self.exceptions.push((&from.name, entries(part)));
            }
            (ExprKind::And(parts), _) => parts.iter().for_each(|part| self.add(part)),
            _ => self.all.push(expr),
        }
    }

    fn printed(&self) -> BTreeSet<String> {
        self.all.iter().map(ToString::to_string).collect()
    }
}

/// The entries of an exception, each as a condition.
fn entries(part: &Expr) -> Vec<String> {
    let entry = |part: &Expr| matches!(&part.from, Some(from) if matches!(from.kind, ExpansionKind::ExceptionEntry(_)));
    match &part.kind {
        ExprKind::Or(rows) if !entry(part) => rows.iter().map(ToString::to_string).collect(),
        ExprKind::Check(check) if !entry(part) => match &check.test {
            Test::Compare { op, modifier, right: Right::List(values) } => {
                let word = modifier.map(|modifier| format!(" {modifier}")).unwrap_or_default();
                values.iter().map(|value| format!("{} {op}{word} ({value})", check.left)).collect()
            }
            _ => vec![part.to_string()],
        },
        _ => vec![part.to_string()],
    }
}

fn exceptions(old: &Parts<'_>, new: &Parts<'_>) -> Vec<ExceptionChange> {
    let of = |parts: &Parts<'_>, name: &str| {
        let found = parts.exceptions.iter().filter(|(other, _)| *other == name);
        found.flat_map(|(_, entries)| entries.clone()).collect::<Vec<_>>()
    };
    let names: BTreeSet<&str> = old.exceptions.iter().chain(&new.exceptions).map(|(name, _)| *name).collect();
    let changes = names.into_iter().map(|name| {
        let entries = PartChange::between(of(old, name), of(new, name));
        ExceptionChange { name: name.to_owned(), entries }
    });
    changes.filter(|change| !change.entries.is_empty()).collect()
}

/// How a part prints without the constants of its lists.
fn shape(expr: &Expr) -> String {
    let parts = |parts: &[Expr], word: &str| format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join(word));
    match &expr.kind {
        ExprKind::And(all) => parts(all, " and "),
        ExprKind::Or(all) => parts(all, " or "),
        ExprKind::Not(part) => format!("not {}", shape(part)),
        ExprKind::Check(check) => comparison(check),
        ExprKind::Macro(name) => name.to_string(),
    }
}

fn comparison(check: &Check) -> String {
    match &check.test {
        Test::Compare { op, modifier, right: Right::List(_) } => {
            let word = modifier.map(|modifier| format!(" {modifier}")).unwrap_or_default();
            format!("{} {op}{word} (…)", check.left)
        }
        _ => check.to_string(),
    }
}

/// The lists that differ between two parts of the same shape.
fn lists(old: &Expr, new: &Expr, out: &mut Vec<ListChange>) {
    let values = |check: &Check| match &check.test {
        Test::Compare { right: Right::List(values), .. } => values.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    for (old, new) in old.checks().into_iter().zip(new.checks()) {
        let items = PartChange::between(values(old), values(new));
        let found = ListChange { comparison: comparison(new), items };
        if !found.items.is_empty() && !out.contains(&found) {
            out.push(found);
        }
    }
}
