//! The functions behind the tables that a plugin offers.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};

use super::table_hub::{EntrySlot, FieldList, FieldSlot, Slot, TableHub, Vtables};
use crate::raw::{self, Bool, Rc, StateData, StateType};
use crate::sdk::{EntryRef, Error, OutValue, ProvideTables, StateOut, StateValue, TableFault, TableRef};

/// The functions for the tables of `P`.
pub(super) fn vtables<P: ProvideTables>() -> Vtables {
    Vtables {
        reader: raw::TableReaderVtableExt {
            get_table_name: Some(name),
            get_table_size: Some(size::<P>),
            get_table_entry: Some(get::<P>),
            read_entry_field: Some(read::<P>),
            release_table_entry: Some(release::<P>),
            iterate_entries: Some(iterate::<P>),
        },
        writer: raw::TableWriterVtableExt {
            clear_table: Some(clear::<P>),
            erase_table_entry: Some(erase::<P>),
            create_table_entry: Some(create::<P>),
            destroy_table_entry: Some(destroy::<P>),
            add_table_entry: Some(add::<P>),
            write_entry_field: Some(write::<P>),
        },
        fields: raw::TableFieldsVtableExt {
            list_table_fields: Some(list_fields::<P>),
            get_table_field: Some(get_field::<P>),
            add_table_field: Some(add_field::<P>),
        },
    }
}

impl From<TableFault> for Error {
    fn from(fault: TableFault) -> Self {
        Error::other(fault)
    }
}

/// Calls `f` with the plugin, the hub and the table that `t` points at.
///
/// # Safety
/// `t` is null or was handed out by the hub of a `P` that lives.
unsafe fn with<P: ProvideTables, R>(
    t: *mut raw::Table,
    what: &'static str,
    fail: R,
    f: impl FnOnce(&mut P, &mut TableHub<P>, &Access) -> Result<R, Error>,
) -> R {
    // SAFETY: the caller vouches for `t`; slots are only written when handed out.
    let Some(slot) = (unsafe { t.cast::<Slot>().as_ref() }) else { return fail };
    let access = Access { state: slot.state, table: slot.table, key_type: slot.decl.key_type };
    // SAFETY: the slot's state is the plugin's, which lives.
    let Some(state) = (unsafe { super::state::state::<P>(access.state) }) else { return fail };
    state.enter(what, fail, |plugin, _, hub| {
        // SAFETY: `enter` lets one call in at a time; nobody else refers to the hub during it.
        f(plugin, unsafe { &mut *UnsafeCell::get(hub) }, &access)
    })
}

struct Access {
    state: *mut raw::PluginState,
    table: TableRef,
    key_type: StateType,
}

impl Access {
    /// # Safety
    /// `key` is null or a key of the table's type.
    unsafe fn key<'a>(&self, key: *const StateData) -> Result<StateValue<'a>, Error> {
        // SAFETY: the caller vouches for it.
        let data = unsafe { key.as_ref() }.ok_or_else(|| Error::Host("key is null"))?;
        // SAFETY: as above.
        unsafe { StateValue::from_data(self.key_type, *data) }.ok_or_else(|| Error::from(TableFault::KeyType))
    }
}

/// The entry that `e` points at, which must be one of this table.
///
/// # Safety
/// `e` is null or was handed out by a hub that lives.
unsafe fn entry(e: *mut raw::TableEntry, access: &Access) -> Result<(usize, EntryRef), Error> {
    // SAFETY: the caller vouches for `e`; slots of entries live as long as the hub.
    let slot = unsafe { e.cast::<EntrySlot>().as_ref() }.ok_or_else(|| Error::Host("entry is null"))?;
    // The parent of a sub-table is not compared: after an entry was added it may go by another name.
    if !slot.live || slot.table.id != access.table.id {
        return Err(TableFault::NoEntry.into());
    }
    Ok((slot.at, slot.entry))
}

/// The field that `f` points at, which must be one of this table.
///
/// # Safety
/// `f` is null or was handed out by a hub that lives.
unsafe fn field(f: *const raw::TableField, access: &Access) -> Result<(u32, StateType), Error> {
    // SAFETY: the caller vouches for `f`; slots of fields live as long as the hub.
    let slot = unsafe { f.cast::<FieldSlot>().as_ref() }.ok_or_else(|| Error::Host("field is null"))?;
    if slot.table_id == access.table.id { Ok((slot.number, slot.ty)) } else { Err(TableFault::NoField.into()) }
}

unsafe extern "C" fn name(t: *mut raw::Table) -> *const c_char {
    // SAFETY: the host passes the table that it was given.
    unsafe { t.cast::<Slot>().as_ref() }.map_or(core::ptr::null(), |s| s.decl.name.as_ptr())
}

unsafe extern "C" fn size<P: ProvideTables>(t: *mut raw::Table) -> u64 {
    // SAFETY: the host passes the table that it was given.
    unsafe { with::<P, _>(t, "get_table_size", u64::MAX, |p, _, a| Ok(p.table_size(a.table))) }
}

