//! What a command line asks for, whichever form it had.

use super::check::Check;
use super::record::RecordArgs;
use crate::app::config_cmd::ConfigCommand;
use crate::app::explain::ExplainArgs;
use crate::app::k8saudit_cmd::K8sAuditCommand;
use crate::app::rules_cmd::RulesCommand;

/// The one thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Print the schema of the configuration.
    ConfigSchema,
    /// Print the schema of rule files.
    RuleSchema,
    /// Print the events left out by default for their number.
    IgnoredEvents,
    /// Print the events.
    ListEvents {
        /// In which form.
        format: ListFormat,
    },
    /// Print versions.
    Version,
    /// Print the memory page size.
    PageSize,
    /// Print one plugin's description.
    PluginInfo {
        /// Its name or library path.
        name: String,
    },
    /// Print the configured plugins.
    ListPlugins,
    /// Print the fields.
    ListFields {
        /// Only those of this source.
        source: Option<String>,
        /// Without their descriptions.
        names_only: bool,
        /// In which form.
        format: ListFormat,
    },
    /// Check rule files.
    Validate {
        /// Which.
        files: Vec<String>,
    },
    /// Check rule files: all errors, warnings and lints.
    Check(Check),
    /// Print what a maintainer needs to know.
    Support,
    /// Say whether this machine can be watched.
    Live,
    /// Process events.
    Process {
        /// Everything but the events.
        dry_run: bool,
    },
    /// Look at the configuration without running it.
    Config(ConfigCommand),
    /// Look at rules without running them.
    Rules(RulesCommand),
    /// Connect an API server.
    K8sAudit(K8sAuditCommand),
    /// Say why rules do or do not fire for an event.
    Explain(ExplainArgs),
    /// Run case files.
    Test(super::test::TestOptions),
    /// Write a capture file.
    Record(Box<RecordArgs>),
    /// Look through capture files.
    Replay {
        /// Which, in order.
        files: Vec<String>,
        /// What to show.
        view: ReplayView,
    },
}

/// What `lanner replay` shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayView {
    /// Only events for which this condition holds.
    pub filter: Option<String>,
    /// The line for each event, when no rules are given.
    pub print: Option<String>,
    /// Whether the progress may be shown.
    pub quiet: bool,
    /// How many threads evaluate rules, if the user says so.
    pub threads: Option<u8>,
}

/// How lists are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListFormat {
    /// Plain text.
    #[default]
    Text,
    /// Markdown.
    Markdown,
    /// JSON.
    Json,
}

impl ListFormat {
    /// Reads the word of `--format`, in any case.
    pub fn from_name(name: &str) -> Result<Self, String> {
        match name.to_ascii_lowercase().as_str() {
            "text" => Ok(Self::Text),
            "markdown" => Ok(Self::Markdown),
            "json" => Ok(Self::Json),
            _ => Err(format!("Invalid format '{name}'. Valid values are: text, markdown, json")),
        }
    }
}

/// A whole command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What to do.
    pub action: Action,
    /// The configuration file, if named.
    pub config: Option<String>,
    /// Whether to go on without a configuration file.
    pub config_optional: bool,
    /// `key=value` settings over the configuration, in order.
    pub settings: Vec<String>,
    /// Rule files and folders instead of the configured ones.
    pub rules: Vec<String>,
    /// Describe all rules (`Some(None)`) or one, instead of processing.
    pub describe: Option<Option<String>>,
    /// Sources to use, all others off.
    pub enable_sources: Vec<String>,
    /// Sources not to use.
    pub disable_sources: Vec<String>,
    /// Stop after so many seconds of event time.
    pub stop_after_s: Option<u64>,
    /// Text appended to every rule's output.
    pub print: Option<String>,
    /// Where to write the process id.
    pub pidfile: Option<String>,
    /// Flush each alert.
    pub unbuffered: bool,
    /// Say more.
    pub verbose: bool,
    /// Words of advice about flags that will go.
    pub deprecations: Vec<&'static str>,
    /// The command line as typed.
    pub cmdline: String,
}

impl Options {
    /// The given action with everything else at rest.
    pub fn new(action: Action) -> Self {
        Self {
            action,
            config: None,
            config_optional: false,
            settings: Vec::new(),
            rules: Vec::new(),
            describe: None,
            enable_sources: Vec::new(),
            disable_sources: Vec::new(),
            stop_after_s: None,
            print: None,
            pidfile: None,
            unbuffered: false,
            verbose: false,
            deprecations: Vec::new(),
            cmdline: String::new(),
        }
    }
}
