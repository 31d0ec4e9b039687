//! The key for the container of a thread: system calls with the same one are of the same container, whichever plugin says which it is.

use std::collections::{BTreeMap, BTreeSet};

use lanner::plugin::{FieldRequest, Inspector, Open, Pull, Value};
use lanner_plugin_api::raw::MAX_KEYS;
use lanner_plugin_api::schema::EventType;

use super::recording::{captures, compile};

/// A value of the field by which another plugin than the one that has the key tells it.
fn text(value: Option<Value<'_>>) -> Option<String> {
    match value? {
        Value::Str(text) => Some(String::from_utf8_lossy(text).into_owned()),
        other => panic!("{other:?} is no text"),
    }
}

#[test]
fn system_calls_with_one_key_are_of_one_container() {
    let (mut ids, mut again, mut without) = (BTreeSet::new(), 0, 0);
    for capture in captures() {
        let compiled = compile(&[]);
        let (set, source) = (compiled.set, compiled.source);
        let (container, field) = set
            .iter()
            .find_map(|(at, plugin)| Some((at, plugin.info().fields.iter().position(|f| f.name == "container.id")?)))
            .expect("the container plugin is there");
        let params = &capture.to_string_lossy();
        let mut inspector = Inspector::open(set, Open { source, params, recorded: true, event_schema: None }).unwrap();
        let (pump, plugins) = inspector.parts();
        let request = FieldRequest { plugin: container, field: field as u32, arg: None, ty: None, list: false };
        let request = plugins.prepare(request).unwrap();
        let key = plugins.thread_key(source, request.thread_field().expect("it says so")).expect("threads have it");
        let mut known: BTreeMap<(u16, u64), Option<String>> = BTreeMap::new();
        loop {
            match pump.next().unwrap() {
                Pull::Idle { .. } => {}
                Pull::End => break,
                Pull::Event(event) => {
                    plugins.parse(&event);
                    let mut keys = [0; MAX_KEYS];
                    plugins.event_keys(source, &event, 1 << key, &mut keys);
                    let number = keys[usize::from(key)];
                    let id = text(request.extract(plugins, &event).map(|values| values.first()));
                    if EventType(event.ty()) == EventType::ASYNCEVENT_E {
                        assert_eq!(number, 0, "what tells of a container is about that one");
                    }
                    if number == 0 {
                        without += u32::from(id.is_some());
                        continue;
                    }
                    match known.get(&(event.ty(), number)) {
                        Some(known) => {
                            assert_eq!(*known, id, "{}: event {}", capture.display(), event.num());
                            again += 1;
                        }
                        None => {
                            ids.extend(id.clone());
                            known.insert((event.ty(), number), id);
                        }
                    }
                }
            }
        }
    }
    println!("{ids:?}, told {again} times by the key, {without} times not");
    assert!(ids.contains("host") && again > 10 * without, "{ids:?} {again} {without}");
    if lanner_tests::program::shared().is_some() {
        assert!(ids.len() > 5, "{ids:?}");
    }
}
