//! From a record as it stands in a log file to the payload and the time of an event.

use std::borrow::Cow;

use lanner_intake::{OMITTED, Reason, slim};
use lanner_json::{Fault, Value, read_ahead};

use crate::salvage::salvage;

/// Members that an oversized event can spare, the largest burden first.
const SPARE: &[&str] =
    &["responseElements", "requestParameters", "serviceEventDetails", "additionalEventData", "resources"];

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// `eventTime` in nanoseconds since the epoch.
    pub time: u64,
    /// The record, or what is left of it.
    pub payload: Cow<'a, str>,
    /// Parts were left out, because the record is too long or nested too deep.
    pub reduced: bool,
    /// Bytes that are no UTF-8 were replaced.
    pub repaired: bool,
}

/// Why a record becomes no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// Statistics about calls, not a call.
    Insight,
    /// Not to be used.
    Rejected(Reason),
}

/// Reads a record; its payload has at most `max` bytes. It is kept for the fields that are asked for next on this thread.
///
/// # Errors
/// It is no event.
pub fn read(record: &[u8], max: usize) -> Result<Event<'_>, No> {
    let text = String::from_utf8_lossy(record);
    let repaired = matches!(text, Cow::Owned(_));
    let read = read_ahead(&text, |event| {
        let time = time(event);
        (time.is_ok() && text.len() <= max, time)
    });
    match read {
        Ok((end, _)) if text.get(end..).is_none_or(|rest| !rest.trim_ascii().is_empty()) => {
            Err(No::Rejected(Reason::NotJson))
        }
        Ok((_, time)) if text.len() <= max => Ok(Event { time: time?, payload: text, reduced: false, repaired }),
        Ok((_, time)) => {
            let time = time?;
            let slim = slim(text.as_bytes(), max, SPARE).ok_or(No::Rejected(Reason::TooLong))?;
            Ok(Event { time, payload: owned(slim), reduced: true, repaired })
        }
        Err(Fault::Deep) => {
            let rest = salvage(text.as_bytes(), text.len()).ok_or(No::Rejected(Reason::TooDeep))?;
            // What is left is not deep, so this ends.
            let Event { time, payload, .. } = read_owned(rest, max)?;
            Ok(Event { time, payload, reduced: true, repaired })
        }
        Err(fault) => Err(No::Rejected(fault.into())),
    }
}

fn read_owned(record: Vec<u8>, max: usize) -> Result<Event<'static>, No> {
    let Event { time, payload, reduced, repaired } = read(&record, max)?;
    Ok(Event { time, payload: Cow::Owned(payload.into_owned()), reduced, repaired })
}

fn owned(text: Vec<u8>) -> Cow<'static, str> {
    Cow::Owned(String::from_utf8_lossy(&text).into_owned())
}

/// The time of a record in nanoseconds since the epoch, if it is an event.
fn time(event: Value<'_>) -> Result<u64, No> {
    if !event.is_object() {
        return Err(No::Rejected(Reason::Foreign));
    }
    let kind = event.get("eventType");
    if kind.is_some_and(|kind| kind.is("AwsCloudTrailInsight")) {
        return Err(No::Insight);
    }
    let time = event.get("eventTime").and_then(Value::as_str).ok_or(No::Rejected(Reason::NoTime))?;
    let time: jiff::Timestamp = time.parse().map_err(|_| No::Rejected(Reason::NoTime))?;
    // The kind stands behind what is large, so that a record that was cut off may have lost it.
    if kind.is_none() && event.get(OMITTED).is_none() {
        return Err(No::Rejected(Reason::Foreign));
    }
    u64::try_from(time.as_nanosecond()).map_err(|_| No::Rejected(Reason::NoTime))
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
        assert_eq!(outcome(&insight, 1000), Err(No::Insight));
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
