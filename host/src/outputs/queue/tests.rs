use super::*;
use crate::config::SpoolSettings;
use crate::outputs::{Delivery, OutputError};
use crossbeam_channel::{Receiver, unbounded};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

type Lines = Arc<Mutex<Vec<String>>>;

/// Writes down what it gets, when the gate lets it, unless it is broken.
#[derive(Default)]
struct Recorder {
    lines: Lines,
    gate: Option<Receiver<()>>,
    broken: Arc<AtomicBool>,
    closed: bool,
}

impl Output for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        if let Some(gate) = &self.gate {
            gate.recv().unwrap();
        }
        if self.closed {
            return Err(OutputError::Closed);
        }
        if self.broken.load(Ordering::Relaxed) {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
        }
        let number = delivery.line.rsplit(' ').next().unwrap();
        self.lines.lock().unwrap().push(number.to_owned());
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), OutputError> {
        self.lines.lock().unwrap().push("reopen".into());
        Ok(())
    }

    fn patience(&self) -> u32 {
        0
    }
}

fn alert(number: u32) -> Alert {
    Alert { message: number.to_string(), ..Alert::sample() }
}

fn settings(capacity: Option<usize>) -> OutputSettings {
    OutputSettings {
        stdout: false,
        file: None,
        program: None,
        syslog: None,
        spool: None,
        noise: Default::default(),
        http: None,
        buffered: false,
        queue_capacity: capacity,
        queue_bytes: None,
        group_bytes: None,
        timeout_ms: 5000,
    }
}

fn start(recorder: Recorder, capacity: Option<usize>, full: QueueFull) -> Outputs {
    Outputs::start(vec![Box::new(recorder)], AlertForm::default(), full, &settings(capacity)).unwrap()
}

fn numbers(count: u32) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn lines_arrive_in_order_and_finish_waits_for_them() {
    let lines = Lines::default();
    let outputs = start(Recorder { lines: Arc::clone(&lines), ..Recorder::default() }, None, QueueFull::Wait);
    (0..5000).for_each(|n| outputs.send(alert(n)));
    let counts = outputs.finish(End::OfEvents);
    assert_eq!(*lines.lock().unwrap(), numbers(5000));
    assert_eq!(counts.snapshot()[0].sent, 5000);
    assert_eq!(counts.losses(), None);
}

#[test]
fn reopening_reaches_an_output_that_has_nothing_to_do() {
    let lines = Lines::default();
    let outputs = start(Recorder { lines: Arc::clone(&lines), ..Recorder::default() }, None, QueueFull::Drop);
    outputs.reopen();
    until("reopened", || *lines.lock().unwrap() == ["reopen"]);
    outputs.finish(End::Asked);
}

#[test]
fn what_was_sent_before_is_written_when_it_has_settled() {
    let (lines, (open, gate)) = (Lines::default(), unbounded());
    let recorder = Recorder { lines: Arc::clone(&lines), gate: Some(gate), ..Recorder::default() };
    let outputs = start(recorder, None, QueueFull::Drop);
    outputs.send(alert(1));
    assert!(!outputs.settle(Duration::from_millis(20)));
    outputs.send(alert(2));
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert!(outputs.settle(Duration::from_secs(60)));
    assert_eq!(*lines.lock().unwrap(), ["1", "2"]);
    outputs.finish(End::OfEvents);
}

#[test]
fn a_full_queue_drops_and_counts() {
    let (lines, (open, gate)) = (Lines::default(), unbounded());
    let recorder = Recorder { lines: Arc::clone(&lines), gate: Some(gate), ..Recorder::default() };
    let outputs = start(recorder, Some(2), QueueFull::Drop);
    (0..50).for_each(|n| outputs.send(alert(n)));
    let snapshot = outputs.counts().snapshot();
    let [("queue_full", dropped)] = snapshot[0].dropped[..] else { panic!("{snapshot:?}") };
    // At most one line is with the worker and two are queued.
    assert!((47..=48).contains(&dropped), "{dropped}");
    (0..50).for_each(|_| open.send(()).unwrap());
    let counts = outputs.finish(End::OfEvents);
    assert_eq!(lines.lock().unwrap().len() as u64 + dropped, 50);
    let losses = counts.losses().unwrap();
    assert!(
        losses.contains(&format!("   - recorder: {} sent, {dropped} lost (queue_full: {dropped})\n", 50 - dropped))
    );
}

#[test]
fn a_blocked_output_delays_no_other() {
    let (lines, (open, gate)) = (Lines::default(), unbounded::<()>());
    let outputs: Vec<Box<dyn Output>> = vec![
        Box::new(Recorder { gate: Some(gate), ..Recorder::default() }),
        Box::new(Recorder { lines: Arc::clone(&lines), ..Recorder::default() }),
    ];
    let settings = OutputSettings { timeout_ms: 50, ..settings(Some(10_000)) };
    let outputs = Outputs::start(outputs, AlertForm::default(), QueueFull::Drop, &settings).unwrap();
    (0..5000).for_each(|n| outputs.send(alert(n)));
    until("the other one has everything", || lines.lock().unwrap().len() == 5000);
    let counts = outputs.finish(End::Asked).snapshot();
    assert_eq!((counts[0].sent, &counts[0].dropped[..]), (0, &[("shutdown", 5000)][..]));
    assert_eq!((counts[1].sent, &counts[1].dropped[..]), (5000, &[][..]));
    drop(open);
}

#[test]
fn a_reader_that_is_gone_is_noticed() {
    let outputs = start(Recorder { closed: true, ..Recorder::default() }, None, QueueFull::Wait);
    outputs.send(alert(1));
    until("closed", || outputs.closed());
    outputs.send(alert(2));
    let counts = outputs.finish(End::OfEvents).snapshot();
    assert_eq!((counts[0].failed, &counts[0].dropped[..]), (1, &[("closed", 2)][..]));
}

