//! Every field of every event of the recorded captures against what the engine that Lanner replaces printed.
//!
//! Beside each capture lies a file with one JSON object per event. A field is compared in its JSON form, so the rules
//! of that form are written down here, in [`Item::json`]; the host's formatter has the same. With `CAPTURE=name` only
//! captures of that name are replayed.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use lanner_plugin_api::schema::ParamType;
use lanner_plugin_api::wire::Event;
use lanner_syscall::capture::{CaptureReader, Step};
use lanner_syscall::fields::spec::{Field, FieldType, PrintFormat};
use lanner_syscall::fields::{BufferFormat, Extractor, FieldId, Request, Seen, Sink};
use lanner_syscall::state::table::DynValue;
use lanner_syscall::state::zstr::ZStr;
use lanner_syscall::state::{Limits, Mode, State};
use serde_json::{Map, Value};

/// Keys that other parts of Lanner answer for.
fn is_foreign(key: &str) -> bool {
    const GENERIC: [&str; 18] = [
        "evt.num",
        "evt.time",
        "evt.time.s",
        "evt.time.iso8601",
        "evt.datetime",
        "evt.datetime.s",
        "evt.rawtime",
        "evt.rawtime.s",
        "evt.rawtime.ns",
        "evt.reltime",
        "evt.reltime.s",
        "evt.reltime.ns",
        "evt.pluginname",
        "evt.plugininfo",
        "evt.source",
        "evt.is_async",
        "evt.asynctype",
        "evt.hostname",
    ];
    GENERIC.contains(&key)
        || key.starts_with("container.")
        || key.starts_with("k8s.")
        || key.starts_with("proc.is_container_")
}

/// A key of the recorded objects, ready to be asked for.
struct Key {
    name: String,
    field: &'static Field,
    id: FieldId,
    arg: Option<String>,
}

impl Key {
    /// Splits `field[arg]` and `field.arg`.
    fn parse(name: &str) -> Self {
        let (field, arg) = match name.split_once('[') {
            Some((field, rest)) => (FieldId::by_name(field), Some(rest.trim_end_matches(']').to_owned())),
            None => match FieldId::by_name(name) {
                Some(field) => (Some(field), None),
                None => {
                    let dots = name.match_indices('.').rev();
                    dots.map(|(at, _)| (FieldId::by_name(&name[..at]), Some(name[at + 1..].to_owned())))
                        .find(|(field, _)| field.is_some_and(|id| id.info().arg.is_some_and(|arg| arg.dotted)))
                        .unwrap_or_default()
                }
            },
        };
        let id = field.unwrap_or_else(|| panic!("no such field: {name}"));
        Self { name: name.to_owned(), field: id.info(), id, arg }
    }
}

/// One extracted value.
enum Item {
    U64(u64),
    I64(i64),
    F64(f64),
    Bool(bool),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Ip(IpAddr),
}

#[derive(Default)]
struct Collect(Vec<Item>);

impl<'a> Sink<'a> for Collect {
    fn put_u64(&mut self, value: u64) {
        self.0.push(Item::U64(value));
    }
    fn put_i64(&mut self, value: i64) {
        self.0.push(Item::I64(value));
    }
    fn put_f64(&mut self, value: f64) {
        self.0.push(Item::F64(value));
    }
    fn put_bool(&mut self, value: bool) {
        self.0.push(Item::Bool(value));
    }
    fn put_text(&mut self, text: &[u8]) {
        self.0.push(Item::Text(text.to_vec()));
    }
    fn put_cstr(&mut self, text_with_nul: &'a [u8]) {
        let text = text_with_nul.strip_suffix(b"\0").expect("a C string ends with NUL");
        assert!(!text.contains(&0), "a C string has one NUL");
        self.0.push(Item::Text(text.to_vec()));
    }
    fn put_bytes(&mut self, bytes: &'a [u8]) {
        self.0.push(Item::Bytes(bytes.to_vec()));
    }
    fn put_ip(&mut self, ip: IpAddr) {
        self.0.push(Item::Ip(ip));
    }
}

