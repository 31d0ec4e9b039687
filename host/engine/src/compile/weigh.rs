//! Judging an event of which some values are on their way.
//!
//! Evaluation takes such a value for one that the event does not have. Where it was asked for one, the event is weighed: each
//! rule is then true, false, or open, and of an open one what is left to be answered is kept: the comparisons of values that are
//! on their way and what joins them, with everything else decided. Once the values are there, or it is clear that they will not
//! come, the rest is settled, with no need of the event.

use crate::value::{Extract, SlotId};

use super::graph::NodeId;
use super::machine::{Kind, Machine, Program};
use super::plan::Entry;
use super::test::Test;
use super::{RuleIdx, RuleMatching, RuleSet, Scratch};

/// A rule that an event matches, or may match.
#[derive(Debug)]
pub struct Candidate {
    /// The rule.
    pub rule: RuleIdx,
    /// What is to be settled first; `None`: it matches, whatever comes.
    pub open: Option<Rest>,
}

/// What is left of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest(Part);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Atom(u32),
    Not(Box<Part>),
    And(Vec<Part>),
    Or(Vec<Part>),
}

/// What a node says.
enum Weight {
    Decided(bool),
    Open(Part),
}

impl RuleSet {
    /// Weighs the event that has just been evaluated with this scratch: appends what it matches and what it may match, in
    /// load order; with [`RuleMatching::First`] up to the first rule that matches for sure.
    pub fn weigh(
        &self,
        scratch: &mut Scratch,
        event_code: u16,
        extract: &mut dyn Extract,
        matching: RuleMatching,
        candidates: &mut Vec<Candidate>,
    ) {
        let plan = match self.by_code.get(usize::from(event_code)) {
            None | Some(0) => return,
            Some(id) => &self.plans[*id as usize],
        };
        // The groups of an event depend on its values: those that may be on their way too.
        let mut entries: Vec<Entry> = plan.entries().into_iter().collect();
        entries.sort_unstable();
        let Scratch { memory, .. } = scratch;
        let machine = Machine { program: &self.program, scheme: &self.scheme, memory, extract };
        let mut scale = Scale { machine };
        for (rule, node) in entries {
            match scale.node(node) {
                Weight::Decided(false) => {}
                Weight::Decided(true) => {
                    candidates.push(Candidate { rule, open: None });
                    if matching == RuleMatching::First {
                        return;
                    }
                }
                Weight::Open(part) => candidates.push(Candidate { rule, open: Some(Rest(part)) }),
            }
        }
    }

    /// Whether a rule matches after all, with the values that `extract` gives to the slots of the rest. Forgets the event that
    /// was evaluated last with this scratch.
    pub fn settle(&self, scratch: &mut Scratch, event_code: u16, rest: &Rest, extract: &mut dyn Extract) -> bool {
        let Scratch { memory, .. } = scratch;
        memory.next_event(event_code);
        let mut machine = Machine { program: &self.program, scheme: &self.scheme, memory, extract };
        settled(&rest.0, &mut machine)
    }

    /// Calls `each` with every slot that settling the rest asks for, maybe more than once.
    pub fn slots_of_rest(&self, rest: &Rest, each: &mut dyn FnMut(SlotId)) {
        self.slots_of_part(&rest.0, each);
    }

    fn slots_of_part(&self, part: &Part, each: &mut dyn FnMut(SlotId)) {
        match part {
            Part::Atom(atom) => atom_slots(&self.program, *atom, each),
            Part::Not(part) => self.slots_of_part(part, each),
            Part::And(parts) | Part::Or(parts) => parts.iter().for_each(|part| self.slots_of_part(part, each)),
        }
    }
}

fn settled(part: &Part, machine: &mut Machine<'_, '_>) -> bool {
    match part {
        Part::Atom(atom) => machine.atom(*atom),
        Part::Not(part) => !settled(part, machine),
        Part::And(parts) => parts.iter().all(|part| settled(part, machine)),
        Part::Or(parts) => parts.iter().any(|part| settled(part, machine)),
    }
}

fn atom_slots(program: &Program, atom: u32, each: &mut dyn FnMut(SlotId)) {
    let atom = &program.atoms[atom as usize];
    program.sources.slots(atom.source, each);
    if let Test::Field { right, .. } = &atom.test {
        program.sources.slots(*right, each);
    }
}

struct Scale<'m, 'e> {
    machine: Machine<'m, 'e>,
}

impl Scale<'_, '_> {
    fn node(&mut self, id: NodeId) -> Weight {
        let program = self.machine.program;
        let step = program.steps[id as usize];
        let parts = || &program.parts[step.first as usize..(step.first + step.len) as usize];
        match step.kind {
            Kind::False => Weight::Decided(false),
            Kind::True => Weight::Decided(true),
            Kind::Atom => self.atom(step.first),
            Kind::Not => match self.node(step.first) {
                Weight::Decided(answer) => Weight::Decided(!answer),
                Weight::Open(Part::Not(part)) => Weight::Open(*part),
                Weight::Open(part) => Weight::Open(Part::Not(Box::new(part))),
            },
            Kind::And => self.group(parts(), false, Part::And),
            Kind::Or => self.group(parts(), true, Part::Or),
        }
    }

    /// A group that one part of the answer `deciding` decides.
    fn group(&mut self, parts: &[NodeId], deciding: bool, join: impl Fn(Vec<Part>) -> Part) -> Weight {
        let mut open = Vec::new();
        for part in parts {
            match self.node(*part) {
                Weight::Decided(answer) if answer == deciding => return Weight::Decided(deciding),
                Weight::Decided(_) => {}
                Weight::Open(part) => open.push(part),
            }
        }
        match open.len() {
            0 => Weight::Decided(!deciding),
            1 => Weight::Open(open.remove(0)),
            _ => Weight::Open(join(open)),
        }
    }

    fn atom(&mut self, id: u32) -> Weight {
        let program = self.machine.program;
        if matches!(program.atoms[id as usize].test, Test::Never) {
            return Weight::Decided(false);
        }
        let mut awaited = false;
        let extract = &mut *self.machine.extract;
        atom_slots(program, id, &mut |slot| awaited = awaited || extract.awaited(slot));
        if awaited { Weight::Open(Part::Atom(id)) } else { Weight::Decided(self.machine.atom(id)) }
    }
}
