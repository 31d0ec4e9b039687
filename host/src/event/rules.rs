//! The rules of one source, ready: the compiled set, what each rule's alert looks like, and who answers each question.

use std::sync::Arc;

use lanner_engine::compile::{RuleIdx, RuleMatching, RuleSet, Scratch};
use lanner_engine::format::{FormatValue, OutputFormat, RenderOptions};
use lanner_engine::scheme::EventSet;
use lanner_engine::value::Values;

use super::enforce;
use super::extractor::{Answers, Context, Extractor};
use super::scheme::SourceScheme;
use crate::alert::{Alert, RuleHead};
use crate::plugin::{EventRef, PluginError, Plugins};

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
    pub key: Box<str>,
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
    set: RuleSet,
    scratch: Scratch,
    alerts: Vec<RuleAlert>,
    answers: Answers,
    hits: Vec<RuleIdx>,
    values: Values,
    bytes: Vec<u8>,
}

impl SourceRules {
    /// Puts the parts together; `alerts` has one entry for each rule of the set, in its order.
    pub fn new(set: RuleSet, alerts: Vec<RuleAlert>, answers: Answers) -> Self {
        let scratch = set.scratch_with_keys(|slot| answers.key_of(slot));
        let wanted = (0..=EventSet::MAX_CODE).filter(|code| set.wants(*code)).collect();
        Self { wanted, set, scratch, alerts, answers, hits: Vec::new(), values: Values::new(), bytes: Vec::new() }
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

    /// The codes of the events that any rule can match.
    pub fn events(&self) -> impl Iterator<Item = u16> + '_ {
        (0..=EventSet::MAX_CODE).filter(|code| self.wanted.contains(*code))
    }

    /// Evaluates an event and hands each alert to `raise`, with the rule's number. Nothing is allocated unless a rule
    /// matches.
    pub fn evaluate(
        &mut self,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
        how: &How,
        raise: &mut dyn FnMut(usize, Alert),
    ) {
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.hits.clear();
        self.set.evaluate(&mut self.scratch, event.ty(), &mut extractor, how.matching, &mut self.hits);
        if !self.hits.is_empty() || event.enforced().is_some() {
            self.raise(event, plugins, context, how, raise);
        }
    }

    #[cold]
    fn raise(
        &mut self,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
        how: &How,
        raise: &mut dyn FnMut(usize, Alert),
    ) {
        let Self { alerts, answers, hits, values, bytes, .. } = self;
        let mut extractor = Extractor { answers, plugins, event, context };
        enforce::complete(hits, alerts, event);
        for rule in hits.iter().filter_map(|&hit| alerts.get(hit as usize)) {
            let mut text = |format: &OutputFormat, extractor: &mut Extractor<'_, '_>, values: &mut Values| {
                bytes.clear();
                format.render(extractor, values, how.render, bytes);
                String::from_utf8_lossy(bytes).into_owned()
            };
            let done = enforce::word(rule.enforced, event.enforced());
            let mut message = text(&rule.output, &mut extractor, values);
            enforce::tell(done, &mut message);
            let mut fields: Vec<(Box<str>, FormatValue)> = Vec::new();
            // Text lines show no fields, and extracting them costs more than the rest of the alert.
            if how.fields {
                rule.output.values(&mut extractor, values, how.render, &mut |key, value| {
                    fields.push((key.into(), value));
                });
                for extra in &rule.extra {
                    let value = if extra.raw {
                        let mut found = FormatValue::Null;
                        extra.format.values(&mut extractor, values, how.render, &mut |_, value| found = value);
                        found
                    } else {
                        FormatValue::Text(text(&extra.format, &mut extractor, values))
                    };
                    fields.retain(|(key, _)| *key != extra.key);
                    fields.push((extra.key.clone(), value));
                }
                if let Some(done) = done {
                    fields.retain(|(key, _)| &**key != enforce::KEY);
                    fields.push((enforce::KEY.into(), FormatValue::Text(done.to_owned())));
                }
                fields.sort_by(|a, b| a.0.cmp(&b.0));
            }
            let head = Arc::clone(&rule.head);
            let alert = Alert { time_ns: event.ts(), head, hostname: Arc::clone(&how.hostname), message, fields };
            raise(rule.id, alert);
        }
    }
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
    /// The name of this machine, as alerts carry it.
    pub hostname: Arc<str>,
}
