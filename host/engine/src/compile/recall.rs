//! Answers that are remembered from event to event.
//!
//! A host may say of some values what decides them: a key of the event, such as the number of the name of the open file.
//! Two events of one code with the same key have the same values, so the answers to all comparisons of those values can be
//! looked up. Each key has a table of a fixed number of entries, one candidate place for each key: a miss costs the
//! comparisons, never a search, and nothing ever grows.

use super::dict::Class;
use super::machine::{Program, ViewId};
use super::test::Test;
use crate::source::{Def, SourceId, Sources};
use crate::value::{Extract, MAX_KEYS, SlotId};

/// Bytes of one table at most, as long as it has some entries.
const MAX_BYTES: usize = 512 << 10;
const MAX_ENTRIES: usize = 4096;
const MIN_ENTRIES: usize = 64;
/// Answers that one entry has room for. Sets of thousands of rules have more comparisons than that, of which events reach a few:
/// there places are given to those that are made first.
const MAX_ANSWERS: usize = 512;
/// Words of an entry before the answers: key and event code.
const HEAD: usize = 2;
/// Answers in one word: a bit says that it is known, the next what it is.
const PER_WORD: usize = 32;

/// Where the answer of an atom, or the class of a view, stands in the entries of a key's table.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: u8,
    shift: u8,
    /// 0, where the head is: not decided yet.
    word: u32,
}

impl Place {
    const NONE: Self = Place { key: u8::MAX, shift: 0, word: u32::MAX };

    /// The place of the n-th answer.
    fn nth(key: u8, n: usize) -> Self {
        Place { key, shift: (n % PER_WORD * 2) as u8, word: (HEAD + n / PER_WORD) as u32 }
    }
}

/// A place in the table of a key, for the event in hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    key: u8,
    shift: u8,
    at: usize,
}

impl Spot {
    /// Which key's table it is.
    pub(super) fn key(self) -> u8 {
        self.key
    }
}

#[derive(Debug)]
struct Table {
    words: Box<[u64]>,
    /// Words of an entry.
    stride: usize,
    /// Number of entries less one: a power of two less one.
    mask: usize,
    /// Answers that have a place.
    placed: usize,
    /// The event for which `entry` was looked up.
    epoch: u32,
    /// First word of the event's entry; `None`: the event's key is not known.
    entry: Option<usize>,
}

/// The tables of all keys that the comparisons of a set depend on.
#[derive(Debug)]
pub(super) struct Recall {
    atoms: Box<[Place]>,
    views: Box<[Place]>,
    tables: Box<[Table]>,
    /// A bit for each key that has a table with places.
    wanted: u32,
    keys: [u64; MAX_KEYS],
    /// A bit for each of `keys` that has been asked for.
    asked: u32,
    /// The event that `keys` is about.
    epoch: u32,
}

/// What decides the values of a source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decided {
    /// They are always the same.
    Constant,
    By(u8),
    /// More than one key, or none.
    Otherwise,
}

impl Decided {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Constant, other) | (other, Self::Constant) => other,
            (a, b) if a == b => a,
            _ => Self::Otherwise,
        }
    }
}

fn decided(sources: &Sources, id: SourceId, key_of: &impl Fn(SlotId) -> Option<u8>) -> Decided {
    let all = |ids: &[SourceId]| ids.iter().fold(Decided::Constant, |d, id| d.and(decided(sources, *id, key_of)));
    match &sources.info(id).def {
        Def::Slot(slot) => {
            key_of(*slot).filter(|key| usize::from(*key) < MAX_KEYS).map_or(Decided::Otherwise, Decided::By)
        }
        Def::Text(_) => Decided::Constant,
        Def::List(items) => all(items),
        Def::Call { args, .. } => all(args),
    }
}

impl Recall {
    /// Tables for the comparisons of `program`; `key_of` tells which key decides a slot.
    pub(super) fn new(program: &Program, key_of: impl Fn(SlotId) -> Option<u8>) -> Self {
        let mut answers = [0; MAX_KEYS];
        let atoms: Box<[Place]> = program
            .atoms
            .iter()
            .map(|atom| {
                let left = decided(&program.sources, atom.source, &key_of);
                let whole = match &atom.test {
                    Test::Never => Decided::Otherwise,
                    Test::Field { right, .. } => left.and(decided(&program.sources, *right, &key_of)),
                    _ => left,
                };
                let Decided::By(key) = whole else { return Place::NONE };
                answers[usize::from(key)] += 1;
                Place { key, shift: 0, word: 0 }
            })
            .collect();
        let room = |n: usize| n.min(MAX_ANSWERS).div_ceil(PER_WORD);
        let mut strides = answers.map(|n| if n == 0 { 0 } else { HEAD + room(n) });
        let views = program
            .views
            .iter()
            .map(|view| match decided(&program.sources, view.source, &key_of) {
                Decided::By(key) if strides[usize::from(key)] > 0 => {
                    let stride = &mut strides[usize::from(key)];
                    *stride += 1;
                    Place { key, shift: 0, word: *stride as u32 - 1 }
                }
                _ => Place::NONE,
            })
            .collect();
        let wanted = strides.iter().rev().fold(0, |bits, stride| bits << 1 | u32::from(*stride > 0));
        let tables = strides.into_iter().map(Table::new).collect();
        Recall { atoms, views, tables, wanted, keys: [0; MAX_KEYS], asked: 0, epoch: 0 }
    }

