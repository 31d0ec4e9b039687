//! What evaluation remembers of one event, by stamps that say which event an entry is about.

use super::dict::Class;
use super::machine::Program;
use super::recall::Recall;
use super::sets::Sets;
use crate::value::{Run, SlotId, Values};

/// What is known of a source for the current event: `stamp` is the event's epoch, shifted, and whether there is a value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) stamp: u32,
    pub(super) run: Run,
}

/// The class of a view for the event of this epoch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) epoch: u32,
    pub(super) class: Class,
}

/// An atom that an event was asked, and its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) atom: u32,
    pub(super) answer: bool,
}

/// The memory of evaluation.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) epoch: u32,
    /// What the nodes have asked the event, each atom once, in order.
    pub(super) asked: Vec<Asked>,
    /// Per atom, the event by which it is in `asked`.
    pub(super) listed: Box<[u32]>,
    pub(super) values: Values,
    pub(super) known: Box<[Known]>,
    pub(super) seen: Box<[Seen]>,
    /// The classes of a view whose values may have many, while they are found.
    pub(super) found: Vec<Class>,
    pub(super) sets: Sets,
    pub(super) memos: Box<[u32]>,
    pub(super) arguments: Vec<Run>,
    /// Code of the event.
    pub(super) code: u16,
    pub(super) recall: Recall,
}

impl Memory {
    pub(super) fn new(program: &Program, key_of: impl Fn(SlotId) -> Option<u8>) -> Self {
        Memory {
            epoch: 0,
            asked: Vec::new(),
            listed: vec![0; program.atoms.len()].into(),
            values: Values::new(),
            known: vec![Known::default(); program.sources.len()].into(),
            seen: vec![Seen::default(); program.views.len()].into(),
            found: Vec::new(),
            sets: Sets::default(),
            memos: vec![0; program.memos].into(),
            arguments: Vec::new(),
            code: 0,
            recall: Recall::new(program, key_of),
        }
    }

    /// Forgets all sets of classes, and what is remembered by their numbers, between two events.
    #[cold]
    pub(super) fn forget_sets(&mut self) {
        self.sets = Sets::default();
        self.recall.forget();
    }

    /// Forgets the last event; the next has this code.
    pub(super) fn next_event(&mut self, code: u16) {
        self.code = code;
        self.values.clear();
        self.asked.clear();
        // Epochs start at 1, so that a stamp of 0 belongs to no event; one bit of a stamp holds the answer.
        if self.epoch == u32::MAX >> 1 {
            self.epoch = 0;
            self.known.fill(Known::default());
            self.seen.fill(Seen::default());
            self.memos.fill(0);
            self.listed.fill(0);
            self.recall.restart();
        }
        self.epoch += 1;
    }
}
