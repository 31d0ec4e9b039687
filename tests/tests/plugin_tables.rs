//! Plugins in C against the upstream symbol contract: a source whose events are parsed into a table, fields extracted
//! from the table, a second plugin that reads and extends it, async events, routines, state dumps.

use lanner::plugin::{
    AsyncStats, FieldRequest, Inspector, LoadedLibrary, Open, PluginError, PluginIdx, PluginMetricValue, PluginSet,
    Pull, Severity,
};
use lanner_plugin_api::raw::StateType;
use lanner_tests::plugins::{Lines, c_plugin, empty_set, set_of};

const COUNTER: PluginIdx = PluginIdx::new(0);
const READER: PluginIdx = PluginIdx::new(1);

fn counter_and_reader() -> (PluginSet, Lines) {
    let (mut set, lines) = empty_set();
    for file in ["tables.c", "reader.c"] {
        set.add(&LoadedLibrary::open(&c_plugin(file, &[])).unwrap(), "").unwrap_or_else(|e| panic!("{file}: {e}"));
    }
    (set, lines)
}

fn open(set: PluginSet, events: &str, recorded: bool) -> Inspector {
    Inspector::open(set, Open { source: COUNTER, params: events, recorded, event_schema: None }).unwrap()
}

/// Runs over a recorded stream; after each event the given fields of it, as text.
fn run(inspector: &mut Inspector, fields: &[(PluginIdx, u32, Option<&str>, bool)]) -> Vec<Vec<String>> {
    let (pump, plugins) = inspector.parts();
    let prepared: Vec<_> = fields
        .iter()
        .map(|(plugin, field, arg, list)| {
            plugins.prepare(FieldRequest { plugin: *plugin, field: *field, arg: *arg, ty: None, list: *list }).unwrap()
        })
        .collect();
    let mut rows = Vec::new();
    loop {
        match pump.next().unwrap() {
            Pull::Event(event) => {
                plugins.parse(&event);
                let row = prepared.iter().map(|p| p.extract(plugins, &event).map_or_else(String::new, text)).collect();
                rows.push(row);
            }
            Pull::Idle { .. } => panic!("a recorded stream is never idle"),
            Pull::End => return rows,
        }
    }
}

fn text(values: lanner::plugin::Values<'_>) -> String {
    let texts: Vec<String> = values
        .iter()
        .map(|value| match value {
            lanner::plugin::Value::U64(n) => n.to_string(),
            lanner::plugin::Value::Bool(b) => b.to_string(),
            lanner::plugin::Value::Str(s) | lanner::plugin::Value::Bytes(s) => String::from_utf8_lossy(s).into_owned(),
        })
        .collect();
    texts.join(",")
}

#[test]
fn events_are_parsed_into_a_table_and_extracted_from_it() {
    let set = set_of(&c_plugin("tables.c", &[])).unwrap();
    assert_eq!(set.tables(), [("words".to_owned(), StateType::UINT64)]);
    let mut inspector = open(set, "12", true);
    let rows = run(&mut inspector, &[(COUNTER, 0, None, false), (COUNTER, 1, Some("10"), false)]);
    let expected: Vec<Vec<String>> =
        (0..12).map(|n| vec![format!("word {n}"), if n < 10 { String::new() } else { "7".to_owned() }]).collect();
    assert_eq!(rows, expected);
    let (mut set, errors) = inspector.close();
    assert_eq!(errors, []);
    assert_eq!(set.metrics()[0].value, PluginMetricValue::Unsigned(12));
    assert_eq!(set.get(COUNTER).unwrap().failures(), (0, 10), "each miss in the table is a failed extraction");
    assert!(set.faults().is_empty());
}

#[test]
fn every_entry_taken_is_given_back_once() {
    let (set, lines) = counter_and_reader();
    let mut inspector = open(set, "4", true);
    run(&mut inspector, &[(COUNTER, 0, None, false), (READER, 0, None, false), (READER, 4, None, false)]);
    drop(inspector);
    let last = lines.get().pop().unwrap();
    // Per event: one entry taken while parsing, one for each of three fields, and one that adding returned. Of the two
    // created for each event, and the one in init, one per event was added.
    assert_eq!(last.1, "created 9 destroyed 5 taken 20 released 20 opened 1 closed 1");
}

