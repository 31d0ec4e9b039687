//! Where the ways of events lead that are alike.
//!
//! Most comparisons depend on values that have keys, and events whose keys are the same give them the same answers. So all such events
//! go the same way through the [`trail`](super::trail), as far as its comparisons depend on keys alone, which is mostly to the end. The
//! place where that way leads is kept by the keys together: one lookup instead of one for each comparison. Behind a comparison that no
//! key decides the next such way begins, with a lookup of its own. As in [`recall`](super::recall) there is a fixed number of entries,
//! two candidates for each event, and nothing ever grows but with the trail.

use crate::value::MAX_KEYS;

use super::RuleMatching;

/// Entries, in pairs; a power of two.
const ENTRIES: usize = 8192;
/// Words of an entry before the keys: where it is looked up from, and where it leads.
const HEAD: usize = 1;
/// A way of fewer comparisons is gone faster than it is found.
const WORTH: u32 = 3;
/// After so many lookups from one place it is seen whether they were worth it: one in four must have found something.
const TRIAL: u32 = 4096;
/// How many events are led from there without a lookup if not.
const REST: u32 = 16 * TRIAL;

/// Where lookups are made from: the beginning of events of one code, or a place of the trail behind a comparison that no key decides.
/// [`Begin::NONE`]: none is made there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Begin(u32);

impl Begin {
    pub(super) const NONE: Self = Begin(0);
}

/// The ways by the keys of their events.
#[derive(Debug)]
pub(super) struct Shortcuts {
    /// Words of an entry: head, and room for all keys that comparisons depend on.
    stride: usize,
    /// Entries, made when the first is kept.
    words: Box<[u64]>,
    origins: Vec<Origin>,
    /// By code, for both ways of matching.
    codes: Vec<[Begin; 2]>,
    /// The last number given out.
    last: u32,
}

/// What is known of one such place.
#[derive(Debug, Clone, Copy, Default)]
struct Origin {
    /// What its entries are marked with: another number whenever they depend on another set of keys, so that older ones are not found.
    number: u32,
    /// A bit for each key that any kept way from there depended on.
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

/// The keys that a lookup depends on, one behind the other, and their hash.
struct Packed {
    keys: [u64; MAX_KEYS],
    len: usize,
    hash: usize,
}

impl Packed {
    #[inline]
    fn new(number: u32, relevant: u32, all: &[u64; MAX_KEYS]) -> Self {
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut packed = Packed { keys: [0; MAX_KEYS], len: 0, hash: 0 };
        let (mut hash, mut rest) = (u64::from(number), relevant);
        for place in &mut packed.keys {
            if rest == 0 {
                break;
            }
            *place = all[rest.trailing_zeros() as usize % MAX_KEYS];
            hash = (hash.rotate_left(5) ^ *place).wrapping_mul(SPREAD);
            rest &= rest - 1;
            packed.len += 1;
        }
        packed.hash = (hash >> 40) as usize;
        packed
    }

    /// First word of the entries that may be about it.
    #[inline]
    fn pair(&self, stride: usize) -> usize {
        self.hash % (ENTRIES / 2) * 2 * stride
    }
}

/// The first word of an entry; never 0, which stands in empty ones.
fn head(number: u32, at: u32) -> u64 {
    u64::from(number) << 32 | u64::from(at)
}

impl Shortcuts {
    /// `wanted`: a bit for each key that a comparison depends on.
    pub(super) fn new(wanted: u32) -> Self {
        let stride = HEAD + wanted.count_ones() as usize;
        Shortcuts { stride, words: Box::default(), origins: vec![Origin::default()], codes: Vec::new(), last: 0 }
    }

    /// Where the events of a code begin.
    #[inline]
    pub(super) fn of_code(&self, code: u16, matching: RuleMatching) -> Begin {
        self.codes.get(usize::from(code)).map_or(Begin::NONE, |both| both[usize::from(matching == RuleMatching::All)])
    }

