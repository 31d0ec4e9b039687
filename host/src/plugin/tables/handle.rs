//! What users of tables hold instead of pointers into them.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_plugin_api::raw::{
    self, IteratorState, Rc, StateType, Table, TableEntry, TableFieldsVtable, TableInput, TableIteratorFn,
    TableReaderVtableExt, TableWriterVtable,
};

use super::dispatch;
use crate::plugin::error::TableFault;
use crate::plugin::owner::Owner;

/// A table and the functions of its owner, all of them there.
#[derive(Clone, Copy)]
pub(in crate::plugin) struct Target {
    pub(super) name: *const c_char,
    pub(super) key_type: StateType,
    pub(super) table: *mut Table,
    pub(super) reader: TableReaderVtableExt,
    pub(super) writer: TableWriterVtable,
    pub(super) fields: TableFieldsVtable,
}

impl Target {
    /// Checks what an owner offers. `old` owners, built for an API before 3.1, know only the plain vtables.
    ///
    /// # Safety
    /// The pointers in `input` are null or valid for the duration of the call.
    pub(in crate::plugin) unsafe fn check(input: &TableInput, old: bool) -> Result<Self, TableFault> {
        if input.table.is_null() {
            return Err(TableFault::Null("table"));
        }
        let (reader, writer, fields) = if old {
            let reader = TableReaderVtableExt {
                get_table_name: input.reader.get_table_name,
                get_table_size: input.reader.get_table_size,
                get_table_entry: input.reader.get_table_entry,
                read_entry_field: input.reader.read_entry_field,
                release_table_entry: Some(release_nothing),
                iterate_entries: Some(iterate_nothing),
            };
            (reader, input.writer, input.fields)
        } else {
            // SAFETY: the caller's promise; null is looked for here.
            unsafe {
                (
                    *NonNull::new(input.reader_ext).ok_or(TableFault::BrokenVtable("reader"))?.as_ref(),
                    *NonNull::new(input.writer_ext).ok_or(TableFault::BrokenVtable("writer"))?.as_ref(),
                    *NonNull::new(input.fields_ext).ok_or(TableFault::BrokenVtable("fields"))?.as_ref(),
                )
            }
        };
        // Plain and extended vtables must agree: a user of either must reach the same table.
        let plain = input.reader;
        let reader_ok = same(reader.get_table_name.map(|f| f as usize), plain.get_table_name.map(|f| f as usize))
            && same(reader.get_table_size.map(|f| f as usize), plain.get_table_size.map(|f| f as usize))
            && same(reader.get_table_entry.map(|f| f as usize), plain.get_table_entry.map(|f| f as usize))
            && same(reader.read_entry_field.map(|f| f as usize), plain.read_entry_field.map(|f| f as usize))
            && reader.release_table_entry.is_some()
            && reader.iterate_entries.is_some();
        let plain = input.writer;
        let writer_ok = same(writer.clear_table.map(|f| f as usize), plain.clear_table.map(|f| f as usize))
            && same(writer.erase_table_entry.map(|f| f as usize), plain.erase_table_entry.map(|f| f as usize))
            && same(writer.create_table_entry.map(|f| f as usize), plain.create_table_entry.map(|f| f as usize))
            && same(writer.destroy_table_entry.map(|f| f as usize), plain.destroy_table_entry.map(|f| f as usize))
            && same(writer.add_table_entry.map(|f| f as usize), plain.add_table_entry.map(|f| f as usize))
            && same(writer.write_entry_field.map(|f| f as usize), plain.write_entry_field.map(|f| f as usize));
        let plain = input.fields;
        let fields_ok = same(fields.list_table_fields.map(|f| f as usize), plain.list_table_fields.map(|f| f as usize))
            && same(fields.get_table_field.map(|f| f as usize), plain.get_table_field.map(|f| f as usize))
            && same(fields.add_table_field.map(|f| f as usize), plain.add_table_field.map(|f| f as usize));
        match (reader_ok, writer_ok, fields_ok) {
            (false, _, _) => Err(TableFault::BrokenVtable("reader")),
            (_, false, _) => Err(TableFault::BrokenVtable("writer")),
            (_, _, false) => Err(TableFault::BrokenVtable("fields")),
            _ => Ok(Self { name: input.name, key_type: input.key_type, table: input.table, reader, writer, fields }),
        }
    }
}

/// Both there and equal.
fn same(a: Option<usize>, b: Option<usize>) -> bool {
    a.is_some() && a == b
}

unsafe extern "C" fn release_nothing(_t: *mut Table, _e: *mut TableEntry) {}

unsafe extern "C" fn iterate_nothing(
    _t: *mut Table,
    _it: Option<TableIteratorFn>,
    _s: *mut IteratorState,
) -> raw::Bool {
    raw::Bool::FALSE
}

