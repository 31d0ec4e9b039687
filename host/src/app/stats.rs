//! What is printed at the end: how often which rule matched.

use lanner_engine::load::Priority;

/// Counts of matches by rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches(Vec<u64>);

impl Matches {
    /// No match yet of any of so many rules.
    pub(crate) fn new(rules: usize) -> Self {
        Self(vec![0; rules])
    }

    /// One more match of the rule at this position.
    pub(crate) fn add(&mut self, rule: usize) {
        if let Some(count) = self.0.get_mut(rule) {
            *count += 1;
        }
    }

    /// Adds the counts of another thread.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            *count += more;
        }
    }

    /// The report, in Falco's words. `rules` are name and priority of each rule, by position.
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

/// What stderr gets beside it. The counters stay zero where no driver can drop events.
pub(crate) const DROP_REPORT: &str = "Syscall event drop monitoring:\n   - event drop detected: 0 occurrences\n   - num times \
                               actions taken: 0\n";

#[cfg(test)]
mod tests {
    use super::*;

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
