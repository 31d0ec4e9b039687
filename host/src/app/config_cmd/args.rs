//! What `lanner config …` is told.

use clap::{Args, Subcommand, ValueEnum};

use crate::app::cli::Configuration;

/// What to do with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print the configuration that holds, and where each value comes from
    #[command(after_help = "Examples:\n  lanner config show -c /etc/falco/falco.yaml\n  \
        lanner config show --all -o json_output=true --json")]
    Show(ShowArgs),
    /// Check a configuration: every mistake with its place and a remedy; nothing is run
    #[command(after_help = "Examples:\n  lanner config check /etc/falco/falco.yaml\n  \
        lanner config check --format json --deny warnings site.yaml\n\n\
        Exit code: 0 if there is no error, 1 if there is, or a warning with --deny warnings.")]
    Check(CheckArgs),
    /// Print every key: what it takes, its default, what it is for
    #[command(after_help = "Example: lanner config keys --format markdown")]
    Keys(KeysArgs),
}

/// `lanner config show`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ShowArgs {
    /// Where settings come from.
    #[command(flatten)]
    pub configuration: Configuration,

    /// Also the keys that nobody set, with their defaults
    #[arg(long)]
    pub all: bool,

    /// Do not mask passwords and tokens
    #[arg(long)]
    pub secrets: bool,

    /// JSON instead of YAML
    #[arg(long)]
    pub json: bool,
}

/// The form of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FindingsForm {
    /// For people: each finding with its line, a caret and a remedy
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// What may be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Denied {
    /// Warnings end with 1, like errors
    Warnings,
}

/// `lanner config check`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct CheckArgs {
    /// The configuration file, instead of -c
    #[arg(value_name = "FILE", conflicts_with = "config")]
    pub file: Option<String>,

    /// Where settings come from.
    #[command(flatten)]
    pub configuration: Configuration,

    /// The form of what is found
    #[arg(long, value_enum, default_value_t)]
    pub format: FindingsForm,

    /// What beside errors makes the exit status 1
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Denied>,
}

/// `lanner config keys`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct KeysArgs {
    /// The form of the table
    #[arg(long, value_enum, default_value_t)]
    pub format: KeysForm,
}

/// The form of the table of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum KeysForm {
    /// Text
    #[default]
    Text,
    /// Markdown
    Markdown,
    /// JSON
    Json,
}

impl ConfigCommand {
    /// The options that say which configuration is meant.
    pub fn configuration(&self) -> Configuration {
        match self {
            Self::Show(args) => args.configuration.clone(),
            Self::Check(args) => match &args.file {
                Some(file) => args.configuration.clone().with_file(file),
                None => args.configuration.clone(),
            },
            Self::Keys(_) => Configuration::default(),
        }
    }
}
