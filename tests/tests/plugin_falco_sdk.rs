//! Plugins made with the public crate `falco_plugin` load unchanged: events flow from their source through parsing into
//! their tables, and fields come out, across two of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lanner::plugin::{
    Capabilities, FieldRequest, Function, Inspector, LoadedLibrary, Open, PluginError, PluginIdx, PluginMetricValue,
    PluginSet, Pull, Value, Values, Version,
};
use lanner_plugin_api::raw::{FieldType, StateType};
use lanner_tests::plugins::{empty_set, rust_plugin};

const WEATHER: PluginIdx = PluginIdx::new(0);
const CONFIG: &str = r#"{"readings": 7, "batch": 3}"#;

fn set(config: &str, names: &[&str]) -> Result<PluginSet, PluginError> {
    let (mut set, _) = empty_set();
    for (n, name) in names.iter().enumerate() {
        let library = LoadedLibrary::open(&rust_plugin("falco_sdk", name))?;
        set.add(&library, if n == 0 { config } else { "" })?;
    }
    Ok(set)
}

fn open(set: PluginSet, recorded: bool) -> Inspector {
    Inspector::open(set, Open { source: WEATHER, params: "", recorded, event_schema: None }).unwrap()
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
    texts.join("|")
}

#[test]
fn what_the_plugin_says_of_itself() {
    let set = set(CONFIG, &["weather"]).unwrap();
    let info = set.get(WEATHER).unwrap().info();
    assert_eq!((info.name.as_str(), info.version, info.id()), ("weather", Version::new(2, 3, 4), 888));
    assert_eq!(info.event_source(), Some("weather"));
    for capability in [
        Capabilities::SOURCING,
        Capabilities::EXTRACTION,
        Capabilities::PARSING,
        Capabilities::ASYNC,
        Capabilities::CAPTURE_LISTENING,
    ] {
        assert!(info.capabilities.contains(capability), "{capability}");
    }
    let fields: BTreeMap<_, _> = info.fields.iter().map(|f| (f.name.as_str(), f)).collect();
    assert_eq!(fields["weather.degrees"].ty, FieldType::UINT64);
    assert_eq!(fields["weather.degrees"].desc, "the reading");
    assert!(fields["weather.words"].list && !fields["weather.label"].list);
    assert!(fields["weather.past"].arg.required && fields["weather.past"].arg.index);
    assert!(fields["weather.label"].arg.key && !fields["weather.label"].arg.required);
    assert_eq!(fields["weather.warm"].ty, FieldType::BOOL);
    assert_eq!(info.async_events, ["gust"]);
    assert!(info.config_schema.is_some());
    assert_eq!(set.tables(), [("stations".to_owned(), StateType::UINT64)]);
}

