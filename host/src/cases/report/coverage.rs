//! What the cases of all files left untried.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lanner_engine::explain::{NodeInfo, NodeKind, OriginKind, RightSide, Seen};

use super::FileReport;
use super::style::Palette;

/// One rule, and what the rows about it came to.
#[derive(Clone, Debug)]
pub struct RuleCoverage {
    /// Its name.
    pub rule: String,
    /// Its parts; `None` if no case is about it.
    pub parts: Option<Vec<PartCoverage>>,
}

/// A part of a condition.
#[derive(Clone, Debug)]
pub struct PartCoverage {
    /// What it says.
    pub text: String,
    /// Where it is written.
    pub location: Option<String>,
    /// Whether it is an entry of an exception: then it is enough that it once held.
    pub entry: bool,
    /// Whether it only says which events the rule is about: then it is never false.
    pub types: bool,
    /// What it came to.
    pub seen: Seen,
}

impl RuleCoverage {
    /// A rule that no case is about.
    pub fn untested(rule: &str) -> Self {
        Self { rule: rule.to_owned(), parts: None }
    }

    /// A rule with what its parts came to.
    pub fn new<'n>(rule: &str, parts: impl Iterator<Item = (&'n NodeInfo, Seen)>) -> Self {
        let parts = parts.filter_map(|(info, seen)| {
            let location = info.location.as_ref().map(ToString::to_string);
            let entry = info.from.iter().find(|origin| origin.entry.is_some());
            let text = match (info.kind, entry, &info.comparison) {
                (NodeKind::Entry, _, Some(comparison)) => match &comparison.right {
                    RightSide::List(values) => {
                        let values: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
                        format!("{} {} ({})", comparison.field, comparison.operator, values.join(", "))
                    }
                    _ => comparison.to_text(false),
                },
                (_, Some(entry), _) => format!("entry {} of exception {}", entry.entry.unwrap_or(0) + 1, entry.name),
                (NodeKind::Check, None, Some(comparison)) => comparison.to_text(false),
                _ => return None,
            };
            let types = info.comparison.as_ref().is_some_and(|c| matches!(c.field.as_str(), "evt.type" | "evt.dir"));
            let entry = info.kind == NodeKind::Entry
                || info.from.iter().any(|origin| origin.kind == OriginKind::Exception && origin.entry.is_some());
            Some(PartCoverage { text, location, entry, types, seen })
        });
        Self { rule: rule.to_owned(), parts: Some(parts.collect()) }
    }
}

impl PartCoverage {
    /// What never happened to it; `None` if all did.
    pub fn gap(&self) -> Option<&'static str> {
        match (self.seen.times_true, self.seen.times_false, self.entry) {
            (0, 0, false) => Some("never looked at"),
            (0, _, true) => Some("never held"),
            (0, ..) => Some("never true"),
            (_, 0, false) if !self.types => Some("never false"),
            _ => None,
        }
    }
}

/// All rules of all files, by name.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// The rules.
    pub rules: Vec<RuleCoverage>,
}

impl Coverage {
    /// Puts together what the files saw.
    pub fn of(files: &[FileReport]) -> Self {
        let mut rules: BTreeMap<&str, RuleCoverage> = BTreeMap::new();
        for seen in files.iter().flat_map(|file| &file.covered) {
            let known = rules.entry(&seen.rule).or_insert_with(|| RuleCoverage::untested(&seen.rule));
            match (&mut known.parts, &seen.parts) {
                (Some(known), Some(seen)) if known.len() == seen.len() => {
                    for (known, seen) in known.iter_mut().zip(seen) {
                        known.seen.times_true += seen.seen.times_true;
                        known.seen.times_false += seen.seen.times_false;
                    }
                }
                (None, Some(_)) => *known = seen.clone(),
                _ => {}
            }
        }
        Self { rules: rules.into_values().collect() }
    }

    /// Rules, those without cases, parts, those that were not both true and false.
    pub fn totals(&self) -> [usize; 4] {
        let parts = || self.rules.iter().filter_map(|rule| rule.parts.as_ref()).flatten();
        let untested = self.rules.iter().filter(|rule| rule.parts.is_none()).count();
        [self.rules.len(), untested, parts().count(), parts().filter(|part| part.gap().is_some()).count()]
    }

    /// For people: what is missing, rule by rule.
    pub fn text(&self, colours: Palette) -> String {
        let mut out = format!("\n{}\n", colours.strong("Coverage"));
        // Writing to a string does not fail.
        for rule in &self.rules {
            let Some(parts) = &rule.parts else {
                let _ = writeln!(out, "  {}: {}", rule.rule, colours.bad("no case"));
                continue;
            };
            let gaps: Vec<_> = parts.iter().filter_map(|part| Some((part, part.gap()?))).collect();
            if gaps.is_empty() {
                continue;
            }
            let _ = writeln!(out, "  {}", rule.rule);
            for (part, gap) in gaps {
                let location = part.location.as_deref().unwrap_or_default();
                let gap = colours.doubtful(format!("{gap:<15}"));
                let _ = writeln!(out, "    {gap} {}  {}", part.text, colours.faint(location));
            }
        }
        let [rules, untested, parts, gaps] = self.totals();
        let (tested, tried) = (rules - untested, parts - gaps);
        let _ = writeln!(
            out,
            "  {tested} of {rules} rules have cases; {tried} of {parts} parts of their conditions are tried"
        );
        out
    }
}
