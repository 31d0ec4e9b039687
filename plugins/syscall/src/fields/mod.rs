//! The fields of the syscall source: their table and their extraction from state and event.
//!
//! ```text
//! Extractor::next(event)            once per event, after the state has followed it
//! Extractor::extract(request, sink) for every field that is asked for
//! ```
//!
//! [`FIELDS`] says what fields there are, and each entry names its extraction. Values are put into a [`Sink`].

mod containers;
mod context;
mod extract;
mod inside;
mod keys;
mod memory;
mod names;
mod render;
mod sink;
pub mod spec;
mod table;
mod time;

pub use context::{FieldArg, Seen, Want};
pub use extract::arg::{ArgError, resolve};
pub use keys::Key;
pub use names::{capability, errno, signal};
pub use render::BufferFormat;
pub use sink::Sink;
pub use table::{CLASSES, FIELDS};

use context::Cx;
use jiff::tz::TimeZone;
use memory::Memory;

use crate::state::State;

/// A field's id: its position in [`FIELDS`] and in the plugin's `get_fields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldId(u16);

impl FieldId {
    /// The id at a position, if the table has that many fields.
    #[must_use]
    pub fn new(position: u32) -> Option<Self> {
        let id = u16::try_from(position).ok()?;
        (usize::from(id) < FIELDS.len()).then_some(Self(id))
    }

    /// The id of a name without argument. Linear: for set-up, not for events.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let position = FIELDS.iter().position(|field| field.name == name)?;
        Self::new(u32::try_from(position).ok()?)
    }

    /// The field's entry.
    #[must_use]
    pub fn info(self) -> &'static spec::Field {
        &FIELDS[usize::from(self.0)]
    }
}

/// What is asked for: a field with its argument, in some form.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The field.
    pub field: FieldId,
    /// Its argument; [`resolve`] has accepted it.
    pub arg: FieldArg<'r>,
    /// The form.
    pub want: Want,
    /// `PT_*` number of the type that the caller compiled the field for.
    pub ty: u32,
}

impl<'r> Request<'r> {
    /// One value of a field, in its own type. `arg` is the text between the brackets or behind the dot.
    #[must_use]
    pub fn scalar(field: FieldId, arg: Option<&'r str>) -> Self {
        let ty = resolve(field.info(), arg).unwrap_or_else(|_| field.info().ty.number());
        Self { field, arg: FieldArg::parse(field.info(), arg), want: Want::Scalar, ty }
    }

    /// The key of an event that decides the value, if one does.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let (arg, key) = self.field.info().key?;
        (self.want == Want::Scalar && self.arg.key.unwrap_or_default() == arg).then_some(key)
    }
}

/// Extracts fields; remembers what some of them need from event to event.
pub struct Extractor {
    memory: Memory,
}

impl Extractor {
    /// A fresh extractor; `zone` is where times inside arguments are shown.
    #[must_use]
    pub fn new(buffer_format: BufferFormat, zone: TimeZone) -> Self {
        Self { memory: Memory::new(buffer_format, zone) }
    }

    /// Looks into containers for the names of users and groups from now on: the events are of this machine.
    pub(crate) fn look_inside(&mut self) {
        self.memory.inside.get_or_insert_default();
    }

    /// Containers whose users are known by looking inside, and how often their files were read.
    pub(crate) fn looks_inside(&self) -> (u64, u64) {
        self.memory.inside.as_ref().map_or((0, 0), |inside| (inside.len() as u64, inside.read))
    }

    /// Takes note of an event. To be called for every event, hidden ones too, in order, after the state followed it.
    #[inline]
    pub fn next(&mut self, seen: &Seen<'_>) {
        self.memory.next(seen);
    }

    /// Puts the values of a field into `out`; false if there is no value (nothing has been put then).
    pub fn extract<'a>(
        &mut self,
        state: &'a State,
        seen: &Seen<'a>,
        request: &Request<'_>,
        out: &mut dyn Sink<'a>,
    ) -> bool {
        let mut cx = Cx {
            state,
            event: seen.event,
            cpu: seen.cpu,
            arg: request.arg,
            want: request.want,
            wanted_type: request.ty,
            memory: &mut self.memory,
        };
        (request.field.info().extract)(&mut cx, out)
    }

    /// Writes those keys of an event whose bits are set in `wanted` to their places: the number of the [`Key`]. 0: not
    /// known.
    pub fn keys(&mut self, state: &State, seen: &Seen<'_>, wanted: u32, keys: &mut [u64; 32]) {
        let mut cx = Cx {
            state,
            event: seen.event,
            cpu: seen.cpu,
            arg: FieldArg::default(),
            want: Want::Scalar,
            wanted_type: 0,
            memory: &mut self.memory,
        };
        keys::write(&mut cx, wanted, keys);
    }
}

impl Default for Extractor {
    fn default() -> Self {
        Self::new(BufferFormat::default(), TimeZone::system())
    }
}
