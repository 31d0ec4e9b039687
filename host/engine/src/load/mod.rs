//! From the text of rules files to rules ready to run.
//!
//! Stages, each with its own types: YAML with positions ([`crate::yaml`]), items merged over all files, trees with lists,
//! macros and exceptions resolved in them, conditions checked against the fields of their source. [`Loader`] takes one
//! file after the other and tells of each what is wrong with everything so far; [`Loader::source_rules`] compiles what
//! is enabled. Every place in a message leads back to file, line and column, also within folded conditions.
//!
//! Nothing here reads a file: the host hands over names and texts.

mod code;
mod collect;
mod compile;
mod context;
mod decode;
mod describe;
mod exception;
mod item;
mod lists;
mod locate;
mod macros;
mod priority;
mod read;
mod result;
pub mod schema;
mod select;
mod settings;
mod source;
mod spec;
mod version;

use std::sync::Arc;

pub use code::{DeprecatedField, ErrorCode, WarningCode};
pub use context::{Context, ItemKind, Place};
pub use describe::rules_table;
pub use item::PluginRequirement;
pub use priority::Priority;
pub use result::{Diagnostic, LoadResult, Severity, similar};
pub use select::{Selector, matches_wildcard};
pub use settings::{AppendOutput, ENGINE_VERSION, PluginInfo, Settings};
pub use source::{CondText, Files, Origin, SourceFile};
pub use spec::{ExtraField, RuleSpec, SourceRules};
pub use version::Version;

use self::collect::Collection;
use self::compile::Compiled;
use self::read::Reader;
use crate::compile::RuleSet;
use crate::yaml::Node;

/// Takes rules files one after the other; each adds to and may change what the files before it defined.
#[derive(Debug)]
pub struct Loader {
    settings: Settings,
    files: Files,
    collection: Collection,
    compiled: Compiled,
    selectors: Vec<Selector>,
}

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
    /// A loader without files.
    pub fn new(settings: Settings) -> Self {
        Loader {
            settings,
            files: Files::default(),
            collection: Collection::default(),
            compiled: Compiled::default(),
            selectors: Vec::new(),
        }
    }

    /// Loads a file on top of those before it. With an error in the result the rules stay what they were before.
    pub fn load(&mut self, name: &str, text: &str) -> LoadResult {
        self.load_file(name, text).0
    }

    /// [`Loader::load`] with a check of the documents against the rules' JSON schema: it gets each document in the form that
    /// [`schema::to_json`] gives and returns what it finds, or `None` if it cannot check.
    pub fn load_checked(
        &mut self,
        name: &str,
        text: &str,
        mut check: impl FnMut(&serde_json::Value) -> Option<Vec<String>>,
    ) -> LoadResult {
        let (mut result, documents) = self.load_file(name, text);
        let found = documents.iter().map(|document| check(&schema::to_json(document)));
        let warnings: Option<Vec<Vec<String>>> = found.collect();
        result.schema_warnings = warnings.filter(|_| !documents.is_empty()).map(|w| w.concat());
        result
    }

    fn load_file(&mut self, name: &str, text: &str) -> (LoadResult, Vec<Node>) {
        let file = self.files.add(name, text);
        let mut diagnostics = Vec::new();
        let mut reader = Reader {
            file,
            collection: &mut self.collection,
            sources: &self.settings.sources,
            engine: ENGINE_VERSION,
            out: &mut diagnostics,
            all_errors: self.settings.all_errors,
        };
        let (good, documents) = reader.read(text);
        if good || self.settings.all_errors {
            let compiled = compile::compile(&self.collection, &self.settings, &self.files, &mut diagnostics);
            if let Some(compiled) = compiled.filter(|_| good) {
                self.compiled = compiled;
                let selectors = std::mem::take(&mut self.selectors);
                selectors.into_iter().for_each(|selector| self.select(selector));
            }
        }
        (LoadResult { name: name.into(), file, diagnostics, schema_warnings: None }, documents)
    }

    /// Turns rules on or off, whatever the files say; a rule below the priority threshold stays off.
    pub fn select(&mut self, selector: Selector) {
        for rule in self.compiled.rules.iter_mut().filter(|rule| selector.matches(rule)) {
            rule.enabled = selector.enable && rule.priority <= self.settings.threshold;
        }
        self.selectors.push(selector);
    }

    /// The files loaded so far; results need them for names and snippets.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What the loader was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All rules in load order, those that are off included.
    pub fn rules(&self) -> &[RuleSpec] {
        &self.compiled.rules
    }

    /// Whether the files have the rule of this name turned on; selectors and the priority threshold may still turn it off.
    pub fn enabled_by_files(&self, name: &str) -> Option<bool> {
        self.collection.rules.get(name).map(|rule| rule.enabled)
    }

    /// The highest engine version that a file asks for; 0.0.0 if none does.
    pub fn required_engine_version(&self) -> Version {
        self.collection.engine_version
    }

    /// The plugins that the files ask for: each entry is a list of alternatives.
    pub fn required_plugins(&self) -> &[Vec<PluginRequirement>] {
        &self.collection.plugins
    }

    /// Checks the plugins that the files ask for against [`Settings::plugins`]. What it finds counts more than errors in
    /// the rules, which are often its consequence.
    ///
    /// # Errors
    /// The first requirement that is not met.
    pub fn check_plugins(&self) -> Result<(), RequirementError> {
        for alternatives in &self.collection.plugins {
            let found = alternatives.iter().find_map(|required| {
                let loaded = self.settings.plugins.iter().find(|p| p.name == required.name)?;
                Some((required, loaded))
            });
            let Some((required, loaded)) = found else {
                let names: Vec<String> =
                    alternatives.iter().map(|r| format!("{} (>= {})", r.name, r.version)).collect();
                return Err(RequirementError::Missing(names.join(", ")));
            };
            let Some(version) = Version::parse(&loaded.version) else {
                let (name, version) = (loaded.name.clone(), loaded.version.clone());
                return Err(RequirementError::InvalidVersion { name, version });
            };
            if !version.satisfies(required.parsed) {
                return Err(RequirementError::Incompatible {
                    name: loaded.name.clone(),
                    loaded: loaded.version.clone(),
                    required: required.version.clone(),
                });
            }
        }
        Ok(())
    }

    /// Compiles the enabled rules of a source; `None` if the source is not among the settings.
    pub fn source_rules(&self, source: &str) -> Option<SourceRules> {
        let scheme = collect::scheme(&self.settings.sources, source)?.clone();
        let enabled = self.compiled.rules.iter().filter(|rule| &*rule.source == source && rule.enabled);
        let rules: Vec<Arc<RuleSpec>> = enabled.cloned().map(Arc::new).collect();
        let conditions: Vec<_> = rules.iter().map(|rule| &rule.condition).collect();
        let slots = self.compiled.slots.get(source).cloned().unwrap_or_default();
        let set = RuleSet::compile(&conditions, scheme.clone(), slots);
        Some(SourceRules { scheme, rules, set })
    }
}

/// Reads the documents of a rules file without loading it, for the schema check alone.
///
/// # Errors
/// The text is no YAML.
pub fn documents(text: &str) -> Result<Vec<Node>, crate::yaml::YamlError> {
    crate::yaml::parse(text)
}
