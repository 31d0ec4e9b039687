//! Falco's flags, one line each, and what they mean together.

use clap::Parser;

use super::options::{Action, ListFormat, Options};
use super::subcommands::Subcommand;

const ABOUT: &str = "Lanner - runtime security: rules over system calls, audit logs and whatever a plugin can read";

const LONG_ABOUT: &str = "\
Lanner - runtime security: rules over system calls, audit logs and whatever a plugin can read.

Without a subcommand Lanner takes the flags of Falco, unchanged: same rule files, same falco.yaml, same alerts. \
The subcommands beside them do the same work in a more direct way.";

const EXAMPLES: &str = "\
Examples:
  Watch this host with the configuration in /etc/falco:
      lanner
  Check rule files before they go live, all errors at once:
      lanner check my_rules.yaml
  See what a capture would have raised:
      lanner replay incident.scap -r my_rules.yaml
  Look into a capture, one line per event:
      lanner replay incident.scap --filter 'evt.type=execve' --print '%evt.time %proc.cmdline'
  The same replay with Falco's own flags:
      lanner -c falco.yaml -r my_rules.yaml -o engine.kind=replay -o engine.replay.capture_file=incident.scap
  Which fields a condition may use:
      lanner fields --source syscall";

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "lanner",
    about = ABOUT,
    long_about = LONG_ABOUT,
    after_long_help = EXAMPLES,
    after_help = "'lanner --help' explains more, with examples.",
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Subcommands",
    max_term_width = 140
)]
pub(super) struct Cli {
    #[command(subcommand)]
    command: Option<Subcommand>,

    /// Configuration file. If not specified, /etc/lanner/lanner.yaml or else /etc/falco/falco.yaml
    #[arg(short = 'c', value_name = "PATH")]
    config: Option<String>,

    /// Print the JSON schema of the configuration and exit
    #[arg(long)]
    config_schema: bool,

    /// Print the JSON schema of rule files and exit
    #[arg(long)]
    rule_schema: bool,

    /// Turn off an event source; may be repeated, not together with --enable-source. No effect on a capture file
    #[arg(long, value_name = "SOURCE")]
    disable_source: Vec<String>,

    /// Use only this event source; may be repeated, not together with --disable-source. No effect on a capture file
    #[arg(long, value_name = "SOURCE")]
    enable_source: Vec<String>,

    /// Do everything but process events: checks the configuration and the rules
    #[arg(long)]
    dry_run: bool,

    /// Print the events that are ignored by default for performance reasons and exit
    #[arg(short = 'i')]
    ignored_events: bool,

    /// Show the name and description of all rules and exit; with json_output, every detail as JSON
    #[arg(short = 'L')]
    describe_all: bool,

    /// Show the name and description of one rule and exit; with json_output, every detail as JSON
    #[arg(short = 'l', value_name = "RULE")]
    describe_rule: Option<String>,

    /// List all fields and exit, or only those of one source
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    list: Option<String>,

    /// List all events and exit
    #[arg(long)]
    list_events: bool,

    /// Print info on all configured plugins and exit
    #[arg(long)]
    list_plugins: bool,

    /// Stop after this many seconds
    #[arg(short = 'M', value_name = "SECONDS", default_value_t = 0, hide_default_value = true)]
    stop_after: u64,

    /// DEPRECATED: use --format markdown
    #[arg(long)]
    markdown: bool,

    /// The form of --list and --list-events: text, markdown or json
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,

    /// With --list, only the names
    #[arg(short = 'N')]
    names_only: bool,

    /// Set a key of the configuration, as in -o engine.kind=replay, -o plugins[0].open_params=x or
    /// -o 'append_output[]={"extra_output": "%evt.num"}'; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE", allow_hyphen_values = true)]
    option: Vec<String>,

    /// Print everything about one plugin and exit; by name or by its library_path
    #[arg(long, value_name = "PLUGIN")]
    plugin_info: Option<String>,