#[test]
fn one_plugin_adds_fields_to_the_table_of_another() {
    let (set, _) = counter_and_reader();
    let mut inspector = open(set, "3", true);
    let rows = run(
        &mut inspector,
        &[
            (READER, 0, None, false),
            (READER, 1, None, true),
            (READER, 2, None, false),
            (READER, 3, None, false),
            (READER, 4, None, false),
        ],
    );
    for (n, row) in (0..3).zip(&rows) {
        let letters: Vec<String> = format!("word {n}").chars().rev().map(String::from).collect();
        assert_eq!(row[0], "6 letters");
        assert_eq!(row[1], letters.join(","), "the sub-table, backwards");
        assert_eq!(row[2], (6 * (n + 1)).to_string(), "the sum over all entries so far");
        assert_eq!(row[3], "unknown or expired table handle");
        assert_eq!(row[4], ((n + 1) * 100 + (n + 2) * 10 + n + 1).to_string(), "one more after adding, then as before");
    }
    assert!(inspector.plugins().faults().is_empty(), "{:?}", inspector.plugins().faults());
    assert_eq!(inspector.plugins().get(READER).unwrap().failures(), (0, 0));
}

/// Tables of plugins older than the extended vtables can be read and written, but have nothing to give back and cannot
/// be gone through.
#[test]
fn tables_of_old_plugins_are_used_through_their_plain_functions() {
    let (mut set, lines) = empty_set();
    set.add(&LoadedLibrary::open(&c_plugin("tables.c", &["OLD"])).unwrap(), "").unwrap();
    set.add(&LoadedLibrary::open(&c_plugin("reader.c", &[])).unwrap(), "").unwrap();
    let mut inspector = open(set, "3", true);
    let rows = run(
        &mut inspector,
        &[(COUNTER, 0, None, false), (READER, 0, None, false), (READER, 1, None, true), (READER, 2, None, false)],
    );
    for (n, row) in (0..3).zip(&rows) {
        let letters: Vec<String> = format!("word {n}").chars().rev().map(String::from).collect();
        assert_eq!(row, &[format!("word {n}"), "6 letters".to_owned(), letters.join(","), String::new()]);
    }
    drop(inspector);
    let last = lines.get().pop().unwrap().1;
    assert!(last.contains("taken 15 released 0"), "{last}");
}

