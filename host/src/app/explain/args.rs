//! What `lanner explain` is told.

use clap::{Args, ValueEnum};

/// Which event, which rule, how to print.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainArgs {
    /// Capture file that has the event (.scap, gzip or not)
    #[arg(value_name = "FILE", conflicts_with = "json", required_unless_present = "json", requires = "event")]
    pub file: Option<String>,

    /// Number of the event, as evt.num shows it; of a JSON file the first one if not given
    #[arg(long, value_name = "NUMBER")]
    pub event: Option<u64>,

    /// Rule to explain; without it every rule that looks at this type of event is explained in a line
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,

    /// File of JSON documents that has the event, for the source named by --source
    #[arg(long, value_name = "FILE", requires = "source")]
    pub json: Option<String>,

    /// Source that the JSON documents are for, such as k8s_audit
    #[arg(long, value_name = "SOURCE", requires = "json")]
    pub source: Option<String>,

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
