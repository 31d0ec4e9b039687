//! Plugins made with Lanner's own SDK, linked in and loaded: a panic in any function is a named error, and the examples
//! for authors work in the host as they stand.

#![allow(
    unexpected_cfgs,
    unreachable_pub,
    reason = "the plugin below is linked in: this crate has no feature `cdylib`"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use lanner::plugin::{
    FieldRequest, Function, Inspector, LoadedLibrary, Open, PluginError, PluginIdx, PluginMetricValue, PluginSet, Pull,
    Value,
};
use lanner_plugin_api::raw::StateType;
use lanner_tests::plugins::{built, empty_set};

/// Panics wherever it is told to.
mod fragile {
    use std::ffi::CStr;

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::sdk::*;

    pub struct Fragile {
        place: String,
    }

    impl Fragile {
        fn at(&self, place: &str) {
            assert!(self.place != place, "broken in {place}");
        }
    }

    impl Plugin for Fragile {
        const NAME: &'static CStr = c"fragile";
        const DESCRIPTION: &'static CStr = c"panics on demand";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"1.0.0";
        type Config = String;

        fn new(_: &mut Init<'_>, place: String) -> Result<Self, Error> {
            let this = Self { place };
            this.at("init");
            Ok(this)
        }

        fn set_config(&mut self, _: String) -> Result<(), Error> {
            self.at("set_config");
            Ok(())
        }
    }

    pub struct Stream {
        left: u32,
    }

    impl Source for Fragile {
        const PLUGIN_ID: u32 = 4242;
        const EVENT_SOURCE: &'static CStr = c"fragile";
        type Instance = Stream;

        fn open(&mut self, _: &str) -> Result<Stream, Error> {
            self.at("open");
            Ok(Stream { left: 2 })
        }
    }

    impl SourceInstance for Stream {
        type Plugin = Fragile;

        fn next_batch<'i>(&'i mut self, plugin: &mut Fragile, batch: &mut Batch<'i>) -> Result<Next, Error> {
            plugin.at("next_batch");
            if self.left == 0 {
                return Ok(Next::End);
            }
            self.left -= 1;
            batch.payload(b"sound")?;
            Ok(Next::More)
        }
    }

    impl Extract for Fragile {
        fn fields(fields: &mut Fields<Self>) {
            fields.add("fragile.number", "A number", |this: &mut Self, _: &ExtractCx<'_>| -> Option<u64> {
                this.at("extract");
                Some(7)
            });
        }
    }

    impl Parse for Fragile {
        fn parse(&mut self, _: &ParseCx<'_>) -> Result<(), Error> {
            self.at("parse");
            Ok(())
        }
    }

    export_plugin!(Fragile: source, extract, parse);
}

const FIRST: PluginIdx = PluginIdx::new(0);

fn fragile(place: &str) -> Result<PluginSet, PluginError> {
    let (mut set, _) = empty_set();
    set.add(&LoadedLibrary::builtin(&fragile::PLUGIN_API).unwrap(), place)?;
    Ok(set)
}

fn open(set: PluginSet, params: &str) -> Result<Inspector, PluginError> {
    Inspector::open(set, Open { source: FIRST, params, recorded: true, event_schema: None })
}

/// Runs to the end: values of the field, errors, faults.
fn run(place: &str) -> (Vec<Option<u64>>, Vec<PluginError>, Vec<PluginError>) {
    let mut inspector = open(fragile(place).unwrap(), "").unwrap();
    let (pump, plugins) = inspector.parts();
    let request = FieldRequest { plugin: FIRST, field: 0, arg: None, ty: None, list: false };
    let field = plugins.prepare(request).unwrap();
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        match pump.next() {
            Ok(Pull::Event(event)) => {
                plugins.parse(&event);
                values.push(field.extract(plugins, &event).map(|v| match v.first() {
                    Value::U64(n) => n,
                    other => panic!("{other:?}"),
                }));
            }
            Ok(Pull::Idle { .. }) => {}
            Ok(Pull::End) => break,
            Err(e) => errors.push(e),
        }
    }
    let faults = plugins.faults().iter().map(|f| f.error.clone()).collect();
    (values, errors, faults)
}

