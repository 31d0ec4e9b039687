//! The rules that are in force, briefly: enough to say what a reload changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use lanner_engine::ast::Digester;
use lanner_engine::load::RuleSpec;

/// Names of the rules that are evaluated, each with a number that stands for all that it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::app) struct Outline(BTreeMap<Arc<str>, u64>);

/// How the rules of two outlines differ, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Evaluated now and not before.
    pub(super) added: Vec<Arc<str>>,
    /// Evaluated before and not now.
    pub(super) removed: Vec<Arc<str>>,
    /// They say something else.
    pub(super) changed: Vec<Arc<str>>,
}

impl Outline {
    /// Of those of these rules that are evaluated.
    pub(in crate::app) fn of<'r>(rules: &'r [RuleSpec]) -> Self {
        let enabled = rules.iter().filter(|rule| rule.enabled);
        let mut conditions = Digester::default();
        let of = |rule: &'r RuleSpec| (Arc::clone(&rule.name), fingerprint(rule, conditions.digest(&rule.expr)));
        Self(enabled.map(of).collect())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What leads to `later`.
    pub(super) fn until(&self, later: &Self) -> Difference {
        let only = |these: &Self, others: &Self| -> Vec<Arc<str>> {
            these.0.keys().filter(|name| !others.0.contains_key(*name)).cloned().collect()
        };
        Difference {
            added: only(later, self),
            removed: only(self, later),
            changed: later
                .0
                .iter()
                .filter(|(name, print)| self.0.get(*name).is_some_and(|before| before != *print))
                .map(|(name, _)| Arc::clone(name))
                .collect(),
        }
    }
}

/// All that a rule says, as a number. Where it stands and how it is laid out is no part of that.
fn fingerprint(rule: &RuleSpec, condition: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&rule.source, &rule.description, rule.priority as u8, &rule.tags).hash(&mut hasher);
    (rule.capture, rule.capture_duration, rule.capture_before, rule.enforce as u8).hash(&mut hasher);
    (condition, rule.output.text()).hash(&mut hasher);
    format!("{:?}", rule.extra_fields).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(rules: &[(&str, u64)]) -> Outline {
        Outline(rules.iter().map(|(name, print)| ((*name).into(), *print)).collect())
    }

    #[test]
    fn what_comes_goes_and_changes_is_told_apart() {
        let (before, after) = (outline(&[("a", 1), ("b", 2), ("c", 3)]), outline(&[("b", 2), ("c", 4), ("d", 5)]));
        let names = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Vec<Arc<str>>>();
        let expected = Difference { added: names(&["d"]), removed: names(&["a"]), changed: names(&["c"]) };
        assert_eq!(before.until(&after), expected);
        assert_eq!(after.until(&after), Difference::default());
    }
}
