//! Rules by numbers that outlive a reload: a rule of the same name keeps its number, so that what is counted by number goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lanner_engine::load::{Priority, RuleSpec};

/// The number, name and priority of every rule that was ever in force.
#[derive(Debug, Default)]
pub(crate) struct RuleNames(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Arc<str>, usize>,
    rules: Vec<(Arc<str>, Priority)>,
}

impl RuleNames {
    /// The numbers of these rules, in their order. What is new gets the next ones; the priority is that of now.
    pub(crate) fn numbers(&self, rules: &[RuleSpec]) -> Vec<usize> {
        self.take(rules.iter().map(|rule| (&*rule.name, rule.priority)))
    }

    fn take<'r>(&self, rules: impl Iterator<Item = (&'r str, Priority)>) -> Vec<usize> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { numbers, rules: list } = &mut *known;
        let number = |(name, priority): (&str, Priority)| {
            if let Some(&number) = numbers.get(name) {
                if let Some(rule) = list.get_mut(number) {
                    rule.1 = priority;
                }
                return number;
            }
            let name: Arc<str> = name.into();
            numbers.insert(Arc::clone(&name), list.len());
            list.push((name, priority));
            list.len() - 1
        };
        rules.map(number).collect()
    }

    /// How many numbers there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.len()
    }

    /// Name and priority by number.
    pub(crate) fn all(&self) -> Vec<(Arc<str>, Priority)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let names = RuleNames::default();
        let take = |rules: &[(&str, Priority)]| names.take(rules.iter().copied());
        assert_eq!(take(&[("a", Priority::Debug), ("b", Priority::Debug)]), [0, 1]);
        assert_eq!(take(&[("c", Priority::Debug), ("b", Priority::Alert)]), [2, 1]);
        assert_eq!(names.len(), 3);
        assert_eq!(names.all().get(1), Some(&("b".into(), Priority::Alert)));
    }
}
