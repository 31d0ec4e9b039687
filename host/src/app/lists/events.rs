//! The list of events (`--list-events`) and of those ignored by default (`-i`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lanner_plugin_api::schema::{
    self, EVENTS, EventCategory, EventFlags, EventInfo, EventStatus, EventType, ParamExtra, ParamInfo, SYSCALLS,
    SyscallCategory, SyscallKind,
};
use serde_json::{Map, Value, json};

use crate::app::cli::ListFormat;

/// One line of the list.
struct Entry {
    name: &'static str,
    event: &'static EventInfo,
    available: bool,
}

const CATEGORIES: [(&str, EventCategory); 4] = [
    ("Syscall events", EventCategory::Syscall),
    ("Tracepoint events", EventCategory::Tracepoint),
    ("Plugin events", EventCategory::Plugin),
    ("Metaevents", EventCategory::Metaevent),
];

/// Whether an event is left out unless `base_syscalls.all` is set, because there are so many of its kind and the state
/// does not need them: reading and writing, except where descriptors are followed by it.
fn ignored_by_default(event: &EventInfo) -> bool {
    matches!(event.syscall_category, SyscallCategory::IoRead | SyscallCategory::IoWrite)
        && !event.flags.contains(EventFlags::MODIFIES_STATE)
}

fn is_generic(code: EventType) -> bool {
    matches!(code, EventType::GENERIC_E | EventType::GENERIC_X)
}

fn entries(category: EventCategory) -> Vec<Entry> {
    let mut list: Vec<Entry> = EVENTS
        .iter()
        .filter(|event| event.category == category && event.status == EventStatus::Current)
        .filter(|event| !is_generic(event.code) && !event.flags.contains(EventFlags::UNUSED))
        .map(|event| Entry { name: event.name, event, available: !ignored_by_default(event) })
        .collect();
    if category == EventCategory::Syscall
        && let Some(generic) = EventType::GENERIC_X.info()
    {
        let mut names: Vec<&str> =
            SYSCALLS.iter().filter(|call| call.kind == SyscallKind::Generic).map(|call| call.name).collect();
        names.sort_unstable();
        names.dedup();
        list.extend(names.into_iter().map(|name| Entry { name, event: generic, available: true }));
    }
    list
}

/// The version of the event schema, as the lists head it.
pub fn schema_version() -> String {
    let (major, minor, patch) = schema::SCHEMA_VERSION;
    format!("{major}.{minor}.{patch}")
}

/// The list in the form asked for, ending in a line feed.
pub fn render(format: ListFormat) -> String {
    if format == ListFormat::Json {
        let mut root = Map::new();
        root.insert("schema_version".into(), schema_version().into());
        for (title, category) in CATEGORIES {
            root.insert(title.into(), entries(category).iter().map(as_json).collect());
        }
        return format!("{:#}\n", Value::Object(root));
    }
    let mut out = format!("The events below are valid for Lanner *Schema Version*: {}\n", schema_version());
    for (title, category) in CATEGORIES {
        out.push_str(&format!("## {title}\n\n"));
        if format == ListFormat::Markdown {
            out.push_str("Default | Dir | Name | Params \n:-------|:----|:-----|:-----\n");
        }
        for entry in entries(category) {
            let params: Vec<String> = entry.event.params.iter().map(|param| text_param(param, format)).collect();
            let (dir, params) = (direction(entry.event), params.join(", "));
            // Writing to a string does not fail.
            let _ = match format {
                ListFormat::Markdown => {
                    let default = if entry.available { "Yes" } else { "No" };
                    writeln!(out, "{default} | `{dir}` | `{}` | {params}", entry.name)
                }
                _ => writeln!(out, "{dir} {}({params})", entry.name),
            };
        }
        out.push('\n');
    }
    out
}

/// The list of `-i`.
pub fn ignored() -> String {
    let mut out = String::from("Ignored syscall(s):\n");
    let current = EVENTS.iter().filter(|event| event.status == EventStatus::Current && ignored_by_default(event));
    let names: BTreeSet<&str> = current.map(|event| event.name).collect();
    names.into_iter().for_each(|name| out.extend(["- ", name, "\n"]));
    out.push('\n');
    out
}

fn direction(event: &EventInfo) -> char {
    if event.code.is_enter() { '>' } else { '<' }
}

fn type_name(param: &ParamInfo) -> String {
    lanner_engine::scheme::FieldType::from_number(param.ty as u32)
        .map(|ty| ty.name().to_ascii_uppercase())
        .unwrap_or_default()
}

fn flag_names(param: &ParamInfo) -> Option<Vec<&'static str>> {
    match param.extra {
        ParamExtra::Flags(table) => Some(table.entries.iter().map(|flag| flag.name).collect()),
        _ => None,
    }
}

fn text_param(param: &ParamInfo, format: ListFormat) -> String {
    let mut text = format!("{} **{}**", type_name(param), param.name);
    if let Some(names) = flag_names(param) {
        let names: Vec<String> = match format {
            ListFormat::Markdown => names.into_iter().map(|name| format!("*{name}*")).collect(),
            _ => names.into_iter().map(str::to_owned).collect(),
        };
        text.extend([": ", &names.join(", ")]);
    }
    text
}

fn as_json(entry: &Entry) -> Value {
    let params: Vec<Value> = entry
        .event
        .params
        .iter()
        .map(|param| {
            let mut object = json!({"type": type_name(param), "name": param.name});
            if let (Value::Object(map), Some(names)) = (&mut object, flag_names(param)) {
                map.insert("flags".into(), names.into());
            }
            object
        })
        .collect();
    json!({
        "name": entry.name,
        "dir": direction(entry.event).to_string(),
        "available": entry.available,
        "params": params,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_groups_events_by_category() {
        let json: Value = serde_json::from_str(&render(ListFormat::Json)).unwrap();
        assert_eq!(json["schema_version"], "4.5.1");
        let names = |category: &str| -> Vec<String> {
            let list = json[category].as_array().unwrap();
            list.iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect()
        };
        assert!(names("Syscall events").contains(&"openat2".to_owned()));
        assert!(names("Syscall events").contains(&"acct".to_owned()), "generic calls are listed by name");
        assert!(names("Tracepoint events").contains(&"procexit".to_owned()));
        assert_eq!(names("Plugin events"), ["pluginevent"]);
        assert!(names("Metaevents").contains(&"asyncevent".to_owned()));
    }

    #[test]
    fn reading_and_writing_is_ignored() {
        let text = ignored();
        assert!(text.starts_with("Ignored syscall(s):\n- pread\n- preadv\n"), "{text}");
        assert!(text.contains("- write\n") && !text.contains("sendto") && !text.contains("open"), "{text}");
    }
}
