//! One row: its events through plugins and rules that know nothing of other rows.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use lanner_engine::compile::RuleMatching;
use lanner_engine::format::RenderOptions;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::EventBuilder;
use lanner_syscall::memory::MemoryCapture;

use super::lab::Lab;
use crate::alert::Alert;
use crate::app::error::AppError;
use crate::app::process::told_name;
use crate::cases::judge::Raised;
use crate::cases::payload::Payload;
use crate::cases::row::Input;
use crate::event::extractor::Context;
use crate::event::hold::Holder;
use crate::event::rules::{How, Raise, SourceRules};
use crate::event::scheme::{SYSCALL, SourceScheme};
use crate::plugin::{Capabilities, EventRef, Inspector, Open, PluginIdx, PluginSet, Plugins};
use crate::source::{Control, Counts, Sink, pump, show};

/// When the first payload arrives: 2023-11-14T22:13:20Z, in nanoseconds since the epoch.
const START_NS: u64 = 1_700_000_000_000_000_000;

/// What a row's events did.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// What was raised, each with the position of the rule or mutant.
    pub(super) alerts: Vec<(usize, Raised)>,
    /// Events that rules saw.
    pub(super) events: u64,
}

/// Looks at each event that rules see, before they do.
pub(super) trait Watch {
    /// These plugins will be the ones that are asked.
    fn begin(&mut self, scheme: &SourceScheme, plugins: &Plugins) -> Result<(), AppError>;

    /// An event, and the step that made it, if a script did.
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, context: &mut Context, step: Option<usize>);
}

/// Runs the events of a row. An error is about the input: what it says is no event, or no capture.
pub(super) fn run(
    lab: &Lab<'_>,
    source: &str,
    input: &Input,
    rules: &mut SourceRules,
    watch: &mut dyn Watch,
) -> Result<Observed, AppError> {
    let mut set = lab.plugins(source)?;
    let Some(scheme) = lab.source(source).map(|source| &source.scheme) else { return Err(AppError::NoSource) };
    rules.rebind(scheme, &set)?;
    watch.begin(scheme, &set)?;
    let Some((plugin, id)) = giver(&set, source) else { return Err(AppError::NoSource) };
    let mut witness = Witness {
        rules,
        watch,
        how: How {
            matching: RuleMatching::All,
            render: RenderOptions { base64_buffers: lab.settings.alerts.base64_buffers },
            fields: true,
            // What is recorded has all values at once.
            hold: Duration::ZERO,
            hostname: Arc::clone(&lab.hostname),
        },
        context: Context::new(Arc::clone(&lab.hostname)),
        steps: &[],
        observed: Observed::default(),
    };
    let counts = match input {
        Input::Payloads(payloads) => feed(&mut set, id, payloads, &mut witness)?,
        Input::Capture(path) => replay(set, plugin, &path.display().to_string(), &mut witness)?,
        Input::Recording { capture, steps } => {
            witness.steps = steps;
            let capture = MemoryCapture::new(Arc::clone(capture));
            replay(set, plugin, &capture.open_params(), &mut witness)?
        }
    };
    witness.observed.events = counts.events;
    match (counts.malformed, counts.foreign) {
        (0, 0) => Ok(witness.observed),
        (0, foreign) => Err(AppError::Cases(format!("{foreign} events belong to plugins that are not loaded"))),
        (malformed, _) => Err(AppError::Cases(format!("{malformed} events are malformed"))),
    }
}

/// The plugin that gives the events of a source, and its id.
pub(in crate::app) fn giver(set: &PluginSet, source: &str) -> Option<(PluginIdx, u32)> {
    let mut plugins = set.iter();
    let found = plugins.find(|(_, plugin)| {
        let info = plugin.info();
        info.capabilities.contains(Capabilities::SOURCING) && info.event_source().unwrap_or(SYSCALL) == source
    });
    found.map(|(index, plugin)| (index, plugin.info().id()))
}

fn replay(set: PluginSet, plugin: PluginIdx, params: &str, witness: &mut Witness<'_>) -> Result<Counts, AppError> {
    let open = Open { source: plugin, params, recorded: true, event_schema: None };
    let mut inspector = Inspector::open(set, open)?;
    let hostname = told_name(&mut inspector);
    witness.context = Context::new(Arc::clone(&hostname));
    witness.how.hostname = hostname;
    let mut counts = Counts::default();
    pump(&mut inspector, &Control::default(), witness, &mut counts)?;
    Ok(counts)
}

/// Payloads as events of the plugin, in the form that the host itself gives them.
pub(in crate::app) fn feed(
    set: &mut PluginSet,
    id: u32,
    payloads: &[Payload],
    sink: &mut impl Sink,
) -> Result<Counts, AppError> {
    let mut builder = EventBuilder::new();
    let mut counts = Counts::default();
    let mut ts = START_NS;
    for (payload, number) in payloads.iter().zip(1..) {
        ts += payload.after_ns;
        builder.begin(ts, -1, EventType::PLUGINEVENT_E, 2).push(&id.to_le_bytes()).push(&payload.bytes);
        let wrong = |error: &dyn std::fmt::Display| AppError::Cases(format!("{}: {error}", payload.place));
        let event = builder.finish().map_err(|error| wrong(&error))?;
        let event = set.event(event.bytes(), number).map_err(|error| wrong(&error))?;
        if !show(set, &event, sink, &mut counts) {
            break;
        }
    }
    Ok(counts)
}

/// Sees the events as the program's own sink does, and keeps what the rules make of them.
struct Witness<'w> {
    rules: &'w mut SourceRules,
    watch: &'w mut dyn Watch,
    how: How,
    context: Context,
    /// Which events each step made.
    steps: &'w [Range<u64>],
    observed: Observed,
}

impl Sink for Witness<'_> {
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        self.context.see(event.ts());
        let number = event.num();
        let step = self.steps.iter().position(|step| step.contains(&number));
        self.watch.event(plugins, event, &mut self.context, step);
        if !self.rules.wants(event) {
            return true;
        }
        let alerts = &mut self.observed.alerts;
        let mut raise = |what: Raise<'_>| {
            if let Raise::Match(rule, alert) = what {
                alerts.push((rule, raised(alert, number, step)));
            }
        };
        let mut holder = Holder::default();
        self.rules.evaluate(event, plugins, &mut self.context, &self.how, &mut holder, &mut raise);
        true
    }

    fn attend(&mut self, _control: &Control) {}
}

fn raised(alert: Alert, event: u64, step: Option<usize>) -> Raised {
    Raised {
        rule: alert.head.rule.to_string(),
        priority: alert.head.priority,
        source: alert.head.source.to_string(),
        output: alert.message,
        fields: alert.fields,
        event,
        step,
    }
}
