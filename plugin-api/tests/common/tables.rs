//! The host's tables: those that plugins offered, handed on to others.

use std::ffi::{CStr, CString, c_char};
use std::ptr::null_mut;

use lanner_plugin_api::raw::{self, Bool, Rc, StateData, StateType, TableInput};

use super::Owner;

/// A table of this host is the address of the `TableInput` that the plugin gave.
fn input<'a>(t: *mut raw::Table) -> &'a TableInput {
    unsafe { t.cast::<TableInput>().as_ref() }.expect("a table that this host handed out")
}

fn reader<'a>(t: *mut raw::Table) -> &'a raw::TableReaderVtableExt {
    unsafe { input(t).reader_ext.as_ref() }.unwrap()
}

fn writer<'a>(t: *mut raw::Table) -> &'a raw::TableWriterVtableExt {
    unsafe { input(t).writer_ext.as_ref() }.unwrap()
}

fn fields<'a>(t: *mut raw::Table) -> &'a raw::TableFieldsVtableExt {
    unsafe { input(t).fields_ext.as_ref() }.unwrap()
}

macro_rules! forward {
    ($($name:ident = $vt:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        unsafe extern "C" fn $name(t: *mut raw::Table $(, $arg: $ty)*) -> $ret {
            unsafe { $vt(t).$name.unwrap()(input(t).table $(, $arg)*) }
        }
    )*};
}

forward! {
    get_table_name = reader() -> *const c_char;
    get_table_size = reader() -> u64;
    get_table_entry = reader(key: *const StateData) -> *mut raw::TableEntry;
    read_entry_field = reader(e: *mut raw::TableEntry, f: *const raw::TableField, out: *mut StateData) -> Rc;
    release_table_entry = reader(e: *mut raw::TableEntry) -> ();
    iterate_entries = reader(it: Option<raw::TableIteratorFn>, s: *mut raw::IteratorState) -> Bool;
    clear_table = writer() -> Rc;
    erase_table_entry = writer(key: *const StateData) -> Rc;
    create_table_entry = writer() -> *mut raw::TableEntry;
    destroy_table_entry = writer(e: *mut raw::TableEntry) -> ();
    add_table_entry = writer(key: *const StateData, e: *mut raw::TableEntry) -> *mut raw::TableEntry;
    write_entry_field = writer(e: *mut raw::TableEntry, f: *const raw::TableField, v: *const StateData) -> Rc;
    list_table_fields = fields(n: *mut u32) -> *const raw::TableFieldInfo;
    get_table_field = fields(name: *const c_char, ty: StateType) -> *mut raw::TableField;
    add_table_field = fields(name: *const c_char, ty: StateType) -> *mut raw::TableField;
}

fn owner<'a>(o: *mut raw::Owner) -> &'a Owner {
    unsafe { o.cast::<Owner>().as_ref() }.unwrap()
}

unsafe extern "C" fn get_table(o: *mut raw::Owner, name: *const c_char, key: StateType) -> *mut raw::Table {
    let name = unsafe { CStr::from_ptr(name) };
    let owner = owner(o);
    let found = owner.tables.lock().unwrap().iter().copied().find(|&at| {
        let table = unsafe { (at as *const TableInput).as_ref() }.unwrap();
        let its_name = unsafe { CStr::from_ptr(table.name) };
        its_name == name && table.key_type == key
    });
    match found {
        Some(at) => at as *mut raw::Table,
        None => {
            *owner.error.lock().unwrap() = CString::new(format!("no table {name:?} with such keys")).unwrap();
            null_mut()
        }
    }
}

unsafe extern "C" fn add_table(o: *mut raw::Owner, input: *const TableInput) -> Rc {
    owner(o).tables.lock().unwrap().push(input as usize);
    Rc::SUCCESS
}

unsafe extern "C" fn list_tables(o: *mut raw::Owner, n: *mut u32) -> *mut raw::TableInfo {
    let infos: Vec<_> = owner(o)
        .tables
        .lock()
        .unwrap()
        .iter()
        .map(|&at| unsafe { (at as *const TableInput).as_ref() }.unwrap())
        .map(|t| raw::TableInfo { name: t.name, key_type: t.key_type })
        .collect();
    unsafe { *n = infos.len() as u32 };
    Box::leak(infos.into_boxed_slice()).as_mut_ptr()
}

pub static READER: raw::TableReaderVtableExt = raw::TableReaderVtableExt {
    get_table_name: Some(get_table_name),
    get_table_size: Some(get_table_size),
    get_table_entry: Some(get_table_entry),
    read_entry_field: Some(read_entry_field),
    release_table_entry: Some(release_table_entry),
    iterate_entries: Some(iterate_entries),
};

pub static WRITER: raw::TableWriterVtableExt = raw::TableWriterVtableExt {
    clear_table: Some(clear_table),
    erase_table_entry: Some(erase_table_entry),
    create_table_entry: Some(create_table_entry),
    destroy_table_entry: Some(destroy_table_entry),
    add_table_entry: Some(add_table_entry),
    write_entry_field: Some(write_entry_field),
};

static FIELDS: raw::TableFieldsVtableExt = raw::TableFieldsVtableExt {
    list_table_fields: Some(list_table_fields),
    get_table_field: Some(get_table_field),
    add_table_field: Some(add_table_field),
};

pub fn init_tables() -> raw::InitTablesInput {
    raw::InitTablesInput {
        list_tables: Some(list_tables),
        get_table: Some(get_table),
        add_table: Some(add_table),
        fields: FIELDS,
        fields_ext: (&raw const FIELDS).cast_mut(),
        reader_ext: (&raw const READER).cast_mut(),
        writer_ext: (&raw const WRITER).cast_mut(),
    }
}
