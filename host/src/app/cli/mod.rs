//! The command line: Falco's flags unchanged when there is no subcommand, and subcommands beside them.
//!
//! Both forms end in the same [`Options`]; nothing behind this module knows which one the user typed.

mod check;
mod flags;
mod options;
mod record;
mod subcommands;
mod test;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _};

pub use check::{Check, Fix, Format};
pub use options::{Action, ListFormat, Options, ReplayView};
pub use record::{FileForm, RecordArgs, RingSize};
pub use test::{ReportFormat, TestOptions};

pub(crate) use subcommands::Configuration;

use flags::Cli;

use crate::config::secret;

/// What the command line asks for, or what to print instead.
#[derive(Debug)]
pub enum Parsed {
    /// Work to do.
    Run(Box<Options>),
    /// Help, to print on stdout; then exit with 0.
    Help(String),
}

/// Reads a command line; the first argument is the program's name. An error is the text for `Error: …`.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let args: Vec<OsString> = args.into_iter().collect();
    let cmdline = args.iter().map(|arg| secret::masked_argument(&arg.to_string_lossy())).collect::<Vec<_>>().join(" ");
    match Cli::try_parse_from(args) {
        Ok(cli) => {
            let mut options = cli.into_options()?;
            options.cmdline = cmdline;
            Ok(Parsed::Run(Box::new(options)))
        }
        Err(error) if !error.use_stderr() => Ok(Parsed::Help(error.render().to_string())),
        Err(error) => {
            let text = error.render().to_string();
            Err(text.trim_end().strip_prefix("error: ").unwrap_or(text.trim_end()).to_owned())
        }
    }
}

/// The help text of the program (`None`) or of a subcommand, for the golden file.
pub fn help(subcommand: Option<&str>) -> String {
    let mut command = Cli::command().term_width(120);
    command.build();
    let path: Vec<&str> = subcommand.unwrap_or_default().split_whitespace().collect();
    let mut found = &command;
    for name in path {
        found = found.find_subcommand(name).unwrap_or(found);
    }
    found.clone().render_long_help().to_string()
}

/// The names of the subcommands; those of a group after its name and a blank.
pub fn subcommands() -> Vec<String> {
    let command = Cli::command();
    let below = |sub: &clap::Command| {
        let own = sub.get_name().to_owned();
        let inner = sub.get_subcommands().map(|inner| format!("{own} {}", inner.get_name())).collect::<Vec<_>>();
        std::iter::once(own).chain(inner).collect::<Vec<_>>()
    };
    command.get_subcommands().flat_map(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        match parse(std::iter::once("lanner").chain(line.split_whitespace()).map(OsString::from))? {
            Parsed::Run(options) => Ok(*options),
            Parsed::Help(text) => Err(format!("help: {text}")),
        }
    }

    #[test]
    fn the_form_of_a_falco_unit_file_is_understood() {
        let o =
            options("-c C -r R -r S -o engine.kind=replay -o engine.replay.capture_file=F -o json_output=true -U -v")
                .unwrap();
        assert_eq!(o.config.as_deref(), Some("C"));
        assert_eq!(o.rules, ["R", "S"]);
        assert_eq!(o.settings, ["engine.kind=replay", "engine.replay.capture_file=F", "json_output=true"]);
        assert!(o.unbuffered && o.verbose);
        assert_eq!(o.action, Action::Process { dry_run: false });
    }

    #[test]
    fn flags_that_print_become_actions() {
        assert_eq!(
            options("--list").unwrap().action,
            Action::ListFields { source: None, names_only: false, format: ListFormat::Text }
        );
        assert_eq!(
            options("--list=syscall -N --format JSON").unwrap().action,
            Action::ListFields { source: Some("syscall".into()), names_only: true, format: ListFormat::Json }
        );
        assert_eq!(
            options("--list-events --markdown").unwrap().action,
            Action::ListEvents { format: ListFormat::Markdown }
        );
        assert_eq!(options("-V a -V b").unwrap().action, Action::Validate { files: vec!["a".into(), "b".into()] });
        assert_eq!(options("-L").unwrap().action, Action::Process { dry_run: false });
        assert_eq!(options("-l x").unwrap().describe, Some(Some("x".into())));
        assert_eq!(options("--version").unwrap().action, Action::Version);
        assert_eq!(options("-i").unwrap().action, Action::IgnoredEvents);
        assert_eq!(options("--plugin-info json").unwrap().action, Action::PluginInfo { name: "json".into() });
    }

    #[test]
    fn the_first_action_in_falcos_order_wins() {
        assert_eq!(options("--version -i").unwrap().action, Action::IgnoredEvents);
        assert_eq!(options("--support --version").unwrap().action, Action::Version);
    }

    #[test]
    fn short_forms_with_attached_values_work() {
        let o = options("-pc -M45 -oa=b").unwrap();
        assert_eq!(
            (o.print.as_deref(), o.stop_after_s, o.settings.as_slice()),
            (Some("c"), Some(45), ["a=b".to_owned()].as_slice())
        );
    }

    #[test]
    fn mistakes_are_errors() {
        assert!(options("--format xml --list").unwrap_err().contains("Invalid format 'xml'"));
        assert!(options("--markdown --format text --list").unwrap_err().contains("Cannot specify both"));
        assert!(options("--no-such-flag").is_err());
        assert!(options("-M x").is_err());
    }

    #[test]
    fn subcommands_reach_the_same_options() {
        let o = options("replay a.scap b.scap --json --filter evt.num=1 -r R").unwrap();
        let Action::Replay { files, view } = o.action else { panic!("{:?}", o.action) };
        assert_eq!(files, ["a.scap", "b.scap"]);
        assert_eq!(view.filter.as_deref(), Some("evt.num=1"));
        assert!(o.settings.contains(&"json_output=true".to_owned()));
        assert_eq!(o.rules, ["R"]);
        let o = options("check a.yaml --json").unwrap();
        let check = Check { files: vec!["a.yaml".into()], format: Format::Json, ..Check::default() };
        assert_eq!(o.action, Action::Check(check));
        assert_eq!(options("run -c C").unwrap().config.as_deref(), Some("C"));
        assert_eq!(
            options("fields --names").unwrap().action,
            Action::ListFields { source: None, names_only: true, format: ListFormat::Text }
        );
        assert_eq!(options("plugins").unwrap().action, Action::ListPlugins);
    }

    #[test]
    fn every_subcommand_and_flag_is_explained() {
        let command = Cli::command();
        for sub in std::iter::once(&command).chain(command.get_subcommands()) {
            for arg in sub.get_arguments().filter(|arg| arg.get_id() != "help") {
                assert!(arg.get_help().is_some(), "{} {}", sub.get_name(), arg.get_id());
            }
        }
        assert!(help(None).contains("Examples:"));
        for name in subcommands() {
            assert!(help(Some(&name)).contains("Example"), "{name}");
        }
    }
}
