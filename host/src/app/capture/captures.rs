//! The capture that is open, what was before it, and those whose end is still being written.

use std::path::PathBuf;
use std::sync::Arc;

use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;
use lanner_syscall::capture::Keep;

use super::{Plan, Wish};
use crate::alert::{Alert, INTERNAL, RuleHead};
use crate::log;
use crate::plugin::{EventRef, PluginIdx, Plugins};
use crate::record::{Finishing, Form, Limits, Patience, Recording, Ring, Tape, keep};

/// Captures that may be on their way to the disk at the same time. A disk that is slower gets no more of them, since each
/// holds what was before it in memory.
const MAX_FINISHING: usize = 4;
/// The name under which a capture that is too large alerts, as Falco's.
const RULE: &str = "Falco internal: capture size limit reached";

/// What of the newest events is kept, if any rule wants what was before its match.
fn limits(plan: &Plan) -> Option<Limits> {
    let before = plan.before();
    let bytes = plan.settings.before_memory_mb as usize * (1 << 20);
    (before > 0).then_some(Limits { bytes, span_ns: Some(before) })
}

/// The captures of one source.
pub(in crate::app) struct Captures {
    plan: Arc<Plan>,
    tape: Tape,
    /// The newest events, if any rule wants what was before its match.
    ring: Option<Ring>,
    open: Option<Recording>,
    /// Event time at which the open one ends; matches move it.
    deadline: u64,
    finishing: Vec<Finishing>,
    patience: Patience,
    hostname: Arc<str>,
    /// Captures that were not begun.
    skipped: u64,
}

impl Captures {
    /// For the events of this plugin. With [`Patience::Skip`] a slow disk costs events of captures, never alerts.
    pub(in crate::app) fn new(plan: Arc<Plan>, source: PluginIdx, patience: Patience, hostname: Arc<str>) -> Self {
        let ring = limits(&plan).map(Ring::new);
        Self {
            plan,
            tape: Tape::new(source, patience == Patience::Skip),
            ring,
            open: None,
            deadline: 0,
            finishing: Vec::new(),
            patience,
            hostname,
            skipped: 0,
        }
    }

    /// Whether it is this plan that it goes by.
    pub(super) fn follows(&self, plan: &Arc<Plan>) -> bool {
        Arc::ptr_eq(&self.plan, plan)
    }

    /// Bytes kept of the time before a capture; `None`: no rule wants any.
    pub(super) fn before_bytes(&self) -> Option<u64> {
        self.ring.as_ref().map(|ring| ring.held() as u64)
    }

    /// Goes by another plan from now on. The capture that is open stays so, and what the ring has stays in it as far as the
    /// new plan wants any.
    pub(super) fn follow(&mut self, plan: Arc<Plan>) {
        self.ring = match (self.ring.take(), limits(&plan)) {
            (Some(mut ring), Some(limits)) => {
                ring.limit(limits);
                Some(ring)
            }
            (_, limits) => limits.map(Ring::new),
        };
        self.plan = plan;
    }

    /// An event that the plugins have not looked at: a head for it is made now, if it needs one.
    #[inline]
    pub(super) fn before(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) {
        if self.open.is_none() && self.ring.is_none() {
            return;
        }
        let ts = event.ts();
        let Self { tape, ring, open, .. } = self;
        let replaced = tape.replaced(plugins, ts);
        if let (true, Some(open)) = (replaced, open) {
            tape.head(plugins, false, ts, open.buffer());
            open.wrote(0);
        }
        if let Some(ring) = ring
            && (replaced || ring.is_full(ts, event.bytes().len() + 32))
        {
            ring.begin(ts, replaced, |out| tape.head(plugins, false, ts, out));
        }
    }

    /// An event that has been evaluated. An alert if that ends a capture by its size.
    #[inline]
    pub(super) fn after(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, wish: Wish) -> Option<Alert> {
        if let Some(ring) = &mut self.ring {
            ring.push(|out| Tape::event(out, event, keep(event)));
        }
        if wish.matched {
            self.deadline = self.deadline.max(event.ts().saturating_add(wish.duration));
        }
        match &mut self.open {
            Some(open) => {
                Tape::event(open.buffer(), event, keep(event));
                open.wrote(1);
            }
            None if wish.begins => self.begin(plugins, event, wish.before),
            None => return None,
        }
        self.end_if_due(event.ts())
    }

