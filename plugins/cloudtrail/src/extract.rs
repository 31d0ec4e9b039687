//! Values of the fields from one CloudTrail record.
//!
//! Where Falco's plugin does something else than it documents, this does the documented thing; COMPATIBILITY.md lists each place.

use std::borrow::Cow;

use lanner_json::Value;

use crate::info;

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The value at a path: a string as it is, anything else as JSON.
    Path(&'static [&'static str]),
    /// `eventSource` without `.amazonaws.com`.
    ShortSource,
    /// Who made the request.
    User,
    /// The session of an assumed role, else the user's name.
    OriginalUser,
    /// The account of the identity, else of the recipient.
    AccountId,
    /// The event in one line.
    Info,
    /// Whether the call only reads.
    ReadOnly,
    /// `resources`, joined by commas.
    Resources,
    /// `s3://bucket/key`
    S3Uri,
    /// Bytes of S3 transfers.
    S3Bytes {
        /// Count those that came in.
        uploaded: bool,
        /// Count those that went out.
        downloaded: bool,
    },
    /// 1 if the event is of this kind, else 0.
    S3Count(S3Op),
    /// Tag `Name` of started instances.
    InstanceName,
    /// Image of the first instance.
    FirstImage,
    /// Images of the instances.
    Images,
}

/// Kind of a request by its name, as the counters of S3 calls have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum S3Op {
    /// `GetObject`
    Get,
    /// `PutObject`
    Put,
    /// Anything else.
    Other,
}

impl Rule {
    /// Whether the field is a number; all others are texts.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(self, Self::S3Bytes { .. } | Self::S3Count(_))
    }
}

/// A value at `path`; `null` counts as none, since AWS writes `"responseElements": null` for nothing.
pub(crate) fn at<'a>(event: Value<'a>, path: &[&str]) -> Option<Value<'a>> {
    event.at(path).filter(|value| !value.is_null())
}

/// The string at `path`.
pub(crate) fn text<'a>(event: Value<'a>, path: &[&str]) -> Option<Cow<'a, str>> {
    event.at(path)?.as_str()
}

/// The value of a field that is a number.
#[must_use]
pub fn number(event: Value<'_>, rule: Rule) -> Option<u64> {
    match rule {
        Rule::S3Bytes { uploaded, downloaded } => {
            let bytes = |wanted: bool, key| {
                let value = wanted.then(|| event.at(&["additionalEventData", key])).flatten()?;
                // A number of bytes is sometimes written as 33.0.
                value.as_u64().or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
            };
            let (i, o) = (bytes(uploaded, "bytesTransferredIn"), bytes(downloaded, "bytesTransferredOut"));
            (i.is_some() || o.is_some()).then(|| i.unwrap_or(0).saturating_add(o.unwrap_or(0)))
        }
        Rule::S3Count(op) => {
            let name = event.get("eventName")?;
            let is = if name.is("GetObject") {
                S3Op::Get
            } else if name.is("PutObject") {
                S3Op::Put
            } else {
                S3Op::Other
            };
            Some(u64::from(is == op))
        }
        _ => None,
    }
}

/// Hands each value of a field that is a text to `put`. `index` picks one of a list.
pub fn texts<'a>(event: Value<'a>, rule: Rule, index: Option<u64>, put: &mut dyn FnMut(&str)) {
    let one: Option<Cow<'a, str>> = match rule {
        Rule::Path(path) => at(event, path).map(Value::text),
        Rule::ShortSource => text(event, &["eventSource"]).map(|source| match source.strip_suffix(".amazonaws.com") {
            Some(short) if !short.is_empty() => Cow::Owned(short.to_owned()),
            _ => source,
        }),
        Rule::User => user(event),
        Rule::OriginalUser => original_user(event),
        Rule::AccountId => {
            let of_user = text(event, &["userIdentity", "accountId"]);
            of_user.or_else(|| text(event, &["recipientAccountId"]))
        }
        Rule::Info => Some(Cow::Owned(info::line(event))),
        Rule::ReadOnly => read_only(event).map(|reads| Cow::Borrowed(if reads { "true" } else { "false" })),
        Rule::Resources => {
            let all: Vec<Cow<'_, str>> =
                event.get("resources").into_iter().flat_map(Value::items).map(Value::text).collect();
            (!all.is_empty()).then(|| Cow::Owned(all.join(",")))
        }
        Rule::S3Uri => s3_uri(event).map(Cow::Owned),
        Rule::InstanceName => instance_name(event),
        Rule::FirstImage => return images(event, Some(0), put),
        Rule::Images => return images(event, index, put),
        Rule::S3Bytes { .. } | Rule::S3Count(_) => None,
    };
    if let Some(one) = one {
        put(&one);
    }
}

