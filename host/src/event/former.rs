//! Rules that a reload has taken out of force while alerts of theirs wait.

use super::rules::{How, SourceRules};

/// Which rules were in force when an event came: a number that each reload raises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reign(u64);

#[derive(Debug)]
struct Former {
    reign: Reign,
    rules: Vec<Option<SourceRules>>,
    how: How,
}

/// The rules of former reigns, as long as something waits that they judge.
#[derive(Debug, Default)]
pub(super) struct Formers {
    now: Reign,
    all: Vec<Former>,
}

impl Formers {
    /// The present reign.
    pub(super) fn now(&self) -> Reign {
        self.now
    }

    /// The next reign begins. If something `waits` of the one that ends, its rules are taken and kept; else they are left.
    pub(super) fn succeed(&mut self, waits: bool, rules: &mut Vec<Option<SourceRules>>, how: &How) {
        if waits {
            self.all.push(Former { reign: self.now, rules: std::mem::take(rules), how: how.clone() });
        }
        self.now.0 += 1;
    }

    /// The rules of a reign, and how its events are evaluated; `None` for the present one.
    pub(super) fn of(&mut self, reign: Reign) -> Option<(&mut [Option<SourceRules>], &How)> {
        let former = self.all.iter_mut().find(|former| former.reign == reign)?;
        Some((&mut former.rules, &former.how))
    }

    /// Lets go of the rules of which nothing waits any more.
    pub(super) fn keep(&mut self, waits: impl Fn(Reign) -> bool) {
        self.all.retain(|former| waits(former.reign));
    }
}
