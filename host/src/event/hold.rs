//! Alerts that wait for values that are on their way.
//!
//! A plugin may say of a value that it was asked for elsewhere and has not come yet: the image of a container whose first process
//! has just begun. Then the alert waits, and nothing else does: neither the source nor other alerts. Everything that the alert
//! shows or its condition compares and that is there is taken down at once, since the event and its process are soon gone; what is
//! on its way is asked for when it has come. A condition is judged in three values: comparisons of what is on its way are open,
//! and only where they decide is the judgement kept for later.

use std::collections::VecDeque;
use std::sync::Arc;

use lanner_engine::compile::{Candidate, RuleMatching};
use lanner_engine::format::FormatValue;
use lanner_engine::value::{Extract, Recorded, SlotId, Values};
use lanner_plugin_api::raw::Enforced;

use super::enforce;
use super::extractor::{Answers, Context, Extractor, Missing, UNKNOWN, push};
use super::former::{Formers, Reign};
use super::press::Press;
use super::rules::{How, Raise, SourceRules};
use crate::alert::Alert;
use crate::plugin::{EventRef, PluginIdx, Plugins, WaitStanding, Waiting};

/// Events whose alerts may wait at once.
const MOST: usize = 1024;
/// Bytes of their values.
const MOST_BYTES: usize = 8 << 20;
/// How often it is looked whether what they wait for has come, ns.
const LOOK_NS: u64 = 2_000_000;

/// What became of alerts that had to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldCounts {
    /// Events whose alerts wait now.
    pub waiting: u64,
    /// What they waited for came.
    pub enriched: u64,
    /// It turned out that nobody knows it.
    pub unknown: u64,
    /// It did not come in time.
    pub expired: u64,
    /// Too many waited already: they did not wait.
    pub overflowed: u64,
}

/// Keeps what waits, for one source's thread.
#[derive(Debug, Default)]
pub struct Holder {
    waiting: VecDeque<Held>,
    bytes: usize,
    next_look_ns: u64,
    counts: HoldCounts,
    formers: Formers,
}

/// The rules that one event matches or may match.
#[derive(Debug)]
struct Held {
    waits_for: Waiting,
    /// Position of the source among its group's.
    source: usize,
    /// Whose rules the candidates are of.
    reign: Reign,
    until_ns: u64,
    time_ns: u64,
    code: u16,
    candidates: Vec<Candidate>,
    recorded: Recorded,
    enforced: Option<Enforced>,
}

/// Why waiting ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Known,
    Unknown(String),
    Expired(String),
}

impl Holder {
    /// What became of them so far.
    pub fn counts(&self) -> HoldCounts {
        HoldCounts { waiting: self.waiting.len() as u64, ..self.counts }
    }

    /// Whether anything waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Other rules come into force. What waits goes on waiting, to be judged by those that were in force at its event: if there is
    /// any of `rules`, they are taken.
    pub fn succeed(&mut self, rules: &mut Vec<Option<SourceRules>>, how: &How) {
        let now = self.formers.now();
        self.formers.succeed(self.waiting.iter().any(|held| held.reign == now), rules, how);
    }