/// The key types that a table may have.
pub(super) fn is_key_type(ty: StateType) -> bool {
    ty.name().is_some() && ty != StateType::TABLE
}

/// Stands for "a live handle". Any other value in its place says that the pointer is none, or has expired.
const LIVE: u64 = 0x4c41_4e4e_4552_5442;

/// What a user of a table gets as `ss_plugin_table_t*`.
///
/// It begins with a description of the table, although the API calls the pointer opaque: the public Rust crate for
/// plugins reads the key's type there, as the upstream host lays it out. The functions in it are those of the host, so
/// whoever calls them gets the same checks.
#[repr(C)]
pub(in crate::plugin) struct Handle {
    description: TableInput,
    live: AtomicU64,
    pub(super) target: Target,
    /// Whose table it is. Alive as long as a permanent handle exists; ephemeral ones live shorter than those.
    pub(super) provider: *const Owner,
    /// Who uses it.
    pub(super) user: *const Owner,
    /// Keeps the provider's side, and the name, alive for permanent handles.
    _keep: Option<(Arc<Owner>, Arc<CStr>)>,
}

impl Handle {
    pub(super) fn permanent(
        mut target: Target,
        name: Arc<CStr>,
        provider: Arc<Owner>,
        user: *const Owner,
    ) -> Box<Self> {
        target.name = name.as_ptr();
        let address = Arc::as_ptr(&provider);
        Self::new(target, address, user, Some((provider, name)))
    }

    pub(super) fn ephemeral(target: Target, provider: *const Owner, user: *const Owner) -> Box<Self> {
        Self::new(target, provider, user, None)
    }

    fn new(
        target: Target,
        provider: *const Owner,
        user: *const Owner,
        keep: Option<(Arc<Owner>, Arc<CStr>)>,
    ) -> Box<Self> {
        let description = TableInput {
            name: target.name,
            key_type: target.key_type,
            table: std::ptr::null_mut(),
            reader: dispatch::READER,
            writer: dispatch::WRITER,
            fields: dispatch::FIELDS,
            reader_ext: dispatch::reader_ext(),
            writer_ext: dispatch::writer_ext(),
            fields_ext: dispatch::fields_ext(),
        };
        let mut handle =
            Box::new(Self { description, live: AtomicU64::new(LIVE), target, provider, user, _keep: keep });
        handle.description.table = handle.as_table();
        handle
    }

    /// Makes an expired ephemeral handle live again, for another table.
    pub(super) fn revive(&mut self, target: Target, provider: *const Owner, user: *const Owner) {
        (self.description.name, self.description.key_type) = (target.name, target.key_type);
        (self.target, self.provider, self.user) = (target, provider, user);
        self.live.store(LIVE, Ordering::Relaxed);
    }

    pub(super) fn expire(&self) {
        self.live.store(0, Ordering::Relaxed);
    }

    pub(super) fn as_table(&self) -> *mut Table {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// The handle behind what a user passes.
    ///
    /// # Safety
    /// `t` is null or came from the host and its memory has not been freed: the memory of permanent handles lives as
    /// long as the plugin that got them, that of ephemeral ones is reused, not freed, while its thread runs.
    pub(super) unsafe fn from_table<'a>(t: *mut Table) -> Result<&'a Self, TableFault> {
        let handle: *const Self = t.cast_const().cast();
        if handle.is_null() {
            return Err(TableFault::Null("table"));
        }
        if !handle.is_aligned() {
            return Err(TableFault::StaleHandle);
        }
        // SAFETY: not null, aligned, and the caller's promise.
        let handle = unsafe { &*handle };
        if handle.live.load(Ordering::Relaxed) != LIVE {
            return Err(TableFault::StaleHandle);
        }
        // SAFETY: a live handle's provider is alive, see the field.
        if unsafe { &*handle.provider }.is_gone() { Err(TableFault::OwnerGone) } else { Ok(handle) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.expire();
    }
}

/// What a user of a table gets as `ss_plugin_table_field_t*`: the owner's accessor with the type that it was asked for.
pub(in crate::plugin) struct FieldHandle {
    pub(in crate::plugin) field: *mut raw::TableField,
    pub(in crate::plugin) ty: StateType,
    pub(in crate::plugin) provider: *const Owner,
}

/// Turns a fault into the failure code, leaving the text for `get_owner_last_error`.
pub(super) fn failed(user: *const Owner, fault: &TableFault) -> Rc {
    super::scope::set_error(user, fault);
    Rc::FAILURE
}

/// The name that a plugin passes.
///
/// # Safety
/// `name` is null or a NUL-terminated string that outlives the result.
pub(super) unsafe fn name_of<'a>(name: *const c_char) -> Result<&'a CStr, TableFault> {
    if name.is_null() {
        return Err(TableFault::Null("name"));
    }
    // SAFETY: not null, and the caller's promise.
    Ok(unsafe { CStr::from_ptr(name) })
}
