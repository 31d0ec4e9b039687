//! Event codes, their names, and sets of them.

use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::SchemeError;

const WORDS: usize = 8;

/// A set of numbers; `K` says of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NumberSet<K>([u64; WORDS], PhantomData<K>);

/// What [`EventSet`] is a set of: event codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Code;

/// What [`CallSet`] is a set of: numbers that tell the events of one dynamic code apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Call;

/// A set of event codes.
pub type EventSet = NumberSet<Code>;

/// A set of calls that have no event code of their own, by the numbers of [`super::SchemeBuilder::generic_call`].
pub type CallSet = NumberSet<Call>;

impl<K> NumberSet<K> {
    /// The highest number that a set can hold.
    pub const MAX_CODE: u16 = (WORDS * 64 - 1) as u16;
    /// No number.
    pub const EMPTY: Self = Self([0; WORDS], PhantomData);
    /// Every number that a set can hold.
    pub const FULL: Self = Self([u64::MAX; WORDS], PhantomData);

    /// Whether the number is in the set.
    pub fn contains(&self, code: u16) -> bool {
        self.0.get(usize::from(code / 64)).is_some_and(|w| w >> (code % 64) & 1 == 1)
    }

    /// Adds a number; one above [`NumberSet::MAX_CODE`] is left out.
    pub fn insert(&mut self, code: u16) {
        if let Some(word) = self.0.get_mut(usize::from(code / 64)) {
            *word |= 1 << (code % 64);
        }
    }

    /// How many numbers are in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether the set has no number.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|w| *w == 0)
    }

    /// The numbers in rising order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (0..=Self::MAX_CODE).filter(|code| self.contains(*code))
    }
}

impl<K> FromIterator<u16> for NumberSet<K> {
    fn from_iter<I: IntoIterator<Item = u16>>(codes: I) -> Self {
        let mut set = Self::EMPTY;
        codes.into_iter().for_each(|code| set.insert(code));
        set
    }
}

impl<K> BitAnd for NumberSet<K> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]), PhantomData)
    }
}

impl<K> BitOr for NumberSet<K> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | other.0[i]), PhantomData)
    }
}

impl<K> Not for NumberSet<K> {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0.map(|w| !w), PhantomData)
    }
}

/// One event code.
#[derive(Debug, Clone)]
pub struct EventKind {
    /// The code in the event table.
    pub code: u16,
    /// What `evt.type` says of it, unless `dynamic`.
    pub name: Box<str>,
    /// `evt.type` differs from event to event (generic system calls, asynchronous events), so that it must be asked for.
    pub dynamic: bool,
    /// Evaluated by every rule, whatever event types it names (asynchronous events).
    pub every_rule: bool,
}

/// The event codes of a source and the names that `evt.type` and `syscall.type` can have.
#[derive(Debug, Default)]
pub struct EventNames {
    kinds: Vec<EventKind>,
    all: EventSet,
    names: HashMap<Box<str>, Vec<u16>, FxBuildHasher>,
    syscalls: HashMap<Box<str>, Vec<u16>, FxBuildHasher>,
    /// Numbers of the calls that have no code of their own; several calls may have one name.
    calls: HashMap<Box<str>, Vec<u16>, FxBuildHasher>,
    /// The fields, with their arguments, that name such a call where it has one.
    call_fields: Vec<(Box<str>, Box<str>)>,
}

impl EventNames {
    /// All codes that were added.
    pub fn kinds(&self) -> &[EventKind] {
        &self.kinds
    }

    /// Every code of the source.
    pub fn all(&self) -> EventSet {
        self.all
    }

    /// The codes that can have this `evt.type`; `None` for a name that nothing has.
    pub fn codes(&self, name: &str) -> Option<EventSet> {
        let codes = [self.names.get(name), self.syscalls.get(name)];
        codes.iter().any(Option::is_some).then(|| codes.iter().flatten().flat_map(|c| c.iter().copied()).collect())
    }

    /// The codes that can have this `syscall.type`; `None` for a name that is no system call.
    pub fn syscall_codes(&self, name: &str) -> Option<EventSet> {
        self.syscalls.get(name).map(|codes| codes.iter().copied().collect())
    }

    /// The calls without a code of their own that have this name; `None`: there is one whose number is not known.
    pub fn calls(&self, name: &str) -> Option<CallSet> {
        match self.calls.get(name) {
            Some(numbers) => Some(numbers.iter().copied().collect()),
            None => self.codes(name).is_none_or(|c| (c & self.generic()).is_empty()).then_some(CallSet::EMPTY),
        }
    }

    /// Codes of the events that stand for calls of several names.
    pub fn generic(&self) -> EventSet {
        self.kinds.iter().filter(|kind| kind.dynamic && !kind.every_rule).map(|kind| kind.code).collect()
    }

    /// Whether a field with this argument gives, for events of [`EventNames::generic`], the name of the call.
    pub fn is_call_field(&self, name: &str, arg: &str) -> bool {
        self.call_fields.iter().any(|(field, known)| **field == *name && **known == *arg)
    }

    /// Every name that `evt.type` can have, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().chain(self.syscalls.keys().filter(|n| !self.names.contains_key(*n))).map(|n| &**n)
    }

    pub(super) fn add(&mut self, kind: EventKind) -> Result<(), SchemeError> {
        if !kind.dynamic {
            self.add_name(&kind.name, &[kind.code])?;
        } else if kind.code > EventSet::MAX_CODE {
            return Err(SchemeError::EventCode(kind.code));
        }
        self.all.insert(kind.code);
        self.kinds.push(kind);
        Ok(())
    }

    pub(super) fn add_name(&mut self, name: &str, codes: &[u16]) -> Result<(), SchemeError> {
        add_codes(&mut self.names, name, codes)
    }

    pub(super) fn add_call(&mut self, name: &str, number: u16) -> Result<(), SchemeError> {
        if number > CallSet::MAX_CODE {
            return Err(SchemeError::CallNumber(number));
        }
        self.calls.entry(name.into()).or_default().push(number);
        Ok(())
    }

    pub(super) fn add_call_field(&mut self, name: &str, arg: &str) {
        self.call_fields.push((name.into(), arg.into()));
    }

    pub(super) fn add_syscall(&mut self, name: &str, codes: &[u16]) -> Result<(), SchemeError> {
        add_codes(&mut self.syscalls, name, codes)
    }
}

fn add_codes(
    map: &mut HashMap<Box<str>, Vec<u16>, FxBuildHasher>,
    name: &str,
    codes: &[u16],
) -> Result<(), SchemeError> {
    if let Some(code) = codes.iter().find(|c| **c > EventSet::MAX_CODE) {
        return Err(SchemeError::EventCode(*code));
    }
    map.entry(name.into()).or_default().extend_from_slice(codes);
    Ok(())
}
