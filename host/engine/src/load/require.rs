//! The plugins that rules files ask for, against those that are loaded.

use super::code::ErrorCode;
use super::item::PluginRequirement;
use super::result::{Diagnostic, Severity};
use super::version::Version;
use super::{Loader, Settings};

/// A plugin requirement that the loaded plugins do not meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequirementError {
    /// None of the alternatives is loaded.
    #[error("Plugin requirement not satisfied, must load one of: {0}")]
    Missing(String),
    /// The plugin is loaded in a version that does not do.
    #[error("Plugin '{name}' version '{loaded}' is not compatible with required plugin version '{required}'")]
    Incompatible {
        /// The plugin.
        name: String,
        /// Its version.
        loaded: String,
        /// The version that rules ask for.
        required: String,
    },
    /// The version that the plugin says it has is none.
    #[error("Plugin '{name}' has invalid version string '{version}'")]
    InvalidVersion {
        /// The plugin.
        name: String,
        /// What it says.
        version: String,
    },
}

impl Loader {
    /// Checks the plugins that the files ask for against [`Settings::plugins`]. What it finds counts more than errors in
    /// the rules, which are often its consequence.
    ///
    /// # Errors
    /// The first requirement that is not met.
    pub fn check_plugins(&self) -> Result<(), RequirementError> {
        self.collection.plugins.iter().try_for_each(|alternatives| check(alternatives, &self.settings))
    }

    /// An error for each requirement that is not met, with its place.
    pub fn plugin_errors(&self) -> Vec<Diagnostic> {
        let places = self.collection.plugins.iter().zip(&self.collection.plugin_contexts);
        let unmet = places.filter_map(|(alternatives, context)| {
            let error = check(alternatives, &self.settings).err()?;
            let mut found = Diagnostic::new(Severity::Error(ErrorCode::Validate), error.to_string(), context);
            found.help = Some("load the plugin: `plugins` and `load_plugins` in the configuration".to_owned());
            Some(found)
        });
        unmet.collect()
    }
}

fn check(alternatives: &[PluginRequirement], settings: &Settings) -> Result<(), RequirementError> {
    let found = alternatives.iter().find_map(|required| {
        let loaded = settings.plugins.iter().find(|p| p.name == required.name)?;
        Some((required, loaded))
    });
    let Some((required, loaded)) = found else {
        let names: Vec<String> = alternatives.iter().map(|r| format!("{} (>= {})", r.name, r.version)).collect();
        return Err(RequirementError::Missing(names.join(", ")));
    };
    let Some(version) = Version::parse(&loaded.version) else {
        let (name, version) = (loaded.name.clone(), loaded.version.clone());
        return Err(RequirementError::InvalidVersion { name, version });
    };
    if version.satisfies(required.parsed) {
        return Ok(());
    }
    Err(RequirementError::Incompatible {
        name: loaded.name.clone(),
        loaded: loaded.version.clone(),
        required: required.version.clone(),
    })
}
