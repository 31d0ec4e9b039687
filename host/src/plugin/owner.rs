//! The host's side of one plugin: what the opaque owner pointer points to.
//!
//! It is created before `init` and outlives `destroy`. Its parts that other threads reach (log, async events, routines)
//! are locked or atomic.

use std::collections::HashMap;
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use lanner_plugin_api::raw::{self, LogSeverity, PluginState, TableField};

use super::async_queue::AsyncTarget;
use super::call;
use super::error::TableFault;
use super::library::LoadedLibrary;
use super::log::LogSink;
use super::routines::Routines;
use super::tables::handle::FieldHandle;
use super::tables::registry::{Registry, UserTables};
use super::tables::scope;
use super::text;

/// Accessors of fields that one plugin may hold: more than any plugin needs, and a bound on what a wrong one can take.
const MAX_ACCESSORS: usize = 1 << 16;

type Accessors = HashMap<(usize, u32), Box<FieldHandle>>;

pub(super) struct Owner {
    this: Weak<Owner>,
    library: Arc<LoadedLibrary>,
    state: AtomicPtr<PluginState>,
    in_init: AtomicBool,
    gone: AtomicBool,
    registry: Arc<Registry>,
    log: Arc<dyn LogSink>,
    tables: Mutex<UserTables>,
    accessors: Mutex<Accessors>,
    pub(super) async_target: RwLock<Option<AsyncTarget>>,
    pub(super) routines: Routines,
}

// SAFETY: the raw pointers inside (handles and accessors of tables) are addresses that are stored here and used only
// by the dispatch functions, on the thread that runs the plugin. All else is locked or atomic.
unsafe impl Send for Owner {}
// SAFETY: as above.
unsafe impl Sync for Owner {}

impl Owner {
    pub(super) fn new(library: Arc<LoadedLibrary>, registry: Arc<Registry>, log: Arc<dyn LogSink>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            library,
            state: AtomicPtr::default(),
            in_init: AtomicBool::new(true),
            gone: AtomicBool::new(false),
            registry,
            log,
            tables: Mutex::default(),
            accessors: Mutex::default(),
            async_target: RwLock::default(),
            routines: Routines::default(),
        })
    }

    pub(super) fn shared(&self) -> Arc<Self> {
        self.this.upgrade().unwrap_or_else(|| unreachable!("an owner exists only inside its Arc"))
    }

    /// The pointer that the plugin gets.
    pub(super) fn as_raw(&self) -> *mut raw::Owner {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    pub(super) fn library(&self) -> &Arc<LoadedLibrary> {
        &self.library
    }

    pub(super) fn name(&self) -> &str {
        &self.library.info().name
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn log(&self) -> &dyn LogSink {
        &*self.log
    }

    pub(super) fn state(&self) -> *mut PluginState {
        self.state.load(Ordering::Acquire)
    }

    /// `init` has returned this state; from now on tables cannot be added.
    pub(super) fn initialised(&self, state: *mut PluginState) {
        self.state.store(state, Ordering::Release);
        self.in_init.store(false, Ordering::Release);
    }

    pub(super) fn in_init(&self) -> bool {
        self.in_init.load(Ordering::Acquire)
    }

    /// The plugin is about to end: its tables are no more, and what it holds of others is given back.
    pub(super) fn end(&self) {
        self.gone.store(true, Ordering::Release);
        self.registry.remove(self);
        *self.tables() = UserTables::default();
        self.accessors.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Plugins for an API before 3.1 know no extended vtables.
    pub(super) fn is_before_ext_vtables(&self) -> bool {
        self.library.info().required_api.minor < 1
    }

    pub(super) fn tables(&self) -> MutexGuard<'_, UserTables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stable address for an accessor; the same one for the same field and type.
    pub(super) fn accessor(&self, field: FieldHandle) -> Result<*mut TableField, TableFault> {
        let mut accessors = self.accessors.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (field.field as usize, field.ty.0);
        if accessors.len() >= MAX_ACCESSORS && !accessors.contains_key(&key) {
            return Err(TableFault::TooManyFields);
        }
        let accessor = accessors.entry(key).or_insert_with(|| Box::new(field));
        Ok(std::ptr::from_mut(&mut **accessor).cast())
    }

    /// What the plugin says of its last error.
    pub(super) fn last_error_text(&self) -> Option<String> {
        let state = self.state();
        // SAFETY: called on the thread that runs the plugin, between or inside calls of it, with a live state.
        (!state.is_null()).then(|| unsafe { call::last_error(self.library.api(), state) }).flatten()
    }
}

pub(super) unsafe extern "C" fn get_owner_last_error(o: *mut raw::Owner) -> *const c_char {
    scope::last_error(o.cast_const().cast())
}

pub(super) unsafe extern "C" fn log_fn(
    o: *mut raw::Owner,
    component: *const c_char,
    message: *const c_char,
    severity: LogSeverity,
) {
    // SAFETY: the plugin passes the owner that it was given, which outlives the plugin's state.
    let Some(owner) = (unsafe { o.cast::<Owner>().as_ref() }) else { return };
    // SAFETY: null or strings of the plugin, valid during the call.
    let (component, message) = unsafe { (text::read(component), text::read(message)) };
    let component = component.as_deref().unwrap_or_else(|| owner.name());
    owner.log.log(component, message.as_deref().unwrap_or_default(), severity);
}
