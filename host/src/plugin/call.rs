//! Return codes of plugins turned into results.

use lanner_plugin_api::raw::{PluginApi, PluginState, Rc};

use super::error::{Function, PluginError};
use super::text;

/// What the plugin says of its last error, `None` if it says nothing.
///
/// # Safety
/// `state` is null or a live state of `api`'s plugin, and no other call on it is under way.
pub(super) unsafe fn last_error(api: &PluginApi, state: *mut PluginState) -> Option<String> {
    let get = api.get_last_error?;
    // SAFETY: the caller's promise; the text stays valid until the next call on this state.
    unsafe { text::copy(get(state)) }
}

/// Turns a return code that means success or failure into a result.
///
/// # Safety
/// As [`last_error`].
pub(super) unsafe fn check(
    api: &PluginApi,
    state: *mut PluginState,
    plugin: &str,
    function: Function,
    rc: Rc,
) -> Result<(), PluginError> {
    match rc {
        Rc::SUCCESS => Ok(()),
        // SAFETY: the caller's promise.
        Rc::FAILURE => Err(failure(plugin, function, unsafe { last_error(api, state) })),
        Rc::NOT_SUPPORTED => Err(PluginError::NotSupported { plugin: plugin.to_owned(), function }),
        code => Err(PluginError::UnexpectedCode { plugin: plugin.to_owned(), function, code }),
    }
}

/// The error of a failed call with what the plugin says of it.
pub(super) fn failure(plugin: &str, function: Function, text: Option<String>) -> PluginError {
    let plugin = plugin.to_owned();
    match text {
        Some(text) => PluginError::Failure { plugin, function, text },
        None => PluginError::FailureWithoutText { plugin, function },
    }
}
