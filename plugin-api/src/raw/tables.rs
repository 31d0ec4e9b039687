//! State tables: values, descriptions and the vtables through which host and plugins reach each other's tables.

use core::ffi::c_char;

use super::{Bool, IteratorState, Owner, Rc, StateType, Table, TableEntry, TableField, assert_layout};

/// A key or a field's value (`ss_plugin_state_data`); the accompanying [`StateType`] says which member is set.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the members are named after the state types")]
pub union StateData {
    pub s8: i8,
    pub s16: i16,
    pub s32: i32,
    pub s64: i64,
    pub u8: u8,
    pub u16: u16,
    pub u32: u32,
    pub u64: u64,
    pub str: *const c_char,
    pub b: Bool,
    pub table: *mut Table,
}
assert_layout!(StateData, size 8, align 8, s8 = 0, u64 = 0, str = 0, b = 0, table = 0);

impl StateData {
    /// All bytes zero.
    pub const ZERO: Self = Self { u64: 0 };
}

/// Name and key type of a table (`ss_plugin_table_info`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// Name.
    pub name: *const c_char,
    /// Type of the key.
    pub key_type: StateType,
}
assert_layout!(TableInfo, size 16, align 8, name = 0, key_type = 8);

/// A field of a table's entries (`ss_plugin_table_fieldinfo`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct TableFieldInfo {
    /// Name.
    pub name: *const c_char,
    /// Type of the value.
    pub field_type: StateType,
    /// Whether writing it fails.
    pub read_only: Bool,
}
assert_layout!(TableFieldInfo, size 16, align 8, name = 0, field_type = 8, read_only = 12);

/// `list_table_fields`: the array is owned by the table's owner; null on error.
pub type ListTableFieldsFn = unsafe extern "C" fn(t: *mut Table, nfields: *mut u32) -> *const TableFieldInfo;
/// `get_table_field`, `add_table_field`: the accessor is owned by the table's owner; null on error.
pub type TableFieldFn = unsafe extern "C" fn(t: *mut Table, name: *const c_char, ty: StateType) -> *mut TableField;
/// `get_table_name`.
pub type GetTableNameFn = unsafe extern "C" fn(t: *mut Table) -> *const c_char;
/// `get_table_size`: `u64::MAX` on error.
pub type GetTableSizeFn = unsafe extern "C" fn(t: *mut Table) -> u64;
/// `get_table_entry`: null if there is none; else to be released.
pub type GetTableEntryFn = unsafe extern "C" fn(t: *mut Table, key: *const StateData) -> *mut TableEntry;
/// `read_entry_field`.
pub type ReadEntryFieldFn =
    unsafe extern "C" fn(t: *mut Table, e: *mut TableEntry, f: *const TableField, out: *mut StateData) -> Rc;
/// `release_table_entry`.
pub type ReleaseTableEntryFn = unsafe extern "C" fn(t: *mut Table, e: *mut TableEntry);
/// Called by `iterate_entries` for each entry; false stops.
pub type TableIteratorFn = unsafe extern "C" fn(s: *mut IteratorState, e: *mut TableEntry) -> Bool;
/// `iterate_entries`: false on failure and when stopped early.
pub type IterateEntriesFn =
    unsafe extern "C" fn(t: *mut Table, it: Option<TableIteratorFn>, s: *mut IteratorState) -> Bool;
/// `clear_table`.
pub type ClearTableFn = unsafe extern "C" fn(t: *mut Table) -> Rc;
/// `erase_table_entry`.
pub type EraseTableEntryFn = unsafe extern "C" fn(t: *mut Table, key: *const StateData) -> Rc;
/// `create_table_entry`: to be added or destroyed.
pub type CreateTableEntryFn = unsafe extern "C" fn(t: *mut Table) -> *mut TableEntry;
/// `destroy_table_entry`.
pub type DestroyTableEntryFn = unsafe extern "C" fn(t: *mut Table, e: *mut TableEntry);
/// `add_table_entry`: takes the created entry; what it returns is to be released.
pub type AddTableEntryFn =
    unsafe extern "C" fn(t: *mut Table, key: *const StateData, e: *mut TableEntry) -> *mut TableEntry;
/// `write_entry_field`.
pub type WriteEntryFieldFn =
    unsafe extern "C" fn(t: *mut Table, e: *mut TableEntry, f: *const TableField, input: *const StateData) -> Rc;

/// Fields of a table's entries (`ss_plugin_table_fields_vtable` and `…_ext`, which are the same).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default)]
pub struct TableFieldsVtable {
    /// Lists the fields.
    pub list_table_fields: Option<ListTableFieldsFn>,
    /// Finds a field by name and type.
    pub get_table_field: Option<TableFieldFn>,
    /// Defines a field; the same name and type again gives the same field.
    pub add_table_field: Option<TableFieldFn>,
}
assert_layout!(TableFieldsVtable, size 24, align 8, list_table_fields = 0, get_table_field = 8, add_table_field = 16);

