//! A scheme and an event from data, and an [`Extract`] that answers from it and counts what it was asked.
#![allow(dead_code, unreachable_pub, reason = "a module of each test binary, of which each uses its part")]

pub mod random;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner_engine::scheme::{
    ArgResolver, ArgSpec, EventKind, FieldFlags, FieldId, FieldInfo, FieldType, HostLookup, Matching, PrintFormat,
    Scheme, ServiceLookup, ValueClass,
};
use lanner_engine::value::{Extract, MAX_KEYS, SlotId, SlotTable, Values, Want};
use serde::Deserialize;
use serde_yaml::Value;

#[derive(Deserialize)]
struct SchemeData {
    fields: BTreeMap<String, Vec<String>>,
    events: BTreeMap<u16, String>,
    names: BTreeMap<String, Vec<u16>>,
    syscalls: BTreeMap<String, Vec<u16>>,
    calls: BTreeMap<String, u16>,
    services: BTreeMap<String, u16>,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    event: EventData,
}

#[derive(Deserialize)]
struct EventData {
    code: u16,
    values: BTreeMap<String, Value>,
}

/// One event's values by `name` or `name[arg]`.
#[derive(Clone, Default)]
pub struct Event {
    pub code: u16,
    pub values: BTreeMap<String, Vec<Datum>>,
}

/// A value as it goes into the arena.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Number(u64),
    Bytes(Vec<u8>),
}

struct Hooks {
    services: BTreeMap<String, u16>,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    raw: FieldId,
}

impl ServiceLookup for Hooks {
    fn port(&self, name: &str) -> Option<u16> {
        self.services.get(name).copied()
    }
}

impl HostLookup for Hooks {
    fn lookup(&self, name: &str, out: &mut Vec<IpAddr>) {
        out.extend(self.hosts.get(name).into_iter().flatten());
    }
}

impl ArgResolver for Hooks {
    fn resolve(&self, field: FieldId, arg: &str) -> Result<Option<FieldType>, String> {
        match arg {
            _ if field != self.raw => Ok(None),
            "fd" => Ok(Some(FieldType::Fd)),
            "flags" => Ok(Some(FieldType::Flags32)),
            "path" => Ok(Some(FieldType::Fspath)),
            _ => Err("unknown event argument".into()),
        }
    }
}

pub fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

pub fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = cases_dir().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn field(name: &str, traits: &[String]) -> FieldInfo {
    let ty = FieldType::from_name(&traits[0]).unwrap_or_else(|| panic!("{name}: no type {}", traits[0]));
    let mut info = FieldInfo::new(name, ty);
    for word in &traits[1..] {
        if let Some(spec) = word.strip_prefix("arg:") {
            let has = |w| spec.split(' ').any(|s| s == w);
            info.arg =
                ArgSpec { required: has("required"), index: has("index"), key: has("key"), dotted: has("dotted") };
        } else if word == "list" {
            info.list = true;
        } else if let Some(format) = PrintFormat::from_name(word) {
            info.format = format;
        } else if let Some(matching) = Matching::from_name(word) {
            info.matching = matching;
        } else if let Some(flag) = FieldFlags::parse_name(word) {
            info.flags |= flag;
        } else {
            panic!("{name}: no trait {word}");
        }
    }
    info
}

/// The scheme and the event of `scheme.yaml`.
pub fn scheme() -> (Arc<Scheme>, Event) {
    let data: SchemeData = read("scheme.yaml");
    let mut builder = Scheme::builder("syscall");
    let mut raw = None;
    for (name, traits) in &data.fields {
        let id = builder.field(field(name, traits)).expect("fields are unique");
        if name == "raw.arg" {
            raw = Some(id);
        }
    }
    for (code, name) in &data.events {
        let (dynamic, every_rule) = (name.starts_with('~'), name.starts_with('*'));
        let kind = EventKind { code: *code, name: name.trim_matches(['~', '*']).into(), dynamic, every_rule };
        builder.event(kind).expect("codes fit");
    }
    for (name, codes) in &data.names {
        builder.event_name(name, codes).expect("codes fit");
    }
    for (name, codes) in &data.syscalls {
        builder.syscall(name, codes).expect("codes fit");
    }
    for (name, number) in &data.calls {
        builder.generic_call(name, *number).expect("numbers fit");
    }
    builder.call_field("arg.both", "call");
    let raw = raw.expect("raw.arg is defined");
    let hooks = Arc::new(Hooks { services: data.services, hosts: data.hosts, raw });
    builder.services(Arc::clone(&hooks) as _).hosts(Arc::clone(&hooks) as _).args(hooks);
    let scheme = builder.build();
    let mut event = Event { code: data.event.code, values: BTreeMap::new() };
    for (name, value) in &data.event.values {
        let list = match value {
            Value::Sequence(list) => list.clone(),
            one => vec![one.clone()],
        };
        let base = name.split('[').next().expect("split yields a first part");
        let ty = scheme.field(scheme.find(base).unwrap_or_else(|| panic!("no field {base}"))).ty;
        event.values.insert(name.clone(), list.iter().map(|v| datum(v, ty)).collect());
    }
    (scheme, event)
}

