//! `lanner explain`: for one event and one rule, why the rule did or did not fire; without a rule, for all rules in short.

mod args;
mod look;
mod report;

use std::io::IsTerminal as _;
use std::sync::PoisonError;

use lanner_engine::load::Loader;

pub use args::{ExplainArgs, ExplainForm};

use super::cli::Options;
use super::configure::Configured;
use super::error::AppError;
use super::process::print_stdout;
use super::sources::Group;
use super::{plugins, rule_files, rules, sources};
use crate::config::{Engine, Settings};
use crate::event::scheme::SYSCALL;
use crate::plugin::{Inspector, Open};
use crate::source::{Control, pump};

use look::Look;
pub(super) use look::type_names;
use report::Report;

/// The whole command.
pub(super) fn run(args: &ExplainArgs, options: &Options, mut configured: Configured) -> Result<(), AppError> {
    let (file, source) = match (&args.file, &args.json) {
        (Some(file), _) => (file, SYSCALL),
        (None, Some(file)) => (file, args.source.as_deref().unwrap_or_default()),
        (None, None) => return Err(AppError::Usage("name a capture file, or a document with --json".into())),
    };
    let capture = args.file.is_some();
    configured.settings.engine = match capture {
        true => Engine::Replay { capture_file: file.clone() },
        false => Engine::NoDriver,
    };
    if configured.loaded.files.is_empty() {
        plugins::add_built_in(&mut configured.settings);
    }
    let libraries = plugins::load(&configured.settings)?;
    let groups = sources::build(&libraries, &configured.settings)?;
    let files = rule_files(options, &configured)?;
    let rules = rules::load(&files, options, &configured.settings, &groups, &libraries)?.0;
    let group = groups.iter().find(|group| group.sources.iter().any(|s| s.name == source));
    let group = group.ok_or_else(|| AppError::ExplainSource {
        source_name: source.to_owned(),
        known: sources::source_names(&libraries).join(", "),
    })?;
    known_rule(args.rule.as_deref(), &rules)?;
    let report = watch(args, group, source, file, &rules, &configured.settings)?;
    let text = match args.format {
        ExplainForm::Json => format!("{:#}\n", report.json()),
        ExplainForm::Text => {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            report.text(args.whole, colour)
        }
    };
    print_stdout(&text);
    Ok(())
}

fn known_rule(name: Option<&str>, rules: &Loader) -> Result<(), AppError> {
    match name {
        Some(name) if rules.rules().iter().all(|rule| &*rule.name != name) => {
            let names = rules.rules().iter().map(|rule| &*rule.name);
            let meant = rules::nearest(name, names).map(|meant| format!("; did you mean '{meant}'?"));
            Err(AppError::NoSuchRule { name: name.to_owned(), meant: meant.unwrap_or_default() })
        }
        _ => Ok(()),
    }
}

/// Opens the source and pumps until the event is there.
fn watch(
    args: &ExplainArgs,
    group: &Group,
    source: &str,
    file: &str,
    rules: &Loader,
    settings: &Settings,
) -> Result<Report, AppError> {
    let wanted = args.event.unwrap_or(1);
    let mut look = Look::prepare(args, group, rules, settings)?;
    let input = group.sources.iter().find(|s| s.name == source).and_then(|s| s.input.as_ref());
    let Some((input, _)) = input else { return Err(AppError::NoSource) };
    let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(plugins) = plugins else { return Err(AppError::NoSource) };
    let open = Open { source: *input, params: file, recorded: args.file.is_some(), event_schema: None };
    let mut inspector = Inspector::open(plugins, open)?;
    look.start(super::process::machine_name(&mut inspector));
    pump(&mut inspector, &Control::default(), &mut look)?;
    let last = look.last;
    look.report.ok_or_else(|| AppError::NoSuchEvent { file: file.to_owned(), wanted, last })
}
