//! Which comparisons an event is asked, in which order, depends on nothing but the answers: two events with the same
//! answers go the same way through all rules. So the way is kept: a tree of comparisons, each leading on by its answer,
//! with the rules that match at the end. An event that goes a known way costs its comparisons and nothing for the
//! conditions around them, however many rules there are. Ways are added as events go them; an event that leaves the tree is
//! evaluated as a whole.
//!
//! The answers themselves are never remembered here, but where values have keys: [`recall`](super::recall).

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::machine::Machine;
use super::memory::Asked;
use super::plan::{GroupId, MAX_GROUPINGS};
use super::shortcut::{Begin, Walk};
use super::{RuleIdx, RuleMatching};

/// What decides where an event's way begins: its plan, and the groups of rules that its values lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Start {
    pub(super) plan: u32,
    pub(super) matching: RuleMatching,
    pub(super) groups: [GroupId; MAX_GROUPINGS],
}

/// A place in the tree. An inner one is a comparison and where its two answers lead, the end of a way the range of its
/// rules in [`Trails::rules`].
#[derive(Debug, Clone, Copy)]
struct Place {
    atom: u32,
    next: [u32; 2],
    /// Where ways by keys begin from here.
    from: Begin,
}

/// What is at a place.
pub(super) enum At<'t> {
    /// No event has been there before.
    Unknown,
    /// The end of a way: the rules that match.
    End(&'t [RuleIdx]),
    /// A comparison.
    Comparison(u32),
}

/// What stands for the comparison at a place that no event has reached.
const UNKNOWN: u32 = u32::MAX;
/// What stands for it at the end of a way.
const END: u32 = u32::MAX - 1;
/// The most places that are kept, 16 bytes each. Published rule files need a few hundred for millions of events; should
/// answers never repeat, the tree would grow without end, so when it is full it is built anew.
const MAX_PLACES: usize = 1 << 17;

/// The ways that events have gone so far. Place 0 is the unknown one.
#[derive(Debug)]
pub(super) struct Trails {
    places: Vec<Place>,
    /// The place before the first comparison.
    starts: HashMap<Start, u32, FxBuildHasher>,
    /// By plan, the start looked up last: nearly every event begins where the one before of its plan began.
    recent: Vec<Option<(Start, u32)>>,
    rules: Vec<RuleIdx>,
    /// Comparisons made on known ways.
    passed: u64,
}

impl Trails {
    /// The place that no event has reached.
    pub(super) const UNKNOWN: u32 = 0;

    pub(super) fn new() -> Self {
        let unknown = Place { atom: UNKNOWN, next: [0; 2], from: Begin::NONE };
        Trails { places: vec![unknown], starts: HashMap::default(), recent: Vec::new(), rules: Vec::new(), passed: 0 }
    }

    /// The place where the way of an event begins; `None` if no event has begun so before.
    #[inline]
    pub(super) fn begin(&mut self, start: &Start) -> Option<u32> {
        match self.recent.get(start.plan as usize) {
            Some(Some((last, at))) if last == start => Some(*at),
            _ => self.find(start),
        }
    }

    /// Leads an event from a place as far as keys decide; `walk` takes down which. The place that it has reached: one where something
    /// else decides, the end, or one that no event has reached before.
    #[inline]
    pub(super) fn walk(&mut self, mut at: u32, machine: &mut Machine<'_, '_>, walk: &mut Walk) -> u32 {
        loop {
            let place = self.places[at as usize];
            if place.atom >= END {
                return at;
            }
            let Some((answer, key)) = machine.keyed_atom(place.atom) else { return at };
            walk.step(key);
            at = place.next[usize::from(answer)];
            self.passed += 1;
        }
    }

    /// What is at a place.
    #[inline]
    pub(super) fn at(&self, at: u32) -> At<'_> {
        let place = self.places[at as usize];
        match place.atom {
            UNKNOWN => At::Unknown,
            END => At::End(self.rules.get(place.next[0] as usize..place.next[1] as usize).unwrap_or(&[])),
            atom => At::Comparison(atom),
        }
    }

    /// Leads an event on by the answer to the comparison at a place.
    #[inline]
    pub(super) fn lead_on(&mut self, at: u32, answer: bool) -> u32 {
        self.passed += 1;
        self.places[at as usize].next[usize::from(answer)]
    }

    /// Where ways by keys begin from a place.
    #[inline]
    pub(super) fn from(&self, at: u32) -> Begin {
        self.places[at as usize].from
    }

    /// Has ways by keys begin from a place.
    pub(super) fn begin_ways(&mut self, at: u32, from: Begin) {
        self.places[at as usize].from = from;
    }

    /// How many comparisons were made on known ways.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// Forgets all ways.
    #[cold]
    pub(super) fn forget(&mut self) {
        *self = Self { passed: self.passed, ..Self::new() };
    }

    fn find(&mut self, start: &Start) -> Option<u32> {
        let at = *self.starts.get(start)?;
        let plan = start.plan as usize;
        if self.recent.len() <= plan {
            self.recent.resize(plan + 1, None);
        }
        self.recent[plan] = Some((*start, at));
        Some(at)
    }

    /// Keeps the way of an event: what it was asked, each comparison once, and the rules that it matched. Whether all other ways were
    /// forgotten for it.
    pub(super) fn remember(&mut self, start: Start, asked: &[Asked], matched: &[RuleIdx]) -> bool {
        let full = self.places.len() + asked.len() >= MAX_PLACES || self.rules.len() >= MAX_PLACES;
        if full {
            self.forget();
        }
        let mut place = None;
        let mut at = self.starts.get(&start).copied().unwrap_or(0);
        for step in asked {
            if at == 0 {
                at = self.add(Place { atom: step.atom, next: [0; 2], from: Begin::NONE });
                self.lead(&start, place, at);
            }
            debug_assert_eq!(self.places[at as usize].atom, step.atom, "equal answers lead the same way");
            place = Some((at, usize::from(step.answer)));
            at = self.places[at as usize].next[usize::from(step.answer)];
        }
        debug_assert_eq!(at, 0, "this way was not known");
        let first = self.rules.len() as u32;
        self.rules.extend_from_slice(matched);
        let end = self.add(Place { atom: END, next: [first, self.rules.len() as u32], from: Begin::NONE });
        self.lead(&start, place, end);
        full
    }

    fn add(&mut self, place: Place) -> u32 {
        self.places.push(place);
        self.places.len() as u32 - 1
    }

    /// Lets an answer at a place, or the start, lead to another place.
    fn lead(&mut self, start: &Start, from: Option<(u32, usize)>, to: u32) {
        match from {
            Some((at, answer)) => self.places[at as usize].next[answer] = to,
            None => drop(self.starts.insert(*start, to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values whose answers never repeat must not fill the memory.
    #[test]
    fn ways_are_bounded() {
        let mut trails = Trails::new();
        let start = Start { plan: 1, matching: RuleMatching::All, groups: [0; MAX_GROUPINGS] };
        let mut most = 0;
        for way in 0..2 * MAX_PLACES as u32 / 20 {
            let asked: Vec<Asked> = (0..32).map(|bit| Asked { atom: bit, answer: way >> bit & 1 == 1 }).collect();
            trails.remember(start, &asked, &[way]);
            most = most.max(trails.places.len());
        }
        assert!(most <= MAX_PLACES && most > MAX_PLACES / 2, "{most}");
        assert!(trails.places.len() < most, "built anew");
    }
}
