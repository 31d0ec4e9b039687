//! The queue between the event threads and the outputs, and the worker that empties it.
//!
//! Event threads never wait for an output in live operation: a full queue drops the alert, counts it and says so once.
//! A replay has no reason to lose anything, so there the reading waits instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, unbounded};

use super::{Delivery, Output};
use crate::alert::{Alert, Clock};
use crate::config::AlertForm;
use crate::log;

/// What an event thread does when the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueFull {
    /// Drop the alert and count it.
    Drop,
    /// Wait for the outputs.
    Wait,
}

/// Alerts in flight during a replay without a configured capacity.
const REPLAY_CAPACITY: usize = 1024;

enum Message {
    Alert(Box<Alert>),
    Reopen,
    /// Everything before it has been delivered when this is answered.
    Mark(Sender<()>),
}

/// The sending side; shared by all event threads.
#[derive(Debug)]
pub struct Outputs {
    queue: Sender<Message>,
    full: QueueFull,
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
    done: Receiver<()>,
    timeout: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    dropped: AtomicU64,
    failed: AtomicU64,
    closed: AtomicBool,
    delivered: AtomicU64,
    abandon: AtomicBool,
}

impl Outputs {
    /// Starts the worker. `capacity` `None` is unbounded, except that a waiting queue is always bounded.
    pub fn start(
        outputs: Vec<Box<dyn Output>>,
        form: AlertForm,
        capacity: Option<usize>,
        full: QueueFull,
        timeout: Duration,
    ) -> Self {
        let (queue, receiver) = match (capacity, full) {
            (Some(capacity), QueueFull::Drop) => bounded(capacity),
            (Some(capacity), QueueFull::Wait) => bounded(capacity.min(REPLAY_CAPACITY)),
            (None, QueueFull::Wait) => bounded(REPLAY_CAPACITY),
            (None, QueueFull::Drop) => unbounded(),
        };
        let shared = Arc::new(Shared::default());
        let (finished, done) = bounded(1);
        let worker = std::thread::Builder::new().name("outputs".into()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                work(outputs, &form, &receiver, &shared);
                // Nobody waits any more if the process already gave up on the outputs.
                let _ = finished.send(());
            }
        });
        let worker = worker.inspect_err(|error| log::error(format_args!("no thread for the outputs: {error}"))).ok();
        Self { queue, full, shared, worker, done, timeout }
    }

    /// Hands an alert to the outputs.
    pub fn send(&self, alert: Alert) {
        let message = Message::Alert(Box::new(alert));
        let refused = match self.full {
            QueueFull::Wait => self.queue.send(message).is_err(),
            QueueFull::Drop => match self.queue.try_send(message) {
                Ok(()) => false,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => true,
            },
        };
        if refused && self.shared.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
            log::error("Outputs queue out of memory. Drop event and continue on ...");
        }
    }

    /// Waits until the outputs have written what was sent before, at most for `patience`; `false` if they have not.
    pub fn settle(&self, patience: Duration) -> bool {
        let (mark, done) = bounded(1);
        self.queue.send_timeout(Message::Mark(mark), patience).is_ok() && done.recv_timeout(patience).is_ok()
    }

    /// Makes every output open its destination anew.
    pub fn reopen(&self) {
        // If the worker is gone there is nothing to open.
        let _ = self.queue.send(Message::Reopen);
    }

    /// Alerts that found the queue full.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Deliveries that an output refused.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Whether every output's reader is gone, so that going on makes no sense.
    pub fn closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    /// Delivers what is queued and stops. An output that takes longer than the timeout for nothing loses the rest.
    pub fn finish(mut self) {
        let Some(worker) = self.worker.take() else { return };
        let (closed, _) = bounded(0);
        self.queue = closed;
        loop {
            let before = self.shared.delivered.load(Ordering::Relaxed);
            match self.done.recv_timeout(self.timeout) {
                Ok(()) | Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
                // Slow is not blocked: as long as deliveries end, wait on.
                Err(_) if self.shared.delivered.load(Ordering::Relaxed) != before => {}
                Err(_) => {
                    log::write(
                        log::Level::Notice,
                        "output channels still blocked, discarding all remaining notifications",
                    );
                    self.shared.abandon.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
        if worker.join().is_err() {
            log::error("the outputs' thread ended by a panic");
        }
    }
}

fn work(mut outputs: Vec<Box<dyn Output>>, form: &AlertForm, queue: &Receiver<Message>, shared: &Shared) {
    let mut clock = Clock::default();
    let mut gone = vec![false; outputs.len()];
    while let Ok(message) = next(queue, &mut outputs, shared) {
        if shared.abandon.load(Ordering::Relaxed) {
            return;
        }
        let line = match &message {
            Message::Alert(alert) => alert.line(form, &mut clock),
            Message::Reopen => String::new(),
            Message::Mark(mark) => {
                flush(&mut outputs, shared);
                // Who does not wait any more needs no answer.
                let _ = mark.send(());
                continue;
            }
        };
        for (output, gone) in outputs.iter_mut().zip(&mut gone).filter(|(_, gone)| !**gone) {
            let result = match &message {
                Message::Alert(alert) => output.deliver(&Delivery { alert, line: &line }),
                Message::Reopen => output.reopen(),
                Message::Mark(_) => continue,
            };
            if let Err(error) = result {
                shared.failed.fetch_add(1, Ordering::Relaxed);
                *gone = error.is_closed();
                if !*gone {
                    log::error(format_args!("{}: {error}", output.name()));
                }
            }
        }
        shared.delivered.fetch_add(1, Ordering::Relaxed);
        if !gone.is_empty() && gone.iter().all(|gone| *gone) {
            shared.closed.store(true, Ordering::Relaxed);
        }
    }
    flush(&mut outputs, shared);
}

/// The next message; before waiting for one, everything buffered is written out.
fn next(
    queue: &Receiver<Message>,
    outputs: &mut [Box<dyn Output>],
    shared: &Shared,
) -> Result<Message, crossbeam_channel::RecvError> {
    if let Ok(message) = queue.try_recv() {
        return Ok(message);
    }
    flush(outputs, shared);
    queue.recv()
}

fn flush(outputs: &mut [Box<dyn Output>], shared: &Shared) {
    for output in outputs {
        if let Err(error) = output.flush() {
            shared.failed.fetch_add(1, Ordering::Relaxed);
            if !error.is_closed() {
                log::error(format_args!("{}: {error}", output.name()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::OutputError;
    use std::sync::Mutex;

    struct Recorder {
        lines: Arc<Mutex<Vec<String>>>,
        gate: Option<Receiver<()>>,
        fail: bool,
    }

    impl Output for Recorder {
        fn name(&self) -> &'static str {
            "recorder"
        }

        fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
            if let Some(gate) = &self.gate {
                gate.recv().unwrap();
            }
            if self.fail {
                return Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into());
            }
            self.lines.lock().unwrap().push(delivery.alert.message.clone());
            Ok(())
        }

        fn flush(&mut self) -> Result<(), OutputError> {
            Ok(())
        }

        fn reopen(&mut self) -> Result<(), OutputError> {
            self.lines.lock().unwrap().push("reopen".into());
            Ok(())
        }
    }

    fn alert(number: u32) -> Alert {
        Alert { message: number.to_string(), ..Alert::sample() }
    }

    fn start(recorder: Recorder, capacity: Option<usize>, full: QueueFull) -> Outputs {
        Outputs::start(vec![Box::new(recorder)], AlertForm::default(), capacity, full, Duration::from_secs(5))
    }

    #[test]
    fn lines_arrive_in_order_and_finish_waits_for_them() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let recorder = Recorder { lines: Arc::clone(&lines), gate: None, fail: false };
        let outputs = start(recorder, None, QueueFull::Wait);
        for i in 0..5000 {
            outputs.send(alert(i));
        }
        outputs.reopen();
        outputs.finish();
        let lines = lines.lock().unwrap();
        let expected: Vec<String> = (0..5000).map(|i| i.to_string()).chain(["reopen".to_owned()]).collect();
        assert_eq!(*lines, expected);
    }

    #[test]
    fn what_was_sent_before_is_written_when_it_has_settled() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = unbounded();
        let recorder = Recorder { lines: Arc::clone(&lines), gate: Some(gate), fail: false };
        let outputs = start(recorder, None, QueueFull::Drop);
        outputs.send(alert(1));
        assert!(!outputs.settle(Duration::from_millis(20)));
        outputs.send(alert(2));
        open.send(()).unwrap();
        open.send(()).unwrap();
        assert!(outputs.settle(Duration::from_secs(60)));
        assert_eq!(*lines.lock().unwrap(), ["1", "2"]);
        outputs.finish();
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = unbounded();
        let recorder = Recorder { lines: Arc::clone(&lines), gate: Some(gate), fail: false };
        let outputs = start(recorder, Some(2), QueueFull::Drop);
        for i in 0..50 {
            outputs.send(alert(i));
        }
        // At most one line is with the worker and two are queued.
        let dropped = outputs.dropped();
        assert!((47..=48).contains(&dropped), "{dropped}");
        drop((0..50).map(|_| open.send(())).collect::<Vec<_>>());
        outputs.finish();
        assert_eq!(lines.lock().unwrap().len() as u64 + dropped, 50);
    }

    #[test]
    fn a_reader_that_is_gone_is_noticed() {
        let recorder = Recorder { lines: Arc::default(), gate: None, fail: true };
        let outputs = start(recorder, None, QueueFull::Wait);
        outputs.send(alert(1));
        while !outputs.closed() {
            std::thread::yield_now();
        }
        assert_eq!(outputs.failed(), 1);
        outputs.finish();
    }
}
