//! `syscall_event_timeouts`: a kernel that tells of no system call at all for long is told of in an alert, since no machine is that
//! quiet; more likely nothing is seen of it any more.

use std::sync::Arc;

use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;

use crate::alert::{Alert, INTERNAL, RuleHead};

/// The name under which it alerts, as Falco's.
const RULE: &str = "Falco internal: timeouts notification";
/// How long one turn without an event is: what Falco waits for events at most.
const TURN_NS: u64 = 30_000_000;

/// Looks after a source that should never be quiet for long.
pub(crate) struct Timeouts {
    turns: u32,
    hostname: Arc<str>,
    /// Events that there were when [`Self::since`] was set.
    events: u64,
    /// When an event was last seen, or the silence last told of, ns since the epoch.
    since: Option<u64>,
    /// When an event was last seen.
    last: u64,
}

impl Timeouts {
    /// `turns`: so many turns without an event are too many.
    pub(crate) fn new(turns: u32, hostname: Arc<str>) -> Self {
        Self { turns, hostname, events: 0, since: None, last: 0 }
    }

    /// The time is `now`, and `events` have been seen in all. An alert, if it has been quiet for too long.
    #[inline]
    pub(crate) fn tick(&mut self, now: u64, events: u64) -> Option<Alert> {
        if events != self.events || self.since.is_none() {
            (self.events, self.since, self.last) = (events, Some(now), now);
            return None;
        }
        let quiet = now.saturating_sub(self.since.unwrap_or(now));
        (quiet >= u64::from(self.turns).saturating_mul(TURN_NS)).then(|| self.alert(now))
    }

    fn alert(&mut self, now: u64) -> Alert {
        self.since = Some(now);
        let head = RuleHead { rule: RULE.into(), source: INTERNAL.into(), priority: Priority::Debug, tags: Vec::new() };
        Alert {
            time_ns: now,
            head: Arc::new(head),
            hostname: Arc::clone(&self.hostname),
            message: format!("{RULE}. {} consecutive timeouts without event.", self.turns),
            fields: vec![("last_event_time".into(), FormatValue::Text(self.last.to_string()))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_of_once_per_so_many_turns() {
        let mut timeouts = Timeouts::new(10, "h".into());
        let start = 1_000_000_000;
        let turn = |n: u64| start + n * TURN_NS;
        assert!(timeouts.tick(turn(0), 1).is_none());
        assert!(timeouts.tick(turn(9), 1).is_none());
        assert!(timeouts.tick(turn(9), 2).is_none(), "an event begins the count anew");
        assert!(timeouts.tick(turn(18), 2).is_none());
        let alert = timeouts.tick(turn(19), 2).unwrap();
        assert_eq!(alert.message, "Falco internal: timeouts notification. 10 consecutive timeouts without event.");
        assert!(timeouts.tick(turn(20), 2).is_none());
        assert!(timeouts.tick(turn(29), 2).is_some());
    }
}
