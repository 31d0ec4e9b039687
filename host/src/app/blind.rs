//! Which rules could have missed events, and since when.

use std::collections::HashMap;

use lanner_engine::scheme::EventSet;
use lanner_plugin_api::schema::{EVENTS, EventType};

use super::drops::Tally;
use crate::alert::Clock;
use crate::metrics::Blindness;

/// Names of rules in one sentence.
const SHOWN: usize = 5;

/// A rule and the losses of events that it could have matched.
#[derive(Clone, Debug, PartialEq)]
struct BlindRule {
    name: Box<str>,
    events: EventSet,
    /// Time from which on events may be missing: the last look before the loss that found nothing missing; 0: never blind.
    since: u64,
    /// Time of the look that found something missing last.
    until: u64,
    /// Events lost that it could have matched.
    lost: u64,
    /// Whether anything was missing at the last look.
    now: bool,
}

/// All rules of a source.
#[derive(Clone, Debug, Default)]
pub(super) struct Blind(Vec<BlindRule>);

impl Blind {
    /// Rules with the events that each of them can match.
    pub(super) fn new(rules: Vec<(Box<str>, EventSet)>) -> Self {
        let rule = |(name, events)| BlindRule { name, events, since: 0, until: 0, lost: 0, now: false };
        Self(rules.into_iter().map(rule).collect())
    }

    /// Goes on with other rules; what is known of those that stay is kept, also where their events change.
    pub(super) fn follow(&mut self, rules: Vec<(Box<str>, EventSet)>) {
        let mut before: HashMap<Box<str>, BlindRule> =
            std::mem::take(&mut self.0).into_iter().map(|rule| (rule.name.clone(), rule)).collect();
        let rules = rules.into_iter().map(|(name, events)| match before.remove(&name) {
            Some(known) => BlindRule { events, ..known },
            None => BlindRule { name, events, since: 0, until: 0, lost: 0, now: false },
        });
        self.0 = rules.collect();
        // Rules that are gone can miss nothing more, but what they missed is still to be told.
        let missed = before.into_values().filter(|rule| rule.lost > 0);
        self.0.extend(missed.map(|rule| BlindRule { events: EventSet::EMPTY, ..rule }));
    }

    /// Takes in what was lost between two looks.
    pub(super) fn see(&mut self, lost: &Tally, from: u64, to: u64) {
        let lost: Vec<(EventType, u64)> = lost.lost_events().filter_map(|(name, n)| Some((code(name)?, n))).collect();
        for rule in &mut self.0 {
            let missed: u64 = lost.iter().filter(|(event, _)| rule.events.contains(event.0)).map(|(_, n)| n).sum();
            if missed > 0 {
                if !rule.now {
                    rule.since = from;
                }
                rule.until = to;
                rule.lost += missed;
            }
            rule.now = missed > 0;
        }
    }

    /// Each rule that ever missed anything, and when.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, Blindness)> {
        let of =
            |rule: &BlindRule| Blindness { since_ns: rule.since, until_ns: rule.until, lost: rule.lost, now: rule.now };
        self.0.iter().filter(|rule| rule.lost > 0).map(move |rule| (&*rule.name, of(rule)))
    }

    fn blind_now(&self) -> impl Iterator<Item = &BlindRule> {
        self.0.iter().filter(|rule| rule.now)
    }

    /// The rules that missed something at the last look.
    pub(super) fn names(&self) -> String {
        self.blind_now().map(|rule| &*rule.name).collect::<Vec<_>>().join(", ")
    }

    /// Time from which on they may have missed something, ns since the epoch; 0: none has.
    pub(super) fn since(&self) -> u64 {
        self.blind_now().map(|rule| rule.since).min().unwrap_or(0)
    }

    /// The same for people; `None`: no rule was to see what was lost.
    pub(super) fn sentence(&self) -> Option<String> {
        let names: Vec<&str> = self.blind_now().map(|rule| &*rule.name).collect();
        if names.is_empty() {
            return None;
        }
        let shown = names.get(..SHOWN).unwrap_or(&names).join(", ");
        let more = names.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("Rules that may have missed events: {shown}{more}."))
    }

    /// A line for each rule that ever missed anything; nothing if none did.
    pub(super) fn report(&self) -> String {
        let blind: Vec<&BlindRule> = self.0.iter().filter(|rule| rule.lost > 0).collect();
        if blind.is_empty() {
            return String::new();
        }
        let mut clock = Clock::default();
        let mut out = "Rules that may have missed events:\n".to_owned();
        for rule in blind {
            out.push_str(&format!("   {}: {} events, last between ", rule.name, rule.lost));
            clock.date_time(rule.since, false, &mut out);
            out.push_str(" and ");
            clock.date_time(rule.until, false, &mut out);
            out.push('\n');
        }
        out
    }
}

