//! What can be wrong with a configuration. The texts are Falco's where tools or people look for them.

use std::path::PathBuf;

use thiserror::Error;

use super::env::EndlessExpansion;
use super::path::PathError;

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("Cannot read config file ({}): {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or a `{…}` option is not YAML.
    #[error("Cannot read config file ({place}): {message}")]
    Yaml {
        /// The file, or the option.
        place: String,
        /// What the parser says.
        message: String,
    },
    /// The top of a file is not a map.
    #[error("Cannot read config file ({0}): the document is not a map of keys")]
    NotAMap(String),
    /// A value whose `${…}` do not end.
    #[error("Cannot read config file ({place}): {source}")]
    Env {
        /// The file.
        place: String,
        /// Which variable.
        source: EndlessExpansion,
    },
    /// An included file includes others.
    #[error("Config error: 'config_files' directive in included config file {0}.")]
    NestedInclude(String),
    /// A file includes itself.
    #[error("Config error: 'config_files' directive tried to recursively include main config file: {0}.")]
    IncludesItself(String),
    /// A `config_files` item that is neither a path nor `{path, strategy}`.
    #[error("Config error: 'config_files' item {0} is neither a path nor a map with 'path'")]
    BadInclude(usize),
    /// Rules inside the program that do not exist.
    #[error("there are no rules '{name}' inside the program; there are: {known}")]
    NoBuiltInRules {
        /// As written.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// An option without `=`.
    #[error("Error parsing config option \"{0}\". Must be of the form key=val or key.subkey=val")]
    OptionForm(String),
    /// An option whose key does not lead anywhere.
    #[error("Config error at key \"{key}\": {source}")]
    OptionPath {
        /// The key.
        key: String,
        /// Why.
        source: PathError,
    },
    /// A key whose value is not allowed.
    #[error("Error reading config file ({file}): {what}")]
    Value {
        /// The main file.
        file: String,
        /// Key and reason.
        what: String,
    },
    /// An unknown `rule_matching`.
    #[error("Unknown rule matching strategy \"{0}\"--must be one of first, all")]
    RuleMatching(String),
    /// An unknown `priority`.
    #[error(
        "Unknown priority \"{0}\"--must be one of emergency, alert, critical, error, warning, notice, informational, \
         debug"
    )]
    Priority(String),
    /// An unknown `log_level`.
    #[error("Unknown log level {0}")]
    LogLevel(String),
    /// An unknown `libs_logger.severity`.
    #[error("Unknown sinsp log severity {0}")]
    LibsSeverity(String),
    /// A name in `load_plugins` without its entry in `plugins`.
    #[error("Cannot load plugin '{0}': plugin config not found for given name")]
    UnknownPlugin(String),
    /// A relative library path with `..` that leaves the plugins directory.
    #[error(
        "Error reading config file({file}): could not load plugins config: plugin library_path '{path}' resolves outside \
         the plugins directory ({dir})"
    )]
    PluginPath {
        /// The main file.
        file: String,
        /// The path as written.
        path: String,
        /// The directory.
        dir: &'static str,
    },
}
