//! `capture:` captures that rules begin when they match.

mod captures;

use std::sync::Arc;

use super::evaluator::Evaluator;
use crate::config::CaptureSettings;
use crate::plugin::{EventRef, Plugins, Pump};
use crate::source::{Control, Counts, Sink};
pub(super) use captures::Captures;
use lanner_engine::load::RuleSpec;

const MS: u64 = 1_000_000;

/// What the match of a rule means for captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Whether any rule matched: a capture that is open goes on.
    pub(super) matched: bool,
    /// Whether it begins a capture.
    pub(super) begins: bool,
    /// For how long, ns.
    pub(super) duration: u64,
    /// How long before the match it begins, ns.
    pub(super) before: u64,
}

/// What matches mean, by the number of their rule.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) settings: CaptureSettings,
    wishes: Vec<Wish>,
}

impl Plan {
    /// Of all loaded rules with their numbers.
    pub(crate) fn new(settings: &CaptureSettings, rules: &[RuleSpec], numbers: &[usize]) -> Self {
        let wish = |rule: &RuleSpec| {
            let own = u64::from(rule.capture_duration);
            let duration = if own > 0 { own } else { u64::from(settings.duration_ms) };
            Wish {
                matched: true,
                begins: settings.all_rules || rule.capture,
                duration: duration * MS,
                before: u64::from(rule.capture_before.unwrap_or(settings.before_ms)) * MS,
            }
        };
        let mut wishes = vec![Wish::default(); numbers.iter().max().map_or(0, |most| most + 1)];
        for (rule, &number) in rules.iter().zip(numbers) {
            if let Some(place) = wishes.get_mut(number) {
                *place = wish(rule);
            }
        }
        Self { settings: settings.clone(), wishes }
    }

    /// The longest time that any rule wants from before its match, ns.
    pub(super) fn before(&self) -> u64 {
        self.wishes.iter().filter(|wish| wish.begins).map(|wish| wish.before).max().unwrap_or(0)
    }

    /// Joins what the match of a rule means to what those before it do.
    #[cold]
    pub(super) fn join(&self, rule: usize, wish: &mut Wish) {
        let Some(other) = self.wishes.get(rule) else { return };
        wish.matched = true;
        wish.duration = wish.duration.max(other.duration);
        if other.begins {
            wish.begins = true;
            wish.before = wish.before.max(other.before);
        }
    }
}

/// Evaluates like the sink inside, and records what its matches ask for.
pub(super) struct Capturing<'e, 'd> {
    pub(super) evaluator: &'e mut Evaluator<'d>,
    pub(super) captures: Captures,
}

impl Sink for Capturing<'_, '_> {
    const RECORDS: bool = true;

    #[inline]
    fn before(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) {
        self.captures.before(plugins, event);
    }

    #[inline]
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        let goes_on = self.evaluator.event(plugins, event);
        let wish = std::mem::take(&mut self.evaluator.wish);
        if let Some(alert) = self.captures.after(plugins, event, wish) {
            self.evaluator.desk.outputs.send(alert);
        }
        goes_on
    }

    fn unseen(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) {
        // No rule has matched, so no capture reaches its end for any reason that is an alert.
        if let Some(alert) = self.captures.after(plugins, event, Wish::default()) {
            self.evaluator.desk.outputs.send(alert);
        }
    }

    #[inline]
    fn tick(&mut self, plugins: &mut Plugins, now: u64, counts: &Counts) -> bool {
        if let Some(pulse) = &self.evaluator.pulse {
            pulse.before(self.captures.before_bytes());
        }
        self.evaluator.tick(plugins, now, counts)
    }

    fn batch_done(&mut self) {
        self.evaluator.batch_done();
    }

    fn between(&mut self, stream: &mut Pump, plugins: &mut Plugins) -> bool {
        let goes_on = self.evaluator.between(stream, plugins);
        if let Some(plan) = &self.evaluator.plan
            && !self.captures.follows(plan)
        {
            self.captures.follow(Arc::clone(plan));
        }
        goes_on
    }

    fn attend(&mut self, control: &Control) {
        self.evaluator.attend(control);
        self.captures.attend();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(all_rules: bool, wishes: &[(bool, u64, u64)]) -> Plan {
        let settings = CaptureSettings {
            path_prefix: String::new(),
            all_rules,
            duration_ms: 5,
            max_file_size_mb: 0,
            before_ms: 0,
            before_memory_mb: 1,
        };
        let wish = |&(begins, duration, before): &(bool, u64, u64)| Wish { matched: true, begins, duration, before };
        Plan { settings, wishes: wishes.iter().map(wish).collect() }
    }

    #[test]
    fn the_matches_of_one_event_are_joined() {
        let plan = plan(false, &[(false, 9, 7), (true, 5, 3), (true, 4, 4)]);
        let join = |rules: &[usize]| {
            let mut wish = Wish::default();
            rules.iter().for_each(|&rule| plan.join(rule, &mut wish));
            (wish.matched, wish.begins, wish.duration, wish.before)
        };
        assert_eq!(join(&[]), (false, false, 0, 0));
        assert_eq!(join(&[0]), (true, false, 9, 0), "a rule without capture only keeps one open");
        assert_eq!(join(&[0, 1]), (true, true, 9, 3));
        assert_eq!(join(&[1, 2]), (true, true, 5, 4));
        assert_eq!(join(&[99]), (false, false, 0, 0));
        assert_eq!(plan.before(), 4);
    }
}
