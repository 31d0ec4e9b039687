//! The thread of an output: takes from the queue, delivers, tries again, lets wait on disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::back_off::BackOff;
use super::counts::Reason;
use super::lane::{Item, Lane, Message};
use super::spool::Record;
use super::{Delivery, Output, OutputError, Verdict};
use crate::alert::Clock;
use crate::log;

/// How often troubles of one output are told at most.
const QUIET: Duration = Duration::from_secs(10);

/// An output's worker.
pub(super) struct Worker {
    output: Box<dyn Output>,
    lane: Arc<Lane>,
    queue: Receiver<Message>,
    clock: Clock,
    back_off: BackOff,
    told: Option<Instant>,
}

impl Worker {
    pub(super) fn new(output: Box<dyn Output>, lane: Arc<Lane>, queue: Receiver<Message>) -> Self {
        let back_off = BackOff::new(output.patience());
        Self { output, lane, queue, clock: Clock::default(), back_off, told: None }
    }

    /// Works until the queue's other end is gone and everything is delivered, or is safe on disk while the output fails.
    pub(super) fn run(mut self) {
        while !self.lane.abandoned.load(Ordering::Relaxed) {
            self.hand_over();
            self.reopen_if_wished();
            let backlog = self.lane.held().is_some() || self.lane.spool_size().0 > 0;
            if !(if backlog { self.go_on() } else { self.take_next() }) {
                break;
            }
        }
        self.flush();
        self.output.close();
    }

    /// If another output is to take the place of this one: it gets all that is not delivered yet.
    fn hand_over(&mut self) {
        // What is buffered belongs to the old one. If it cannot be written out now, it is tried again before the next alert.
        if !self.lane.has_heir() || !(self.lane.closed.load(Ordering::Relaxed) || self.flush()) {
            return;
        }
        let Some(heir) = self.lane.take_heir() else { return };
        std::mem::replace(&mut self.output, heir).close();
        self.back_off = BackOff::new(self.output.patience());
        self.told = None;
        for troubled in [&self.lane.failing, &self.lane.down, &self.lane.closed, &self.lane.stuck] {
            troubled.store(false, Ordering::Relaxed);
        }
    }

    fn reopen_if_wished(&mut self) {
        if self.lane.reopen.swap(false, Ordering::Relaxed)
            && let Err(error) = self.output.reopen()
        {
            log::error(format_args!("{}: {error}", self.lane.name));
        }
    }

