//! The queues between the event threads and the outputs: one for each output, with a worker of its own, so that a slow or
//! dead one delays no other.
//!
//! Event threads never wait for an output in live operation: a full queue drops the alert, counts it and says so once.
//! A replay has no reason to lose anything, so there the reading waits instead, and so do sources that acknowledge, for a
//! while.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::counts::OutputsCounts;
use super::entrance::Entrance;
use super::lane::{Message, Room};
use super::noise::Noise;
use super::route::{GLANCE, OutputWorker, Route};
use super::spool::Spool;
use super::{Output, SpoolError};
use crate::alert::{Alert, Clock};
use crate::config::{AlertForm, OutputSettings};
use crate::log;

/// What an event thread does when a queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueFull {
    /// Drop the alert and count it.
    Drop,
    /// Wait for the output, unless it is down.
    Wait,
}

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The sources did: outputs may be as slow as they like as long as they make progress.
    OfEvents,
    /// Somebody asked for it, and waits.
    Asked,
}

/// Alerts in a queue during a replay.
const REPLAY_CAPACITY: usize = 1024;

/// Alerts in a queue without a configured capacity: a bound on memory (some 2 KB each) rather than on alerts.
const LARGEST: usize = 32_768;

/// What these may take where nothing is configured: alerts are longer if somebody wants them to be.
const MOST_BYTES: u64 = 256 << 20;

/// The sending side; shared by all event threads.
#[derive(Debug)]
pub struct Outputs {
    entrance: Arc<Entrance>,
    workers: Vec<OutputWorker>,
    /// Ends windows of grouped alerts while no alert comes.
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
    timeout: Duration,
}

impl Outputs {
    /// Starts a worker for each output.
    ///
    /// # Errors
    /// A spool cannot be used.
    pub fn start(
        outputs: Vec<Box<dyn Output>>,
        form: AlertForm,
        full: QueueFull,
        settings: &OutputSettings,
    ) -> Result<Self, SpoolError> {
        let capacity = match full {
            QueueFull::Drop => settings.queue_capacity.unwrap_or(LARGEST),
            QueueFull::Wait => settings.queue_capacity.unwrap_or(REPLAY_CAPACITY).min(REPLAY_CAPACITY),
        };
        let (mut routes, mut workers) = (Vec::new(), Vec::new());
        for output in outputs {
            let spool = match &settings.spool {
                Some(spool) if output.spools() => {
                    let dir = Path::new(&spool.folder).join(output.name());
                    Some(Spool::open(&dir, spool.max_size_mb.saturating_mul(1 << 20))?)
                }
                _ => None,
            };
            let bytes = usize::try_from(settings.queue_bytes.unwrap_or(MOST_BYTES)).unwrap_or(usize::MAX);
            let (route, worker) = Route::start(output, Room { alerts: capacity, bytes }, spool);
            routes.push(route);
            workers.extend(worker);
        }
        let timeout = Duration::from_millis(u64::from(settings.timeout_ms.max(1)));
        let noise = Noise::new(&settings.noise, settings.group_bytes).map(Arc::new);
        let entrance = Arc::new(Entrance { routes, form: RwLock::new(form), full, noise });
        // The time of a replay is that of its alerts.
        let live = full == QueueFull::Drop && entrance.noise.is_some();
        let ticker = if live { Entrance::tick(Arc::clone(&entrance)) } else { None };
        Ok(Self { entrance, workers, ticker, timeout })
    }

    /// Alerts from now on are written in this form.
    pub fn reform(&self, form: AlertForm) {
        *self.entrance.form.write().unwrap_or_else(PoisonError::into_inner) = form;
    }

    /// Hands an alert to the outputs.
    pub fn send(&self, alert: Alert) {
        self.entrance.take(alert, self.entrance.full, None);
    }

    /// Hands an alert to the outputs for a source that forgets its event only when the alert is safe: rather than to drop it,
    /// such a source waits, for so long at most.
    pub fn send_patiently(&self, alert: Alert, patience: Duration) {
        self.entrance.take(alert, QueueFull::Wait, Some(patience));
    }