    /// DEPRECATED: use -o append_output...; text appended to the output of every rule
    #[arg(short = 'p', long, value_name = "FORMAT", allow_hyphen_values = true)]
    print: Option<String>,

    /// Write the process id to this file
    #[arg(short = 'P', long, value_name = "PATH")]
    pidfile: Option<String>,

    /// Rule file or folder to load instead of the configured ones; may be repeated
    #[arg(short = 'r', value_name = "PATH")]
    rules: Vec<String>,

    /// Print support information as JSON and exit: versions, configuration, rule files
    #[arg(long)]
    support: bool,

    /// Flush the outputs after each alert
    #[arg(short = 'U', long)]
    unbuffered: bool,

    /// Check a rule file and exit; may be repeated
    #[arg(short = 'V', long, value_name = "PATH")]
    validate: Vec<String>,

    /// Say more
    #[arg(short = 'v')]
    verbose: bool,

    /// Print version information and exit
    #[arg(long)]
    version: bool,

    /// Print the memory page size and exit
    #[arg(long)]
    page_size: bool,
}

const MARKDOWN_DEPRECATED: &str = "--markdown is deprecated, use --format markdown instead.";
const PRINT_DEPRECATED: &str =
    "The -p/--print option is deprecated and will be removed. Use -o append_output=... instead.";

impl Cli {
    /// The options that this command line means.
    pub(super) fn into_options(self) -> Result<Options, String> {
        if let Some(command) = self.command {
            return Ok(command.into_options());
        }
        if self.markdown && self.format.is_some() {
            return Err("Cannot specify both --markdown and --format options together".into());
        }
        let mut deprecations = Vec::new();
        let format = match &self.format {
            Some(name) if !name.is_empty() => ListFormat::from_name(name)?,
            _ if self.markdown => {
                deprecations.push(MARKDOWN_DEPRECATED);
                ListFormat::Markdown
            }
            _ => ListFormat::Text,
        };
        if self.print.is_some() {
            deprecations.push(PRINT_DEPRECATED);
        }
        let action = self.action(format);
        // What only prints what is built in needs no configuration; the rest does, as with Falco.
        let config_optional = matches!(
            action,
            Action::ConfigSchema
                | Action::RuleSchema
                | Action::IgnoredEvents
                | Action::ListEvents { .. }
                | Action::Version
                | Action::PageSize
        );
        Ok(Options {
            action,
            config: self.config,
            config_optional,
            settings: self.option,
            rules: self.rules,
            describe: match (self.describe_all, self.describe_rule) {
                (_, Some(rule)) if !rule.is_empty() => Some(Some(rule)),
                (true, _) => Some(None),
                _ => None,
            },
            enable_sources: self.enable_source,
            disable_sources: self.disable_source,
            stop_after_s: Some(self.stop_after).filter(|&seconds| seconds != 0),
            print: self.print,
            pidfile: self.pidfile,
            unbuffered: self.unbuffered,
            verbose: self.verbose,
            deprecations,
            cmdline: String::new(),
        })
    }

    /// Of several asking flags the first in Falco's order of steps wins.
    fn action(&self, format: ListFormat) -> Action {
        if self.config_schema {
            Action::ConfigSchema
        } else if self.rule_schema {
            Action::RuleSchema
        } else if self.ignored_events {
            Action::IgnoredEvents
        } else if self.list_events {
            Action::ListEvents { format }
        } else if self.version {
            Action::Version
        } else if self.page_size {
            Action::PageSize
        } else if let Some(name) = &self.plugin_info {
            Action::PluginInfo { name: name.clone() }
        } else if self.list_plugins {
            Action::ListPlugins
        } else if let Some(source) = &self.list {
            let source = Some(source.clone()).filter(|source| !source.is_empty());
            Action::ListFields { source, names_only: self.names_only, format }
        } else if !self.validate.is_empty() {
            Action::Validate { files: self.validate.clone() }
        } else if self.support && self.describe_rule.is_none() && !self.describe_all {
            Action::Support
        } else {
            Action::Process { dry_run: self.dry_run }
        }
    }
}
