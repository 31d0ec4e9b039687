//! The rules of one source, ready: the compiled set, what each rule's alert looks like, and who answers each question.

use std::sync::Arc;
use std::time::Duration;

use lanner_engine::compile::{Candidate, RuleIdx, RuleMatching, RuleSet, Scratch};
use lanner_engine::format::{OutputFormat, RenderOptions, ShownMemory};
use lanner_engine::scheme::EventSet;

use super::extractor::{Answers, Context, Extractor, Missing};
use super::hold::Holder;
use super::press::{Press, Told};
use super::scheme::SourceScheme;
use super::{enforce, hold};
use crate::alert::{Alert, RuleHead};
use crate::plugin::{EventRef, PluginError, Plugins, Wish};

/// What an alert of one rule looks like.
#[derive(Debug)]
pub struct RuleAlert {
    /// The rule's number among all rules, for counting.
    pub id: usize,
    /// What is the same for all its alerts.
    pub head: Arc<RuleHead>,
    /// The message, with whatever the configuration appends.
    pub output: OutputFormat,
    /// Fields that only JSON has, sorted by name.
    pub extra: Vec<ExtraField>,
    /// The number under which the kernel has the rule, if it kills.
    pub enforced: Option<u16>,
}

/// A field that the configuration adds to `output_fields`.
#[derive(Debug)]
pub struct ExtraField {
    /// Its name there.
    pub key: Arc<str>,
    /// Its value: for a raw field a format of that field alone.
    pub format: OutputFormat,
    /// Whether the value keeps its type, rather than being text.
    pub raw: bool,
}

/// The rules of one source and the memory of the one thread that evaluates them.
#[derive(Debug)]
pub struct SourceRules {
    /// The kinds of events that any rule can match, close at hand.
    wanted: EventSet,
    pub(super) set: RuleSet,
    pub(super) scratch: Scratch,
    pub(super) alerts: Vec<RuleAlert>,
    pub(super) answers: Answers,
    pub(super) hits: Vec<RuleIdx>,
    pub(super) shown: ShownMemory,
    pub(super) bytes: Vec<u8>,
}

impl SourceRules {
    /// Puts the parts together; `alerts` has one entry for each rule of the set, in its order.
    pub fn new(set: RuleSet, alerts: Vec<RuleAlert>, answers: Answers) -> Self {
        let scratch = set.scratch_with_keys(|slot| answers.key_of(slot));
        let wanted = set.events();
        let (hits, shown, bytes) = (Vec::new(), ShownMemory::default(), Vec::new());
        Self { wanted, set, scratch, alerts, answers, hits, shown, bytes }
    }

    /// Makes the rules ask other plugins than those that they were made for: the same ones, initialised anew.
    ///
    /// # Errors
    /// What a plugin says of an argument.
    pub fn rebind(&mut self, scheme: &SourceScheme, plugins: &Plugins) -> Result<(), PluginError> {
        self.answers = Answers::prepare(self.set.slots(), scheme, plugins)?;
        // Keys are those of one life of a plugin.
        self.scratch = self.set.scratch_with_keys(|slot| self.answers.key_of(slot));
        Ok(())
    }

    /// Says which rules the kernel has, and under which numbers: by number among all rules.
    pub fn enforce(&mut self, number: impl Fn(usize) -> Option<u16>) {
        self.alerts.iter_mut().for_each(|alert| alert.enforced = number(alert.id));
    }

    /// The rule that the kernel has under this number.
    pub fn enforced(&self, number: u16) -> Option<&Arc<RuleHead>> {
        self.alerts.iter().find(|alert| alert.enforced == Some(number)).map(|alert| &alert.head)
    }

    /// Whether any rule can match an event of this kind; most events end here.
    #[inline]
    pub fn wants(&self, event: &EventRef<'_>) -> bool {
        self.wanted.contains(event.ty())
    }

    /// The events that any rule can match.
    pub fn wish(&self) -> Wish {
        Wish::of_rules(&self.set)
    }

    /// Evaluates an event and hands each alert to `raise`. Nothing is allocated unless a rule matches. What waits for values that
    /// are on their way goes to `holder`.
    pub fn evaluate(
        &mut self,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
        how: &How,
        holder: &mut Holder,
        raise: &mut dyn FnMut(Raise<'_>),
    ) {
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.hits.clear();
        self.set.evaluate(&mut self.scratch, event.ty(), &mut extractor, how.matching, &mut self.hits);
        if context.missing.awaited {
            self.weigh(event, plugins, context, how, holder);
        }
        if !self.hits.is_empty() || event.enforced().is_some() {
            self.raise(event, plugins, context, how, holder, raise);
        }
    }

    #[cold]
    fn raise(
        &mut self,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
        how: &How,
        holder: &mut Holder,
        raise: &mut dyn FnMut(Raise<'_>),
    ) {
        let mut hits = std::mem::take(&mut self.hits);
        enforce::complete(&mut hits, &self.alerts, event);
        for &hit in &hits {
            let Some(rule) = self.alerts.get(hit as usize) else { continue };
            let (id, done) = (rule.id, enforce::word(rule.enforced, event.enforced()));
            context.missing = Missing::SHOWN;
            let extractor = Extractor { answers: &self.answers, plugins, event, context };
            let mut told = Told { set: &self.set, scratch: &self.scratch, extract: extractor };
            let mut press = Press { shown: &mut self.shown, bytes: &mut self.bytes, how };
            let mut alert = press.alert(rule, &mut told, event.ts(), done);
            let missing = std::mem::take(&mut context.missing);
            if missing.awaited {
                let candidate = Candidate { rule: hit, open: None };
                if self.hold(vec![candidate], event, plugins, context, how, holder) {
                    raise(Raise::Matched(id, &alert.head));
                    continue;
                }
            }
            if let Some(plugin) = missing.of {
                hold::tell_unknown(&mut alert, plugin, event, plugins, how.fields);
            }
            raise(Raise::Match(id, alert));
        }
        self.hits = hits;
    }
}

/// What a rule comes to.
#[derive(Debug)]
pub enum Raise<'a> {
    /// The rule of this number matches: its alert.
    Match(usize, Alert),
    /// It matches; its alert waits for values that are on their way.
    Matched(usize, &'a RuleHead),
    /// The alert of a match that was told before.
    Late(Alert),
}

/// How events are evaluated and alerts made.
#[derive(Clone, Debug)]
pub struct How {
    /// `rule_matching`.
    pub matching: RuleMatching,
    /// How values become text.
    pub render: RenderOptions,
    /// Whether alerts carry their fields.
    pub fields: bool,
    /// How long an alert waits for values that are on their way; zero: not at all.
    pub hold: Duration,
    /// The name of this machine, as alerts carry it.
    pub hostname: Arc<str>,
}
