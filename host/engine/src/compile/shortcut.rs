//! Where the ways of events lead that are alike.
//!
//! Most comparisons depend on values that have keys, and events whose keys are the same give them the same answers. So all such events
//! go the same way through the [`trail`](super::trail), as far as its comparisons depend on keys alone, which is mostly to the end. The
//! place where that way leads is kept by the keys together: one lookup instead of one for each comparison. As in
//! [`recall`](super::recall) there is a fixed number of places, one candidate for each event, and nothing ever grows.

use crate::value::MAX_KEYS;

use super::RuleMatching;

/// Places of ways; a power of two.
const ENTRIES: usize = 4096;
/// Words of an entry before the keys: what the event is, and where it is led.
const HEAD: usize = 1;
/// A way of fewer comparisons is gone faster than it is found.
const WORTH: u32 = 3;
/// After so many lookups for events of a code it is seen whether they were worth it: one in four must have found something.
const TRIAL: u32 = 1024;
/// How many events of a code whose lookups are in vain are led without one.
const REST: u32 = 64 * TRIAL;

/// The ways by the keys of their events.
#[derive(Debug)]
pub(super) struct Shortcuts {
    /// The keys that comparisons depend on.
    keys: Box<[u8]>,
    /// Entries, made when the first is kept.
    words: Box<[u64]>,
    codes: Vec<Code>,
}

/// What is known of the events of one code.
#[derive(Debug, Clone, Copy, Default)]
struct Code {
    /// A bit for each key that any kept way of theirs depended on. An event with other keys than these is led all the same: where
    /// they differ in one that was added later, the entry of before has 0 in its place.
    relevant: u32,
    tried: u32,
    found: u32,
    /// Events that are still to be led without a lookup.
    rest: u32,
}

/// What a way has depended on so far, while an event goes it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Walk {
    /// A bit for each key.
    pub(super) used: u32,
    /// Comparisons and views that depended on them.
    pub(super) steps: u32,
}

impl Walk {
    /// One more, which depends on this key.
    #[inline]
    pub(super) fn step(&mut self, key: u8) {
        self.used |= 1 << key;
        self.steps += 1;
    }
}

/// What an entry is about; never 0, which stands in empty ones.
fn head(code: u16, matching: RuleMatching, at: u32) -> u64 {
    1 << 63 | u64::from(matching == RuleMatching::All) << 48 | u64::from(code) << 32 | u64::from(at)
}

impl Shortcuts {
    /// `wanted`: a bit for each key that a comparison depends on.
    pub(super) fn new(wanted: u32) -> Self {
        let keys = (0..MAX_KEYS as u8).filter(|key| wanted >> key & 1 == 1).collect();
        Shortcuts { keys, words: Box::default(), codes: Vec::new() }
    }

    /// The keys to look up an event of this code with; 0: it is not to be looked up.
    #[inline]
    pub(super) fn relevant(&mut self, code: u16) -> u32 {
        match self.codes.get_mut(usize::from(code)) {
            Some(known) if known.rest == 0 => known.relevant,
            Some(known) => {
                known.rest -= 1;
                0
            }
            None => 0,
        }
    }

    /// Where an event with these keys is led.
    #[inline]
    pub(super) fn find(&mut self, code: u16, matching: RuleMatching, keys: &[u64; MAX_KEYS]) -> Option<u32> {
        let known = self.codes.get_mut(usize::from(code))?;
        known.tried += 1;
        if known.tried == TRIAL {
            if known.found < TRIAL / 4 {
                known.rest = REST;
            }
            (known.tried, known.found) = (0, 0);
        }
        let relevant = known.relevant;
        let first = self.place(code, relevant, keys);
        let entry = &self.words[first..first + HEAD + self.keys.len()];
        let alike = entry[0] >> 32 == head(code, matching, 0) >> 32
            && self.keys.iter().zip(&entry[HEAD..]).all(|(key, kept)| masked(*key, relevant, keys) == *kept);
        if !alike {
            return None;
        }
        self.codes[usize::from(code)].found += 1;
        Some(entry[0] as u32)
    }