/// The event of this symbol.
fn code(symbol: &str) -> Option<EventType> {
    EVENTS.iter().find(|event| event.symbol == symbol).map(|event| event.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::{PluginMetric, PluginMetricValue};

    fn lost(event: &str, n: u64) -> Tally {
        let name = format!("syscall.n_drops_event_{event}");
        Tally::of(&[PluginMetric { name, monotonic: true, value: PluginMetricValue::Unsigned(n) }])
    }

    #[test]
    fn a_rule_is_blind_from_the_last_good_look_to_the_last_bad_one() {
        let of = |event: EventType| [event.0].into_iter().collect();
        let mut blind = Blind::new(vec![
            ("Opens".into(), of(EventType::SYSCALL_OPENAT_2_X)),
            ("Execs".into(), of(EventType::SYSCALL_EXECVE_19_X)),
        ]);
        blind.see(&Tally::default(), 0, 100);
        assert_eq!((blind.sentence(), blind.since()), (None, 0));
        blind.see(&lost("SYSCALL_OPENAT_2_X", 3), 100, 200);
        blind.see(&lost("SYSCALL_OPENAT_2_X", 4), 200, 300);
        assert_eq!((blind.names().as_str(), blind.since()), ("Opens", 100));
        let opens = blind.0[0].clone();
        assert_eq!((opens.since, opens.until, opens.lost), (100, 300, 7));
        blind.see(&lost("SYSCALL_EXECVE_19_X", 1), 300, 400);
        assert_eq!((blind.names().as_str(), blind.since()), ("Execs", 300));
        assert_eq!(blind.report().lines().count(), 3, "what was is still told at the end: {}", blind.report());
        assert!(blind.report().contains("   Opens: 7 events, last between 1970-01-01 "));
    }

    #[test]
    fn other_rules_take_over_what_is_known() {
        let of = |event: EventType| [event.0].into_iter().collect::<EventSet>();
        let opens = of(EventType::SYSCALL_OPENAT_2_X);
        let mut blind = Blind::new(vec![("Gone".into(), opens), ("Stays".into(), opens)]);
        blind.see(&lost("SYSCALL_OPENAT_2_X", 3), 100, 200);
        blind.follow(vec![("Stays".into(), opens), ("New".into(), opens)]);
        blind.see(&lost("SYSCALL_OPENAT_2_X", 1), 200, 300);
        let lost: Vec<(&str, u64)> = blind.0.iter().map(|rule| (&*rule.name, rule.lost)).collect();
        assert_eq!(lost, [("Stays", 4), ("New", 1), ("Gone", 3)]);
        assert_eq!(blind.names(), "Stays, New");
    }

    #[test]
    fn a_sentence_stays_short() {
        let all = (0..8).map(|n| (format!("R{n}").into(), EventSet::FULL)).collect();
        let mut blind = Blind::new(all);
        blind.see(&lost("SYSCALL_CLOSE_X", 1), 1, 2);
        assert_eq!(
            blind.sentence().as_deref(),
            Some("Rules that may have missed events: R0, R1, R2, R3, R4 and 3 more.")
        );
    }
}
