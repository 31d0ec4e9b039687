//! When an output that did not take an alert is tried again.

use std::time::{Duration, Instant};

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause that we choose ourselves.
const LONGEST: Duration = Duration::from_secs(5);

/// The longest pause that the other end may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// Attempts that failed in a row, and when the next one is due.
#[derive(Debug)]
pub(super) struct BackOff {
    failures: u32,
    limit: u32,
    due: Option<Instant>,
}

impl BackOff {
    /// After more than `limit` failures in a row the output is down.
    pub(super) fn new(limit: u32) -> Self {
        Self { failures: 0, limit, due: None }
    }

    /// An attempt failed at `now`; the other end may have asked for a pause.
    pub(super) fn failed(&mut self, now: Instant, asked: Duration) {
        let pause = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.due = now.checked_add(pause.max(asked.min(LONGEST_ASKED)));
    }

    /// An attempt succeeded; returns how many had failed before.
    pub(super) fn succeeded(&mut self) -> u32 {
        self.due = None;
        std::mem::take(&mut self.failures)
    }

    /// Attempts that failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether the failure that was counted last is the one that makes it down.
    pub(super) fn just_down(&self) -> bool {
        self.failures == self.limit.saturating_add(1)
    }

    /// Whether it is down.
    pub(super) fn is_down(&self) -> bool {
        self.failures > self.limit
    }

    /// How long to wait for the next attempt; `None`: it is due.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_limit_and_the_other_end_may_ask_for_more() {
        let now = Instant::now();
        let mut back_off = BackOff::new(2);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            back_off.failed(now, Duration::ZERO);
            pauses.push(back_off.wait(now).unwrap().as_millis());
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        back_off.failed(now, Duration::from_secs(20));
        assert_eq!(back_off.wait(now), Some(Duration::from_secs(20)));
        back_off.failed(now, Duration::from_secs(86_400));
        assert_eq!(back_off.wait(now), Some(LONGEST_ASKED));
        assert_eq!(back_off.wait(now + LONGEST_ASKED), None);
        assert_eq!(back_off.succeeded(), 10);
        assert_eq!((back_off.wait(now), back_off.failures()), (None, 0));
    }

    #[test]
    fn down_is_more_failures_than_the_limit() {
        let mut back_off = BackOff::new(1);
        let mut seen = Vec::new();
        for _ in 0..3 {
            back_off.failed(Instant::now(), Duration::ZERO);
            seen.push((back_off.is_down(), back_off.just_down()));
        }
        assert_eq!(seen, [(false, false), (true, true), (true, false)]);
    }
}