    /// Sends what need not wait any longer; with `end` everything. `rules`: those in force, by position of the source.
    #[cold]
    pub fn look(
        &mut self,
        now_ns: u64,
        end: bool,
        rules: &mut [Option<SourceRules>],
        plugins: &mut Plugins,
        how: &How,
        raise: &mut dyn FnMut(Raise<'_>),
    ) {
        if now_ns < self.next_look_ns && !end {
            return;
        }
        self.next_look_ns = now_ns + LOOK_NS;
        let mut at = 0;
        while let Some(held) = self.waiting.get(at) {
            let (rules, how) = self.formers.of(held.reign).unwrap_or((&mut *rules, how));
            let ended = match plugins.wait_state(&held.waits_for) {
                WaitStanding::Known => End::Known,
                WaitStanding::Unknown(why) => End::Unknown(why),
                WaitStanding::Pending if end => End::Expired("not known when the alert had to go".to_owned()),
                WaitStanding::Pending if now_ns >= held.until_ns => {
                    End::Expired(format!("not known after {} ms", how.hold.as_millis()))
                }
                WaitStanding::Pending => {
                    at += 1;
                    continue;
                }
            };
            let Some(held) = self.waiting.remove(at) else { return };
            self.bytes = self.bytes.saturating_sub(held.recorded.size());
            match &ended {
                End::Known => self.counts.enriched += 1,
                End::Unknown(_) => self.counts.unknown += 1,
                End::Expired(_) => self.counts.expired += 1,
            }
            if let Some(Some(rules)) = rules.get_mut(held.source) {
                rules.settle(&held, &ended, plugins, how, raise);
            }
            plugins.end_wait(held.waits_for);
        }
        self.formers.keep(|reign| self.waiting.iter().any(|held| held.reign == reign));
    }
}

impl SourceRules {
    /// Judges the event that was just evaluated again, in three values: leaves in `hits` what matches whatever comes, and lets the
    /// rest wait. Where it cannot wait, what is not there is judged as absent, as it has been.
    #[cold]
    pub(super) fn weigh(
        &mut self,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
        how: &How,
        holder: &mut Holder,
    ) {
        let by = std::mem::take(&mut context.missing).of;
        if how.hold.is_zero() {
            return;
        }
        let mut candidates = Vec::new();
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.set.weigh(&mut self.scratch, event.ty(), &mut extractor, how.matching, &mut candidates);
        let sure: Vec<u32> = candidates.iter().filter(|c| c.open.is_none()).map(|c| c.rule).collect();
        let first_is_sure = candidates.first().is_none_or(|first| first.open.is_none());
        match how.matching {
            _ if sure.len() == candidates.len() => self.hits = sure,
            RuleMatching::First if first_is_sure => self.hits = sure,
            matching => {
                if matching == RuleMatching::All {
                    candidates.retain(|candidate| candidate.open.is_some());
                }
                context.missing.of = by;
                if self.hold(candidates, event, plugins, context, how, holder) {
                    self.hits = if matching == RuleMatching::All { sure } else { Vec::new() };
                }
            }
        }
        context.missing = Missing::default();
    }

    /// Lets the candidates of an event wait. `false`: they cannot.
    pub(super) fn hold(
        &mut self,
        candidates: Vec<Candidate>,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
        how: &How,
        holder: &mut Holder,
    ) -> bool {
        if how.hold.is_zero() {
            return false;
        }
        if holder.waiting.len() >= MOST || holder.bytes >= MOST_BYTES {
            holder.counts.overflowed += 1;
            return false;
        }
        let mut slots: Vec<SlotId> = Vec::new();
        for candidate in &candidates {
            let mut add = |slot| slots.push(slot);
            candidate.open.iter().for_each(|rest| self.set.slots_of_rest(rest, &mut add));
            let Some(rule) = self.alerts.get(candidate.rule as usize) else { continue };
            rule.output.slots(&mut add);
            if how.fields {
                rule.extra.iter().for_each(|extra| extra.format.slots(&mut add));
            }
        }
        slots.sort_unstable();
        slots.dedup();
        context.missing = Missing::default();
        let mut recorded = Recorded::default();
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        let mut by = None;
        for slot in slots {
            if extractor.awaited(slot) {
                by = by.or_else(|| extractor.answers.request(slot).map(|request| request.plugin()));
            } else {
                recorded.record(slot, &mut extractor);
            }
        }
        context.missing = Missing::default();
        let Some(waits_for) = by.and_then(|plugin| plugins.begin_wait(plugin, event)) else { return false };
        holder.bytes += recorded.size();
        holder.waiting.push_back(Held {
            waits_for,
            source: event.source().map_or(0, |source| source.get() as usize),
            reign: holder.formers.now(),
            until_ns: event.ts().saturating_add(u64::try_from(how.hold.as_nanos()).unwrap_or(u64::MAX)),
            time_ns: event.ts(),
            code: event.ty(),
            candidates,
            recorded,
            enforced: event.enforced(),
        });
        true
    }

