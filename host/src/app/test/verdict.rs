//! Which of the alerts that were raised count for a row, and what the row says to them.

use lanner_engine::load::RuleSpec;

use super::prepare::Prepared;
use crate::cases::expect::Expect;
use crate::cases::file::{Case, Matching};
use crate::cases::judge::{Failure, Raised, judge};
use crate::cases::row::Row;

/// What a row says to alerts.
pub(super) struct Verdict<'v> {
    pub(super) case: &'v Case,
    pub(super) row: &'v Row,
    pub(super) matching: Matching,
    pub(super) prepared: &'v Prepared,
}

impl Verdict<'_> {
    /// The alerts that count, and in what they are not as expected; with a mutant in place of its rule if one is given.
    pub(super) fn of(&self, alerts: &[(usize, Raised)], mutant: Option<usize>) -> (Vec<Raised>, Vec<Failure>) {
        let rules = self.prepared.names.len();
        let replaced = mutant.and_then(|mutant| Some((rules + mutant, self.prepared.mutants.get(mutant)?.rule)));
        // Position in load order, of what counts.
        let position = |at: usize| match replaced {
            Some((mutant, rule)) if at == mutant => Some(rule),
            Some((_, rule)) if at == rule => None,
            _ => (at < rules).then_some(at),
        };
        let mut counted: Vec<(usize, &Raised)> =
            alerts.iter().filter_map(|(at, alert)| Some((position(*at)?, alert))).collect();
        counted.sort_by_key(|(at, alert)| (alert.event, *at));
        if self.matching == Matching::First {
            counted.dedup_by_key(|(_, alert)| alert.event);
        }
        let tested: Vec<&str> = self.case.rules.iter().map(|(name, _)| name.as_str()).collect();
        let of_interest = |alert: &&Raised| tested.is_empty() || tested.contains(&alert.rule.as_str());
        let raised: Vec<Raised> = counted.into_iter().map(|(_, alert)| alert).filter(of_interest).cloned().collect();
        let failures = judge(&self.row.expect, &tested, &raised);
        (raised, failures)
    }

    /// Whether the row would fail with a mutant in place of its rule. Only rows that are about the rule are asked.
    pub(super) fn notices(&self, mutant: usize, alerts: &[(usize, Raised)]) -> bool {
        let mutants = &self.prepared.mutants;
        let Some(name) = mutants.get(mutant).and_then(|mutant| self.prepared.names.get(mutant.rule)) else {
            return false;
        };
        self.case.is_about(self.row, name) && !self.of(alerts, Some(mutant)).1.is_empty()
    }
}

/// The rules that a row's failures ask about, each with the event in question if there is one.
pub(super) fn questions<'q>(
    row: &'q Row,
    raised: &'q [Raised],
    failures: &'q [Failure],
    specs: &'q [RuleSpec],
) -> Vec<(&'q RuleSpec, Option<u64>)> {
    let mut asked: Vec<(&RuleSpec, Option<u64>)> = Vec::new();
    for failure in failures {
        let (rule, event) = match failure {
            Failure::NotFired(rule) => (Some(rule.as_str()), None),
            Failure::NotSilent(at) | Failure::Unexpected(at) => {
                let alert = raised.get(*at);
                (alert.map(|alert| alert.rule.as_str()), alert.map(|alert| alert.event))
            }
            Failure::Missing { expected, got: 0, nearest: None, .. } => match &row.expect {
                Expect::Exactly(all) => (all.get(*expected).and_then(|one| one.rule.as_deref()), None),
                Expect::Fires | Expect::Silent => (None, None),
            },
            // What differs says all.
            Failure::Missing { .. } => (None, None),
        };
        let spec = rule.and_then(|rule| specs.iter().find(|spec| *spec.name == *rule));
        asked.extend(
            spec.filter(|spec| asked.iter().all(|(known, _)| known.name != spec.name)).map(|spec| (spec, event)),
        );
    }
    asked
}