    #[cold]
    fn begin(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, before: u64) {
        self.reap(false);
        if self.finishing.len() >= MAX_FINISHING {
            self.skipped += 1;
            if self.skipped == 1 {
                log::warning(
                    "a capture is not begun, and others like it are counted: the disk is too slow for those before",
                );
            }
            return;
        }
        // As Falco names them, so that names sort by time.
        let path = format!("{}_{:020}_{:020}.scap", self.plan.settings.path_prefix, event.ts(), event.num());
        let mut open = match Recording::start(&PathBuf::from(&path), Form::Gzip, self.patience) {
            Ok(open) => open,
            Err(error) => return log::error(format_args!("capture: {error}")),
        };
        log::info(format_args!("Capture begins: {path}"));
        match &mut self.ring {
            // The event is the newest that the ring has.
            Some(ring) => open.chunks(ring.take(event.ts().saturating_sub(before))),
            None => {
                self.tape.head(plugins, true, event.ts(), open.buffer());
                Tape::event(open.buffer(), event, Keep::Whole);
                open.wrote(1);
            }
        }
        self.open = Some(open);
    }

    /// Ends the capture whose time is over, or that is too large. Time is looked at first, as in Falco.
    #[inline]
    fn end_if_due(&mut self, ts: u64) -> Option<Alert> {
        let open = self.open.as_ref()?;
        let limit = self.plan.settings.max_file_size_mb;
        let bytes = open.bytes();
        if ts >= self.deadline || open.failed() {
            self.end();
            return None;
        }
        if limit == 0 || bytes < limit.saturating_mul(1 << 20) {
            return None;
        }
        self.end();
        let head = RuleHead {
            rule: RULE.into(),
            source: INTERNAL.into(),
            priority: Priority::Informational,
            tags: Vec::new(),
        };
        Some(Alert {
            time_ns: ts,
            head: Arc::new(head),
            hostname: Arc::clone(&self.hostname),
            message: format!("{RULE}. Configured limit: {limit} MB."),
            fields: vec![
                ("max_file_size_mb".into(), FormatValue::Uint(limit)),
                ("written_bytes".into(), FormatValue::Uint(bytes)),
            ],
        })
    }

    #[cold]
    fn end(&mut self) {
        self.deadline = 0;
        self.finishing.extend(self.open.take().map(Recording::end));
        self.reap(false);
    }

    /// Tells of the files that are complete; `wait`: of all.
    fn reap(&mut self, wait: bool) {
        let (done, left) = std::mem::take(&mut self.finishing).into_iter().partition(|one| wait || one.is_done());
        self.finishing = left;
        let done: Vec<Finishing> = done;
        for one in done {
            match one.wait() {
                Ok(kept) => {
                    log::info(format_args!(
                        "Capture complete: {} ({} events, {} bytes)",
                        kept.path.display(),
                        kept.events,
                        kept.bytes
                    ));
                    if kept.missed > 0 {
                        log::warning(format_args!(
                            "{} lacks {} events that came faster than the disk took them",
                            kept.path.display(),
                            kept.missed
                        ));
                    }
                }
                Err(error) => log::error(format_args!("capture: {error}")),
            }
        }
    }

    /// There are no events for now.
    pub(super) fn attend(&mut self) {
        if let Some(open) = &mut self.open {
            open.tick();
        }
        if !self.finishing.is_empty() {
            self.reap(false);
        }
    }

    /// The stream has ended, and the open capture with it.
    pub(in crate::app) fn finish(mut self) {
        self.finishing.extend(self.open.take().map(Recording::end));
        self.reap(true);
        if self.skipped > 0 {
            log::warning(format_args!("{} captures were not begun: the disk was too slow", self.skipped));
        }
    }
}
