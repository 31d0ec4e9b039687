//! What all case files share: plugins to make anew for each row, the fields of the sources, rules loaded once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::cli::Options;
use crate::app::error::AppError;
use crate::app::plugins::{self, BUILT_IN, Library};
use crate::app::process::this_machine;
use crate::app::rules::{self, Rules};
use crate::app::sources::{self, Group, Source};
use crate::config::{Engine, PluginConfig, Settings};
use crate::event::scheme::SYSCALL;
use crate::plugin::PluginSet;

/// Rules of some files, or why they do not load.
pub(super) type Loaded = Arc<Result<Rules, String>>;

/// Shared by all threads.
pub(super) struct Lab<'o> {
    pub(super) options: &'o Options,
    pub(super) settings: Settings,
    pub(super) libraries: Vec<Library>,
    /// The name of this machine, which payloads come from.
    pub(super) hostname: Arc<str>,
    groups: Vec<Group>,
    loaded: Mutex<HashMap<Vec<PathBuf>, Loaded>>,
}

impl<'o> Lab<'o> {
    /// Loads the configured plugins and, since a test is to mean the same everywhere, those built in.
    pub(super) fn new(options: &'o Options, mut settings: Settings) -> Result<Self, AppError> {
        settings.engine = Engine::NoDriver;
        for built_in in BUILT_IN.iter().filter(|built_in| built_in.name != SYSCALL) {
            if settings.plugins.iter().all(|plugin| plugin.name != built_in.name) {
                settings.plugins.push(PluginConfig {
                    name: built_in.name.to_owned(),
                    library: format!("lib{}.so", built_in.name),
                    init_config: String::new(),
                    open_params: String::new(),
                });
            }
        }
        let libraries = plugins::load(&settings)?;
        let groups = sources::build(&libraries, &settings)?;
        Ok(Self { options, settings, libraries, hostname: this_machine(), groups, loaded: Mutex::default() })
    }

    /// The source of this name.
    pub(super) fn source(&self, name: &str) -> Option<&Source> {
        self.groups.iter().flat_map(|group| &group.sources).find(|source| source.name == name)
    }

    /// The names of all sources.
    pub(super) fn source_names(&self) -> Vec<&str> {
        sources::source_names(&self.libraries)
    }

    /// The plugins of a source in the state in which they start: no row sees what another one left behind.
    pub(super) fn plugins(&self, source: &str) -> Result<PluginSet, AppError> {
        sources::plugins(&[source], &self.libraries, plugins::services()).map(|(set, _)| set)
    }

    /// The rules of these files, loaded when they are first asked for.
    pub(super) fn rules(&self, files: &[PathBuf]) -> Loaded {
        // The lock is held while loading: who asks for the same rules would have to wait anyway.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(files) {
            return Arc::clone(known);
        }
        let rules = rules::load(files, self.options, &self.settings, &self.groups, &self.libraries);
        let rules = Arc::new(rules.map_err(|error| error.to_string()));
        loaded.insert(files.to_vec(), Arc::clone(&rules));
        rules
    }
}
