//! What the field list says follows from the functions' signatures; and extraction allocates nothing once warm.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host; this crate itself has no feature `cdylib`"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{Extracted, Host, one};
use lanner_plugin_api::raw::FieldType as F;
use serde_json::json;

/// Counts allocations of the thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

mod typed {
    use std::ffi::CStr;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, UNIX_EPOCH};

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::sdk::*;
    use schemars::JsonSchema;
    use serde::Deserialize;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct Config {
        /// What to say.
        pub word: String,
    }

    pub struct Typed {
        config: Config,
    }

    impl Plugin for Typed {
        const NAME: &'static CStr = c"typed";
        const DESCRIPTION: &'static CStr = c"one field of each kind";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"0.0.1";
        type Config = Json<Config>;
        fn new(_: &mut Init<'_>, Json(config): Json<Config>) -> Result<Self, Error> {
            Ok(Self { config })
        }
        fn set_config(&mut self, Json(config): Json<Config>) -> Result<(), Error> {
            self.config = config;
            Ok(())
        }
    }

    type Cx<'a> = ExtractCx<'a>;

    impl Typed {
        fn word<'a>(&'a mut self, _: &'a Cx<'a>) -> &'a str {
            &self.config.word
        }
        fn fails(&mut self, _: &Cx<'_>) -> Result<u64, Error> {
            Err(Error::other("no number today"))
        }
        fn number(&mut self, cx: &Cx<'_>) -> u64 {
            cx.event.num()
        }
        fn maybe(&mut self, _: &Cx<'_>, key: Option<&str>) -> Option<String> {
            Some(key?.to_uppercase())
        }
        fn at(&mut self, _: &Cx<'_>, at: Option<u64>) -> u64 {
            at.unwrap_or(100)
        }
        fn must(&mut self, _: &Cx<'_>, at: u64) -> u64 {
            at
        }
    }

    impl Extract for Typed {
        const EVENT_SOURCES: &'static [&'static str] = &["a", "b"];
        const EVENT_TYPES: &'static [u16] = &[322, 402];

        fn fields(f: &mut Fields<Self>) {
            f.add("t.word", "Word", Self::word).display("Word").suggested().info();
            f.add("t.number", "Number", Self::number).hidden();
            f.add("t.fails", "Fails", Self::fails).conversation();
            f.add("t.yes", "Yes", |_: &mut Self, _: &Cx<'_>| true);
            f.add("t.list", "List", |_: &mut Self, _: &Cx<'_>| vec![1u64, 2, 3]);
            f.add("t.texts", "Texts", |_: &mut Self, _: &Cx<'_>| Some(vec!["a".to_owned(), String::new()]));
            f.add("t.ip", "Address", |_: &mut Self, _: &Cx<'_>| IpAddr::V4(Ipv4Addr::new(1, 2, 3, 4)));
            f.add("t.took", "Span", |_: &mut Self, _: &Cx<'_>| RelTime(Duration::from_micros(3)));
            f.add("t.when", "Moment", |_: &mut Self, _: &Cx<'_>| Timestamp(UNIX_EPOCH + Duration::from_secs(2)));
            f.add("t.maybe", "Optional key", Self::maybe);
            f.add("t.at", "Optional index", Self::at);
            f.add("t.must", "Required index", Self::must);
            f.add("t.key", "Required key", |_: &mut Self, _: &Cx<'_>, key: &str| key.len() as u64);
        }
    }

    export_plugin!(Typed: extract);
}

mod raw_fields {
    use std::ffi::{CStr, CString};

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::raw::FieldType;
    use lanner_plugin_api::sdk::*;

    pub struct Raw {
        name: CString,
    }

    impl Plugin for Raw {
        const NAME: &'static CStr = c"raw";
        const DESCRIPTION: &'static CStr = c"raw fields";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"0.0.1";
        type Config = ();
        fn new(_: &mut Init<'_>, (): ()) -> Result<Self, Error> {
            Ok(Self { name: c"borrowed".into() })
        }
    }

    impl ExtractRaw for Raw {
        fn field_defs() -> Vec<FieldDef> {
            vec![
                FieldDef {
                    name: "r.port",
                    ty: FieldType::PORT,
                    desc: "Port",
                    format: PrintFormat::Hex,
                    matching: Matching::Either,
                    class: "fd",
                    class_desc: "Descriptors",
                    flags: FieldFlags::FILTER_ONLY | FieldFlags::NO_RHS,
                    arg: ArgSpec { key: true, dotted: true, ..ArgSpec::NONE },
                    ..FieldDef::EMPTY
                },
                FieldDef { name: "r.name", desc: "Name", ..FieldDef::EMPTY },
                FieldDef { name: "r.data", ty: FieldType::BYTEBUF, desc: "Data", ..FieldDef::EMPTY },
                FieldDef { name: "r.list", list: true, desc: "List", ..FieldDef::EMPTY },
            ]
        }

        fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
            match req.id {
                0 => out.u64(443),
                1 => out.cstr(&self.name),
                2 => out.bytes(&cx.event.bytes()[..8]),
                _ => (0..20).for_each(|i| out.display(format_args!("item {i}"))),
            }
            true
        }
    }

    export_plugin!(Raw: extract_raw);
}

fn event() -> Vec<u8> {
    let mut e = vec![0u8; 26];
    e[16] = 26;
    e[0] = 9;
    e
}

#[test]
fn the_field_list_says_what_the_signatures_say() {
    let api = &typed::PLUGIN_API;
    let fields: serde_json::Value = serde_json::from_str(&common::text(unsafe { api.get_fields.unwrap()() })).unwrap();
    let expected = json!([
        {"name": "t.word", "type": "string", "desc": "Word", "display": "Word", "properties": ["info"], "addOutput": true},
        {"name": "t.number", "type": "uint64", "desc": "Number", "properties": ["hidden"]},
        {"name": "t.fails", "type": "uint64", "desc": "Fails", "properties": ["conversation"]},
        {"name": "t.yes", "type": "bool", "desc": "Yes"},
        {"name": "t.list", "type": "uint64", "desc": "List", "isList": true},
        {"name": "t.texts", "type": "string", "desc": "Texts", "isList": true},
        {"name": "t.ip", "type": "ipaddr", "desc": "Address"},
        {"name": "t.took", "type": "reltime", "desc": "Span"},
        {"name": "t.when", "type": "abstime", "desc": "Moment"},
        {"name": "t.maybe", "type": "string", "desc": "Optional key", "arg": {"isKey": true}},
        {"name": "t.at", "type": "uint64", "desc": "Optional index", "arg": {"isIndex": true}},
        {"name": "t.must", "type": "uint64", "desc": "Required index", "arg": {"isRequired": true, "isIndex": true}},
        {"name": "t.key", "type": "uint64", "desc": "Required key", "arg": {"isRequired": true, "isKey": true}},
    ]);
    assert_eq!(fields, expected);
    assert_eq!(common::text(unsafe { api.get_extract_event_sources.unwrap()() }), r#"["a","b"]"#);
    let mut n = 0;
    let types = unsafe { api.get_extract_event_types.unwrap()(&mut n, std::ptr::null_mut()) };
    assert_eq!(unsafe { std::slice::from_raw_parts(types, n as usize) }, [322, 402]);
    assert!(api.parse_event.is_none() && api.open.is_none() && api.lanner_get_field_details.is_none());
}

#[test]
fn the_schema_is_that_of_the_configuration_type() {
    let mut ty = lanner_plugin_api::raw::SchemaType(9);
    let schema = common::text(unsafe { typed::PLUGIN_API.get_init_schema.unwrap()(&mut ty) });
    assert_eq!(ty, lanner_plugin_api::raw::SchemaType::JSON);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["properties"]["word"]["type"], "string");
    assert_eq!(schema["properties"]["word"]["description"], "What to say.");
    assert_eq!(schema["required"], json!(["word"]));
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["$schema"].as_str().unwrap().contains("draft-07"));
    let failed = Host::new(typed::PLUGIN_API, "").err().unwrap();
    assert!(failed.error.contains("missing field `word`"), "{}", failed.error);
}

#[test]
fn typed_fields_give_their_values() {
    let host = Host::new(typed::PLUGIN_API, r#"{"word": "hello"}"#).unwrap_or_else(|f| panic!("{}", f.error));
    let e = event();
    let get = |id, ty, list, arg| host.extract_twice(&e, id, ty, list, arg);
    assert_eq!(get(0, F::STRING, false, None), one("hello"));
    assert_eq!(get(1, F::UINT64, false, None), Extracted::Numbers(vec![1]));
    assert_eq!(get(2, F::UINT64, false, None), Extracted::Failed("no number today".into()));
    assert_eq!(get(3, F::BOOL, false, None), Extracted::Bool(true));
    assert_eq!(get(4, F::UINT64, true, None), Extracted::Numbers(vec![1, 2, 3]));
    assert_eq!(get(5, F::STRING, true, None), Extracted::Text(vec!["a".into(), String::new()]));
    assert_eq!(get(6, F::IPADDR, false, None), Extracted::Bytes(vec![1, 2, 3, 4]));
    assert_eq!(get(7, F::RELTIME, false, None), Extracted::Numbers(vec![3000]));
    assert_eq!(get(8, F::ABSTIME, false, None), Extracted::Numbers(vec![2_000_000_000]));
    assert_eq!(get(9, F::STRING, false, Some("abc")), one("ABC"));
    assert_eq!(get(9, F::STRING, false, None), Extracted::None);
    assert_eq!(get(10, F::UINT64, false, Some("7")), Extracted::Numbers(vec![7]));
    assert_eq!(get(10, F::UINT64, false, None), Extracted::Numbers(vec![100]));
    assert_eq!(get(11, F::UINT64, false, Some("7")), Extracted::Numbers(vec![7]));
    assert_eq!(get(11, F::UINT64, false, None), Extracted::None);
    assert_eq!(get(12, F::UINT64, false, Some("four")), Extracted::Numbers(vec![4]));
    let config = lanner_plugin_api::raw::SetConfigInput { config: c"{\"word\": \"bye\"}".as_ptr() };
    unsafe { host.api.set_config.unwrap()(host.state, &config) };
    assert_eq!(get(0, F::STRING, false, None), one("bye"));
}

#[test]
fn details_stand_beside_the_plain_list() {
    let api = &raw_fields::PLUGIN_API;
    let parse = |p| serde_json::from_str::<serde_json::Value>(&common::text(p)).unwrap();
    let fields = parse(unsafe { api.get_fields.unwrap()() });
    let details = parse(unsafe { api.lanner_get_field_details.unwrap()() });
    assert_eq!(fields[0], json!({"name": "r.port", "type": "uint64", "desc": "Port", "arg": {"isKey": true}}));
    assert_eq!(
        details[0],
        json!({"type": "port", "format": "hex", "flags": ["filter_only", "no_rhs", "arg_allowed", "arg_key"],
               "match": "either", "class": "fd", "class_desc": "Descriptors", "dotted": true})
    );
    assert_eq!((&fields[2]["type"], &details[2]["type"]), (&json!("string"), &json!("bytebuf")));
    assert_eq!(details[1]["type"], "charbuf");
    assert_eq!(fields.as_array().unwrap().len(), details.as_array().unwrap().len());
}

#[test]
fn extraction_allocates_nothing_once_warm() {
    let host = Host::new(raw_fields::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error));
    let e = event();
    assert_eq!(host.extract_twice(&e, 0, F::PORT, false, None), Extracted::Numbers(vec![443]));
    assert_eq!(host.extract_twice(&e, 1, F::STRING, false, None), one("borrowed"));
    assert_eq!(host.extract_twice(&e, 2, F::BYTEBUF, false, None), Extracted::Bytes(vec![9, 0, 0, 0, 0, 0, 0, 0]));
    assert!(matches!(host.extract_twice(&e, 3, F::STRING, true, None), Extracted::Text(t) if t.len() == 20));

    let count = |id, ty, list| {
        let mut field = lanner_plugin_api::raw::ExtractField {
            res: lanner_plugin_api::raw::ExtractResult { u64: std::ptr::null() },
            res_len: 0,
            field_id: id,
            field: c"".as_ptr(),
            arg_key: c"key".as_ptr(),
            arg_index: u64::MAX,
            arg_present: true.into(),
            ftype: ty,
            flist: lanner_plugin_api::raw::Bool(list),
        };
        let input = lanner_plugin_api::raw::FieldExtractInput {
            owner: host.owner_ptr(),
            get_owner_last_error: None,
            num_fields: 1,
            fields: &mut field,
            table_reader: Default::default(),
            table_reader_ext: std::ptr::null_mut(),
            value_offsets: std::ptr::null_mut(),
        };
        let evt = lanner_plugin_api::raw::EventInput { evt: e.as_ptr().cast(), evtnum: 1, evtsrc: c"".as_ptr() };
        let before = ALLOCATIONS.with(Cell::get);
        for _ in 0..1000 {
            let rc = unsafe { host.api.extract_fields.unwrap()(host.state, &evt, &input) };
            assert_eq!(rc, lanner_plugin_api::raw::Rc::SUCCESS);
        }
        ALLOCATIONS.with(Cell::get) - before
    };
    for (id, ty, list) in [(0, F::PORT, 0), (1, F::STRING, 0), (2, F::BYTEBUF, 0), (3, F::STRING, 64)] {
        assert_eq!(count(id, ty, list), 0, "field {id}");
    }
}
