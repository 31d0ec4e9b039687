//! Plugins that are linked into the host, and the rule by which they stand in for a missing file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner_plugin_api::raw::PluginApi;

use super::error::PluginError;
use super::library::LoadedLibrary;

/// A plugin linked into the host.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Name, as configurations write it.
    pub name: &'static str,
    /// Its functions.
    pub api: &'static PluginApi,
}

/// Loads the plugin `name` from the first of `candidates` that exists, or else takes the built-in of that name.
///
/// Only a missing file is made up for: a library that is there but is broken is an error, since the user asked for it.
///
/// # Errors
/// What [`LoadedLibrary::open`] says of the file found; [`PluginError::LibraryNotFound`] with the first candidate if
/// there is neither file nor built-in.
pub fn load_with_fallback(
    name: &str,
    candidates: &[PathBuf],
    builtins: &[BuiltIn],
) -> Result<Arc<LoadedLibrary>, PluginError> {
    if let Some(path) = candidates.iter().find(|path| path.exists()) {
        return LoadedLibrary::open(path);
    }
    match builtins.iter().find(|b| b.name == name) {
        Some(builtin) => LoadedLibrary::builtin(builtin.api),
        None => Err(match candidates.first() {
            Some(path) => PluginError::LibraryNotFound { path: Path::to_owned(path) },
            None => PluginError::UnknownBuiltIn { plugin: name.to_owned() },
        }),
    }
}