    /// Has a place to begin events of a code at.
    pub(super) fn begin_code(&mut self, code: u16, matching: RuleMatching, from: Begin) {
        if self.codes.len() <= usize::from(code) {
            self.codes.resize(usize::from(code) + 1, [Begin::NONE; 2]);
        }
        self.codes[usize::from(code)][usize::from(matching == RuleMatching::All)] = from;
    }

    /// The keys to look up an event with; 0: it is not to be looked up.
    #[inline]
    pub(super) fn relevant(&mut self, from: Begin) -> u32 {
        let Some(origin) = self.origins.get_mut(from.0 as usize) else { return 0 };
        if origin.rest > 0 {
            origin.rest -= 1;
            return 0;
        }
        origin.relevant
    }

    /// Where an event with these keys is led from there.
    #[inline]
    pub(super) fn find(&mut self, from: Begin, keys: &[u64; MAX_KEYS]) -> Option<u32> {
        let origin = self.origins.get_mut(from.0 as usize)?;
        origin.tried += 1;
        if origin.tried == TRIAL {
            if origin.found < TRIAL / 4 {
                origin.rest = REST;
            }
            (origin.tried, origin.found) = (0, 0);
        }
        let packed = Packed::new(origin.number, origin.relevant, keys);
        let pair = &self.words[packed.pair(self.stride)..][..2 * self.stride];
        let is = |entry: &[u64]| {
            entry[0] >> 32 == u64::from(origin.number) && entry[HEAD..HEAD + packed.len] == packed.keys[..packed.len]
        };
        let entry = [&pair[..self.stride], &pair[self.stride..]].into_iter().find(|entry| is(entry))?;
        origin.found += 1;
        Some(entry[0] as u32)
    }

    /// Keeps where the way of an event has led from there, if that is far enough. Where later ones are to be looked up from.
    pub(super) fn keep(&mut self, from: Begin, keys: &[u64; MAX_KEYS], walk: Walk, at: u32) -> Begin {
        if walk.steps < WORTH || self.last == u32::MAX {
            return from;
        }
        if self.words.is_empty() {
            self.words = vec![0; ENTRIES * self.stride].into();
        }
        let from = if from == Begin::NONE {
            self.origins.push(Origin::default());
            Begin(self.origins.len() as u32 - 1)
        } else {
            from
        };
        let origin = &mut self.origins[from.0 as usize];
        if origin.rest > 0 {
            return from;
        }
        if origin.relevant | walk.used != origin.relevant {
            self.last += 1;
            (origin.number, origin.relevant) = (self.last, origin.relevant | walk.used);
        }
        let packed = Packed::new(origin.number, origin.relevant, keys);
        let pair = &mut self.words[packed.pair(self.stride)..][..2 * self.stride];
        // The newer of a pair comes first: the older one makes room.
        let (first, second) = pair.split_at_mut(self.stride);
        second.copy_from_slice(first);
        first[0] = head(origin.number, at);
        first[HEAD..HEAD + packed.len].copy_from_slice(&packed.keys[..packed.len]);
        from
    }

    /// Forgets all ways.
    pub(super) fn forget(&mut self) {
        self.words.fill(0);
        self.origins.truncate(1);
        self.codes.clear();
    }
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

    /// Keeps a way, and gives the place to look it up from.
    fn kept(shortcuts: &mut Shortcuts, from: Begin, all: &[u64; MAX_KEYS], over: &[u8], at: u32) -> Begin {
        shortcuts.keep(from, all, walk(over), at)
    }