    /// Waits until what was sent before is safe: written, or on disk where it can wait. An output that is down and has no
    /// spool is not waited for. `false` if that took longer than `patience`.
    pub fn settle(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let left = || deadline.saturating_duration_since(Instant::now());
        let marks: Vec<_> = self
            .entrance
            .routes
            .iter()
            .filter(|route| !route.is_lost())
            .map(|route| {
                let (mark, done) = bounded(1);
                (route, route.queue.send_timeout(Message::Mark(mark), left()).is_ok(), done)
            })
            .collect();
        marks.into_iter().all(|(route, sent, done)| {
            sent && loop {
                match done.recv_timeout(left().min(GLANCE)) {
                    Ok(()) => break true,
                    Err(_) if route.is_lost() => break true,
                    Err(RecvTimeoutError::Disconnected) => break false,
                    Err(_) if left().is_zero() => break false,
                    Err(_) => {}
                }
            }
        })
    }

    /// Makes every output open its destination anew.
    pub fn reopen(&self) {
        for route in &self.entrance.routes {
            route.lane.reopen.store(true, Ordering::Relaxed);
            // A worker with a full queue looks up by itself.
            let _ = route.queue.try_send(Message::Wake);
        }
    }

    /// The counts of all outputs.
    pub fn counts(&self) -> OutputsCounts {
        let lanes = self.entrance.routes.iter().map(|route| Arc::clone(&route.lane));
        OutputsCounts::new(lanes, self.entrance.noise.clone())
    }

    /// Whether every output's reader is gone, so that going on makes no sense.
    pub fn closed(&self) -> bool {
        let routes = &self.entrance.routes;
        !routes.is_empty() && routes.iter().all(|route| route.lane.closed.load(Ordering::Relaxed))
    }

    /// Delivers what is queued and stops. What an output does not take in time goes to its spool, or is counted as lost.
    pub fn finish(self, end: End) -> OutputsCounts {
        if let Some((stop, thread)) = self.ticker {
            drop(stop);
            if thread.join().is_err() {
                log::error("the thread that ends windows of grouped alerts ended by a panic");
            }
        }
        if let Some(noise) = &self.entrance.noise {
            noise.due(u64::MAX).into_iter().for_each(|alert| self.entrance.hand_out(alert, self.entrance.full, None));
        }
        let counts =
            OutputsCounts::new(self.workers.iter().map(|worker| Arc::clone(&worker.lane)), self.entrance.noise.clone());
        drop(self.entrance);
        let mut left = self.workers;
        left.iter().for_each(|worker| worker.thread.thread().unpark());
        let progress = || counts.snapshot().iter().map(|one| one.sent).sum::<u64>();
        let mut before = progress();
        let mut deadline = Instant::now() + self.timeout;
        loop {
            for OutputWorker { lane, thread, .. } in left.extract_if(.., |worker| worker.thread.is_finished()) {
                if thread.join().is_err() {
                    log::error(format_args!("the thread of output '{}' ended by a panic", lane.name));
                    lane.abandon(&mut Clock::default());
                }
            }
            let Some(worker) = left.first() else { return counts };
            // An answer, or the end of the thread without one.
            let _ = worker.done.recv_timeout(GLANCE.min(self.timeout));
            let now = progress();
            if end == End::OfEvents && now != before {
                // Slow is not blocked: as long as deliveries end, wait on.
                before = now;
                deadline = Instant::now() + self.timeout;
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        let mut discarded = 0;
        for OutputWorker { lane, thread, .. } in &left {
            discarded += lane.abandon(&mut Clock::default());
            thread.thread().unpark();
        }
        if discarded > 0 {
            log::write(log::Level::Notice, "output channels still blocked, discarding all remaining notifications");
        }
        counts
    }
}

#[cfg(test)]
mod tests;
