//! `lanner replay`: capture files looked at one after the other, as lines of events or as alerts of rules.

use std::io::{IsTerminal as _, Stdout, Write as _};
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressStyle};
use lanner_engine::format::{OutputFormat, RenderOptions, Shown, ShownMemory};
use lanner_engine::value::SlotTable;

use super::cli::ReplayView;
use super::error::AppError;
use super::process::machine_name;
use super::sources::{Group, Source};
use crate::alert::json::{self, Object};
use crate::config::AlertForm;
use crate::event::extractor::{Answers, Context, Extractor};
use crate::event::filter::Filter;
use crate::event::scheme::SYSCALL;
use crate::plugin::{EventRef, Inspector, Open, Plugins};
use crate::source::{Control, Counts, Sink, pump};

/// The line of an event when none is given: what happened when, where, to whom.
const DEFAULT_LINE: &str = "%evt.num %evt.time %evt.cpu %proc.name (%thread.tid) %evt.type %evt.args";

/// Which events to show, and how: compiled for one source.
pub(crate) struct View {
    filter: Option<Filter>,
    line: OutputFormat,
    answers: Answers,
}

fn syscall_source(group: &Group) -> Result<&Source, AppError> {
    group.sources.iter().find(|source| source.name == SYSCALL).ok_or(AppError::NoSource)
}

/// Compiles the condition of `--filter` for the source of system calls.
pub(crate) fn filter(group: &Group, text: Option<&str>) -> Result<Option<Filter>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let source = syscall_source(group)?;
    let condition = Filter::check(text, &source.scheme.scheme)
        .map_err(|message| AppError::Expression { what: "--filter", message })?;
    let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(plugins) = plugins.as_ref() else { return Err(AppError::NoSource) };
    Ok(Some(Filter::new(&condition, &source.scheme, plugins)?))
}

impl View {
    /// Compiles condition and line.
    pub(crate) fn compile(group: &Group, view: &ReplayView) -> Result<Self, AppError> {
        let source = syscall_source(group)?;
        let mut slots = SlotTable::new();
        let text = view.print.as_deref().unwrap_or(DEFAULT_LINE);
        let line = OutputFormat::compile(text, &source.scheme.scheme, &mut slots)
            .map_err(|error| AppError::Expression { what: "--print", message: error.to_string() })?;
        let filter = filter(group, view.filter.as_deref())?;
        let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plugins) = plugins.as_ref() else { return Err(AppError::NoSource) };
        let answers = Answers::prepare(&slots, &source.scheme, plugins)?;
        Ok(Self { filter, line, answers })
    }
}

/// Prints the events of one capture file and returns how many it had.
pub(crate) fn show(
    view: View,
    group: &Group,
    file: &str,
    form: &AlertForm,
    control: &Control,
    quiet: bool,
) -> Result<u64, AppError> {
    let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(plugins) = plugins else { return Err(AppError::NoSource) };
    let Some((input, _)) = &syscall_source(group)?.input else { return Err(AppError::NoSource) };
    let open = Open { source: *input, params: file, recorded: true, event_schema: None };
    let mut inspector = Inspector::open(plugins, open)?;
    let mut printer = Printer {
        view,
        json: form.json,
        render: RenderOptions { base64_buffers: form.base64_buffers },
        context: Context::new(machine_name(&mut inspector)),
        shown: ShownMemory::default(),
        lines: Vec::with_capacity(LINES + 4096),
        out: std::io::stdout(),
        progress: Progress::new(file, quiet),
        broken: None,
    };
    let mut counts = Counts::default();
    let result = pump(&mut inspector, control, &mut printer, &mut counts);
    printer.progress.finish();
    printer.write();
    match printer.broken {
        // The reader has seen enough.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => control.stop(),
        Some(source) => return Err(AppError::System { what: "cannot write to stdout", source }),
        None => {}
    }
    result?;
    Ok(counts.events)
}

/// How far a replay is, on a terminal; elsewhere, and where lines go to the same terminal, nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    events: u64,
}

impl Progress {
    /// Events between two looks at the bar.
    const STEP: u64 = 1 << 16;

    /// A spinner with the number of events, if anybody can see it.
    pub(crate) fn new(file: &str, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
            return Self { bar: ProgressBar::hidden(), events: 0 };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}: {human_pos} events, {per_sec}, {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(file.to_owned());
        Self { bar, events: 0 }
    }

    /// One more event.
    #[inline]
    pub(crate) fn event(&mut self) {
        self.events += 1;
        if self.events.is_multiple_of(Self::STEP) {
            self.bar.set_position(self.events);
        }
    }

    /// Whether anybody sees it.
    pub(crate) fn is_visible(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Takes it off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

struct Printer {
    view: View,
    json: bool,
    render: RenderOptions,
    context: Context,
    shown: ShownMemory,
    /// Lines that are not written yet.
    lines: Vec<u8>,
    out: Stdout,
    progress: Progress,
    broken: Option<std::io::Error>,
}

/// So many bytes of lines are written at once.
const LINES: usize = 256 * 1024;

impl Printer {
    /// Writes the lines that wait, unless that failed before.
    fn write(&mut self) {
        if self.broken.is_none() {
            self.broken = self.out.write_all(&self.lines).and_then(|()| self.out.flush()).err();
        }
        self.lines.clear();
    }
}

impl Sink for Printer {
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        self.context.see(event.ts());
        self.progress.event();
        if let Some(filter) = &mut self.view.filter
            && !filter.accepts(event, plugins, &mut self.context)
        {
            return true;
        }
        let mut extractor = Extractor { answers: &self.view.answers, plugins, event, context: &mut self.context };
        if self.json {
            let object = json_line(&self.view.line, &mut Shown::new(&mut self.shown, &mut extractor), self.render);
            self.lines.extend_from_slice(object.as_bytes());
        } else {
            let start = self.lines.len();
            self.view.line.render(&mut Shown::new(&mut self.shown, &mut extractor), self.render, &mut self.lines);
            // One event is one line, whatever bytes a process puts into its name. Without a way out of the loop it goes by many at once.
            if self.lines[start..].iter().fold(false, |any, byte| any | byte.is_ascii_control()) {
                let mut escaped = String::new();
                json::push_escaped(&String::from_utf8_lossy(&self.lines[start..]), &mut escaped);
                self.lines.truncate(start);
                self.lines.extend_from_slice(escaped.as_bytes());
            }
        }
        self.lines.push(b'\n');
        if self.lines.len() >= LINES {
            self.write();
        }
        self.broken.is_none()
    }

    fn attend(&mut self, _control: &Control) {}
}

fn json_line(line: &OutputFormat, event: &mut Shown<'_>, render: RenderOptions) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    line.values(event, render, &mut |key, value| json::push_value(&value, object.key(key)));
    object.close();
    out
}