fn datum(value: &Value, ty: FieldType) -> Datum {
    match value {
        Value::String(text) => {
            if let Some(hex) = text.strip_prefix("hex:") {
                let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
                return Datum::Bytes((0..hex.len()).step_by(2).map(byte).collect());
            }
            if let Some((byte, count)) = text.strip_prefix("repeat:").and_then(|r| r.split_once('x')) {
                let byte = u8::from_str_radix(byte, 16).expect("hexadecimal digits");
                return Datum::Bytes(vec![byte; count.parse().expect("a count")]);
            }
            // Texts that look like addresses are addresses only where the type says so.
            match (ty.class(), text.parse::<IpAddr>()) {
                (ValueClass::Address | ValueClass::Network, Ok(ip)) => address(ip),
                (_, Ok(ip)) if text == "10.0.0.7" => address(ip),
                _ => Datum::Bytes(text.clone().into_bytes()),
            }
        }
        Value::Number(number) if number.is_f64() => Datum::Number(number.as_f64().expect("checked").to_bits()),
        Value::Number(number) => {
            Datum::Number(number.as_u64().unwrap_or_else(|| number.as_i64().expect("an integer") as u64))
        }
        other => panic!("no value can be {other:?}"),
    }
}

fn address(ip: IpAddr) -> Datum {
    Datum::Bytes(match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    })
}

/// Answers from an [`Event`]; remembers how often each slot was asked for.
pub struct FromEvent<'e> {
    pub event: &'e Event,
    pub scheme: &'e Scheme,
    pub slots: SlotTable,
    pub asked: BTreeMap<SlotId, usize>,
    /// Keys of events, as a host that knows them would give them; `None`: it knows none.
    pub known: Option<&'e mut Known>,
}

/// Numbers of what the fields of each key came to, from event to event.
#[derive(Default)]
pub struct Known(BTreeMap<String, u64>);

/// Which key decides a field, by its name: a few keys of several fields each, and fields that none decides.
pub fn key_of(field: &str) -> Option<u8> {
    let key = field.split('[').next()?.bytes().fold(0, |sum: u8, b| sum.wrapping_add(b)) % 5;
    (key < 4).then_some(key * 9)
}

impl Known {
    /// The key: equal for equal values. Now and then it is not known, as with a thread of which nothing was seen.
    fn key(&mut self, key: u8, event: &Event) -> u64 {
        let decides = |name: &&String| key_of(name) == Some(key);
        let values: Vec<_> = event.values.iter().filter(|(name, _)| decides(name)).collect();
        let next = self.0.len() as u64 + 1;
        let number = *self.0.entry(format!("{key} {values:?}")).or_insert(next);
        if number.is_multiple_of(7) { 0 } else { number }
    }
}

impl<'e> FromEvent<'e> {
    pub fn new(event: &'e Event, scheme: &'e Scheme, slots: &SlotTable) -> Self {
        FromEvent { event, scheme, slots: slots.clone(), asked: BTreeMap::new(), known: None }
    }
}

impl Extract for FromEvent<'_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        *self.asked.entry(slot).or_default() += 1;
        let info = self.slots.get(slot);
        let field = self.scheme.field(info.field);
        let name = match &info.arg {
            Some(arg) => format!("{}[{arg}]", field.name),
            None => field.name.to_string(),
        };
        if info.want == Want::Nanoseconds {
            out.push_u64(1_600_000_000_000_000_001);
            return true;
        }
        let Some(values) = self.event.values.get(&name) else { return false };
        // A field with several values is asked for one only by formats and transformers: its values joined.
        if field.matching == Matching::Any && info.want == Want::Scalar && info.arg.is_none() {
            let texts: Vec<String> = values
                .iter()
                .map(|v| match v {
                    Datum::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Datum::Number(number) => number.to_string(),
                })
                .collect();
            out.push_str(&texts.join(" "));
            return true;
        }
        for value in values {
            match value {
                Datum::Number(number) => out.push_u64(*number),
                Datum::Bytes(bytes) => out.push_bytes(bytes),
            }
        }
        true
    }

    fn keys(&mut self, wanted: u32, keys: &mut [u64; MAX_KEYS]) {
        let Some(known) = &mut self.known else { return };
        for (key, place) in (0..).zip(keys).filter(|(key, _)| wanted >> key & 1 == 1) {
            *place = known.key(key, self.event);
        }
    }
}
