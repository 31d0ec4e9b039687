//! Everything that is measured, in one place that all threads can read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use lanner_engine::load::RuleSpec;

use super::files::Fingerprints;
use super::rule::{RuleLabels, RuleMeter};
use super::source::{Feed, SourceMeter, Stuck};
use crate::alert::RuleHead;
use crate::outputs::OutputsCounts;
use crate::source::now;

/// What outputs call the loss that Falco knows.
const QUEUE_FULL: &str = "queue_full";

/// Rules in the order of loading.
pub type RuleTable = Arc<[Arc<RuleMeter>]>;

/// Rules and configuration that are in force from now on.
#[derive(Debug, Default)]
pub struct Loaded {
    rules: Vec<(Box<str>, RuleLabels)>,
    files: Fingerprints,
}

impl Loaded {
    /// These rules, and the files that they and the configuration come from.
    pub fn new(rules: &[RuleSpec], files: Fingerprints) -> Self {
        let rule = |rule: &RuleSpec| (Box::from(&*rule.name), RuleLabels::of_spec(rule));
        Self { rules: rules.iter().map(rule).collect(), files }
    }
}

/// What is measured.
#[derive(Debug)]
pub struct Registry {
    /// When the program began, ns since the epoch.
    pub started_ns: u64,
    /// The name of this machine in alerts.
    pub hostname: Arc<str>,
    /// The version of this program.
    pub version: &'static str,
    began: Instant,
    reloaded_ns: AtomicU64,
    beat: AtomicU64,
    /// All rules that there have been, by name.
    known: RwLock<HashMap<Box<str>, Arc<RuleMeter>>>,
    loaded: RwLock<RuleTable>,
    sources: RwLock<Vec<Arc<SourceMeter>>>,
    outputs: OnceLock<OutputsCounts>,
    budget: OnceLock<Vec<(&'static str, u64)>>,
    rules_bytes: AtomicU64,
    files: RwLock<Fingerprints>,
}

impl Registry {
    /// Nothing measured yet.
    pub fn new(version: &'static str, hostname: Arc<str>) -> Self {
        let started_ns = now();
        Self {
            started_ns,
            hostname,
            version,
            began: Instant::now(),
            reloaded_ns: AtomicU64::new(started_ns),
            beat: AtomicU64::new(0),
            known: RwLock::default(),
            loaded: RwLock::new(Arc::new([])),
            sources: RwLock::default(),
            outputs: OnceLock::new(),
            budget: OnceLock::new(),
            rules_bytes: AtomicU64::new(0),
            files: RwLock::default(),
        }
    }

    /// Takes what has been loaded, at the start and after a reload. A rule that was there before goes on counting.
    pub fn set_loaded(&self, loaded: Loaded) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let rules = loaded.rules.into_iter().map(|(name, labels)| meter(&mut known, &name, || labels, true));
        let rules: Vec<Arc<RuleMeter>> = rules.collect();
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = rules.into();
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = loaded.files;
        self.reloaded_ns.store(now(), Ordering::Relaxed);
    }

    /// The loaded rules, in the order of loading.
    pub fn rules(&self) -> RuleTable {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The rule of this head: one that matches just now, whether it has been told of or not.
    pub(super) fn rule(&self, head: &RuleHead) -> Arc<RuleMeter> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        meter(&mut known, &head.rule, || RuleLabels::of_head(head), false)
    }

