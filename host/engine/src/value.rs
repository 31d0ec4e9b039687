//! Values on their way from the host to the engine, and the slots that they belong to.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::scheme::{FieldId, FieldType};

/// One distinct thing to extract from an event: a field with its argument, in one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(u32);

impl SlotId {
    /// The position in [`SlotTable::slots`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The form in which a field is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Want {
    /// The value; every value for a list field.
    Scalar,
    /// All values of a field that has several in conditions ([`Matching::Any`](crate::scheme::Matching::Any) without
    /// argument, [`Matching::Either`](crate::scheme::Matching::Either)).
    All,
    /// The address behind a host name field ([`Matching::Host`](crate::scheme::Matching::Host)).
    Address,
    /// A time field that prints as text, as nanoseconds since the epoch: one number.
    Nanoseconds,
}

/// What the host must know to answer a slot. It prepares its extraction request from this once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotInfo {
    /// The field.
    pub field: FieldId,
    /// The argument as written.
    pub arg: Option<Box<str>>,
    /// The argument as a number, if the field takes one and it is one.
    pub index: Option<u64>,
    /// The form wanted.
    pub want: Want,
    /// The type of the values, with the argument taken into account.
    pub ty: FieldType,
    /// Whether there may be any number of values.
    pub list: bool,
}

/// The slots of one source, each distinct one once. Formats and conditions of a source share one table.
#[derive(Debug, Default, Clone)]
pub struct SlotTable {
    slots: Vec<SlotInfo>,
    ids: HashMap<SlotInfo, SlotId, FxBuildHasher>,
}

impl SlotTable {
    /// A table without slots.
    pub fn new() -> Self {
        Self::default()
    }

    /// All slots; the index is the [`SlotId`].
    pub fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    /// The slot of this id.
    pub fn get(&self, id: SlotId) -> &SlotInfo {
        &self.slots[id.index()]
    }

    /// The id of this slot, which is added if it is new.
    pub fn intern(&mut self, info: SlotInfo) -> SlotId {
        let next = SlotId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        *self.ids.entry(info).or_insert_with_key(|info| {
            self.slots.push(info.clone());
            next
        })
    }
}

/// A value in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// Every number, boolean and double.
    Number(u64),
    /// Text, buffers and addresses: a range of the arena's bytes.
    Bytes { start: u32, end: u32 },
}

/// A range of the arena's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Run {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// A state of the arena to go back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    items: u32,
    bytes: u32,
}

/// The values of one event. The engine owns it and clears it for each event; its memory is kept.
#[derive(Debug, Default)]
pub struct Values {
    items: Vec<Item>,
    bytes: Vec<u8>,
}

/// The most bytes that the values of one event may take; what goes beyond is cut.
const MAX_BYTES: usize = 1 << 28;

impl Values {
    /// An empty arena.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a number: integers sign- or zero-extended to 64 bits, booleans as 0 and 1, doubles as their bits.
    #[inline]
    pub fn push_u64(&mut self, value: u64) {
        self.items.push(Item::Number(value));
    }

    /// Adds a signed number.
    pub fn push_i64(&mut self, value: i64) {
        self.push_u64(value as u64);
    }

    /// Adds a boolean.
    #[inline]
    pub fn push_bool(&mut self, value: bool) {
        self.push_u64(u64::from(value));
    }

    /// Adds a double.
    pub fn push_f64(&mut self, value: f64) {
        self.push_u64(value.to_bits());
    }

    /// Adds text (without a terminating NUL), a buffer, or an address of 4 or 16 bytes in network order.
    #[inline]
    pub fn push_bytes(&mut self, value: &[u8]) {
        let start = self.bytes.len();
        let room = MAX_BYTES.saturating_sub(start);
        self.bytes.extend_from_slice(&value[..value.len().min(room)]);
        self.items.push(Item::Bytes { start: start as u32, end: self.bytes.len() as u32 });
    }

    /// Adds text.
    pub fn push_str(&mut self, value: &str) {
        self.push_bytes(value.as_bytes());
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
    }