#[test]
fn what_fails_for_a_while_is_tried_again_and_arrives_in_order() {
    let (lines, broken) = (Lines::default(), Arc::new(AtomicBool::new(true)));
    let recorder = Recorder { lines: Arc::clone(&lines), broken: Arc::clone(&broken), ..Recorder::default() };
    let outputs = start(recorder, Some(100), QueueFull::Drop);
    (0..10).for_each(|n| outputs.send(alert(n)));
    until("failing", || outputs.counts().snapshot()[0].failing);
    assert!(outputs.settle(Duration::from_secs(60)), "an output that is down is not waited for");
    broken.store(false, Ordering::Relaxed);
    let counts = outputs.finish(End::OfEvents).snapshot();
    assert_eq!(*lines.lock().unwrap(), numbers(10));
    assert!(counts[0].retried > 0 && counts[0].failed > 0 && !counts[0].failing && counts[0].dropped.is_empty());
}

#[test]
fn a_replay_does_not_wait_for_an_output_that_is_down() {
    let broken = Arc::new(AtomicBool::new(true));
    let outputs = start(Recorder { broken, ..Recorder::default() }, Some(2), QueueFull::Wait);
    (0..50).for_each(|n| outputs.send(alert(n)));
    let snapshot = outputs.counts().snapshot();
    let [("down", dropped)] = snapshot[0].dropped[..] else { panic!("{snapshot:?}") };
    assert!((47..=48).contains(&dropped), "{dropped}");
}

#[test]
fn a_source_that_acknowledges_waits_once() {
    let (open, gate) = unbounded::<()>();
    let outputs = start(Recorder { gate: Some(gate), ..Recorder::default() }, Some(2), QueueFull::Drop);
    let begin = Instant::now();
    (0..50).for_each(|n| outputs.send_patiently(alert(n), Duration::from_millis(200)));
    assert!(begin.elapsed() >= Duration::from_millis(200), "it waited");
    let dropped = outputs.counts().snapshot()[0].dropped.clone();
    assert!(matches!(dropped[..], [("queue_full", 47 | 48)]), "{dropped:?}");
    drop(open);
}

#[test]
fn what_cannot_be_delivered_waits_on_disk_for_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let spool = SpoolSettings { folder: dir.path().display().to_string(), max_size_mb: 1 };
    let settings = OutputSettings { spool: Some(spool), timeout_ms: 2000, ..settings(None) };
    let run = |broken: &Arc<AtomicBool>, lines: &Lines, alerts: std::ops::Range<u32>| {
        let recorder = Recorder { lines: Arc::clone(lines), broken: Arc::clone(broken), ..Recorder::default() };
        let outputs = vec![Box::new(recorder) as Box<dyn Output>];
        let outputs = Outputs::start(outputs, AlertForm::default(), QueueFull::Drop, &settings).unwrap();
        alerts.for_each(|n| outputs.send(alert(n)));
        assert!(outputs.settle(Duration::from_secs(60)), "what is on disk is safe");
        outputs.finish(End::OfEvents)
    };
    let (lines, broken) = (Lines::default(), Arc::new(AtomicBool::new(true)));
    let counts = run(&broken, &lines, 0..1000);
    let first = &counts.snapshot()[0];
    assert_eq!((first.sent, first.spooled, first.spool_alerts), (0, 1000, 1000));
    assert_eq!(
        counts.losses().unwrap(),
        "Alerts that outputs did not deliver:\n   - recorder: 0 sent, 1000 wait in the spool\n"
    );
    drop(counts);
    broken.store(false, Ordering::Relaxed);
    let counts = run(&broken, &lines, 1000..1500);
    assert_eq!(*lines.lock().unwrap(), numbers(1500));
    assert_eq!(counts.losses(), None);
}

#[test]
fn the_form_of_alerts_changes_from_one_to_the_next() {
    let lines = Lines::default();
    let outputs = start(Recorder { lines: Arc::clone(&lines), ..Recorder::default() }, None, QueueFull::Wait);
    outputs.send(alert(1));
    outputs.reform(AlertForm { json: true, ..AlertForm::default() });
    outputs.send(alert(2));
    outputs.finish(End::OfEvents);
    let lines = lines.lock().unwrap();
    assert_eq!(lines[0], "1");
    assert!(lines[1].starts_with('{'), "{lines:?}");
}

#[test]
fn alerts_that_are_long_fill_a_queue_by_what_they_take() {
    let (open, gate) = unbounded();
    let recorder = Recorder { gate: Some(gate), ..Recorder::default() };
    let lines = Arc::clone(&recorder.lines);
    let settings = OutputSettings { queue_bytes: Some(1 << 20), ..settings(None) };
    let outputs = Outputs::start(vec![Box::new(recorder)], AlertForm::default(), QueueFull::Drop, &settings).unwrap();
    let long = |number: u32| Alert { message: format!("{} {number}", "x".repeat(10_000)), ..Alert::sample() };
    (0..500).for_each(|number| outputs.send(long(number)));
    let [counts] = <[_; 1]>::try_from(outputs.counts().snapshot()).unwrap();
    assert!(counts.queued_bytes <= 1 << 20 && counts.queued_bytes > 900_000, "{counts:?}");
    let [("memory", lost)] = counts.dropped[..] else { panic!("{counts:?}") };
    assert!((400..500).contains(&lost), "{lost}");
    (0..500).for_each(|_| open.send(()).unwrap());
    outputs.finish(End::OfEvents);
    assert_eq!(lines.lock().unwrap().len() as u64 + lost, 500);
}
