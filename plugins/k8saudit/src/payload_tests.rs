use std::sync::Arc;

use lanner_intake::{Reason, Rejects};

use crate::payload::Payload;

fn run_with(payload: &[u8], max: usize) -> (Vec<(u64, String)>, Arc<Rejects>) {
    let rejects = Rejects::new(lanner_plugin_api::sdk::Log::silent(), None).unwrap();
    let mut payload = Payload::new(payload.to_vec(), max);
    let mut events = Vec::new();
    while let Some(event) = payload.next(&rejects, &"test") {
        events.push((event.time, event.payload.into_owned()));
    }
    assert_eq!(payload.events(), events.len() as u64);
    assert_eq!(payload.rejected().is_some(), rejects.total() > 0);
    (events, rejects)
}

fn times(payload: &str) -> (Vec<u64>, Vec<Reason>) {
    let (events, rejects) = run_with(payload.as_bytes(), 1000);
    let mut reasons = Vec::new();
    for reason in Reason::ALL {
        reasons.extend(std::iter::repeat_n(reason, rejects.count(reason) as usize));
    }
    (events.iter().map(|event| event.0 / 1_000_000).collect(), reasons)
}

#[test]
fn items_of_a_list_are_events_of_their_own_and_bad_ones_do_not_spoil_them() {
    assert_eq!(
        times(
            r#"{"kind":"EventList","items":[{"stageTimestamp":"1970-01-01T00:00:01.5Z"},{"stageTimestamp":"soon"}, 5,
                {"stageTimestamp":tomorrow},{"stageTimestamp":"1970-01-01T01:00:02+01:00"}],"metadata":{"x":[]}}"#
        ),
        (vec![1500, 2000], vec![Reason::NotJson, Reason::Foreign, Reason::NoTime])
    );
}

