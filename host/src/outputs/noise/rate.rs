//! `alerts.rate`: so many alerts of a rule per second, after a burst.

use std::collections::HashMap;

use lanner_engine::format::FormatValue;

use super::{HeldBack, add_field};
use crate::alert::Alert;
use crate::config::RateSettings;

/// All entries of `alerts.rate`, and where each rule stands. There are as many rules as the rule files have.
#[derive(Debug)]
pub(super) struct Rates {
    rates: Vec<RateSettings>,
    buckets: HashMap<Box<str>, Bucket>,
}

/// What a rule may still say.
#[derive(Debug)]
struct Bucket {
    alerts: f64,
    since: u64,
    held_back: u64,
}

impl Rates {
    pub(super) fn new(rates: &[RateSettings]) -> Self {
        Self { rates: rates.to_vec(), buckets: HashMap::new() }
    }

    /// An alert: comes back if its rule may speak, with the number of those that were held back before it.
    pub(super) fn pass(&mut self, mut alert: Alert, now: u64, held: &mut HeldBack) -> Option<Alert> {
        let Some(rate) = self.rates.iter().find(|rate| rate.rules.has(&alert.head.rule)) else { return Some(alert) };
        let most = f64::from(rate.max_burst);
        if !self.buckets.contains_key(&alert.head.rule) {
            self.buckets.insert(alert.head.rule.clone(), Bucket { alerts: most, since: now, held_back: 0 });
        }
        let bucket = self.buckets.get_mut(&alert.head.rule)?;
        // Events of several sources are not in order of time; what is older gives nothing back.
        let seconds = now.saturating_sub(bucket.since) as f64 / 1e9;
        bucket.since = bucket.since.max(now);
        bucket.alerts = most.min(bucket.alerts + seconds * rate.per_second);
        if bucket.alerts < 1.0 {
            bucket.held_back += 1;
            held.count(&alert.head.rule, "rate");
            return None;
        }
        bucket.alerts -= 1.0;
        match std::mem::take(&mut bucket.held_back) {
            0 => {}
            before => {
                alert.message.push_str(&format!(" [{before} held back before]"));
                add_field(&mut alert, "rate.held_back", FormatValue::Uint(before));
            }
        }
        Some(alert)
    }
}
