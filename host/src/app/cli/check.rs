//! `lanner check`: what it is asked for.

use clap::{Args, ValueEnum};

use super::options::{Action, Options};
use super::subcommands::Configuration;

/// The form of what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: each finding with its line, a caret, why, and a remedy
    #[default]
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanners
    Sarif,
    /// Workflow commands of GitHub
    Github,
}

/// What may be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings end with 1, like errors
    Warnings,
}

/// Whether and how files are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// In place.
    Write,
    /// Only shown, as a diff.
    Show,
}

/// What `lanner check` is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Files and folders, in load order.
    pub files: Vec<String>,
    /// How findings are told.
    pub format: Format,
    /// Whether a warning makes the end an error.
    pub deny_warnings: bool,
    /// Codes that are not told.
    pub allow: Vec<String>,
    /// Whether every rule is told whether it could kill.
    pub enforce: bool,
    /// Rewrite what is deprecated, instead of telling.
    pub fix: Option<Fix>,
}

/// The flags of `lanner check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Rule files or folders, in the order in which they would be loaded
    #[arg(required = true, value_name = "PATH")]
    files: Vec<String>,
    #[command(flatten)]
    configuration: Configuration,
    /// The form of what is found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// What beside errors makes the exit status 1
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Do not tell what has this code, unless it is an error; may be repeated
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,
    /// Tell of every rule whether the kernel could kill by it (`enforce: kill`), and why not
    #[arg(long)]
    enforce: bool,
    /// Rewrite deprecated forms in the files, keeping everything else as it is
    #[arg(long)]
    fix: bool,
    /// With --fix, show what would change and change nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
}

impl CheckArgs {
    pub(super) fn into_options(self) -> Options {
        let check = Check {
            files: self.files,
            format: if self.json { Format::Json } else { self.format },
            deny_warnings: self.deny.is_some(),
            allow: self.allow,
            enforce: self.enforce,
            fix: self.fix.then_some(if self.dry_run { Fix::Show } else { Fix::Write }),
        };
        self.configuration.options(Action::Check(check), true)
    }
}
