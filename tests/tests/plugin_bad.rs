//! Plugins that break the contract: each breach is an error with a name, and the host goes on.
//!
//! One C file, `plugins/c/bad.c`, is good as it stands and breaks the contract in one way for each macro.

use std::path::Path;
use std::time::Duration;

use lanner::plugin::{
    BuiltIn, Capabilities, EventFault, FieldFault, FieldRequest, Function, Inspector, LoadedLibrary, Open, PluginError,
    PluginIdx, PluginMetricValue, PluginSet, Pull, Severity, Value, Version, load_with_fallback,
};
use lanner_plugin_api::raw::{FieldType, Rc};
use lanner_tests::plugins::{c_plugin, empty_set, set_of};

const FIRST: PluginIdx = PluginIdx::new(0);

fn bad(defines: &[&str]) -> std::path::PathBuf {
    c_plugin("bad.c", defines)
}

/// The error of loading and initialising.
fn refused(defines: &[&str]) -> PluginError {
    match set_of(&bad(defines)) {
        Ok(_) => panic!("{defines:?} was accepted"),
        Err(e) => e,
    }
}

fn accepted(defines: &[&str]) -> PluginSet {
    set_of(&bad(defines)).unwrap_or_else(|e| panic!("{defines:?}: {e}"))
}

fn open(set: PluginSet) -> Result<Inspector, PluginError> {
    Inspector::open(set, Open { source: FIRST, params: "", recorded: false, event_schema: None })
}

fn name() -> String {
    "bad".to_owned()
}

#[test]
fn a_good_plugin_is_accepted_and_delivers() {
    let mut inspector = open(accepted(&[])).unwrap();
    let (payloads, errors) = drain(&mut inspector);
    assert_eq!(payloads, ["event 0", "event 1", "event 2", "event 3", "event 4", "event 5"]);
    assert_eq!(errors, []);
}

/// Payloads of all events to the end of the stream, and the errors on the way.
fn drain(inspector: &mut Inspector) -> (Vec<String>, Vec<PluginError>) {
    let (mut payloads, mut errors) = (Vec::new(), Vec::new());
    let (pump, _) = inspector.parts();
    // A bound, so that a host that never ends the stream fails instead of hanging.
    for _ in 0..100 {
        match pump.next() {
            Ok(Pull::Event(event)) => {
                payloads.push(String::from_utf8_lossy(event.plugin_data().unwrap_or_default()).into_owned());
            }
            Ok(Pull::Idle { .. }) => {}
            Ok(Pull::End) => return (payloads, errors),
            Err(e) => errors.push(e),
        }
    }
    panic!("no end after {payloads:?} {errors:?}");
}

#[test]
fn files_that_are_no_plugins() {
    let missing = Path::new("/nowhere/libnothing.so");
    assert_eq!(LoadedLibrary::open(missing).unwrap_err(), PluginError::LibraryNotFound { path: missing.to_owned() });
    let text = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(text.path(), "not an ELF file").unwrap();
    assert!(matches!(LoadedLibrary::open(text.path()), Err(PluginError::LibraryUnloadable { .. })));
}

#[test]
fn a_missing_file_is_made_up_for_by_a_built_in_but_a_broken_one_is_not() {
    static EMPTY: lanner_plugin_api::raw::PluginApi = lanner_plugin_api::raw::PluginApi::EMPTY;
    let builtins = [BuiltIn { name: "known", api: &EMPTY }];
    let missing = [Path::new("/nowhere/libknown.so").to_owned()];
    // The built-in is tried: this one has no function at all, and is told so.
    assert!(matches!(
        load_with_fallback("known", &missing, &builtins),
        Err(PluginError::MissingSymbol { symbol: Function("get_required_api_version"), .. })
    ));
    assert!(matches!(load_with_fallback("other", &missing, &builtins), Err(PluginError::LibraryNotFound { .. })));
    let broken = [bad(&["NO_INIT"])];
    assert!(matches!(
        load_with_fallback("known", &broken, &builtins),
        Err(PluginError::MissingSymbol { symbol: Function("init"), .. })
    ));
}

