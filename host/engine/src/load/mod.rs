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
mod enforce;
mod exception;
mod fix;
mod history;
mod item;
mod lint;
mod lists;
mod locate;
mod macros;
mod priority;
mod read;
mod require;
mod result;
pub mod schema;
mod select;
mod settings;
mod source;
mod spec;
mod version;

use std::sync::Arc;

pub use code::{DeprecatedField, ErrorCode, LintCode, WarningCode};
pub use context::{Context, FileRange, ItemKind, Place};
pub use describe::rules_table;
pub use fix::{Edit, apply};
pub use history::{Touch, TouchAction};
pub use item::PluginRequirement;
pub use lint::LintOptions;
pub use priority::Priority;
pub use require::RequirementError;
pub use result::{Diagnostic, LoadResult, Related, Severity, similar};
pub use select::{Selector, matches_wildcard};
pub use settings::{AppendOutput, ENGINE_VERSION, PluginInfo, Settings};
pub use source::{CondText, Files, Origin, SourceFile};
pub use spec::{Enforce, ExtraField, RuleSpec, SourceRules};
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

    /// Loads a file on top of those before it. With an error in the result the rules stay what they were before, unless
    /// [`Settings::per_rule`] asks for the good ones.
    pub fn load(&mut self, name: &str, text: &str) -> LoadResult {
        self.load_file(name, text, |_| ())
    }

    /// [`Loader::load`] with a check of the documents against the rules' JSON schema: it gets each document that does not plainly
    /// fit ([`schema::fits`]) in the form that [`schema::to_json`] gives and returns what it finds, or `None` if it cannot check.
    pub fn load_checked(
        &mut self,
        name: &str,
        text: &str,
        mut check: impl FnMut(&serde_json::Value) -> Option<Vec<String>>,
    ) -> LoadResult {
        let mut warnings = None;
        let result = self.load_file(name, text, |documents| {
            let found = documents.iter().map(|document| match schema::fits(document) {
                true => Some(Vec::new()),
                false => check(&schema::to_json(document)),
            });
            let found: Option<Vec<Vec<String>>> = found.collect();
            warnings = found.filter(|_| !documents.is_empty()).map(|w| w.concat());
        });
        LoadResult { schema_warnings: warnings, ..result }
    }

    /// Loads a file; `look` sees its documents, which are gone before anything is compiled.
    fn load_file(&mut self, name: &str, text: &str, look: impl FnOnce(&[Node])) -> LoadResult {
        let file = self.files.add(name, text);
        let mut diagnostics = Vec::new();
        let mut reader = Reader {
            file,
            collection: &mut self.collection,
            sources: &self.settings.sources,
            engine: ENGINE_VERSION,
            out: &mut diagnostics,
            all_errors: self.settings.go_on(),
            recovered: false,
        };
        let (good, documents) = reader.read(text);
        look(&documents);
        drop(documents);
        let read = diagnostics.len();
        if good || self.settings.go_on() {
            let (compiled, failed) = compile::compile(&self.collection, &self.settings, &self.files, &mut diagnostics);
            if (good && !failed) || self.settings.per_rule {
                self.compiled = compiled;
                let selectors = std::mem::take(&mut self.selectors);
                selectors.into_iter().for_each(|selector| self.select(selector));
            }
        }
        LoadResult { name: name.into(), file, diagnostics, read, schema_warnings: None }
    }

    /// The result for a file that could not be read: an error, so that it is told beside what is wrong with the others.
    pub fn unreadable(&mut self, name: &str, why: &str) -> LoadResult {
        let file = self.files.add(name, "");
        let severity = Severity::Error(ErrorCode::FileRead);
        let diagnostics = vec![Diagnostic::new(severity, why, &Context::file(file))];
        LoadResult { name: name.into(), file, read: diagnostics.len(), diagnostics, schema_warnings: None }
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

    /// The names of rules that are not loaded because of errors, where [`Settings::per_rule`] keeps the others.
    pub fn left_out(&self) -> Vec<&str> {
        let unread = self.collection.broken.iter().filter(|(kind, _)| *kind == ItemKind::Rule);
        let unread = unread.map(|(_, name)| name.as_str()).filter(|name| self.collection.rules.get(name).is_none());
        self.compiled.left_out.iter().map(String::as_str).chain(unread).collect()
    }

    /// The highest engine version that a file asks for; 0.0.0 if none does.
    pub fn required_engine_version(&self) -> Version {
        self.collection.engine_version
    }

    /// The plugins that the files ask for: each entry is a list of alternatives.
    pub fn required_plugins(&self) -> &[Vec<PluginRequirement>] {
        &self.collection.plugins
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
