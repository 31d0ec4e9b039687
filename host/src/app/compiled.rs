//! Loaded rules made ready for each source: compiled, with the answers to everything they ask prepared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lanner_engine::compile::RuleMatching as Matching;
use lanner_engine::format::RenderOptions;
use lanner_engine::load::{Loader, RuleSpec};
use lanner_engine::scheme::EventSet;
use lanner_syscall::live::Interest;

use super::enforce;
use super::error::AppError;
use super::names::RuleNames;
use super::rules::Rules;
use super::sources::{Group, Source};
use crate::alert::RuleHead;
use crate::config::{Engine, LiveSettings, RuleMatching, Settings};
use crate::event::extractor::Answers;
use crate::event::filter::Filter;
use crate::event::rules::{ExtraField, How, RuleAlert, SourceRules};
use crate::event::scheme::{SYSCALL, SourceScheme};
use crate::log;
use crate::plugin::{Plugin, PluginIdx, PluginSet, Wish};

/// A group of sources ready to run.
pub(crate) struct CompiledGroup {
    /// The name of its only source, or of the capture file.
    pub(crate) name: String,
    /// Whether it replays a capture.
    pub(crate) replay: bool,
    /// Its plugins.
    pub(crate) plugins: Arc<Mutex<Option<PluginSet>>>,
    /// The plugin that gives the events, and its parameters.
    pub(crate) input: Option<(PluginIdx, String)>,
    /// Rules by position of the source among the group's.
    pub(crate) rules: Vec<Option<SourceRules>>,
    /// What events must satisfy before rules see them.
    pub(crate) filter: Option<Filter>,
    /// How events are evaluated.
    pub(crate) how: How,
    /// The rules of a source that watches the kernel, and the events that each can match.
    pub(crate) asks: Vec<(Box<str>, EventSet)>,
    /// The events that such a source is to observe.
    pub(crate) wanted: Option<Wish>,
    /// What the rules were compiled for, by position of the source.
    pub(crate) schemes: Vec<Option<SourceScheme>>,
    /// Twins of it that help to replay the same capture.
    pub(crate) helpers: Vec<Self>,
}

/// All selected sources, and what the kernel has of the rules that kill.
pub(crate) struct Compiled {
    /// The sources.
    pub(crate) groups: Vec<CompiledGroup>,
    /// Rules that kill.
    pub(crate) enforced: enforce::Prepared,
}

/// Compiles the rules of every selected source and prepares the answers to what they ask.
pub(crate) fn compile(
    rules: &Rules,
    groups: &[Group],
    settings: &Settings,
    selected: &[impl AsRef<str>],
    hostname: &Arc<str>,
    names: &RuleNames,
) -> Result<Compiled, AppError> {
    let selected = |name: &str| selected.iter().any(|known| known.as_ref() == name);
    let numbers = names.numbers(rules.0.rules());
    let how = How {
        matching: match settings.rule_matching {
            RuleMatching::First => Matching::First,
            RuleMatching::All => Matching::All,
        },
        render: RenderOptions { base64_buffers: settings.alerts.base64_buffers },
        fields: settings.alerts.json && settings.alerts.include_output_fields,
        hold: Duration::ZERO,
        hostname: Arc::clone(hostname),
    };
    let watched = settings.engine.is_live() && selected(SYSCALL);
    let enforced = enforce::prepare(&rules.0, settings, &numbers, watched)?;
    let mut compiled = Vec::new();
    for group in groups {
        let wanted = |source: &&Source| selected(&source.name);
        let Some(first) = group.sources.iter().find(wanted) else { continue };
        let (name, input) = match &settings.engine {
            Engine::Replay { capture_file } => {
                let syscall = group.sources.iter().find_map(|source| source.input.as_ref());
                (capture_file.clone(), syscall.map(|(plugin, _)| (*plugin, capture_file.clone())))
            }
            _ => (first.name.clone(), first.input.clone()),
        };
        let guard = group.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plugins) = guard.as_ref() else { continue };
        let mut by_source: Vec<Option<SourceRules>> = Vec::new();
        let mut schemes: Vec<Option<SourceScheme>> = Vec::new();
        for source in group.sources.iter().filter(wanted) {
            let mut ready = ready(&rules.0, &numbers, source, plugins)?;
            if let Some(ready) = &mut ready {
                ready.enforce(|rule| enforced.number(rule));
            }
            let at = source.index as usize;
            if by_source.len() <= at {
                by_source.resize_with(at + 1, || None);
                schemes.resize_with(at + 1, || None);
            }
            if let (Some(place), Some(scheme)) = (by_source.get_mut(at), schemes.get_mut(at)) {
                (*place, *scheme) = (ready, Some(source.scheme.clone()));
            }
        }
        let parsed = parsed(plugins);
        drop(guard);
        let (mut asks, mut events) = (Vec::new(), None);
        let input = match input {
            Some((plugin, _)) if settings.engine.is_live() && name == SYSCALL => {
                asks = asking(&rules.0);
                let by_rules = by_source.iter().flatten().map(SourceRules::wish);
                let by_rules = by_rules.fold(Wish::default(), |all, one| all.and(&one));
                observed(&settings.live, &by_rules, &parsed);
                let wanted = by_rules.and(&parsed);
                // Captures that rules begin hold all that happened, not what alerts need.
                let wanted = if settings.capture.is_some() { wanted.and_the_rest() } else { wanted };
                let live = live_settings(&settings.live, Some(&wanted), settings.live.base.all);
                events = Some(wanted);
                let params = lanner_syscall::live::Settings { enforce: enforced.kernel.clone(), ..live };
                Some((plugin, params.to_params()))
            }
            other => other,
        };
        let replay = matches!(settings.engine, Engine::Replay { .. });
        let live = settings.engine.is_live() && name == SYSCALL;
        compiled.push(CompiledGroup {
            name,
            replay,
            plugins: Arc::clone(&group.plugins),
            input,
            rules: by_source,
            filter: None,
            // A recording has all values at once, and who acknowledges events does so when their alerts are out.
            how: How { hold: if live { settings.hold } else { Duration::ZERO }, ..how.clone() },
            asks,
            wanted: events,
            schemes,
            helpers: Vec::new(),
        });
    }
    Ok(Compiled { groups: compiled, enforced })
}

