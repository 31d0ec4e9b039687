//! Pumps: one thread per open source moves its events through the plugins' state and then to whoever wants them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lanner_plugin_api::raw::ASYNCEVENT_E;

use crate::log;
use crate::plugin::{self, EventRef, Inspector, PluginError, Plugins, Pull};

/// What all pumps of the process heed.
#[derive(Debug, Default)]
pub struct Control {
    /// Set when any of the others may be: the only one looked at for each event.
    attention: AtomicBool,
    stop: AtomicBool,
    /// When it was set, ns since the epoch.
    stopped_at: AtomicU64,
    reopen: AtomicBool,
}

impl Control {
    /// Makes every pump end.
    pub fn stop(&self) {
        // The first wish counts.
        let _ = self.stopped_at.compare_exchange(0, now(), Ordering::Relaxed, Ordering::Relaxed);
        self.stop.store(true, Ordering::Release);
        self.attention.store(true, Ordering::Release);
    }

    /// Whether the pumps are to end.
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Makes some pump have the outputs opened anew.
    pub fn request_reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
        self.attention.store(true, Ordering::Release);
    }

    /// Takes the wish to open the outputs anew, if there is one.
    pub fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }

    #[inline]
    fn calls(&self) -> bool {
        self.attention.load(Ordering::Acquire)
    }

    fn attended(&self) {
        if !self.stopping() {
            self.attention.store(false, Ordering::Relaxed);
        }
    }
}

/// What a pump does with events.
pub trait Sink {
    /// Whether it records: then it is also shown what rules never see. Sinks that do not pay nothing for it.
    const RECORDS: bool = false;

    /// Whether it is to be said what is wrong with events. Of several that see the same ones, one tells.
    const TELLS: bool = true;

    /// An event that rules may see; its state is up to date. `false` ends the pump.
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool;

    /// All events of a batch are through, and the source is about to be told so by asking it for the next one. What must not be
    /// lost when it forgets them has to be safe when this returns.
    fn batch_done(&mut self) {}

    /// Between two batches: every event that was delivered has been dealt with, and none of the next ones is there yet. What
    /// decides about events may change here and nowhere else. `false` ends the pump; another one on the same source goes on
    /// where this one ended.
    fn between(&mut self, stream: &mut plugin::Pump, plugins: &mut Plugins) -> bool {
        let _ = (stream, plugins);
        true
    }