#[test]
fn its_configuration_is_checked_by_its_schema_and_by_itself() {
    assert!(matches!(set("", &["weather"]), Err(PluginError::ConfigRejected { .. })));
    match set(r#"{"readings": "many", "batch": 1}"#, &["weather"]) {
        Err(PluginError::ConfigRejected { at, .. }) => assert_eq!(at, "/readings"),
        other => panic!("{:?}", other.err()),
    }
    let mut good = set(CONFIG, &["weather"]).unwrap();
    let plugin = good.get_mut(WEATHER).unwrap();
    assert_eq!(plugin.set_config(r#"{"readings": 2, "batch": 1}"#), Ok(()));
    match plugin.set_config(r#"{"readings": 2, "batch": 0}"#) {
        Err(PluginError::Failure { function: Function("set_config"), text, .. }) => {
            assert!(text.contains("a batch needs at least one reading"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_flow_from_source_through_tables_to_fields() {
    let mut inspector = open(set(CONFIG, &["weather", "forecast"]).unwrap(), true);
    let (pump, plugins) = inspector.parts();
    let forecast = plugins.find("forecast").unwrap();
    let requests: [(PluginIdx, u32, Option<&str>, bool); 8] = [
        (WEATHER, 0, None, false),
        (WEATHER, 1, None, true),
        (WEATHER, 2, Some("1"), false),
        (WEATHER, 3, None, false),
        (WEATHER, 3, Some("2"), false),
        (WEATHER, 4, None, false),
        (forecast, 0, None, false),
        (forecast, 1, Some("1"), false),
    ];
    let prepared = requests.map(|(plugin, field, arg, list)| {
        plugins.prepare(FieldRequest { plugin, field, arg, ty: None, list }).unwrap()
    });
    for n in 0..7_u64 {
        let Pull::Event(event) = pump.next().unwrap() else { panic!() };
        assert_eq!((event.num(), event.ty()), (n + 1, 322));
        plugins.parse(&event);
        let row = prepared.each_ref().map(|p| p.extract(plugins, &event).map(text));
        let some = |text: String| Some(text);
        // The second reading of a station comes three later.
        let second = (n >= 3).then(|| (10 + n % 3 + 3).to_string());
        let expected = [
            some((10 + n).to_string()),
            some(format!("{}|{}", n % 3, 10 + n)),
            second.clone(),
            some("(none)".to_owned()),
            (n >= 2).then(|| "station 2".to_owned()),
            some((n > 1).to_string()),
            some(format!("station {}: {} after {}", n % 3, 10 + n, n / 3 + 1)),
            second,
        ];
        assert_eq!(row, expected, "event {n}");
        assert_eq!(plugins.event_to_string(&event), Some(format!("reading: {} {}", n % 3, 10 + n)));
    }
    assert!(matches!(pump.next(), Ok(Pull::End)));
    assert!(plugins.faults().is_empty(), "{:?}", plugins.faults());
    let (_, errors) = inspector.close();
    assert_eq!(errors, []);
}

#[test]
fn its_async_events_and_routine_run_beside_the_stream() {
    let mut inspector = open(set(r#"{"readings": 0, "batch": 1}"#, &["weather"]).unwrap(), false);
    // Sent from `start_async` itself before the stream is read; the other one whenever its thread runs. The stream ends
    // at once, so what is looked at here is the queue.
    let begin = Instant::now();
    while inspector.parts().0.async_queue().unwrap().stats().accepted < 2 {
        assert!(begin.elapsed() < Duration::from_secs(60), "the plugin's thread does not run");
        std::thread::yield_now();
    }
    let stats = inspector.parts().0.async_queue().unwrap().stats();
    assert_eq!((stats.accepted, stats.rejected), (2, 1));
    assert_eq!(inspector.plugins().get(WEATHER).unwrap().routines(), 1);
    let metrics = inspector.parts().1.metrics();
    let calls = metrics.iter().find(|m| m.name == "weather.routine_calls").unwrap();
    assert!(matches!(calls.value, PluginMetricValue::Unsigned(2..)), "{calls:?}");
    let (set, errors) = inspector.close();
    assert_eq!(errors, []);
    assert_eq!(set.get(WEATHER).unwrap().routines(), 0);
}

#[test]
fn async_events_are_part_of_the_stream() {
    let mut inspector = open(set(r#"{"readings": 3, "batch": 1}"#, &["weather"]).unwrap(), false);
    let (pump, plugins) = inspector.parts();
    let mut first = None;
    while let Pull::Event(event) = pump.next().unwrap() {
        first.get_or_insert((event.ty(), event.num()));
        assert_eq!(plugins.source_name(event.source().unwrap()), Some("weather"));
        plugins.parse(&event);
    }
    assert_eq!(first, Some((402, 1)), "it was sent before the first reading was");
    // A plugin that has a source of its own and lists no event types parses plugin events only.
    let gusts = plugins.metrics().into_iter().find(|m| m.name == "weather.gusts").unwrap();
    assert_eq!(gusts.value, PluginMetricValue::Unsigned(0));
    assert_eq!(plugins.get(WEATHER).unwrap().failures(), (0, 0));
}

#[test]
fn its_errors_come_through() {
    let weather = set(CONFIG, &["weather"]).unwrap();
    let error = Inspector::open(weather, Open { source: WEATHER, params: "storm", recorded: true, event_schema: None });
    match error.err() {
        Some(PluginError::Failure { function: Function("open"), text, .. }) => {
            assert!(text.contains("no readings in a storm"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    match set("", &["forecast"]).err() {
        Some(PluginError::Init { plugin, text }) => {
            assert_eq!(plugin, "forecast");
            assert!(text.contains("can't find state table 'stations'"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}
