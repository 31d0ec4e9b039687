//! Pumps: one thread per open source moves its events through the plugins' state and then to whoever wants them.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::log;
use crate::plugin::{EventRef, Inspector, PluginError, Plugins, Pull};

/// What all pumps of the process heed.
#[derive(Debug, Default)]
pub struct Control {
    /// Set when any of the others may be: the only one looked at for each event.
    attention: AtomicBool,
    stop: AtomicBool,
    reopen: AtomicBool,
}

impl Control {
    /// Makes every pump end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.attention.store(true, Ordering::Release);
    }

    /// Whether the pumps are to end.
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
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

    /// An event that rules may see; its state is up to date. `false` ends the pump.
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool;

    /// All events of a batch are through, and the source is about to be told so by asking it for the next one. What must not be
    /// lost when it forgets them has to be safe when this returns.
    fn batch_done(&mut self) {}

    /// Any event, before the plugins look at it: their state is that after the event before. For sinks that record.
    fn before(&mut self, _plugins: &mut Plugins, _event: &EventRef<'_>) {}

    /// An event that rules do not see: it only changes state, or its source is not loaded. Its state is up to date. For
    /// sinks that record.
    fn unseen(&mut self, _plugins: &mut Plugins, _event: &EventRef<'_>) {}

    /// Something other than events is to be done: signals came, or the source is quiet.
    fn attend(&mut self, control: &Control);

    /// Time has passed: `now` is that of the events, or of the clock while there are none. Called with the first event of a
    /// batch at least. `false` ends the pump.
    fn tick(&mut self, plugins: &mut Plugins, now: u64) -> bool {
        let _ = (plugins, now);
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
pub fn pump(inspector: &mut Inspector, control: &Control, sink: &mut impl Sink) -> Result<Counts, PluginError> {
    let (stream, plugins) = inspector.parts();
    let mut counts = Counts::default();
    loop {
        if control.calls() {
            control.attended();
            sink.attend(control);
            if control.stopping() {
                return Ok(counts);
            }
        }
        if let Some(event) = stream.next_plain() {
            if !show(plugins, &event, sink, &mut counts) {
                return Ok(counts);
            }
            continue;
        }
        if stream.is_drained() {
            sink.batch_done();
        }
        match stream.next() {
            Ok(Pull::Event(event)) => {
                if !sink.tick(plugins, event.ts()) || !show_other(plugins, &event, sink, &mut counts) {
                    return Ok(counts);
                }
            }
            Ok(Pull::Idle { .. }) => {
                sink.attend(control);
                if !sink.tick(plugins, now()) {
                    return Ok(counts);
                }
            }
            Ok(Pull::End) => return Ok(counts),
            // One bad event is no reason to stop looking at the others.
            Err(error @ PluginError::MalformedEvent { .. }) => malformed(&mut counts, &error),
            Err(error) => return Err(error),
        }
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
        foreign(counts, event);
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
fn malformed(counts: &mut Counts, error: &PluginError) {
    counts.malformed += 1;
    if counts.malformed == 1 {
        log::warning(format_args!("{error}; the event is passed over, and others like it are counted"));
    }
}

#[cold]
fn foreign(counts: &mut Counts, event: &EventRef<'_>) {
    counts.foreign += 1;
    if counts.foreign == 1 {
        log::warning(format_args!(
            "event {} belongs to a plugin that is not loaded; it and others like it are passed over",
            event.num()
        ));
    }
}
