//! A plugin's code: a shared object or a built-in's static vtable, checked before anything else happens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner_plugin_api::raw::{API_MAJOR, API_MINOR, API_PATCH, PluginApi};

use super::compat;
use super::error::{Function, PluginError};
use super::info::{self, PluginInfo};
use super::version::Version;

/// The plugin API that this host has.
pub(super) const HOST_API: Version = Version::new(API_MAJOR, API_MINOR, API_PATCH);

/// A loaded and checked plugin library. Any number of plugins can be initialised from it.
pub struct LoadedLibrary {
    api: PluginApi,
    info: PluginInfo,
    path: Option<PathBuf>,
    /// Keeps the code mapped; last, so that everything else is gone before. `None`: it stays mapped anyway.
    _code: Option<libloading::os::unix::Library>,
}

impl LoadedLibrary {
    /// Loads a shared object.
    ///
    /// # Errors
    /// The first thing found wrong, in the order of the upstream loader: file, API version, required symbols,
    /// capabilities, static information.
    pub fn open(path: &Path) -> Result<Arc<Self>, PluginError> {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
        if !path.exists() {
            return Err(PluginError::LibraryNotFound { path: path.to_owned() });
        }
        // A name without a slash would be searched for in the system's directories.
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // SAFETY: loading runs the library's initialisers; that is what loading a plugin means, and the user named it.
        let code = unsafe { Library::open(Some(&absolute), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|e| PluginError::LibraryUnloadable { path: path.to_owned(), reason: e.to_string() })?;
        // SAFETY: a symbol of that name in a plugin is the function of that name of the plugin API.
        let api = unsafe {
            PluginApi::from_symbols(|name| {
                // SAFETY: only the address is taken here.
                code.get::<*const ()>(name).map_or(std::ptr::null(), |symbol| symbol.into_raw().cast_const().cast())
            })
        };
        Self::check(api, &path.display().to_string(), Some(path.to_owned()), Some(code))
    }

    /// Takes a plugin that is linked into the host. It is checked like any other.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn builtin(api: &'static PluginApi) -> Result<Arc<Self>, PluginError> {
        Self::check(*api, "(built-in)", None, None)
    }

    fn check(
        api: PluginApi,
        file: &str,
        path: Option<PathBuf>,
        code: Option<libloading::os::unix::Library>,
    ) -> Result<Arc<Self>, PluginError> {
        let required_api = required_api(&api, file)?;
        require_symbols(&api, file)?;
        let code = match code {
            // A library whose layout description is looked at is never unmapped again: see `compat::check_layout`.
            Some(code) if api.lanner_abi_layout.is_some() => {
                std::mem::forget(code);
                None
            }
            other => other,
        };
        compat::check_layout(&api, file)?;
        let info = PluginInfo::read(&api, required_api, file)?;
        Ok(Arc::new(Self { api, info, path, _code: code }))
    }

    /// What the plugin says of itself.
    #[must_use]
    pub fn info(&self) -> &PluginInfo {
        &self.info
    }

    /// The file that it was loaded from; `None` for a built-in.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether the plugin is linked into the host.
    #[must_use]
    pub fn is_builtin(&self) -> bool {
        self.path.is_none()
    }

    pub(super) fn api(&self) -> &PluginApi {
        &self.api
    }
}

impl std::fmt::Debug for LoadedLibrary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedLibrary").field("name", &self.info.name).field("path", &self.path).finish()
    }
}

/// The API version that the plugin asks for, if this host satisfies it. Asked before any other function is touched.
fn required_api(api: &PluginApi, file: &str) -> Result<Version, PluginError> {
    const GET: Function = Function("get_required_api_version");
    if api.get_required_api_version.is_none() {
        return Err(PluginError::MissingSymbol { plugin: file.to_owned(), symbol: GET });
    }
    let text = info::required_text(api.get_required_api_version, GET.0, file)?;
    let required = Version::parse(&text).ok_or_else(|| PluginError::InvalidVersion {
        plugin: file.to_owned(),
        function: GET,
        text: text.clone(),
    })?;
    HOST_API.satisfies(required).map_err(|reason| PluginError::IncompatibleApi {
        plugin: file.to_owned(),
        required,
        host: HOST_API,
        reason,
    })?;
    Ok(required)
}

fn require_symbols(api: &PluginApi, file: &str) -> Result<(), PluginError> {
    let required = [
        ("init", api.init.is_some()),
        ("destroy", api.destroy.is_some()),
        ("get_last_error", api.get_last_error.is_some()),
        ("get_name", api.get_name.is_some()),
        ("get_description", api.get_description.is_some()),
        ("get_contact", api.get_contact.is_some()),
        ("get_version", api.get_version.is_some()),
    ];
    match required.iter().find(|(_, there)| !there) {
        None => Ok(()),
        Some((missing, _)) => Err(PluginError::MissingSymbol { plugin: file.to_owned(), symbol: Function(missing) }),
    }
}
