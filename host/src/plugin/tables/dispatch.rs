//! The functions that plugins call on tables of others.
//!
//! They run inside calls of the host into the calling plugin, take nothing for granted that they can check, and never
//! panic. What the owner of a table returns goes back to the caller, apart from what is wrapped: accessors of fields
//! (so that their type is known when they are used) and sub-tables.

use std::ffi::c_char;
use std::ptr::{self, NonNull};

use lanner_plugin_api::raw::{
    Bool, IteratorState, Rc, StateData, StateType, Table, TableEntry, TableField, TableFieldInfo, TableFieldsVtable,
    TableInput, TableIteratorFn, TableReaderVtable, TableReaderVtableExt, TableWriterVtable,
};

use super::handle::{FieldHandle, Handle, Target, failed, name_of};
use super::scope;
use crate::plugin::error::TableFault;
use crate::plugin::owner::Owner;

pub(in crate::plugin) const READER_EXT: TableReaderVtableExt = TableReaderVtableExt {
    get_table_name: Some(get_name),
    get_table_size: Some(get_size),
    get_table_entry: Some(get_entry),
    read_entry_field: Some(read_field),
    release_table_entry: Some(release_entry),
    iterate_entries: Some(iterate),
};

pub(in crate::plugin) const READER: TableReaderVtable = TableReaderVtable {
    get_table_name: Some(get_name),
    get_table_size: Some(get_size),
    get_table_entry: Some(get_entry),
    read_entry_field: Some(read_field),
};

pub(in crate::plugin) const WRITER: TableWriterVtable = TableWriterVtable {
    clear_table: Some(clear),
    erase_table_entry: Some(erase_entry),
    create_table_entry: Some(create_entry),
    destroy_table_entry: Some(destroy_entry),
    add_table_entry: Some(add_entry),
    write_entry_field: Some(write_field),
};

pub(in crate::plugin) const FIELDS: TableFieldsVtable = TableFieldsVtable {
    list_table_fields: Some(list_fields),
    get_table_field: Some(get_field),
    add_table_field: Some(add_field),
};

/// The same at an address: what plugins get pointers to. Nobody writes there; the API has merely no `const`.
pub(in crate::plugin) fn reader_ext() -> *mut TableReaderVtableExt {
    (&raw const STATIC_READER_EXT).cast_mut()
}

/// As [`reader_ext`].
pub(in crate::plugin) fn writer_ext() -> *mut TableWriterVtable {
    (&raw const STATIC_WRITER).cast_mut()
}

/// As [`reader_ext`].
pub(in crate::plugin) fn fields_ext() -> *mut TableFieldsVtable {
    (&raw const STATIC_FIELDS).cast_mut()
}

static STATIC_READER_EXT: TableReaderVtableExt = READER_EXT;
static STATIC_WRITER: TableWriterVtable = WRITER;
static STATIC_FIELDS: TableFieldsVtable = FIELDS;

/// The handle that a plugin passes, with its owner's function; on failure the error text is set.
///
/// # Safety
/// `t` is as [`Handle::from_table`] demands.
unsafe fn resolve<'a, F>(t: *mut Table, function: impl FnOnce(&Target) -> Option<F>) -> Option<(&'a Handle, F)> {
    // SAFETY: the caller's promise.
    let handle = match unsafe { Handle::from_table(t) } {
        Ok(handle) => handle,
        Err(fault) => {
            scope::set_error(ptr::null(), &fault);
            return None;
        }
    };
    if let Err(fault) = scope::require() {
        scope::set_error(handle.user, &fault);
        return None;
    }
    let Some(function) = function(&handle.target) else {
        scope::set_error(handle.user, &TableFault::BrokenVtable("table"));
        return None;
    };
    Some((handle, function))
}

/// Leaves the owner's error for the user if `ok` is false.
fn note(handle: &Handle, ok: bool) {
    if !ok {
        scope::set_error_of_provider(handle.user, handle.provider);
    }
}

unsafe extern "C" fn get_name(t: *mut Table) -> *const c_char {
    // SAFETY: called by a plugin with a table that it got from the host.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.reader.get_table_name) }) else { return ptr::null() };
    // SAFETY: the owner's function on the owner's table.
    unsafe { f(handle.target.table) }
}

unsafe extern "C" fn get_size(t: *mut Table) -> u64 {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.reader.get_table_size) }) else { return u64::MAX };
    // SAFETY: the owner's function on the owner's table.
    let size = unsafe { f(handle.target.table) };
    note(handle, size != u64::MAX);
    size
}

unsafe extern "C" fn get_entry(t: *mut Table, key: *const StateData) -> *mut TableEntry {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.reader.get_table_entry) }) else { return ptr::null_mut() };
    if key.is_null() {
        scope::set_error(handle.user, &TableFault::Null("key"));
        return ptr::null_mut();
    }
    // SAFETY: the owner's function on the owner's table; the key is the caller's.
    let entry = unsafe { f(handle.target.table, key) };
    note(handle, !entry.is_null());
    if let (false, Some(release)) = (entry.is_null(), handle.target.reader.release_table_entry) {
        scope::hold(handle.target.table, entry, release);
    }
    entry
}

