//! The values of one event, as they are shown.

use crate::source::{Def, SourceId, Sources};
use crate::value::{Extract, Run, SlotId, Values};

/// What [`Shown`] works with, kept from event to event.
#[derive(Debug, Default)]
pub struct ShownMemory {
    values: Values,
    slots: Vec<Known>,
    /// Number of the event; the first has 1.
    event: u64,
}

/// What the event of this number has for a slot.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    event: u64,
    run: Option<Run>,
}

/// An event whose values are shown. However many formats name a value, and in however many forms, it is asked for once.
pub struct Shown<'a> {
    memory: &'a mut ShownMemory,
    extract: &'a mut dyn Extract,
}

impl<'a> Shown<'a> {
    /// An event of which `extract` tells the values. Nothing is known of it yet.
    pub fn new(memory: &'a mut ShownMemory, extract: &'a mut dyn Extract) -> Self {
        memory.values.clear();
        memory.event += 1;
        Self { memory, extract }
    }

    pub(super) fn values(&self) -> &Values {
        &self.memory.values
    }

    /// The values of a source.
    pub(super) fn run(&mut self, sources: &Sources, id: SourceId) -> Option<Run> {
        let info = sources.info(id);
        if let Def::Slot(slot) = &info.def {
            return self.slot(*slot, info.list);
        }
        let runs: Option<Vec<Run>> = info.args().iter().map(|arg| self.run(sources, *arg)).collect();
        sources.produce(info, &runs?, &mut self.memory.values, self.extract)
    }

    fn slot(&mut self, slot: SlotId, list: bool) -> Option<Run> {
        let ShownMemory { values, slots, event } = &mut *self.memory;
        if slots.len() <= slot.index() {
            slots.resize(slot.index() + 1, Known::default());
        }
        let known = &mut slots[slot.index()];
        if known.event != *event {
            let mark = values.mark();
            let found = self.extract.extract(slot, values);
            *known = Known { event: *event, run: values.taken(mark, found, list) };
        }
        known.run
    }
}