/// Numbers print as JSON numbers when decimal, as text when hexadecimal or octal, and not at all without a format.
fn number(value: i64, signed: bool, format: PrintFormat) -> Value {
    let plain = if signed { Value::from(value) } else { Value::from(value as u64) };
    match format {
        PrintFormat::Dec | PrintFormat::Id => plain,
        PrintFormat::Hex => format!("{value:X}").into(),
        PrintFormat::Oct => format!("{value:o}").into(),
        PrintFormat::Padded10 => format!("{value:09}").into(),
        PrintFormat::Na | PrintFormat::Dir => Value::Null,
    }
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}

impl Item {
    fn json(&self, key: &Key, event: &Event<'_>) -> Value {
        if key.field.name == "evt.rawarg" {
            return self.raw_json(key, event);
        }
        match (self, key.field.ty) {
            // Spans between events are numbers in JSON, whatever their print format.
            (Item::U64(value), FieldType::RelTime) => Value::from(*value),
            (_, FieldType::IpNet) => "<IPNET>".into(),
            (Item::U64(value), FieldType::I64 | FieldType::I32 | FieldType::I16) => {
                number(*value as i64, true, key.field.format)
            }
            (Item::U64(value), _) => number(*value as i64, false, key.field.format),
            (Item::I64(value), FieldType::I32) if key.field.format == PrintFormat::Hex => {
                number(i64::from(*value as u32), true, PrintFormat::Hex)
            }
            (Item::I64(value), _) => number(*value, true, key.field.format),
            (Item::F64(value), _) => Value::from(*value),
            (Item::Bool(value), _) => Value::from(*value),
            (Item::Text(bytes), _) => text(bytes),
            (Item::Bytes(bytes), _) => {
                let dots: Vec<u8> = bytes.iter().map(|&b| if (32..127).contains(&b) { b } else { b'.' }).collect();
                text(&dots)
            }
            (Item::Ip(ip), _) => ip.to_string().into(),
        }
    }

    /// `evt.rawarg` prints as the event's own parameter does.
    fn raw_json(&self, key: &Key, event: &Event<'_>) -> Value {
        use lanner_plugin_api::schema::PrintFormat as P;
        let param = event.param_by_name(key.arg.as_deref().unwrap_or_default()).expect("there is a value");
        let format = match param.info.format {
            P::Dec | P::Id => PrintFormat::Dec,
            P::Hex => PrintFormat::Hex,
            P::Oct => PrintFormat::Oct,
            _ => PrintFormat::Na,
        };
        match self {
            Item::I64(value) if format == PrintFormat::Na && param.info.ty == ParamType::Fd => value.to_string().into(),
            Item::I64(value) => number(*value, true, format),
            Item::Text(bytes) => text(bytes),
            _ => Value::Null,
        }
    }
}

/// Where Lanner means to differ, with the reason. Nothing else is passed over.
fn is_deliberate(
    key: &Key,
    expected: &Value,
    ours: &Value,
    line: &Map<String, Value>,
    event: &Event<'_>,
) -> Option<&'static str> {
    let name = key.field.name;
    match name {
        "proc.exe_ino.ctime_duration_proc_start" | "proc.exe_ino.ctime_duration_pidns_start"
            if ours.is_null() && expected.as_u64().is_some() =>
        {
            Some("memory that was never written, for processes without an inode in the capture")
        }
        "evt.buffer" if event.param_by_name("data").is_some_and(|p| has_no_bytes(p.bytes, p.info.ty)) => {
            Some("no bytes, printed with the length of an earlier buffer")
        }
        "evt.deltatime" | "evt.deltatime.s" | "evt.deltatime.ns" if *expected == 0 => {
            Some("the value was taken twice per event, the second time against the event itself")
        }
        "thread.cpu" | "thread.cpu.user" | "thread.cpu.system" if *expected == 0.0 => {
            Some("the value was taken twice per event, the second time against the event itself")
        }
        "thread.exectime" | "thread.totexectime" if *expected == 0 => {
            Some("replays had no description of the machine, hence no processors to keep times of")
        }
        "evt.rawarg" if *expected == "0" && ours.is_null() && raw_is_empty(key, event) => {
            Some("an absent value was printed as 0")
        }
        "fd.types" if is_permutation(expected, ours) => Some("the order was that of a hash table"),
        _ if (name == "proc.sname" || name.starts_with("proc.sid.") || name.starts_with("proc.vpgid."))
            && *expected == ""
            && line["proc.vpid"] != line["proc.pid"] =>
        {
            Some("who leads a session or group within a pid namespace was passed over, being no parent of itself")
        }
        // Recorded with evt.abspath among the fields, before these.
        _ if (name.starts_with("fd.") || name.starts_with("fs.path.") || name.starts_with("evt.count.error."))
            && abspath_used_directory(line, event) =>
        {
            Some("evt.abspath left the descriptor of the directory in place of the event's own")
        }
        _ => None,
    }
}

