//! What an output's worker and everybody else share: counters, the alert in hand, the spool, what is wished of it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use super::counts::{Counters, Reason};
use super::spool::{Record, Spool};
use super::{Delivery, Output};
use crate::alert::{Alert, Clock};
use crate::config::AlertForm;
use crate::log;

/// An alert on its way, shared by all outputs; the first one that needs the line writes it for all.
#[derive(Debug)]
pub(super) struct Item {
    alert: Alert,
    form: AlertForm,
    line: OnceLock<String>,
    weight: usize,
}

impl Item {
    pub(super) fn new(alert: Alert, form: AlertForm) -> Self {
        let weight = alert.weight();
        Self { alert, form, line: OnceLock::new(), weight }
    }

    pub(super) fn delivery(&self, clock: &mut Clock) -> Delivery<'_> {
        let line = self.line.get_or_init(|| self.alert.line(&self.form, clock));
        Delivery { priority: self.alert.head.priority, json: self.form.json, line }
    }
}

/// An alert in a queue; what it takes counts for that queue until it has left it.
#[derive(Debug)]
pub(super) struct Queued {
    item: Arc<Item>,
    bytes: Arc<AtomicUsize>,
}

impl Queued {
    pub(super) fn item(&self) -> &Arc<Item> {
        &self.item
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.item.weight, Ordering::Relaxed);
    }
}

/// What goes through a queue.
#[derive(Debug)]
pub(super) enum Message {
    Alert(Queued),
    /// There is something to look at beside the queue.
    Wake,
    /// Everything before it is safe when this is answered.
    Mark(Sender<()>),
}

/// How much a queue holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Alerts.
    pub(super) alerts: usize,
    /// What they take.
    pub(super) bytes: usize,
}

/// What is to take the place of an output, with its queue, its spool and its counters.
#[derive(Default)]
struct Heir(Mutex<Option<Box<dyn Output>>>);

impl std::fmt::Debug for Heir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Heir").field(&lock(&self.0).is_some()).finish()
    }
}

/// The shared side of an output.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) name: &'static str,
    pub(super) capacity: usize,
    /// Bytes of alerts that may wait in the queue, and that do.
    max_bytes: usize,
    bytes: Arc<AtomicUsize>,
    pub(super) counters: Counters,
    /// The alert that is being delivered, or waits for its next attempt, and is in no queue and in no spool.
    in_hand: Mutex<Option<Arc<Item>>>,
    spool: Option<Mutex<Spool>>,
    queue: Receiver<Message>,
    /// The last attempt failed.
    pub(super) failing: AtomicBool,
    /// More attempts failed in a row than a passing disturbance explains.
    pub(super) down: AtomicBool,
    /// Nobody will ever read it again.
    pub(super) closed: AtomicBool,
    /// Somebody waited for room in vain; until it makes progress nobody waits again.
    pub(super) stuck: AtomicBool,
    pub(super) reopen: AtomicBool,
    heir: Heir,
    /// The worker is gone.
    pub(super) ended: AtomicBool,
    /// The worker is to leave everything as it is.
    pub(super) abandoned: AtomicBool,
}

