//! Evaluation of one event. Sources and shared nodes are computed when first asked for and remembered until the next
//! event; a stamp tells which event an answer belongs to, so that nothing is cleared between events.

use crate::scheme::Scheme;
use crate::source::{Def, SourceId, Sources};
use crate::value::{Extract, Run};

use super::dict::{Class, Dictionary};
use super::graph::NodeId;
use super::index::Index;
use super::memory::{Asked, Memory, Seen};
use super::test::{Test, compare};

/// A node as it is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) kind: Kind,
    /// Where the answer is remembered; [`NO_MEMO`] if it is not.
    pub(super) memo: u32,
    /// For gates the first of `len` parts, for atoms the atom, for a negation the part.
    pub(super) first: u32,
    pub(super) len: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    False,
    True,
    Atom,
    Not,
    And,
    Or,
}

pub(super) const NO_MEMO: u32 = u32::MAX;

/// A compiled atom.
#[derive(Debug)]
pub(super) struct AtomStep {
    pub(super) source: SourceId,
    pub(super) test: Test,
}

/// A position in [`Program::views`].
pub(super) type ViewId = u32;

/// A source as a dictionary or an index sees it.
#[derive(Debug)]
pub(super) struct View {
    pub(super) source: SourceId,
    pub(super) lens: Lens,
}

#[derive(Debug)]
pub(super) enum Lens {
    /// The value has one class.
    One(Dictionary),
    /// The values have any number of classes; the class is then the number of their set.
    Many(Index),
}

/// Everything that evaluation reads.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Box<[Step]>,
    pub(super) parts: Box<[NodeId]>,
    pub(super) atoms: Box<[AtomStep]>,
    pub(super) sources: Sources,
    pub(super) views: Box<[View]>,
    pub(super) memos: usize,
}

/// One event being evaluated.
pub(super) struct Machine<'m, 'e> {
    pub(super) program: &'m Program,
    pub(super) scheme: &'m Scheme,
    pub(super) memory: &'m mut Memory,
    pub(super) extract: &'m mut (dyn Extract + 'e),
}

impl Machine<'_, '_> {
    /// Whether the node is true for the event.
    #[inline]
    pub(super) fn node(&mut self, id: NodeId) -> bool {
        let program = self.program;
        let step = program.steps[id as usize];
        if step.kind == Kind::Atom && step.memo == NO_MEMO { self.ask(step.first) } else { self.gate(step) }
    }

    fn gate(&mut self, step: Step) -> bool {
        if step.memo != NO_MEMO {
            let stamp = self.memory.memos[step.memo as usize];
            if stamp >> 1 == self.memory.epoch {
                return stamp & 1 == 1;
            }
        }
        let answer = match step.kind {
            Kind::And => self.parts(step).iter().all(|part| self.node(*part)),
            Kind::Or => self.parts(step).iter().any(|part| self.node(*part)),
            Kind::Not => !self.node(step.first),
            Kind::Atom => self.ask(step.first),
            Kind::False => false,
            Kind::True => true,
        };
        if step.memo != NO_MEMO {
            self.memory.memos[step.memo as usize] = self.memory.epoch << 1 | u32::from(answer);
        }
        answer
    }

    fn parts<'p>(&self, step: Step) -> &'p [NodeId]
    where
        Self: 'p,
    {
        &self.program.parts[step.first as usize..(step.first + step.len) as usize]
    }

    /// The answer of an atom, which is taken down.
    #[inline]
    fn ask(&mut self, id: u32) -> bool {
        let answer = self.atom(id);
        let listed = &mut self.memory.listed[id as usize];
        if *listed != self.memory.epoch {
            *listed = self.memory.epoch;
            self.memory.asked.push(Asked { atom: id, answer });
        }
        answer
    }

    /// Whether the comparison holds for the event.
    #[inline]
    pub(super) fn atom(&mut self, id: u32) -> bool {
        let Memory { recall, epoch, code, .. } = &mut *self.memory;
        let Some(spot) = recall.atom(id, *epoch, *code, self.extract) else { return self.compare(id) };
        if let Some(answer) = recall.answer(spot) {
            return answer;
        }
        let answer = self.compare(id);
        self.memory.recall.learn(spot, answer);
        answer
    }

