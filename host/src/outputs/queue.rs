//! The queues between the event threads and the outputs: one for each output, with a worker of its own, so that a slow or
//! dead one delays no other.
//!
//! Event threads never wait for an output in live operation: a full queue drops the alert, counts it and says so once.
//! A replay has no reason to lose anything, so there the reading waits instead, and so do sources that acknowledge, for a
//! while.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::counts::OutputsCounts;
use super::entrance::{Entrance, Ways};
use super::lane::{Message, Room};
use super::noise::Noise;
use super::roll::Roll;
use super::route::{GLANCE, OutputWorker, Route};
use super::spool::Spool;
use super::{Output, SpoolError};
use crate::alert::{Alert, Clock};
use crate::config::{AlertForm, NoiseSettings, OutputSettings, SpoolSettings};
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

/// The thread that ends windows of grouped alerts while no alert comes, and what stops it.
type Ticker = (Sender<()>, JoinHandle<()>);

/// The sending side; shared by all event threads.
#[derive(Debug)]
pub struct Outputs {
    pub(super) entrance: Arc<Entrance>,
    pub(super) roll: Arc<Roll>,
    workers: Mutex<Vec<OutputWorker>>,
    ticker: Mutex<Option<Ticker>>,
    timeout: Mutex<Duration>,
    room: Room,
    group_bytes: Option<u64>,
    spool: Option<SpoolSettings>,
}

/// No holder of these locks panics half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        let bytes = usize::try_from(settings.queue_bytes.unwrap_or(MOST_BYTES)).unwrap_or(usize::MAX);
        let new = Self {
            entrance: Entrance::new(Ways { routes: Vec::new(), form, noise: None }, full),
            roll: Arc::default(),
            workers: Mutex::default(),
            ticker: Mutex::default(),
            timeout: Mutex::new(settings.timeout()),
            room: Room { alerts: capacity, bytes },
            group_bytes: settings.group_bytes,
            spool: settings.spool.clone(),
        };
        let spools: Vec<_> = outputs.iter().map(|output| new.spool(&**output)).collect::<Result<_, _>>()?;
        let routes: Vec<Route> =
            outputs.into_iter().zip(spools).map(|(output, spool)| new.route(output, spool)).collect();
        new.entrance.redirect(|ways| ways.routes = routes);
        new.hold_back(&settings.noise);
        Ok(new)
    }

    /// The spool of an output, if it has one.
    pub(super) fn spool(&self, output: &dyn Output) -> Result<Option<Spool>, SpoolError> {
        let Some(spool) = self.spool.as_ref().filter(|_| output.spools()) else { return Ok(None) };
        let dir = Path::new(&spool.folder).join(output.name());
        Spool::open(&dir, spool.max_size_mb.saturating_mul(1 << 20)).map(Some)
    }

    /// Starts an output's worker; nothing goes to it yet.
    pub(super) fn route(&self, output: Box<dyn Output>, spool: Option<Spool>) -> Route {
        let (route, worker) = Route::start(output, self.room, spool);
        self.roll.enter(Arc::clone(&route.lane));
        self.workers().extend(worker);
        route
    }

    /// Holds alerts back as these settings say.
    pub(super) fn hold_back(&self, settings: &NoiseSettings) {
        if let Some(noise) = &self.entrance.ways().noise {
            return noise
                .follow(settings, self.group_bytes)
                .into_iter()
                .for_each(|alert| self.entrance.hand_out(alert));
        }
        let Some(noise) = Noise::new(settings, self.group_bytes).map(Arc::new) else { return };
        self.roll.set_noise(Arc::clone(&noise));
        self.entrance.redirect(|ways| ways.noise = Some(noise));
        // The time of a replay is that of its alerts.
        if self.entrance.full == QueueFull::Drop {
            *lock(&self.ticker) = Entrance::tick(Arc::clone(&self.entrance));
        }
    }

    pub(super) fn workers(&self) -> MutexGuard<'_, Vec<OutputWorker>> {
        lock(&self.workers)
    }

    /// How long outputs may take.
    pub(super) fn timeout(&self) -> Duration {
        *lock(&self.timeout)
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        *lock(&self.timeout) = timeout;
    }

    /// Alerts from now on are written in this form.
    pub fn reform(&self, form: AlertForm) {
        self.entrance.redirect(|ways| ways.form = form);
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
        let ways = self.entrance.ways();
        let marks: Vec<_> = ways
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
        for route in &self.entrance.ways().routes {
            route.lane.reopen.store(true, Ordering::Relaxed);
            route.wake();
        }
    }

    /// The counts of all outputs.
    pub fn counts(&self) -> OutputsCounts {
        OutputsCounts::new(&self.roll)
    }

    /// Whether every output's reader is gone, so that going on makes no sense.
    pub fn closed(&self) -> bool {
        let routes = &self.entrance.ways().routes;
        !routes.is_empty() && routes.iter().all(|route| route.lane.closed.load(Ordering::Relaxed))
    }

    /// Delivers what is queued and stops. What an output does not take in time goes to its spool, or is counted as lost.
    pub fn finish(self, end: End) -> OutputsCounts {
        if let Some((stop, thread)) = lock(&self.ticker).take() {
            drop(stop);
            if thread.join().is_err() {
                log::error("the thread that ends windows of grouped alerts ended by a panic");
            }
        }
        if let Some(noise) = &self.entrance.ways().noise {
            noise.due(u64::MAX).into_iter().for_each(|alert| self.entrance.hand_out(alert));
        }
        let (counts, timeout) = (self.counts(), self.timeout());
        drop(self.entrance);
        let mut left = self.workers.into_inner().unwrap_or_else(PoisonError::into_inner);
        left.iter().for_each(|worker| worker.thread.thread().unpark());
        let progress = || counts.snapshot().iter().map(|one| one.sent).sum::<u64>();
        let mut before = progress();
        let mut deadline = Instant::now() + timeout;
        loop {
            for OutputWorker { lane, thread, .. } in left.extract_if(.., |worker| worker.thread.is_finished()) {
                if thread.join().is_err() {
                    log::error(format_args!("the thread of output '{}' ended by a panic", lane.name));
                    lane.abandon(&mut Clock::default());
                }
            }
            let Some(worker) = left.first() else { return counts };
            // An answer, or the end of the thread without one.
            let _ = worker.done.recv_timeout(GLANCE.min(timeout));
            let now = progress();
            if end == End::OfEvents && now != before {
                // Slow is not blocked: as long as deliveries end, wait on.
                before = now;
                deadline = Instant::now() + timeout;
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
