//! Offering tables to the host and to other plugins.

use core::ffi::CStr;
use std::ffi::CString;

use super::StateValue;
use crate::raw::{StateData, StateType};
use crate::sdk::Plugin;

/// A table that a plugin offers under its name.
#[derive(Clone, Copy, Debug)]
pub struct TableDecl {
    /// Its number, with which [`TableRef::id`] names it.
    pub id: u32,
    /// Its name.
    pub name: &'static CStr,
    /// Type of its keys.
    pub key_type: StateType,
}

/// An entry as the plugin itself names it: an index, a key, whatever finds it again. The SDK passes it around and
/// never looks into it; an entry that has gone meanwhile is for the plugin to notice ([`TableFault::NoEntry`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct EntryRef(pub u64);

/// A table: one of [`ProvideTables::TABLES`], or a sub-table in an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableRef {
    /// Number of the table or of the kind of sub-table.
    pub id: u32,
    /// The entry that it lies in, for a sub-table.
    pub parent: EntryRef,
}

/// A field of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Name.
    pub name: CString,
    /// Type.
    pub ty: StateType,
    /// Whether writing it fails.
    pub read_only: bool,
}

/// Why a table of the plugin could not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// No such field.
    #[error("no such field")]
    NoField,
    /// A field of another type.
    #[error("the field has another type")]
    FieldType,
    /// The name belongs to a field of the table itself.
    #[error("the name belongs to a field of the table itself")]
    FieldTaken,
    /// The field cannot be written.
    #[error("the field is read-only")]
    ReadOnly,
    /// No such entry (any more).
    #[error("no such entry")]
    NoEntry,
    /// A key of another type.
    #[error("the key has another type")]
    KeyType,
    /// The table does not do that.
    #[error("the table does not support that")]
    NotSupported,
    /// The table is full.
    #[error("the table is full")]
    Full,
}

/// A plugin that offers state tables. All calls come from the thread that also calls the plugin otherwise, and never
/// while another call into the plugin is running.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is exported with `tables` but does not implement `sdk::ProvideTables`"
)]
pub trait ProvideTables: Plugin {
    /// The tables that are registered when the plugin has been made.
    const TABLES: &'static [TableDecl];

    /// Name and key type of the sub-tables of kind `id`.
    fn sub_table(&self, id: u32) -> Option<TableDecl> {
        let _ = id;
        None
    }

    /// Fields of the entries of tables `id`; the position is the field's number. Fields only ever are added.
    fn table_fields(&mut self, id: u32) -> Vec<FieldSpec>;

    /// Adds a field to the entries of tables `id`, or finds the one that was added with the same name and type.
    /// Returns its number.
    ///
    /// # Errors
    /// The table takes none, or the name or type does not do.
    fn add_table_field(&mut self, id: u32, name: &CStr, ty: StateType) -> Result<u32, TableFault> {
        let _ = (id, name, ty);
        Err(TableFault::NotSupported)
    }

    /// Number of entries.
    fn table_size(&mut self, table: TableRef) -> u64;