#[test]
fn missing_symbols() {
    for (define, symbol) in
        [("NO_API_VERSION", "get_required_api_version"), ("NO_INIT", "init"), ("NO_DESCRIPTION", "get_description")]
    {
        match refused(&[define]) {
            PluginError::MissingSymbol { symbol: found, .. } => assert_eq!(found, Function(symbol)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn wrong_versions() {
    for (version, reason) in [
        ("2.0.0", "major versions disagree"),
        ("4.0.0", "major versions disagree"),
        ("3.13.0", "minor version is less than the requested one"),
        ("3.12.1", "patch version is less than the requested one"),
    ] {
        match refused(&[&format!("API_VERSION=\"{version}\"")]) {
            PluginError::IncompatibleApi { required, host, reason: found, .. } => {
                assert_eq!((Version::parse(version), found), (Some(required), reason));
                assert_eq!(host, Version::new(3, 12, 0));
            }
            other => panic!("{other:?}"),
        }
    }
    for version in ["", "3", "x.y.z"] {
        let error = refused(&[&format!("API_VERSION=\"{version}\"")]);
        assert!(
            matches!(error, PluginError::InvalidVersion { .. } | PluginError::MissingText { .. }),
            "{version}: {error}"
        );
    }
    accepted(&["API_VERSION=\"3.0.0\""]);
    accepted(&["API_VERSION=\"3.11.99\""]);
    assert_eq!(
        refused(&["BAD_VERSION"]),
        PluginError::InvalidVersion { plugin: name(), function: Function("get_version"), text: "one.two".to_owned() }
    );
}

#[test]
fn layouts_that_cannot_be_those_of_this_host() {
    for (layout, reason) in [("LAYOUT=NULL", "is null"), ("LAYOUT=zeros", "abi_stable 0.0")] {
        match refused(&[layout]) {
            PluginError::IncompatibleLayout { reason: found, .. } => assert!(found.contains(reason), "{found}"),
            other => panic!("{layout}: {other:?}"),
        }
    }
    // Built with this very SDK: looked at, and found to fit.
    assert!(lanner_syscall::PLUGIN_API.lanner_abi_layout.is_some());
    LoadedLibrary::builtin(&lanner_syscall::PLUGIN_API).unwrap();
}

#[test]
fn broken_capability_sets() {
    let broken = |defines: &[&str], capability, missing| {
        assert_eq!(
            refused(defines),
            PluginError::BrokenCapability { plugin: name(), capability, missing: Function(missing) }
        );
    };
    broken(&["NO_NEXT_BATCH"], Capabilities::SOURCING, "next_batch");
    broken(&["NO_FIELDS"], Capabilities::EXTRACTION, "get_fields");
    broken(&["ASYNC_HANDLER_ONLY"], Capabilities::ASYNC, "get_async_events");
    broken(&["CAPTURE_OPEN_ONLY"], Capabilities::CAPTURE_LISTENING, "capture_close");
    assert_eq!(refused(&["NO_SOURCE", "NO_FIELDS", "NO_EXTRACT"]), PluginError::NoCapability { plugin: name() });
    // The harmless half alone is no capability and no error.
    let set = accepted(&["NO_EXTRACT"]);
    assert_eq!(set.get(FIRST).unwrap().info().capabilities, Capabilities::SOURCING);
}

#[test]
fn sources_that_cannot_be() {
    assert_eq!(refused(&["SOURCE=\"syscall\""]), PluginError::ReservedSource { plugin: name() });
    assert_eq!(
        refused(&["ID=0"]),
        PluginError::InconsistentSource { plugin: name(), id: 0, event_source: "bad_source".to_owned() }
    );
    assert!(matches!(refused(&["SOURCE=\"\""]), PluginError::InconsistentSource { id: 999, .. }));
}

#[test]
fn texts_that_are_missing_or_no_json() {
    assert!(matches!(refused(&["NULL_NAME"]), PluginError::MissingText { function: Function("get_name"), .. }));
    assert!(matches!(refused(&["FIELDS_NULL"]), PluginError::MissingText { function: Function("get_fields"), .. }));
    for json in ["nonsense", "{}", "[]"] {
        assert!(matches!(
            refused(&[&format!("FIELDS_JSON=\"{json}\"")]),
            PluginError::InvalidJson { function: Function("get_fields"), .. }
        ));
    }
    let unknown_type = r#"FIELDS_JSON="[{\"name\":\"a\",\"type\":\"int8\",\"desc\":\"d\"}]""#;
    assert_eq!(
        refused(&[unknown_type]),
        PluginError::InvalidField { plugin: name(), field: "a".to_owned(), fault: FieldFault::UnknownType }
    );
    assert!(matches!(
        refused(&["DETAILS_JSON=\"[{}]\""]),
        PluginError::InvalidJson { function: Function("lanner_get_field_details"), .. }
    ));
    assert!(matches!(
        refused(&["EXTRACT_SOURCES=\"[1]\""]),
        PluginError::InvalidJson { function: Function("get_extract_event_sources"), .. }
    ));
}

#[test]
fn failing_initialisation() {
    assert_eq!(refused(&["INIT_FAILS"]), PluginError::Init { plugin: name(), text: "no luck today".to_owned() });
    let silent = PluginError::FailureWithoutText { plugin: name(), function: Function("init") };
    assert_eq!(refused(&["INIT_FAILS_SILENTLY"]), silent);
    assert_eq!(refused(&["INIT_FAILS_SILENTLY", "NULL_ERROR"]), silent);
    assert_eq!(refused(&["INIT_NULL_FAILS"]), silent);
    assert_eq!(refused(&["INIT_NULL"]), PluginError::NullResult { plugin: name(), function: Function("init") });
    for code in [42, 2, -1] {
        assert_eq!(
            refused(&[&format!("INIT_CODE={code}")]),
            PluginError::UnexpectedCode { plugin: name(), function: Function("init"), code: Rc(code) }
        );
    }
}

#[test]
fn configuration_is_checked_against_the_schema() {
    let schema = r#"SCHEMA="{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}""#;
    let library = LoadedLibrary::open(&bad(&[schema, "SCHEMA_TYPE=1"])).unwrap();
    let init = |config: &str| {
        let (mut set, lines) = empty_set();
        set.add(&library, config).map(|_| lines.get())
    };
    let lines = init(r#"{"n": 3}"#).unwrap();
    assert_eq!(
        lines,
        [
            ("bad".to_owned(), r#"{"n": 3}"#.to_owned(), Severity::INFO),
            ("part".to_owned(), "of it".to_owned(), Severity::DEBUG)
        ]
    );
    match init(r#"{"n": "three"}"#) {
        Err(PluginError::ConfigRejected { at, .. }) => assert_eq!(at, "/n"),
        other => panic!("{other:?}"),
    }
    // Empty means {}, which lacks what is required.
    assert!(matches!(init(""), Err(PluginError::ConfigRejected { .. })));
    assert!(matches!(init("n: 3"), Err(PluginError::ConfigNotJson { .. })));

    let unknown_kind = refused(&[schema, "SCHEMA_TYPE=9"]);
    assert!(matches!(unknown_kind, PluginError::InvalidSchema { .. }), "{unknown_kind}");
    assert!(matches!(refused(&["SCHEMA=\"[]\"", "SCHEMA_TYPE=1"]), PluginError::InvalidSchema { .. }));
    // Without schema whatever is given passes as it is; with type "none" too.
    for defines in [&[][..], &["SCHEMA=\"x\"", "SCHEMA_TYPE=0"]] {
        let library = LoadedLibrary::open(&bad(defines)).unwrap();
        let (mut set, lines) = empty_set();
        set.add(&library, "free: form").unwrap();
        assert_eq!(lines.get()[0].1, "free: form");
    }
}

#[test]
fn failing_open() {
    let opening = |defines: &[&str]| open(accepted(defines)).err();
    assert_eq!(
        opening(&["OPEN_FAILS"]),
        Some(PluginError::Failure { plugin: name(), function: Function("open"), text: "cannot open".to_owned() })
    );
    assert_eq!(
        opening(&["OPEN_FAILS", "NULL_ERROR"]),
        Some(PluginError::FailureWithoutText { plugin: name(), function: Function("open") })
    );
    assert_eq!(opening(&["OPEN_NULL"]), Some(PluginError::NullResult { plugin: name(), function: Function("open") }));
    assert_eq!(
        opening(&["OPEN_CODE=42"]),
        Some(PluginError::UnexpectedCode { plugin: name(), function: Function("open"), code: Rc(42) })
    );
    assert_eq!(
        opening(&["OPEN_CODE=3"]),
        Some(PluginError::NotSupported { plugin: name(), function: Function("open") })
    );
    assert_eq!(
        opening(&["NO_SOURCE"]),
        Some(PluginError::CapabilityAbsent { plugin: name(), capability: Capabilities::SOURCING })
    );
}

/// Whatever is wrong with the stream as a whole ends it.
#[test]
fn failing_batches_end_the_stream() {
    let only_error = |defines: &[&str]| {
        let (payloads, mut errors) = drain(&mut open(accepted(defines)).unwrap());
        assert_eq!((payloads.len(), errors.len()), (0, 1), "{defines:?}: {errors:?}");
        errors.remove(0)
    };
    let next_batch = Function("next_batch");
    assert_eq!(
        only_error(&["BATCH_FAILS"]),
        PluginError::Failure { plugin: name(), function: next_batch, text: "lost the stream".to_owned() }
    );
    assert_eq!(
        only_error(&["BATCH_FAILS", "NULL_ERROR"]),
        PluginError::FailureWithoutText { plugin: name(), function: next_batch }
    );
    assert_eq!(
        only_error(&["BATCH_CODE=42"]),
        PluginError::UnexpectedCode { plugin: name(), function: next_batch, code: Rc(42) }
    );
    assert_eq!(only_error(&["BATCH_CODE=3"]), PluginError::NotSupported { plugin: name(), function: next_batch });
    assert_eq!(only_error(&["BATCH_EMPTY"]), PluginError::EmptyBatch { plugin: name() });
    let malformed = |fault| PluginError::MalformedEvent { plugin: name(), index: 0, fault };
    assert_eq!(only_error(&["BATCH_NULL"]), malformed(EventFault::NullArray));
    assert_eq!(only_error(&["BATCH_HUGE"]), malformed(EventFault::Count { count: u32::MAX }));
}

#[test]
fn events_that_come_with_a_code_are_delivered_first() {
    for (define, errors) in [("EVENTS_WITH_CODE=2", 0), ("EVENTS_WITH_CODE=-1", 0), ("EVENTS_WITH_CODE=1", 1)] {
        let (payloads, found) = drain(&mut open(accepted(&[define])).unwrap());
        assert_eq!((payloads.len(), found.len()), (6, errors), "{define}");
    }
}

/// One bad event is passed over; those before and after it arrive.
#[test]
fn a_malformed_event_is_named_and_passed_over() {
    let cases = [
        ("EVENT_NULL", EventFault::Null),
        ("EVENT_TYPE=3", EventFault::Type { found: 3, expected: 322 }),
        ("EVENT_NPARAMS=3", EventFault::ParamCount { found: 3, expected: 2 }),
        ("EVENT_LEN=25", EventFault::Length { len: 25 }),
        ("EVENT_LEN=0", EventFault::Length { len: 0 }),
        ("EVENT_LEN=0xffffffff", EventFault::Length { len: u32::MAX }),
        ("EVENT_LEN=30", EventFault::Length { len: 30 }),
        ("EVENT_LEN=44", EventFault::ParamLengths { params: 45, len: 44 }),
        ("EVENT_PARAM_LEN=8", EventFault::ParamLengths { params: 46, len: 45 }),
        ("EVENT_PARAM_LEN=0xffffffff", EventFault::ParamLengths { params: 38 + 0xffff_ffff, len: 45 }),
        ("EVENT_ID=5", EventFault::PluginId { found: 5, expected: 999 }),
    ];
    for (define, fault) in cases {
        let (payloads, errors) = drain(&mut open(accepted(&[define])).unwrap());
        assert_eq!(errors, [PluginError::MalformedEvent { plugin: name(), index: 1, fault }], "{define}");
        assert_eq!(payloads, ["event 0", "event 2", "event 3", "event 4", "event 5"], "{define}");
    }
}

#[test]
fn the_host_fills_in_what_is_its_own() {
    let set = accepted(&["EVENT_TID=77", "EVENT_TS_NOW", "EVENT_ID=999"]);
    let mut inspector = open(set).unwrap();
    let (pump, plugins) = inspector.parts();
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    for num in 1..=6 {
        let Ok(Pull::Event(event)) = pump.next() else { panic!() };
        assert_eq!((event.num(), event.tid(), event.ty()), (num, u64::MAX, 322));
        assert_eq!(plugins.source_name(event.source().unwrap()), Some("bad_source"));
        if num == 2 {
            assert!(u128::from(event.ts()) >= before && event.ts() != u64::MAX);
        } else {
            assert_eq!(event.ts(), 999 + num);
        }
        assert_eq!(event.bytes()[34..38], 999_u32.to_ne_bytes());
    }
    assert!(matches!(pump.next(), Ok(Pull::End)));
}

/// A source that never has anything is legal: the host waits between calls and can tell for how long.
#[test]
fn endless_timeouts_do_not_spin() {
    let mut inspector = open(accepted(&["ONLY_TIMEOUTS", "METRICS"])).unwrap();
    let (pump, plugins) = inspector.parts();
    assert_eq!(pump.idle_for(), None);
    let mut slept = Duration::ZERO;
    let mut pulls = 0;
    while slept < Duration::from_millis(60) {
        let Ok(Pull::Idle { .. }) = pump.next() else { panic!() };
        slept = pump.idle_for().unwrap();
        pulls += 1;
    }
    // Pauses double from a quarter of a millisecond to sixteen: far fewer calls than a spinning loop makes.
    assert!(pulls < 100, "{pulls} calls in {slept:?}");
    let metrics = plugins.metrics();
    assert_eq!(metrics[0].value, PluginMetricValue::Unsigned(pulls));
}

/// Extracts one field of the first event.
fn extract(defines: &[&str], field: u32) -> (Option<String>, Vec<PluginError>) {
    let mut inspector = open(accepted(defines)).unwrap();
    let (pump, plugins) = inspector.parts();
    let request = FieldRequest { plugin: FIRST, field, arg: None, ty: None, list: false };
    let prepared = plugins.prepare(request).unwrap();
    let Ok(Pull::Event(event)) = pump.next() else { panic!() };
    let mut text = None;
    for _ in 0..3 {
        text = prepared.extract(plugins, &event).map(|values| format!("{values:?}"));
    }
    let faults = plugins.faults();
    assert!(faults.iter().all(|f| f.count == 3), "each is seen each time, and kept once");
    (text, faults.iter().map(|f| f.error.clone()).collect())
}

#[test]
fn values_of_each_kind_are_read_back() {
    let values =
        [(0, Value::U64(45)), (1, Value::Str(b"text")), (2, Value::Bool(true)), (3, Value::Bytes(&[10, 0, 0, 1]))];
    for (field, value) in values {
        assert_eq!(extract(&[], field), (Some(format!("[{value:?}]")), vec![]));
    }
    // Not UTF-8 is no breach: it is whatever a process wrote.
    let text = extract(&[r#"VALUE_BYTES="\xff\xfe""#], 1).0;
    assert_eq!(text, Some(format!("[{:?}]", Value::Str(&[0xff, 0xfe]))));
}

#[test]
fn malformed_values_are_no_values_and_named() {
    let fault = |define: &str, field| {
        let (value, errors) = extract(&[define], field);
        assert_eq!(value, None, "{define}");
        match errors.as_slice() {
            [PluginError::MalformedValue { fault, .. }] => *fault,
            other => panic!("{define}: {other:?}"),
        }
    };
    for field in 0..4 {
        assert_eq!(fault("VALUE_NULL_ARRAY", field), FieldFault::NullArray);
        assert_eq!(fault("VALUE_COUNT=0x100000000ull", field), FieldFault::TooMany { count: 1 << 32 });
    }
    assert_eq!(fault("VALUE_NULL", 1), FieldFault::NullValue { index: 0 });
    assert_eq!(fault("VALUE_NULL", 3), FieldFault::NullValue { index: 0 });
    for len in [0, 5, 17, u32::MAX] {
        assert_eq!(fault(&format!("VALUE_LEN={len}u"), 3), FieldFault::Length { len, ty: FieldType::IPADDR });
    }
    // No value is none, whatever the pointers say.
    assert_eq!(extract(&["VALUE_COUNT=0", "VALUE_NULL_ARRAY"], 1), (None, vec![]));
    assert_eq!(extract(&["VALUE_UNTOUCHED"], 1), (None, vec![]));
}

#[test]
fn prepared_requests_are_read_back_with_the_same_checks() {
    const TAKEN: &str = "PREPARE_CODE=0";
    let values =
        [(0, Value::U64(0)), (1, Value::Str(b"prepared")), (2, Value::Bool(true)), (3, Value::Bytes(&[10, 0, 0, 1]))];
    for (field, value) in values {
        assert_eq!(extract(&[TAKEN], field), (Some(format!("[{value:?}]")), vec![]));
    }
    // Not taken: asked through `extract_fields`.
    assert_eq!(extract(&["PREPARE_CODE=3"], 0), (Some("[U64(45)]".to_owned()), vec![]));
    for len in [0, 5, 17, u32::MAX] {
        let (value, errors) = extract(&[TAKEN, &format!("VALUE_LEN={len}u")], 3);
        let length = FieldFault::Length { len, ty: FieldType::IPADDR };
        assert!(value.is_none());
        assert!(matches!(&*errors, [PluginError::MalformedValue { fault, .. }] if *fault == length), "{errors:?}");
    }
    assert!(matches!(&*extract(&[TAKEN, "VALUE_LEN=1ull<<40"], 1).1, [PluginError::MalformedValue { .. }]));
    // No value, and a failure, which is counted.
    for n in 0..2 {
        assert_eq!(extract(&[TAKEN, &format!("VALUE_NULL={n}")], 1), (None, vec![]));
    }
}

#[test]
fn requests_that_cannot_be_prepared_are_named() {
    let prepare = |code: i32| {
        let inspector = open(accepted(&[&format!("PREPARE_CODE={code}")])).unwrap();
        let request = FieldRequest { plugin: FIRST, field: 0, arg: None, ty: None, list: false };
        inspector.plugins().prepare(request).unwrap_err()
    };
    let function = Function("lanner_prepare_field");
    assert_eq!(prepare(1), PluginError::FailureWithoutText { plugin: name(), function });
    assert_eq!(prepare(42), PluginError::UnexpectedCode { plugin: name(), function, code: Rc(42) });
}

#[test]
fn failing_extraction_is_no_value() {
    for code in [1, 3] {
        assert_eq!(extract(&[&format!("EXTRACT_CODE={code}")], 0), (None, vec![]));
    }
    let unexpected = |code| PluginError::UnexpectedCode { plugin: name(), function: Function("extract_fields"), code };
    for code in [42, -1, 2] {
        assert_eq!(extract(&[&format!("EXTRACT_CODE={code}")], 0), (None, vec![unexpected(Rc(code))]));
    }
}

#[test]
fn fields_have_values_only_on_their_events() {
    assert_eq!(extract(&["EVENT_TYPES=1,2"], 0), (None, vec![]));
    assert_eq!(extract(&["EVENT_TYPES=1,322"], 0).0, Some("[U64(45)]".to_owned()));
    // A plugin with a source of its own always sees that source.
    assert_eq!(extract(&["EXTRACT_SOURCES=\"[\\\"other\\\"]\""], 0).0, Some("[U64(45)]".to_owned()));
}

#[test]
fn failing_parsing_is_counted_and_named_once() {
    let cases = [
        ("PARSE_CODE=1", PluginError::FailureWithoutText { plugin: name(), function: Function("parse_event") }),
        (
            "PARSE_CODE=42",
            PluginError::UnexpectedCode { plugin: name(), function: Function("parse_event"), code: Rc(42) },
        ),
    ];
    for (define, error) in cases {
        let mut inspector = open(accepted(&[define])).unwrap();
        let (pump, plugins) = inspector.parts();
        while let Ok(Pull::Event(event)) = pump.next() {
            plugins.parse(&event);
        }
        assert_eq!(plugins.get(FIRST).unwrap().failures(), (6, 0));
        let faults: Vec<_> = plugins.faults().iter().map(|f| (f.error.clone(), f.count)).collect();
        assert_eq!(faults, [(error, 6)]);
    }
}

#[test]
fn plugins_that_clash() {
    let (mut set, _) = empty_set();
    set.add(&LoadedLibrary::open(&bad(&[])).unwrap(), "").unwrap();
    let add = |set: &mut PluginSet, defines: &[&str]| set.add(&LoadedLibrary::open(&bad(defines)).unwrap(), "");
    assert_eq!(add(&mut set, &["ID=1000"]), Err(PluginError::DuplicateName { plugin: name() }));
    assert_eq!(
        add(&mut set, &["NAME=\"other\""]),
        Err(PluginError::DuplicateId { plugin: "other".to_owned(), other: name(), id: 999 })
    );
    // The same fields are no clash as long as they are for different sources.
    add(&mut set, &["NAME=\"third\"", "ID=1000", "SOURCE=\"third\""]).unwrap();
    set.check_fields().unwrap();
    add(&mut set, &["NAME=\"fourth\"", "NO_SOURCE"]).unwrap();
    assert_eq!(
        set.check_fields(),
        Err(PluginError::DuplicateField {
            plugin: "fourth".to_owned(),
            other: name(),
            field: "bad.num".to_owned(),
            event_source: "bad_source".to_owned()
        })
    );
}

#[test]
fn the_event_schema_matters_to_those_who_see_its_events() {
    let live = Version::new(4, 1, 0);
    let check = |defines: &[&str]| accepted(defines).get(FIRST).unwrap().check_event_schema(live);
    // Only plugin events: not asked.
    check(&[]).unwrap();
    check(&["NO_SOURCE", "EVENT_TYPES=322"]).unwrap();
    // Events of the schema, without a word on which: 3.0.0 is meant.
    match check(&["NO_SOURCE"]) {
        Err(PluginError::IncompatibleEventSchema { required, available, reason, .. }) => {
            assert_eq!((required, available), (Version::new(3, 0, 0), live));
            assert_eq!(reason, "major versions disagree");
        }
        other => panic!("{other:?}"),
    }
    check(&["NO_SOURCE", "EVENT_SCHEMA=\"4.0.0\""]).unwrap();
    assert!(matches!(
        check(&["NO_SOURCE", "EVENT_SCHEMA=\"4.2.0\""]),
        Err(PluginError::IncompatibleEventSchema { .. })
    ));
    assert!(matches!(check(&["NO_SOURCE", "EVENT_SCHEMA=\"four\""]), Err(PluginError::InvalidVersion { .. })));
}

#[test]
fn changing_the_configuration() {
    let set_config = |defines: &[&str]| {
        let mut set = accepted(defines);
        set.get_mut(FIRST).unwrap().set_config("new")
    };
    let function = Function("set_config");
    assert_eq!(set_config(&[]), Err(PluginError::NotSupported { plugin: name(), function }));
    assert_eq!(set_config(&["SET_CONFIG=0"]), Ok(()));
    assert_eq!(
        set_config(&["SET_CONFIG=1"]),
        Err(PluginError::Failure { plugin: name(), function, text: "will not have new".to_owned() })
    );
    assert_eq!(
        set_config(&["SET_CONFIG=42"]),
        Err(PluginError::UnexpectedCode { plugin: name(), function, code: Rc(42) })
    );
}

#[test]
fn metrics_are_prefixed_and_nameless_ones_left_out() {
    let mut set = accepted(&["METRICS"]);
    let metrics: Vec<_> = set.metrics().into_iter().map(|m| (m.name, m.monotonic, m.value)).collect();
    assert_eq!(
        metrics,
        [
            ("bad.calls".to_owned(), true, PluginMetricValue::Unsigned(0)),
            ("bad.level".to_owned(), false, PluginMetricValue::Float(-0.5))
        ]
    );
    assert_eq!(accepted(&[]).metrics(), []);
}

#[test]
fn open_parameters_and_progress() {
    let mut set = accepted(&[r#"OPEN_PARAMS="[{\"value\":\"a\",\"desc\":\"b\",\"separator\":\";\"}]""#]);
    let params = set.list_open_params(FIRST).unwrap();
    assert_eq!((params[0].value.as_str(), params[0].desc.as_str(), params[0].separator.as_str()), ("a", "b", ";"));
    assert_eq!(accepted(&[]).list_open_params(FIRST).unwrap(), []);
    for json in ["[{}]", "{}", "x"] {
        let result = accepted(&[&format!("OPEN_PARAMS=\"{json}\"")]).list_open_params(FIRST);
        assert!(matches!(result, Err(PluginError::InvalidJson { .. })), "{json}");
    }

    let mut inspector = open(accepted(&["PROGRESS=\"some\""])).unwrap();
    let (pump, _) = inspector.parts();
    assert!(matches!(pump.next(), Ok(Pull::Event(_))));
    let progress = pump.progress().unwrap();
    assert_eq!((progress.permyriad, progress.text.as_str()), (5000, "some"));
}

#[test]
fn events_as_text() {
    let text = |defines: &[&str]| {
        let mut inspector = open(accepted(defines)).unwrap();
        let (pump, plugins) = inspector.parts();
        let Ok(Pull::Event(event)) = pump.next() else { panic!() };
        plugins.event_to_string(&event)
    };
    assert_eq!(text(&["TO_STRING=\"said so\""]), Some("said so".to_owned()));
    for fallback in [&[][..], &["TO_STRING=NULL"], &["TO_STRING=\"\""]] {
        assert_eq!(text(fallback), Some("datalen=7 data=event 0".to_owned()));
    }
}
