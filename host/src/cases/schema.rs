//! The JSON schema of case files, for editors.

use serde_json::{Map, Value, json};

use lanner_engine::load::Priority;

/// The schema. Texts may hold `${…}` anywhere, so numbers and the like may be texts too.
pub fn schema() -> Value {
    let text = |says: &str| json!({ "type": "string", "description": says });
    let list_of = |what: &str, says: &str| json!({ "type": "array", "items": { "$ref": format!("#/$defs/{what}") }, "description": says });
    let texts = |says: &str| json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }], "description": says });
    let file = [
        ("source", json!({ "type": "string", "default": "syscall", "description": "The event source of all cases" })),
        ("rules", texts("Rule files in the order of loading, relative to this file; -r takes their place")),
        (
            "matching",
            json!({ "enum": ["all", "first"], "default": "all", "description": "Which of several matching rules raise an alert" }),
        ),
        ("given", world()),
        (
            "cases",
            json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/case" }, "description": "The cases" }),
        ),
        ("mutants_that_survive", list_of("survivor", "Parts of conditions that no case can miss, with the reason")),
    ];
    let case = [
        ("name", text("What the case shows; the rule's name if left out")),
        ("rule", text("The rule under test: only its alerts count")),
        ("rules", texts("Several rules under test")),
        (
            "params",
            json!({ "type": "object", "description": "Parameters and their defaults; ${name} stands for the value" }),
        ),
        ("given", world()),
        (
            "events",
            json!({ "type": "array", "items": { "$ref": "#/$defs/event" }, "description": "What happens, step by step" }),
        ),
        ("capture", text("A recording instead of given and events, relative to this file")),
        (
            "alerts",
            json!({
                "anyOf": [{ "const": "none" }, { "type": "array", "items": { "$ref": "#/$defs/alert" } }],
                "description": "Exactly the alerts that must be raised; none or an empty list: nothing may be",
            }),
        ),
        ("fires", list_of("row", "Rows that must raise the alerts, or one alert of the rule if none are given")),
        ("silent", list_of("row", "Rows that must raise no alert of the rule")),
    ];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rule test cases",
        "type": "object",
        "additionalProperties": false,
        "required": ["cases"],
        "properties": object(file),
        "$defs": {
            "case": { "type": "object", "additionalProperties": false, "properties": object(case) },
            "row": { "type": ["object", "null"], "description": "Parameters that differ; name is the row's own name" },
            "alert": alert(),
            "given": lanner_script::schema::given(),
            "event": event(),
            "survivor": {
                "type": "object",
                "additionalProperties": false,
                "required": ["without", "reason"],
                "properties": {
                    "rule": text("The rule; every rule with such a part if left out"),
                    "without": text("The part as --mutate reports it"),
                    "reason": text("Why no case can miss it"),
                },
            },
        },
    })
}

fn object<const N: usize>(properties: [(&str, Value); N]) -> Map<String, Value> {
    properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The world of a case, or of a whole file.
fn world() -> Value {
    json!({ "$ref": "#/$defs/given" })
}

fn alert() -> Value {
    let pattern = json!({
        "anyOf": [
            { "type": ["string", "number", "boolean", "null"], "description": "Exactly this; null: no value" },
            { "type": "array", "items": { "type": ["string", "number", "boolean"] }, "description": "Exactly these" },
            {
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {
                    "regex": { "type": "string", "description": "A regular expression that finds something" },
                    "contains": { "type": "string", "description": "Text that is in it" },
                },
            },
        ],
    });
    let mut priorities: Vec<Value> = Priority::ALL.iter().map(|p| p.name().to_ascii_uppercase().into()).collect();
    priorities.push("INFO".into());
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "rule": { "type": "string", "description": "Its rule; the one under test if there is only one" },
            "priority": { "anyOf": [{ "enum": priorities }, { "type": "string" }] },
            "source": { "type": "string" },
            "count": { "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string" }], "default": 1 },
            "fields": { "type": "object", "additionalProperties": pattern },
            "output": {
                "anyOf": [{ "type": "string", "description": "Text that is in the output, or an expression that finds something" }, pattern],
            },
        },
    })
}

/// A payload, or a step of a script.
fn event() -> Value {
    let after = json!({ "type": ["string", "number"], "description": "Time since the event before", "default": "1ms" });
    let payload = json!({
        "type": "object",
        "description": "The payload of a plugin's event",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
            "payload": { "description": "The payload as a mapping: it becomes JSON" },
            "payload_text": { "type": "string", "description": "The payload as it is" },
            "payload_file": { "type": "string", "description": "A file with the payload, relative to this file" },
            "after": after,
        },
    });
    json!({ "anyOf": [payload, lanner_script::schema::event()] })
}

#[cfg(test)]
mod tests {
    use super::super::file::{CASE_KEYS, FILE_KEYS};
    use super::*;

    #[test]
    fn every_key_is_described() {
        let schema = schema();
        let keys = |pointer: &str| {
            schema.pointer(pointer).unwrap().as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>()
        };
        let sorted = |keys: &[&'static str]| {
            let mut keys = keys.to_vec();
            keys.sort_unstable();
            keys
        };
        assert_eq!(keys("/properties"), sorted(&FILE_KEYS));
        assert_eq!(keys("/$defs/case/properties"), sorted(&CASE_KEYS));
    }

    #[test]
    fn a_case_file_fits_and_a_misspelt_one_does_not() {
        let validator = jsonschema::validator_for(&schema()).expect("a valid schema");
        let text = "rules: r.yaml\ncases:\n- rule: R\n  params: {exe: /bin/cat}\n  \
                    given: {users: [{name: alice}], processes: [{as: shell, exe: '${exe}', user: alice}]}\n  \
                    events: [{by: shell, openat: {name: /etc/shadow}, after: 2s}, {execve: {exe: /bin/sh}}]\n  \
                    alerts: [{priority: INFO, count: 2, fields: {fd.name: {regex: x}, fd.num: 3, user.name: ~}}]\n  \
                    silent: [{exe: x, name: y}, ~]\n- {name: p, events: [{payload: {a: 1}}], alerts: none}\n";
        let fits = |text: &str| validator.is_valid(&lanner_engine::yaml::parse(text).unwrap()[0].to_json());
        assert!(fits(text));
        for (from, to) in
            [("rule:", "rul:"), ("openat", "opennat"), ("count: 2", "count: 0"), ("user: alice", "usr: alice")]
        {
            assert!(!fits(&text.replacen(from, to, 1)), "{to}");
        }
    }
}