fn has_no_bytes(bytes: &[u8], ty: ParamType) -> bool {
    bytes.is_empty() || ty != ParamType::Bytebuf
}

fn raw_is_empty(key: &Key, event: &Event<'_>) -> bool {
    key.arg.as_deref().and_then(|name| event.param_by_name(name)).is_some_and(|param| param.bytes.is_empty())
}

fn is_permutation(a: &Value, b: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut items: Vec<String> = value.as_array()?.iter().map(Value::to_string).collect();
        items.sort_unstable();
        Some(items)
    };
    sorted(a).is_some_and(|a| Some(a) == sorted(b))
}

/// Whether `evt.abspath` looked up a directory by its descriptor: for a relative path that has one.
fn abspath_used_directory(line: &Map<String, Value>, event: &Event<'_>) -> bool {
    const OPERANDS: [(&str, &str); 12] = [
        ("dirfd", "name"),
        ("dirfd", "path"),
        ("dirfd", "filename"),
        ("dirfd", "pathname"),
        ("olddirfd", "oldpath"),
        ("newdirfd", "newpath"),
        ("olddir", "oldpath"),
        ("newdir", "newpath"),
        ("linkdirfd", "linkpath"),
        ("dirfd", "linkpath"),
        ("dirfd", "oldpath"),
        ("dirfd", "newpath"),
    ];
    let value = |name| event.param_by_name(name).map(|param| param.bytes);
    (line["evt.abspath.src"].is_string() || line["evt.abspath.dst"].is_string())
        && OPERANDS.iter().any(|&(dir, path)| {
            let dir = value(dir).and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
            dir.is_some_and(|dir| dir != -100) && value(path).is_some_and(|path| path.first() != Some(&b'/'))
        })
}

#[derive(Default)]
struct Report {
    lines: usize,
    values: usize,
    differences: BTreeMap<String, (usize, String)>,
    deliberate: BTreeMap<(&'static str, &'static str), usize>,
}

impl Report {
    fn merge(&mut self, other: Report) {
        self.lines += other.lines;
        self.values += other.values;
        for (key, (count, example)) in other.differences {
            self.differences.entry(key).or_insert((0, example)).0 += count;
        }
        for (key, count) in other.deliberate {
            *self.deliberate.entry(key).or_default() += count;
        }
    }
}

fn compare(
    keys: &[Key],
    line: &Map<String, Value>,
    state: &State,
    seen: &Seen<'_>,
    extractor: &mut Extractor,
    report: &mut Report,
    capture: &str,
) {
    let mut out = Collect::default();
    for key in keys {
        out.0.clear();
        let request = Request::scalar(key.id, key.arg.as_deref());
        let found = extractor.extract(state, seen, &request, &mut out);
        let ours = if !found {
            Value::Null
        } else if key.field.list {
            Value::Array(out.0.iter().map(|item| item.json(key, &seen.event)).collect())
        } else {
            assert_eq!(out.0.len(), 1, "{} is one value", key.name);
            out.0[0].json(key, &seen.event)
        };
        report.values += 1;
        let expected = &line[&key.name];
        if *expected == ours {
            continue;
        }
        if let Some(reason) = is_deliberate(key, expected, &ours, line, &seen.event) {
            *report.deliberate.entry((key.field.name, reason)).or_default() += 1;
            continue;
        }
        let entry = report.differences.entry(key.name.clone()).or_insert_with(|| {
            let num = &line["evt.num"];
            let event = format!("{:?}", seen.event).chars().take(700).collect::<String>();
            (0, format!("{capture} event {num} {}: expected {expected}, ours {ours}\n      {event}", line["evt.type"]))
        });
        entry.0 += 1;
    }
}