unsafe extern "C" fn get<P: ProvideTables>(t: *mut raw::Table, key: *const StateData) -> *mut raw::TableEntry {
    // SAFETY: the host passes the table that it was given, and a key of its type.
    let (entry, missing) = unsafe {
        with::<P, _>(t, "get_table_entry", (core::ptr::null_mut(), core::ptr::null_mut()), |p, hub, a| {
            let key = a.key(key)?;
            Ok(match p.entry(a.table, key) {
                Some(found) => (hub.take_entry(a.table, found), core::ptr::null_mut()),
                None => (core::ptr::null_mut(), a.state),
            })
        })
    };
    // Not an error that would need memory: threads are unknown all the time.
    // SAFETY: the state is the plugin's, which lives.
    if let Some(state) = unsafe { super::state::state::<P>(missing) } {
        state.set_static_error(c"no such entry");
    }
    entry
}

unsafe extern "C" fn read<P: ProvideTables>(
    t: *mut raw::Table,
    e: *mut raw::TableEntry,
    f: *const raw::TableField,
    out: *mut StateData,
) -> Rc {
    // SAFETY: the host passes table, entry and field that it was given, and a place to write to.
    unsafe {
        with::<P, _>(t, "read_entry_field", Rc::FAILURE, |p, hub, a| {
            let (_, entry) = entry(e, a)?;
            let (number, ty) = field(f, a)?;
            let out = out.as_mut().ok_or_else(|| Error::Host("place for the value is null"))?;
            let mut value = StateOut { value: OutValue::Unset, arena: &mut hub.arena };
            p.read_field(a.table, entry, number, &mut value)?;
            match value.value {
                OutValue::Unset => return Err(Error::State("the plugin gave no value")),
                OutValue::Data(_) if ty == StateType::TABLE => return Err(TableFault::FieldType.into()),
                OutValue::Data(data) => *out = data,
                OutValue::Table(sub) => {
                    let decl = p.sub_table(sub.id).filter(|_| ty == StateType::TABLE).ok_or(TableFault::FieldType)?;
                    out.table = hub.sub(a.state, sub, decl);
                }
            }
            Ok(Rc::SUCCESS)
        })
    }
}

unsafe extern "C" fn release<P: ProvideTables>(t: *mut raw::Table, e: *mut raw::TableEntry) {
    // SAFETY: the host passes the table and the entry that it was given.
    unsafe {
        with::<P, _>(t, "release_table_entry", (), |p, hub, a| {
            let (at, entry) = entry(e, a)?;
            hub.give_back(at);
            p.release_entry(a.table, entry);
            Ok(())
        });
    }
}

unsafe extern "C" fn iterate<P: ProvideTables>(
    t: *mut raw::Table,
    it: Option<raw::TableIteratorFn>,
    s: *mut raw::IteratorState,
) -> Bool {
    let Some(it) = it else { return Bool::FALSE };
    // SAFETY: the host passes the table that it was given.
    let all = unsafe {
        with::<P, _>(t, "iterate_entries", None, |p, hub, a| {
            let mut all = core::mem::take(&mut hub.walk);
            all.clear();
            p.entries(a.table, &mut all);
            Ok(Some((all, a.table)))
        })
    };
    let Some((all, table)) = all else { return Bool::FALSE };
    let mut more = true;
    for &e in &all {
        // The plugin is left between two entries: the callback reads them through the functions above.
        // SAFETY: as above.
        let (at, entry) = unsafe {
            with::<P, _>(t, "iterate_entries", (0, core::ptr::null_mut()), |_, hub, _| {
                let entry = hub.take_entry(table, e);
                Ok((
                    self::entry(entry, &Access { state: core::ptr::null_mut(), table, key_type: StateType::INT8 })?.0,
                    entry,
                ))
            })
        };
        if entry.is_null() {
            more = false;
            break;
        }
        // SAFETY: the host passes an iterator function and the state that belongs to it.
        more = unsafe { it(s, entry) }.get();
        // SAFETY: as above.
        unsafe {
            with::<P, _>(t, "iterate_entries", (), |_, hub, _| {
                hub.give_back(at);
                Ok(())
            });
        }
        if !more {
            break;
        }
    }
    // SAFETY: as above.
    unsafe {
        with::<P, _>(t, "iterate_entries", (), |_, hub, _| {
            hub.walk = all;
            Ok(())
        });
    }
    more.into()
}

unsafe extern "C" fn clear<P: ProvideTables>(t: *mut raw::Table) -> Rc {
    // SAFETY: the host passes the table that it was given.
    unsafe {
        with::<P, _>(t, "clear_table", Rc::FAILURE, |p, _, a| {
            p.clear_table(a.table)?;
            Ok(Rc::SUCCESS)
        })
    }
}

unsafe extern "C" fn erase<P: ProvideTables>(t: *mut raw::Table, key: *const StateData) -> Rc {
    // SAFETY: the host passes the table that it was given, and a key of its type.
    unsafe {
        with::<P, _>(t, "erase_table_entry", Rc::FAILURE, |p, _, a| {
            let key = a.key(key)?;
            p.erase_entry(a.table, key)?;
            Ok(Rc::SUCCESS)
        })
    }
}