    /// As [`Self::atom`], if a key of the event decides it: which. Nothing is asked of the event otherwise but its keys.
    #[inline]
    pub(super) fn keyed_atom(&mut self, id: u32) -> Option<(bool, u8)> {
        let Memory { recall, epoch, code, .. } = &mut *self.memory;
        let spot = recall.atom(id, *epoch, *code, self.extract)?;
        if let Some(answer) = recall.answer(spot) {
            return Some((answer, spot.key()));
        }
        let answer = self.compare(id);
        self.memory.recall.learn(spot, answer);
        Some((answer, spot.key()))
    }

    /// As [`Self::atom`], without looking at what is remembered.
    fn compare(&mut self, id: u32) -> bool {
        let program = self.program;
        let atom = &program.atoms[id as usize];
        match &atom.test {
            Test::Class { view, set, negated } => match self.class(*view) {
                Some(class) => Test::holds_class(set, *negated, class),
                None => false,
            },
            Test::Field { op, ty, list, right } => {
                let Some(left_run) = self.source(atom.source) else { return false };
                let Some(right_run) = self.source(*right) else { return false };
                compare(*op, *ty, *list, left_run, right_run, &self.memory.values)
            }
            Test::Never => false,
            test => match self.source(atom.source) {
                Some(run) => test.holds(run, &self.memory.values, self.scheme),
                None => false,
            },
        }
    }

    /// The class of a view, if its source has a value, as it is remembered or found.
    #[inline]
    pub(super) fn class_of(&mut self, id: ViewId) -> Option<Class> {
        let Memory { recall, epoch, code, .. } = &mut *self.memory;
        let Some(spot) = recall.view(id, *epoch, *code, self.extract) else { return self.class(id) };
        if let Some(class) = recall.class(spot) {
            return class;
        }
        let class = self.class(id);
        self.memory.recall.learn_class(spot, class);
        class
    }

    /// The class of a view, if its source has a value.
    fn class(&mut self, id: ViewId) -> Option<Class> {
        let seen = self.memory.seen[id as usize];
        if seen.epoch == self.memory.epoch {
            return Some(seen.class);
        }
        let view = &self.program.views[id as usize];
        let run = self.source(view.source)?;
        let Memory { values, found, sets, .. } = &mut *self.memory;
        let class = match &view.lens {
            Lens::One(dictionary) => dictionary.class(values.bytes(values.first(run)?)),
            Lens::Many(index) => {
                found.clear();
                values.items(run).iter().for_each(|item| index.find(*item, values, found));
                sets.number(found)
            }
        };
        self.memory.seen[id as usize] = Seen { epoch: self.memory.epoch, class };
        Some(class)
    }

    /// The values of a source.
    #[inline]
    fn source(&mut self, id: SourceId) -> Option<Run> {
        let known = self.memory.known[id as usize];
        if known.stamp >> 1 == self.memory.epoch {
            return (known.stamp & 1 == 1).then_some(known.run);
        }
        self.fetch(id)
    }

    fn arguments(&mut self, id: SourceId) -> Option<usize> {
        let program = self.program;
        let base = self.memory.arguments.len();
        for arg in program.sources.info(id).args() {
            match self.source(*arg) {
                Some(run) => self.memory.arguments.push(run),
                None => {
                    self.memory.arguments.truncate(base);
                    return None;
                }
            }
        }
        Some(base)
    }

    fn fetch(&mut self, id: SourceId) -> Option<Run> {
        let info = self.program.sources.info(id);
        let run = match &info.def {
            // Nearly all sources are values of fields, without arguments.
            Def::Slot(slot) => {
                let values = &mut self.memory.values;
                let mark = values.mark();
                let found = self.extract.extract(*slot, values);
                values.taken(mark, found, info.list)
            }
            _ => self.compute(id),
        };
        let known = &mut self.memory.known[id as usize];
        known.stamp = self.memory.epoch << 1 | u32::from(run.is_some());
        known.run = run.unwrap_or_default();
        run
    }

    /// The values of a source that is made of others.
    fn compute(&mut self, id: SourceId) -> Option<Run> {
        let info = self.program.sources.info(id);
        let base = self.arguments(id)?;
        let memory = &mut *self.memory;
        let args = &memory.arguments[base..];
        let run = self.program.sources.produce(info, args, &mut memory.values, &mut *self.extract);
        memory.arguments.truncate(base);
        run
    }
}