unsafe extern "C" fn release_entry(t: *mut Table, e: *mut TableEntry) {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.reader.release_table_entry) }) else { return };
    // An entry that is not held is one that was given back already: doing it twice would free it twice.
    if scope::let_go(handle.target.table, e) {
        // SAFETY: the owner's function on an entry that it handed out during this call.
        unsafe { f(handle.target.table, e) };
    }
}

unsafe extern "C" fn iterate(t: *mut Table, it: Option<TableIteratorFn>, s: *mut IteratorState) -> Bool {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.reader.iterate_entries) }) else { return Bool::FALSE };
    if it.is_none() {
        scope::set_error(handle.user, &TableFault::Null("iterator function"));
        return Bool::FALSE;
    }
    // SAFETY: the owner's function on the owner's table; the iterator function is the caller's.
    unsafe { f(handle.target.table, it, s) }
}

/// The accessor that a plugin passes.
///
/// # Safety
/// `f` is null or came from the host.
unsafe fn accessor<'a>(handle: &Handle, f: *const TableField) -> Result<&'a FieldHandle, TableFault> {
    let f: *const FieldHandle = f.cast();
    if f.is_null() {
        return Err(TableFault::Null("field"));
    }
    if !f.is_aligned() {
        return Err(TableFault::StaleHandle);
    }
    // SAFETY: not null, aligned, the caller's promise; accessors live as long as the plugin that got them.
    let f = unsafe { &*f };
    if f.provider == handle.provider { Ok(f) } else { Err(TableFault::StaleHandle) }
}

unsafe extern "C" fn read_field(
    t: *mut Table,
    e: *mut TableEntry,
    field: *const TableField,
    out: *mut StateData,
) -> Rc {
    // SAFETY: as in `get_name`.
    let Some((handle, read)) = (unsafe { resolve(t, |x| x.reader.read_entry_field) }) else { return Rc::FAILURE };
    // SAFETY: a field that the plugin got from the host.
    let field = match unsafe { accessor(handle, field) } {
        Ok(field) => field,
        Err(fault) => return failed(handle.user, &fault),
    };
    if e.is_null() || out.is_null() {
        return failed(handle.user, &TableFault::Null("entry or value"));
    }
    // SAFETY: the owner's function with the owner's table, entry and field, and the caller's value.
    let rc = unsafe { read(handle.target.table, e, field.field, out) };
    if rc != Rc::SUCCESS {
        note(handle, false);
        return rc;
    }
    match field.ty {
        StateType::TABLE => {
            // SAFETY: the owner has just written the table's description there.
            let input = unsafe { (*out).table }.cast::<TableInput>();
            let Some(input) = NonNull::new(input) else {
                return failed(handle.user, &TableFault::BadOwner("a null sub-table"));
            };
            // SAFETY: what an owner gives as a table is a description of the table, valid until the call ends.
            let target = unsafe { Target::check(input.as_ref(), false) };
            match target {
                Ok(target) => {
                    let table = scope::ephemeral(target, handle.provider, handle.user);
                    // SAFETY: not null, and the caller's.
                    unsafe { (*out).table = table };
                    Rc::SUCCESS
                }
                Err(fault) => failed(handle.user, &fault),
            }
        }
        StateType::STRING => {
            // SAFETY: the owner has just written a string there; users may rely on it not being null.
            unsafe {
                if (*out).str.is_null() {
                    (*out).str = c"".as_ptr();
                }
            }
            Rc::SUCCESS
        }
        _ => Rc::SUCCESS,
    }
}

unsafe extern "C" fn clear(t: *mut Table) -> Rc {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.writer.clear_table) }) else { return Rc::FAILURE };
    // SAFETY: the owner's function on the owner's table.
    let rc = unsafe { f(handle.target.table) };
    note(handle, rc == Rc::SUCCESS);
    rc
}

unsafe extern "C" fn erase_entry(t: *mut Table, key: *const StateData) -> Rc {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.writer.erase_table_entry) }) else { return Rc::FAILURE };
    if key.is_null() {
        return failed(handle.user, &TableFault::Null("key"));
    }
    // SAFETY: the owner's function on the owner's table; the key is the caller's.
    let rc = unsafe { f(handle.target.table, key) };
    note(handle, rc == Rc::SUCCESS);
    rc
}

unsafe extern "C" fn create_entry(t: *mut Table) -> *mut TableEntry {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.writer.create_table_entry) }) else { return ptr::null_mut() };
    // SAFETY: the owner's function on the owner's table.
    let entry = unsafe { f(handle.target.table) };
    note(handle, !entry.is_null());
    if let (false, Some(destroy)) = (entry.is_null(), handle.target.writer.destroy_table_entry) {
        scope::hold(handle.target.table, entry, destroy);
    }
    entry
}

