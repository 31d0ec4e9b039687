//! The published rules files, read from outside the repository, against the whole field and event table.

mod load_support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use lanner_engine::ast::{Expr, ExprKind, Right, Test};
use lanner_engine::load::{LoadResult, Loader, PluginInfo, Settings};
use lanner_engine::scheme::{ArgSpec, EventKind, FieldFlags, FieldInfo, FieldType, Matching, Scheme};
use serde_json::Value;

fn shared() -> Option<PathBuf> {
    let dir = match std::env::var_os("LANNER_SHARED") {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
    };
    if dir.join("falco-rules").is_dir() {
        return Some(dir);
    }
    println!("skipped: ../shared is absent");
    None
}

/// Lines of a CSV file by column name; a value in quotes may hold commas.
fn csv(text: &str) -> Vec<BTreeMap<String, String>> {
    let split = |line: &str| {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().expect("never empty").push(c),
            }
        }
        cells
    };
    let mut lines = text.lines();
    let names = split(lines.next().expect("a header"));
    lines.map(|line| names.iter().cloned().zip(split(line)).collect()).collect()
}

fn scheme(dir: &std::path::Path) -> Arc<Scheme> {
    let read = |name: &str| std::fs::read_to_string(dir.join("facts").join(name)).expect(name);
    let mut builder = Scheme::builder("syscall");
    for row in csv(&read("fields.csv")) {
        if matches!(row["class"].as_str(), "internal" | "k8smeta plugin") {
            continue;
        }
        let name = row["name"].as_str();
        let ty = row["type"].trim_start_matches("PT_").to_ascii_lowercase();
        let ty = FieldType::from_name(&ty).unwrap_or(FieldType::Charbuf);
        let arg = match row["arg"].as_str() {
            "" => ArgSpec::NONE,
            required => ArgSpec { required: required == "required", index: true, key: true, dotted: true },
        };
        let mut flags: FieldFlags = row["flags"].split('|').filter_map(FieldFlags::parse_name).collect();
        flags.set(FieldFlags::FILTER_ONLY, row["filter_only"] == "1");
        let matching = match name {
            "proc.aname" | "proc.aexe" | "proc.aexepath" | "proc.acmdline" | "proc.apid" | "proc.aenv" => Matching::Any,
            "fd.ip" | "fd.port" | "fd.proto" | "fd.net" => Matching::Either,
            "fd.cip.name" | "fd.sip.name" | "fd.lip.name" | "fd.rip.name" => Matching::Host,
            _ => Matching::One,
        };
        let list = row["list"] == "1";
        builder.field(FieldInfo { arg, flags, matching, list, ..FieldInfo::new(name, ty) }).expect(name);
    }
    let mut codes: BTreeMap<String, u16> = BTreeMap::new();
    for row in csv(&read("event_table.csv")) {
        let code: u16 = row["code"].parse().expect("a number");
        codes.insert(row["enum"].clone(), code);
        let name = row["name"].as_str();
        let dynamic = matches!(name, "syscall" | "asyncevent" | "pluginevent");
        builder.event(EventKind { code, name: name.into(), dynamic, every_rule: name == "asyncevent" }).expect(name);
    }
    for row in csv(&read("syscalls.csv")).iter().filter(|row| row["kind"] == "syscall") {
        let found: Vec<u16> =
            ["enter_event", "exit_event"].iter().filter_map(|key| codes.get(&row[*key]).copied()).collect();
        let name = row["name"].as_str();
        builder.syscall(name, &found).expect(name);
    }
    builder.build()
}

const FILES: [&str; 3] = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

fn load(names: &[&str]) -> Option<(Loader, Vec<LoadResult>)> {
    let dir = shared()?;
    let mut settings = Settings::new(vec![scheme(&dir)]);
    settings.plugins.push(PluginInfo {
        name: "container".to_owned(),
        version: "0.7.1".to_owned(),
        fields: vec!["container.id".to_owned(), "container.image.repository".to_owned()],
        field_sources: vec!["syscall".to_owned()],
        ..PluginInfo::default()
    });
    let mut loader = Loader::new(settings);
    let results = names
        .iter()
        .map(|name| {
            let text = std::fs::read_to_string(dir.join("falco-rules").join(name)).expect(name);
            loader.load(name, &text)
        })
        .collect();
    Some((loader, results))
}

