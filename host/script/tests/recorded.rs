//! Events of scripts have the shape of events that a probe recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use lanner_plugin_api::schema::{EventCategory, EventType, ParamType};
use lanner_plugin_api::wire::Event;
use lanner_script::{record, step_names};
use lanner_syscall::capture::{CaptureReader, Step};
use serde_json::{Value, json};

/// Lengths of each parameter, by event.
type Shapes = BTreeMap<u16, Vec<BTreeSet<usize>>>;

fn collect(mut reader: CaptureReader, shapes: &mut Shapes) {
    let mut take = |event: &Event<'_>| {
        let of_event = shapes.entry(event.event_type().0).or_default();
        of_event.resize(event.nparams().max(of_event.len()), BTreeSet::new());
        of_event.iter_mut().zip(event.params()).for_each(|(lengths, param)| _ = lengths.insert(param.len()));
    };
    loop {
        match reader.step().expect("a good capture") {
            Step::Section(_) => {}
            Step::Events(batch) => batch.iter().for_each(|(event, _)| take(&event)),
            Step::End => return,
        }
    }
}

fn recorded() -> Option<Shapes> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LANNER_SHARED").map_or(here, PathBuf::from).join("captures/own");
    let Ok(entries) = std::fs::read_dir(&shared) else {
        println!("skipped: ../shared is absent");
        return None;
    };
    let mut shapes = Shapes::new();
    for path in entries.map(|e| e.expect("readable").path()).filter(|p| p.to_string_lossy().ends_with(".scap.gz")) {
        collect(CaptureReader::open(&path).expect("readable"), &mut shapes);
    }
    Some(shapes)
}

#[test]
fn parameters_are_as_long_as_recorded_ones() {
    let Some(recorded) = recorded() else { return };
    let mut scripted = Shapes::new();
    for name in step_names() {
        let body = match name {
            "execve" | "execveat" | "spawn" => json!({"exe": "/bin/id", "args": ["-u"]}),
            "generic" | "syscall" => json!({"syscall": "getpid"}),
            _ => Value::Null,
        };
        let given = json!({"containers": [{"name": "c"}], "processes": [{"exe": "/bin/a", "container": "c"}]});
        let recording = record(&given, &[json!({ name: body })]).unwrap_or_else(|e| panic!("{e}"));
        collect(CaptureReader::new(Cursor::new(recording.bytes), None).expect("memory can be read"), &mut scripted);
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for (code, params) in &scripted {
        let (Some(live), Some(info)) = (recorded.get(code), EventType(*code).info()) else { continue };
        if info.category != EventCategory::Syscall {
            continue;
        }
        assert_eq!(params.len(), live.len(), "{}", info.symbol);
        for ((ours, live), param) in params.iter().zip(live).zip(info.params) {
            compared += 1;
            let fixed = param.ty.fixed_len();
            let alike = match fixed {
                // Numbers are as wide as live ones, and there where they always are live.
                Some(_) => ours.iter().all(|len| live.contains(len)),
                // Texts are there where they always are live, and missing where they always are missing.
                // A script moves no bytes and passes no arguments unless it says so.
                None if param.ty == ParamType::Bytebuf => true,
                None => {
                    (live.contains(&0) || !ours.contains(&0))
                        && (live.iter().any(|&l| l > 0) || ours.iter().all(|&l| l == 0))
                }
            };
            if !alike {
                wrong.push(format!("{}.{}: {ours:?}, live {live:?}", info.symbol, param.name));
            }
        }
    }
    assert!(compared > 300, "{compared} parameters compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
