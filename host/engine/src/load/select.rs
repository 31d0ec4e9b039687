//! Turning rules on and off by name and tag.

use super::spec::RuleSpec;

/// One step of the configuration's `rules`. A rule is meant if its name or one of its tags fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// On or off.
    pub enable: bool,
    /// A rule name in which `*` stands for any characters.
    pub rule: Option<String>,
    /// Exactly a tag.
    pub tag: Option<String>,
}

impl Selector {
    /// Whether it means the rule.
    pub fn matches(&self, rule: &RuleSpec) -> bool {
        self.rule.as_ref().is_some_and(|pattern| matches_wildcard(pattern, &rule.name))
            || self.tag.as_ref().is_some_and(|tag| rule.tags.iter().any(|t| **t == **tag))
    }
}

/// Whether a name fits a pattern in which `*` stands for any characters.
pub fn matches_wildcard(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    // What stands after the last star must end the name; everything before is found greedily from the left.
    let tail = parts.pop().unwrap_or("");
    for part in parts {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    name.len() >= tail.len() && name.ends_with(tail)
}
