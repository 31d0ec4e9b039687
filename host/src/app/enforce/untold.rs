//! Kills of which no event tells: looked for once a second, and alerted in the name of the rule.

use std::sync::Arc;

use lanner_engine::format::FormatValue;

use crate::alert::{Alert, RuleHead};
use crate::event::rules::SourceRules;
use crate::plugin::{PluginMetric, PluginMetricValue};

/// What has been told of it.
#[derive(Debug)]
pub(crate) struct Untold {
    /// The rules that the kernel has, and how often it has been told of each that an event of it was lost.
    rules: Vec<(Arc<RuleHead>, u64)>,
    hostname: Arc<str>,
}

impl Untold {
    /// `None`: the kernel has none of these rules.
    pub(crate) fn new(rules: &[Option<SourceRules>], hostname: Arc<str>) -> Option<Self> {
        let head = |number| rules.iter().flatten().find_map(|rules| rules.enforced(number)).cloned();
        let rules: Vec<_> = (0..).map_while(head).map(|head| (head, 0)).collect();
        (!rules.is_empty()).then_some(Self { rules, hostname })
    }

    /// Goes on with other rules, of which the kernel has the same under the same numbers.
    pub(crate) fn follow(&mut self, rules: &[Option<SourceRules>]) {
        for (number, (head, _)) in (0..).zip(&mut self.rules) {
            if let Some(found) = rules.iter().flatten().find_map(|rules| rules.enforced(number)) {
                *head = Arc::clone(found);
            }
        }
    }

    /// An alert for each rule of which more has been lost than was told.
    pub(crate) fn tell(&mut self, now: u64, metrics: &[PluginMetric], raise: &mut dyn FnMut(Alert)) {
        for (number, (head, told)) in self.rules.iter_mut().enumerate() {
            let name = format!("syscall.n_enforce_untold_rule_{number}");
            let counted = metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
            let Some(PluginMetricValue::Unsigned(counted)) = counted else { continue };
            let new = counted.saturating_sub(std::mem::replace(told, counted));
            if new == 0 {
                continue;
            }
            let message = format!(
                "Rule '{}' acted {new} times in the kernel; the events that tell of it were lost enforce_action=untold",
                head.rule
            );
            let fields = vec![
                ("enforce.action".into(), FormatValue::Text("untold".to_owned())),
                ("enforce.count".into(), FormatValue::Uint(new)),
            ];
            let (head, hostname) = (Arc::clone(head), Arc::clone(&self.hostname));
            raise(Alert { time_ns: now, head, hostname, message, fields });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_alerted_once() {
        let head = Alert::sample().head;
        let mut untold = Untold { rules: vec![(Arc::clone(&head), 0), (head, 0)], hostname: "lab".into() };
        let mut seen = |n| {
            let metric = PluginMetric {
                name: "syscall.n_enforce_untold_rule_1".to_owned(),
                monotonic: true,
                value: PluginMetricValue::Unsigned(n),
            };
            let mut alerts = Vec::new();
            untold.tell(7, &[metric], &mut |alert| alerts.push(alert));
            alerts
                .into_iter()
                .map(|alert| (alert.message, alert.fields.last().map(|(_, n)| n.clone())))
                .collect::<Vec<_>>()
        };
        let words = |n| {
            format!(
                "Rule 'R' acted {n} times in the kernel; the events that tell of it were lost enforce_action=untold"
            )
        };
        assert_eq!(seen(2), [(words(2), Some(FormatValue::Uint(2)))]);
        assert_eq!(seen(2), []);
        assert_eq!(seen(5), [(words(3), Some(FormatValue::Uint(3)))]);
    }
}
