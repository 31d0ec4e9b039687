//! The event history.

use std::time::Duration;

use lanner_tests::aws::{Moto, ids};
use lanner_tests::cloud::numbers;
use serde_json::json;

use crate::Lab;

/// The history lists the newest first; alerts come in the order of time, each once, at no more than two calls a second.
#[test]
fn the_event_history_is_read_forward_and_each_event_once() {
    let lab = Lab::with(Moto::script("history.py", &[]));
    let init = json!({"lookupStart": "1h", "lookupInterval": 1, "stateFile": lab.path("state")});
    let mut watched = lab.start("lookup://", &init);
    assert!(watched.until(|alerts| alerts.len() >= 120), "{}", lab.told());
    // Two more looks go over the same time.
    std::thread::sleep(Duration::from_secs(4));
    watched.signal("-TERM");
    let (code, alerts) = watched.finish();
    assert_eq!(code, Some(0), "{}", lab.told());
    assert_eq!(ids(&alerts), numbers(0..120));
    let again = lab.start("lookup://eu-west-1", &init);
    std::thread::sleep(Duration::from_secs(4));
    again.signal("-TERM");
    let (_, alerts) = again.finish();
    assert_eq!(ids(&alerts), [""; 0], "what the stored position has seen");
    assert!(!lab.told().contains("Rate exceeded"), "{}", lab.told());
}
