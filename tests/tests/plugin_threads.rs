//! The table "threads" in the hands of a plugin that knows only the upstream contract: what it reads there, sub-tables
//! included, is what the system-call fields say, on every event of a recording.

use std::path::{Path, PathBuf};

use lanner::plugin::{
    FieldRequest, Inspector, LoadedLibrary, Open, PluginIdx, PluginMetricValue, Plugins, Prepared, Pull, Value, Values,
};
use lanner_plugin_api::raw::StateType;
use lanner_tests::plugins::{c_plugin, empty_set};

const SYSCALL: PluginIdx = PluginIdx::new(0);
const USER: PluginIdx = PluginIdx::new(1);

/// The folder of real recordings, where there is one.
fn captures() -> Option<PathBuf> {
    let shared = match std::env::var_os("LANNER_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
    };
    let shared = if shared.exists() { shared } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared") };
    let captures = shared.join("captures");
    captures.exists().then_some(captures)
}

fn open(capture: &Path) -> Inspector {
    let (mut set, _) = empty_set();
    set.add(&LoadedLibrary::builtin(&lanner_syscall::PLUGIN_API).unwrap(), "").unwrap();
    assert_eq!(set.tables(), [("threads".to_owned(), StateType::INT64)]);
    set.add(&LoadedLibrary::open(&c_plugin("threads.c", &[])).unwrap(), "").unwrap();
    set.check_fields().unwrap();
    let params = capture.to_str().unwrap();
    Inspector::open(set, Open { source: SYSCALL, params, recorded: true, event_schema: None }).unwrap()
}

/// A field of the system-call plugin by name, or of the plugin under test.
fn prepare(plugins: &Plugins, name: &str, arg: Option<&str>) -> Prepared {
    let (plugin, field) = plugins
        .iter()
        .find_map(|(index, p)| Some((index, p.info().fields.iter().find(|f| f.name == name)?)))
        .unwrap_or_else(|| panic!("no field {name}"));
    plugins.prepare(FieldRequest { plugin, field: field.id, arg, ty: None, list: field.list }).unwrap()
}

fn text(values: Values<'_>) -> String {
    let texts: Vec<String> = values
        .iter()
        .map(|value| match value {
            Value::U64(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Str(s) | Value::Bytes(s) => String::from_utf8_lossy(s).into_owned(),
        })
        .collect();
    texts.join(" ")
}

#[test]
fn the_table_says_what_the_fields_say() {
    let Some(captures) = captures() else {
        println!("skipped: ../shared is absent");
        return;
    };
    for name in ["own/attack.scap.gz", "own/container-info.scap.gz"] {
        let mut inspector = open(&captures.join(name));
        let (pump, plugins) = inspector.parts();
        let pairs = [("proc.name", "thr.comm"), ("proc.pid", "thr.pid"), ("proc.exepath", "thr.exe_path")];
        let pairs = pairs.map(|(field, table)| (field, prepare(plugins, field, None), prepare(plugins, table, None)));
        let fd_num = prepare(plugins, "fd.num", None);
        let fd_name = prepare(plugins, "fd.name", None);
        let args = (prepare(plugins, "proc.args", None), prepare(plugins, "thr.args", None));
        let visits = prepare(plugins, "thr.visits", None);
        let (mut events, mut with_fd, mut visited) = (0_u64, 0_u64, 0_u64);
        while let Pull::Event(event) = pump.next().unwrap() {
            plugins.parse(&event);
            if event.is_hidden() {
                continue;
            }
            events += 1;
            for (what, field, table) in &pairs {
                let known = visits.extract(plugins, &event).is_some();
                let field = field.extract(plugins, &event).map(text);
                let table = table.extract(plugins, &event).map(text);
                // The field falls back to what the event says of threads that the table does not know.
                if known {
                    assert_eq!(table, field, "{name}: {what} of event {}", event.num());
                }
            }
            if visits.extract(plugins, &event).is_some() {
                visited += 1;
                let field = args.0.extract(plugins, &event).map(text).unwrap_or_default();
                let table = args.1.extract(plugins, &event).map(text).unwrap_or_default();
                assert_eq!(table, field, "{name}: arguments at event {}", event.num());
            }
            if events % 7 == 0
                && let Some(num) = fd_num.extract(plugins, &event).map(text)
                && let Some(field) = fd_name.extract(plugins, &event).map(text)
                && num.parse::<u64>().is_ok_and(|n| n < 1 << 31)
            {
                let in_table = prepare(plugins, "thr.fd_name", Some(&num));
                if let Some(table) = in_table.extract(plugins, &event).map(text) {
                    with_fd += 1;
                    assert_eq!(table, field, "{name}: descriptor {num} at event {}", event.num());
                }
            }
        }
        assert!(events > 1000 && with_fd > 50 && visited > events / 2, "{events} {with_fd} {visited}");
        assert!(plugins.faults().is_empty(), "{:?}", plugins.faults());
        assert_eq!(plugins.get(USER).unwrap().failures(), (0, 0));
        let metrics = plugins.metrics();
        for metric in ["threads_user.at_open", "threads_user.fds_at_open"] {
            let found = metrics.iter().find(|m| m.name == metric).unwrap();
            assert!(matches!(found.value, PluginMetricValue::Unsigned(1..)), "{name}: {found:?}");
        }
    }
}
