//! The main work: sources opened, events pumped, alerts delivered, and what is said at the end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use lanner_engine::load::Priority;

use super::capture::{Captures, Capturing, Plan, Wish};
use super::cli::Options;
use super::compiled::CompiledGroup;
use super::crew;
use super::drops::DropWatch;
use super::enforce::{Deeds, Untold};
use super::error::AppError;
use super::evaluator::{Desk, Evaluator};
use super::lookout::Lookout;
use super::measure::Measure;
use super::names::RuleNames;
use super::reload::{self, Exchange, Reloader, Seat, Trigger};
use super::replay::Progress;
use super::stats::{Losses, Matches};
use super::systemd::{Manager, Opening};
use super::timeouts::Timeouts;
use super::{signals, systemd};
use crate::config::{Engine, LiveSettings, Settings};
use crate::event::extractor::Context;
use crate::event::hold::Holder;
use crate::event::scheme::SYSCALL;
use crate::log;
use crate::metrics::{Feed, SourceState};
use crate::outputs::{End, Outputs, QueueFull, enabled};
use crate::plugin::{Inspector, Open, PluginIdx, PluginSet};
use crate::record::Patience;
use crate::source::{Control, Counts, Sink, now, pump};

/// Everything that is needed to run.
pub(crate) struct Job<'a> {
    /// The command line.
    pub options: &'a Options,
    /// The configuration.
    pub settings: &'a Settings,
    /// The sources that are to run, with their rules.
    pub groups: Vec<CompiledGroup>,
    /// The rules by number.
    pub rules: Arc<RuleNames>,
    /// Captures that their matches begin, if any are to.
    pub captures: Option<Arc<Plan>>,
    /// Whether the progress of a replay stays unseen.
    pub quiet: bool,
    /// How many sources run.
    pub sources: usize,
    /// What is measured, if anything is.
    pub measure: Option<Measure>,
    /// What reloads begin with, if there are to be any.
    pub reload: Option<reload::Base<'a>>,
}

/// The sources that give events: how many still do, and whether any failed.
struct Giving {
    left: AtomicUsize,
    failed: AtomicBool,
}

impl Giving {
    /// One source less. Whether any is left.
    fn ended(&self, failed: bool) -> bool {
        self.failed.fetch_or(failed, Ordering::AcqRel);
        self.left.fetch_sub(1, Ordering::AcqRel) > 1
    }

    fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

/// What all sources share.
#[derive(Clone, Copy)]
struct Floor<'f> {
    job: &'f Job<'f>,
    desk: &'f Desk,
    giving: &'f Giving,
    exchanges: &'f [Arc<Exchange>],
    manager: &'f Manager,
}

/// What one source's thread leaves behind.
struct Outcome {
    matches: Matches,
    counts: Counts,
    losses: Losses,
    elapsed: Duration,
    error: Option<AppError>,
}

/// Runs until all sources end or a signal comes; then delivers what is queued and prints the counts.
pub(crate) fn run(mut job: Job<'_>) -> Result<(), AppError> {
    let outputs = enabled(&job.settings.outputs)?;
    if outputs.is_empty() {
        return Err(AppError::NoOutput);
    }
    let replay = matches!(job.settings.engine, Engine::Replay { .. });
    let settings = &job.settings.outputs;
    let full = if replay { QueueFull::Wait } else { QueueFull::Drop };
    let control = Arc::new(Control::default());
    let (trigger, wishes) = Trigger::new();
    let base = job.reload.take();
    let _signals = signals::listen(Arc::clone(&control), base.is_some().then(|| trigger.clone()))?;
    write_pidfile(job.options)?;
    let desk = Desk { outputs: Outputs::start(outputs, job.settings.alerts, full, settings)?, control };
    let groups = std::mem::take(&mut job.groups);
    let exchanges: Vec<Arc<Exchange>> = groups.iter().map(|group| Exchange::new(&group.name)).collect();
    let giving = groups.iter().filter(|group| group.input.is_some()).count();
    let giving = Giving { left: AtomicUsize::new(giving), failed: AtomicBool::new(false) };
    let manager = Manager::new(groups.len());
    let floor = Floor { manager: &manager, job: &job, desk: &desk, giving: &giving, exchanges: &exchanges };
    let started = Instant::now();
    let asked = base.is_some().then(|| trigger.for_web());
    let shown = job.measure.as_ref().map(|measure| measure.open(job.settings, desk.outputs.counts(), asked));
    let shown = shown.transpose()?;
    let watchdog = manager.watchdog();
    let (matches, failed) = std::thread::scope(|scope| {
        if let Some(base) = base {
            let (desk, trigger) = (floor.desk, trigger.clone());
            let reloader = Reloader { base, desk, exchanges: exchanges.clone(), trigger };
            let thread = std::thread::Builder::new().name("reload".into());
            if let Err(error) = thread.spawn_scoped(scope, move || reloader.run(&wishes)) {
                log::error(format_args!("no thread for reloads, rules stay as they are: {error}"));
            }
        }
        let outcome = match shown {
            Some(shown) => shown.during(&floor.desk.outputs, || run_groups(floor, groups)),
            None => run_groups(floor, groups),
        };
        trigger.stop();
        outcome
    });
    drop(watchdog);
    systemd::stopping();
    log::debug(format_args!("processed for {:?}", started.elapsed()));
    let end = if desk.control.stopping() { End::Asked } else { End::OfEvents };
    let losses = desk.outputs.finish(end).losses();
    let rules = job.rules.all();
    let rules: Vec<(&str, Priority)> = rules.iter().map(|(name, priority)| (&**name, *priority)).collect();
    print_stdout(&matches.report(&rules));
    if let Some(losses) = losses {
        eprint!("{losses}");
    }
    failed.map_or(Ok(()), Err)
}

