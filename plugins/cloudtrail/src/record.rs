//! From a record as it stands in a log file to the payload and the time of an event.

use lanner_intake::cloud::{Count, No};
use lanner_intake::record::{Event, Shape};
use lanner_intake::{OMITTED, Reason, nanoseconds, record};
use lanner_json::Value;

const SHAPE: Shape<No> = Shape {
    time,
    inner: None,
    spare: &["responseElements", "requestParameters", "serviceEventDetails", "additionalEventData", "resources"],
};

/// Reads a record; its payload has at most `max` bytes. It is kept for the fields that are asked for next on this thread.
///
/// # Errors
/// It is no event.
pub fn read(record: &[u8], max: usize) -> Result<Event<'_>, No> {
    record::read(record, max, &SHAPE)
}

/// The record that `text` begins with, if it is an event that goes on as it stands: where it ends, and its time.
#[must_use]
pub fn read_first(text: &str, max: usize, list: Option<&str>) -> Option<(usize, u64)> {
    record::read_first(text, max, list, &SHAPE)
}

/// The time of a record in nanoseconds since the epoch, if it is an event.
fn time(event: Value<'_>) -> Result<u64, No> {
    if !event.is_object() {
        return Err(No::Rejected(Reason::Foreign));
    }
    let kind = event.get("eventType");
    if kind.is_some_and(|kind| kind.is("AwsCloudTrailInsight")) {
        return Err(No::Counted(Count::Insights));
    }
    let time = event.get("eventTime").and_then(Value::as_str).ok_or(No::Rejected(Reason::NoTime))?;
    let time = nanoseconds(&time).ok_or(No::Rejected(Reason::NoTime))?;
    // The kind stands behind what is large, so that a record that was cut off may have lost it.
    if kind.is_none() && event.get(OMITTED).is_none() {
        return Err(No::Rejected(Reason::Foreign));
    }
    u64::try_from(time).map_err(|_| No::Rejected(Reason::NoTime))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"{"eventTime":"1970-01-01T00:00:01Z","eventName":"n","#;

    fn outcome(text: &str, max: usize) -> Result<(u64, String, bool), No> {
        read(text.as_bytes(), max).map(|event| (event.time, event.payload.into_owned(), event.reduced))
    }

    #[test]
    fn an_event_has_a_time_and_a_kind() {
        let good = format!(r#"{HEAD}"eventType":"AwsApiCall"}}"#);
        assert_eq!(outcome(&good, 1000), Ok((1_000_000_000, good.clone(), false)));
        let rejected = |text: &str| match outcome(text, 1000) {
            Err(No::Rejected(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(rejected(&format!("{HEAD}\"x\":1}}")), Reason::Foreign);
        assert_eq!(rejected(r#"{"eventType":"x"}"#), Reason::NoTime);
        assert_eq!(rejected(r#"{"eventType":"x","eventTime":"1960-01-01T00:00:00Z"}"#), Reason::NoTime);
        assert_eq!(rejected("[1]"), Reason::Foreign);
        assert_eq!(rejected("{"), Reason::NotJson);
        assert_eq!(rejected(&format!("{good}{good}")), Reason::NotJson);
        let insight = good.replace("AwsApiCall", "AwsCloudTrailInsight");
        assert_eq!(outcome(&insight, 1000), Err(No::Counted(Count::Insights)));
    }

    #[test]
    fn what_stands_among_others_is_taken_if_it_goes_on_as_it_is() {
        let good = format!(r#"{HEAD}"eventType":"AwsApiCall"}}"#);
        let among = format!("{good},{good}]}}");
        let first = |text: &str, max| read_first(text, max, Some("Records"));
        assert_eq!(first(&among, 1000), Some((good.len(), 1_000_000_000)));
        assert_eq!(first(&among, good.len() - 1), None, "too long");
        assert_eq!(first(&good[..good.len() - 1], 1000), None, "cut off");
        assert_eq!(first(&good.replace("eventType", "kind"), 1000), None, "no event");
        let listed = good.replacen('{', r#"{"Records":[],"#, 1);
        assert_eq!(first(&listed, 1000), None, "a list");
        assert_eq!(read_first(&listed, 1000, None), Some((listed.len(), 1_000_000_000)));
    }

    #[test]
    fn what_is_too_long_or_too_deep_keeps_what_says_who_did_what() {
        let long = format!(r#"{HEAD}"responseElements":"{}","eventType":"x"}}"#, "y".repeat(2000));
        let (_, payload, reduced) = outcome(&long, 1000).unwrap();
        assert!(reduced && payload.ends_with(r#""eventType":"x","lanner.omitted":["responseElements"]}"#), "{payload}");
        let deep = format!(r#"{HEAD}"a":{}{},"eventType":"x"}}"#, "[".repeat(500), "]".repeat(500));
        let (_, payload, reduced) = outcome(&deep, 10_000).unwrap();
        assert!(reduced && payload.ends_with(r#""eventType":"x","lanner.omitted":["a"]}"#), "{payload}");
        assert_eq!(outcome(&long, 20), Err(No::Rejected(Reason::TooLong)));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let bytes = [HEAD.as_bytes(), b"\"eventType\":\"caf\xe9\"}"].concat();
        let event = read(&bytes, 1000).unwrap();
        assert!(event.repaired && event.payload.ends_with("caf\u{fffd}\"}"));
    }
}