    /// Raises what an event that has waited comes to.
    fn settle(&mut self, held: &Held, ended: &End, plugins: &mut Plugins, how: &How, raise: &mut dyn FnMut(Raise<'_>)) {
        for candidate in &held.candidates {
            let Held { recorded, waits_for, .. } = held;
            let mut later = Later { answers: &self.answers, recorded, plugins, waits_for, shown: false };
            let matches = match &candidate.open {
                None => true,
                Some(rest) => self.set.settle(&mut self.scratch, held.code, rest, &mut later),
            };
            let Some(rule) = self.alerts.get(candidate.rule as usize).filter(|_| matches) else { continue };
            later.shown = *ended != End::Known;
            let done = enforce::word(rule.enforced, held.enforced);
            let mut press = Press { shown: &mut self.shown, bytes: &mut self.bytes, how };
            let mut alert = press.alert(rule, &mut later, held.time_ns, done);
            if let End::Unknown(why) | End::Expired(why) = ended {
                add_unknown(&mut alert, plugins.waited_for(waits_for), why, how.fields);
            }
            let told = candidate.open.is_none() && held.candidates.len() == 1;
            raise(if told { Raise::Late(alert) } else { Raise::Match(rule.id, alert) });
            if how.matching == RuleMatching::First {
                break;
            }
        }
    }
}

/// Says in an alert why what it shows as unknown is, with the words of the plugin that was asked.
pub(super) fn tell_unknown(
    alert: &mut Alert,
    plugin: PluginIdx,
    event: &EventRef<'_>,
    plugins: &mut Plugins,
    fields: bool,
) {
    let Some(waiting) = plugins.begin_wait(plugin, event) else { return };
    let why = match plugins.wait_state(&waiting) {
        WaitStanding::Unknown(why) => why,
        WaitStanding::Pending | WaitStanding::Known => "not known when the alert had to go".to_owned(),
    };
    add_unknown(alert, plugins.waited_for(&waiting), &why, fields);
    plugins.end_wait(waiting);
}

/// Appends `NAME_unknown=WHY` to the message and `NAME.unknown` to the fields.
fn add_unknown(alert: &mut Alert, name: &str, why: &str, fields: bool) {
    alert.message.extend([" ", name, "_unknown=", why]);
    if fields {
        let key: Arc<str> = format!("{name}.unknown").into();
        let at = alert.fields.partition_point(|(other, _)| *other < key);
        alert.fields.insert(at, (key, FormatValue::Text(why.to_owned())));
    }
}

/// Answers for an event that is gone: what was taken down, and what has come since.
struct Later<'a> {
    answers: &'a Answers,
    recorded: &'a Recorded,
    plugins: &'a mut Plugins,
    waits_for: &'a Waiting,
    /// Whether texts that did not come read [`UNKNOWN`].
    shown: bool,
}

impl Extract for Later<'_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        if let Some(found) = self.recorded.give(slot, out) {
            return found;
        }
        let Some(request) = self.answers.request(slot) else { return false };
        let found = request.later(self.plugins, self.waits_for, |value| push(out, value)).is_ok();
        let shown = !found && self.shown && request.is_text();
        if shown {
            out.push_str(UNKNOWN);
        }
        found || shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_says_why_something_is_unknown() {
        let mut alert = Alert::sample();
        add_unknown(&mut alert, "container", "nobody was asked", true);
        assert!(alert.message.ends_with(" container_unknown=nobody was asked"), "{}", alert.message);
        assert!(alert.fields.is_sorted_by(|a, b| a.0 < b.0));
        let text = FormatValue::Text("nobody was asked".into());
        assert!(alert.fields.contains(&("container.unknown".into(), text)));
    }
}
