//! The process is killed at random moments: nothing that was promised is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use lanner_k8saudit::address::Address;
use lanner_k8saudit::setup::Client;
use lanner_tests::daemon::free_port;

use crate::{configure, event, ids, list, start};

const ROUNDS: usize = 6;

/// Milliseconds below `below`; another sequence in each run, told by the failing test.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        println!("seed {seed}");
        Self(seed | 1)
    }

    fn millis(&mut self, below: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % below)
    }
}

/// How often each id raised an alert.
fn counted(output: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in ids(output) {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

#[test]
fn what_was_answered_with_200_has_been_alerted() {
    let dir = tempfile::tempdir().unwrap();
    let address = Address::parse(&format!("http://127.0.0.1:{}/k8s-audit", free_port())).unwrap();
    let (config, rules) = configure(dir.path(), "''", &address.to_string(), None);
    let done = AtomicBool::new(false);
    let mut random = Random::new();
    let (answered, output) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let client = Client { address: address.clone(), ca: None, identity: None, token: None };
            let mut answered = BTreeSet::new();
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let pair = [format!("e{number}"), format!("e{}", number + 1)];
                // As an API server does: again and again until it is told that it arrived.
                if client.post(list(&[&pair[0], &pair[1]])).is_ok_and(|answer| answer.status == 200) {
                    answered.extend(pair);
                    number += 2;
                }
            }
            answered
        });
        for _ in 0..ROUNDS {
            let mut daemon = start(dir.path(), &config, &rules);
            daemon.wait_for_port(address.port);
            std::thread::sleep(random.millis(300));
            // Dropping it is SIGKILL.
            drop(daemon);
        }
        let mut daemon = start(dir.path(), &config, &rules);
        daemon.wait_for_port(address.port);
        std::thread::sleep(Duration::from_millis(100));
        done.store(true, Ordering::Relaxed);
        let answered = sender.join().unwrap();
        (answered, daemon.stop().1)
    });
    let seen = counted(&output);
    assert!(answered.len() > ROUNDS, "{} answers", answered.len());
    let lost: Vec<_> = answered.iter().filter(|id| !seen.contains_key(*id)).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {}", answered.len());
    // Each kill can make one post come again.
    let repeated: usize = seen.values().map(|count| count - 1).sum();
    assert!(repeated <= 2 * (ROUNDS + 1), "{repeated} repeated");
}

#[test]
fn what_was_written_to_a_followed_file_has_been_alerted() {
    let dir = tempfile::tempdir().unwrap();
    let (log, position) = (dir.path().join("audit.log"), dir.path().join("position"));
    std::fs::write(&log, event("before") + "\n").unwrap();
    let init = format!("{{positionFile: {}}}", position.display());
    let (config, rules) = configure(dir.path(), &init, &format!("file://{}", log.display()), None);
    let mut first = start(dir.path(), &config, &rules);
    first.wait_until("following", || position.exists());
    let done = AtomicBool::new(false);
    let mut random = Random::new();
    let (written, output) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                let line = event(&format!("e{number}")) + "\n";
                // In two writes, as it happens with a full buffer.
                let (head, tail) = line.split_at(line.len() / 2);
                file.write_all(head.as_bytes()).unwrap();
                file.write_all(tail.as_bytes()).unwrap();
                number += 1;
                if number % 500 == 0 {
                    std::fs::rename(&log, dir.path().join(format!("audit-{number}.log"))).unwrap();
                    file = std::fs::File::create(&log).unwrap();
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            number
        });
        drop(first);
        for _ in 0..ROUNDS {
            let daemon = start(dir.path(), &config, &rules);
            std::thread::sleep(random.millis(900));
            drop(daemon);
        }
        done.store(true, Ordering::Relaxed);
        let written = writer.join().unwrap();
        let mut daemon = start(dir.path(), &config, &rules);
        let last = format!("\"e{}\"", written - 1);
        let out = dir.path().join("out");
        daemon.wait_until("the last event", || std::fs::read_to_string(&out).unwrap_or_default().contains(&last));
        (written, daemon.stop().1)
    });
    let seen = counted(&output);
    assert!(written > 100, "{written}");
    let lost: Vec<_> = (0..written).filter(|number| !seen.contains_key(&format!("e{number}"))).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {written}");
    assert!(!seen.contains_key("before"), "following begins at the end");
}
