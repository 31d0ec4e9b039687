//! The JSON schema of rules files (draft 06). A file that does not fit it still loads: the check only warns.

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
                "enabled" | "capture" | "warn_evttypes" | "skip-if-unknown-filter" | "append" => {
                    node.as_bool().map(Value::from)
                }
                "capture_duration" | "capture_before" => node.as_i64().map(Value::from),
                _ => None,
            };
            typed.unwrap_or_else(|| scalar.text.clone().into())
        }
    }
}