    /// The files that configuration and rules come from.
    pub fn files(&self) -> Fingerprints {
        self.files.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When rules and configuration were read last, ns since the epoch.
    pub fn reloaded_ns(&self) -> u64 {
        self.reloaded_ns.load(Ordering::Relaxed)
    }

    /// Adds a source. One that is opened again under the same name takes the place of the former.
    pub fn add_source(&self, name: &str, feed: Feed) -> Arc<SourceMeter> {
        let meter = Arc::new(SourceMeter::new(name, feed, self.now_ms()));
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        match sources.iter_mut().find(|known| *known.name == *name) {
            Some(known) => *known = Arc::clone(&meter),
            None => sources.push(Arc::clone(&meter)),
        }
        meter
    }

    /// All sources.
    pub fn sources(&self) -> Vec<Arc<SourceMeter>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says who counts deliveries; only the first word counts.
    pub fn set_outputs(&self, outputs: OutputsCounts) {
        // A second one would be of the same outputs.
        let _ = self.outputs.set(outputs);
    }

    /// Who counts deliveries.
    pub fn outputs(&self) -> Option<&OutputsCounts> {
        self.outputs.get()
    }

    /// Says what each component may keep, in bytes; it stays so.
    pub fn set_budget(&self, shares: Vec<(&'static str, u64)>) {
        // A second one would be of the same configuration.
        let _ = self.budget.set(shares);
    }

    /// What each component may keep, in bytes; nothing: there is no limit.
    pub(super) fn budget(&self) -> &[(&'static str, u64)] {
        self.budget.get().map_or(&[], Vec::as_slice)
    }

    /// Says what the rules that are in force from now on take, in bytes.
    pub fn set_rules_bytes(&self, bytes: u64) {
        self.rules_bytes.store(bytes, Ordering::Relaxed);
    }

    /// What the rules in force take, in bytes; `None`: nobody has said so.
    pub(super) fn rules_bytes(&self) -> Option<u64> {
        Some(self.rules_bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0)
    }

    /// Alerts lost because the queue of an output was full.
    pub(super) fn queue_drops(&self) -> u64 {
        let all = self.outputs().map(OutputsCounts::snapshot).unwrap_or_default();
        let dropped = all.iter().flat_map(|output| &output.dropped);
        dropped.filter(|(reason, _)| *reason == QUEUE_FULL).map(|(_, count)| count).sum()
    }

    /// How often the sources have been asked to publish.
    #[inline]
    pub(super) fn beats(&self) -> u64 {
        self.beat.load(Ordering::Relaxed)
    }

    /// Asks the sources to publish, and looks which of them have moved.
    pub(super) fn beat(&self) {
        self.beat.fetch_add(1, Ordering::Relaxed);
        let now = self.now_ms();
        self.sources().iter().for_each(|source| source.look(now));
    }

    /// The sources that have not moved for longer than this.
    pub fn stuck(&self, longer_than: Duration) -> Vec<Stuck> {
        let now = self.now_ms();
        let stuck = |source: &Arc<SourceMeter>| {
            let since = source.still_for(now);
            let found = Stuck { source: source.name.to_string(), state: source.state(), since };
            (since > longer_than).then_some(found)
        };
        self.sources().iter().filter_map(stuck).collect()
    }

    /// How long each source has not moved.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long the program has run.
    pub fn uptime(&self) -> Duration {
        self.began.elapsed()
    }
}

fn meter(
    known: &mut HashMap<Box<str>, Arc<RuleMeter>>,
    name: &str,
    labels: impl FnOnce() -> RuleLabels,
    renew: bool,
) -> Arc<RuleMeter> {
    match known.get(name) {
        Some(meter) => {
            if renew {
                meter.set_labels(labels());
            }
            Arc::clone(meter)
        }
        None => {
            let meter = Arc::new(RuleMeter::new(name, labels()));
            known.insert(name.into(), Arc::clone(&meter));
            meter
        }
    }
}

#[cfg(test)]
mod tests {
    use lanner_engine::load::Priority;

    use super::*;

    fn head(rule: &str) -> RuleHead {
        RuleHead { rule: rule.into(), source: "syscall".into(), priority: Priority::Debug, tags: Vec::new() }
    }

    #[test]
    fn a_rule_goes_on_counting_under_its_name() {
        let registry = Registry::new("1", "lab".into());
        registry.rule(&head("a")).matched();
        registry.rule(&head("a")).matched();
        assert_eq!(registry.rule(&head("a")).matches(), 2);
        assert_eq!(registry.rule(&head("b")).matches(), 0);
        registry.set_loaded(Loaded::default());
        assert_eq!((registry.rules().len(), registry.rule(&head("a")).matches()), (0, 2));
    }

    #[test]
    fn a_source_that_is_opened_again_takes_its_place() {
        let registry = Registry::new("1", "lab".into());
        registry.add_source("a", Feed::Plugin);
        registry.add_source("b", Feed::Nothing);
        let again = registry.add_source("a", Feed::Kernel);
        let sources = registry.sources();
        assert!(sources.len() == 2 && Arc::ptr_eq(&sources[0], &again));
        assert!(registry.stuck(Duration::from_secs(3600)).is_empty());
    }
}
