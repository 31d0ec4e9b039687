//! What is counted of one rule.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lanner_engine::load::{Priority, RuleSpec};

use crate::alert::RuleHead;

/// A time in which a rule may have missed events, because events that it could have matched were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blindness {
    /// From when on, ns since the epoch: the last look that found nothing missing.
    pub since_ns: u64,
    /// The last look that found something missing, ns since the epoch.
    pub until_ns: u64,
    /// Events lost that it could have matched, since the start.
    pub lost: u64,
    /// Whether anything was missing at the last look.
    pub now: bool,
}

/// What a rule's metrics are labelled with, as of the last load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLabels {
    /// The source of its events.
    pub source: Box<str>,
    /// How grave it is.
    pub priority: Priority,
    /// Its tags, sorted.
    pub tags: Vec<Box<str>>,
}

impl RuleLabels {
    pub(super) fn of_spec(rule: &RuleSpec) -> Self {
        let tags = rule.tags.iter().map(|tag| (&**tag).into()).collect();
        Self { source: (&*rule.source).into(), priority: rule.priority, tags }
    }

    pub(super) fn of_head(head: &RuleHead) -> Self {
        Self { source: head.source.clone(), priority: head.priority, tags: head.tags.clone() }
    }
}

/// The rule of one name. It lives as long as the program: what was counted goes on when rules are read anew.
#[derive(Debug)]
pub struct RuleMeter {
    /// Its name.
    pub name: Box<str>,
    labels: Mutex<Arc<RuleLabels>>,
    matches: AtomicU64,
    blind: Mutex<Blindness>,
}

impl RuleMeter {
    /// A rule that has matched nothing yet.
    pub(super) fn new(name: &str, labels: RuleLabels) -> Self {
        Self {
            name: name.into(),
            labels: Mutex::new(Arc::new(labels)),
            matches: AtomicU64::new(0),
            blind: Mutex::default(),
        }
    }

    /// What it is labelled with.
    pub fn labels(&self) -> Arc<RuleLabels> {
        Arc::clone(&self.labels.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_labels(&self, labels: RuleLabels) {
        *self.labels.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(labels);
    }

    /// One more match.
    #[inline]
    pub fn matched(&self) {
        self.matches.fetch_add(1, Ordering::Relaxed);
    }

    /// Matches so far.
    pub fn matches(&self) -> u64 {
        self.matches.load(Ordering::Relaxed)
    }

    /// Says when it may have missed events.
    pub fn set_blind(&self, blind: Blindness) {
        *self.blind.lock().unwrap_or_else(PoisonError::into_inner) = blind;
    }

    /// When it may have missed events; all zero: never.
    pub fn blind(&self) -> Blindness {
        *self.blind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
