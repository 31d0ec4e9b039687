//! What `lanner explain` is told.

use clap::{Args, ValueEnum};

/// Which event, which rule, how to print.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainArgs {
    /// Capture file that has the event (.scap, gzip or not)
    #[arg(value_name = "FILE", conflicts_with_all = ["json", "case"], required_unless_present_any = ["json", "case"],
          requires = "event")]
    pub file: Option<String>,

    /// Number of the event, as evt.num shows it; of a JSON file the first one if not given
    #[arg(long, value_name = "NUMBER")]
    pub event: Option<u64>,

    /// Rule to explain (of a case, the one that it tests); without it every rule that looks at this type of event is
    /// explained in a line
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,

    /// File of JSON documents that has the event, for the source named by --source
    #[arg(long, value_name = "FILE", requires = "source")]
    pub json: Option<String>,

    /// Source that the JSON documents are for, such as k8s_audit
    #[arg(long, value_name = "SOURCE", requires = "json")]
    pub source: Option<String>,

    /// Case file of rule tests that has the event, with the line of a row where there are several; its rules are used
    /// unless -r names others
    #[arg(long, value_name = "FILE[:LINE]", conflicts_with = "json")]
    pub case: Option<String>,

    /// Step of the case, counted from 1, whose last event is meant; the last step if not given
    #[arg(long, value_name = "NUMBER", requires = "case", conflicts_with = "event")]
    pub step: Option<usize>,

    /// Lists and values in full
    #[arg(long)]
    pub whole: bool,

    /// The form of the explanation
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainForm,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExplainForm {
    /// Text, coloured on a terminal
    #[default]
    Text,
    /// JSON
    Json,
}