unsafe extern "C" fn destroy_entry(t: *mut Table, e: *mut TableEntry) {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.writer.destroy_table_entry) }) else { return };
    if scope::let_go(handle.target.table, e) {
        // SAFETY: the owner's function on an entry that it created during this call.
        unsafe { f(handle.target.table, e) };
    }
}

unsafe extern "C" fn add_entry(t: *mut Table, key: *const StateData, e: *mut TableEntry) -> *mut TableEntry {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.writer.add_table_entry) }) else { return ptr::null_mut() };
    if key.is_null() || e.is_null() {
        scope::set_error(handle.user, &TableFault::Null("key or entry"));
        return ptr::null_mut();
    }
    // The owner takes the created entry, whether it succeeds or not.
    if !scope::let_go(handle.target.table, e) {
        scope::set_error(handle.user, &TableFault::BadOwner("an entry that was not created in this call"));
        return ptr::null_mut();
    }
    // SAFETY: the owner's function with an entry that it created during this call.
    let entry = unsafe { f(handle.target.table, key, e) };
    note(handle, !entry.is_null());
    if let (false, Some(release)) = (entry.is_null(), handle.target.reader.release_table_entry) {
        scope::hold(handle.target.table, entry, release);
    }
    entry
}

unsafe extern "C" fn write_field(
    t: *mut Table,
    e: *mut TableEntry,
    field: *const TableField,
    input: *const StateData,
) -> Rc {
    // SAFETY: as in `get_name`.
    let Some((handle, write)) = (unsafe { resolve(t, |x| x.writer.write_entry_field) }) else { return Rc::FAILURE };
    // SAFETY: a field that the plugin got from the host.
    let field = match unsafe { accessor(handle, field) } {
        Ok(field) => field,
        Err(fault) => return failed(handle.user, &fault),
    };
    if e.is_null() || input.is_null() {
        return failed(handle.user, &TableFault::Null("entry or value"));
    }
    if field.ty == StateType::TABLE {
        return failed(handle.user, &TableFault::TableField);
    }
    // SAFETY: not null, the caller's; a field of type string carries a string.
    if field.ty == StateType::STRING && unsafe { (*input).str }.is_null() {
        return failed(handle.user, &TableFault::Null("string"));
    }
    // SAFETY: the owner's function with the owner's table, entry and field.
    let rc = unsafe { write(handle.target.table, e, field.field, input) };
    note(handle, rc == Rc::SUCCESS);
    rc
}

unsafe extern "C" fn list_fields(t: *mut Table, n: *mut u32) -> *const TableFieldInfo {
    // SAFETY: as in `get_name`.
    let Some((handle, f)) = (unsafe { resolve(t, |x| x.fields.list_table_fields) }) else { return ptr::null() };
    if n.is_null() {
        scope::set_error(handle.user, &TableFault::Null("count"));
        return ptr::null();
    }
    // SAFETY: the owner's function on the owner's table; the count is the caller's.
    let infos = unsafe { f(handle.target.table, n) };
    note(handle, !infos.is_null());
    infos
}

unsafe extern "C" fn get_field(t: *mut Table, name: *const c_char, ty: StateType) -> *mut TableField {
    // SAFETY: as in `get_name`.
    unsafe { field(t, name, ty, |x| x.fields.get_table_field) }
}

unsafe extern "C" fn add_field(t: *mut Table, name: *const c_char, ty: StateType) -> *mut TableField {
    // SAFETY: as in `get_name`.
    unsafe { field(t, name, ty, |x| x.fields.add_table_field) }
}

/// # Safety
/// As `get_name`; `name` is null or a NUL-terminated string.
unsafe fn field(
    t: *mut Table,
    name: *const c_char,
    ty: StateType,
    function: impl FnOnce(&Target) -> Option<lanner_plugin_api::raw::TableFieldFn>,
) -> *mut TableField {
    // SAFETY: the caller's promise.
    let Some((handle, f)) = (unsafe { resolve(t, function) }) else { return ptr::null_mut() };
    // SAFETY: the caller's promise.
    if let Err(fault) = unsafe { name_of(name) } {
        scope::set_error(handle.user, &fault);
        return ptr::null_mut();
    }
    if ty.name().is_none() {
        scope::set_error(handle.user, &TableFault::UnsupportedType { what: "field", ty });
        return ptr::null_mut();
    }
    // SAFETY: the owner's function on the owner's table; the name is the caller's.
    let field = unsafe { f(handle.target.table, name, ty) };
    if field.is_null() {
        note(handle, false);
        return ptr::null_mut();
    }
    // SAFETY: the user of a handle is the plugin that calls, whose owner is alive.
    let user: &Owner = unsafe { &*handle.user };
    match user.accessor(FieldHandle { field, ty, provider: handle.provider }) {
        Ok(accessor) => accessor.cast(),
        Err(fault) => {
            scope::set_error(handle.user, &fault);
            ptr::null_mut()
        }
    }
}