    /// Keeps where the way of an event has led, if that is far enough.
    pub(super) fn keep(&mut self, code: u16, matching: RuleMatching, keys: &[u64; MAX_KEYS], walk: Walk, at: u32) {
        if walk.steps < WORTH {
            return;
        }
        if self.words.is_empty() {
            self.words = vec![0; ENTRIES * (HEAD + self.keys.len())].into();
        }
        if self.codes.len() <= usize::from(code) {
            self.codes.resize(usize::from(code) + 1, Code::default());
        }
        let known = &mut self.codes[usize::from(code)];
        if known.rest > 0 {
            return;
        }
        known.relevant |= walk.used;
        let relevant = known.relevant;
        let first = self.place(code, relevant, keys);
        self.words[first] = head(code, matching, at);
        for (key, kept) in self.keys.iter().zip(&mut self.words[first + HEAD..]) {
            *kept = masked(*key, relevant, keys);
        }
    }

    /// Forgets all ways.
    pub(super) fn forget(&mut self) {
        self.words.fill(0);
    }

    #[inline]
    fn place(&self, code: u16, relevant: u32, keys: &[u64; MAX_KEYS]) -> usize {
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mix = |hash: u64, key: &u8| (hash.rotate_left(5) ^ masked(*key, relevant, keys)).wrapping_mul(SPREAD);
        let hash = self.keys.iter().fold(u64::from(code), mix);
        (hash >> 40) as usize % ENTRIES * (HEAD + self.keys.len())
    }
}

#[inline]
fn masked(key: u8, relevant: u32, keys: &[u64; MAX_KEYS]) -> u64 {
    if relevant >> key & 1 == 1 { keys[usize::from(key)] } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: u16 = 307;

    fn keys(pairs: &[(usize, u64)]) -> [u64; MAX_KEYS] {
        let mut keys = [0; MAX_KEYS];
        pairs.iter().for_each(|(key, value)| keys[*key] = *value);
        keys
    }

    fn walk(over: &[u8]) -> Walk {
        let mut walk = Walk::default();
        over.iter().for_each(|key| walk.step(*key));
        walk
    }

    #[test]
    fn events_are_led_by_the_keys_that_their_ways_depend_on() {
        let mut shortcuts = Shortcuts::new(1 << 2 | 1 << 5 | 1 << 9);
        let (all, first) = (RuleMatching::All, RuleMatching::First);
        assert_eq!(shortcuts.relevant(CODE), 0);
        shortcuts.keep(CODE, all, &keys(&[(2, 7), (5, 8), (9, 1)]), walk(&[2, 5, 2]), 44);
        assert_eq!(shortcuts.relevant(CODE), 1 << 2 | 1 << 5);
        assert_eq!(shortcuts.find(CODE, all, &keys(&[(2, 7), (5, 8), (9, 2)])), Some(44), "key 9 decides nothing");
        assert_eq!(shortcuts.find(CODE, all, &keys(&[(2, 7), (5, 9)])), None);
        assert_eq!(shortcuts.find(CODE, first, &keys(&[(2, 7), (5, 8)])), None);
        assert_eq!(shortcuts.find(CODE + 1, all, &keys(&[(2, 7), (5, 8)])), None);
        // Now it does, for another way.
        shortcuts.keep(CODE, all, &keys(&[(2, 7), (5, 9), (9, 2)]), walk(&[2, 5, 9]), 45);
        assert_eq!(shortcuts.find(CODE, all, &keys(&[(2, 7), (5, 9), (9, 2)])), Some(45));
        assert_eq!(shortcuts.find(CODE, all, &keys(&[(2, 7), (5, 9), (9, 3)])), None);
        shortcuts.forget();
        assert_eq!(shortcuts.find(CODE, all, &keys(&[(2, 7), (5, 9), (9, 2)])), None);
    }

    #[test]
    fn ways_that_are_short_or_never_come_again_are_not_looked_for() {
        let mut shortcuts = Shortcuts::new(1 << 2);
        shortcuts.keep(CODE, RuleMatching::All, &keys(&[(2, 7)]), walk(&[2]), 44);
        assert_eq!(shortcuts.relevant(CODE), 0, "one comparison is made as fast");
        for event in 0..u64::from(TRIAL) {
            let keys = keys(&[(2, 1 + event)]);
            shortcuts.keep(CODE, RuleMatching::All, &keys, walk(&[2; 3]), 44);
            shortcuts.find(CODE, RuleMatching::All, &self::keys(&[(2, u64::MAX)]));
        }
        assert_eq!(shortcuts.relevant(CODE), 0);
        let again = (0..=REST).position(|_| shortcuts.relevant(CODE) != 0);
        assert_eq!(again, Some(REST as usize - 1), "tried again later");
    }
}
