//! JSON schemas of worlds and steps, for editors and validators: parts to embed in the schema of a file of tests.

use lanner_plugin_api::schema::{EventInfo, ParamExtra, ParamInfo, ParamType as T, PrintFormat};
use serde_json::{Map, Value, json};

use crate::keys::{self, Key, Shape};
use crate::step::socket::uses_socket;
use crate::step::words::{Call, find, step_names};

/// A text that is replaced by a parameter of the test stands for a value of any type.
const PARAMETER: &str = r"\$\{[^}]+\}";

fn or_parameter(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    if schema["type"] == "string" || schema.get("type").is_none() {
        return schema;
    }
    let description = schema.as_object_mut().and_then(|map| map.remove("description"));
    json!({"description": description, "anyOf": [schema, {"type": "string", "pattern": PARAMETER}]})
}

fn of_shape(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": ["string", "number", "boolean"]}),
        Shape::Texts => json!({"type": ["string", "number", "boolean", "array"]}),
        Shape::Number => json!({"type": ["integer", "string"]}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Span | Shape::NameOrNumber => json!({"type": ["string", "integer"]}),
        Shape::Address => json!({"type": "string"}),
        Shape::Map => json!({"type": "object"}),
        Shape::List => json!({"type": "array"}),
        Shape::Word(words) => json!({"enum": words, "type": "string"}),
        Shape::Any => json!({}),
    }
}

/// A map with these keys and no others.
fn map<'k>(keys: impl IntoIterator<Item = &'k Key>, special: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let description = if key.default.is_empty() {
            key.doc.to_owned()
        } else {
            format!("{}. Left out: {}.", key.doc, key.default)
        };
        let of_key = special.iter().find(|(name, _)| *name == key.name).map(|(_, schema)| schema.clone());
        let schema = of_key.unwrap_or_else(|| of_shape(key.shape));
        properties.insert(key.name.to_owned(), or_parameter(schema, &description));
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// The schema of a world (`given`).
pub fn given() -> Value {
    let mount = json!({"anyOf": [{"type": "string"}, map(keys::MOUNT, &[])]});
    let container = map(keys::CONTAINER, &[("pod", map(keys::POD, &[])), ("mounts", list(mount))]);
    let socket = json!({"anyOf": [{"type": "string"}, map(keys::SOCKET, &[])]});
    let sockets = json!({"type": "object", "additionalProperties": socket});
    let process = map(keys::PROCESS.iter().chain(keys::GIVEN_PROCESS), &[("sockets", sockets)]);
    let lists = [
        ("users", list(map(keys::USER, &[]))),
        ("groups", list(map(keys::GROUP, &[]))),
        ("containers", list(container)),
        ("processes", list(process)),
    ];
    map(keys::GIVEN, &lists)
}

/// What a parameter of an event takes, in words.
pub fn describe(param: &ParamInfo) -> String {
    let words = match param.extra {
        ParamExtra::Flags(table) if param.ty == T::Mode || param.format == PrintFormat::Oct => {
            return format!("mode as octal text, or names of {}", table.name);
        }
        ParamExtra::Flags(table) => return format!("names of {}", table.name),
        ParamExtra::Dyn(_) => "number, text, name of an error or signal",
        _ if param.format == PrintFormat::Oct => "mode as octal text, or a number",
        _ => match param.ty {
            T::Charbuf => "text",
            T::Fspath | T::Fsrelpath => "path",
            T::Bytebuf => "bytes: a text, or a list of texts or numbers",
            T::Errno => "name of an error, or a number",
            T::Fd => "descriptor",
            T::Pid => "process",
            T::Uid => "user",
            T::Gid => "group",
            T::Sigtype => "signal",
            T::Sockaddr => "address",
            T::Socktuple => "address->address",
            T::Reltime => "time span",
            T::Abstime => "ns since 1970",
            T::Fdlist => "list of descriptors",
            T::Syscallid => "system call",
            _ => "number",
        },
    };
    words.to_owned()
}

fn event_body(info: &EventInfo) -> Value {
    let mut schema = map(if uses_socket(info.code) { keys::SOCKET_CALL } else { &[] }, &[]);
    for param in info.params {
        schema["properties"][param.name] = json!({"description": describe(param)});
    }
    schema
}

/// The schema of a step (an entry of `events`).
pub fn event() -> Value {
    let mut schema = map(keys::STEP, &[]);
    let exec = || find("execve").and_then(|_| lanner_plugin_api::schema::EventType::SYSCALL_EXECVE_19_X.info());
    for name in step_names() {
        let body = match find(name) {
            Some(Call::Exec(_)) => {
                let mut body = map(keys::PROCESS.iter().chain(&keys::CLONE[..1]), &[]);
                for param in exec().into_iter().flat_map(|i| i.params).filter(|p| crate::step::exec::overrides(p.name))
                {
                    body["properties"][param.name] = json!({"description": describe(param)});
                }
                body
            }
            Some(Call::Clone(_) | Call::Spawn) => map(keys::PROCESS.iter().chain(keys::CLONE), &[]),
            Some(Call::Exit) => map(keys::EXIT, &[]),
            Some(Call::Generic(None)) => {
                json!({"type": "object", "properties": {"syscall": {}, "ID": {}, "nativeID": {}}, "additionalProperties": false})
            }
            Some(Call::Plain(code)) => code.info().map_or(Value::Null, event_body),
            Some(Call::Generic(Some(_))) | None => json!({"type": "object"}),
        };
        schema["properties"][name] = json!({"anyOf": [body, {"type": "null"}]});
    }
    schema
}