fn checks(expr: &Expr) -> usize {
    expr.checks().len()
}

#[test]
fn each_file_alone_loads_without_error() {
    for (name, rules, macros, lists) in [(FILES[0], 25, 87, 49), (FILES[1], 31, 82, 54), (FILES[2], 37, 183, 60)] {
        let Some((loader, results)) = load(&[name]) else { return };
        assert!(results[0].successful(), "{}", results[0].text(loader.files()));
        loader.check_plugins().expect("container is loaded");
        let described = loader.describe();
        let count = |key: &str| described[key].as_array().map_or(0, Vec::len);
        assert_eq!((count("rules"), count("macros"), count("lists")), (rules, macros, lists), "{name}");
        for warning in results[0].warnings() {
            let expected = ["LOAD_UNUSED_MACRO", "LOAD_UNUSED_LIST"];
            assert!(expected.contains(&warning.code()), "{} {}", warning.code(), warning.message);
        }
    }
}

#[test]
fn all_files_together() {
    let Some((loader, results)) = load(&FILES) else { return };
    for result in &results {
        assert!(result.successful(), "{}", result.text(loader.files()));
    }
    assert_eq!(loader.rules().len(), 93);
    assert_eq!(loader.rules().iter().filter(|r| !r.enabled).count(), 12);
    let rules = loader.source_rules("syscall").expect("the source is known");
    assert_eq!(rules.rules.len(), 81);
    assert_eq!(loader.required_engine_version().to_string(), "0.57.0");
}

/// Counted by hand in the published file.
#[test]
fn the_stable_file_is_described_in_full() {
    let Some((loader, _)) = load(&FILES[..1]) else { return };
    let sum: usize = loader.rules().iter().map(|r| checks(&r.expr)).sum();
    let most = loader.rules().iter().max_by_key(|r| checks(&r.expr)).map(|r| (checks(&r.expr), &*r.name));
    assert_eq!((sum, most), (300, Some((70, "Run shell untrusted"))));

    let described = loader.describe();
    let rules = described["rules"].as_array().expect("rules");
    let fields = |key: &str| -> BTreeSet<&str> {
        rules.iter().flat_map(|r| r["details"][key].as_array().expect("fields")).filter_map(Value::as_str).collect()
    };
    let fold = |name: &&str| name.split_once('[').map_or(*name, |(name, _)| name).to_owned();
    assert_eq!(fields("condition_fields").iter().map(fold).collect::<BTreeSet<_>>().len(), 47);
    assert_eq!(fields("output_fields").len(), 45);
    let all: BTreeSet<String> = fields("condition_fields").union(&fields("output_fields")).map(fold).collect();
    assert_eq!(all.len(), 64, "{all:?}");

    let mut named = BTreeSet::new();
    for rule in loader.rules() {
        rule.expr.walk(&mut |part| {
            if let ExprKind::Check(check) = &part.kind
                && check.left.to_string() == "evt.type"
                && let Test::Compare { right, .. } = &check.test
            {
                match right {
                    Right::Value(value) | Right::Name(value) => drop(named.insert(value.text().into_owned())),
                    Right::List(values) => named.extend(values.iter().map(|v| v.text().into_owned())),
                    Right::Call(_) => {}
                }
            }
        });
    }
    assert_eq!(named.len(), 19, "{named:?}");
    let events: BTreeSet<&str> = rules
        .iter()
        .flat_map(|r| r["details"]["events"].as_array().expect("events"))
        .filter_map(Value::as_str)
        .collect();
    assert!(named.iter().all(|name| events.contains(name.as_str())) && events.contains("asyncevent"));
    assert!(events.len() < 40, "a rule without event types: {events:?}");
    assert!(rules.iter().all(|r| r["details"]["exception_names"] == serde_json::json!([])));
    assert!(rules.iter().any(|r| r["details"]["plugins"] == serde_json::json!(["container"])));
}

#[test]
fn every_published_file_is_yaml_that_fits_the_reader() {
    let Some(dir) = shared() else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(dir.join("falco-rules")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "yaml") {
            let text = std::fs::read_to_string(&path).expect("readable");
            let mut loader = Loader::new(Settings::new(Vec::new()));
            let result = loader.load(&path.to_string_lossy(), &text);
            let errors: Vec<_> = result.errors().map(|e| e.message.clone()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            count += 1;
        }
    }
    assert_eq!(count, 6);
}
