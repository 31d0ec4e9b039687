//! Values of the fields from one log entry.
//!
//! Where Falco's plugin does something else than it documents, this does the documented thing; COMPATIBILITY.md lists each place.

use std::borrow::Cow;

use lanner_json::Value;

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The value at a path: a string as it is, anything else as JSON.
    Path(&'static [&'static str]),
    /// The first of several paths that has a value.
    First(&'static [&'static [&'static str]]),
    /// A label of the resource.
    Label(&'static str),
    /// `location`, else `region`, else the region of `zone`, out of the labels of the resource.
    Location,
    /// The label `name` of resources that are sinks.
    Sink,
}

/// A value at `path`; `null` counts as none.
fn at<'a>(entry: Value<'a>, path: &[&str]) -> Option<Value<'a>> {
    entry.at(path).filter(|value| !value.is_null())
}

/// The value of a field.
#[must_use]
pub fn text<'a>(entry: Value<'a>, rule: Rule) -> Option<Cow<'a, str>> {
    match rule {
        Rule::Path(path) => at(entry, path).map(Value::text),
        Rule::First(paths) => paths.iter().find_map(|path| at(entry, path)).map(Value::text),
        Rule::Label(key) => at(entry, &["resource", "labels", key]).map(Value::text),
        Rule::Location => location(entry.at(&["resource", "labels"])?),
        Rule::Sink => {
            let resource = entry.get("resource").filter(|resource| is(*resource, "type", "logging_sink"))?;
            at(resource, &["labels", "name"]).map(Value::text)
        }
    }
}

fn is(value: Value<'_>, key: &str, text: &str) -> bool {
    value.get(key).is_some_and(|value| value.is(text))
}

/// Resources that are nowhere in particular have empty labels now and then.
fn location(labels: Value<'_>) -> Option<Cow<'_, str>> {
    let label = |key| labels.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    label("location").or_else(|| label("region")).or_else(|| {
        let zone = label("zone")?;
        let region = zone.rsplit_once('-').filter(|(_, letter)| letter.len() == 1).map(|(region, _)| region.to_owned());
        Some(region.map_or(zone, Cow::Owned))
    })
}

/// Who made the request. Identities that Google does not manage have no address but a subject.
pub const USER: Rule = Rule::First(&[
    &["protoPayload", "authenticationInfo", "principalEmail"],
    &["protoPayload", "authenticationInfo", "principalSubject"],
]);

#[cfg(test)]
mod tests;
