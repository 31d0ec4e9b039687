//! From the call to the alert on standard output.

use std::time::Duration;

use lanner_tests::live::{Agent, can_watch, default_rules, latencies};

use crate::BINARY;

/// A bound that holds on a machine that does much else too; docs/performance.md has the figures of an idle one.
#[test]
fn alerts_come_soon_after_the_call() {
    if !can_watch() {
        return;
    }
    let mut agent = Agent::start(BINARY, &[default_rules()], &[]);
    let sorted = latencies(&mut agent, 50);
    println!("median {:?}, longest {:?}", sorted[25], sorted[49]);
    assert!(sorted[25] < Duration::from_secs(1), "{sorted:?}");
}