    /// Finds an entry.
    fn entry(&mut self, table: TableRef, key: StateValue<'_>) -> Option<EntryRef>;

    /// An entry that was found or added is not used any more.
    fn release_entry(&mut self, table: TableRef, entry: EntryRef) {
        let _ = (table, entry);
    }

    /// Appends all entries. (A list and not an iterator: while it is walked through, entries are read and changed.)
    fn entries(&mut self, table: TableRef, out: &mut Vec<EntryRef>);

    /// Reads a field.
    ///
    /// # Errors
    /// No such entry or field.
    fn read_field(
        &mut self,
        table: TableRef,
        entry: EntryRef,
        field: u32,
        out: &mut StateOut<'_>,
    ) -> Result<(), TableFault>;

    /// Writes a field.
    ///
    /// # Errors
    /// No such entry or field, or it cannot be written.
    fn write_field(
        &mut self,
        table: TableRef,
        entry: EntryRef,
        field: u32,
        value: StateValue<'_>,
    ) -> Result<(), TableFault> {
        let _ = (table, entry, field, value);
        Err(TableFault::ReadOnly)
    }

    /// Makes an entry that is not in the table yet.
    ///
    /// # Errors
    /// The table takes none.
    fn create_entry(&mut self, table: TableRef) -> Result<EntryRef, TableFault> {
        let _ = table;
        Err(TableFault::NotSupported)
    }

    /// Drops an entry that was made and not added.
    fn destroy_entry(&mut self, table: TableRef, entry: EntryRef) {
        let _ = (table, entry);
    }

    /// Puts an entry that was made into the table; returns its name from then on.
    ///
    /// # Errors
    /// The table does not take it; the entry is gone then too.
    fn add_entry(&mut self, table: TableRef, key: StateValue<'_>, entry: EntryRef) -> Result<EntryRef, TableFault> {
        let _ = (table, key, entry);
        Err(TableFault::NotSupported)
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// There is none, or the table gives none away.
    fn erase_entry(&mut self, table: TableRef, key: StateValue<'_>) -> Result<(), TableFault> {
        let _ = (table, key);
        Err(TableFault::NotSupported)
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// The table cannot be emptied.
    fn clear_table(&mut self, table: TableRef) -> Result<(), TableFault> {
        let _ = table;
        Err(TableFault::NotSupported)
    }
}

/// Takes the value of a field that is being read.
pub struct StateOut<'a> {
    pub(crate) value: OutValue,
    pub(crate) arena: &'a mut StrArena,
}

#[derive(Clone, Copy)]
pub(crate) enum OutValue {
    Unset,
    Data(StateData),
    Table(TableRef),
}

macro_rules! out_number {
    ($($(#[$doc:meta])* $name:ident($ty:ty);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self, value: $ty) {
            self.value = OutValue::Data(<$ty as super::TableValue>::to_data(value));
        }
    )*};
}

impl StateOut<'_> {
    out_number! {
        /// A number.
        i8(i8);
        /// A number.
        i16(i16);
        /// A number.
        i32(i32);
        /// A number.
        i64(i64);
        /// A number.
        u8(u8);
        /// A number.
        u16(u16);
        /// A number.
        u32(u32);
        /// A number.
        u64(u64);
        /// A truth value.
        bool(bool);
    }

    /// A static text.
    pub fn cstr(&mut self, text: &'static CStr) {
        self.value = OutValue::Data(StateData { str: text.as_ptr() });
    }

    /// A text; it is copied, NUL-terminated, and valid until the plugin is given the next event.
    pub fn str_bytes(&mut self, text: &[u8]) {
        self.value = OutValue::Data(StateData { str: self.arena.copy(text) });
    }

    /// The sub-table of kind `id` that lies in the entry `parent`.
    pub fn table(&mut self, id: u32, parent: EntryRef) {
        self.value = OutValue::Table(TableRef { id, parent });
    }

    /// The bits of an integer of any width, or of a truth value.
    pub(super) fn bits(&mut self, bits: u64) {
        // Little-endian (asserted in this crate), so the narrower members see the low bits.
        self.value = OutValue::Data(StateData { u64: bits });
    }
}

const _: () = assert!(cfg!(target_endian = "little"), "captures and state values are little-endian");

/// Memory for texts, in pieces that never move until all are dropped together.
#[derive(Default)]
pub(crate) struct StrArena {
    /// Each piece has a fixed capacity; only the last is being filled.
    pieces: Vec<Vec<u8>>,
}

impl StrArena {
    const PIECE: usize = 16 * 1024;

    /// Forgets all texts; keeps one piece of memory.
    #[inline]
    pub(crate) fn reset(&mut self) {
        if self.pieces.len() > 1 {
            self.pieces.truncate(1);
        }
        if let Some(first) = self.pieces.first_mut() {
            first.clear();
        }
    }

    /// Copies a text and terminates it.
    fn copy(&mut self, text: &[u8]) -> *const core::ffi::c_char {
        let need = text.len() + 1;
        let fits = self.pieces.last().is_some_and(|p| p.capacity() - p.len() >= need);
        if !fits {
            self.pieces.push(Vec::with_capacity(need.max(Self::PIECE)));
        }
        let Some(piece) = self.pieces.last_mut() else { return c"".as_ptr() };
        let at = piece.len();
        // Within the capacity, so the memory stays where it is.
        piece.extend_from_slice(text);
        piece.push(0);
        piece.as_ptr().wrapping_add(at).cast()
    }
}