#[test]
fn a_reader_without_the_table_it_needs_does_not_start() {
    match set_of(&c_plugin("reader.c", &[])) {
        Err(PluginError::Init { plugin, text }) => {
            assert_eq!((plugin.as_str(), text.as_str()), ("reader", "wrong list of tables"));
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn tables_that_are_broken_are_refused() {
    let refused = |define: &str| match set_of(&c_plugin("tables.c", &[define])) {
        Err(PluginError::Init { text, .. }) => text,
        other => panic!("{define}: {:?}", other.err()),
    };
    for member in ["reader_ext", "reader.get_table_name", "reader.read_entry_field"] {
        assert_eq!(refused(&format!("BREAK_TABLE={member}")), "broken or inconsistent reader vtables");
    }
    for member in ["writer_ext", "writer.clear_table", "writer.write_entry_field"] {
        assert_eq!(refused(&format!("BREAK_TABLE={member}")), "broken or inconsistent writer vtables");
    }
    for member in ["fields_ext", "fields.add_table_field"] {
        assert_eq!(refused(&format!("BREAK_TABLE={member}")), "broken or inconsistent fields vtables");
    }
    assert_eq!(refused("BREAK_TABLE=name"), "null name");
    assert_eq!(refused("BREAK_TABLE=table"), "null table");
    assert_eq!(refused("KEY_TYPE=10"), "unsupported key type table");
    assert_eq!(refused("KEY_TYPE=0"), "unsupported key type 0");
}

/// The plugin's thread has sent everything before the first event is asked for.
#[test]
fn async_events_arrive_by_time_and_bad_ones_are_refused() {
    let (set, lines) = counter_and_reader();
    let mut inspector = open(set, "2", false);
    let (pump, plugins) = inspector.parts();
    let mut seen = Vec::new();
    while let Pull::Event(event) = pump.next().unwrap() {
        plugins.parse(&event);
        let name = match event.ty() {
            402 => {
                assert_eq!(event.bytes()[38..42], 777_u32.to_ne_bytes(), "the id of the open source");
                assert_eq!(event.tid(), u64::MAX);
                String::from_utf8_lossy(&event.bytes()[42..46]).into_owned()
            }
            _ => String::from_utf8_lossy(event.plugin_data().unwrap()).into_owned(),
        };
        seen.push((event.num(), event.ts(), name, plugins.source_name(event.source().unwrap()).unwrap().to_owned()));
    }
    let expected = [(1, 500_000, "tock"), (2, 1_000_000, "word 0"), (3, 1_500_000, "tick"), (4, 2_000_000, "word 1")];
    let counter = || "counter".to_owned();
    assert_eq!(seen, expected.map(|(num, ts, name)| (num, ts, name.to_owned(), counter())));
    let stats = pump.async_queue().unwrap().stats();
    assert_eq!(stats, AsyncStats { accepted: 2, dropped_full: 0, dropped_future: 1, rejected: 5 });

    let sent: Vec<String> = lines.get().into_iter().filter(|l| l.0 == "ticker").map(|l| l.1).collect();
    let refusal = |n, why: &str| format!("sent {n}: 1 async event of plugin counter: {why}");
    assert_eq!(sent[0], "sent 0: 0 ");
    assert_eq!(sent[1], refusal(1, "async event with an undeclared name"));
    assert_eq!(sent[2], refusal(2, "a thread id in an event of a source without threads"));
    assert_eq!(sent[3], refusal(3, "event type 401 where 402 is expected"));
    assert_eq!(sent[4], refusal(4, "2 parameters where 3 are expected"));
    assert_eq!(sent[5], refusal(5, "parameters take 51 bytes, event has 46"));
    assert_eq!((sent[6].as_str(), sent[7].as_str()), ("sent 6: 0 ", "sent 7: 0 "));
    let warned = lines.get().iter().any(|l| l.2 == Severity::WARNING && l.1 == "async event ts too far in future");
    assert!(warned);
}

#[test]
fn a_recorded_stream_takes_no_async_events() {
    let (set, lines) = counter_and_reader();
    let mut inspector = open(set, "2", true);
    let rows = run(&mut inspector, &[]);
    assert_eq!(rows.len(), 2);
    assert!(inspector.parts().0.async_queue().is_none());
    assert!(lines.get().iter().all(|l| l.0 != "ticker"), "the handler is not even given");
}

#[test]
fn a_quiet_source_still_delivers_async_events() {
    let (set, _) = counter_and_reader();
    // More than a thousand: the plugin answers "nothing yet" at the end instead of ending.
    let mut inspector = open(set, "1001", false);
    let (pump, _) = inspector.parts();
    let (mut events, mut idle) = (0, 0);
    while idle < 3 {
        match pump.next().unwrap() {
            Pull::Event(_) => events += 1,
            Pull::Idle { .. } => idle += 1,
            Pull::End => panic!("the source does not end"),
        }
    }
    assert_eq!(events, 1003);
    assert!(pump.idle_for().is_some());
}

#[test]
fn routines_run_while_the_capture_is_open() {
    let set = set_of(&c_plugin("tables.c", &[])).unwrap();
    let mut inspector = open(set, "1", true);
    assert_eq!(inspector.plugins().get(COUNTER).unwrap().routines(), 1);
    let rows = run(&mut inspector, &[(COUNTER, 2, None, false)]);
    assert!(rows[0][0].parse::<u64>().unwrap() >= 3, "{rows:?}");
    let (set, errors) = inspector.close();
    assert_eq!(errors, []);
    assert_eq!(set.get(COUNTER).unwrap().routines(), 0);
    // The set can be opened again.
    let inspector = open(set, "1", true);
    assert_eq!(inspector.plugins().get(COUNTER).unwrap().routines(), 1);
}

#[test]
fn state_is_dumped_as_async_events() {
    let set = set_of(&c_plugin("tables.c", &[])).unwrap();
    let mut inspector = open(set, "2", true);
    run(&mut inspector, &[]);
    let mut dumped = Vec::new();
    let done = inspector.parts().1.dump_state(COUNTER, &mut |event: &[u8]| dumped.push(event[47..].to_vec()));
    assert_eq!(done, Ok(true));
    assert_eq!(dumped, [b"word 0".to_vec(), b"word 1".to_vec()]);
    let (mut set, _) = counter_and_reader();
    assert_eq!(set.dump_state(READER, &mut |_: &[u8]| {}), Ok(false), "a plugin without");
}

#[test]
fn a_set_moves_to_the_thread_that_runs_it() {
    let (set, _) = counter_and_reader();
    let rows = std::thread::spawn(move || {
        let mut inspector = open(set, "5", true);
        let rows = run(&mut inspector, &[(READER, 0, None, false)]);
        // And on to another one, open as it is.
        std::thread::spawn(move || drop(inspector)).join().unwrap();
        rows
    });
    assert_eq!(rows.join().unwrap().len(), 5);
}

#[test]
fn two_sets_of_the_same_library_know_nothing_of_each_other() {
    let library = LoadedLibrary::open(&c_plugin("tables.c", &[])).unwrap();
    let mut inspectors: Vec<_> = (0..2)
        .map(|_| {
            let (mut set, _) = empty_set();
            set.add(&library, "").unwrap();
            open(set, "3", true)
        })
        .collect();
    run(&mut inspectors[0], &[]);
    let parsed = |inspector: &mut Inspector| inspector.parts().1.metrics()[0].value;
    assert_eq!(parsed(&mut inspectors[0]), PluginMetricValue::Unsigned(3));
    assert_eq!(parsed(&mut inspectors[1]), PluginMetricValue::Unsigned(0));
}