#[test]
fn a_panic_is_an_error_that_names_place_and_message() {
    let named = |error: Option<PluginError>, function: &'static str, place: &str| match error {
        Some(PluginError::Failure { plugin, function: Function(found), text }) => {
            assert_eq!((plugin.as_str(), found), ("fragile", function));
            assert!(text.contains(&format!("broken in {place}")), "{text}");
        }
        other => panic!("{place}: {other:?}"),
    };
    match fragile("init").err() {
        Some(PluginError::Init { text, .. }) => assert!(text.contains("broken in init"), "{text}"),
        other => panic!("{other:?}"),
    }
    named(open(fragile("open").unwrap(), "").err(), "open", "open");
    let mut set = fragile("set_config").unwrap();
    named(set.get_mut(FIRST).unwrap().set_config("other").err(), "set_config", "set_config");

    let (values, mut errors, faults) = run("next_batch");
    assert_eq!((values, faults), (vec![], vec![]));
    assert_eq!(errors.len(), 1);
    named(errors.pop(), "next_batch", "next_batch");

    let (values, errors, mut faults) = run("parse");
    assert_eq!((values, errors), (vec![Some(7), Some(7)], vec![]), "the host goes on");
    assert_eq!(faults.len(), 1);
    named(faults.pop(), "parse_event", "parse");

    let (values, errors, faults) = run("extract");
    assert_eq!((values, errors, faults), (vec![None, None], vec![], vec![]), "a failed extraction is no value");

    assert_eq!(run("nowhere"), (vec![Some(7), Some(7)], vec![], vec![]));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The example in Rust, built as its author would; in the test's own target folder, whose dependencies it shares.
fn lines_in_rust() -> PathBuf {
    let target = built().join("..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "-p", "lanner-example-lines", "--target-dir"]).arg(&target).current_dir(root());
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug/liblines.so")
}

/// The example in C, by its own Makefile.
fn lines_in_c() -> PathBuf {
    let out = built().join(format!("lines-{}", std::process::id()));
    std::fs::create_dir_all(&out).unwrap();
    let mut make = Command::new("make");
    make.arg("-B").arg(format!("OUT={}", out.display())).current_dir(root().join("plugin-api/examples/lines_c"));
    let output = make.output().expect("make can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    out.join("liblines_c.so")
}

#[test]
fn the_example_in_rust_works_in_the_host() {
    let (mut set, _) = empty_set();
    let library = LoadedLibrary::open(&lines_in_rust()).unwrap();
    set.add(&library, r#"{"urgent": "fire"}"#).unwrap();
    assert_eq!(set.tables(), [("line_levels".to_owned(), StateType::STRING)]);
    let (mut other, _) = empty_set();
    assert!(matches!(other.add(&library, r#"{"urgnt": ""}"#), Err(PluginError::ConfigRejected { .. })));
    let metrics = over_lines(
        set,
        &["line.number", "line.text", "line.urgent", "line.words"],
        &[
            "1;level=info all is well;false;level=info,all,is,well",
            "2;level=warn fire in the kitchen;true;level=warn,fire,in,the,kitchen",
        ],
    );
    assert!(metrics.contains(&("lines.lines_read".to_owned(), PluginMetricValue::Unsigned(2))), "{metrics:?}");
}

#[test]
fn the_example_in_c_works_in_the_host() {
    let path = lines_in_c();
    let (mut set, _) = empty_set();
    set.add(&LoadedLibrary::open(&path).unwrap(), "").unwrap();
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let info = set.get(FIRST).unwrap().info();
    let fields: Vec<String> = info.fields.iter().filter(|f| !f.arg.required).map(|f| f.name.clone()).collect();
    let text = fields.iter().find(|f| f.ends_with(".text")).expect("a field with the line's text").clone();
    over_lines(set, &[text.as_str()], &["level=info all is well", "level=warn fire in the kitchen"]);
}

/// Reads two lines through the set and compares the fields of each event; returns the metrics.
fn over_lines(set: PluginSet, fields: &[&str], expected: &[&str]) -> Vec<(String, PluginMetricValue)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "level=info all is well\nlevel=warn fire in the kitchen\n").unwrap();
    let mut inspector = open(set, file.path().to_str().unwrap()).unwrap();
    let (pump, plugins) = inspector.parts();
    let info = plugins.get(FIRST).unwrap().info();
    let specs: Vec<_> = fields.iter().map(|n| info.fields.iter().find(|f| f.name == *n).unwrap()).collect();
    let prepared: Vec<_> = specs
        .iter()
        .map(|f| FieldRequest { plugin: FIRST, field: f.id, arg: None, ty: None, list: f.list })
        .map(|request| plugins.prepare(request).unwrap())
        .collect();
    let mut rows = Vec::new();
    for _ in 0..1000 {
        match pump.next().unwrap() {
            Pull::Event(event) => {
                plugins.parse(&event);
                let row: Vec<String> = prepared
                    .iter()
                    .map(|p| {
                        let values = p.extract(plugins, &event).expect("every line has every field");
                        let texts: Vec<String> = values
                            .iter()
                            .map(|v| match v {
                                Value::U64(n) => n.to_string(),
                                Value::Bool(b) => b.to_string(),
                                Value::Str(s) | Value::Bytes(s) => String::from_utf8_lossy(s).into_owned(),
                            })
                            .collect();
                        texts.join(",")
                    })
                    .collect();
                rows.push(row.join(";"));
            }
            Pull::Idle { .. } => {}
            Pull::End => break,
        }
    }
    assert_eq!(rows, expected);
    assert!(plugins.faults().is_empty(), "{:?}", plugins.faults());
    plugins.metrics().into_iter().map(|m| (m.name, m.value)).collect()
}