/// Who made the request, by the kind of identity.
pub(crate) fn user(event: Value<'_>) -> Option<Cow<'_, str>> {
    let identity = event.get("userIdentity")?;
    let kind = identity.get("type")?;
    if kind.is("AWSService") {
        text(identity, &["invokedBy"])
    } else if kind.is("AssumedRole") {
        let role = text(identity, &["sessionContext", "sessionIssuer", "userName"]);
        Some(role.unwrap_or(Cow::Borrowed("AssumedRole")))
    } else if kind.is("AWSAccount") || kind.is("FederatedUser") {
        kind.as_str()
    } else {
        text(identity, &["userName"])
    }
}

/// The session's name stands last in `arn:aws:sts::account:assumed-role/role/session` and in `principal:session`.
fn original_user(event: Value<'_>) -> Option<Cow<'_, str>> {
    let identity = event.get("userIdentity")?;
    if !identity.get("type").is_some_and(|kind| kind.is("AssumedRole")) {
        return text(identity, &["userName"]);
    }
    let last_of = |key, separator: char, parts: usize| {
        let whole = text(identity, &[key])?;
        let last = (whole.split(separator).count() == parts).then(|| whole.rsplit(separator).next()).flatten()?;
        Some(Cow::Owned(last.to_owned()))
    };
    last_of("arn", '/', 3).or_else(|| last_of("principalId", ':', 2))
}

/// How names of calls begin that only look.
const READING: &[&str] = &[
    "BatchGet", "Check", "Count", "Describe", "Discover", "Download", "Estimate", "Export", "Filter", "Get", "Head",
    "List", "Lookup", "Preview", "Query", "Read", "Retrieve", "Scan", "Search", "Select", "Simulate", "Test",
    "Validate", "View",
];

/// Whether the call only reads: as the event says, else by the name of the call.
pub(crate) fn read_only(event: Value<'_>) -> Option<bool> {
    if let Some(stated) = event.get("readOnly").and_then(Value::as_bool) {
        return Some(stated);
    }
    let name = text(event, &["eventName"])?;
    Some(READING.iter().any(|verb| name.starts_with(verb)))
}

pub(crate) fn s3_uri(event: Value<'_>) -> Option<String> {
    let request = event.get("requestParameters")?;
    Some(format!("s3://{}/{}", text(request, &["bucketName"])?, text(request, &["key"])?))
}

fn instance_name(event: Value<'_>) -> Option<Cow<'_, str>> {
    let sets = event.at(&["requestParameters", "tagSpecificationSet", "items"])?.items();
    let of_instances = sets.filter(|set| set.get("resourceType").is_some_and(|kind| kind.is("instance")));
    let tags = of_instances.filter_map(|set| set.get("tags")).flat_map(Value::items);
    let named = tags.filter(|tag| tag.get("key").is_some_and(|key| key.is("Name")));
    named.filter_map(|tag| text(tag, &["value"])).find(|name| !name.is_empty())
}

/// Where the image stands in requests that name only one.
const REQUESTED_IMAGE: [&[&str]; 3] = [
    &["requestParameters", "imageId"],
    &["requestParameters", "DescribeFastLaunchImagesRequest", "ImageId", "content"],
    &["requestParameters", "launchSpecification", "imageId"],
];

fn images(event: Value<'_>, index: Option<u64>, put: &mut dyn FnMut(&str)) {
    if let Some(instances) = event.at(&["responseElements", "instancesSet", "items"]) {
        for (i, instance) in (0..).zip(instances.items()) {
            if index.is_none_or(|index| index == i)
                && let Some(image) = text(instance, &["imageId"]).filter(|image| !image.is_empty())
            {
                put(&image);
            }
        }
    } else if index.is_none_or(|index| index == 0)
        && let Some(image) = REQUESTED_IMAGE.iter().find_map(|path| text(event, path))
    {
        put(&image);
    }
}

#[cfg(test)]
mod tests;