/// [`TableFieldsVtable`] under the name of its extended form.
pub type TableFieldsVtableExt = TableFieldsVtable;

/// Reading (`ss_plugin_table_reader_vtable`), the form before API 3.1.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default)]
pub struct TableReaderVtable {
    /// Name of the table.
    pub get_table_name: Option<GetTableNameFn>,
    /// Number of entries.
    pub get_table_size: Option<GetTableSizeFn>,
    /// Finds an entry.
    pub get_table_entry: Option<GetTableEntryFn>,
    /// Reads a field.
    pub read_entry_field: Option<ReadEntryFieldFn>,
}
assert_layout!(TableReaderVtable, size 32, align 8, get_table_name = 0, get_table_size = 8, get_table_entry = 16,
    read_entry_field = 24);

/// Reading (`ss_plugin_table_reader_vtable_ext`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default)]
pub struct TableReaderVtableExt {
    /// Name of the table.
    pub get_table_name: Option<GetTableNameFn>,
    /// Number of entries.
    pub get_table_size: Option<GetTableSizeFn>,
    /// Finds an entry.
    pub get_table_entry: Option<GetTableEntryFn>,
    /// Reads a field.
    pub read_entry_field: Option<ReadEntryFieldFn>,
    /// Gives back an entry.
    pub release_table_entry: Option<ReleaseTableEntryFn>,
    /// Visits all entries.
    pub iterate_entries: Option<IterateEntriesFn>,
}
assert_layout!(TableReaderVtableExt, size 48, align 8, get_table_name = 0, get_table_size = 8, get_table_entry = 16,
    read_entry_field = 24, release_table_entry = 32, iterate_entries = 40);

/// Writing (`ss_plugin_table_writer_vtable` and `…_ext`, which are the same).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default)]
pub struct TableWriterVtable {
    /// Removes all entries.
    pub clear_table: Option<ClearTableFn>,
    /// Removes one entry.
    pub erase_table_entry: Option<EraseTableEntryFn>,
    /// Makes an entry that is not yet in the table.
    pub create_table_entry: Option<CreateTableEntryFn>,
    /// Drops such an entry.
    pub destroy_table_entry: Option<DestroyTableEntryFn>,
    /// Puts such an entry into the table.
    pub add_table_entry: Option<AddTableEntryFn>,
    /// Writes a field.
    pub write_entry_field: Option<WriteEntryFieldFn>,
}
assert_layout!(TableWriterVtable, size 48, align 8, clear_table = 0, erase_table_entry = 8, create_table_entry = 16,
    destroy_table_entry = 24, add_table_entry = 32, write_entry_field = 40);

/// [`TableWriterVtable`] under the name of its extended form.
pub type TableWriterVtableExt = TableWriterVtable;

/// A table that its owner offers to others (`ss_plugin_table_input`). The plain and the extended vtables must carry
/// the same function pointers.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct TableInput {
    /// Name.
    pub name: *const c_char,
    /// Type of the key.
    pub key_type: StateType,
    /// First argument of every function below; not null.
    pub table: *mut Table,
    /// Reading, old form.
    pub reader: TableReaderVtable,
    /// Writing, old form.
    pub writer: TableWriterVtable,
    /// Fields, old form.
    pub fields: TableFieldsVtable,
    /// Reading.
    pub reader_ext: *mut TableReaderVtableExt,
    /// Writing.
    pub writer_ext: *mut TableWriterVtableExt,
    /// Fields.
    pub fields_ext: *mut TableFieldsVtableExt,
}
assert_layout!(TableInput, size 152, align 8, name = 0, key_type = 8, table = 16, reader = 24, writer = 56,
    fields = 104, reader_ext = 128, writer_ext = 136, fields_ext = 144);

/// Tables during `init` (`ss_plugin_init_tables_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct InitTablesInput {
    /// Lists the tables; the array is the owner's.
    pub list_tables: Option<unsafe extern "C" fn(o: *mut Owner, ntables: *mut u32) -> *mut TableInfo>,
    /// Finds a table by name and key type; null on error.
    pub get_table: Option<unsafe extern "C" fn(o: *mut Owner, name: *const c_char, key: StateType) -> *mut Table>,
    /// Offers a table of the plugin.
    pub add_table: Option<unsafe extern "C" fn(o: *mut Owner, input: *const TableInput) -> Rc>,
    /// Fields, old form.
    pub fields: TableFieldsVtable,
    /// Fields.
    pub fields_ext: *mut TableFieldsVtableExt,
    /// Reading.
    pub reader_ext: *mut TableReaderVtableExt,
    /// Writing.
    pub writer_ext: *mut TableWriterVtableExt,
}
assert_layout!(InitTablesInput, size 72, align 8, list_tables = 0, get_table = 8, add_table = 16, fields = 24,
    fields_ext = 48, reader_ext = 56, writer_ext = 64);