/// One thread for each source; with only one, this thread. What was counted counts even if a source failed.
fn run_groups(floor: Floor<'_>, mut groups: Vec<CompiledGroup>) -> (Matches, Option<AppError>) {
    let mut matches = Matches::new(floor.job.rules.len());
    let mut failed = None;
    let outcomes: Vec<Outcome> = match groups.pop() {
        None => Vec::new(),
        Some(only) if groups.is_empty() => vec![run_group(floor, only)],
        Some(last) => {
            groups.push(last);
            std::thread::scope(|scope| {
                let threads: Vec<_> = groups
                    .into_iter()
                    .map(|group| {
                        let name = group.name.clone();
                        (name, scope.spawn(move || run_group(floor, group)))
                    })
                    .collect();
                let mut outcomes = Vec::new();
                for (name, thread) in threads {
                    match thread.join() {
                        Ok(outcome) => outcomes.push(outcome),
                        Err(_) => failed = Some(AppError::Panicked(name)),
                    }
                }
                outcomes
            })
        }
    };
    for outcome in outcomes {
        matches.merge(&outcome.matches);
        failed = failed.or(outcome.error);
    }
    (matches, failed)
}

/// Opens one source, pumps it dry, closes it. An error ends this source; the others go on as long as one of them gives events.
fn run_group(floor: Floor<'_>, group: CompiledGroup) -> Outcome {
    let Floor { manager, job, desk, giving, exchanges } = floor;
    let started = Instant::now();
    let name = group.name.clone();
    let syscalls = group.replay || name == SYSCALL;
    let live = job.settings.engine.is_live() && name == SYSCALL;
    let gives = group.input.is_some();
    let exchange = exchanges.iter().find(|exchange| exchange.name == name);
    let feed = match (&group.input, group.replay, live) {
        (None, ..) => Feed::Nothing,
        (_, true, _) => Feed::File,
        (_, _, true) => Feed::Kernel,
        _ => Feed::Plugin,
    };
    let untold = Untold::new(&group.rules, Arc::clone(&group.how.hostname));
    let pulse = job.measure.as_ref().map(|measure| measure.pulse(&name, feed, job.settings));
    let lookout = Lookout::new(live, pulse.is_some());
    let opening = manager.source(&name);
    let life = opening.life();
    let mut evaluator = Evaluator {
        life: life.clone(),
        special: true,
        rules: group.rules,
        filter: group.filter,
        how: group.how,
        holder: Holder::default(),
        context: Context::new(this_machine()),
        progress: Progress::new(&group.name, job.quiet),
        matches: Matches::new(job.rules.len()),
        desk,
        limit_ns: job.options.stop_after_s.map(|seconds| seconds.saturating_mul(1_000_000_000)),
        start_ns: None,
        untold,
        timeouts: live.then(|| Timeouts::new(job.settings.live.max_timeouts, this_machine())),
        drops: live.then(|| DropWatch::new(job.settings.drops.clone(), this_machine(), group.asks)),
        pulse,
        lookout,
        lost: false,
        acknowledges: !syscalls,
        raised: false,
        gathered: Vec::new(),
        plan: job.captures.clone(),
        wish: Wish::default(),
        seat: exchange.map(|exchange| Seat::new(Arc::clone(exchange), group.wanted)),
        reshaped: false,
        crew: None,
    };
    let plugins = group.plugins.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (counts, losses, result) = match (plugins, &group.input) {
        (Some(plugins), Some(input)) => {
            let kind = if group.replay {
                Kind::Recorded
            } else if live {
                Kind::Kernel(&job.settings.live)
            } else {
                Kind::Plugin
            };
            std::thread::scope(|scope| {
                let (crew, helpers) = match crew::start(scope, group.helpers, evaluator.limit_ns) {
                    Ok(started) => started,
                    Err(error) => return (Counts::default(), Losses::default(), Err(error)),
                };
                evaluator.crew = crew;
                let (counts, losses, result) =
                    open_and_pump(plugins, input, &group.name, kind, desk, &mut evaluator, opening);
                // Without it they end, whatever made this thread end.
                drop(evaluator.crew.take());
                (counts, losses, result.and(helpers.join()))
            })
        }
        _ => {
            log::warning(format_args!(
                "Enabled event source '{name}' will be opened with no driver, no event will be produced"
            ));
            evaluator.pulse.iter().for_each(|pulse| pulse.state(SourceState::Silent));
            opening.idle();
            wait(desk, &mut evaluator);
            (Counts::default(), Losses::default(), Ok(()))
        }
    };
    life.end();
    let elapsed = started.elapsed();
    let mut unopened = false;
    let error = match result {
        Ok(()) => None,
        // The machine may not let itself be watched; what plugins see is worth going on for.
        Err(error @ AppError::NoLiveSource(_)) if job.sources > 1 => {
            log::error(format_args!("{error}; the other sources go on"));
            unopened = true;
            None
        }
        Err(error) => Some(error),
    };
    // Orders for this source are in vain from now on.
    drop(evaluator.seat.take());
    if gives {
        let others = giving.ended(error.is_some());
        match &error {
            // That is what the user wants to end the program.
            Some(AppError::Lost) => desk.control.stop(),
            Some(error) if others => log::error(format_args!("source '{name}' has ended, the others go on: {error}")),
            _ if !others && giving.failed() => desk.control.stop(),
            _ => {}
        }
    }
    let state = if error.is_some() || unopened { SourceState::Failed } else { SourceState::Ended };
    evaluator.pulse.iter().for_each(|pulse| {
        pulse.held(evaluator.holder.counts());
        pulse.end(&counts, state);
    });
    let drops = evaluator.drops.map(|drops| drops.report());
    let outcome = Outcome { matches: evaluator.matches, counts, losses, elapsed, error };
    report(job.options.verbose, syscalls, &name, group.replay, &outcome, drops);
    outcome
}

