//! Noise control: equal alerts are grouped, floods of a rule are limited. What is held back is counted by rule and told:
//! a group by a summary at the end of its window, a limit by a field of the next alert that passes.

mod group;
mod rate;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use group::Groups;
use rate::Rates;

use crate::alert::{Alert, INTERNAL};
use crate::config::NoiseSettings;

/// What holds alerts back, between the sources and the queues.
#[derive(Debug)]
pub(super) struct Noise(Mutex<State>);

#[derive(Debug)]
struct State {
    groups: Groups,
    rates: Rates,
    held_back: HeldBack,
}

/// Alerts held back, by rule and by what held them back.
#[derive(Debug, Default)]
struct HeldBack(BTreeMap<(Box<str>, &'static str), u64>);

impl HeldBack {
    fn count(&mut self, rule: &str, by: &'static str) {
        *self.0.entry((rule.into(), by)).or_default() += 1;
    }
}

impl Noise {
    /// `None` if nothing is to be held back.
    ///
    /// `max_bytes`: what alerts that grouping holds back may take.
    pub(super) fn new(settings: &NoiseSettings, max_bytes: Option<u64>) -> Option<Self> {
        if settings.groups.is_empty() && settings.rates.is_empty() {
            return None;
        }
        Some(Self(Mutex::new(State {
            groups: Groups::new(&settings.groups, max_bytes),
            rates: Rates::new(&settings.rates),
            held_back: HeldBack::default(),
        })))
    }

    /// Holds back what these settings say from now on; gives the summaries of all windows that are open.
    pub(super) fn follow(&self, settings: &NoiseSettings, max_bytes: Option<u64>) -> Vec<Alert> {
        let mut state = self.state();
        let mut out = Vec::new();
        state.groups.close(u64::MAX, &mut out);
        state.groups = Groups::new(&settings.groups, max_bytes);
        state.rates = Rates::new(&settings.rates);
        out
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // No change of it can end half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An alert at `now` (ns): itself, if it may pass, and summaries that are due.
    pub(super) fn pass(&self, alert: Alert, now: u64) -> Vec<Alert> {
        let mut state = self.state();
        let State { groups, rates, held_back } = &mut *state;
        let mut out = Vec::new();
        groups.close(now, &mut out);
        // What the program says about itself is said in any case.
        if *alert.head.source == *INTERNAL {
            out.push(alert);
        } else if let Some(alert) = groups.pass(alert, now, &mut out, held_back)
            && let Some(alert) = rates.pass(alert, now, held_back)
        {
            out.push(alert);
        }
        out
    }

    /// Summaries of windows that have ended at `now`.
    pub(super) fn due(&self, now: u64) -> Vec<Alert> {
        let mut out = Vec::new();
        self.state().groups.close(now, &mut out);
        out
    }

    /// What grouping holds, if there is any: bytes, and windows that ended early.
    pub(super) fn grouped(&self) -> Option<(u64, u64)> {
        self.state().groups.held()
    }

    /// Alerts held back so far: rule, `group` or `rate`, how many.
    pub(super) fn held_back(&self) -> Vec<(String, &'static str, u64)> {
        self.state().held_back.0.iter().map(|((rule, by), count)| (rule.to_string(), *by, *count)).collect()
    }
}

/// Adds a field to an alert, in its place.
fn add_field(alert: &mut Alert, name: &str, value: lanner_engine::format::FormatValue) {
    let at = alert.fields.partition_point(|(known, _)| **known < *name);
    alert.fields.insert(at, (name.into(), value));
}

#[cfg(test)]
mod tests;