#[test]
fn the_kind_may_stand_behind_the_items() {
    assert_eq!(
        times(r#" { "items" : [ {"stageTimestamp":"1970-01-01T00:00:01Z"} ] , "apiVersion":1, "kind":"EventList" } "#),
        (vec![1000], vec![])
    );
    assert_eq!(times(r#"{"kind":"EventList","items":[]}"#), (vec![], vec![]));
    assert_eq!(times(r#"{"kind":"EventList","items":null}"#), (vec![], vec![Reason::Foreign]));
}

#[test]
fn arrays_nest_and_what_comes_after_a_foreign_element_counts() {
    assert_eq!(
        times(
            r#"[[{"kind":"Event", "stageTimestamp":"1970-01-01T00:00:01Z"}],{"kind":"Pod"},"x",
                {"level":"Metadata","stageTimestamp":"1970-01-01T00:00:02Z","kind":"Event"}]"#
        ),
        (vec![1000, 2000], vec![Reason::Foreign, Reason::Foreign])
    );
}

#[test]
fn what_is_no_json_is_said_so_and_what_came_before_is_kept() {
    assert_eq!(times("{"), (vec![], vec![Reason::NotJson]));
    assert_eq!(times(""), (vec![], vec![Reason::NotJson]));
    assert_eq!(times(r#"{"kind": 0}"#), (vec![], vec![Reason::Foreign]));
    let cut = r#"{"kind":"EventList","items":[{"stageTimestamp":"1970-01-01T00:00:01Z"},{"stageTimes"#;
    assert_eq!(times(cut), (vec![1000], vec![Reason::NotJson]));
    let more = r#"{"kind":"Event","stageTimestamp":"1970-01-01T00:00:01Z"} x"#;
    assert_eq!(times(more), (vec![1000], vec![Reason::NotJson]));
}

#[test]
fn hostile_payloads_end() {
    assert_eq!(times(&"[".repeat(1 << 20)).1, [Reason::TooDeep]);
    let twice = r#"{"kind":"Event","kind":"Event","stageTimestamp":"x","stageTimestamp":"1970-01-01T00:00:01Z"}"#;
    assert_eq!(times(twice), (vec![1000], vec![]));
    let (events, _) =
        run_with(b"{\"kind\":\"Event\",\"stageTimestamp\":\"1970-01-01T00:00:01Z\",\"verb\":\"\xff\"}", 1000);
    assert!(events[0].1.ends_with("\"verb\":\"\u{fffd}\"}"), "{events:?}");
}

#[test]
fn an_event_that_is_nested_too_deep_keeps_the_rest() {
    let deep = "[".repeat(500) + &"]".repeat(500);
    let event = |member: &str| {
        format!(r#"{{"kind":"Event","auditID":"a","stageTimestamp":"1970-01-01T00:00:01Z",{member},"verb":"patch"}}"#)
    };
    let head = r#"{"kind":"Event","auditID":"a","stageTimestamp":"1970-01-01T00:00:01Z","#;
    for (member, left) in [
        (format!(r#""x":{deep}"#), r#""verb":"patch","lanner.omitted":["x"]}"#),
        (format!(r#""requestObject":[{deep}]"#), r#""verb":"patch","lanner.omitted":["requestObject"]}"#),
        (
            format!(r#""requestObject":{{"spec":{{"hostPID":true}},"x":{deep}}}"#),
            r#""requestObject":{"spec":{"hostPID":true},"lanner.omitted":["x"]},"verb":"patch","lanner.omitted":[]}"#,
        ),
    ] {
        let list = format!(r#"{{"kind":"EventList","items":[{},{}]}}"#, event(&member), event("\"x\":1"));
        let (events, rejects) = run_with(list.as_bytes(), 5000);
        assert_eq!(rejects.total(), 0);
        assert_eq!(events.len(), 2, "{events:?}");
        assert_eq!((events[0].0, &*events[0].1), (1_000_000_000, &*format!("{head}{left}")));
    }
    // Without its time it is no event, and without a member that can be read it is nothing.
    assert_eq!(times(&format!(r#"[{{"kind":"Event","stageTimestamp":{deep}}}]"#)).1, [Reason::NoTime]);
    assert_eq!(times(&format!(r#"{{"kind":"EventList","items":[{{"x":{deep}}}]}}"#)).1, [Reason::TooDeep]);
}

#[test]
fn of_an_event_whose_end_is_missing_the_begin_is_one() {
    let head = r#"{"kind":"Event","auditID":"a","verb":"list","responseObject":{"items":[{"kind":"Secret"},{"#;
    let rejects = Rejects::new(lanner_plugin_api::sdk::Log::silent(), None).unwrap();
    let mut payload = Payload::cut(head.as_bytes(), 1000).unwrap();
    let event = payload.next(&rejects, &"test").unwrap();
    assert_eq!(event.payload, r#"{"kind":"Event","auditID":"a","verb":"list","lanner.omitted":["responseObject"]}"#);
    // The time of reading it: after September 2001, when seconds got their tenth digit.
    assert!(event.time > 1_000_000_000_000_000_000, "{}", event.time);
    assert!(payload.next(&rejects, &"test").is_none());
    assert_eq!(rejects.total(), 0);
    let timed = head.replace("\"verb\"", "\"stageTimestamp\":\"1970-01-01T00:00:01Z\",\"verb\"");
    let mut payload = Payload::cut(timed.as_bytes(), 1000).unwrap();
    assert_eq!(payload.next(&rejects, &"test").map(|event| event.time), Some(1_000_000_000));
    for none in ["", "[", r#"{"kind":"EventList","items":[{"#, r#"{"kind":"Pod","a":["#, "x"] {
        assert!(Payload::cut(none.as_bytes(), 1000).is_none(), "{none}");
    }
}

#[test]
fn an_event_over_the_limit_keeps_its_metadata() {
    let event = format!(
        r#"{{"kind":"Event","auditID":"a","stageTimestamp":"1970-01-01T00:00:01Z","requestObject":"{}"}}"#,
        "x".repeat(200)
    );
    let (events, rejects) = run_with(event.as_bytes(), 150);
    assert_eq!(rejects.total(), 0);
    assert_eq!(
        events[0].1,
        r#"{"kind":"Event","auditID":"a","stageTimestamp":"1970-01-01T00:00:01Z","lanner.omitted":["requestObject"]}"#
    );
}
