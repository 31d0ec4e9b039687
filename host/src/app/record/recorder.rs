//! The sink that records.

use std::sync::Arc;

use lanner_syscall::capture::Keep;
use lanner_syscall::state::followed;

use super::files::Files;
use super::progress::{Counts, Progress};
use crate::app::cli::RecordArgs;
use crate::app::error::AppError;
use crate::app::stats::Losses;
use crate::event::extractor::Context;
use crate::event::filter::Filter;
use crate::log;
use crate::plugin::{EventRef, PluginIdx, Plugins};
use crate::record::{Ring, Tape, keep};
use crate::source::{self, Control, Sink};

/// Events into files, or into a ring and from there into files.
pub(super) struct Recorder {
    tape: Tape,
    ring: Option<Ring>,
    span_ns: u64,
    files: Files,
    /// Whether the file that is open has a head.
    headed: bool,
    filter: Option<Filter>,
    context: Context,
    /// By event code: whether an event for which the filter does not hold is kept for the state.
    state: Vec<bool>,
    stop_after_ns: Option<u64>,
    first_ts: Option<u64>,
    last_ts: u64,
    /// Event time of the last look at what is not for each event.
    ticked: u64,
    counts: Counts,
    progress: Progress,
    failed: Option<AppError>,
}

/// Event time between two looks at buffers that wait and at the progress.
const TICK_NS: u64 = 250_000_000;

impl Recorder {
    pub(super) fn new(
        source: PluginIdx,
        args: &RecordArgs,
        stop_after_s: Option<u64>,
        filter: Option<Filter>,
        files: Files,
        progress: Progress,
        hostname: Arc<str>,
    ) -> Self {
        let mut state = Vec::new();
        if !args.only_matching {
            for code in followed() {
                let at = usize::from(code.0);
                state.resize(state.len().max(at + 1), false);
                state[at] = true;
            }
        }
        Self {
            tape: Tape::new(source, args.read.is_none()),
            ring: args.ring.map(Ring::new),
            span_ns: args.ring.and_then(|limits| limits.span_ns).unwrap_or(u64::MAX),
            files,
            headed: false,
            filter,
            context: Context::new(hostname),
            state,
            stop_after_ns: stop_after_s.filter(|&s| s > 0).map(|s| s.saturating_mul(1_000_000_000)),
            first_ts: None,
            last_ts: 0,
            ticked: 0,
            counts: Counts::default(),
            progress,
            failed: None,
        }
    }

    #[inline]
    fn put(&mut self, event: &EventRef<'_>, keep: Keep) {
        match &mut self.ring {
            Some(ring) => ring.push(|out| Tape::event(out, event, keep)),
            None => {
                if let Some(file) = self.files.open() {
                    Tape::event(file.buffer(), event, keep);
                    file.wrote(1);
                }
            }
        }
    }

    /// An event for which the filter does not hold, or that rules do not see anyway.
    fn put_for_state(&mut self, event: &EventRef<'_>) {
        if self.state.get(usize::from(event.ty())).copied().unwrap_or(false) {
            self.counts.state_only += 1;
            self.put(event, Keep::StateOnly);
        } else {
            self.counts.left_out += 1;
        }
    }

    /// Writes what the ring has; `mark` stands in the file's name.
    fn write_ring(&mut self, mark: &str) {
        let Some(ring) = &mut self.ring else { return };
        let (events, forgotten) = (ring.events(), ring.forgotten());
        let chunks = ring.take(self.last_ts.saturating_sub(self.span_ns));
        if events == 0 {
            self.progress.say("Nothing to write: no event came since the last time");
            return;
        }
        match self.files.write_ring(chunks, mark) {
            Ok(kept) => self.progress.say(&format!(
                "Wrote the newest {} of {} events to {}",
                kept.events,
                events + forgotten,
                kept.path.display()
            )),
            Err(error) => self.failed = Some(error.into()),
        }
    }

    /// Hands on what has waited long enough, and shows how far it is.
    fn look(&mut self) {
        let mut bytes = self.ring.as_ref().map_or(0, |ring| ring.bytes() as u64);
        if let Some(file) = self.files.open() {
            file.tick();
            bytes = file.bytes();
        }
        self.progress.show(&self.counts, bytes);
    }

    /// Writes what is not written yet and tells what came of it.
    pub(super) fn finish(mut self, losses: Option<&Losses>) -> Result<(), AppError> {
        if self.failed.is_none() && self.ring.is_some() {
            self.write_ring("");
        }
        let Self { files, progress, counts, failed, .. } = self;
        let finished = files.finish();
        if let Some(error) = failed {
            return Err(error);
        }
        let (number, kept) = finished?;
        progress.end(number, kept.as_ref(), &counts, losses);
        Ok(())
    }
}

impl Sink for Recorder {
    const RECORDS: bool = true;

    #[inline]
    fn before(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) {
        let ts = event.ts();
        self.last_ts = ts;
        let replaced = self.tape.replaced(plugins, ts);
        let Self { tape, ring, files, headed, failed, .. } = self;
        if let Some(ring) = ring {
            if replaced || ring.is_full(ts, event.bytes().len() + 32) {
                ring.begin(ts, replaced, |out| tape.head(plugins, false, ts, out));
                if !ring.has_room() {
                    *failed = Some(AppError::SmallRing { head: ring.head() });
                }
            }
            return;
        }
        if files.is_full(ts) {
            *headed = false;
            if let Err(error) = files.next() {
                *failed = Some(error.into());
            }
        }
        if (!*headed || replaced)
            && let Some(file) = files.open()
        {
            *headed = true;
            tape.head(plugins, false, ts, file.buffer());
            file.wrote(0);
        }
    }

    #[inline]
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        let ts = event.ts();
        if let Some(limit) = self.stop_after_ns
            && ts.saturating_sub(*self.first_ts.get_or_insert(ts)) >= limit
        {
            return false;
        }
        let holds = match &mut self.filter {
            None => true,
            Some(filter) => {
                self.context.see(ts);
                filter.accepts(event, plugins, &mut self.context)
            }
        };
        if holds {
            self.counts.whole += 1;
            self.put(event, Keep::Whole);
        } else {
            self.put_for_state(event);
        }
        self.failed.is_none() && !self.files.open().is_some_and(|file| file.failed())
    }

    fn unseen(&mut self, _: &mut Plugins, event: &EventRef<'_>) {
        if self.filter.is_none() {
            self.put(event, keep(event));
        } else {
            self.put_for_state(event);
        }
    }

    #[inline]
    fn tick(&mut self, _: &mut Plugins, now: u64, _: &source::Counts) -> bool {
        // Of the events' own time: a look at the clock for each of them would cost more than recording it.
        if now.abs_diff(self.ticked) >= TICK_NS {
            self.ticked = now;
            self.look();
        }
        true
    }

    fn attend(&mut self, control: &Control) {
        if control.take_reopen() {
            match &self.ring {
                Some(_) => self.write_ring(&format!("_{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S.%3fZ"))),
                None => log::info("SIGUSR1 received: without --ring there is nothing to write at once"),
            }
        }
        self.look();
        let up = self.stop_after_ns.is_some_and(|limit| self.progress.elapsed().as_nanos() >= u128::from(limit));
        let broken = self.failed.is_some() || self.files.open().is_some_and(|file| file.failed());
        // A quiet machine has no event that would say how late it is.
        if up || broken {
            control.stop();
        }
    }
}
