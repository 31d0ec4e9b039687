//! What rules that kill did, told at the end.

use crate::plugin::{PluginMetric, PluginMetricValue};

/// Counts of the plugin of system calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deeds(Vec<(String, u64)>);

/// What is counted, and the words for it.
const WORDS: [(&str, &str); 4] = [
    ("killed", "killed"),
    ("would_kill", "would have been killed"),
    ("spared", "spared"),
    ("refused", "refused by the kernel"),
];

impl Deeds {
    /// Of what a plugin counted.
    pub(crate) fn of(metrics: &[PluginMetric]) -> Self {
        let done = |metric: &PluginMetric| match metric.value {
            PluginMetricValue::Unsigned(n @ 1..) => {
                Some((metric.name.strip_prefix("syscall.n_enforce_")?.to_owned(), n))
            }
            _ => None,
        };
        Self(metrics.iter().filter_map(done).collect())
    }

    fn count(&self, what: &str) -> u64 {
        self.0.iter().find(|(name, _)| name == what).map_or(0, |(_, n)| *n)
    }

    /// What was done, unless nothing was.
    pub(crate) fn summary(&self) -> Option<String> {
        let done = WORDS.iter().map(|(name, words)| (self.count(name), words)).filter(|(n, _)| *n > 0);
        let done: Vec<String> = done.map(|(n, words)| format!("{n} {words}")).collect();
        (!done.is_empty()).then(|| format!("processes at which rules that kill matched: {}", done.join(", ")))
    }

    /// What was done of which no alert tells, because the event was lost: by rule, of which `name` gives the name.
    pub(crate) fn untold(&self, name: impl Fn(u16) -> Option<String>) -> Option<String> {
        let rule = |(what, n): &(String, u64)| {
            let rule = what.strip_prefix("untold_rule_")?.parse().ok()?;
            Some(format!("{}: {n}", name(rule).unwrap_or_else(|| format!("rule {rule}"))))
        };
        let rules: Vec<String> = self.0.iter().filter_map(rule).collect();
        (!rules.is_empty()).then(|| {
            format!(
                "the kernel acted for rules that kill and the event that tells of it was lost, so that there is no alert ({}); \
                 larger buffers help (engine.modern_ebpf.buf_size_preset)",
                rules.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_and_what_no_alert_tells_of_by_rule() {
        let metric = |name: &str, n| PluginMetric {
            name: format!("syscall.{name}"),
            monotonic: true,
            value: PluginMetricValue::Unsigned(n),
        };
        let none = Deeds::of(&[metric("n_evts", 7), metric("n_enforce_killed", 0)]);
        assert_eq!((none.summary(), none.untold(|_| None)), (None, None));
        let some = Deeds::of(&[
            metric("n_enforce_killed", 3),
            metric("n_enforce_spared", 1),
            metric("n_enforce_untold", 2),
            metric("n_enforce_untold_rule_1", 2),
        ]);
        assert_eq!(some.summary().as_deref(), Some("processes at which rules that kill matched: 3 killed, 1 spared"));
        let told = some.untold(|rule| (rule == 1).then(|| "Trap".to_owned())).unwrap_or_default();
        assert!(told.contains("so that there is no alert (Trap: 2);"), "{told}");
    }
}
