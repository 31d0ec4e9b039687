//! Which events of an open stream will be looked at.

use lanner_engine::compile::RuleSet;
use lanner_engine::scheme::CallSet;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::sdk::Wanted;

/// Events that will be looked at: by code, where one code stands for many calls by call, and those of calls that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Codes, sorted.
    codes: Vec<u16>,
    /// The calls of generic events, sorted; `None`: all.
    calls: Option<Vec<u16>>,
    /// Of calls that failed, the codes, sorted; `None`: whatever comes is looked at.
    failures: Option<Vec<u16>>,
}

impl Wish {
    /// The events that conditions can be true for.
    #[must_use]
    pub fn of_rules(set: &RuleSet) -> Self {
        let calls = (set.calls() != CallSet::FULL).then(|| set.calls().iter().collect());
        let failures = Some(set.failures().iter().collect());
        Self { codes: set.events().iter().collect(), calls, failures }.reduced()
    }

    /// All events of these codes, of calls that failed too.
    #[must_use]
    pub fn of_codes(codes: impl IntoIterator<Item = u16>) -> Self {
        let mut codes: Vec<u16> = codes.into_iter().collect();
        codes.sort_unstable();
        codes.dedup();
        Self { failures: Some(codes.clone()), codes, calls: None }.reduced()
    }

    /// The same, and whatever else comes: nothing of what is observed may be left out.
    #[must_use]
    pub fn and_the_rest(self) -> Self {
        Self { failures: None, ..self }
    }

    /// Without generic events there are no calls of them.
    fn reduced(mut self) -> Self {
        let generic = |code: &u16| matches!(EventType(*code), EventType::GENERIC_E | EventType::GENERIC_X);
        if !self.codes.iter().any(generic) {
            self.calls = Some(Vec::new());
        }
        self
    }

    /// The events of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let both = |mine: &[u16], theirs: &[u16]| {
            let mut both = [mine, theirs].concat();
            both.sort_unstable();
            both.dedup();
            both
        };
        let either = |mine: &Option<Vec<u16>>, theirs: &Option<Vec<u16>>| Some(both(mine.as_ref()?, theirs.as_ref()?));
        Self {
            codes: both(&self.codes, &other.codes),
            calls: either(&self.calls, &other.calls),
            failures: either(&self.failures, &other.failures),
        }
    }

    /// The same, borrowed.
    #[must_use]
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted { codes: &self.codes, calls: self.calls.as_deref(), failures: self.failures.as_deref() }
    }
}

impl Default for Wish {
    fn default() -> Self {
        Self::of_codes([])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERIC: u16 = EventType::GENERIC_X.0;

    fn of(codes: &[u16], calls: &[u16]) -> Wish {
        Wish { codes: codes.to_vec(), calls: Some(calls.to_vec()), failures: Some(Vec::new()) }.reduced()
    }

    #[test]
    fn two_wishes_are_one() {
        let both = of(&[4, GENERIC], &[10, 30]).and(&of(&[9, GENERIC], &[10, 20]));
        let mut codes = [4, 9, GENERIC];
        codes.sort_unstable();
        assert_eq!(both.wanted(), Wanted { codes: &codes, calls: Some(&[10, 20, 30]), failures: Some(&[]) });
        let all = Wish::of_codes([GENERIC]);
        assert_eq!(both.and(&all).wanted().calls, None, "who wants all of them gets all");
    }

    #[test]
    fn who_wants_no_generic_event_adds_no_call() {
        for none in [Wish::default(), Wish::of_codes([7]), of(&[7], &[10])] {
            assert_eq!(of(&[GENERIC], &[10]).and(&none).wanted().calls, Some(&[10][..]), "{none:?}");
        }
    }

    #[test]
    fn failures_are_wanted_where_anybody_wants_them() {
        let of = |codes: &[u16], failures: Option<&[u16]>| Wish {
            codes: codes.to_vec(),
            calls: Some(Vec::new()),
            failures: failures.map(<[u16]>::to_vec),
        };
        let rules = of(&[7, 9], Some(&[9]));
        assert_eq!(rules.and(&Wish::default()).wanted().failures, Some(&[9][..]));
        assert_eq!(rules.and(&Wish::of_codes([5, 7])).wanted().failures, Some(&[5, 7, 9][..]));
        assert_eq!(rules.and(&of(&[], None)).wanted().failures, None);
        assert_eq!(rules.and_the_rest().wanted().failures, None);
    }
}
