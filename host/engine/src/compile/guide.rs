//! Leading an event to the rules that it matches, by the ways that others have gone.

use super::RuleIdx;
use super::machine::Machine;
use super::shortcut::{Begin, Shortcuts, Walk};
use super::trail::{At, Trails};

/// What knows the ways.
pub(super) struct Guide<'g> {
    pub(super) trails: &'g mut Trails,
    pub(super) shortcuts: &'g mut Shortcuts,
    /// Counts lookups.
    pub(super) asked: &'g mut u64,
}

impl<'g> Guide<'g> {
    /// Where the keys of an event lead it from there, if others have gone that way.
    #[inline]
    pub(super) fn find(&mut self, from: Begin, machine: &mut Machine<'_, '_>) -> Option<u32> {
        let relevant = self.shortcuts.relevant(from);
        if relevant == 0 {
            return None;
        }
        *self.asked += 1;
        let memory = &mut *machine.memory;
        let keys = memory.recall.keys(relevant, memory.epoch, machine.extract);
        self.shortcuts.find(from, keys)
    }

    /// Leads an event from a place to the end. The rules that it matches; `None` if no event has gone this way before.
    #[inline]
    pub(super) fn lead(&mut self, mut at: u32, machine: &mut Machine<'_, '_>) -> Option<&[RuleIdx]> {
        loop {
            match self.trails.at(at) {
                At::Unknown => return None,
                At::End(_) => break,
                At::Comparison(atom) => {
                    let answer = machine.atom(atom);
                    at = self.trails.lead_on(at, answer);
                }
            }
            at = self.by_keys(at, machine);
        }
        match self.trails.at(at) {
            At::End(rules) => Some(rules),
            _ => None,
        }
    }

    /// Leads an event from a place behind a comparison that no key decides as far as keys decide.
    #[inline]
    fn by_keys(&mut self, at: u32, machine: &mut Machine<'_, '_>) -> u32 {
        let from = self.trails.from(at);
        if let Some(to) = self.find(from, machine) {
            return to;
        }
        let mut walk = Walk::default();
        let to = self.trails.walk(at, machine, &mut walk);
        if to != Trails::UNKNOWN {
            let kept = self.shortcuts.keep(from, machine.memory.recall.known_keys(), walk, to);
            if kept != from {
                self.trails.begin_ways(at, kept);
            }
        }
        to
    }
}
