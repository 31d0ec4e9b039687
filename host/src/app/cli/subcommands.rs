//! The subcommands: the same work as Falco's flags, each with only the options that concern it.

use clap::{Args, Subcommand as ClapSubcommand, ValueEnum};

use super::check::CheckArgs;
use super::options::{Action, ListFormat, Options, ReplayView};
use super::record::{self, RecordArgs};
use super::test::TestArgs;
use crate::app::config_cmd::ConfigCommand;
use crate::app::explain::ExplainArgs;
use crate::app::k8saudit_cmd::K8sAuditCommand;
use crate::app::rules_cmd::RulesCommand;

/// Where settings come from; every subcommand that needs plugins or rules has these.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Configuration file
    #[arg(short = 'c', long, value_name = "PATH")]
    config: Option<String>,

    /// Set a key of the configuration, as in -o rule_matching=all; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE", allow_hyphen_values = true)]
    option: Vec<String>,

    /// Say more
    #[arg(short = 'v', long)]
    verbose: bool,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Form {
    /// Plain text
    #[default]
    Text,
    /// Markdown
    Markdown,
    /// JSON
    Json,
}

impl From<Form> for ListFormat {
    fn from(form: Form) -> Self {
        match form {
            Form::Text => Self::Text,
            Form::Markdown => Self::Markdown,
            Form::Json => Self::Json,
        }
    }
}

/// What to do.
#[derive(Debug, ClapSubcommand)]
pub(super) enum Subcommand {
    /// Watch the configured sources and raise alerts until stopped
    #[command(after_help = "Example: lanner run -c /etc/falco/falco.yaml -r /etc/falco/rules.d")]
    Run {
        #[command(flatten)]
        configuration: Configuration,
        /// Rule file or folder instead of the configured ones; may be repeated
        #[arg(short = 'r', long, value_name = "PATH")]
        rules: Vec<String>,
        /// Use only this event source; may be repeated
        #[arg(long, value_name = "SOURCE")]
        enable_source: Vec<String>,
        /// Turn off this event source; may be repeated
        #[arg(long, value_name = "SOURCE", conflicts_with = "enable_source")]
        disable_source: Vec<String>,
        /// Do everything but process events
        #[arg(long)]
        dry_run: bool,
        /// Stop after this many seconds
        #[arg(short = 'M', long, value_name = "SECONDS")]
        stop_after: Option<u64>,
        /// Write the process id to this file
        #[arg(short = 'P', long, value_name = "PATH")]
        pidfile: Option<String>,
    },
    /// Replay capture files: raise the alerts of rules, or print the events
    #[command(after_help = "Examples:\n  \
        lanner replay incident.scap -r rules.yaml\n  \
        lanner replay incident.scap --json -r rules.yaml | jq .rule\n  \
        lanner replay incident.scap --filter 'evt.type in (execve, execveat)' --print '%evt.time %proc.cmdline'")]
    Replay {
        /// Capture files (.scap, gzip or not), replayed one after the other, each from a clean state
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
        #[command(flatten)]
        configuration: Configuration,
        /// Rule file or folder; may be repeated. Without rules every event is printed
        #[arg(short = 'r', long, value_name = "PATH")]
        rules: Vec<String>,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
        /// Only events for which this condition holds
        #[arg(long, value_name = "CONDITION")]
        filter: Option<String>,
        /// The line to print for each event; with rules, text appended to the output of each
        #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
        print: Option<String>,
        /// No progress, even on a terminal
        #[arg(short = 'q', long)]
        quiet: bool,
        /// Threads that evaluate rules, each with a state of its own; alerts and their order are the same with any number. Worth it
        /// with many rules and real cores [default: 1]
        #[arg(long, value_name = "NUMBER", requires = "rules", value_parser = clap::value_parser!(u8).range(1..=64))]
        threads: Option<u8>,
    },
    /// Record what happens into a capture file (.scap), which lanner replay, Falco and sysdig read
    #[command(long_about = record::LONG_ABOUT, after_help = record::EXAMPLES)]
    Record {
        #[command(flatten)]
        record: RecordArgs,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Check rule files: errors, warnings and advice, each with its place and a remedy; nothing is run
    #[command(after_help = "Examples:\n  \
        lanner check falco_rules.yaml my_rules.yaml\n  \
        lanner check --format github --deny warnings rules/\n  \
        lanner check --fix --dry-run my_rules.yaml")]
    Check(CheckArgs),
    /// Look at the configuration without running it: show, check, keys
    #[command(after_help = "Examples:\n  lanner config show -c /etc/falco/falco.yaml\n  \
        lanner config check /etc/falco/falco.yaml\n  lanner config keys")]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Look at rules without running them: list, show, fmt, diff, coverage
    #[command(after_help = "Examples:\n  lanner rules list -r rules/syscall\n  \
        lanner rules show 'Terminal shell in container' -r rules/syscall\n  lanner rules diff old.yaml new.yaml")]
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Say why a rule did or did not fire for an event: its condition with every value and truth
    #[command(after_help = "Examples:\n  \
        lanner explain incident.scap --event 1234 --rule 'Terminal shell in container' -r rules.yaml\n  \
        lanner explain incident.scap --event 1234 -r rules.yaml\n  \
        lanner explain --json audit.json --source k8s_audit --rule 'Pod created' -r rules.yaml\n  \
        lanner explain --case rules/syscall/cases/stable_shells.yaml:28")]
    Explain {
        #[command(flatten)]
        explain: ExplainArgs,
        #[command(flatten)]
        configuration: Configuration,
        /// Rule file or folder; may be repeated
        #[arg(short = 'r', long, value_name = "PATH")]
        rules: Vec<String>,
    },
    /// Test rules: run the events of case files and compare the alerts with those expected
    #[command(after_help = "Examples:\n  \
        lanner test rules/\n  \
        lanner test my_cases.yaml -r my_rules.yaml --filter shadow\n  \
        lanner test rules/ --mutate\n\n\
        Exit code: 0 if all is as expected, 1 if something is not, 2 if files are wrong.")]
    Test(TestArgs),
    /// Connect the API server of a Kubernetes cluster: setup
    #[command(
        name = "k8saudit",
        after_help = "Example: lanner k8saudit setup --address http://10.0.0.5:9765/k8s-audit"
    )]
    K8sAudit {
        #[command(subcommand)]
        command: K8sAuditCommand,
    },
    /// List the fields that conditions and outputs may use
    #[command(after_help = "Example: lanner fields --source syscall --format markdown")]
    Fields {
        #[command(flatten)]
        configuration: Configuration,
        /// Only those of this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
        /// Only the names
        #[arg(long)]
        names: bool,
        /// The form of the list
        #[arg(long, value_enum, default_value_t)]
        format: Form,
    },
    /// List the events that a condition on evt.type may name
    #[command(after_help = "Example: lanner events --format json")]
    Events {
        /// The form of the list
        #[arg(long, value_enum, default_value_t)]
        format: Form,
    },
    /// Say whether this machine can be watched, and what to do about what is missing
    #[command(
        after_help = "Exit code: 0 if live events can be had, 1 if not. What only lacks something is no failure.\n\nExample: \
                      lanner live"
    )]
    Live,
    /// List the plugins, or describe one
    #[command(after_help = "Example: lanner plugins container")]
    Plugins {
        /// The plugin to describe
        name: Option<String>,
        #[command(flatten)]
        configuration: Configuration,
    },
}