/// The enabled rules about system calls, each with the events that it can match.
fn asking(loader: &Loader) -> Vec<(Box<str>, EventSet)> {
    let enabled = loader.rules().iter().filter(|rule| &*rule.source == SYSCALL && rule.enabled);
    enabled.map(|rule| ((&*rule.name).into(), rule.condition.events())).collect()
}

/// The events that plugins beside the source itself parse: without them they know nothing of what rules ask them.
fn parsed(plugins: &PluginSet) -> Wish {
    let others = plugins.iter().filter(|(_, plugin)| plugin.info().name != SYSCALL).map(|(_, plugin)| plugin);
    let codes = |plugin: &Plugin| {
        let types = plugin.parse_event_types().clone();
        (0..=EventSet::MAX_CODE).filter(move |code| types.contains(*code))
    };
    Wish::of_codes(others.flat_map(codes))
}

/// What the source of system calls is opened with to watch the kernel for these events, or all; `io`: also those that move
/// data.
pub(crate) fn live_settings(live: &LiveSettings, events: Option<&Wish>, io: bool) -> lanner_syscall::live::Settings {
    let events = events.map(Wish::wanted);
    let snaplen = if live.snaplen == 0 { lanner_syscall::live::Settings::default().snaplen } else { live.snaplen };
    lanner_syscall::live::Settings {
        cpus_for_each_buffer: live.cpus_for_each_buffer,
        buf_size_preset: live.buf_size_preset,
        drop_failed_exit: live.drop_failed_exit,
        snaplen,
        events: events.map(|wanted| wanted.codes.to_vec()),
        calls: events.and_then(|wanted| wanted.calls).map(<[u16]>::to_vec),
        failures: events.and_then(|wanted| wanted.failures).map(<[u16]>::to_vec),
        custom_set: live.base.custom_set.clone(),
        repair: live.base.repair,
        io,
        purge_interval_s: live.purge_interval_s,
        purge_timeout_s: live.purge_timeout_s,
        enforce: None,
    }
}

/// Says which calls are observed and why, in lines that begin as Falco's do.
fn observed(live: &LiveSettings, by_rules: &Wish, by_plugins: &Wish) {
    let selection = live_settings(live, None, live.base.all).selection(Some(by_rules.and(by_plugins).wanted()));
    let (by_rules, by_plugins) = (Interest::of_events(by_rules.wanted()), Interest::of_events(by_plugins.wanted()));
    let lines = [
        ("(", "syscalls in rules", &by_rules),
        ("(", "syscalls required by plugins", &by_plugins),
        ("+(", "syscalls added (base_syscalls override)", &selection.custom),
        ("-(", "syscalls removed (base_syscalls override)", &selection.removed),
        ("-(", "ignored syscalls (-> activate via `-A` flag)", &selection.ignored),
        ("+(", "repaired syscalls", &selection.repaired),
        ("+(", "syscalls beside those in rules", &selection.calls.minus(&by_rules)),
        ("(", "syscalls selected in total (final set)", &selection.calls),
    ];
    for (sign, what, calls) in lines {
        let names = calls.names();
        if !names.is_empty() {
            log::debug(format_args!("{sign}{}) {what}: {}", names.len(), names.join(", ")));
        }
    }
    if !selection.unknown.is_empty() {
        log::warning(format_args!(
            "base_syscalls.custom_set names no events: {}; `lanner events` lists those that there are",
            selection.unknown.join(", ")
        ));
    }
    let refused = selection.refused().common(&by_rules).names();
    if !refused.is_empty() {
        log::warning(format_args!(
            "rules match system calls that are not observed: {}; what comes by the million is observed with -A \
             (base_syscalls.all), what base_syscalls.custom_set excludes is not",
            refused.join(", ")
        ));
    }
}

fn ready(
    loader: &Loader,
    numbers: &[usize],
    source: &Source,
    plugins: &PluginSet,
) -> Result<Option<SourceRules>, AppError> {
    let Some(rules) = loader.source_rules(&source.name) else { return Ok(None) };
    let answers = Answers::prepare(rules.set.slots(), &source.scheme, plugins)?;
    let place: HashMap<&str, usize> =
        loader.rules().iter().map(|rule| &*rule.name).zip(numbers.iter().copied()).collect();
    let number = |rule: &RuleSpec| place.get(&*rule.name).copied().unwrap_or(usize::MAX);
    let alerts = rules.rules.iter().map(|rule| alert(rule, number(rule))).collect();
    Ok(Some(SourceRules::new(rules.set, alerts, answers)))
}

/// What a rule's alerts look like; `id` comes back with each of them.
pub(crate) fn alert(rule: &RuleSpec, id: usize) -> RuleAlert {
    let head = RuleHead {
        rule: (&*rule.name).into(),
        source: (&*rule.source).into(),
        priority: rule.priority,
        tags: rule.tags.iter().map(|tag| (&**tag).into()).collect(),
    };
    let extra = rule.extra_fields.iter().map(|field| ExtraField {
        key: (&*field.key).into(),
        format: field.format.clone(),
        raw: field.raw,
    });
    RuleAlert { id, head: Arc::new(head), output: rule.output.clone(), extra: extra.collect(), enforced: None }
}