/// What a source reads.
#[derive(Clone, Copy)]
enum Kind<'s> {
    /// A capture file.
    Recorded,
    /// The running kernel.
    Kernel(&'s LiveSettings),
    /// Whatever its plugin does.
    Plugin,
}

fn announce(kind: Kind<'_>, name: &str, plugin: &str, params: &str) {
    match kind {
        Kind::Recorded => log::info(format_args!("Replaying events from the capture file: {params}")),
        Kind::Plugin => log::info(format_args!("Opening '{name}' source with plugin '{plugin}'")),
        Kind::Kernel(live) => {
            let mib = 1u32 << (live.buf_size_preset.clamp(1, 10) - 1);
            log::info(format_args!("The chosen syscall buffer dimension is: {} bytes ({mib} MBs)", mib << 20));
            log::info(format_args!("Opening '{name}' source with modern BPF probe."));
            log::info(format_args!("One ring buffer every '{}' CPUs.", live.cpus_for_each_buffer));
        }
    }
}

/// Opens a source and pumps it. What was seen stands even if it breaks.
#[inline(never)] // What it costs is counted by its name.
fn open_and_pump(
    plugins: PluginSet,
    (input, params): &(PluginIdx, String),
    name: &str,
    kind: Kind<'_>,
    desk: &Desk,
    evaluator: &mut Evaluator<'_>,
    opening: Opening<'_>,
) -> (Counts, Losses, Result<(), AppError>) {
    // The errors of a capture name its file themselves.
    let failed = |error| match kind {
        Kind::Recorded => AppError::Plugin(error),
        _ => AppError::Source { name: name.to_owned(), error },
    };
    let plugin = plugins.get(*input).map(|plugin| plugin.info().name.as_str()).unwrap_or_default();
    announce(kind, name, plugin, params);
    let open = Open { source: *input, params, recorded: matches!(kind, Kind::Recorded), event_schema: None };
    let mut inspector = match Inspector::open(plugins, open) {
        Ok(inspector) => inspector,
        Err(error) => {
            let error = if matches!(kind, Kind::Kernel(_)) { AppError::NoLiveSource(error) } else { failed(error) };
            return (Counts::default(), Losses::default(), Err(error));
        }
    };
    opening.opened();
    evaluator.context = Context::new(machine_name(&mut inspector));
    let mut counts = Counts::default();
    let result = loop {
        let result = match evaluator.plan.clone() {
            None => pump(&mut inspector, &desk.control, evaluator, &mut counts),
            Some(plan) => {
                // Who replays can wait for the disk; the kernel does not.
                let patience = if matches!(kind, Kind::Recorded) { Patience::Wait } else { Patience::Skip };
                let captures = Captures::new(plan, *input, patience, this_machine());
                let mut capturing = Capturing { evaluator: &mut *evaluator, captures };
                let result = pump(&mut inspector, &desk.control, &mut capturing, &mut counts);
                capturing.captures.finish();
                result
            }
        };
        if !std::mem::take(&mut evaluator.reshaped) || result.is_err() {
            break result;
        }
    };
    evaluator.disband();
    evaluator.progress.finish();
    evaluator.release(inspector.parts().1, now(), true);
    evaluator.hand_over();
    let metrics = inspector.parts().1.metrics();
    let losses = Losses::of(&metrics);
    if let Some(drops) = &mut evaluator.drops {
        drops.finish(&metrics);
    }
    if let Some(mut untold) = evaluator.untold.take() {
        untold.tell(now(), &metrics, &mut |alert| evaluator.desk.outputs.send(alert));
    }
    tell_deeds(&Deeds::of(&metrics), evaluator);
    if let Some(pulse) = &evaluator.pulse {
        let blind = evaluator.drops.iter().flat_map(|drops| drops.blind());
        pulse.told(pulse.asks_plugins().then_some(metrics), blind);
    }
    let (_, errors) = inspector.close();
    errors.iter().for_each(|error| log::error(format_args!("closing '{name}': {error}")));
    let result = if evaluator.lost { Err(AppError::Lost) } else { result.map_err(failed) };
    (counts, losses, result)
}

