//! The fields of the syscall source: their table and their extraction from state and event.

mod describe;
pub mod spec;
mod table;

pub use describe::{details_json, fields_json};
pub use table::{CLASSES, FIELDS};

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
