//! What is printed at the end: how often which rule matched.

use lanner_engine::load::Priority;

use crate::plugin::{PluginMetric, PluginMetricValue};

/// Counts of matches by the number of their rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches(Vec<u64>);

impl Matches {
    /// No match yet of any of so many rules.
    pub(crate) fn new(rules: usize) -> Self {
        Self(vec![0; rules])
    }

    /// Room for so many rules.
    pub(crate) fn grow(&mut self, rules: usize) {
        if self.0.len() < rules {
            self.0.resize(rules, 0);
        }
    }

    /// One more match of the rule with this number.
    pub(crate) fn add(&mut self, rule: usize) {
        if let Some(count) = self.0.get_mut(rule) {
            *count += 1;
        }
    }

    /// Adds the counts of another thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.grow(other.0.len());
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count += more;
        }
    }

    /// The report, in Falco's words. `rules` are name and priority of each rule, by number.
    pub(crate) fn report(&self, rules: &[(&str, Priority)]) -> String {
        let counted = || self.0.iter().copied().zip(rules).filter(|(count, _)| *count > 0);
        let mut out = format!("Events detected: {}\nRule counts by severity:\n", self.0.iter().sum::<u64>());
        for priority in Priority::ALL {
            let count: u64 = counted().filter(|(_, (_, p))| *p == priority).map(|(count, _)| count).sum();
            if count > 0 {
                let name = match priority {
                    Priority::Informational => "INFO".to_owned(),
                    other => other.name().to_ascii_uppercase(),
                };
                out.push_str(&format!("   {name}: {count}\n"));
            }
        }
        out.push_str("Triggered rules by rule name:\n");
        for (count, (name, _)) in counted() {
            out.push_str(&format!("   {name}: {count}\n"));
        }
        out
    }
}

/// Events of the running kernel that never arrived, by cause. None where nothing can be lost, as in a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses(Vec<(String, u64)>);

/// Why events are lost. The plugin counts losses by class and by event as well; these are the ones that add up.
const CAUSES: [&str; 4] = ["buffer_bulk", "buffer_vital", "max_event_size", "late_cpu"];

impl Losses {
    /// What the plugin of system calls counted.
    pub(crate) fn of(metrics: &[PluginMetric]) -> Self {
        let lost = |metric: &PluginMetric| match metric.value {
            PluginMetricValue::Unsigned(n @ 1..) => {
                let cause = metric.name.strip_prefix("syscall.n_drops_")?;
                CAUSES.contains(&cause).then(|| (cause.to_owned(), n))
            }
            _ => None,
        };
        Self(metrics.iter().filter_map(lost).collect())
    }

    /// A sentence with the causes, unless nothing was lost.
    pub(crate) fn warning(&self) -> Option<String> {
        let causes: Vec<String> = self.0.iter().map(|(cause, n)| format!("{cause}: {n}")).collect();
        let total: u64 = self.0.iter().map(|(_, n)| n).sum();
        (total > 0).then(|| {
            format!(
                "{total} events of the kernel were lost ({}); larger buffers (engine.modern_ebpf.buf_size_preset) or fewer \
                 event types in rules help",
                causes.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_by_cause() {
        let metric = |name: &str, n| PluginMetric {
            name: name.to_owned(),
            monotonic: true,
            value: PluginMetricValue::Unsigned(n),
        };
        let none = Losses::of(&[metric("syscall.n_evts", 9), metric("syscall.n_drops_buffer_bulk", 0)]);
        assert_eq!(none.warning(), None);
        let some = Losses::of(&[
            metric("syscall.n_drops", 5),
            metric("syscall.n_drops_buffer_total", 3),
            metric("syscall.n_drops_buffer_bulk", 3),
            metric("syscall.n_drops_buffer_open_exit", 3),
            metric("syscall.n_drops_late_cpu", 2),
            metric("other.n_drops_buffer_bulk", 7),
        ]);
        let warning = some.warning().unwrap_or_default();
        assert!(warning.starts_with("5 events of the kernel were lost (buffer_bulk: 3, late_cpu: 2);"), "{warning}");
    }

    #[test]
    fn the_report_has_falcos_lines() {
        let rules = [
            ("a", Priority::Warning),
            ("b", Priority::Informational),
            ("c", Priority::Warning),
            ("d", Priority::Debug),
        ];
        let mut matches = Matches::new(4);
        let mut other = Matches::new(4);
        [0, 1, 2, 2].into_iter().for_each(|rule| matches.add(rule));
        other.add(1);
        matches.merge(&other);
        matches.add(9);
        assert_eq!(
            matches.report(&rules),
            "Events detected: 5\nRule counts by severity:\n   WARNING: 3\n   INFO: 2\nTriggered rules by rule name:\n   a: \
             1\n   b: 2\n   c: 2\n"
        );
        assert_eq!(
            Matches::new(1).report(&rules),
            "Events detected: 0\nRule counts by severity:\nTriggered rules by rule name:\n"
        );
    }
}
