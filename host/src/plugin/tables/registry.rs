//! The tables of one set of plugins, and the three functions with which plugins reach them during `init`.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use lanner_plugin_api::raw::{self, Rc, StateType, Table, TableInfo, TableInput};

use super::handle::{Handle, Target, failed, is_key_type, name_of};
use super::scope;
use crate::plugin::error::TableFault;
use crate::plugin::owner::Owner;

/// All tables that plugins of a set have added.
#[derive(Default)]
pub(in crate::plugin) struct Registry {
    tables: Mutex<Vec<Registered>>,
}

struct Registered {
    name: Arc<CStr>,
    key_type: StateType,
    target: Target,
    provider: Arc<Owner>,
}

// SAFETY: the pointers in `Target` are used only by the dispatch functions, on threads that the plugins' contract
// allows; the registry itself only stores them.
unsafe impl Send for Registry {}
// SAFETY: as above; the list is behind a mutex.
unsafe impl Sync for Registry {}

impl Registry {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Registered>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names and key types of all tables, in order of their addition.
    pub(in crate::plugin) fn list(&self) -> Vec<(Arc<CStr>, StateType)> {
        self.lock().iter().map(|t| (Arc::clone(&t.name), t.key_type)).collect()
    }

    fn find(&self, name: &CStr, key_type: StateType) -> Result<(Target, Arc<CStr>, Arc<Owner>), TableFault> {
        let tables = self.lock();
        let text = || name.to_string_lossy().into_owned();
        let table = tables.iter().find(|t| *t.name == *name).ok_or_else(|| TableFault::NoTable(text()))?;
        if table.key_type == key_type {
            Ok((table.target, Arc::clone(&table.name), Arc::clone(&table.provider)))
        } else {
            Err(TableFault::KeyType { table: text(), actual: table.key_type, requested: key_type })
        }
    }

    fn add(&self, name: &CStr, key_type: StateType, target: Target, provider: Arc<Owner>) -> Result<(), TableFault> {
        let mut tables = self.lock();
        if tables.iter().any(|t| *t.name == *name) {
            return Err(TableFault::DuplicateTable(name.to_string_lossy().into_owned()));
        }
        tables.push(Registered { name: name.into(), key_type, target, provider });
        Ok(())
    }

    /// Forgets the tables of a plugin that ends.
    pub(in crate::plugin) fn remove(&self, provider: *const Owner) {
        let gone: Vec<Registered> = {
            let mut tables = self.lock();
            let (gone, rest) =
                std::mem::take(&mut *tables).into_iter().partition(|t| Arc::as_ptr(&t.provider) == provider);
            *tables = rest;
            gone
        };
        drop(gone);
    }
}

/// What one plugin has got from the registry. Addresses in here are in the plugin's hands as long as it lives.
#[derive(Default)]
pub(in crate::plugin) struct UserTables {
    handles: Vec<(CString, Box<Handle>)>,
    infos: Vec<TableInfo>,
    names: Vec<Arc<CStr>>,
}

/// The owner that a plugin passes back.
///
/// # Safety
/// `o` is null or the owner that the host gave to a plugin that still lives.
unsafe fn owner<'a>(o: *mut raw::Owner) -> Option<&'a Owner> {
    // SAFETY: the caller's promise.
    unsafe { o.cast::<Owner>().as_ref() }
}

pub(in crate::plugin) unsafe extern "C" fn list_tables(o: *mut raw::Owner, n: *mut u32) -> *mut TableInfo {
    // SAFETY: the plugin passes the owner that it was given.
    let Some(user) = (unsafe { owner(o) }) else { return ptr::null_mut() };
    if n.is_null() {
        scope::set_error(user, &TableFault::Null("count"));
        return ptr::null_mut();
    }
    let list = user.registry().list();
    let mut tables = user.tables();
    tables.infos = list.iter().map(|(name, key_type)| TableInfo { name: name.as_ptr(), key_type: *key_type }).collect();
    tables.names = list.into_iter().map(|(name, _)| name).collect();
    // SAFETY: not null, and the caller's.
    unsafe { *n = u32::try_from(tables.infos.len()).unwrap_or(0) };
    tables.infos.as_mut_ptr()
}

pub(in crate::plugin) unsafe extern "C" fn get_table(
    o: *mut raw::Owner,
    name: *const c_char,
    key_type: StateType,
) -> *mut Table {
    // SAFETY: the plugin passes the owner that it was given, and a string.
    let (user, name) = match unsafe { (owner(o), name_of(name)) } {
        (None, _) => return ptr::null_mut(),
        (Some(user), Ok(name)) => (user, name),
        (Some(user), Err(fault)) => {
            scope::set_error(user, &fault);
            return ptr::null_mut();
        }
    };
    // A table asked for once is found by name alone from then on, as upstream does.
    if let Some((_, handle)) = user.tables().handles.iter().find(|(n, _)| n.as_c_str() == name) {
        return handle.as_table();
    }
    match user.registry().find(name, key_type) {
        Ok((target, name_kept, provider)) => {
            let handle = Handle::permanent(target, name_kept, provider, user);
            let table = handle.as_table();
            user.tables().handles.push((name.to_owned(), handle));
            table
        }
        Err(fault) => {
            scope::set_error(user, &fault);
            ptr::null_mut()
        }
    }
}

pub(in crate::plugin) unsafe extern "C" fn add_table(o: *mut raw::Owner, input: *const TableInput) -> Rc {
    // SAFETY: the plugin passes the owner that it was given.
    let Some(provider) = (unsafe { owner(o) }) else { return Rc::FAILURE };
    // SAFETY: null or the plugin's description of its table.
    let Some(input) = (unsafe { input.as_ref() }) else {
        return failed(provider, &TableFault::Null("table input"));
    };
    // SAFETY: the pointers in the description are the plugin's, valid during the call.
    match unsafe { offer(provider, input) } {
        Ok(()) => Rc::SUCCESS,
        Err(fault) => failed(provider, &fault),
    }
}

/// # Safety
/// The pointers in `input` are null or valid during the call.
unsafe fn offer(provider: &Owner, input: &TableInput) -> Result<(), TableFault> {
    if !provider.in_init() {
        return Err(TableFault::NotInInit);
    }
    // SAFETY: the caller's promise.
    let name = unsafe { name_of(input.name) }?;
    if !is_key_type(input.key_type) {
        return Err(TableFault::UnsupportedType { what: "key", ty: input.key_type });
    }
    // SAFETY: the caller's promise.
    let target = unsafe { Target::check(input, provider.is_before_ext_vtables()) }?;
    provider.registry().add(name, input.key_type, target, provider.shared())
}
