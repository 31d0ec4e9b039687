//! Checks beyond version numbers: the layout of the boundary types with which a Rust plugin was built.

use lanner_plugin_api::export::layout;
use lanner_plugin_api::raw::PluginApi;

use super::error::PluginError;

/// Compares the plugin's layout description, if it has one, with the host's. Plugins in other languages, and those
/// built without it, have none: for them the API version has to do.
///
/// `abi_stable` keeps references to descriptions that it has compared, so the library must stay mapped for ever.
pub(super) fn check_layout(api: &PluginApi, file: &str) -> Result<(), PluginError> {
    let Some(describe) = api.lanner_abi_layout else { return Ok(()) };
    // SAFETY: a function without arguments; it returns what the check expects, and the caller keeps the library mapped.
    unsafe { layout::check_layout(describe()) }
        .map_err(|e| PluginError::IncompatibleLayout { plugin: file.to_owned(), reason: e.to_string() })
}