    /// Where the arena ends now.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark { items: self.items.len() as u32, bytes: self.bytes.len() as u32 }
    }

    /// Forgets what came after the mark.
    #[inline]
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.items.truncate(mark.items as usize);
        self.bytes.truncate(mark.bytes as usize);
    }

    /// The values pushed after the mark.
    #[inline]
    pub(crate) fn since(&self, mark: Mark) -> Run {
        Run { first: mark.items, count: self.items.len() as u32 - mark.items }
    }

    /// The values that the host has put after the mark, if it has said that there are any; a list may be empty.
    #[inline]
    pub(crate) fn taken(&mut self, mark: Mark, found: bool, list: bool) -> Option<Run> {
        let run = self.since(mark);
        if found && (list || run.count > 0) {
            return Some(run);
        }
        self.rewind(mark);
        None
    }

    /// Adds copies of these values to others.
    pub(crate) fn give(&self, run: Run, out: &mut Values) {
        for item in self.items(run) {
            match item {
                Item::Number(number) => out.push_u64(*number),
                Item::Bytes { .. } => out.push_bytes(self.bytes(*item)),
            }
        }
    }

    pub(crate) fn items(&self, run: Run) -> &[Item] {
        self.items.get(run.first as usize..(run.first + run.count) as usize).unwrap_or(&[])
    }

    #[inline]
    pub(crate) fn first(&self, run: Run) -> Option<Item> {
        self.items.get(run.first as usize).copied()
    }

    pub(crate) fn item(&self, run: Run, at: u32) -> Option<Item> {
        self.items(run).get(at as usize).copied()
    }

    #[inline]
    pub(crate) fn bytes(&self, item: Item) -> &[u8] {
        match item {
            Item::Bytes { start, end } => self.bytes.get(start as usize..end as usize).unwrap_or(&[]),
            Item::Number(_) => &[],
        }
    }

    /// Adds a value that lies in the arena already.
    pub(crate) fn push_item(&mut self, item: Item) {
        self.items.push(item);
    }

    pub(crate) fn byte_len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Copies the bytes of a value to the end of the arena without making a value of them.
    pub(crate) fn append(&mut self, item: Item) {
        if let Item::Bytes { start, end } = item
            && self.bytes.len() + (end - start) as usize <= MAX_BYTES
        {
            self.bytes.extend_from_within(start as usize..end as usize);
        }
    }

    /// Copies bytes to the end of the arena; the range that they have there.
    pub(crate) fn append_text(&mut self, text: &[u8]) -> Item {
        let start = self.byte_len();
        self.bytes.extend_from_slice(text);
        Item::Bytes { start, end: self.byte_len() }
    }

    /// Makes a value of everything from `start` to the end of the arena.
    pub(crate) fn push_from(&mut self, start: u32) {
        self.items.push(Item::Bytes { start, end: self.bytes.len() as u32 });
    }

    pub(crate) fn bytes_from(&mut self, start: u32) -> &mut [u8] {
        self.bytes.get_mut(start as usize..).unwrap_or_default()
    }

    /// Adds `room` zero bytes and gives them together with the bytes of a value.
    pub(crate) fn grow(&mut self, item: Item, room: usize) -> (&[u8], &mut [u8]) {
        let end = self.bytes.len();
        self.bytes.resize(end + room, 0);
        let (before, output) = self.bytes.split_at_mut(end);
        let input = match item {
            Item::Bytes { start, end } => before.get(start as usize..end as usize).unwrap_or(&[]),
            Item::Number(_) => &[],
        };
        (input, output)
    }

    /// Cuts the bytes of the arena to this length.
    pub(crate) fn shrink(&mut self, len: u32) {
        self.bytes.truncate(len as usize);
    }
}

/// Values of some slots that are kept beyond their event.
#[derive(Debug, Default)]
pub struct Recorded {
    values: Values,
    runs: HashMap<SlotId, Option<Run>, FxBuildHasher>,
}

impl Recorded {
    /// Asks for the values of a slot and keeps them, unless it has them.
    pub fn record(&mut self, slot: SlotId, extract: &mut dyn Extract) {
        if self.runs.contains_key(&slot) {
            return;
        }
        let mark = self.values.mark();
        let found = extract.extract(slot, &mut self.values);
        if !found {
            self.values.rewind(mark);
        }
        self.runs.insert(slot, found.then(|| self.values.since(mark)));
    }

    /// Gives the values of a slot again, as [`Extract::extract`] did; `None` if they were not recorded.
    pub fn give(&self, slot: SlotId, out: &mut Values) -> Option<bool> {
        let run = match self.runs.get(&slot)? {
            Some(run) => *run,
            None => return Some(false),
        };
        self.values.give(run, out);
        Some(true)
    }

    /// Bytes that it takes, roughly.
    pub fn size(&self) -> usize {
        const EACH: usize = size_of::<(SlotId, Option<Run>)>() + size_of::<Item>();
        self.values.bytes.len() + self.runs.len() * EACH
    }
}

impl Item {
    pub(crate) fn number(self) -> u64 {
        match self {
            Item::Number(value) => value,
            Item::Bytes { .. } => 0,
        }
    }
}

/// Most keys that an event can have.
pub const MAX_KEYS: usize = 32;

/// Asks the host for values. One object per event; the engine asks at most once per slot and event while it evaluates.
pub trait Extract {
    /// Puts the values of the slot into `out` and says whether there is a value. A list may be empty and still be one.
    /// What was pushed before `false` is ignored. Pushing values of another kind than [`SlotInfo::ty`] says is the
    /// host's error: such values compare as zero or as empty text.
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool;

    /// Whether the value of the slot is on its way: the event has one, or will turn out to have none, and
    /// [`Extract::extract`] says for now that it has none. Asked only where values are
    /// [weighed](crate::compile::RuleSet::weigh). The default: no value is.
    fn awaited(&mut self, slot: SlotId) -> bool {
        let _ = slot;
        false
    }

    /// Writes those keys of the event whose bits are set in `wanted`; what is not known stays 0. Two events of one code
    /// with the same key other than 0 have the same value, or none, for every slot that
    /// [`scratch_with_keys`](crate::compile::RuleSet::scratch_with_keys) was told it decides. The default knows none.
    fn keys(&mut self, wanted: u32, keys: &mut [u64; MAX_KEYS]) {
        let _ = (wanted, keys);
    }
}
