//! The options of `lanner test`.

use clap::{Args, ValueEnum};

use super::options::{Action, Options};
use super::subcommands::Configuration;

/// `lanner test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Case files, or folders with them
    #[arg(value_name = "PATH", default_value = "rules")]
    paths: Vec<String>,
    #[command(flatten)]
    configuration: Configuration,
    /// Rule file or folder instead of those that the case files name; may be repeated
    #[arg(short = 'r', long, value_name = "PATH")]
    rules: Vec<String>,
    /// Only cases whose name, or whose rule's name, matches this regular expression
    #[arg(long, value_name = "REGEX")]
    filter: Option<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// Write the report to this file, and its text form to the terminal as well
    #[arg(long, value_name = "FILE")]
    output: Option<String>,
    /// List the cases, run nothing
    #[arg(long)]
    list: bool,
    /// Print the JSON schema of case files
    #[arg(long)]
    schema: bool,
    /// Leave out each part of each tested condition in turn and report those that no case misses
    #[arg(long)]
    mutate: bool,
    /// Report rules without cases, parts of conditions that never were true or never false, exceptions that never held
    #[arg(long)]
    coverage: bool,
    /// Case files run at the same time; as many as there are processors if not given
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// The forms of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For build servers
    Junit,
}

impl TestArgs {
    pub(super) fn into_options(self) -> Options {
        let test = TestOptions {
            paths: self.paths,
            filter: self.filter,
            format: self.format,
            output: self.output,
            list: self.list,
            schema: self.schema,
            mutate: self.mutate,
            coverage: self.coverage,
            jobs: self.jobs.map(usize::from),
        };
        let mut options = self.configuration.options(Action::Test(test), true);
        options.rules = self.rules;
        options
    }
}

/// What `lanner test` is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestOptions {
    /// Files and folders.
    pub paths: Vec<String>,
    /// Which cases, as an expression.
    pub filter: Option<String>,
    /// The form of the report.
    pub format: ReportFormat,
    /// The file that the report goes to.
    pub output: Option<String>,
    /// Whether to list the cases only.
    pub list: bool,
    /// Whether to print the schema of case files only.
    pub schema: bool,
    /// Whether to try mutants.
    pub mutate: bool,
    /// Whether to report what the cases left untried.
    pub coverage: bool,
    /// Files at the same time.
    pub jobs: Option<usize>,
}
