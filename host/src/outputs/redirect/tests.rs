use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::alert::Alert;
use crate::config::SpoolSettings;
use crate::outputs::{Delivery, End, OutputError, QueueFull};

/// Writes down what it gets, with its own name before it, unless it is broken.
struct Scribe {
    name: &'static str,
    who: &'static str,
    book: Arc<Mutex<Vec<String>>>,
    broken: Arc<AtomicBool>,
}

impl Output for Scribe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
        }
        let number = delivery.line.rsplit(' ').next().unwrap_or_default();
        self.book.lock().unwrap().push(format!("{}{number}", self.who));
        Ok(())
    }

    fn close(&mut self) {
        self.book.lock().unwrap().push(format!("{} closed", self.who));
    }

    fn patience(&self) -> u32 {
        0
    }
}

#[derive(Default)]
struct Lab {
    book: Arc<Mutex<Vec<String>>>,
    broken: Arc<AtomicBool>,
}

impl Lab {
    fn scribe(&self, name: &'static str, who: &'static str) -> Box<dyn Output> {
        Box::new(Scribe { name, who, book: Arc::clone(&self.book), broken: Arc::default() })
    }

    fn broken(&self, name: &'static str, who: &'static str) -> Box<dyn Output> {
        Box::new(Scribe { name, who, book: Arc::clone(&self.book), broken: Arc::clone(&self.broken) })
    }

    fn book(&self) -> Vec<String> {
        self.book.lock().unwrap().clone()
    }

    fn until(&self, what: &str, ready: impl Fn(&[String]) -> bool) {
        let begin = Instant::now();
        while !ready(&self.book()) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{what}: {:?}", self.book());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn settings(spool: Option<&std::path::Path>) -> OutputSettings {
    let folder = |path: &std::path::Path| path.display().to_string();
    OutputSettings {
        stdout: false,
        file: None,
        program: None,
        syslog: None,
        spool: spool.map(|path| SpoolSettings { folder: folder(path), max_size_mb: 1 }),
        noise: NoiseSettings::default(),
        http: None,
        buffered: false,
        queue_capacity: None,
        queue_bytes: None,
        group_bytes: None,
        timeout_ms: 300,
    }
}

fn start(outputs: Vec<Box<dyn Output>>, settings: &OutputSettings) -> Outputs {
    Outputs::start(outputs, AlertForm::default(), QueueFull::Drop, settings).unwrap()
}

fn send(outputs: &Outputs, numbers: std::ops::Range<u32>) {
    numbers.for_each(|n| outputs.send(Alert { message: n.to_string(), ..Alert::sample() }));
}

fn change(outputs: &Outputs, come: Vec<Box<dyn Output>>, gone: Vec<&'static str>) {
    let changes = Changes { outputs: come, gone, noise: None, timeout: Duration::from_millis(300) };
    outputs.apply(outputs.prepare(changes).unwrap(), AlertForm::default());
}

#[test]
fn a_successor_gets_what_its_predecessor_could_not_deliver() {
    let lab = Lab::default();
    lab.broken.store(true, Ordering::Relaxed);
    let outputs = start(vec![lab.broken("x", "a")], &settings(None));
    send(&outputs, 0..3);
    while !outputs.counts().snapshot()[0].failing {
        std::thread::sleep(Duration::from_millis(1));
    }
    change(&outputs, vec![lab.scribe("x", "b")], Vec::new());
    send(&outputs, 3..5);
    lab.until("the successor has everything", |book| book.len() == 6);
    assert_eq!(lab.book(), ["a closed", "b0", "b1", "b2", "b3", "b4"]);
    let counts = outputs.finish(End::Asked).snapshot();
    assert_eq!((counts.len(), counts[0].sent, counts[0].failing, counts[0].dropped.len()), (1, 5, false, 0));
}

#[test]
fn outputs_come_and_go_and_what_they_did_stays_counted() {
    let lab = Lab::default();
    let outputs = start(vec![lab.scribe("x", "a"), lab.scribe("y", "b")], &settings(None));
    send(&outputs, 0..2);
    change(&outputs, vec![lab.scribe("z", "c")], vec!["x"]);
    send(&outputs, 2..3);
    change(&outputs, vec![lab.scribe("x", "d")], vec!["z"]);
    send(&outputs, 3..4);
    let counts = outputs.finish(End::Asked);
    let of = |who: &str| lab.book().into_iter().filter(|line| line.starts_with(who)).collect::<Vec<_>>();
    assert_eq!(of("a"), ["a0", "a1", "a closed"]);
    assert_eq!(of("b"), ["b0", "b1", "b2", "b3", "b closed"]);
    assert_eq!(of("c"), ["c2", "c closed"]);
    assert_eq!(of("d"), ["d3", "d closed"]);
    let mut sent: Vec<_> = counts.snapshot().iter().map(|one| (one.name, one.sent)).collect();
    sent.sort_unstable();
    assert_eq!(sent, [("x", 3), ("y", 4), ("z", 1)], "one entry for each name");
}

#[test]
fn what_an_output_that_goes_does_not_take_is_counted_as_lost() {
    let lab = Lab::default();
    lab.broken.store(true, Ordering::Relaxed);
    let outputs = start(vec![lab.broken("x", "a"), lab.scribe("y", "b")], &settings(None));
    send(&outputs, 0..4);
    change(&outputs, Vec::new(), vec!["x"]);
    let counts = outputs.finish(End::Asked).snapshot();
    let gone = counts.iter().find(|one| one.name == "x").unwrap();
    assert_eq!((gone.sent, &gone.dropped[..]), (0, &[("shutdown", 4)][..]));
}

#[test]
fn the_spool_of_an_output_that_goes_waits_for_its_return() {
    let (lab, dir) = (Lab::default(), tempfile::tempdir().unwrap());
    lab.broken.store(true, Ordering::Relaxed);
    let outputs = start(vec![lab.broken("x", "a"), lab.scribe("y", "b")], &settings(Some(dir.path())));
    send(&outputs, 0..4);
    assert!(outputs.settle(Duration::from_secs(60)));
    change(&outputs, Vec::new(), vec!["x"]);
    lab.until("the output has ended", |book| book.contains(&"a closed".to_owned()));
    let begin = Instant::now();
    while outputs.reap() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
    change(&outputs, vec![lab.scribe("x", "c")], Vec::new());
    lab.until("what waited is delivered", |book| book.contains(&"c3".to_owned()));
    let counts = outputs.finish(End::Asked).snapshot();
    let x = counts.iter().find(|one| one.name == "x").unwrap();
    assert_eq!((x.sent, x.spooled, x.spool_alerts, x.dropped.len()), (4, 4, 0, 0));
}

#[test]
fn only_what_changes_is_touched() {
    let file = |name: &str| crate::config::FileOutput { filename: name.to_owned(), keep_alive: true };
    let old = OutputSettings { stdout: true, file: Some(file("a")), ..settings(None) };
    let names = |new: &OutputSettings| {
        let changes = Changes::between(&old, new).unwrap();
        (changes.outputs.iter().map(|output| output.name()).collect::<Vec<_>>(), changes.gone)
    };
    assert_eq!(names(&old), (Vec::new(), Vec::new()));
    assert_eq!(names(&OutputSettings { file: Some(file("b")), ..old.clone() }), (vec!["file"], Vec::new()));
    assert_eq!(names(&OutputSettings { file: None, buffered: true, ..old.clone() }), (vec!["stdout"], vec!["file"]));
    assert_eq!(names(&OutputSettings { timeout_ms: 9, ..old.clone() }), (Vec::new(), Vec::new()));
}