/// No holder of these locks panics half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lane {
    pub(super) fn new(name: &'static str, room: Room, queue: Receiver<Message>, spool: Option<Spool>) -> Self {
        Self {
            name,
            capacity: room.alerts,
            max_bytes: room.bytes,
            bytes: Arc::default(),
            counters: Counters::default(),
            in_hand: Mutex::default(),
            spool: spool.map(Mutex::new),
            queue,
            failing: AtomicBool::default(),
            down: AtomicBool::default(),
            closed: AtomicBool::default(),
            stuck: AtomicBool::default(),
            reopen: AtomicBool::default(),
            heir: Heir::default(),
            ended: AtomicBool::default(),
            abandoned: AtomicBool::default(),
        }
    }

    /// Names what is to take the place of the output; of two that wait the later one counts.
    pub(super) fn name_heir(&self, heir: Box<dyn Output>) {
        *lock(&self.heir.0) = Some(heir);
    }

    /// What is to take the place of the output, if anything is.
    pub(super) fn take_heir(&self) -> Option<Box<dyn Output>> {
        lock(&self.heir.0).take()
    }

    /// Whether something is to take the place of the output.
    pub(super) fn has_heir(&self) -> bool {
        lock(&self.heir.0).is_some()
    }

    /// Messages in the queue.
    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Bytes of the alerts in the queue.
    pub(super) fn queued_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether there is memory for one more. One alone always has room, or it would never get through.
    pub(super) fn has_room(&self, item: &Item) -> bool {
        let used = self.queued_bytes();
        used == 0 || used + item.weight <= self.max_bytes
    }

    /// Whether more than half of the queue is in use.
    pub(super) fn is_half_full(&self) -> bool {
        self.queue.len() > self.capacity / 2 || self.queued_bytes() > self.max_bytes / 2
    }

    /// For the queue: from now on it counts.
    pub(super) fn enqueue(&self, item: &Arc<Item>) -> Message {
        self.bytes.fetch_add(item.weight, Ordering::Relaxed);
        Message::Alert(Queued { item: Arc::clone(item), bytes: Arc::clone(&self.bytes) })
    }

    /// Takes an alert in hand.
    pub(super) fn hold(&self, item: Arc<Item>) {
        *lock(&self.in_hand) = Some(item);
    }

    /// The alert in hand.
    pub(super) fn held(&self) -> Option<Arc<Item>> {
        lock(&self.in_hand).clone()
    }

    /// Lets go of the alert in hand; `None` if somebody else has taken care of it.
    pub(super) fn release(&self) -> Option<Arc<Item>> {
        lock(&self.in_hand).take()
    }

    /// Whether there is a spool.
    pub(super) fn spools(&self) -> bool {
        self.spool.is_some()
    }

    /// Alerts in the spool, and what they take on disk.
    pub(super) fn spool_size(&self) -> (u64, u64) {
        self.spool.as_ref().map_or((0, 0), |spool| {
            let spool = lock(spool);
            (spool.len(), spool.bytes())
        })
    }

    /// Something with the spool. Its errors are told and counted; what they cost is the caller's to count.
    pub(super) fn with_spool<T>(&self, work: impl FnOnce(&mut Spool) -> std::io::Result<T>) -> Option<T> {
        let mut spool = lock(self.spool.as_ref()?);
        let done = work(&mut spool);
        let damaged = spool.take_damaged();
        drop(spool);
        if damaged > 0 {
            self.counters.drop(Reason::SpoolDamaged, damaged);
            log::error(format_args!(
                "the spool of output '{}' is damaged in {damaged} places; the rest goes on",
                self.name
            ));
        }
        done.inspect_err(|error| log::error(format_args!("the spool of output '{}': {error}", self.name))).ok()
    }

    /// Puts an alert into the spool; what it cannot take is counted.
    pub(super) fn to_spool(&self, item: &Item, clock: &mut Clock) {
        let Delivery { priority, json, line } = item.delivery(clock);
        match self.with_spool(|spool| spool.append(&Record { priority, json, line: Cow::Borrowed(line) })) {
            None => drop(self.counters.drop(Reason::SpoolFailed, 1)),
            Some(evicted) => {
                self.counters.spooled.fetch_add(1, Ordering::Relaxed);
                if evicted > 0 && self.counters.drop(Reason::SpoolFull, evicted) == 0 {
                    log::error(format_args!("the spool of output '{}' is full: its oldest alerts are lost", self.name));
                }
            }
        }
    }

    /// Takes everything from a worker that did not end in time: into the spool, or counted as lost. Returns how many are lost.
    pub(super) fn abandon(&self, clock: &mut Clock) -> u64 {
        self.abandoned.store(true, Ordering::Relaxed);
        let queued = std::iter::from_fn(|| self.queue.try_recv().ok()).filter_map(|message| match message {
            Message::Alert(queued) => Some(Arc::clone(queued.item())),
            Message::Wake | Message::Mark(_) => None,
        });
        let mut lost = 0;
        for item in self.release().into_iter().chain(queued) {
            if self.spools() {
                self.to_spool(&item, clock);
            } else {
                self.counters.drop(Reason::Shutdown, 1);
                lost += 1;
            }
        }
        lost
    }
}
