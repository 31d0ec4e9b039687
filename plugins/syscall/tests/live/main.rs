//! Events of the running kernel: calls are made for real by a child, and every parameter of what arrives is compared.
//!
//! One test for all: loading the probes costs more than the calls. Without root or kernel types nothing can be watched, and
//! the test says so and passes; CI has both.

mod coverage;
mod descriptors;
mod files;
mod halves;
mod identity;
mod ipc;
mod machine;
#[cfg(target_arch = "x86_64")]
mod narrow;
mod network;
mod noise;
mod options;
mod payload;
mod process;
mod rights;
mod waits;
mod watch;

use lanner_syscall::live::{Live, Settings, missing};
use watch::{Case, Watch};

/// Every case by name.
fn cases() -> Vec<Case> {
    [
        descriptors::CASES,
        files::CASES,
        halves::CASES,
        identity::CASES,
        ipc::CASES,
        machine::CASES,
        #[cfg(target_arch = "x86_64")]
        narrow::CASES,
        network::CASES,
        options::CASES,
        payload::CASES,
        process::CASES,
        waits::CASES,
    ]
    .concat()
}

#[test]
fn every_parameter_of_every_call() {
    let missing = missing();
    if !missing.is_empty() {
        return eprintln!("skipped: no live events here: {missing:?}");
    }
    let live = Live::open(&Settings { io: true, ..Settings::default() }).unwrap();
    let mut watch = Watch::new(live);
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        watch.begin(name);
        // One wrong case shall not hide the others: what it says has been printed when it panics.
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(&mut watch))).is_err() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(watch.refused(), [], "this kernel takes every program");
    coverage::check();
    let counters = watch.finish();
    assert_eq!(counters.lost_vital, 0, "{counters:?}");
}
