//! The two example plugins, built as a plugin author builds them, loaded, and taken through a whole life.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the test plays the host and loads shared libraries: every block does as the header says"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Extracted, Host, one};
use lanner_plugin_api::raw::{FieldType as F, PluginApi, Rc};
use libloading::Library;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where this very test was built, so that what it shares with the example is not built twice.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn build_rust() -> PathBuf {
    let out = Command::new(env!("CARGO"))
        .args(["build", "--offline", "-q", "-p", "lanner-example-lines", "--target-dir"])
        .arg(target())
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    target().join("debug/liblines.so")
}

fn build_c() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let out = Command::new("make")
        .arg("-B")
        .arg(format!("OUT={}", dir.display()))
        .current_dir(root().join("examples/lines_c"))
        .output()
        .expect("make can be run");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    dir.join("liblines_c.so")
}

/// Loads a library. It is never unloaded: threads of it may be ending.
fn load(path: &Path) -> PluginApi {
    let library = Box::leak(Box::new(unsafe { Library::new(path) }.unwrap()));
    unsafe {
        PluginApi::from_symbols(|name| {
            library
                .get::<*const core::ffi::c_void>(name.to_bytes_with_nul())
                .map_or(core::ptr::null(), |s| s.try_as_raw_ptr().unwrap().cast_const())
        })
    }
}

fn round_trip(api: PluginApi, name: &str, heartbeat: &str) {
    assert_eq!(common::text(unsafe { api.get_required_api_version.unwrap()() }), "3.12.0");
    assert_eq!(common::text(unsafe { api.get_name.unwrap()() }), name);
    assert_eq!(common::text(unsafe { api.get_event_source.unwrap()() }), name);
    assert_eq!(unsafe { api.get_id.unwrap()() }, 999);
    assert!(api.capture_open.is_none(), "a capability that the plugin has not");

    let fields: serde_json::Value = serde_json::from_str(&common::text(unsafe { api.get_fields.unwrap()() })).unwrap();
    let id = |name: &str| {
        let at = fields.as_array().unwrap().iter().position(|f| f["name"] == name);
        u32::try_from(at.unwrap_or_else(|| panic!("no field {name}"))).unwrap()
    };
    let field = |name: &str| &fields[id(name) as usize];
    assert_eq!(field("line.number")["type"], "uint64");
    assert_eq!(field("line.words")["isList"], true);
    assert_eq!(field("line.word")["arg"]["isIndex"], true);
    assert_eq!(field("line.value")["arg"]["isKey"], true);
    assert_eq!(field("line.text")["addOutput"], true);

    let host = Host::new(api, heartbeat).unwrap_or_else(|f| panic!("{}", f.error));
    assert_eq!(*host.owner.log.lock().unwrap(), ["info: ready"]);

    assert!(host.open("/does/not/exist").unwrap_err().contains("") && !host.error().is_empty());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
    std::fs::write(&file, "level=warn disk full  now\n\nlast level=info").unwrap();
    let h = host.open(file.to_str().unwrap()).unwrap();
    let mut events = Vec::new();
    loop {
        let (rc, batch) = host.next(h);
        events.extend(batch);
        if rc == Rc::EOF {
            break;
        }
        assert_eq!(rc, Rc::SUCCESS);
    }
    assert_eq!(events.len(), 3);
    assert_eq!(host.metrics()[0], ("lines_read".to_owned(), 3));

    let get = |event: usize, name, ty, list, arg| host.extract(&events[event], id(name), ty, list, arg);
    assert_eq!(get(0, "line.text", F::STRING, false, None), one("level=warn disk full  now"));
    assert_eq!(get(1, "line.text", F::STRING, false, None), one(""));
    assert_eq!(get(2, "line.number", F::UINT64, false, None), Extracted::Numbers(vec![3]));
    let words = ["level=warn", "disk", "full", "now"].map(str::to_owned).to_vec();
    assert_eq!(get(0, "line.words", F::STRING, true, None), Extracted::Text(words));
    assert_eq!(get(1, "line.words", F::STRING, true, None), Extracted::None);
    assert_eq!(get(0, "line.word", F::STRING, false, Some("2")), one("full"));
    assert_eq!(get(0, "line.word", F::STRING, false, Some("9")), Extracted::None);
    assert_eq!(get(2, "line.value", F::STRING, false, Some("level")), one("info"));
    assert_eq!(get(2, "line.value", F::STRING, false, Some("lev")), Extracted::None);
    assert!(matches!(host.extract(&events[0], 99, F::UINT64, false, None), Extracted::Failed(_)));
    // An event that claims more than it has.
    let mut broken = events[0].clone();
    broken[30..34].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(host.extract(&broken, id("line.text"), F::STRING, false, None), Extracted::None);

    assert_eq!(host.set_handler(true), Rc::SUCCESS);
    let begin = Instant::now();
    while host.owner.async_events.lock().unwrap().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no heartbeat came");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(host.set_handler(false), Rc::SUCCESS);
    let beats = host.owner.async_events.lock().unwrap().len();
    let event = host.owner.async_events.lock().unwrap()[0].clone();
    assert_eq!(u16::from_le_bytes(event[20..22].try_into().unwrap()), 402);
    assert_eq!(&event[42..], b"heartbeat\0");
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(host.owner.async_events.lock().unwrap().len(), beats, "a beat after the handler was unset");

    host.close(h);
}

#[test]
fn the_example_in_rust() {
    let api = load(&build_rust());
    assert!(api.lanner_get_batch_meta.is_some());
    round_trip(api, "lines", r#"{"heartbeat_ms": 1}"#);
    let failed = Host::new(api, r#"{"heart": 1}"#).err().unwrap();
    assert!(failed.error.contains("unknown field `heart`"), "{}", failed.error);
}

#[test]
fn the_example_in_c() {
    let api = load(&build_c());
    assert!(api.lanner_get_batch_meta.is_none());
    round_trip(api, "lines_c", "heartbeat_ms=1");
    let failed = Host::new(api, "heart").err().unwrap();
    assert_eq!(failed.error, "unknown configuration 'heart'");
}