/// Stands for the container plugin, which writes the container's id into the thread.
fn set_container(state: &mut State, field: usize, tid: i64, line: &Map<String, Value>) {
    let id = line["container.id"].as_str().unwrap_or_default();
    let id = if id == "host" { "" } else { id };
    if let Some(thread) = state.thread_mut(tid) {
        thread.dynamic.set(field, DynValue::Text(ZStr::from(id)));
    }
}

fn replay(scap: &Path) -> Report {
    let capture = scap.file_name().unwrap().to_string_lossy().trim_end_matches(".scap.gz").to_owned();
    let mut lines = common::field_lines(scap);
    let mut reader = CaptureReader::open(scap).unwrap();
    let mut state = State::new(Mode::Capture, Limits::default());
    let container = state.thread_fields.add("container_id", 9).unwrap();
    let mut extractor = Extractor::new(BufferFormat::Dots, TimeZone::UTC);
    let mut report = Report::default();
    let mut keys: Vec<Key> = Vec::new();
    loop {
        match reader.step().unwrap() {
            Step::Section(initial) => state.load(&initial),
            Step::Events(batch) => {
                for (event, meta) in batch.iter() {
                    state.on_event(&event, meta.cpu, meta.num);
                    let seen = Seen { event, cpu: meta.cpu, hidden: meta.is_hidden() };
                    extractor.next(&seen);
                    if seen.hidden {
                        continue;
                    }
                    let Some(line) = lines.next() else { return report };
                    let line: Map<String, Value> = serde_json::from_str(&line).unwrap();
                    assert_eq!(line["evt.num"], meta.num, "{capture}: number of the event at {}", event.ts());
                    assert_eq!(line["evt.rawtime"], event.ts(), "{capture}: time of event {}", meta.num);
                    if keys.is_empty() {
                        keys = line.keys().filter(|key| !is_foreign(key)).map(|key| Key::parse(key)).collect();
                    }
                    set_container(&mut state, container, event.tid(), &line);
                    report.lines += 1;
                    compare(&keys, &line, &state, &seen, &mut extractor, &mut report, &capture);
                }
            }
            Step::End => break,
        }
    }
    assert!(lines.next().is_none(), "{capture}: more events are recorded than replayed");
    report
}

/// The captures, longest first, so that the threads end together.
fn captures() -> Vec<PathBuf> {
    let only = std::env::var("CAPTURE").unwrap_or_default();
    let mut found = common::captures(&["own", "legacy"]);
    found.retain(|path| path.to_string_lossy().contains(&only));
    found.sort_by_key(|path| std::cmp::Reverse(path.metadata().unwrap().len()));
    found
}

#[test]
fn every_field_of_every_recorded_event_is_as_recorded() {
    if common::shared().is_none() {
        return;
    }
    let queue = std::sync::Mutex::new(captures().into_iter());
    let total = std::sync::Mutex::new(Report::default());
    let next = || queue.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |n| n.get().min(4)) {
            scope.spawn(|| {
                while let Some(capture) = next() {
                    let report = replay(&capture);
                    total.lock().unwrap().merge(report);
                }
            });
        }
    });
    let report = total.into_inner().unwrap();
    println!("{} events, {} values", report.lines, report.values);
    for ((key, reason), count) in &report.deliberate {
        println!("deliberate: {key}: {count}: {reason}");
    }
    let mut table = String::new();
    for (key, (count, example)) in &report.differences {
        let _ = writeln!(table, "{count:>8} {key}\n      {example}");
    }
    assert!(report.lines > 0, "no capture was found");
    assert!(table.is_empty(), "fields that differ from what is recorded:\n{table}");
}
