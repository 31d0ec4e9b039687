//! The tables of the reference page are those of the program. `LANNER_BLESS=1` rewrites them.

use std::fmt::Write as _;
use std::path::Path;

use lanner_plugin_api::schema::{EventStatus, SYSCALLS, SyscallKind};
use lanner_script::keys::{self, Key};
use lanner_script::schema::describe;
use lanner_script::{event_of, step_names};

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn table(keys: &[Key]) -> String {
    let mut out = "| key | takes | left out | meaning |\n|--|--|--|--|\n".to_owned();
    for key in keys {
        let (word, default, doc) = (cell(&key.shape.word()), cell(key.default), cell(key.doc));
        let _ = writeln!(out, "| `{}` | {word} | {default} | {doc} |", key.name);
    }
    out
}

/// Every step that the event table alone describes.
fn events() -> String {
    let mut out = "| step | parameters |\n|--|--|\n".to_owned();
    for name in step_names() {
        let Some(info) = event_of(name).filter(|i| i.name == name && i.status == EventStatus::Current) else {
            continue;
        };
        let params: Vec<_> = info.params.iter().map(|p| format!("`{}` {}", p.name, describe(p))).collect();
        let _ = writeln!(out, "| `{name}` | {} |", cell(&params.join("; ")));
    }
    out
}

/// System calls by another name than their event's.
fn synonyms() -> String {
    let others = SYSCALLS.iter().filter_map(|s| {
        let info = event_of(s.name).filter(|i| s.kind == SyscallKind::Specific && i.name != s.name)?;
        Some(format!("`{}` ({})", s.name, info.name))
    });
    format!("{}\n", others.collect::<Vec<_>>().join(", "))
}

fn generated(name: &str) -> String {
    match name {
        "users" => table(keys::USER),
        "groups" => table(keys::GROUP),
        "containers" => table(keys::CONTAINER),
        "pod" => table(keys::POD),
        "mount" => table(keys::MOUNT),
        "process" => table(keys::PROCESS),
        "given-process" => table(keys::GIVEN_PROCESS),
        "socket" => table(keys::SOCKET),
        "step" => table(keys::STEP),
        "clone" => table(keys::CLONE),
        "exit" => table(keys::EXIT),
        "socket-call" => table(keys::SOCKET_CALL),
        "events" => events(),
        "synonyms" => synonyms(),
        other => panic!("no table {other}"),
    }
}

#[test]
fn the_reference_page_is_up_to_date() {
    const BEGIN: &str = "<!-- table: ";
    const END: &str = "<!-- end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rule-tests-events.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut parts = page.split(BEGIN);
    let mut wanted = parts.next().unwrap_or_default().to_owned();
    let mut tables = 0;
    for part in parts {
        let (name, rest) = part.split_once(" -->").expect("a table has a name");
        let (_, after) = rest.split_once(END).expect("a table has an end");
        let _ = write!(wanted, "{BEGIN}{name} -->\n{}{END}{after}", generated(name));
        tables += 1;
    }
    assert_eq!(tables, 14, "tables of the page");
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
        return;
    }
    let differs = page.lines().zip(wanted.lines()).find(|(a, b)| a != b);
    assert!(page == wanted, "docs/rule-tests-events.md is out of date (LANNER_BLESS=1 rewrites it): {differs:#?}");
}

/// The examples of the page are scripts that work.
#[test]
fn the_examples_of_the_page_make_captures() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rule-tests-events.md");
    let page = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|part| Some(part.split_once("```")?.0)).collect();
    let [whole, steps] = blocks[..] else { panic!("{} examples", blocks.len()) };
    let whole: serde_json::Value = serde_yaml::from_str(whole).unwrap();
    let steps: Vec<serde_json::Value> = serde_yaml::from_str(steps).unwrap();
    let events = whole["events"].as_array().unwrap();
    let recording = lanner_script::record(&whole["given"], events).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(recording.steps.len(), 4);
    let recording = lanner_script::record(&whole["given"], &steps).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(recording.steps.len(), 2);
}
