//! Mappings of a case file: known keys only, each of the kind that it must be.

use lanner_engine::yaml::Node;

use super::diagnostic::{Findings, did_you_mean};

/// A mapping all of whose keys are known.
pub(super) struct Keys<'n> {
    node: &'n Node,
}

impl<'n> Keys<'n> {
    /// Takes a mapping whose keys are among `known`; every other key is an error of its own. `what` names the thing.
    pub(super) fn read(node: &'n Node, what: &str, known: &[&str], found: &mut Findings) -> Option<Self> {
        if !node.is_mapping() {
            let message = format!("{what} must be a mapping, not a {}", node.kind_name());
            found.error(node.mark, message, Some(format!("its keys are {}", known.join(", "))));
            return None;
        }
        let mut seen: Vec<&str> = Vec::new();
        for (key, _) in node.entries() {
            let Some(name) = key.as_str() else {
                found.error(key.mark, format!("a key of {what} must be a word, not a {}", key.kind_name()), None);
                continue;
            };
            if seen.contains(&name) {
                found.error(key.mark, format!("key '{name}' stands twice in {what}"), None);
            } else if !known.contains(&name) {
                let help = did_you_mean(name, known.iter().copied());
                let help = help.unwrap_or_else(|| format!("its keys are {}", known.join(", ")));
                found.error(key.mark, format!("unknown key '{name}' in {what}"), Some(help));
            }
            seen.push(name);
        }
        Some(Self { node })
    }

    /// The value of a key that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|value| !value.is_null())
    }

    /// The text of a scalar.
    pub(super) fn text(&self, key: &str, found: &mut Findings) -> Option<&'n str> {
        let value = self.get(key)?;
        if value.as_str().is_none() {
            found.error(value.mark, format!("'{key}' must be a text, not a {}", value.kind_name()), None);
        }
        value.as_str()
    }

    /// The items of a sequence; a scalar is a list of one.
    pub(super) fn texts(&self, key: &str, found: &mut Findings) -> Vec<(&'n Node, String)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = if value.is_scalar() { std::slice::from_ref(value) } else { value.items() };
        if value.is_mapping() {
            found.error(value.mark, format!("'{key}' must be a list of texts, not a mapping"), None);
        }
        let mut texts = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => texts.push((item, text.to_owned())),
                None => found.error(item.mark, format!("'{key}' must be a list of texts"), None),
            }
        }
        texts
    }

    /// The items of a sequence.
    pub(super) fn list(&self, key: &str, found: &mut Findings) -> Option<&'n [Node]> {
        let value = self.get(key)?;
        if !value.is_sequence() {
            found.error(value.mark, format!("'{key}' must be a list, not a {}", value.kind_name()), None);
            return None;
        }
        Some(value.items())
    }

    /// The value of a key that must be a mapping.
    pub(super) fn mapping(&self, key: &str, found: &mut Findings) -> Option<&'n Node> {
        let value = self.get(key)?;
        if !value.is_mapping() {
            found.error(value.mark, format!("'{key}' must be a mapping, not a {}", value.kind_name()), None);
            return None;
        }
        Some(value)
    }
}
