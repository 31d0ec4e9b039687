//! Events over the size limit keep what says who did what.

use lanner_json::Tape;

/// The member that names what was left out of an event.
pub const OMITTED: &str = "lanner.omitted";

/// The event without its largest parts: a JSON object of at most `max` bytes, made by leaving out members of `payload`, first
/// those in `first_to_go` (in this order, as far as needed), then whichever is largest. The member [`OMITTED`] lists them.
/// `None`: `payload` is no JSON object, or `max` is too small for anything.
#[must_use]
pub fn slim(payload: &[u8], max: usize, first_to_go: &[&str]) -> Option<Vec<u8>> {
    let mut tape = Tape::default();
    let event = tape.parse(payload).ok().filter(|event| event.is_object())?;
    let text = std::str::from_utf8(payload).ok()?;
    // Each member as it stands: `"key":value`. Keys are written anew; values are taken as they are.
    let mut members: Vec<(String, String)> = Vec::new();
    for (key, value) in event.entries() {
        let raw = if value.as_str().is_some() { quoted_raw(text, value.raw()) } else { value.raw() };
        members.push((key.clone().into_owned(), format!("{}:{raw}", serde_json::to_string(&key).ok()?)));
    }
    let mut omitted: Vec<String> = Vec::new();
    loop {
        let list = format!("{}:{}", serde_json::to_string(OMITTED).ok()?, serde_json::to_string(&omitted).ok()?);
        let size = 2 + list.len() + members.iter().map(|(_, member)| member.len() + 1).sum::<usize>();
        if size <= max {
            let mut out = String::with_capacity(size);
            out.push('{');
            for (_, member) in &members {
                out.push_str(member);
                out.push(',');
            }
            out.push_str(&list);
            out.push('}');
            return Some(out.into_bytes());
        }
        let named = first_to_go.iter().find_map(|name| members.iter().position(|(key, _)| key == name));
        let largest = || (0..members.len()).max_by_key(|at| members[*at].1.len());
        let (key, _) = members.remove(named.or_else(largest)?);
        // A key that is itself the burden is not listed in full.
        omitted.push(key.chars().take(64).collect());
    }
}

/// As [`slim`], but what goes first are members of the object in the member `inner`; the others go only if that is not enough.
#[must_use]
pub fn slim_within(payload: &[u8], max: usize, inner: &str, first_to_go: &[&str]) -> Option<Vec<u8>> {
    let within = || {
        let mut tape = Tape::default();
        let part = tape.parse(payload).ok()?.get(inner).filter(|part| part.is_object())?.raw();
        let start = part.as_ptr().addr() - payload.as_ptr().addr();
        let (before, after) = (payload.get(..start)?, payload.get(start + part.len()..)?);
        let room = max.checked_sub(before.len() + after.len())?;
        Some([before, &slim(part.as_bytes(), room, first_to_go)?, after].concat())
    };
    within().or_else(|| slim(payload, max, &[]))
}

/// A string's text with the quotes around it: both are slices of the same document.
fn quoted_raw<'a>(text: &'a str, inner: &str) -> &'a str {
    let start = inner.as_ptr().addr() - text.as_ptr().addr();
    text.get(start - 1..start + inner.len() + 1).unwrap_or("null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_members_go_first_then_the_largest() {
        let event = format!(
            r#"{{"auditID":"a\n","verb":"create","requestObject":{{"a":"{0}"}},"responseObject":"{0}","uri":"{0}"}}"#,
            "x".repeat(100)
        );
        let text = |max| {
            slim(event.as_bytes(), max, &["responseObject", "requestObject"]).map(|v| String::from_utf8(v).unwrap())
        };
        let some = text(320).unwrap();
        assert!(
            some.contains("requestObject\":{") && some.ends_with(r#""lanner.omitted":["responseObject"]}"#),
            "{some}"
        );
        assert_eq!(
            text(140).unwrap(),
            r#"{"auditID":"a\n","verb":"create","lanner.omitted":["responseObject","requestObject","uri"]}"#
        );
        assert!(text(140).unwrap().len() <= 140);
        assert_eq!(text(10), None);
        assert_eq!(slim(b"[1]", 100, &[]), None);
    }

    #[test]
    fn members_of_the_inner_object_go_before_others() {
        let event = format!(
            r#"{{"name":"n","inner":{{"who":"x","big":"{0}","small":1}},"labels":{{"a":"b"}}}}"#,
            "x".repeat(300)
        );
        let text = |max| slim_within(event.as_bytes(), max, "inner", &["small"]).map(|v| String::from_utf8(v).unwrap());
        let expected = r#"{"name":"n","inner":{"who":"x","lanner.omitted":["small","big"]},"labels":{"a":"b"}}"#;
        assert_eq!(text(300).as_deref(), Some(expected));
        // Too little for the outer members alone: the largest goes.
        assert_eq!(text(75).as_deref(), Some(r#"{"name":"n","labels":{"a":"b"},"lanner.omitted":["inner"]}"#));
    }
}
