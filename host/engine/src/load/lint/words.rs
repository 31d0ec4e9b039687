//! Values as they are written: listed twice, or almost the name of a list.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::Linter;
use crate::ast::{Expr, ExprKind, Right, Test, Value};
use crate::load::code::LintCode;
use crate::load::context::Context;
use crate::load::item::{Entry, Word};
use crate::load::result::Related;
use crate::load::{CondText, FileRange};
use crate::parse::parse;

impl Linter<'_> {
    pub(super) fn words(&mut self) {
        let collection = &self.loader.collection;
        for list in collection.lists.iter() {
            let words = list.items.iter().map(|word| (word.text.as_str(), word.origin.range()));
            self.duplicates(words, &list.context);
        }
        let lists: Vec<&str> = collection.lists.iter().map(|list| list.name.as_str()).collect();
        for item in collection.macros.iter() {
            self.in_condition(&item.condition, &lists, &item.context);
        }
        for item in collection.rules.iter() {
            self.in_condition(&item.condition, &lists, &item.context);
            for exception in &item.exceptions {
                let rows = exception.values.iter().filter_map(|row| Some((text(row), range(row)?)));
                self.duplicates(rows, &exception.context);
                for word in exception.values.iter().flat_map(words_of) {
                    self.misspelt(&word.text, word.origin.range(), &lists, &exception.context);
                }
            }
        }
    }

    fn in_condition(&mut self, condition: &CondText, lists: &[&str], context: &Context) {
        let Ok(tree) = parse(&condition.text, 0) else { return };
        let files = self.files();
        tree.walk(&mut |part: &Expr| {
            let ExprKind::Check(check) = &part.kind else { return };
            let Test::Compare { right: Right::List(values), .. } = &check.test else { return };
            let place = |value: &Value| {
                let range = value.span.range();
                condition.place(files, range.start, range.end).map(FileRange::from)
            };
            let placed = values.iter().filter_map(|v| Some((v.bytes.clone(), place(v)?)));
            self.duplicates(placed, context);
            for value in values.iter().filter(|v| !v.quoted) {
                if let Some(at) = place(value) {
                    self.misspelt(&value.text(), at, lists, context);
                }
            }
        });
    }

    fn duplicates<K: Hash + Eq>(&mut self, values: impl Iterator<Item = (K, FileRange)>, context: &Context) {
        let mut first: HashMap<K, FileRange> = HashMap::new();
        let mut told: HashSet<FileRange> = HashSet::new();
        for (value, at) in values {
            let Some(before) = first.get(&value).copied() else {
                first.insert(value, at);
                continue;
            };
            if before == at || !told.insert(at) {
                continue;
            }
            let found = self.tell(LintCode::DuplicateValue, "this value is listed twice", context);
            found.at = Some(at);
            found.related.push(Related { message: "first here".to_owned(), at: before });
            found.help = Some("remove one of them".to_owned());
        }
    }

    /// Names of lists have more than one word; a value that misses one by a letter or two is hardly a program's name.
    fn misspelt(&mut self, value: &str, at: FileRange, lists: &[&str], context: &Context) {
        if !value.contains('_') || !(6..=64).contains(&value.len()) || lists.contains(&value) {
            return;
        }
        let far = if value.len() < 10 { 1 } else { 2 };
        let near = lists.iter().filter(|list| list.len().abs_diff(value.len()) <= far && list.contains('_'));
        let Some(list) = near.into_iter().find(|list| strsim::damerau_levenshtein(list, value) <= far) else { return };
        let found = self.tell(LintCode::MisspeltList, format!("'{value}' is no list"), context);
        found.at = Some(at);
        found.help = Some(format!("did you mean '{list}'? Quote the value if the text is meant"));
    }
}

/// What an entry says, so that equal ones are equal.
fn text(entry: &Entry) -> String {
    match entry {
        Entry::Unset => String::new(),
        Entry::One(word) => format!("{:?}", word.text),
        Entry::Many(entries) => format!("[{}]", entries.iter().map(text).collect::<Vec<_>>().join(",")),
    }
}

fn words_of(entry: &Entry) -> Vec<&Word> {
    match entry {
        Entry::Unset => Vec::new(),
        Entry::One(word) => vec![word],
        Entry::Many(entries) => entries.iter().flat_map(words_of).collect(),
    }
}

/// From the first to the last word of an entry.
pub(super) fn range(entry: &Entry) -> Option<FileRange> {
    let words = words_of(entry);
    let (first, last) = (words.first()?.origin.range(), words.last()?.origin.range());
    Some(FileRange { end: last.end, ..first })
}