    /// Forgets which event is in hand, not what is known of keys.
    pub(super) fn restart(&mut self) {
        self.epoch = 0;
        self.tables.iter_mut().for_each(|table| table.epoch = 0);
    }

    /// Forgets what is known of keys.
    pub(super) fn forget(&mut self) {
        self.restart();
        self.tables.iter_mut().for_each(|table| table.words.fill(0));
    }

    /// A bit for each key that any comparison depends on.
    pub(super) fn wanted(&self) -> u32 {
        self.wanted
    }

    /// The keys of an event, those of them whose bits are set in `wanted`.
    #[inline]
    pub(super) fn keys(&mut self, wanted: u32, epoch: u32, extract: &mut dyn Extract) -> &[u64; MAX_KEYS] {
        if self.epoch != epoch {
            (self.epoch, self.keys, self.asked) = (epoch, [0; MAX_KEYS], 0);
        }
        let new = wanted & !self.asked;
        if new != 0 {
            self.asked |= new;
            extract.keys(new, &mut self.keys);
        }
        &self.keys
    }

    /// The keys of the event at hand that have been asked for.
    pub(super) fn known_keys(&self) -> &[u64; MAX_KEYS] {
        &self.keys
    }

    /// The key that decides the class of a view for that event, if it is known.
    pub(super) fn key_of_view(&self, id: ViewId) -> Option<u8> {
        let key = self.views[id as usize].key;
        (*self.keys.get(usize::from(key))? != 0).then_some(key)
    }

    /// Where the answer of an atom to this event belongs, if its key is known.
    #[inline]
    pub(super) fn atom(&mut self, id: u32, epoch: u32, code: u16, extract: &mut dyn Extract) -> Option<Spot> {
        let mut place = self.atoms[id as usize];
        if place.word == 0 {
            place = self.place(id)?;
        }
        self.spot(place, epoch, code, extract)
    }

    /// Gives an atom its place, as long as there are any.
    #[inline(never)]
    fn place(&mut self, id: u32) -> Option<Place> {
        let place = &mut self.atoms[id as usize];
        let table = &mut self.tables[usize::from(place.key)];
        if table.placed == MAX_ANSWERS {
            *place = Place::NONE;
            return None;
        }
        *place = Place::nth(place.key, table.placed);
        table.placed += 1;
        Some(*place)
    }

    /// Where the class of a view for this event belongs, if its key is known.
    #[inline]
    pub(super) fn view(&mut self, id: ViewId, epoch: u32, code: u16, extract: &mut dyn Extract) -> Option<Spot> {
        self.spot(self.views[id as usize], epoch, code, extract)
    }

    #[inline]
    fn spot(&mut self, place: Place, epoch: u32, code: u16, extract: &mut dyn Extract) -> Option<Spot> {
        let table = self.tables.get(usize::from(place.key))?;
        let entry = if table.epoch == epoch { table.entry } else { self.look_up(place.key, epoch, code, extract) };
        Some(Spot { key: place.key, shift: place.shift, at: entry? + place.word as usize })
    }

    /// Finds the entry of the event's key, which is made if need be.
    #[inline(never)]
    fn look_up(&mut self, key: u8, epoch: u32, code: u16, extract: &mut dyn Extract) -> Option<usize> {
        if self.epoch != epoch || self.asked >> key & 1 == 0 {
            self.keys(self.wanted, epoch, extract);
        }
        let value = self.keys[usize::from(key)];
        let table = &mut self.tables[usize::from(key)];
        table.epoch = epoch;
        table.entry = (value != 0).then(|| table.entry_of(value, code));
        table.entry
    }

    /// The answer that is known there.
    #[inline]
    pub(super) fn answer(&self, spot: Spot) -> Option<bool> {
        let bits = self.tables[usize::from(spot.key)].words[spot.at] >> spot.shift;
        (bits & 1 == 1).then_some(bits & 2 != 0)
    }

    #[inline]
    pub(super) fn learn(&mut self, spot: Spot, answer: bool) {
        let bits = 1 | u64::from(answer) << 1;
        self.tables[usize::from(spot.key)].words[spot.at] |= bits << spot.shift;
    }

    /// The class that is known there; inner `None`: there is no value that has one.
    #[inline]
    pub(super) fn class(&self, spot: Spot) -> Option<Option<Class>> {
        let word = self.tables[usize::from(spot.key)].words[spot.at];
        (word != 0).then(|| word.checked_sub(2).map(|class| class as Class))
    }

    #[inline]
    pub(super) fn learn_class(&mut self, spot: Spot, class: Option<Class>) {
        self.tables[usize::from(spot.key)].words[spot.at] = class.map_or(1, |class| u64::from(class) + 2);
    }
}

impl Table {
    fn new(stride: usize) -> Self {
        let fitting = MAX_BYTES / 8 / stride.max(1);
        let entries = if stride == 0 { 0 } else { 1 << fitting.clamp(MIN_ENTRIES, MAX_ENTRIES).ilog2() };
        let words = vec![0; entries * stride].into();
        Table { words, stride, mask: entries.saturating_sub(1), placed: 0, epoch: 0, entry: None }
    }

    fn entry_of(&mut self, key: u64, code: u16) -> usize {
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = (key ^ u64::from(code) << 48).wrapping_mul(SPREAD) >> 40;
        let first = (hash as usize & self.mask) * self.stride;
        let entry = &mut self.words[first..first + self.stride];
        if entry[0] != key || entry[1] != u64::from(code) {
            entry.fill(0);
            (entry[0], entry[1]) = (key, u64::from(code));
        }
        first
    }
}
