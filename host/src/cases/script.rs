//! Scripts of system calls: from the tree of a case to a recording, mistakes put back to where they stand in the file.

use lanner_engine::yaml::{Mark, Node};
use lanner_script::{Part, Recording, Segment, record};

use super::diagnostic::Findings;

/// Records the steps of a row; what is wrong goes to `found`.
pub(super) fn recorded(given: &Node, events: &[Node], found: &mut Findings) -> Option<Recording> {
    let steps: Vec<serde_json::Value> = events.iter().map(Node::to_json).collect();
    match record(&given.to_json(), &steps) {
        Ok(recording) => Some(recording),
        Err(error) => {
            let mark = match (error.place.part, error.place.path.as_slice()) {
                (Part::Given, path) => place(given, path),
                (Part::Events, [Segment::Index(step), path @ ..]) => {
                    events.get(*step).map_or(given.mark, |step| place(step, path))
                }
                (Part::Events, _) => events.first().map_or(given.mark, |step| step.mark),
            };
            // The message ends with its remedy in parentheses where there is one.
            found.error(mark, error.message, None);
            None
        }
    }
}

/// The place of a value, or of the last thing on the way to it that is there: of a key, the key itself.
fn place(node: &Node, path: &[Segment]) -> Mark {
    let mut node = node;
    let mut mark = node.mark;
    for segment in path {
        let next = match segment {
            Segment::Key(key) => node.entries().iter().find(|(k, _)| k.as_str() == Some(key)).map(|(key, value)| {
                mark = key.mark;
                value
            }),
            Segment::Index(index) => node.items().get(*index).inspect(|item| mark = item.mark),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    mark
}
