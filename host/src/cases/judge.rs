//! What was raised against what was expected.

use std::sync::Arc;

use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;

use super::expect::{Expect, ExpectedAlert, ExpectedField, plain};

/// An alert that a row raised.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    /// Its rule.
    pub rule: String,
    /// How grave it is.
    pub priority: Priority,
    /// The source of its event.
    pub source: String,
    /// The output text.
    pub output: String,
    /// The fields of the output, and those that the case asks for, sorted by name.
    pub fields: Vec<(Arc<str>, FormatValue)>,
    /// The number of its event.
    pub event: u64,
    /// Which step of the case made that event, from 0.
    pub step: Option<usize>,
}

/// How a row differs from what was expected of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// An alert that was not raised, or not often enough.
    Missing {
        /// Position among the expected alerts.
        expected: usize,
        /// How many there should have been.
        wanted: u64,
        /// How many there were.
        got: u64,
        /// The raised alert most like it that nothing else asks for, by position, and in what it differs.
        nearest: Option<(usize, Vec<Difference>)>,
    },
    /// An alert that nothing asks for, by position among those raised.
    Unexpected(usize),
    /// A rule under test that raised nothing; empty if the case names no rule.
    NotFired(String),
    /// An alert in a row that must be silent, by position among those raised.
    NotSilent(usize),
}

/// One thing in which an alert is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What: `priority`, or a field.
    pub what: String,
    /// How it should be.
    pub expected: String,
    /// How it is.
    pub raised: String,
}

/// Compares; no failure means that the row passes. `rules` are the rules under test, and `raised` are alerts of these
/// alone unless there are none.
pub fn judge(expect: &Expect, rules: &[&str], raised: &[Raised]) -> Vec<Failure> {
    match expect {
        Expect::Silent => (0..raised.len()).map(Failure::NotSilent).collect(),
        Expect::Fires if rules.is_empty() => match raised {
            [] => vec![Failure::NotFired(String::new())],
            _ => Vec::new(),
        },
        Expect::Fires => {
            let silent = rules.iter().filter(|rule| raised.iter().all(|alert| alert.rule != **rule));
            silent.map(|rule| Failure::NotFired((*rule).to_owned())).collect()
        }
        Expect::Exactly(expected) => exactly(expected, raised),
    }
}

/// More alerts than this are dealt out in order; fewer in the best way there is.
const MANY: usize = 2_000;

fn exactly(expected: &[ExpectedAlert], raised: &[Raised]) -> Vec<Failure> {
    let fits: Vec<Vec<bool>> =
        expected.iter().map(|one| raised.iter().map(|alert| differences(one, alert).is_empty()).collect()).collect();
    let holder = deal(expected, &fits, raised.len());
    let mut free: Vec<usize> = (0..raised.len()).filter(|at| holder[*at].is_none()).collect();
    let mut failures = Vec::new();
    for (at, one) in expected.iter().enumerate() {
        let got = holder.iter().filter(|held| held.is_some_and(|(of, _)| of == at)).count() as u64;
        if got >= one.count {
            continue;
        }
        let scored = free.iter().map(|alert| (*alert, differences(one, &raised[*alert])));
        let nearest = scored.filter(|(_, d)| d.iter().all(|d| d.what != "rule")).min_by_key(|(_, d)| d.len());
        if let Some((alert, _)) = &nearest {
            free.retain(|other| other != alert);
        }
        failures.push(Failure::Missing { expected: at, wanted: one.count, got, nearest });
    }
    failures.extend(free.into_iter().map(Failure::Unexpected));
    failures
}

/// One of the alerts that a description wants: the description and which of its `count`.
type Wanted = (usize, u64);

/// Deals the alerts out to those who want them. A description may fit several alerts and an alert several descriptions,
/// so after the first deal whoever went without asks the others to move.
fn deal(expected: &[ExpectedAlert], fits: &[Vec<bool>], raised: usize) -> Vec<Option<Wanted>> {
    let mut holder: Vec<Option<Wanted>> = vec![None; raised];
    let mut without = Vec::new();
    for (at, one) in expected.iter().enumerate() {
        let mut alerts = (0..raised).filter(|alert| fits[at][*alert]);
        for which in 0..one.count.min(raised as u64) {
            match alerts.by_ref().find(|alert| holder[*alert].is_none()) {
                Some(alert) => holder[alert] = Some((at, which)),
                None => without.push((at, which)),
            }
        }
    }
    if raised <= MANY {
        without.into_iter().for_each(|wanted| seat(wanted, fits, &mut holder));
    }
    holder
}

/// Finds an alert for one that went without, breadth first over those who would have to move.
fn seat(wanted: Wanted, fits: &[Vec<bool>], holder: &mut [Option<Wanted>]) {
    let mut reached_by: Vec<Option<Wanted>> = vec![None; holder.len()];
    let mut queue = std::collections::VecDeque::from([wanted]);
    while let Some(asking) = queue.pop_front() {
        for alert in 0..holder.len() {
            if reached_by[alert].is_some() || !fits[asking.0][alert] {
                continue;
            }
            reached_by[alert] = Some(asking);
            if let Some(holding) = holder[alert] {
                queue.push_back(holding);
                continue;
            }
            let mut free = Some(alert);
            while let Some(alert) = free {
                let taker = reached_by[alert];
                // What the taker leaves is for whoever asked for that.
                free = holder.iter().position(|held| held.is_some() && *held == taker);
                holder[alert] = taker;
            }
            return;
        }
    }
}

/// In what an alert is not as described.
pub fn differences(expected: &ExpectedAlert, alert: &Raised) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: &str, expected: String, raised: &str| {
        found.push(Difference { what: what.to_owned(), expected, raised: raised.to_owned() });
    };
    if let Some(rule) = expected.rule.as_ref().filter(|rule| **rule != alert.rule) {
        differ("rule", rule.clone(), &alert.rule);
    }
    if let Some(priority) = expected.priority.filter(|priority| *priority != alert.priority) {
        differ("priority", priority.to_string(), alert.priority.name());
    }
    if let Some(source) = expected.source.as_ref().filter(|source| **source != alert.source) {
        differ("source", source.clone(), &alert.source);
    }
    for ExpectedField { name, pattern, .. } in &expected.fields {
        let value = alert.fields.iter().find(|(key, _)| **key == **name).map_or(&FormatValue::Null, |(_, value)| value);
        if !pattern.accepts(value) {
            differ(name, pattern.to_string(), &plain(value));
        }
    }
    if let Some(pattern) = expected.output.as_ref().filter(|pattern| !pattern.accepts_text(&alert.output)) {
        differ("output", pattern.to_string(), &alert.output);
    }
    found
}

#[cfg(test)]
mod tests;
