//! Plugins that are linked into the host, and the rule by which they stand in for a missing file.

use std::path::PathBuf;
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

/// Whether this program can load libraries: one that is linked statically has no loader in it.
const DYNAMIC: bool = cfg!(not(target_feature = "crt-static"));

/// Loads the plugin `name` from the first of `candidates` that exists, or else takes the built-in of that name. In a program
/// that is linked statically built-ins come first, as no file can be loaded.
///
/// Only a missing file is made up for: a library that is there but is broken is an error, since the user asked for it.
///
/// # Errors
/// What [`LoadedLibrary::open`] says of the file found; [`PluginError::LibraryNotFound`] with the first candidate if
/// there is neither file nor built-in; [`PluginError::Static`] if there is a file and a program that cannot load it.
pub fn load_with_fallback(
    name: &str,
    candidates: &[PathBuf],
    builtins: &[BuiltIn],
) -> Result<Arc<LoadedLibrary>, PluginError> {
    load(name, candidates, builtins, DYNAMIC)
}

fn load(
    name: &str,
    candidates: &[PathBuf],
    builtins: &[BuiltIn],
    dynamic: bool,
) -> Result<Arc<LoadedLibrary>, PluginError> {
    let found = candidates.iter().find(|path| path.exists());
    let builtin = builtins.iter().find(|builtin| builtin.name == name);
    match (found, builtin) {
        (Some(path), _) if dynamic => LoadedLibrary::open(path),
        (_, Some(builtin)) => LoadedLibrary::builtin(builtin.api),
        (Some(path), None) => Err(PluginError::Static { path: path.clone() }),
        (None, None) => Err(match candidates.first() {
            Some(path) => PluginError::LibraryNotFound { path: path.clone() },
            None => PluginError::UnknownBuiltIn { plugin: name.to_owned() },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_loader_takes_what_is_inside_it_or_says_what_it_needs() {
        let builtins = [BuiltIn { name: "json", api: &lanner_json::PLUGIN_API }];
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("libjson.so");
        std::fs::write(&file, "no library").unwrap();
        let files = [file.clone()];
        assert!(load("json", &files, &builtins, false).is_ok_and(|library| library.is_builtin()));
        assert!(matches!(load("json", &files, &builtins, true), Err(PluginError::LibraryUnloadable { .. })));
        let error = load("other", &files, &builtins, false).unwrap_err();
        assert!(matches!(&error, PluginError::Static { path } if *path == file), "{error}");
        let absent = [dir.path().join("absent.so")];
        for dynamic in [false, true] {
            assert!(matches!(load("other", &absent, &builtins, dynamic), Err(PluginError::LibraryNotFound { .. })));
            assert!(load("json", &absent, &builtins, dynamic).is_ok_and(|library| library.is_builtin()));
        }
    }
}
