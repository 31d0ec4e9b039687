//! What evaluation has asked an event for, for who asks the same again: alerts show what their rules compared.

use crate::source::{Def, SourceId, Sources};
use crate::value::{SlotId, SlotTable, Values};

use super::{RuleSet, Scratch};

/// For each slot a source of its values that are as the host gave them; [`NONE`] if no comparison looks at them.
pub(super) fn sources_of(slots: &SlotTable, sources: &Sources) -> Box<[SourceId]> {
    let mut of = vec![NONE; slots.slots().len()];
    for id in (0..sources.len()).map(|id| id as SourceId) {
        if let Def::Slot(slot) = &sources.info(id).def {
            of[slot.index()] = id;
        }
    }
    of.into()
}

const NONE: SourceId = SourceId::MAX;

impl RuleSet {
    /// Gives the values of a slot again, if the event evaluated last with this scratch was asked for them and had any. `false`
    /// says nothing about the event: it was not asked, or had none, or is only on the way to have some.
    pub fn told(&self, scratch: &Scratch, slot: SlotId, out: &mut Values) -> bool {
        let memory = &scratch.memory;
        let known = self.of_slots.get(slot.index()).and_then(|id| memory.known.get(*id as usize));
        let Some(known) = known.filter(|known| known.stamp == memory.epoch << 1 | 1) else { return false };
        memory.values.give(known.run, out);
        true
    }
}
