//! From what the API server writes to single audit events.

use lanner_json::Node;

/// Why a payload, or an item of it, is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Reject {
    /// Not JSON.
    #[error("not JSON")]
    NotJson,
    /// Neither `Event` nor `EventList`.
    #[error("neither an Event nor an EventList")]
    ForeignKind,
    /// No `stageTimestamp`, or not RFC 3339.
    #[error("no valid stageTimestamp")]
    NoTime,
    /// Longer than `maxEventSize`.
    #[error("longer than maxEventSize")]
    TooLong,
}

/// Hands over every event of a payload: an `Event`, an `EventList`, or an array of these to any depth. One bad item
/// does not spoil the others.
pub fn split(
    payload: &[u8],
    event: &mut dyn FnMut(u64, &Node<'_>) -> Result<(), Reject>,
    reject: &mut dyn FnMut(Reject),
) {
    match Node::parse(payload) {
        Ok(document) => split_node(&document, event, reject),
        Err(_) => reject(Reject::NotJson),
    }
}

fn split_node(
    node: &Node<'_>,
    event: &mut dyn FnMut(u64, &Node<'_>) -> Result<(), Reject>,
    reject: &mut dyn FnMut(Reject),
) {
    // Depth is bounded by the parser.
    if let Node::List(items) = node {
        for item in items {
            split_node(item, event, reject);
        }
        return;
    }
    match node.get("kind").and_then(Node::as_str) {
        Some("EventList") => {
            for item in node.get("items").map_or(&[][..], Node::items) {
                one(item, event, reject);
            }
        }
        Some("Event") => one(node, event, reject),
        _ => reject(Reject::ForeignKind),
    }
}

fn one(node: &Node<'_>, event: &mut dyn FnMut(u64, &Node<'_>) -> Result<(), Reject>, reject: &mut dyn FnMut(Reject)) {
    let time = node.get("stageTimestamp").and_then(Node::as_str).and_then(nanoseconds);
    let outcome = match time {
        Some(time) => event(time, node),
        None => Err(Reject::NoTime),
    };
    if let Err(reason) = outcome {
        reject(reason);
    }
}

/// RFC 3339 to nanoseconds since the epoch.
fn nanoseconds(text: &str) -> Option<u64> {
    u64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(payload: &str) -> (Vec<(u64, String)>, Vec<Reject>) {
        let (mut events, mut rejects) = (Vec::new(), Vec::new());
        split(
            payload.as_bytes(),
            &mut |time, node| {
                events.push((time, node.text().into_owned()));
                Ok(())
            },
            &mut |reason| rejects.push(reason),
        );
        (events, rejects)
    }

    #[test]
    fn items_of_a_list_are_events_of_their_own_and_bad_ones_do_not_spoil_them() {
        let (events, rejects) =
            run(r#"{"kind":"EventList","items":[{"stageTimestamp":"1970-01-01T00:00:01.5Z"},{"stageTimestamp":"soon"},
                {"stageTimestamp":"1970-01-01T01:00:02+01:00"}]}"#);
        assert_eq!(events.iter().map(|e| e.0).collect::<Vec<_>>(), [1_500_000_000, 2_000_000_000]);
        assert_eq!(rejects, [Reject::NoTime]);
    }

    #[test]
    fn arrays_nest() {
        let (events, rejects) = run(r#"[[{"kind":"Event", "stageTimestamp":"1970-01-01T00:00:01Z"}],{"kind":"Pod"}]"#);
        assert_eq!(events, [(1_000_000_000, r#"{"kind":"Event","stageTimestamp":"1970-01-01T00:00:01Z"}"#.to_owned())]);
        assert_eq!(rejects, [Reject::ForeignKind]);
    }

    #[test]
    fn what_is_no_json_is_said_so() {
        assert_eq!(run("{").1, [Reject::NotJson]);
        assert_eq!(run(r#"{"kind": 0}"#).1, [Reject::ForeignKind]);
    }
}
