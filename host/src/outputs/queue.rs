//! The queues between the event threads and the outputs: one for each output, with a worker of its own, so that a slow or
//! dead one delays no other.
//!
//! Event threads never wait for an output in live operation: a full queue drops the alert, counts it and says so once.
//! A replay has no reason to lose anything, so there the reading waits instead, and so do sources that acknowledge, for a
//! while.

use std::path::Path;
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};

use super::counts::{OutputsCounts, Reason};
use super::lane::{Item, Lane, Message};
use super::spool::Spool;
use super::worker::Worker;
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

/// How often who waits looks whether that still makes sense.
const GLANCE: Duration = Duration::from_millis(50);

/// The sending side; shared by all event threads.
#[derive(Debug)]
pub struct Outputs {
    routes: Vec<Route>,
    form: RwLock<AlertForm>,
    full: QueueFull,
    timeout: Duration,
}

#[derive(Debug)]
struct Route {
    queue: Sender<Message>,
    lane: Arc<Lane>,
    worker: Option<JoinHandle<()>>,
    done: Receiver<()>,
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
        let mut routes = Vec::new();
        for output in outputs {
            let spool = match &settings.spool {
                Some(spool) if output.spools() => {
                    let dir = Path::new(&spool.folder).join(output.name());
                    Some(Spool::open(&dir, spool.max_size_mb.saturating_mul(1 << 20))?)
                }
                _ => None,
            };
            routes.push(Route::start(output, capacity, spool));
        }
        let timeout = Duration::from_millis(u64::from(settings.timeout_ms.max(1)));
        Ok(Self { routes, form: RwLock::new(form), full, timeout })
    }

    /// Alerts from now on are written in this form.
    pub fn reform(&self, form: AlertForm) {
        *self.form.write().unwrap_or_else(std::sync::PoisonError::into_inner) = form;
    }

    /// Hands an alert to the outputs.
    pub fn send(&self, alert: Alert) {
        self.hand_out(alert, self.full, None);
    }

    /// Hands an alert to the outputs for a source that forgets its event only when the alert is safe: rather than to drop it,
    /// such a source waits, for so long at most.
    pub fn send_patiently(&self, alert: Alert, patience: Duration) {
        self.hand_out(alert, QueueFull::Wait, Some(patience));
    }

    fn hand_out(&self, alert: Alert, full: QueueFull, patience: Option<Duration>) {
        let form = *self.form.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let item = Arc::new(Item::new(alert, form));
        // First to all that have room: who waits for one must not hold it back from the others.
        let mut waiting = Vec::new();
        for route in &self.routes {
            if let Err(TrySendError::Full(message)) = route.queue.try_send(Message::Alert(Arc::clone(&item))) {
                match full {
                    QueueFull::Drop => route.drop(Reason::QueueFull),
                    QueueFull::Wait => waiting.push((route, message)),
                }
            }
        }
        waiting.into_iter().for_each(|(route, message)| route.wait_for_room(message, patience));
    }

    /// Waits until what was sent before is safe: written, or on disk where it can wait. An output that is down and has no
    /// spool is not waited for. `false` if that took longer than `patience`.
    pub fn settle(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let left = || deadline.saturating_duration_since(Instant::now());
        let marks: Vec<_> = self
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
                    Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break false,
                    Err(_) if left().is_zero() => break false,
                    Err(_) => {}
                }
            }
        })
    }

    /// Makes every output open its destination anew.
    pub fn reopen(&self) {
        for route in &self.routes {
            route.lane.reopen.store(true, Ordering::Relaxed);
            // A worker with a full queue looks up by itself.
            let _ = route.queue.try_send(Message::Wake);
        }
    }

    /// The counts of all outputs.
    pub fn counts(&self) -> OutputsCounts {
        OutputsCounts::new(self.routes.iter().map(|route| Arc::clone(&route.lane)))
    }

    /// Whether every output's reader is gone, so that going on makes no sense.
    pub fn closed(&self) -> bool {
        !self.routes.is_empty() && self.routes.iter().all(|route| route.lane.closed.load(Ordering::Relaxed))
    }

    /// Delivers what is queued and stops. What an output does not take in time goes to its spool, or is counted as lost.
    pub fn finish(self, end: End) -> OutputsCounts {
        let counts = self.counts();
        let mut left: Vec<(Arc<Lane>, JoinHandle<()>, Receiver<()>)> = Vec::new();
        for Route { queue, lane, worker, done } in self.routes {
            drop(queue);
            if let Some(worker) = worker {
                worker.thread().unpark();
                left.push((lane, worker, done));
            }
        }
        let progress = || counts.snapshot().iter().map(|one| one.sent).sum::<u64>();
        let mut before = progress();
        let mut deadline = Instant::now() + self.timeout;
        loop {
            let ended = left.extract_if(.., |(_, worker, _)| worker.is_finished());
            for (lane, worker, _) in ended {
                if worker.join().is_err() {
                    log::error(format_args!("the thread of output '{}' ended by a panic", lane.name));
                    lane.abandon(&mut Clock::default());
                }
            }
            let Some((_, _, done)) = left.first() else { return counts };
            // An answer, or the end of the thread without one.
            let _ = done.recv_timeout(GLANCE.min(self.timeout));
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
        for (lane, worker, _) in &left {
            discarded += lane.abandon(&mut Clock::default());
            worker.thread().unpark();
        }
        if discarded > 0 {
            log::write(log::Level::Notice, "output channels still blocked, discarding all remaining notifications");
        }
        counts
    }
}

impl Route {
    fn start(output: Box<dyn Output>, capacity: usize, spool: Option<Spool>) -> Self {
        let (queue, receiver) = bounded(capacity);
        let lane = Arc::new(Lane::new(output.name(), capacity, receiver.clone(), spool));
        let (finished, done) = bounded(1);
        let name = format!("out-{}", output.name());
        let worker = std::thread::Builder::new().name(name).spawn({
            let worker = Worker::new(output, Arc::clone(&lane), receiver);
            move || {
                worker.run();
                // Nobody waits any more if the process already gave up on the output.
                let _ = finished.send(());
            }
        });
        let worker =
            worker.inspect_err(|error| log::error(format_args!("no thread for output '{}': {error}", lane.name))).ok();
        Self { queue, lane, worker, done }
    }

    /// Whether waiting for it is in vain, for now or for ever.
    fn is_lost(&self) -> bool {
        let down = self.lane.down.load(Ordering::Relaxed) && !self.lane.spools();
        down || self.lane.closed.load(Ordering::Relaxed) || self.worker.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn drop(&self, reason: Reason) {
        if self.lane.counters.drop(reason, 1) == 0 {
            let name = self.lane.name;
            log::error(format_args!("Outputs queue out of memory. Drop event and continue on ... (output '{name}')"));
        }
    }

    /// Waits for room, for ever or as long as patience says, but not for an output that is down.
    fn wait_for_room(&self, mut message: Message, patience: Option<Duration>) {
        let deadline = patience.map(|patience| Instant::now() + patience);
        loop {
            if self.is_lost() {
                return self.drop(Reason::Down);
            }
            if patience.is_some() && self.lane.stuck.load(Ordering::Relaxed) {
                return self.drop(Reason::QueueFull);
            }
            match self.queue.send_timeout(message, GLANCE) {
                Ok(()) => return,
                Err(SendTimeoutError::Timeout(back) | SendTimeoutError::Disconnected(back)) => message = back,
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.lane.stuck.store(true, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
