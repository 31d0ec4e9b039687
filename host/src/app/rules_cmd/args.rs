//! What `lanner rules …` is told.

use clap::{Args, Subcommand, ValueEnum};
use lanner_engine::load::Priority;

use crate::app::cli::Configuration;

/// What to do with rules.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RulesCommand {
    /// List rules: name, priority, source, whether they are on, maturity, tags, file and line
    #[command(after_help = "Examples:\n  lanner rules list -r rules/syscall\n  \
        lanner rules list -r rules/syscall --priority critical --tag container --format json")]
    List(ListArgs),
    /// Show one rule: its text, what was changed since, and its condition with macros, lists and exceptions in place
    #[command(after_help = "Example: lanner rules show 'Terminal shell in container' -r rules/syscall")]
    Show(ShowArgs),
    /// Lay out rule files in the canonical way; comments and meaning stay
    #[command(after_help = "Examples:\n  lanner rules fmt my_rules.yaml\n  lanner rules fmt --check rules/syscall")]
    Fmt(FmtArgs),
    /// Compare two sets of rule files by their effect; exits with 0 if there is no difference, 1 if there is, 2 on trouble
    #[command(after_help = "Example: lanner rules diff /etc/falco/falco_rules.yaml new/falco_rules.yaml")]
    Diff(DiffArgs),
    /// Print the rules inside the program: their names, or one file
    #[command(after_help = "Examples:\n  lanner rules builtin\n  lanner rules builtin syscall/lanner_rules.yaml")]
    Builtin(BuiltinArgs),
    /// Which tactics and techniques of MITRE ATT&CK the rules' tags name
    #[command(after_help = "Examples:\n  lanner rules coverage -r rules/syscall\n  \
        lanner rules coverage -r rules/syscall --format navigator > layer.json")]
    Coverage(CoverageArgs),
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RulesForm {
    /// Text
    #[default]
    Text,
    /// JSON
    Json,
}

/// Where rules come from.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleInput {
    /// Rule file or folder instead of the configured ones; may be repeated
    #[arg(short = 'r', long, value_name = "PATH")]
    pub rules: Vec<String>,

    /// Where settings come from.
    #[command(flatten)]
    pub configuration: Configuration,
}

/// `lanner rules builtin`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct BuiltinArgs {
    /// The file to print, instead of the names of all
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Where settings come from.
    #[command(flatten)]
    pub configuration: Configuration,
}

/// `lanner rules list`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ListArgs {
    /// The rules.
    #[command(flatten)]
    pub input: RuleInput,

    /// Only rules with this tag; if repeated, with all of them
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,

    /// Only rules of this source
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,

    /// Only rules of this priority or a graver one
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    pub priority: Option<Priority>,

    /// Only rules that are off
    #[arg(long)]
    pub disabled: bool,

    /// The form of the list
    #[arg(long, value_enum, default_value_t)]
    pub format: RulesForm,
}

fn priority(word: &str) -> Result<Priority, String> {
    let known = "emergency, alert, critical, error, warning, notice, informational (info) or debug";
    Priority::from_name(word).ok_or_else(|| format!("a priority is {known}"))
}

/// `lanner rules show`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct ShowArgs {
    /// The rule
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The rules.
    #[command(flatten)]
    pub input: RuleInput,

    /// Lists in the condition as their values instead of their names
    #[arg(long)]
    pub whole: bool,

    /// The form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: RulesForm,
}

/// `lanner rules fmt`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct FmtArgs {
    /// Rule files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,

    /// Change nothing; name the files that are laid out otherwise and exit with 1 if there are any
    #[arg(long)]
    pub check: bool,

    /// Where settings come from.
    #[command(flatten)]
    pub configuration: Configuration,
}

/// `lanner rules diff`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct DiffArgs {
    /// The old rule file or folder
    #[arg(value_name = "OLD")]
    pub old: String,

    /// The new one
    #[arg(value_name = "NEW")]
    pub new: String,

    /// Rule file or folder that is loaded before both, such as the one that they change; may be repeated
    #[arg(long, value_name = "PATH")]
    pub base: Vec<String>,

    /// Where settings come from.
    #[command(flatten)]
    pub configuration: Configuration,

    /// The form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: RulesForm,
}

/// `lanner rules coverage`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct CoverageArgs {
    /// The rules.
    #[command(flatten)]
    pub input: RuleInput,

    /// Count rules that are off too
    #[arg(long)]
    pub disabled: bool,

    /// The form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: CoverageForm,
}

/// The forms of coverage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CoverageForm {
    /// Text
    #[default]
    Text,
    /// JSON
    Json,
    /// A layer for the ATT&CK Navigator
    Navigator,
}

impl RulesCommand {
    /// Where settings come from.
    pub(crate) fn configuration(&self) -> &Configuration {
        match self {
            Self::List(args) => &args.input.configuration,
            Self::Show(args) => &args.input.configuration,
            Self::Fmt(args) => &args.configuration,
            Self::Diff(args) => &args.configuration,
            Self::Builtin(args) => &args.configuration,
            Self::Coverage(args) => &args.input.configuration,
        }
    }
}
