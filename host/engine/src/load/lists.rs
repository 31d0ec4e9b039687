//! Lists in conditions, resolved on the tree.
//!
//! The established result is that of replacing names in the text, one list after the other in the order of their
//! definition. So a list's items see the lists that are defined after it, and of the earlier ones those that it names
//! itself, one level deep. Doing it on the tree gives the same values; only names inside quoted text stay what they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::item::{ListItem, Table};
use crate::ast::{Expansion, ExpansionKind, Expr, ExprKind, Right, Span, Test, Value};
use crate::parse::parse;

/// All lists of one compilation.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lists: Vec<List>,
    by_name: HashMap<Box<str>, usize>,
    /// Values that expansion has made so far.
    expanded: usize,
}

#[derive(Debug)]
pub(super) struct List {
    pub(super) name: String,
    /// The items with the lists they name put in, one level deep.
    pub(super) items: Vec<String>,
    pub(super) used: bool,
    /// What the items are as constants; worked out at the first use.
    values: Option<Result<Vec<Value>, ListError>>,
}

/// More values than this in all conditions together are a mistake or an attack: each takes about 50 bytes.
const MAX_VALUES: usize = 4_000_000;

/// Why a list cannot stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListError {
    #[error("the items of list '{0}' are not constants")]
    Items(Box<str>),
    #[error("list '{0}' must stand in parentheses unless it has exactly one item")]
    Bare(Box<str>),
    #[error("list '{0}' is no condition")]
    Condition(Box<str>),
    #[error("lists expand to more than {MAX_VALUES} values")]
    TooMany,
}

type Result<T, E = (ListError, Span)> = std::result::Result<T, E>;

impl Lists {
    pub(super) fn new(items: &Table<ListItem>) -> Self {
        let mut named = Vec::new();
        let mut lists: Vec<List> = Vec::with_capacity(items.all().len());
        for list in items.iter() {
            let mut values = Vec::with_capacity(list.items.len());
            for item in &list.items {
                match items.get(&item.text).filter(|other| other.order.index < list.order.visibility) {
                    Some(other) => {
                        named.push(items.position(&other.name));
                        values.extend(other.items.iter().map(|word| word.text.clone()));
                    }
                    None => values.push(item.text.clone()),
                }
            }
            lists.push(List { name: list.name.clone(), items: values, used: false, values: None });
        }
        for list in named.into_iter().flatten() {
            lists[list].used = true;
        }
        let by_name = lists.iter().enumerate().map(|(i, l)| (l.name.as_str().into(), i)).collect();
        Lists { lists, by_name, expanded: 0 }
    }

    pub(super) fn all(&self) -> &[List] {
        &self.lists
    }

    /// Replaces the names of lists in a tree.
    pub(super) fn resolve(&mut self, expr: &mut Expr) -> Result<()> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        expr.walk_mut(&mut |part| {
            if result.is_ok() {
                result = self.resolve_part(part);
            }
        });
        result
    }

    fn resolve_part(&mut self, part: &mut Expr) -> Result<()> {
        match &mut part.kind {
            ExprKind::Macro(name) => {
                if let Some(&list) = self.by_name.get(name) {
                    let name = name.clone();
                    self.lists[list].used = true;
                    // The text of the list would stand here: a single item can be a condition.
                    let text = self.lists[list].items.join(", ");
                    let mut condition =
                        parse(&text, part.span.source).map_err(|_| (ListError::Condition(name.clone()), part.span))?;
                    let span = part.span;
                    condition.walk_mut(&mut |p| p.span = span);
                    part.kind = condition.kind;
                    part.from = Some(Expansion::new(ExpansionKind::List, &name, span));
                }
                Ok(())
            }
            ExprKind::Check(check) => match &mut Arc::make_mut(check).test {
                Test::Compare { right, .. } => self.resolve_right(right),
                Test::Exists => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn resolve_right(&mut self, right: &mut Right) -> Result<()> {
        match right {
            Right::List(values) => {
                if !values.iter().any(|v| self.named(v, 0).is_some()) {
                    return Ok(());
                }
                let mut out = Vec::with_capacity(values.len());
                for value in &*values {
                    self.expand(value.clone(), 0, &mut out)?;
                }
                *values = out.into();
                Ok(())
            }
            Right::Value(value) | Right::Name(value) => {
                let Some(list) = self.named(value, 0) else { return Ok(()) };
                let span = value.span;
                let mut out = Vec::new();
                self.expand(value.clone(), 0, &mut out)?;
                match (out.pop(), out.is_empty()) {
                    (Some(one), true) => {
                        *value = one;
                        Ok(())
                    }
                    _ => Err((ListError::Bare(self.lists[list].name.as_str().into()), span)),
                }
            }
            Right::Call(_) => Ok(()),
        }
    }

    /// The list that a constant names, if it comes at or after `from` in the order of definition.
    fn named(&self, value: &Value, from: usize) -> Option<usize> {
        if value.quoted {
            return None;
        }
        let name = std::str::from_utf8(&value.bytes).ok()?;
        self.by_name.get(name).copied().filter(|list| *list >= from)
    }

    fn expand(&mut self, value: Value, from: usize, out: &mut Vec<Value>) -> Result<()> {
        let Some(list) = self.named(&value, from) else {
            self.expanded += 1;
            if self.expanded > MAX_VALUES {
                return Err((ListError::TooMany, value.span));
            }
            out.push(value);
            return Ok(());
        };
        let span = value.span;
        let entry = &mut self.lists[list];
        entry.used = true;
        let values = match entry.values.get_or_insert_with(|| constants(&entry.name, &entry.items)) {
            Ok(values) => std::mem::take(values),
            Err(error) => return Err((error.clone(), span)),
        };
        // Each level starts beyond the list before, so a list is never entered while it is taken out.
        let result = values.iter().try_for_each(|item| {
            let value = Value { bytes: item.bytes.clone(), quoted: item.quoted, span };
            self.expand(value, list + 1, out)
        });
        self.lists[list].values = Some(Ok(values));
        result
    }
}

/// The items as constants. An item with a blank is quoted, every other one is read as it stands: it may be quoted itself
/// or hold several constants.
fn constants(name: &str, items: &[String]) -> std::result::Result<Vec<Value>, ListError> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let plain = !item.is_empty() && !item.contains(|c: char| "()\"'=,".contains(c) || c.is_ascii_whitespace());
        if plain {
            values.push(Value { bytes: item.as_bytes().into(), quoted: false, span: Span::default() });
            continue;
        }
        if item.is_empty() && values.is_empty() {
            continue;
        }
        let quotes = if item.contains(' ') && !item.starts_with(['"', '\'']) { "\"" } else { "" };
        let text = format!("a.b in ({quotes}{item}{quotes})");
        let parsed = parse(&text, 0).map(|expr| expr.kind);
        let Ok(ExprKind::Check(check)) = parsed else { return Err(ListError::Items(name.into())) };
        match &check.test {
            Test::Compare { right: Right::List(more), .. } if !more.is_empty() => values.extend_from_slice(more),
            _ => return Err(ListError::Items(name.into())),
        }
    }
    Ok(values)
}