/// What rules that kill did.
fn tell_deeds(deeds: &Deeds, evaluator: &Evaluator<'_>) {
    if let Some(summary) = deeds.summary() {
        log::write(log::Level::Notice, summary);
    }
    let name = |number| {
        evaluator.rules.iter().flatten().find_map(|rules| rules.enforced(number)).map(|head| head.rule.to_string())
    };
    if let Some(untold) = deeds.untold(name) {
        log::warning(untold);
    }
}

/// The name of the machine whose events these are, for `evt.hostname`: what the user says, else what the source says,
/// else this machine's.
pub(crate) fn machine_name(inspector: &mut Inspector) -> Arc<str> {
    match std::env::var_os(HOSTNAME_VARIABLE) {
        Some(name) => name.to_string_lossy().into(),
        None => told_name(inspector),
    }
}

/// What the source says of its machine's name, else this machine's: what rule tests go by, which must not depend on where
/// they run.
pub(crate) fn told_name(inspector: &mut Inspector) -> Arc<str> {
    let (_, plugins) = inspector.parts();
    let indexes: Vec<PluginIdx> = plugins.iter().map(|(index, _)| index).collect();
    let told = indexes.into_iter().find_map(|index| {
        let info = plugins.get_mut(index)?.machine_info()?;
        let info: serde_json::Value = serde_json::from_str(&info).ok()?;
        info.get("hostname")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
    });
    told.map_or_else(this_machine, Into::into)
}

/// The environment variable that overrides the name of the machine.
pub(crate) const HOSTNAME_VARIABLE: &str = "FALCO_HOSTNAME";

/// The name of the machine that this runs on.
pub(crate) fn this_machine() -> Arc<str> {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().into()).unwrap_or_default()
}

/// A source without events: nothing to do until the end.
fn wait(desk: &Desk, evaluator: &mut Evaluator<'_>) {
    while !desk.control.stopping() && evaluator.limit_ns.is_none() {
        evaluator.attend(&desk.control);
        evaluator.carry_out(None);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn report(verbose: bool, syscalls: bool, name: &str, replay: bool, outcome: &Outcome, drops: Option<String>) {
    if verbose {
        let seconds = outcome.elapsed.as_secs_f64();
        let events = outcome.counts.events;
        let source = if replay { String::new() } else { format!("({name}) ") };
        let rate = events as f64 / seconds.max(f64::MIN_POSITIVE);
        eprintln!("{source}Elapsed time: {seconds:.3}, Captured Events: {events}, {rate:.2} eps");
    }
    if outcome.counts.malformed > 0 {
        log::warning(format_args!("{} malformed events were passed over", outcome.counts.malformed));
    }
    if outcome.counts.foreign > 0 {
        log::warning(format_args!("{} events of plugins that are not loaded were passed over", outcome.counts.foreign));
    }
    if let Some(warning) = outcome.losses.warning() {
        log::warning(format_args!("{warning}"));
    }
    if syscalls && outcome.error.is_none() {
        eprint!("{}", drops.unwrap_or_else(DropWatch::nothing_lost));
    }
}

fn write_pidfile(options: &Options) -> Result<(), AppError> {
    match options.pidfile.as_deref() {
        None | Some("") => Ok(()),
        Some(path) => std::fs::write(path, std::process::id().to_string())
            .map_err(|source| AppError::PidFile { path: path.to_owned(), source }),
    }
}

/// Prints to stdout; a reader that is gone is no error of ours.
pub(crate) fn print_stdout(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
