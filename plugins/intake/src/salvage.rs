//! What can be kept of a record that is too long to be held, or nested too deep to be read.

use crate::OMITTED;

/// Containers inside a member's value at most, well below what a document may have.
const DEEP: usize = 64;

/// The record with those top-level members that are whole, at most `max_member` bytes long and not nested deep. `record` may
/// be cut off at its end. The others are named in the member [`OMITTED`]; of `inner`, if it is one of them, the same is kept as of
/// the record. `None`: it does not begin like an object, or no member is left.
#[must_use]
pub fn salvage(record: &[u8], max_member: usize, inner: Option<&str>) -> Option<Vec<u8>> {
    let rest = record.trim_ascii_start().strip_prefix(b"{")?;
    let (mut kept, mut omitted) = (Vec::new(), Vec::new());
    for member in Members(rest) {
        let good = member.whole && member.depth <= DEEP && member.text.len() <= max_member;
        if good && serde_json::from_slice::<serde::de::IgnoredAny>(&wrapped(member.text)).is_ok() {
            kept.extend_from_slice(member.text);
            kept.push(b',');
        } else if let Some(name) = member.name() {
            let value = if inner == Some(name.as_str()) { member.value() } else { None };
            if let Some(rest) = value.and_then(|value| salvage(value, max_member, None)) {
                kept.extend_from_slice(serde_json::to_string(&name).ok()?.as_bytes());
                kept.push(b':');
                kept.extend_from_slice(&rest);
                kept.push(b',');
            } else {
                omitted.push(name);
            }
        }
    }
    if kept.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(kept.len() + 64);
    out.push(b'{');
    out.extend_from_slice(&kept);
    out.extend_from_slice(serde_json::to_string(OMITTED).ok()?.as_bytes());
    out.push(b':');
    out.extend_from_slice(serde_json::to_string(&omitted).ok()?.as_bytes());
    out.push(b'}');
    Some(out)
}

fn wrapped(member: &[u8]) -> Vec<u8> {
    [b"{", member, b"}"].concat()
}

/// One `"key": value` of an object.
struct Member<'a> {
    text: &'a [u8],
    depth: usize,
    whole: bool,
}

impl Member<'_> {
    /// The key, cut to what is worth naming.
    fn name(&self) -> Option<String> {
        let rest = self.text.strip_prefix(b"\"")?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        Some(String::from_utf8_lossy(rest.get(..end)?).chars().take(64).collect())
    }

    /// What stands behind the key.
    fn value(&self) -> Option<&[u8]> {
        let rest = self.text.strip_prefix(b"\"")?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        rest.get(end + 1..)?.trim_ascii_start().strip_prefix(b":")
    }
}

/// The members of an object whose opening brace is gone.
struct Members<'a>(&'a [u8]);

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let text = self.0.trim_ascii_start();
        if text.is_empty() || text.starts_with(b"}") {
            return None;
        }
        let (mut depth, mut deepest, mut string, mut escape) = (0usize, 0, false, false);
        let mut end = text.len();
        let mut whole = false;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                _ if escape => escape = false,
                b'\\' if string => escape = true,
                b'"' => string = !string,
                _ if string => {}
                b'{' | b'[' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b'}' | b',' if depth == 0 => {
                    (end, whole) = (at, true);
                    break;
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let (member, rest) = text.split_at(end);
        // Behind the last member nothing is of interest.
        self.0 = rest.strip_prefix(b",").unwrap_or_default();
        Some(Member { text: member.trim_ascii_end(), depth: deepest, whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(record: &str, max_member: usize) -> Option<String> {
        salvage(record.as_bytes(), max_member, Some("inner")).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_left_out_and_named() {
        let record = r#"{ "eventName": "A,}\"", "requestParameters": {"a": [1, 2]}, "cut": {"b"#;
        let expected = r#"{"eventName": "A,}\"","requestParameters": {"a": [1, 2]},"lanner.omitted":["cut"]}"#;
        assert_eq!(text(record, 100).as_deref(), Some(expected));
        let short = r#"{"eventName": "A,}\"","lanner.omitted":["requestParameters","cut"]}"#;
        assert_eq!(text(record, 25).as_deref(), Some(short));
    }

    #[test]
    fn what_is_nested_deep_is_left_out() {
        let deep = format!(r#"{{"a":1,"b":{}{},"c":"x"}}"#, "[".repeat(1000), "]".repeat(1000));
        assert_eq!(text(&deep, 10_000).as_deref(), Some(r#"{"a":1,"c":"x","lanner.omitted":["b"]}"#));
    }

    #[test]
    fn of_the_inner_object_the_same_is_kept() {
        let cut = r#"{"a":1, "inner" : {"who": "x", "request": {"b": ["#;
        assert_eq!(
            text(cut, 100).as_deref(),
            Some(r#"{"a":1,"inner":{"who": "x","lanner.omitted":["request"]},"lanner.omitted":[]}"#)
        );
        assert_eq!(text(r#"{"inner":{"#, 100), None);
    }

    #[test]
    fn nonsense_stays_out() {
        assert_eq!(text("[1]", 10), None);
        assert_eq!(text("", 10), None);
        assert_eq!(text("{}", 10), None);
        assert_eq!(text("{\"a\" 1, b:2}", 10), None);
        assert_eq!(text(r#"{"a":1, "b":tru}"#, 10).as_deref(), Some(r#"{"a":1,"lanner.omitted":["b"]}"#));
    }
}
