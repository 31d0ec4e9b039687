//! `lanner replay`: capture files looked at one after the other, as lines of events or as alerts of rules.

use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet, Scratch};
use lanner_engine::format::{FormatValue, OutputFormat, RenderOptions};
use lanner_engine::parse;
use lanner_engine::value::{SlotTable, Values};

use super::cli::ReplayView;
use super::error::AppError;
use super::sources::Group;
use crate::alert::json::{self, Object};
use crate::config::AlertForm;
use crate::event::extractor::{Answers, Context, Extractor};
use crate::event::scheme::SYSCALL;
use crate::plugin::{EventRef, Inspector, Open, PluginSet, Plugins};
use crate::source::{Control, Sink, pump};

/// The line of an event when none is given: what happened when, where, to whom.
const DEFAULT_LINE: &str = "%evt.num %evt.time %evt.cpu %proc.name (%thread.tid) %evt.type %evt.args";

/// Which events to show, and how: compiled for one source.
pub(crate) struct View {
    filter: Option<RuleSet>,
    line: OutputFormat,
    answers: Answers,
}

impl View {
    /// Compiles condition and line for the source of system calls.
    pub(crate) fn compile(group: &Group, view: &ReplayView) -> Result<Self, AppError> {
        let wrong = |what: &'static str| move |message: String| AppError::Expression { what, message };
        let Some(source) = group.sources.iter().find(|source| source.name == SYSCALL) else {
            return Err(AppError::NoSource);
        };
        let scheme = &source.scheme.scheme;
        let mut slots = SlotTable::new();
        let text = view.print.as_deref().unwrap_or(DEFAULT_LINE);
        let line =
            OutputFormat::compile(text, scheme, &mut slots).map_err(|e| e.to_string()).map_err(wrong("--print"))?;
        let condition = view
            .filter
            .as_deref()
            .map(|text| {
                let expr = parse::parse_with_depth(text, 0, parse::DEFAULT_DEPTH).map_err(|e| e.to_string())?;
                Condition::check(&expr, scheme).map_err(|e| e.to_string())
            })
            .transpose()
            .map_err(wrong("--filter"))?;
        let filter = condition.map(|condition| RuleSet::compile(&[&condition], Arc::clone(scheme), slots.clone()));
        let slots = filter.as_ref().map_or(&slots, RuleSet::slots);
        let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plugins) = plugins.as_ref() else { return Err(AppError::NoSource) };
        let answers = Answers::prepare(slots, &source.scheme, plugins)?;
        Ok(Self { filter, line, answers })
    }
}

/// Prints the events of one capture file and returns how many it had.
pub(crate) fn show(
    view: &View,
    group: &Group,
    plugins: PluginSet,
    file: &str,
    form: &AlertForm,
    hostname: Arc<str>,
    control: &Control,
    quiet: bool,
) -> Result<u64, AppError> {
    let input = group.sources.iter().find_map(|source| source.input.as_ref().filter(|_| source.name == SYSCALL));
    let Some((input, _)) = input else { return Err(AppError::NoSource) };
    let open = Open { source: *input, params: file, recorded: true, event_schema: None };
    let mut inspector = Inspector::open(plugins, open)?;
    let mut printer = Printer {
        view,
        json: form.json,
        render: RenderOptions { base64_buffers: form.base64_buffers },
        scratch: view.filter.as_ref().map(RuleSet::scratch),
        context: Context::new(hostname),
        values: Values::new(),
        hits: Vec::new(),
        line: Vec::new(),
        out: std::io::BufWriter::with_capacity(256 * 1024, std::io::stdout()),
        progress: progress(file, quiet),
        seen: 0,
        broken: None,
    };
    let result = pump(&mut inspector, control, &mut printer);
    printer.progress.finish_and_clear();
    if let Err(error) = printer.out.flush() {
        printer.broken.get_or_insert(error);
    }
    match printer.broken {
        // The reader has seen enough.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => control.stop(),
        Some(source) => return Err(AppError::System { what: "cannot write to stdout", source }),
        None => {}
    }
    Ok(result?.events)
}

/// A spinner with the number of events on a terminal; elsewhere, and where lines go to the same terminal, nothing.
pub(crate) fn progress(file: &str, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}: {human_pos} events, {per_sec}, {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(file.to_owned());
    bar
}

/// Events between two looks at the progress.
const PROGRESS_STEP: u64 = 1 << 16;

struct Printer<'v> {
    view: &'v View,
    json: bool,
    render: RenderOptions,
    scratch: Option<Scratch>,
    context: Context,
    values: Values,
    hits: Vec<u32>,
    line: Vec<u8>,
    out: std::io::BufWriter<std::io::Stdout>,
    progress: ProgressBar,
    seen: u64,
    broken: Option<std::io::Error>,
}

impl Sink for Printer<'_> {
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        self.context.see(event.ts());
        self.seen += 1;
        if self.seen.is_multiple_of(PROGRESS_STEP) {
            self.progress.set_position(self.seen);
        }
        let mut extractor = Extractor { answers: &self.view.answers, plugins, event, context: &mut self.context };
        if let (Some(filter), Some(scratch)) = (&self.view.filter, &mut self.scratch) {
            self.hits.clear();
            filter.evaluate(scratch, event.ty(), &mut extractor, RuleMatching::First, &mut self.hits);
            if self.hits.is_empty() {
                return true;
            }
        }
        self.line.clear();
        if self.json {
            let object = json_line(&self.view.line, &mut extractor, &mut self.values, self.render);
            self.line.extend_from_slice(object.as_bytes());
        } else {
            self.view.line.render(&mut extractor, &mut self.values, self.render, &mut self.line);
            // One event is one line, whatever bytes a process puts into its name.
            if self.line.iter().any(|byte| byte.is_ascii_control()) {
                let text = String::from_utf8_lossy(&self.line);
                let mut escaped = String::with_capacity(text.len() + 16);
                json::push_escaped(&text, &mut escaped);
                self.line = escaped.into_bytes();
            }
        }
        self.line.push(b'\n');
        match self.out.write_all(&self.line) {
            Ok(()) => true,
            Err(error) => {
                self.broken = Some(error);
                false
            }
        }
    }

    fn attend(&mut self, _control: &Control) {}
}

fn json_line(
    line: &OutputFormat,
    extractor: &mut Extractor<'_, '_>,
    values: &mut Values,
    render: RenderOptions,
) -> String {
    let mut fields: Vec<(String, FormatValue)> = Vec::new();
    line.values(extractor, values, render, &mut |key, value| fields.push((key.to_owned(), value)));
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    for (key, value) in &fields {
        json::push_value(value, object.key(key));
    }
    object.close();
    out
}
