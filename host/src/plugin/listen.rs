//! Telling plugins that a capture begins and ends.

use lanner_plugin_api::raw::{CaptureListenInput, RoutineVtable};

use super::call;
use super::capability::Capabilities;
use super::error::{Function, PluginError};
use super::owner::{Owner, get_owner_last_error};
use super::routines;
use super::tables::dispatch;
use super::tables::scope::CallScope;

/// Which end of the capture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    Open,
    Close,
}

/// Tells one plugin, if it listens.
pub(super) fn tell(owner: &Owner, moment: Moment) -> Result<(), PluginError> {
    let library = owner.library();
    if !library.info().capabilities.contains(Capabilities::CAPTURE_LISTENING) {
        return Ok(());
    }
    let api = library.api();
    let (function, name) = match moment {
        Moment::Open => (api.capture_open, Function("capture_open")),
        Moment::Close => (api.capture_close, Function("capture_close")),
    };
    let Some(function) = function else { return Ok(()) };
    let mut routine: RoutineVtable = routines::VTABLE;
    let input = CaptureListenInput {
        owner: owner.as_raw(),
        routine: &raw mut routine,
        table_reader_ext: dispatch::reader_ext(),
        table_writer_ext: dispatch::writer_ext(),
        get_owner_last_error: Some(get_owner_last_error),
    };
    let _scope = CallScope::enter();
    // SAFETY: the state is alive and this thread is the only one to call on it; the input outlives the call.
    unsafe {
        let rc = function(owner.state(), &raw const input);
        call::check(api, owner.state(), owner.name(), name, rc)
    }
}
