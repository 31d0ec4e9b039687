//! The side of a source's thread: signs of life, and counters published when they are asked for.

use std::sync::Arc;

use super::registry::Registry;
use super::rule::{Blindness, RuleMeter};
use super::source::{SourceMeter, SourceState};
use crate::alert::RuleHead;
use crate::event::hold::HoldCounts;
use crate::plugin::PluginMetric;
use crate::source::{Counts, now};

/// More rules than anybody has: their numbers are places in a table.
const MOST_RULES: usize = 1 << 20;

/// What a source's thread holds of the registry.
#[derive(Debug)]
pub struct Pulse {
    registry: Arc<Registry>,
    meter: Arc<SourceMeter>,
    plugins: bool,
    turns: u64,
    seen: u64,
    events: u64,
    /// The rules that have matched, by the numbers that their alerts carry.
    rules: Vec<Option<Arc<RuleMeter>>>,
}

impl Pulse {
    /// For the thread of this source. `plugins`: whether plugins are asked what they count.
    pub fn new(registry: Arc<Registry>, meter: Arc<SourceMeter>, plugins: bool) -> Self {
        // Of no beat: the first turn publishes.
        Self { registry, meter, plugins, turns: 0, seen: u64::MAX, events: 0, rules: Vec::new() }
    }

    /// Says what the source is doing.
    pub fn state(&self, state: SourceState) {
        self.meter.set_state(state);
    }

    /// The rule of this number matched.
    pub fn matched(&mut self, rule: usize, head: &RuleHead) {
        if self.rules.len() <= rule && rule < MOST_RULES {
            self.rules.resize(rule + 1, None);
        }
        match self.rules.get_mut(rule) {
            Some(known) => known.get_or_insert_with(|| self.registry.rule(head)).matched(),
            None => self.registry.rule(head).matched(),
        }
    }

    /// A batch begins, or none came: the thread lives. Says whether it is time to publish.
    #[inline]
    pub fn turn(&mut self) -> bool {
        self.turns += 1;
        self.meter.turn(self.turns);
        self.registry.beats() != self.seen
    }

    /// Whether what plugins count is published.
    pub fn asks_plugins(&self) -> bool {
        self.plugins
    }

    /// Publishes what has been counted, and what the plugins have, if they were asked. `time` is that of the event at hand, or
    /// of the clock while there is none.
    #[cold]
    pub fn publish<'b>(
        &mut self,
        plugins: Option<Vec<PluginMetric>>,
        time: u64,
        counts: &Counts,
        blind: impl Iterator<Item = (&'b str, Blindness)>,
    ) {
        self.seen = self.registry.beats();
        if self.meter.state() == SourceState::Opening {
            self.meter.set_state(SourceState::Running);
        }
        let came = counts.events != self.events;
        self.events = counts.events;
        self.meter.publish(counts, now().saturating_sub(time), came.then_some(time));
        self.told(plugins, blind);
    }

    /// Publishes what the plugins have counted, if they were asked, and since when which rules have been blind.
    pub fn told<'b>(&self, plugins: Option<Vec<PluginMetric>>, blind: impl Iterator<Item = (&'b str, Blindness)>) {
        if let Some(metrics) = plugins {
            self.meter.publish_plugins(metrics);
        }
        for (name, blind) in blind {
            if let Some(rule) = self.registry.rules().iter().find(|rule| *rule.name == *name) {
                rule.set_blind(blind);
            }
        }
    }

    /// Publishes what became of alerts that had to wait.
    pub fn held(&self, counts: HoldCounts) {
        self.meter.publish_held(counts);
    }

    /// Publishes what is kept of the time before captures; `None`: nothing is to be kept.
    pub fn before(&self, bytes: Option<u64>) {
        self.meter.publish_before(bytes);
    }

    /// Publishes what had been counted when the source ended.
    pub fn end(&self, counts: &Counts, state: SourceState) {
        self.meter.publish(counts, 0, None);
        self.meter.set_state(state);
    }
}
