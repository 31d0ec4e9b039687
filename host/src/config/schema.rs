//! The key table as a JSON schema, and a configuration checked against it.

use serde_json::{Value, json};

use super::keys::{KEYS, Key, Kind};
use super::tree::Node;

/// What the check of one file against the schema says; only ever a line in the log, as in Falco.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    /// Every key is known and has the right shape.
    Ok,
    /// The first thing that is wrong.
    Failed {
        /// The keys on the way to it.
        path: Vec<String>,
        /// What is wrong there.
        why: String,
    },
}

impl std::fmt::Display for Validation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Failed { path, why } => {
                f.write_str("failed for <root>")?;
                path.iter().try_for_each(|step| write!(f, "[{step}]"))?;
                write!(f, ": {why}")
            }
        }
    }
}

/// A level of the schema: the keys below a prefix.
pub(super) enum Level {
    Leaf(&'static Key),
    Branch(Vec<(&'static str, String)>),
}

/// What may stand below `prefix` (empty for the top).
pub(super) fn level(prefix: &str) -> Level {
    if let Some(key) = KEYS.iter().find(|key| key.path == prefix) {
        return Level::Leaf(key);
    }
    let lead = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
    let mut children: Vec<(&'static str, String)> = Vec::new();
    for key in KEYS {
        let Some(rest) = key.path.strip_prefix(lead.as_str()) else { continue };
        let name = rest.split('.').next().unwrap_or(rest);
        let plain = name.strip_suffix("[]").unwrap_or(name);
        if !children.iter().any(|(known, _)| *known == plain) {
            children.push((plain, format!("{lead}{plain}")));
        }
    }
    Level::Branch(children)
}

/// The schema that `--config-schema` prints.
pub fn json_schema() -> Value {
    fn object(prefix: &str) -> Value {
        let Level::Branch(children) = level(prefix) else { return json!({}) };
        let properties: serde_json::Map<String, Value> =
            children.into_iter().map(|(name, path)| (name.to_owned(), value(&path))).collect();
        json!({"type": "object", "additionalProperties": false, "properties": properties})
    }
    fn value(path: &str) -> Value {
        let Level::Leaf(key) = level(path) else { return object(path) };
        match key.kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int => json!({"type": "integer"}),
            Kind::Number => json!({"type": "number"}),
            Kind::Text => json!({"type": "string"}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Maps => json!({"type": "array", "items": object(&format!("{path}[]"))}),
            Kind::FreeMap => json!({"type": "object"}),
            Kind::Any => json!({}),
        }
    }
    let mut schema = object("");
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".into(), "http://json-schema.org/draft-06/schema#".into());
    }
    schema
}

/// Checks a tree; reports the first fault in the order of the file.
pub fn validate(root: &Node) -> Validation {
    let mut path = Vec::new();
    match check_map(root, "", &mut path) {
        Ok(()) => Validation::Ok,
        Err(why) => Validation::Failed { path, why },
    }
}

fn check_map(node: &Node, prefix: &str, path: &mut Vec<String>) -> Result<(), String> {
    let Level::Branch(children) = level(prefix) else { return Ok(()) };
    let entries = match node {
        Node::Map(entries) => entries.as_slice(),
        Node::Null => &[],
        _ => return Err("Value type not permitted by 'type' constraint.".into()),
    };
    for (i, (name, value)) in entries.iter().enumerate() {
        let Some((_, child)) = children.iter().find(|(known, _)| known == name) else {
            return Err(format!("Object contains a property that could not be validated: '{name}'."));
        };
        path.push(name.clone());
        if entries.iter().take(i).any(|(earlier, _)| earlier == name) {
            return Err("Key stands twice; the first one counts.".into());
        }
        match level(child) {
            Level::Branch(_) => check_map(value, child, path)?,
            Level::Leaf(key) => check_leaf(value, key, path)?,
        }
        path.pop();
    }
    Ok(())
}

fn check_leaf(node: &Node, key: &Key, path: &mut Vec<String>) -> Result<(), String> {
    let fits = match key.kind {
        Kind::Bool => node.bool().is_some(),
        Kind::Int => node.integer().is_some(),
        Kind::Number => node.number().is_some(),
        Kind::Text => matches!(node, Node::Scalar(_)),
        Kind::Texts => match node {
            Node::Seq(items) => items.iter().all(|item| matches!(item, Node::Scalar(_))),
            Node::Scalar(_) => true,
            _ => false,
        },
        Kind::Maps => {
            if let Node::Seq(items) = node {
                for (i, item) in items.iter().enumerate() {
                    path.push(i.to_string());
                    check_map(item, &format!("{}[]", key.path), path)?;
                    path.pop();
                }
            }
            matches!(node, Node::Seq(_))
        }
        Kind::FreeMap => matches!(node, Node::Map(_)),
        Kind::Any => true,
    };
    if fits { Ok(()) } else { Err("Value type not permitted by 'type' constraint.".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::path::Path;

    fn tree(settings: &[(&str, &str)]) -> Node {
        let mut root = Node::Null;
        for (path, value) in settings {
            Path::parse(path).unwrap().set(&mut root, Node::Scalar((*value).to_owned())).unwrap();
        }
        root
    }

    #[test]
    fn a_plain_configuration_is_valid() {
        let root = tree(&[("engine.kind", "replay"), ("json_output", "true"), ("rules[0].enable.rule", "*")]);
        assert_eq!(validate(&root), Validation::Ok);
        assert_eq!(validate(&Node::Null), Validation::Ok);
    }

    #[test]
    fn unknown_keys_and_wrong_shapes_are_named() {
        let shown = |settings: &[(&str, &str)]| validate(&tree(settings)).to_string();
        assert_eq!(
            shown(&[("engine.kid", "x")]),
            "failed for <root>[engine]: Object contains a property that could not be validated: 'kid'."
        );
        assert_eq!(
            shown(&[("json_output", "maybe")]),
            "failed for <root>[json_output]: Value type not permitted by 'type' constraint."
        );
        assert_eq!(
            shown(&[("plugins[0].library", "x")]),
            "failed for <root>[plugins][0]: Object contains a property that could not be validated: 'library'."
        );
    }

    #[test]
    fn the_schema_nests_as_the_file_does() {
        let schema = json_schema();
        assert_eq!(
            schema["properties"]["engine"]["properties"]["replay"]["properties"]["capture_file"]["type"],
            "string"
        );
        assert_eq!(schema["properties"]["plugins"]["items"]["properties"]["name"]["type"], "string");
        assert_eq!(schema["additionalProperties"], false);
    }
}
