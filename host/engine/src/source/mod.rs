//! Sources of values at run time: slots that the host fills and what transformers make of them, each distinct one once.

mod getopt;
mod transform;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::ast::Transformer;
use crate::check::typed::Source;
use crate::scheme::{FieldType, PrintFormat, ValueClass};
use crate::value::{Extract, Run, SlotId, SlotTable, Values};

/// A position in [`Sources`].
pub(crate) type SourceId = u32;

/// What a source is made of.
#[derive(Debug, Clone)]
pub(crate) enum Def {
    Slot(SlotId),
    Text(Box<[u8]>),
    List(Box<[SourceId]>),
    Call { transformer: Transformer, args: Box<[SourceId]>, option: Option<u8> },
}

/// A source and the type of its values.
#[derive(Debug, Clone)]
pub(crate) struct SourceInfo {
    pub(crate) def: Def,
    pub(crate) ty: FieldType,
    pub(crate) format: PrintFormat,
    /// Any number of values, none included, is a value.
    pub(crate) list: bool,
}

/// All sources of a compiled set or format.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sources {
    infos: Vec<SourceInfo>,
    /// The sources in the order of their ids, as long as they are [`FEW`]; then `ids` has them.
    first: Vec<Source>,
    ids: HashMap<Source, SourceId, FxBuildHasher>,
}

/// A format has a handful of sources: looking through them is cheaper than a table, of which there would be one for each rule.
const FEW: usize = 16;

impl Sources {
    /// The id of this source; it and what it is made of are added if they are new.
    pub(crate) fn intern(&mut self, source: &Source, slots: &mut SlotTable) -> SourceId {
        if let Some(id) = self.find(source) {
            return id;
        }
        let def = match source {
            Source::Field { slot, .. } => Def::Slot(slots.intern(slot.clone())),
            Source::Text(text) => Def::Text(text.clone()),
            Source::List(items) => Def::List(items.iter().map(|i| self.intern(i, slots)).collect()),
            Source::Call { transformer, args, option, .. } => {
                let args = args.iter().map(|a| self.intern(a, slots)).collect();
                Def::Call { transformer: *transformer, args, option: *option }
            }
        };
        let format = match source {
            Source::Field { format, .. } => *format,
            _ => PrintFormat::Dec,
        };
        let list = match source {
            Source::Field { slot, .. } => slot.list,
            other => other.is_list(),
        };
        let id = self.infos.len() as SourceId;
        self.infos.push(SourceInfo { def, ty: source.ty(), format, list });
        match self.ids.is_empty() && self.first.len() < FEW {
            true => self.first.push(source.clone()),
            false => {
                self.ids.extend(self.first.drain(..).zip(0..));
                self.ids.insert(source.clone(), id);
            }
        }
        id
    }

    fn find(&self, source: &Source) -> Option<SourceId> {
        match self.ids.is_empty() {
            true => self.first.iter().position(|known| known == source).map(|at| at as SourceId),
            false => self.ids.get(source).copied(),
        }
    }

    /// Lets go of what only adding sources needs: a source that is added now is a new one.
    pub(crate) fn freeze(&mut self) {
        (self.first, self.ids) = (Vec::new(), HashMap::default());
        self.infos.shrink_to_fit();
    }

    pub(crate) fn info(&self, id: SourceId) -> &SourceInfo {
        &self.infos[id as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.infos.len()
    }

    /// Calls `each` with every slot that a source is made of, maybe more than once.
    pub(crate) fn slots(&self, id: SourceId, each: &mut dyn FnMut(SlotId)) {
        let info = self.info(id);
        if let Def::Slot(slot) = &info.def {
            each(*slot);
        }
        info.args().iter().for_each(|arg| self.slots(*arg, each));
    }

    /// The values of a source, computed anew: for formats, which are rendered once per alert.
    pub(crate) fn evaluate(&self, id: SourceId, values: &mut Values, ex: &mut dyn Extract) -> Option<Run> {
        let info = self.info(id);
        let mut runs = Vec::new();
        for arg in info.args() {
            runs.push(self.evaluate(*arg, values, ex)?);
        }
        self.produce(info, &runs, values, ex)
    }

    /// The values of a source, given those of its arguments.
    pub(crate) fn produce(
        &self,
        info: &SourceInfo,
        args: &[Run],
        values: &mut Values,
        ex: &mut dyn Extract,
    ) -> Option<Run> {
        let mark = values.mark();
        let run = match &info.def {
            Def::Slot(slot) => {
                let found = ex.extract(*slot, values);
                return values.taken(mark, found, info.list);
            }
            Def::Text(text) => {
                values.push_bytes(text);
                Some(values.since(mark))
            }
            Def::List(items) => transform::list(self, items, args, values, mark),
            Def::Call { transformer, args: ids, option } => {
                let text = self.info(ids[0]).ty.class() == ValueClass::Text;
                transform::call(self, *transformer, *option, ids, args, text, values, mark)
            }
        };
        let run = run.filter(|run| info.list || run.count > 0);
        if run.is_none() {
            values.rewind(mark);
        }
        run
    }
}

impl SourceInfo {
    /// The sources that this one is made of.
    pub(crate) fn args(&self) -> &[SourceId] {
        match &self.def {
            Def::Slot(_) | Def::Text(_) => &[],
            Def::List(items) => items,
            Def::Call { args, .. } => args,
        }
    }
}
