//! Which event is to be explained: of a capture, of a file of documents, or of a row of a case file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lanner_syscall::memory::MemoryCapture;

use super::args::ExplainArgs;
use crate::app::error::AppError;
use crate::app::test::rules_beside;
use crate::cases::diagnostic::Gravity;
use crate::cases::file::{self, Case, CaseFile};
use crate::cases::payload::Payload;
use crate::cases::row::{Input, Row};
use crate::event::scheme::SYSCALL;

/// An event and where it comes from.
pub(super) struct Subject {
    /// The source that the event belongs to.
    pub(super) source: String,
    /// What the events stand in, for messages.
    pub(super) shown: String,
    /// The events.
    pub(super) events: Events,
    /// The number of the event.
    pub(super) wanted: u64,
    /// The rule to explain; all in short if there is none.
    pub(super) rule: Option<String>,
    /// The rule files that a case is about; none unless it is a case.
    pub(super) rules: Vec<PathBuf>,
}

/// Where events come from.
pub(super) enum Events {
    /// A capture file.
    Capture(String),
    /// A script that became a capture.
    Script(MemoryCapture),
    /// A file that the plugin of the source reads.
    Document(String),
    /// Payloads that the host makes events of.
    Payloads(Vec<Payload>),
}

impl Subject {
    /// Finds out what the command line asks for. `sources` are those that plugins deliver.
    pub(super) fn find(args: &ExplainArgs, sources: &[&str]) -> Result<Self, AppError> {
        let subject = |source: &str, file: &str, events| Subject {
            source: source.to_owned(),
            shown: file.to_owned(),
            events,
            wanted: args.event.unwrap_or(1),
            rule: args.rule.clone(),
            rules: Vec::new(),
        };
        match (&args.file, &args.json, &args.case) {
            (Some(file), _, _) => Ok(subject(SYSCALL, file, Events::Capture(file.clone()))),
            (None, Some(file), _) => {
                let source = args.source.as_deref().unwrap_or_default();
                Ok(subject(source, file, Events::Document(file.clone())))
            }
            (None, None, Some(place)) => of_case(args, place, sources),
            (None, None, None) => {
                Err(AppError::Usage("name a capture file, a document with --json, or a case with --case".into()))
            }
        }
    }

    /// How to find out which numbers there are.
    pub(super) fn numbers(&self) -> String {
        match &self.events {
            Events::Capture(file) => format!("`lanner replay {file}` shows the numbers"),
            Events::Script(_) => "--step takes the number of a step".to_owned(),
            Events::Document(_) => "They are counted from 1; -v tells what the plugin passed over".to_owned(),
            Events::Payloads(_) => "They are counted from 1".to_owned(),
        }
    }

    /// What opens the capture that the events stand in, if they stand in one.
    pub(super) fn capture(&self) -> Option<String> {
        match &self.events {
            Events::Capture(file) => Some(file.clone()),
            Events::Script(capture) => Some(capture.open_params()),
            Events::Document(_) | Events::Payloads(_) => None,
        }
    }
}

/// `file:line` as file and line; a file of that very name comes first.
fn split(place: &str) -> (&str, Option<usize>) {
    match place.rsplit_once(':') {
        Some((file, line)) if !Path::new(place).exists() => match line.parse() {
            Ok(line) => (file, Some(line)),
            Err(_) => (place, None),
        },
        _ => (place, None),
    }
}

fn of_case(args: &ExplainArgs, place: &str, sources: &[&str]) -> Result<Subject, AppError> {
    let (path, line) = split(place);
    let bytes = std::fs::read(path).map_err(|error| AppError::Usage(format!("cannot read {path}: {error}")))?;
    let (cases, found) = file::read(Path::new(path), &String::from_utf8_lossy(&bytes), sources);
    let Some(mut cases) = cases else {
        let errors = found.iter().filter(|diagnostic| diagnostic.gravity == Gravity::Error);
        return Err(AppError::Usage(errors.map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    };
    let (case, row) = choose(&cases, path, line)?;
    let case = cases.cases.swap_remove(case);
    let rule = match (&args.rule, case.rules.as_slice()) {
        (Some(rule), _) => Some(rule.clone()),
        (None, [(only, _)]) => Some(only.clone()),
        (None, _) => None,
    };
    let rules = if cases.rules.is_empty() { rules_beside(&cases.path) } else { named(&cases) };
    let row = case.rows.into_iter().nth(row).ok_or(AppError::NoSource)?;
    let (shown, source) = (row.place.to_string(), cases.source.name);
    let (events, wanted) = event_of(args, row, &shown)?;
    Ok(Subject { source, shown, events, wanted, rule, rules })
}

fn named(cases: &CaseFile) -> Vec<PathBuf> {
    cases.rules.iter().map(|(path, _)| path.clone()).collect()
}

/// The positions of the case and the row at a line: of those that begin at it or before, the last.
fn choose(cases: &CaseFile, path: &str, line: Option<usize>) -> Result<(usize, usize), AppError> {
    let at = |row: &Row| row.place.mark.line as usize + 1;
    let mut all: Vec<((usize, usize), &Case, &Row)> = Vec::new();
    for (number, case) in cases.cases.iter().enumerate() {
        all.extend(case.rows.iter().enumerate().map(|(row, found)| ((number, row), case, found)));
    }
    let chosen = match line {
        Some(line) => all.iter().filter(|(.., row)| at(row) <= line).max_by_key(|(.., row)| at(row)),
        None => all.first().filter(|_| all.len() == 1),
    };
    if let Some((place, ..)) = chosen {
        return Ok(*place);
    }
    let mut message = format!("{path} has {} rows; say which by its line, as in --case {path}:LINE\n", all.len());
    for (_, case, row) in all.iter().take(MANY_ROWS) {
        let name = row.name.as_deref().unwrap_or_default();
        let _ = writeln!(message, "  {:>5}  {} ({} {}) {name}", at(row), case.name, row.table.name(), row.number);
    }
    if all.len() > MANY_ROWS {
        message.push_str("  …\n");
    }
    Err(AppError::Usage(message.trim_end().to_owned()))
}

/// Rows that are listed where one has to be chosen.
const MANY_ROWS: usize = 20;

/// The events of a row and the number of the one that is meant: that of `--event`, else the last of `--step`, else the last.
fn event_of(args: &ExplainArgs, row: Row, shown: &str) -> Result<(Events, u64), AppError> {
    let step = |steps: usize| match args.step {
        None => Ok(steps.saturating_sub(1)),
        Some(step) if (1..=steps).contains(&step) => Ok(step - 1),
        Some(step) => Err(AppError::Usage(format!("{shown}: there is no step {step}, the row has {steps}"))),
    };
    match row.input {
        Input::Recording { capture, steps } => {
            let last = steps.get(step(steps.len())?).map_or(1, |numbers| numbers.end.saturating_sub(1));
            Ok((Events::Script(MemoryCapture::new(capture)), args.event.unwrap_or(last)))
        }
        Input::Payloads(payloads) => {
            let last = step(payloads.len())? as u64 + 1;
            Ok((Events::Payloads(payloads), args.event.unwrap_or(last)))
        }
        Input::Capture(path) => match args.event {
            Some(event) => Ok((Events::Capture(path.display().to_string()), event)),
            None => Err(AppError::Usage(format!("{shown}: the row replays a capture; name the event with --event"))),
        },
    }
}