    #[test]
    fn events_are_led_by_the_keys_that_their_ways_depend_on() {
        let mut shortcuts = Shortcuts::new(1 << 2 | 1 << 5 | 1 << 9);
        let from = kept(&mut shortcuts, Begin::NONE, &keys(&[(2, 7), (5, 8), (9, 1)]), &[2, 5, 2], 44);
        assert_ne!(from, Begin::NONE);
        assert_eq!(shortcuts.relevant(from), 1 << 2 | 1 << 5);
        assert_eq!(shortcuts.find(from, &keys(&[(2, 7), (5, 8), (9, 2)])), Some(44), "key 9 decides nothing");
        assert_eq!(shortcuts.find(from, &keys(&[(2, 7), (5, 9)])), None);
        let other = kept(&mut shortcuts, Begin::NONE, &keys(&[(2, 7), (5, 1)]), &[2, 5, 2], 46);
        assert_ne!(other, from);
        assert_eq!(shortcuts.find(other, &keys(&[(2, 7), (5, 8)])), None, "each place has its own");
        assert_eq!(shortcuts.find(other, &keys(&[(2, 7), (5, 1)])), Some(46));
        // Now key 9 decides, for another way.
        assert_eq!(kept(&mut shortcuts, from, &keys(&[(2, 7), (5, 9), (9, 2)]), &[2, 5, 9], 45), from);
        assert_eq!(shortcuts.find(from, &keys(&[(2, 7), (5, 9), (9, 2)])), Some(45));
        assert_eq!(shortcuts.find(from, &keys(&[(2, 7), (5, 9), (9, 3)])), None);
        assert_eq!(shortcuts.find(from, &keys(&[(2, 7), (5, 8)])), None, "that it does not is to be seen anew");
        shortcuts.forget();
        assert_eq!((shortcuts.relevant(from), shortcuts.find(from, &keys(&[(2, 7), (5, 9), (9, 2)]))), (0, None));
    }

    #[test]
    fn codes_begin_where_their_ways_do() {
        let mut shortcuts = Shortcuts::new(1 << 2);
        let (all, first) = (RuleMatching::All, RuleMatching::First);
        assert_eq!(shortcuts.of_code(CODE, all), Begin::NONE);
        let from = kept(&mut shortcuts, Begin::NONE, &keys(&[(2, 7)]), &[2; 3], 44);
        shortcuts.begin_code(CODE, all, from);
        assert_eq!(shortcuts.of_code(CODE, all), from);
        assert_eq!((shortcuts.of_code(CODE, first), shortcuts.of_code(CODE + 1, all)), (Begin::NONE, Begin::NONE));
        shortcuts.forget();
        assert_eq!(shortcuts.of_code(CODE, all), Begin::NONE);
    }

    #[test]
    fn ways_that_are_short_or_never_come_again_are_not_looked_for() {
        let mut shortcuts = Shortcuts::new(1 << 2);
        let short = kept(&mut shortcuts, Begin::NONE, &keys(&[(2, 7)]), &[2], 44);
        assert_eq!(short, Begin::NONE, "one comparison is made as fast");
        assert_eq!(shortcuts.relevant(short), 0);
        let mut from = Begin::NONE;
        for event in 0..u64::from(TRIAL) {
            from = kept(&mut shortcuts, from, &keys(&[(2, 1 + event)]), &[2; 3], 44);
            shortcuts.find(from, &keys(&[(2, u64::MAX)]));
        }
        assert_eq!(shortcuts.relevant(from), 0);
        let again = (0..=REST).position(|_| shortcuts.relevant(from) != 0);
        assert_eq!(again, Some(REST as usize - 1), "tried again later");
    }

    /// Two events whose entries have one place must not take it from each other all the time.
    #[test]
    fn a_thousand_ways_fit() {
        let mut shortcuts = Shortcuts::new(1 << 2 | 1 << 3);
        let of = |n: u64| keys(&[(2, n), (3, n * 64)]);
        let from = (0..1000).fold(Begin::NONE, |from, n| kept(&mut shortcuts, from, &of(n), &[2, 3, 3], n as u32 + 1));
        let found = (0..1000).filter(|n| shortcuts.find(from, &of(*n)) == Some(*n as u32 + 1)).count();
        assert!(found > 950, "{found}");
    }
}
