//! Begin and end of a capture, and routines on the host's worker threads.

use core::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::host::HostRef;
use super::{Error, Plugin, TableReader, TableWriter};
use crate::raw;

/// A plugin that is told when a capture begins and ends.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is exported with `listen` but does not implement `sdk::CaptureListener`"
)]
pub trait CaptureListener: Plugin {
    /// The capture has begun: the state tables are filled, no event has come yet.
    ///
    /// # Errors
    /// The plugin cannot go on.
    fn capture_open(&mut self, capture: &mut Capture<'_>) -> Result<(), Error>;

    /// The capture has ended.
    ///
    /// # Errors
    /// Something could not be ended.
    fn capture_close(&mut self, capture: &mut Capture<'_>) -> Result<(), Error>;
}

/// What the host offers at the begin and the end of a capture.
pub struct Capture<'c> {
    pub(crate) host: HostRef,
    pub(crate) routine: raw::RoutineVtable,
    pub(crate) reader: TableReader<'c>,
    pub(crate) writer: TableWriter<'c>,
    pub(crate) routines: &'c mut Vec<Arc<RoutineCell>>,
    pub(crate) _call: PhantomData<&'c ()>,
}

impl<'c> Capture<'c> {
    /// The state tables, for reading.
    #[must_use]
    pub fn tables(&self) -> TableReader<'c> {
        self.reader
    }

    /// The state tables, for writing.
    #[must_use]
    pub fn writer(&self) -> TableWriter<'c> {
        self.writer
    }

    /// Has the host call `step` again and again on one of its worker threads until it returns `false` or the routine
    /// is unsubscribed. A panic ends the routine.
    ///
    /// # Errors
    /// The host runs no routines.
    pub fn subscribe(&mut self, step: impl FnMut() -> bool + Send + 'static) -> Result<RoutineHandle, Error> {
        let subscribe = self.routine.subscribe.ok_or(Error::NotSupported("routines"))?;
        let cell = Arc::new(RoutineCell(Mutex::new(Some(Box::new(step)))));
        let address = Arc::as_ptr(&cell).cast_mut().cast::<raw::RoutineState>();
        // Kept until the plugin ends: only then is it certain that no worker looks at the cell any more.
        self.routines.push(Arc::clone(&cell));
        // SAFETY: owner and function come from the input of this call; the cell outlives the routine (see above).
        let routine = unsafe { subscribe(self.host.owner, Some(run_routine), address) };
        if routine.is_null() {
            self.routines.pop();
            return Err(Error::other(format!("subscribing a routine: {}", self.host.error_text())));
        }
        Ok(RoutineHandle { routine, cell })
    }

    /// Ends a routine; when this returns, it is not running.
    ///
    /// # Errors
    /// The host does not know the routine (any more).
    pub fn unsubscribe(&mut self, handle: RoutineHandle) -> Result<(), Error> {
        handle.cell.end();
        let unsubscribe = self.routine.unsubscribe.ok_or(Error::NotSupported("routines"))?;
        // SAFETY: owner and function come from the input of this call, the routine from `subscribe`.
        match unsafe { unsubscribe(self.host.owner, handle.routine) } {
            raw::Rc::SUCCESS => Ok(()),
            _ => Err(Error::other(format!("unsubscribing a routine: {}", self.host.error_text()))),
        }
    }
}

/// A running routine.
pub struct RoutineHandle {
    routine: *mut raw::Routine,
    cell: Arc<RoutineCell>,
}

// SAFETY: the routine's address is only handed back to the host, by `unsubscribe`; the cell is a mutex over `Send`.
unsafe impl Send for RoutineHandle {}

/// A routine's function; `None` once it has ended.
pub(crate) struct RoutineCell(Mutex<Option<Box<dyn FnMut() -> bool + Send>>>);

impl RoutineCell {
    /// Drops the function, after the step that may be running.
    pub(crate) fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

unsafe extern "C" fn run_routine(_: *mut raw::PluginState, state: *mut raw::RoutineState) -> raw::Bool {
    // SAFETY: the address is that of a cell which lives as long as the plugin (`subscribe`); only shared access.
    let Some(cell) = (unsafe { state.cast::<RoutineCell>().as_ref() }) else { return raw::Bool::FALSE };
    let mut step = cell.0.lock().unwrap_or_else(PoisonError::into_inner);
    let more = step.as_mut().is_some_and(|f| catch_unwind(AssertUnwindSafe(f)).unwrap_or(false));
    if !more {
        *step = None;
    }
    more.into()
}
