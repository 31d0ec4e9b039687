//! An event in one line, for people.

use std::borrow::Cow;
use std::fmt::Write as _;

use lanner_json::Value;

use crate::extract::{Rule, at, number, read_only, s3_uri, text, texts, user};

/// What `ct.info` is: who, from where, whether it failed, the direction, the call, and what it was about.
#[must_use]
pub(crate) fn line(event: Value<'_>) -> String {
    let Some(user) = user(event) else { return invalid("userIdentity") };
    let Some(address) = text(event, &["sourceIPAddress"]) else { return invalid("sourceIPAddress") };
    let Some(name) = text(event, &["eventName"]) else { return invalid("eventName") };
    let mut line = user.to_string();
    if user != address {
        line.extend([" via ", &address]);
    }
    let failed = if at(event, &["errorCode"]).is_some() { "!" } else { "" };
    let arrow = if read_only(event) == Some(false) { "→" } else { "←" };
    line.extend([" ", failed, arrow, " ", &name]);
    if name == "PutBucketPublicAccessBlock" {
        access_block(event, &mut line);
        return line;
    }
    if let Some(bytes) = number(event, Rule::S3Bytes { uploaded: true, downloaded: true }) {
        // Writing to a string does not fail.
        let _ = write!(line, " Size={bytes}");
    }
    let of_request = |key| text(event, &["requestParameters", key]);
    let about = [
        ("URI", s3_uri(event).map(Cow::Owned)),
        ("Bucket", of_request("bucketName")),
        ("Key", of_request("key")),
        ("Host", of_request("Host")),
    ];
    if let Some((what, value)) = about.into_iter().find_map(|(what, value)| Some((what, value?))) {
        line.extend([" ", what, "=", &value]);
    }
    line
}

fn access_block(event: Value<'_>, line: &mut String) {
    let Some(block) = event.at(&["requestParameters", "PublicAccessBlockConfiguration"]) else { return };
    for key in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        let on = block.get(key).and_then(Value::as_bool).unwrap_or(false);
        let _ = write!(line, " {key}={on}");
    }
}

fn invalid(key: &str) -> String {
    format!("<invalid cloudtrail event: {key} field missing>")
}

/// An event as `evt.plugininfo` shows it: region, user, service, call, and the line above.
#[must_use]
pub(crate) fn plugin_info(event: Value<'_>) -> Option<String> {
    let mut service = String::new();
    texts(event, Rule::ShortSource, None, &mut |text| service.push_str(text));
    let (region, name) = (text(event, &["awsRegion"])?, text(event, &["eventName"])?);
    let user = user(event).unwrap_or_default();
    let space = if user.is_empty() { "" } else { " " };
    (!service.is_empty()).then(|| format!("{region}{space}{user} {service} {name} {}", line(event)))
}
