//! Prints the events of the running system for some seconds: `watch [SECONDS]`.

use std::time::{Duration, Instant};

use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{Live, Settings};

fn main() {
    let seconds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2);
    let started = Instant::now();
    let events = std::env::args().nth(2).map(|_| Vec::new());
    let mut live = match Live::open(&Settings { events, ..Settings::default() }) {
        Ok(live) => live,
        Err(error) => return eprintln!("{error}"),
    };
    eprintln!("opened in {:?}", started.elapsed());
    let scanned = Instant::now();
    let threads = live.scan().threads;
    let fds: usize = threads.iter().map(|thread| thread.fds.len()).sum();
    eprintln!("{} threads and {fds} descriptors read in {:?}", threads.len(), scanned.elapsed());
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        live.deliver(1024, |event| match Event::parse(event.bytes) {
            Ok(parsed) => println!("{} {} {parsed:?}", event.number, event.cpu),
            Err(error) => println!("{} {error}", event.number),
        });
        live.release();
    }
    eprintln!("{:?}", live.counters().read());
}