    /// Any event, before the plugins look at it: their state is that after the event before. For sinks that record.
    fn before(&mut self, _plugins: &mut Plugins, _event: &EventRef<'_>) {}

    /// An event that rules do not see: it only changes state, or its source is not loaded. Its state is up to date. For
    /// sinks that record.
    fn unseen(&mut self, _plugins: &mut Plugins, _event: &EventRef<'_>) {}

    /// Something other than events is to be done: signals came, or the source is quiet.
    fn attend(&mut self, control: &Control);

    /// Time has passed: `now` is that of the events, or of the clock while there are none. Called with the first event of a
    /// batch at least; `counts` is what the pump has seen so far. `false` ends the pump.
    fn tick(&mut self, plugins: &mut Plugins, now: u64, counts: &Counts) -> bool {
        let _ = (plugins, now, counts);
        true
    }
}

/// What a pump has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that rules could see.
    pub events: u64,
    /// Events whose source is not loaded.
    pub foreign: u64,
    /// Events that break the contract of the plugin API; they are passed over.
    pub malformed: u64,
}

/// Pumps until the source ends, the sink has enough or the control says stop.
///
/// Asking the source for more tells it that everything before has been dealt with: a source that acknowledges does so
/// then. That is why the sink is called before the next pull, and why it queues its alerts itself.
///
/// The running kernel's events are pumped until they are as young as the wish to stop: what happened before it was still to
/// be seen, and nobody else keeps it. Other sources have what they did not hand out, or give it to the next who asks.
///
/// What is seen is added to `counts`, so that it stands even if the source breaks, and goes on where another pump ended.
pub fn pump(
    inspector: &mut Inspector,
    control: &Control,
    sink: &mut impl Sink,
    counts: &mut Counts,
) -> Result<(), PluginError> {
    let kernel = inspector.is_kernel();
    let (stream, plugins) = inspector.parts();
    let mut rest: Option<Rest> = None;
    loop {
        if rest.is_none() && control.calls() {
            control.attended();
            sink.attend(control);
            if control.stopping() {
                if !kernel {
                    return Ok(());
                }
                rest = Some(Rest::new(control.stopped_at.load(Ordering::Relaxed)));
            }
        }
        if let Some(event) = stream.next_plain() {
            if !show(plugins, &event, sink, counts) {
                return Ok(());
            }
            continue;
        }
        if stream.is_drained() {
            sink.batch_done();
            if !sink.between(stream, plugins) {
                return Ok(());
            }
        }
        match stream.next() {
            Ok(Pull::Event(event)) => {
                // What plugins inject among the events of others says nothing about how far those are.
                let of_stream = event.ty() != ASYNCEVENT_E;
                if rest.as_ref().is_some_and(|rest| of_stream && rest.is_over(event.ts())) {
                    return Ok(());
                }
                if !sink.tick(plugins, event.ts(), counts) || !show_other(plugins, &event, sink, counts) {
                    return Ok(());
                }
            }
            Ok(Pull::Idle { .. }) => {
                if rest.as_ref().is_some_and(|rest| rest.is_over(now().saturating_sub(Rest::LATE_NS))) {
                    return Ok(());
                }
                sink.attend(control);
                if !sink.tick(plugins, now(), counts) || !sink.between(stream, plugins) {
                    return Ok(());
                }
            }
            Ok(Pull::End) => return Ok(()),
            // One bad event is no reason to stop looking at the others.
            Err(error @ PluginError::MalformedEvent { .. }) => malformed(sink, counts, &error),
            Err(error) => return Err(error),
        }
    }
}

/// What is still to be pumped when the end is wished for.
struct Rest {
    /// Time of the wish, ns since the epoch.
    until: u64,
    since: Instant,
}

impl Rest {
    /// Events come this much later than they happen, at most, when nothing is behind.
    const LATE_NS: u64 = 20_000_000;

    /// Who stops does not want to wait for a machine that makes events faster than they are judged.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn new(until: u64) -> Self {
        Self { until, since: Instant::now() }
    }

    /// Whether it is over when events of this time arrive.
    fn is_over(&self, ts: u64) -> bool {
        ts > self.until || self.since.elapsed() > Self::PATIENCE
    }
}

/// ns since the epoch.
pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Shows an event to the plugins and then, unless it only changes state, to the sink. `false`: the sink has enough.
#[inline(always)]
#[allow(clippy::inline_always, reason = "in the pump the event stays in registers; other calls are not in hot loops")]
pub(crate) fn show<S: Sink>(plugins: &mut Plugins, event: &EventRef<'_>, sink: &mut S, counts: &mut Counts) -> bool {
    if S::RECORDS {
        sink.before(plugins, event);
    }
    plugins.parse(event);
    if S::RECORDS && (event.is_hidden() || event.source().is_none()) {
        sink.unseen(plugins, event);
    }
    if event.is_hidden() {
        return true;
    }
    if event.source().is_none() {
        foreign(sink, counts, event);
        return true;
    }
    if !sink.event(plugins, event) {
        return false;
    }
    counts.events += 1;
    true
}

/// [`show`] for events that are not plain.
#[inline(never)]
fn show_other(plugins: &mut Plugins, event: &EventRef<'_>, sink: &mut impl Sink, counts: &mut Counts) -> bool {
    show(plugins, event, sink, counts)
}

#[cold]
fn malformed<S: Sink>(_: &S, counts: &mut Counts, error: &PluginError) {
    counts.malformed += 1;
    if S::TELLS && counts.malformed == 1 {
        log::warning(format_args!("{error}; the event is passed over, and others like it are counted"));
    }
}

#[cold]
fn foreign<S: Sink>(_: &S, counts: &mut Counts, event: &EventRef<'_>) {
    counts.foreign += 1;
    if S::TELLS && counts.foreign == 1 {
        log::warning(format_args!(
            "event {} belongs to a plugin that is not loaded; it and others like it are passed over",
            event.num()
        ));
    }
}
