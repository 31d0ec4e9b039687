//! Which events of an open stream will be looked at.

use lanner_engine::scheme::{CallSet, EventSet};
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::sdk::Wanted;

/// Events that will be looked at: by code and, where one code stands for many calls, by call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Codes, sorted.
    codes: Vec<u16>,
    /// The calls of generic events, sorted; `None`: all.
    calls: Option<Vec<u16>>,
}

impl Wish {
    /// The events that conditions can be true for.
    #[must_use]
    pub fn of_rules(codes: EventSet, calls: CallSet) -> Self {
        let calls = (calls != CallSet::FULL).then(|| calls.iter().collect());
        Self { codes: codes.iter().collect(), calls }.reduced()
    }

    /// All events of these codes.
    #[must_use]
    pub fn of_codes(codes: impl IntoIterator<Item = u16>) -> Self {
        let mut codes: Vec<u16> = codes.into_iter().collect();
        codes.sort_unstable();
        codes.dedup();
        Self { codes, calls: None }.reduced()
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
        let calls = self.calls.as_ref().zip(other.calls.as_ref());
        Self { codes: both(&self.codes, &other.codes), calls: calls.map(|(mine, theirs)| both(mine, theirs)) }
    }

    /// The same, borrowed.
    #[must_use]
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted { codes: &self.codes, calls: self.calls.as_deref() }
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
        Wish::of_rules(codes.iter().copied().collect(), calls.iter().copied().collect())
    }

    #[test]
    fn two_wishes_are_one() {
        let both = of(&[GENERIC, 9], &[30, 10]).and(&of(&[GENERIC, 4], &[20, 10]));
        assert_eq!(both.wanted(), Wanted { codes: &[GENERIC, 4, 9], calls: Some(&[10, 20, 30]) });
        let all = Wish::of_codes([GENERIC]);
        assert_eq!(both.and(&all).wanted().calls, None, "who wants all of them gets all");
        assert_eq!(Wish::of_rules([GENERIC].into_iter().collect(), CallSet::FULL), all);
    }

    #[test]
    fn who_wants_no_generic_event_adds_no_call() {
        for none in
            [Wish::default(), Wish::of_codes([7]), of(&[7], &[10]), Wish::of_rules(EventSet::EMPTY, CallSet::FULL)]
        {
            assert_eq!(of(&[GENERIC], &[10]).and(&none).wanted().calls, Some(&[10][..]), "{none:?}");
        }
    }
}
