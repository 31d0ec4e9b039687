//! The tables of keys say what is really read.

use lanner_script::keys::{self, Key};
use lanner_script::{event_of, record, schema, step_names};
use serde_json::{Value, json};

/// The keys that a reader knows, as its error about an unknown one lists them.
fn known(given: Value, events: &[Value]) -> Vec<String> {
    let error = record(&given, events).expect_err("an unknown key").message;
    let (_, list) = error.split_once("known here: ").unwrap_or_else(|| panic!("{error}"));
    list.split(", ").map(str::to_owned).collect()
}

fn names<'k>(tables: &[&'k [Key]]) -> Vec<&'k str> {
    let mut names: Vec<_> = tables.iter().flat_map(|t| t.iter()).map(|k| k.name).collect();
    names.sort_unstable();
    names
}

const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzz";

#[test]
fn keys_of_worlds() {
    assert_eq!(known(json!({ UNKNOWN: 1 }), &[]), names(&[keys::GIVEN]));
    assert_eq!(known(json!({"users": [{ UNKNOWN: 1 }]}), &[]), names(&[keys::USER]));
    assert_eq!(known(json!({"groups": [{ UNKNOWN: 1 }]}), &[]), names(&[keys::GROUP]));
    let container = |c: Value| known(json!({"containers": [c]}), &[]);
    assert_eq!(container(json!({"name": "a", UNKNOWN: 1})), names(&[keys::CONTAINER]));
    assert_eq!(container(json!({"name": "a", "pod": {"name": "p", UNKNOWN: 1}})), names(&[keys::POD]));
    assert_eq!(container(json!({"name": "a", "mounts": [{ UNKNOWN: 1 }]})), names(&[keys::MOUNT]));
    let process = |p: Value| known(json!({"processes": [p]}), &[]);
    assert_eq!(process(json!({ UNKNOWN: 1 })), names(&[keys::PROCESS, keys::GIVEN_PROCESS]));
    assert_eq!(process(json!({"sockets": {"3": { UNKNOWN: 1 }}})), names(&[keys::SOCKET]));
}

#[test]
fn keys_of_steps() {
    let step = |s: Value| known(Value::Null, &[s]);
    assert_eq!(step(json!({"exit": { UNKNOWN: 1 }})), names(&[keys::EXIT]));
    for call in ["clone", "clone3", "fork", "vfork"] {
        assert_eq!(step(json!({ call: { UNKNOWN: 1 } })), names(&[keys::PROCESS, keys::CLONE]), "{call}");
    }
    let mut connect = vec!["res", "tuple", "fd", "addr", "to", "from", "proto"];
    connect.sort_unstable();
    assert_eq!(step(json!({"connect": { UNKNOWN: 1 }})), connect);
}

#[test]
fn the_schema_has_every_step_with_its_parameters() {
    let schema = schema::event();
    for name in step_names() {
        let body = &schema["properties"][name]["anyOf"][0];
        assert_eq!(body["type"], "object", "{name}");
        for param in event_of(name).into_iter().flat_map(|info| info.params) {
            assert!(body["properties"][param.name].is_object(), "{name}.{}", param.name);
        }
    }
    for key in keys::STEP {
        assert!(schema["properties"][key.name].is_object(), "{}", key.name);
    }
    let given = schema::given();
    let text = given.to_string();
    for key in [keys::PROCESS, keys::CONTAINER, keys::USER, keys::SOCKET, keys::POD].concat() {
        assert!(text.contains(&format!("\"{}\":", key.name)), "{}", key.name);
    }
}
