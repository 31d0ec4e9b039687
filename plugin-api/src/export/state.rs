//! The state behind the opaque pointer that `init` returns, and the one way into it.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_char};
use std::any::Any;
use std::borrow::Cow;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::table_hub::TableHub;
use crate::raw;
use crate::sdk::{AsyncShared, Error, FieldBuf, Log, MetricBufs, PreparedField, RoutineCell};

/// Everything that belongs to one initialised plugin.
///
/// Its parts are reached separately and through shared references only, because calls nest: while the plugin's code
/// runs, the host may ask for the text of the last error, or come back for a table of the very same plugin.
pub struct State<P> {
    /// `None` until `new` has succeeded.
    pub(crate) plugin: UnsafeCell<Option<P>>,
    /// What the entry points need beside the plugin.
    pub(crate) side: UnsafeCell<Side>,
    pub(crate) hub: UnsafeCell<TableHub<P>>,
    error: UnsafeCell<Cow<'static, CStr>>,
    busy: Cell<bool>,
}

/// Reused memory and handles of one plugin.
pub struct Side {
    pub(crate) log: Log,
    pub(crate) fields: Vec<FieldBuf>,
    /// Requests that come for many events; the position is the handle.
    pub(crate) prepared: Vec<PreparedField>,
    /// The value of the prepared request that was asked last.
    pub(crate) value: FieldBuf,
    pub(crate) offsets: (Vec<u32>, Vec<u32>),
    pub(crate) metrics: MetricBufs,
    pub(crate) async_target: Arc<AsyncShared>,
    pub(crate) routines: Vec<Arc<RoutineCell>>,
    pub(crate) open_params: CString,
    pub(crate) event_text: CString,
    pub(crate) machine_info: CString,
}

impl<P> State<P> {
    pub(crate) fn new(log: Log) -> Self {
        Self {
            plugin: UnsafeCell::new(None),
            side: UnsafeCell::new(Side {
                log,
                fields: Vec::new(),
                prepared: Vec::new(),
                value: FieldBuf::default(),
                offsets: Default::default(),
                metrics: MetricBufs::default(),
                async_target: Arc::default(),
                routines: Vec::new(),
                open_params: CString::default(),
                event_text: CString::default(),
                machine_info: CString::default(),
            }),
            hub: UnsafeCell::new(TableHub::default()),
            error: UnsafeCell::new(Cow::Borrowed(c"")),
            busy: Cell::new(false),
        }
    }

    /// Address of the text of the last error.
    pub(crate) fn error_ptr(&self) -> *const c_char {
        // SAFETY: the cell is only touched here and in `set_error`, each for the length of a statement.
        unsafe { &*self.error.get() }.as_ptr()
    }

    /// Keeps a text for `get_last_error`.
    #[cold]
    pub(crate) fn set_error(&self, text: &str) {
        let text = Cow::Owned(c_text(text));
        // SAFETY: as in `error_ptr`.
        unsafe { *self.error.get() = text };
    }

    /// Keeps a text that needs no memory, for what happens often.
    pub(crate) fn set_static_error(&self, text: &'static CStr) {
        // SAFETY: as in `error_ptr`.
        unsafe { *self.error.get() = Cow::Borrowed(text) };
    }

    /// Runs `f` with the plugin. Whatever goes wrong, a panic included, becomes `fail` and a text for
    /// `get_last_error`.
    #[inline]
    pub(crate) fn enter<R>(
        &self,
        what: &'static str,
        fail: R,
        f: impl FnOnce(&mut P, &mut Side, &UnsafeCell<TableHub<P>>) -> Result<R, Error>,
    ) -> R {
        if self.busy.replace(true) {
            self.set_error(&format!("{what}: called while another call into the plugin is running"));
            return fail;
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: `busy` makes this the only call that is inside, and the API forbids calls from two threads at
            // once; so these are the only references to plugin and side.
            let (plugin, side) = unsafe { (&mut *self.plugin.get(), &mut *self.side.get()) };
            match plugin {
                Some(plugin) => f(plugin, side, &self.hub),
                None => Err(Error::State("called before the plugin was initialised")),
            }
        }));
        self.busy.set(false);
        match result {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => {
                self.set_error(&error.to_string());
                fail
            }
            Err(payload) => {
                self.set_error(&panic_text(what, payload));
                fail
            }
        }
    }
}

/// A text for C: cut at a NUL inside.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

/// What a panic said.
#[cold]
pub(crate) fn panic_text(what: &str, payload: Box<dyn Any + Send>) -> String {
    let said = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".to_owned());
    // Dropping what was thrown is the plugin's code too and may panic again; then it is leaked.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        core::mem::forget(again);
    }
    format!("panic in {what}: {said}")
}

/// Runs `f` where there is no plugin to keep an error; a panic becomes `fail`.
pub(crate) fn guarded<R>(fail: R, f: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let _ = panic_text("", payload);
        fail
    })
}

/// The state behind a pointer from the host.
///
/// # Safety
/// `s` is null or came from `init::<P>` and was not destroyed.
pub(crate) unsafe fn state<'a, P>(s: *mut raw::PluginState) -> Option<&'a State<P>> {
    // SAFETY: the caller vouches for it; only shared references are ever made to the whole.
    unsafe { s.cast::<State<P>>().as_ref() }
}
