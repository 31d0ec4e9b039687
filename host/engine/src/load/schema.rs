//! The JSON schema of rules files (draft 06). A file that does not fit it still loads: the check only warns.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::spec::Enforce;
use crate::yaml::{Kind, Node};

/// The schema.
pub fn schema() -> Value {
    let string = || json!({ "type": "string" });
    let boolean = || json!({ "type": "boolean" });
    let list_of = |what: &str| json!({ "type": "array", "items": { "$ref": format!("#/definitions/{what}") } });
    let operation = |key: &&str| ((*key).to_owned(), json!({ "$ref": "#/definitions/Operation" }));
    let override_keys = [
        "items",
        "condition",
        "output",
        "desc",
        "priority",
        "tags",
        "exceptions",
        "enabled",
        "capture",
        "capture_duration",
        "capture_before",
        "enforce",
        "warn_evttypes",
        "skip-if-unknown-filter",
    ];
    json!({
        "$schema": "http://json-schema.org/draft-06/schema#",
        "title": "Rules",
        "type": "array",
        "items": { "$ref": "#/definitions/RulesItem" },
        "definitions": {
            "RulesItem": {
                "title": "RulesItem",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "required_engine_version": string(),
                    "required_plugin_versions": list_of("RequiredPlugin"),
                    "list": string(),
                    "items": list_of("ListItem"),
                    "macro": string(),
                    "rule": string(),
                    "desc": string(),
                    "condition": string(),
                    "output": string(),
                    "priority": { "$ref": "#/definitions/Priority" },
                    "source": string(),
                    "enabled": boolean(),
                    "capture": boolean(),
                    "capture_duration": { "type": "integer" },
                    "capture_before": { "type": "integer" },
                    "enforce": { "type": "string", "enum": Enforce::ALL.map(Enforce::as_str) },
                    "warn_evttypes": boolean(),
                    "skip-if-unknown-filter": boolean(),
                    "tags": { "type": "array", "items": string() },
                    "exceptions": list_of("Exception"),
                    "append": boolean(),
                    "override": { "$ref": "#/definitions/Override" },
                },
            },
            "ListItem": { "title": "ListItem", "anyOf": [{ "type": "integer" }, string()] },
            "Priority": {
                "title": "Priority",
                "type": "string",
                "enum": [
                    "EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "INFORMATIONAL", "DEBUG",
                ],
            },
            "Exception": {
                "title": "Exception",
                "type": "object",
                "additionalProperties": false,
                "properties": { "name": string(), "fields": {}, "comps": {}, "values": {} },
                "required": ["name"],
            },
            "Override": {
                "title": "Override",
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "properties": override_keys.iter().map(operation).collect::<Map<_, _>>(),
            },
            "Operation": { "title": "Operation", "type": "string", "enum": ["append", "replace"] },
            "RequiredPlugin": {
                "title": "RequiredPlugin",
                "type": "object",
                "additionalProperties": false,
                "properties": { "name": string(), "version": string(), "alternatives": list_of("Alternative") },
                "required": ["name", "version"],
            },
            "Alternative": {
                "title": "Alternative",
                "type": "object",
                "additionalProperties": false,
                "properties": { "name": string(), "version": string() },
                "required": ["name", "version"],
            },
        },
    })
}

/// Whether a document plainly fits [`schema`]. `false` leaves it open: a validator of schemas has the last word, and the words to
/// say it with. Nearly all documents fit, so that nearly nobody needs one, which takes longer to make than rules to load.
pub fn fits(document: &Node) -> bool {
    static SCHEMA: LazyLock<Value> = LazyLock::new(schema);
    Fitting { definitions: &SCHEMA["definitions"] }.fits(&SCHEMA, document, "")
}

struct Fitting<'s> {
    definitions: &'s Value,
}

impl Fitting<'_> {
    /// Whether a node, the value of `key` or an item, has all that each word of a schema asks for. A word that is not known here
    /// asks for too much.
    fn fits(&self, schema: &Value, node: &Node, key: &str) -> bool {
        let Value::Object(words) = schema else { return false };
        words.iter().all(|(word, value)| match word.as_str() {
            "$schema" | "title" | "definitions" => true,
            "$ref" => {
                let name = value.as_str().and_then(|path| path.strip_prefix("#/definitions/"));
                name.and_then(|name| self.definitions.get(name)).is_some_and(|other| self.fits(other, node, key))
            }
            "type" => value.as_str().is_some_and(|ty| is(ty, node, key)),
            "enum" => value.as_array().is_some_and(|all| all.iter().any(|one| one.as_str() == node.as_str())),
            "anyOf" => value.as_array().is_some_and(|all| all.iter().any(|one| self.fits(one, node, key))),
            "items" => node.items().iter().all(|item| self.fits(value, item, "")),
            "properties" => node.entries().iter().all(|(key, node)| {
                let named = key.as_str().and_then(|key| Some((value.get(key)?, key)));
                named.is_some_and(|(schema, key)| self.fits(schema, node, key))
            }),
            "required" => value
                .as_array()
                .is_some_and(|all| all.iter().all(|key| key.as_str().is_some_and(|key| node.get(key).is_some()))),
            // Keys that are not among the properties are not let pass anyway.
            "additionalProperties" => value == false,
            "minProperties" => value.as_u64().is_some_and(|least| node.entries().len() as u64 >= least),
            _ => false,
        })
    }
}

/// Whether a node is of a type of the schema, in the form that [`to_json`] gives it.
fn is(ty: &str, node: &Node, key: &str) -> bool {
    match (ty, &node.kind) {
        ("array", Kind::Sequence(_)) | ("object", Kind::Mapping(_)) => true,
        ("string", Kind::Scalar(_)) => !is_typed(key, node),
        ("boolean" | "integer", Kind::Scalar(_)) => is_typed(key, node) && (ty == "boolean") == is_switch(key),
        _ => false,
    }
}

/// A document for the check against [`schema`]. A scalar takes the type that its key asks for if it can be read so, and is
/// a text otherwise: `required_engine_version: 13` fits a schema that wants a string.
pub fn to_json(document: &Node) -> Value {
    convert(document, "")
}

fn convert(node: &Node, key: &str) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Sequence(items) => items.iter().map(|item| convert(item, "")).collect(),
        Kind::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = key.as_str().map_or_else(|| key.dump(), str::to_owned);
                let value = convert(value, &key);
                map.entry(key).or_insert(value);
            }
            map.into()
        }
        Kind::Scalar(scalar) => {
            let typed: Option<Value> = match key {
                _ if is_switch(key) => node.as_bool().map(Value::from),
                _ if is_number(key) => node.as_i64().map(Value::from),
                _ => None,
            };
            typed.unwrap_or_else(|| scalar.text.clone().into())
        }
    }
}

/// Whether the value of a key becomes something else than a text.
fn is_typed(key: &str, node: &Node) -> bool {
    is_switch(key) && node.as_bool().is_some() || is_number(key) && node.as_i64().is_some()
}

fn is_switch(key: &str) -> bool {
    matches!(key, "enabled" | "capture" | "warn_evttypes" | "skip-if-unknown-filter" | "append")
}

fn is_number(key: &str) -> bool {
    matches!(key, "capture_duration" | "capture_before")
}
