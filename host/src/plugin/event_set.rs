//! Sets of event types and of sources, asked once per event.

use lanner_plugin_api::raw::PLUGINEVENT_E;

/// A set of event types as bits: one cache line, in place, because it is asked for each event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventTypeSet {
    words: [u64; Self::WORDS],
}

impl EventTypeSet {
    /// Event types have numbers below this; the schema has 454.
    pub const LIMIT: usize = 512;
    const WORDS: usize = Self::LIMIT / 64;

    /// No type.
    #[must_use]
    pub fn empty() -> Self {
        Self { words: [0; Self::WORDS] }
    }

    /// Every type.
    #[must_use]
    pub fn all() -> Self {
        Self { words: [u64::MAX; Self::WORDS] }
    }

    /// Only [`PLUGINEVENT_E`].
    #[must_use]
    pub fn plugin_event() -> Self {
        [PLUGINEVENT_E].into_iter().collect()
    }

    /// Adds a type; numbers that no event can have are ignored.
    pub fn insert(&mut self, ty: u16) {
        if let Some(word) = self.words.get_mut(usize::from(ty) / 64) {
            *word |= 1 << (ty % 64);
        }
    }

    /// Whether the type is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, ty: u16) -> bool {
        self.words.get(usize::from(ty) / 64).is_some_and(|word| word >> (ty % 64) & 1 != 0)
    }

    /// Whether the set has no type.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// Whether the set is exactly [`PLUGINEVENT_E`]: such a plugin sees no event of the syscall schema.
    #[must_use]
    pub fn is_plugin_event_only(&self) -> bool {
        *self == Self::plugin_event()
    }
}

impl FromIterator<u16> for EventTypeSet {
    fn from_iter<I: IntoIterator<Item = u16>>(types: I) -> Self {
        let mut set = Self::empty();
        types.into_iter().for_each(|ty| set.insert(ty));
        set
    }
}

/// A set of sources by index, as bits; grows with the number of sources, which is known before events flow.
#[derive(Clone, Default, Debug)]
pub(super) struct SourceSet {
    /// Sources below 64: all that there ever are, in practice.
    first: u64,
    rest: Vec<u64>,
}

impl SourceSet {
    pub(super) fn insert(&mut self, source: u32) {
        let Some(far) = (source as usize / 64).checked_sub(1) else {
            self.first |= 1 << source;
            return;
        };
        if self.rest.len() <= far {
            self.rest.resize(far + 1, 0);
        }
        self.rest[far] |= 1 << (source % 64);
    }

    #[inline]
    pub(super) fn contains(&self, source: u32) -> bool {
        let word = match (source as usize / 64).checked_sub(1) {
            None => self.first,
            Some(far) => self.rest.get(far).copied().unwrap_or(0),
        };
        word >> (source % 64) & 1 != 0
    }
}

/// Whether a plugin whose list of sources is `sources` has to do with `source`: an empty list means any.
pub(super) fn compatible(sources: &[String], source: &str) -> bool {
    sources.is_empty() || sources.iter().any(|s| s == source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_beyond_the_limit_are_never_in_a_set() {
        let set: EventTypeSet = [0, 63, 64, 511, 512, u16::MAX].into_iter().collect();
        assert!([0, 63, 64, 511].iter().all(|t| set.contains(*t)));
        assert!([1, 62, 65, 510, 512, u16::MAX].iter().all(|t| !set.contains(*t)));
        assert!(!EventTypeSet::all().contains(512));
    }

    #[test]
    fn only_the_plugin_event_is_recognised() {
        assert!(EventTypeSet::plugin_event().is_plugin_event_only());
        assert!(!EventTypeSet::empty().is_plugin_event_only());
        assert!(![PLUGINEVENT_E, 1].into_iter().collect::<EventTypeSet>().is_plugin_event_only());
    }

    #[test]
    fn sources_are_bits() {
        let mut set = SourceSet::default();
        set.insert(0);
        set.insert(70);
        assert!(set.contains(0) && set.contains(70));
        assert!(!set.contains(1) && !set.contains(69) && !set.contains(1000));
    }
}