    /// Nothing waits: the next message. `false`: there will be none.
    fn take_next(&mut self) -> bool {
        let message = match self.queue.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Disconnected) => return false,
            Err(TryRecvError::Empty) => {
                self.flush();
                match self.wait() {
                    Some(message) => message,
                    None => return false,
                }
            }
        };
        match message {
            Message::Alert(queued) if self.lane.spools() && self.lane.is_half_full() => {
                // Slower than alerts come: before the queue is full the rest waits on disk, in order.
                self.lane.to_spool(queued.item(), &mut self.clock);
            }
            Message::Alert(queued) => {
                self.lane.hold(Arc::clone(queued.item()));
                drop(queued);
                self.attempt();
            }
            Message::Wake => {}
            Message::Mark(mark) => {
                if self.flush() {
                    // Who does not wait any more needs no answer.
                    let _ = mark.send(());
                }
            }
        }
        true
    }

    /// The next message, however long it takes; the output is tended meanwhile. `None`: there will be none.
    fn wait(&mut self) -> Option<Message> {
        let Some(every) = self.output.tended_every() else { return self.queue.recv().ok() };
        loop {
            match self.queue.recv_timeout(every) {
                Ok(message) => return Some(message),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.output.tend() {
                        log::error(format_args!("{}: {error}", self.lane.name));
                    }
                }
            }
        }
    }

    /// An alert waits for its next attempt, or the spool holds some. `false`: nothing can be done any more.
    fn go_on(&mut self) -> bool {
        if self.lane.spools() && !self.absorb() && self.back_off.failures() > 0 {
            return false;
        }
        match self.back_off.wait(Instant::now()) {
            None => self.attempt(),
            Some(pause) if self.lane.spools() => match self.queue.recv_timeout(pause) {
                Ok(message) => self.lay_up(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(pause),
            },
            Some(pause) => std::thread::park_timeout(pause),
        }
        true
    }

    /// Moves what is queued to the spool, so that the order stays; `false` if nothing more will come.
    fn absorb(&mut self) -> bool {
        // No more than a queueful: delivery must have its turn however fast alerts come.
        for _ in 0..self.lane.capacity {
            match self.queue.try_recv() {
                Ok(message) => self.lay_up(message),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn lay_up(&mut self, message: Message) {
        match message {
            Message::Alert(queued) => self.lane.to_spool(queued.item(), &mut self.clock),
            Message::Wake => {}
            // What is in the spool is safe.
            Message::Mark(mark) => drop(mark.send(())),
        }
    }

    /// Tries to deliver what is first in line: the alert in hand, else the oldest of the spool.
    fn attempt(&mut self) {
        if self.back_off.failures() > 0 {
            self.lane.counters.retried.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(item) = self.lane.held() {
            let delivery = item.delivery(&mut self.clock);
            let result = self.deliver(&delivery);
            self.conclude_held(&item, result);
        } else if let Some((Record { priority, json, line }, ticket)) =
            self.lane.with_spool(|spool| spool.front()).flatten()
        {
            let result = self.deliver(&Delivery { priority, json, line: &line });
            if !matches!(result, Some(Verdict::Passing(_))) {
                self.lane.with_spool(|spool| spool.delivered(ticket));
                self.count(result);
            }
        }
    }

    /// One attempt. What it means for later ones is noted; `None` is success.
    fn deliver(&mut self, delivery: &Delivery<'_>) -> Option<Verdict> {
        if self.lane.closed.load(Ordering::Relaxed) {
            return Some(Verdict::Over);
        }
        let Err(error) = self.output.deliver(delivery) else {
            self.recovered();
            return None;
        };
        self.lane.counters.failed.fetch_add(1, Ordering::Relaxed);
        let verdict = error.verdict();
        match verdict {
            Verdict::Over => self.lane.closed.store(true, Ordering::Relaxed),
            Verdict::Refused => {
                self.recovered();
                if self.lane.counters.dropped(Reason::Refused) == 0 {
                    log::error(format_args!(
                        "{}: {error}; the alert is lost, others like it are counted",
                        self.lane.name
                    ));
                }
            }
            Verdict::Passing(asked) => self.failed(&error, asked),
        }
        Some(verdict)
    }

    fn conclude_held(&mut self, item: &Item, result: Option<Verdict>) {
        match result {
            Some(Verdict::Passing(_)) if !self.lane.spools() => {}
            // If somebody else has taken the alert out of our hand, they have counted it.
            _ if self.lane.release().is_none() => {}
            Some(Verdict::Passing(_)) => self.lane.to_spool(item, &mut self.clock),
            result => self.count(result),
        }
    }

    /// Counts an alert that this output has done with.
    fn count(&self, result: Option<Verdict>) {
        match result {
            None => drop(self.lane.counters.sent.fetch_add(1, Ordering::Relaxed)),
            Some(Verdict::Over) => drop(self.lane.counters.drop(Reason::Closed, 1)),
            Some(_) => drop(self.lane.counters.drop(Reason::Refused, 1)),
        }
        self.lane.stuck.store(false, Ordering::Relaxed);
    }

    fn failed(&mut self, error: &OutputError, asked: Duration) {
        let now = Instant::now();
        self.back_off.failed(now, asked);
        self.lane.failing.store(true, Ordering::Relaxed);
        let loud = self.told.is_none_or(|told| now.duration_since(told) >= QUIET);
        if self.back_off.just_down() {
            self.lane.down.store(true, Ordering::Relaxed);
            let place = if self.lane.spools() { "on disk" } else { "in its queue" };
            let failures = self.back_off.failures();
            log::error(format_args!(
                "{}: {error}; {failures} attempts failed, alerts wait {place} while it is tried again",
                self.lane.name
            ));
        } else if self.back_off.failures() == 1 && loud {
            self.told = Some(now);
            log::error(format_args!("{}: {error}; trying again", self.lane.name));
        }
    }

    fn recovered(&mut self) {
        let down = self.back_off.is_down();
        let failures = self.back_off.succeeded();
        if failures > 0 {
            self.lane.failing.store(false, Ordering::Relaxed);
            self.lane.down.store(false, Ordering::Relaxed);
        }
        if down {
            let text = format_args!("{}: takes alerts again after {failures} failed attempts", self.lane.name);
            log::write(log::Level::Notice, text);
        }
    }

    /// Writes out what is buffered; `false` if that failed.
    fn flush(&mut self) -> bool {
        if self.lane.closed.load(Ordering::Relaxed) {
            return false;
        }
        let Err(error) = self.output.flush() else { return true };
        self.lane.counters.failed.fetch_add(1, Ordering::Relaxed);
        if error.verdict() == Verdict::Over {
            self.lane.closed.store(true, Ordering::Relaxed);
        } else {
            log::error(format_args!("{}: {error}", self.lane.name));
        }
        false
    }
}
