//! What a message of a queue is about.
//!
//! A queue is fed by S3 itself, by a topic of SNS (S3's notifications or CloudTrail's own), or by EventBridge; with raw
//! delivery the envelope of SNS is missing. The shape tells which it is, so that no setting has to.

use std::borrow::Cow;

use lanner_json::{Tape, Value};

/// A file in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Name of the bucket.
    pub bucket: String,
    /// Key, as S3 has it (not URL-encoded).
    pub key: String,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Read these log files. Empty: the message is about files that are no logs of events.
    Objects(Vec<Object>),
    /// One event, handed over by EventBridge.
    Record(Vec<u8>),
    /// Nothing: AWS tests the connection.
    Test,
}

/// Why a message cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not JSON.
    #[error("not JSON")]
    NotJson,
    /// JSON of another shape.
    #[error("neither a notification of S3 or CloudTrail nor an event of EventBridge")]
    Foreign,
}

/// CloudTrail sends this as the text of a notification when a trail gets a topic.
const VALIDATION: &str = "CloudTrail validation message.";

/// Reads the body of a message.
///
/// # Errors
/// It is not JSON, or of none of the shapes that AWS documents.
pub fn read(body: &str) -> Result<Request, MessageError> {
    let mut tape = Tape::default();
    let message = tape.parse(body.as_bytes()).map_err(|_| MessageError::NotJson)?;
    if message.get("Type").is_some_and(|ty| ty.is("Notification")) {
        let inner = message.get("Message").and_then(Value::as_str).ok_or(MessageError::Foreign)?;
        if inner == VALIDATION {
            return Ok(Request::Test);
        }
        let mut tape = Tape::default();
        return unwrapped(tape.parse(inner.as_bytes()).map_err(|_| MessageError::NotJson)?);
    }
    unwrapped(message)
}

fn unwrapped(message: Value<'_>) -> Result<Request, MessageError> {
    if message.get("Event").is_some_and(|event| event.is("s3:TestEvent")) {
        return Ok(Request::Test);
    }
    if let (Some(bucket), Some(keys)) = (message.get("s3Bucket").and_then(Value::as_str), message.get("s3ObjectKey")) {
        let objects = keys.items().filter_map(Value::as_str).map(|key| object(&bucket, &key));
        return Ok(Request::Objects(objects.flatten().collect()));
    }
    if let Some(records) = message.get("Records").filter(|records| records.is_list()) {
        let mut objects = Vec::new();
        for record in records.items() {
            let s3 = record.get("s3").ok_or(MessageError::Foreign)?;
            let bucket = s3.at(&["bucket", "name"]).and_then(Value::as_str).ok_or(MessageError::Foreign)?;
            let key = s3.at(&["object", "key"]).and_then(Value::as_str).ok_or(MessageError::Foreign)?;
            // Notifications about what was removed need no reading.
            if record.get("eventName").and_then(Value::as_str).is_none_or(|name| name.contains("ObjectCreated")) {
                objects.extend(object(&bucket, &decoded(&key)));
            }
        }
        return Ok(Request::Objects(objects));
    }
    let Some(detail) = message.get("detail").filter(|_| message.get("detail-type").is_some()) else {
        return Err(MessageError::Foreign);
    };
    if detail.get("eventTime").is_some() && detail.get("eventName").is_some() {
        return Ok(Request::Record(detail.raw().as_bytes().to_vec()));
    }
    let bucket = detail.at(&["bucket", "name"]).and_then(Value::as_str).ok_or(MessageError::Foreign)?;
    // EventBridge hands keys over as they are.
    let key = detail.at(&["object", "key"]).and_then(Value::as_str).ok_or(MessageError::Foreign)?;
    Ok(Request::Objects(object(&bucket, &key).into_iter().collect()))
}

fn object(bucket: &str, key: &str) -> Option<Object> {
    is_log(key).then(|| Object { bucket: bucket.to_owned(), key: key.to_owned() })
}

/// Whether a key is a file of events: JSON, and none of the digests and insights that trails write beside them.
#[must_use]
pub fn is_log(key: &str) -> bool {
    (key.ends_with(".json") || key.ends_with(".json.gz"))
        && !key.contains("/CloudTrail-Digest/")
        && !key.contains("/CloudTrail-Insight/")
}

/// S3 writes keys in notifications like form data: `%XX`, and `+` for a blank.
fn decoded(key: &str) -> Cow<'_, str> {
    if !key.contains(['%', '+']) {
        return Cow::Borrowed(key);
    }
    let bytes = key.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (byte, hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(body: &str) -> Vec<String> {
        match read(body).unwrap() {
            Request::Objects(objects) => objects.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The envelope of SNS around a message.
    fn sns(message: &str) -> String {
        let message = serde_json::to_string(message).unwrap();
        format!(r#"{{"Type":"Notification","TopicArn":"arn:aws:sns:eu-west-1:1:t","Message":{message}}}"#)
    }

    const S3: &str = r#"{"Records":[
        {"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":"a/b+c%3Dd.json.gz"}}},
        {"eventSource":"aws:s3","eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"more"},"object":{"key":"e.json"}}},
        {"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"logs"},"object":{"key":"old.json"}}},
        {"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":"x/CloudTrail-Digest/d.json.gz"}}}]}"#;

    #[test]
    fn notifications_of_s3_with_and_without_envelope() {
        let expected = ["s3://logs/a/b c=d.json.gz", "s3://more/e.json"];
        assert_eq!(objects(S3), expected);
        assert_eq!(objects(&sns(S3)), expected);
    }

    #[test]
    fn notifications_of_cloudtrail() {
        let own = r#"{"s3Bucket":"logs","s3ObjectKey":["AWSLogs/1/a+b.json.gz","readme.txt"]}"#;
        assert_eq!(objects(&sns(own)), ["s3://logs/AWSLogs/1/a+b.json.gz"]);
        assert_eq!(read(&sns(VALIDATION)), Ok(Request::Test));
    }

    #[test]
    fn events_of_eventbridge() {
        let created = r#"{"detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"b"},"object":{"key":"k+1.json"}}}"#;
        assert_eq!(objects(created), ["s3://b/k+1.json"]);
        let call = r#"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventTime":"t","eventName":"n"}}"#;
        assert_eq!(read(call), Ok(Request::Record(br#"{"eventTime":"t","eventName":"n"}"#.to_vec())));
    }

    #[test]
    fn tests_of_the_connection_and_foreign_messages() {
        assert_eq!(read(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#), Ok(Request::Test));
        assert_eq!(read("{"), Err(MessageError::NotJson));
        assert_eq!(read(&sns("hello")), Err(MessageError::NotJson));
        for foreign in ["{}", "[]", r#"{"Records":[{"eventName":"x"}]}"#, r#"{"detail-type":"x","detail":{}}"#] {
            assert_eq!(read(foreign), Err(MessageError::Foreign), "{foreign}");
        }
    }
}