unsafe extern "C" fn create<P: ProvideTables>(t: *mut raw::Table) -> *mut raw::TableEntry {
    // SAFETY: the host passes the table that it was given.
    unsafe {
        with::<P, _>(t, "create_table_entry", core::ptr::null_mut(), |p, hub, a| {
            let made = p.create_entry(a.table)?;
            Ok(hub.take_entry(a.table, made))
        })
    }
}

unsafe extern "C" fn destroy<P: ProvideTables>(t: *mut raw::Table, e: *mut raw::TableEntry) {
    // SAFETY: the host passes the table and the entry that it was given.
    unsafe {
        with::<P, _>(t, "destroy_table_entry", (), |p, hub, a| {
            let (at, entry) = entry(e, a)?;
            hub.give_back(at);
            p.destroy_entry(a.table, entry);
            Ok(())
        });
    }
}

unsafe extern "C" fn add<P: ProvideTables>(
    t: *mut raw::Table,
    key: *const StateData,
    e: *mut raw::TableEntry,
) -> *mut raw::TableEntry {
    // SAFETY: the host passes the table and the entry that it was given, and a key of the table's type.
    unsafe {
        with::<P, _>(t, "add_table_entry", core::ptr::null_mut(), |p, hub, a| {
            let (at, made) = entry(e, a)?;
            hub.give_back(at);
            let added = a.key(key).and_then(|key| Ok(p.add_entry(a.table, key, made)?))?;
            Ok(hub.take_entry(a.table, added))
        })
    }
}

unsafe extern "C" fn write<P: ProvideTables>(
    t: *mut raw::Table,
    e: *mut raw::TableEntry,
    f: *const raw::TableField,
    input: *const StateData,
) -> Rc {
    // SAFETY: the host passes table, entry and field that it was given, and a value of the field's type.
    unsafe {
        with::<P, _>(t, "write_entry_field", Rc::FAILURE, |p, _, a| {
            let (_, entry) = entry(e, a)?;
            let (number, ty) = field(f, a)?;
            let data = input.as_ref().ok_or_else(|| Error::Host("value is null"))?;
            let value = StateValue::from_data(ty, *data).ok_or(TableFault::ReadOnly)?;
            p.write_field(a.table, entry, number, value)?;
            Ok(Rc::SUCCESS)
        })
    }
}

unsafe extern "C" fn list_fields<P: ProvideTables>(t: *mut raw::Table, n: *mut u32) -> *const raw::TableFieldInfo {
    // SAFETY: the host passes the table that it was given, and a place for the number.
    unsafe {
        with::<P, _>(t, "list_table_fields", core::ptr::null(), |p, hub, a| {
            let n = n.as_mut().ok_or_else(|| Error::Host("place for the number is null"))?;
            let specs = p.table_fields(a.table.id);
            let list = FieldList {
                infos: specs
                    .iter()
                    .map(|s| raw::TableFieldInfo {
                        name: s.name.as_ptr(),
                        field_type: s.ty,
                        read_only: s.read_only.into(),
                    })
                    .collect(),
                _names: specs.into_iter().map(|s| s.name).collect(),
            };
            *n = u32::try_from(list.infos.len()).unwrap_or(u32::MAX);
            hub.field_lists.retain(|(id, _)| *id != a.table.id);
            hub.field_lists.push((a.table.id, list));
            Ok(hub.field_lists.last().map_or(core::ptr::null(), |(_, l)| l.infos.as_ptr()))
        })
    }
}

/// # Safety
/// Null or a NUL-terminated text.
unsafe fn field_name<'a>(name: *const c_char) -> Result<&'a CStr, Error> {
    // SAFETY: the caller vouches for it.
    if name.is_null() { Err(Error::Host("name is null")) } else { Ok(unsafe { CStr::from_ptr(name) }) }
}

unsafe extern "C" fn get_field<P: ProvideTables>(
    t: *mut raw::Table,
    name: *const c_char,
    ty: StateType,
) -> *mut raw::TableField {
    // SAFETY: the host passes the table that it was given, and a text.
    unsafe {
        with::<P, _>(t, "get_table_field", core::ptr::null_mut(), |p, hub, a| {
            let name = field_name(name)?;
            let specs = p.table_fields(a.table.id);
            let at = specs.iter().position(|s| s.name.as_c_str() == name).ok_or(TableFault::NoField)?;
            if specs[at].ty != ty {
                return Err(TableFault::FieldType.into());
            }
            Ok(hub.field(a.table.id, u32::try_from(at).map_err(|_| TableFault::NoField)?, ty))
        })
    }
}

unsafe extern "C" fn add_field<P: ProvideTables>(
    t: *mut raw::Table,
    name: *const c_char,
    ty: StateType,
) -> *mut raw::TableField {
    // SAFETY: the host passes the table that it was given, and a text.
    unsafe {
        with::<P, _>(t, "add_table_field", core::ptr::null_mut(), |p, hub, a| {
            let number = p.add_table_field(a.table.id, field_name(name)?, ty)?;
            Ok(hub.field(a.table.id, number, ty))
        })
    }
}
