//! From a log entry as it stands in a file or message to the payload and the time of an event.

use lanner_intake::record::{Event, Shape};
use lanner_intake::{OMITTED, Reason, nanoseconds, record};
use lanner_json::Value;

/// The member of an entry that holds nearly all of it.
pub const PAYLOAD: &str = "protoPayload";

const SHAPE: Shape<Reason> = Shape {
    time,
    inner: Some(PAYLOAD),
    spare: &["response", "request", "resourceOriginalState", "authorizationInfo", "metadata", "serviceData"],
};

/// Reads an entry; its payload has at most `max` bytes. It is kept for the fields that are asked for next on this thread.
///
/// # Errors
/// It is no log entry.
pub fn read(entry: &[u8], max: usize) -> Result<Event<'_>, Reason> {
    record::read(entry, max, &SHAPE)
}

/// The entry that `text` begins with, if it is an event that goes on as it stands: where it ends, and its time.
#[must_use]
pub fn read_first(text: &str, max: usize, list: Option<&str>) -> Option<(usize, u64)> {
    record::read_first(text, max, list, &SHAPE)
}

/// The time of an entry in nanoseconds since the epoch. An entry without a time of its own has the time of its arrival at Google.
fn time(entry: Value<'_>) -> Result<u64, Reason> {
    // The name of the log is the one member that every entry has; what was cut off may have lost it. Entries of other logs
    // are events too: which ones arrive is the sink's filter, and `json.value` reads any.
    if !entry.is_object() || [PAYLOAD, "logName", OMITTED].iter().all(|key| entry.get(key).is_none()) {
        return Err(Reason::Foreign);
    }
    let time = |key| nanoseconds(&entry.get(key)?.as_str()?);
    // The time stands behind what is large: of an entry that was cut off it is lost, and the time of reading it is better than no
    // event.
    let cut = || entry.get(OMITTED).map(|_| jiff::Timestamp::now().as_nanosecond());
    let time = time("timestamp").or_else(|| time("receiveTimestamp")).or_else(cut).ok_or(Reason::NoTime)?;
    u64::try_from(time).map_err(|_| Reason::NoTime)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = r#""timestamp":"1970-01-01T00:00:01.5Z""#;

    fn outcome(text: &str, max: usize) -> Result<(u64, String, bool), Reason> {
        read(text.as_bytes(), max).map(|event| (event.time, event.payload.into_owned(), event.reduced))
    }

    #[test]
    fn an_entry_has_a_log_or_a_payload_and_a_time() {
        let good = format!(r#"{{"protoPayload":{{}},{TIME}}}"#);
        assert_eq!(outcome(&good, 1000), Ok((1_500_000_000, good.clone(), false)));
        let other = r#"{"logName":"l","textPayload":"x","receiveTimestamp":"1970-01-01T00:00:02Z"}"#;
        assert_eq!(outcome(other, 1000).map(|event| event.0), Ok(2_000_000_000));
        assert_eq!(outcome(&format!("{{{TIME}}}"), 1000), Err(Reason::Foreign));
        assert_eq!(outcome(r#"{"logName":"l","timestamp":"soon"}"#, 1000), Err(Reason::NoTime));
        assert_eq!(outcome(r#"{"logName":"l","timestamp":"1960-01-01T00:00:00Z"}"#, 1000), Err(Reason::NoTime));
        assert_eq!(outcome("[1]", 1000), Err(Reason::Foreign));
        assert_eq!(outcome("{", 1000), Err(Reason::NotJson));
        assert_eq!(outcome(&format!("{good}{good}"), 1000), Err(Reason::NotJson));
    }

    #[test]
    fn what_is_too_long_or_too_deep_keeps_what_says_who_did_what() {
        let entry = |burden: &str| {
            format!(
                r#"{{"protoPayload":{{"methodName":"m","response":{burden},"serviceName":"s"}},"resource":{{}},{TIME}}}"#
            )
        };
        let expected = format!(
            r#"{{"protoPayload":{{"methodName":"m","serviceName":"s","lanner.omitted":["response"]}},"resource":{{}},{TIME}}}"#
        );
        let long = entry(&format!("\"{}\"", "y".repeat(2000)));
        assert_eq!(outcome(&long, 1000), Ok((1_500_000_000, expected.clone(), true)));
        assert_eq!(outcome(&long, 20), Err(Reason::TooLong));
        let deep = entry(&format!("{}{}", "[".repeat(500), "]".repeat(500)));
        let (_, payload, reduced) = outcome(&deep, 10_000).unwrap();
        assert!(reduced && payload.contains(r#""serviceName":"s","lanner.omitted":["response"]},"#), "{payload}");
    }
}
