//! `lanner explain`: for one event and one rule, why the rule did or did not fire; without a rule, for all rules in short.

mod args;
mod look;
mod report;
mod subject;

use std::io::IsTerminal as _;
use std::sync::PoisonError;

use lanner_engine::load::Loader;

pub use args::{ExplainArgs, ExplainForm};

use super::cli::Options;
use super::configure::Configured;
use super::error::AppError;
use super::process::print_stdout;
use super::sources::Group;
use super::test::{feed, giver};
use super::{plugins, rule_files, rules, sources};
use crate::config::{Engine, Settings};
use crate::plugin::{Inspector, Open};
use crate::source::{Control, Counts, pump};

use look::Look;
pub(super) use look::type_names;
use report::Report;
use subject::{Events, Subject};

/// The whole command.
pub(super) fn run(args: &ExplainArgs, options: &Options, mut configured: Configured) -> Result<(), AppError> {
    if configured.loaded.files.is_empty() {
        plugins::add_built_in(&mut configured.settings);
    }
    let libraries = plugins::load(&configured.settings)?;
    let subject = Subject::find(args, &sources::source_names(&libraries))?;
    configured.settings.engine = match subject.capture() {
        Some(capture_file) => Engine::Replay { capture_file },
        None => Engine::NoDriver,
    };
    let groups = sources::build(&libraries, &configured.settings)?;
    let files = match subject.rules.as_slice() {
        beside if options.rules.is_empty() && !beside.is_empty() => beside.to_vec(),
        _ => rule_files(options, &configured, &libraries)?,
    };
    let rules = rules::load(&files, options, &configured.settings, &groups, &libraries)?.0;
    let group = groups.iter().find(|group| group.sources.iter().any(|s| s.name == subject.source));
    let group = group.ok_or_else(|| AppError::ExplainSource {
        source_name: subject.source.clone(),
        known: sources::source_names(&libraries).join(", "),
    })?;
    known_rule(subject.rule.as_deref(), &rules)?;
    let report = watch(&subject, group, &rules, &configured.settings)?;
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

/// Lets the events come until the one that is meant is there.
fn watch(subject: &Subject, group: &Group, rules: &Loader, settings: &Settings) -> Result<Report, AppError> {
    let mut look = Look::prepare(subject, group, rules, settings)?;
    let source = group.sources.iter().find(|source| source.name == subject.source).ok_or(AppError::NoSource)?;
    let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut plugins = plugins.ok_or(AppError::NoSource)?;
    let params = match &subject.events {
        Events::Capture(file) | Events::Document(file) => file.clone(),
        Events::Script(capture) => capture.open_params(),
        Events::Payloads(payloads) => {
            let (_, id) = giver(&plugins, &subject.source).ok_or(AppError::NoSource)?;
            look.start(super::process::this_machine());
            feed(&mut plugins, id, payloads, &mut look)?;
            return look.found(subject);
        }
    };
    let (input, _) = source.input.as_ref().ok_or(AppError::NoSource)?;
    let recorded = subject.capture().is_some();
    let mut inspector =
        Inspector::open(plugins, Open { source: *input, params: &params, recorded, event_schema: None })?;
    look.start(super::process::machine_name(&mut inspector));
    pump(&mut inspector, &Control::default(), &mut look, &mut Counts::default())?;
    look.found(subject)
}