impl Configuration {
    /// The same with this file.
    pub(crate) fn with_file(self, file: &str) -> Self {
        Self { config: Some(file.to_owned()), ..self }
    }

    pub(super) fn options(self, action: Action, config_optional: bool) -> Options {
        Options {
            config: self.config,
            config_optional,
            settings: self.option,
            verbose: self.verbose,
            ..Options::new(action)
        }
    }
}

impl Subcommand {
    pub(super) fn into_options(self) -> Options {
        match self {
            Self::Run { configuration, rules, enable_source, disable_source, dry_run, stop_after, pidfile } => {
                Options {
                    rules,
                    enable_sources: enable_source,
                    disable_sources: disable_source,
                    stop_after_s: stop_after.filter(|&seconds| seconds != 0),
                    pidfile,
                    ..configuration.options(Action::Process { dry_run }, false)
                }
            }
            Self::Replay { files, configuration, rules, json, filter, print, quiet, threads } => {
                let view = ReplayView { filter, print, quiet, threads };
                let mut options = configuration.options(Action::Replay { files, view }, true);
                options.rules = rules;
                if json {
                    options.settings.push("json_output=true".into());
                }
                options
            }
            Self::Record { record, configuration } => Options {
                stop_after_s: record.stop_after,
                ..configuration.options(Action::Record(Box::new(record)), true)
            },
            Self::Check(args) => args.into_options(),
            Self::Config { command } => command.configuration().options(Action::Config(command), true),
            Self::Rules { command } => command.configuration().clone().options(Action::Rules(command), true),
            Self::K8sAudit { command } => Options { config_optional: true, ..Options::new(Action::K8sAudit(command)) },
            Self::Explain { explain, configuration, rules } => {
                Options { rules, ..configuration.options(Action::Explain(explain), true) }
            }
            Self::Test(args) => args.into_options(),
            Self::Fields { configuration, source, names, format } => {
                configuration.options(Action::ListFields { source, names_only: names, format: format.into() }, true)
            }
            Self::Events { format } => {
                Options { config_optional: true, ..Options::new(Action::ListEvents { format: format.into() }) }
            }
            Self::Live => Options { config_optional: true, ..Options::new(Action::Live) },
            Self::Plugins { name, configuration } => {
                configuration.options(name.map_or(Action::ListPlugins, |name| Action::PluginInfo { name }), true)
            }
        }
    }
}
