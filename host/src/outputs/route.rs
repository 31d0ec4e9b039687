//! One output's queue, as those who send see it, and its thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::Output;
use super::counts::Reason;
use super::lane::{Item, Lane, Message, Room};
use super::spool::Spool;
use super::worker::Worker;
use crate::log;

/// How often who waits looks whether that still makes sense.
pub(super) const GLANCE: Duration = Duration::from_millis(50);

/// The queue of an output.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) queue: Sender<Message>,
    pub(super) lane: Arc<Lane>,
}

/// Its thread.
#[derive(Debug)]
pub(super) struct OutputWorker {
    pub(super) lane: Arc<Lane>,
    pub(super) thread: JoinHandle<()>,
    pub(super) done: Receiver<()>,
}

impl Route {
    /// Starts an output's worker. Without a thread the output is lost from the start.
    pub(super) fn start(output: Box<dyn Output>, room: Room, spool: Option<Spool>) -> (Self, Option<OutputWorker>) {
        let (queue, receiver) = bounded(room.alerts);
        let lane = Arc::new(Lane::new(output.name(), room, receiver.clone(), spool));
        let (finished, done) = bounded(1);
        let name = format!("out-{}", output.name());
        let thread = std::thread::Builder::new().name(name).spawn({
            let worker = Worker::new(output, Arc::clone(&lane), receiver);
            let ended = Ended(Arc::clone(&lane));
            move || {
                worker.run();
                drop(ended);
                // Nobody waits any more if the process already gave up on the output.
                let _ = finished.send(());
            }
        });
        let thread =
            thread.inspect_err(|error| log::error(format_args!("no thread for output '{}': {error}", lane.name))).ok();
        let worker = thread.map(|thread| OutputWorker { lane: Arc::clone(&lane), thread, done });
        (Self { queue, lane }, worker)
    }

    /// Whether waiting for it is in vain, for now or for ever.
    pub(super) fn is_lost(&self) -> bool {
        let down = self.lane.down.load(Ordering::Relaxed) && !self.lane.spools();
        down || self.lane.closed.load(Ordering::Relaxed) || self.lane.ended.load(Ordering::Relaxed)
    }

    /// Puts an alert into the queue, or says why not.
    pub(super) fn offer(&self, item: &Arc<Item>) -> Result<(), Reason> {
        if !self.lane.has_room(item) {
            return Err(Reason::Memory);
        }
        match self.queue.try_send(self.lane.enqueue(item)) {
            Err(TrySendError::Full(_)) => Err(Reason::QueueFull),
            // Whoever is gone has said so.
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Makes its worker look up. One with a full queue does by itself.
    pub(super) fn wake(&self) {
        let _ = self.queue.try_send(Message::Wake);
    }

    /// Counts an alert that does not get in.
    pub(super) fn drop(&self, reason: Reason) {
        if self.lane.counters.drop(reason, 1) == 0 {
            let why = match reason {
                Reason::Down => "it is down",
                Reason::Memory => "the memory for its queue is used up (memory.limit_mb)",
                _ => "its queue is full",
            };
            let name = self.lane.name;
            log::error(format_args!(
                "Outputs queue out of memory. Drop event and continue on ... (output '{name}': {why})"
            ));
        }
    }

    /// Waits for room, for ever or as long as patience says, but not for an output that is down.
    pub(super) fn wait_for_room(&self, item: &Arc<Item>, patience: Option<Duration>) {
        let deadline = patience.map(|patience| Instant::now() + patience);
        loop {
            if self.is_lost() {
                return self.drop(Reason::Down);
            }
            if patience.is_some() && self.lane.stuck.load(Ordering::Relaxed) {
                return self.drop(Reason::QueueFull);
            }
            if !self.lane.has_room(item) {
                std::thread::sleep(GLANCE);
            } else if self.queue.send_timeout(self.lane.enqueue(item), GLANCE).is_ok() {
                return;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.lane.stuck.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Tells that a worker is gone, by a panic too or because it never began.
struct Ended(Arc<Lane>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}
