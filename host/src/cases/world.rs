//! Worlds on top of each other: a file's and a case's.

use lanner_engine::yaml::{Kind, Node};

/// Adds one world to another: lists grow, everything else is replaced.
pub(super) fn add(world: &mut Node, more: &Node) {
    for (key, value) in more.entries() {
        let Some(name) = key.as_str() else { continue };
        match world.get_mut(name).and_then(Node::items_mut) {
            Some(items) if value.is_sequence() => items.extend(value.items().iter().cloned()),
            _ => match &mut world.kind {
                Kind::Mapping(entries) if world_lacks(entries, name) => entries.push((key.clone(), value.clone())),
                _ => drop(world.set(name, value.clone())),
            },
        }
    }
}

fn world_lacks(entries: &[(Node, Node)], name: &str) -> bool {
    entries.iter().all(|(key, _)| key.as_str() != Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::yaml::parse;

    #[test]
    fn lists_grow_and_other_values_are_replaced() {
        let read = |text: &str| parse(text).unwrap().remove(0);
        let mut world = Node::new(Kind::Mapping(Vec::new()));
        add(&mut world, &read("{users: [a], containers: {b: 1}}"));
        add(&mut world, &read("{users: [c, d], containers: {e: 2}, processes: [f]}"));
        assert_eq!(world.dump(), read("{users: [a, c, d], containers: {e: 2}, processes: [f]}").dump());
    }
}
