//! What others hold addresses of when a plugin offers tables: tables, entries, accessors of fields, texts.

use core::marker::PhantomData;
use std::ffi::CString;

use super::table_entry::vtables;
use crate::raw::{self, StateType};
use crate::sdk::{EntryRef, ProvideTables, StrArena, TableDecl, TableRef};

/// Everything about a plugin's tables that others hold addresses of.
///
/// Boxes, because addresses are given away; what is no longer in use is used again.
#[allow(clippy::vec_box, reason = "their addresses are given away and must not change when the vector grows")]
pub struct TableHub<P> {
    /// The registered tables, for ever.
    named: Vec<Box<Slot>>,
    /// Sub-tables that were read since the last event.
    subs: Vec<Box<Slot>>,
    subs_used: usize,
    entries: Vec<Box<EntrySlot>>,
    free: Vec<usize>,
    fields: Vec<Box<FieldSlot>>,
    pub(super) field_lists: Vec<(u32, FieldList)>,
    pub(super) arena: StrArena,
    vtables: Option<Box<Vtables>>,
    pub(super) walk: Vec<EntryRef>,
    _plugin: PhantomData<fn() -> P>,
}

impl<P> Default for TableHub<P> {
    fn default() -> Self {
        Self {
            named: Vec::new(),
            subs: Vec::new(),
            subs_used: 0,
            entries: Vec::new(),
            free: Vec::new(),
            fields: Vec::new(),
            field_lists: Vec::new(),
            arena: StrArena::default(),
            vtables: None,
            walk: Vec::new(),
            _plugin: PhantomData,
        }
    }
}

pub(super) struct Vtables {
    pub(super) reader: raw::TableReaderVtableExt,
    pub(super) writer: raw::TableWriterVtableExt,
    pub(super) fields: raw::TableFieldsVtableExt,
}

/// A table as `raw::Table` points at it.
pub(super) struct Slot {
    pub(super) state: *mut raw::PluginState,
    pub(super) table: TableRef,
    pub(super) decl: TableDecl,
    pub(super) input: raw::TableInput,
}

/// An entry as `raw::TableEntry` points at it.
pub(super) struct EntrySlot {
    pub(super) at: usize,
    pub(super) table: TableRef,
    pub(super) entry: EntryRef,
    pub(super) live: bool,
}

/// A field's accessor as `raw::TableField` points at it.
pub(super) struct FieldSlot {
    pub(super) table_id: u32,
    pub(super) number: u32,
    pub(super) ty: StateType,
}

#[derive(Default)]
pub(super) struct FieldList {
    pub(super) infos: Vec<raw::TableFieldInfo>,
    pub(super) _names: Vec<CString>,
}

impl<P> TableHub<P> {
    /// A new event begins: sub-tables and texts of the previous one are no longer in use.
    #[inline]
    pub(crate) fn new_event(&mut self) {
        const KEPT: usize = 64;
        self.subs_used = 0;
        if self.subs.len() > KEPT {
            self.subs.truncate(KEPT);
        }
        self.arena.reset();
    }

    pub(super) fn take_entry(&mut self, table: TableRef, entry: EntryRef) -> *mut raw::TableEntry {
        let at = self.free.pop().unwrap_or_else(|| {
            let at = self.entries.len();
            self.entries.push(Box::new(EntrySlot { at, table, entry, live: false }));
            at
        });
        let slot = &mut self.entries[at];
        (slot.table, slot.entry, slot.live) = (table, entry, true);
        (&raw mut **slot).cast()
    }

    pub(super) fn give_back(&mut self, at: usize) {
        if let Some(slot) = self.entries.get_mut(at).filter(|s| s.live) {
            slot.live = false;
            self.free.push(at);
        }
    }

    pub(super) fn field(&mut self, table_id: u32, number: u32, ty: StateType) -> *mut raw::TableField {
        let known = self.fields.iter().position(|f| f.table_id == table_id && f.number == number);
        let at = known.unwrap_or_else(|| {
            self.fields.push(Box::new(FieldSlot { table_id, number, ty }));
            self.fields.len() - 1
        });
        (&raw mut *self.fields[at]).cast()
    }
}

impl<P: ProvideTables> TableHub<P> {
    /// The tables to register.
    pub(crate) fn register(&mut self, state: *mut raw::PluginState) -> Vec<*const raw::TableInput> {
        for decl in P::TABLES {
            let slot = self.slot(state, TableRef { id: decl.id, parent: EntryRef::default() }, *decl);
            self.named.push(slot);
            if let Some(slot) = self.named.last_mut() {
                slot.input.table = (&raw mut **slot).cast();
            }
        }
        self.named.iter().map(|s| &raw const s.input).collect()
    }

    pub(super) fn sub(&mut self, state: *mut raw::PluginState, table: TableRef, decl: TableDecl) -> *mut raw::Table {
        if self.subs_used == self.subs.len() {
            let slot = self.slot(state, table, decl);
            self.subs.push(slot);
        }
        let slot = &mut self.subs[self.subs_used];
        self.subs_used += 1;
        slot.table = table;
        slot.decl = decl;
        slot.input.name = decl.name.as_ptr();
        slot.input.key_type = decl.key_type;
        slot.input.table = (&raw mut **slot).cast();
        (&raw mut slot.input).cast()
    }

    fn slot(&mut self, state: *mut raw::PluginState, table: TableRef, decl: TableDecl) -> Box<Slot> {
        let v = self.vtables.get_or_insert_with(|| Box::new(vtables::<P>()));
        let input = raw::TableInput {
            name: decl.name.as_ptr(),
            key_type: decl.key_type,
            table: core::ptr::null_mut(),
            reader: raw::TableReaderVtable {
                get_table_name: v.reader.get_table_name,
                get_table_size: v.reader.get_table_size,
                get_table_entry: v.reader.get_table_entry,
                read_entry_field: v.reader.read_entry_field,
            },
            writer: v.writer,
            fields: v.fields,
            reader_ext: &raw mut v.reader,
            writer_ext: &raw mut v.writer,
            fields_ext: &raw mut v.fields,
        };
        Box::new(Slot { state, table, decl, input })
    }
}
