//! What evaluation costs: one operator at a time on values that are at hand, and whole sets of 10 to 10,000 rules.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::parse::parse;
use lanner_engine::scheme::{EventKind, FieldInfo, FieldType, Scheme};
use lanner_engine::value::{Extract, SlotId, SlotTable, Values};

const FIELDS: [(&str, FieldType); 7] = [
    ("proc.name", FieldType::Charbuf),
    ("proc.pname", FieldType::Charbuf),
    ("fd.name", FieldType::Charbuf),
    ("proc.pid", FieldType::Pid),
    ("fd.sport", FieldType::Port),
    ("fd.sip", FieldType::IpAddr),
    ("fd.snet", FieldType::IpNet),
];

fn scheme() -> Arc<Scheme> {
    let mut builder = Scheme::builder("syscall");
    for (name, ty) in FIELDS {
        builder.field(FieldInfo::new(name, ty)).expect("fields are unique");
    }
    for code in 1..=40u16 {
        let name = format!("event{code}").into();
        builder.event(EventKind { code, name, dynamic: false, every_rule: false }).expect("codes fit");
    }
    builder.field(FieldInfo::new("evt.type", FieldType::Charbuf)).expect("fields are unique");
    builder.build()
}

/// Answers every slot at once, as a host would with its state at hand.
struct Host(Vec<FieldType>);

impl Host {
    fn new(set: &RuleSet) -> Self {
        Host(set.slots().slots().iter().map(|slot| slot.ty).collect())
    }
}

impl Extract for Host {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        match self.0[slot.index()] {
            FieldType::Charbuf => out.push_bytes(b"/usr/lib/postgresql"),
            FieldType::IpAddr | FieldType::IpNet => out.push_bytes(&[10, 1, 2, 3]),
            _ => out.push_u64(443),
        }
        true
    }
}

fn set(texts: &[String], scheme: &Arc<Scheme>) -> RuleSet {
    let check = |text: &String| Condition::check(&parse(text, 0).expect("a condition"), scheme).expect("it fits");
    let conditions: Vec<Condition> = texts.iter().map(check).collect();
    RuleSet::compile(&conditions.iter().collect::<Vec<_>>(), Arc::clone(scheme), SlotTable::new())
}

/// The condition of the n-th of ten checks.
type Condition10 = fn(usize) -> String;

fn operators(c: &mut Criterion) {
    let scheme = scheme();
    let mut group = c.benchmark_group("operator");
    // Ten different constants on one field: the field is extracted once, so that the time is that of ten checks, one
    // extraction and the event itself.
    let tests: [(&str, Condition10); 14] = [
        ("extract only", |_| "fd.name exists and proc.pid = 1".into()),
        ("text =", |i| format!("fd.name = /usr/lib/{i}")),
        ("text in 100", |i| {
            format!("fd.name in ({})", (0..100).map(|n| format!("/x/{i}/{n}")).collect::<Vec<_>>().join(", "))
        }),
        ("contains", |i| format!("fd.name contains mysql{i}")),
        ("icontains", |i| format!("fd.name icontains mysql{i}")),
        ("startswith", |i| format!("fd.name startswith /usr/share{i}")),
        ("endswith", |i| format!("fd.name endswith mysql{i}")),
        ("glob", |i| format!("fd.name glob /usr/*/mysql{i}")),
        ("regex", |i| format!("fd.name regex \"/usr/.*/mysql{i}\"")),
        ("pmatch", |i| format!("fd.name pmatch (/usr/share/{i}, /etc/{i})")),
        ("number =", |i| format!("proc.pid = {i}")),
        ("number <", |i| format!("proc.pid < {i}")),
        ("address =", |i| format!("fd.sip = 10.0.0.{i}")),
        ("network in", |i| format!("fd.snet in (192.168.{i}.0/24, 172.16.{i}.0/24)")),
    ];
    for (name, condition) in tests {
        let set = set(&(0..10).map(condition).collect::<Vec<_>>(), &scheme);
        let (mut scratch, mut host, mut hits) = (set.scratch(), Host::new(&set), Vec::new());
        group.bench_function(BenchmarkId::new("ten checks", name), |b| {
            b.iter(|| {
                hits.clear();
                set.evaluate(&mut scratch, black_box(1), &mut host, RuleMatching::All, &mut hits);
                hits.len()
            });
        });
    }
}

/// Rules as people write them: an event type, a process, a path, exclusions that many rules share.
fn rule(i: usize) -> String {
    let shared = "not proc.pname in (systemd, dockerd, containerd) and not fd.name startswith /proc";
    match i % 4 {
        0 => format!("evt.type = event{} and proc.name = tool{i} and {shared}", i % 40 + 1),
        1 => format!("evt.type in (event1, event{}) and fd.name startswith /opt/app{i}/ and {shared}", i % 40 + 1),
        2 => format!("evt.type = event{} and proc.name in (a{i}, b{i}) and fd.name contains key{i}", i % 40 + 1),
        _ => format!("evt.type = event1 and proc.name = run{i} and (fd.name = /etc/{i} or proc.pid = {i})"),
    }
}

fn rule_sets(c: &mut Criterion) {
    let scheme = scheme();
    let mut group = c.benchmark_group("rules");
    for size in [10, 100, 1_000, 10_000] {
        let set = set(&(0..size).map(rule).collect::<Vec<_>>(), &scheme);
        let (mut scratch, mut host, mut hits) = (set.scratch(), Host::new(&set), Vec::new());
        for (name, code) in [("busiest event", 1), ("usual event", 7)] {
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| {
                    hits.clear();
                    set.evaluate(&mut scratch, black_box(code), &mut host, RuleMatching::First, &mut hits);
                    hits.len()
                });
            });
        }
    }
    group.finish();
    let mut group = c.benchmark_group("compile");
    group.sample_size(10);
    for size in [100, 1_000] {
        let texts: Vec<String> = (0..size).map(rule).collect();
        group.bench_function(BenchmarkId::new("rules", size), |b| b.iter(|| set(&texts, &scheme).stats()));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1))
        .sample_size(20);
    targets = operators, rule_sets
}
criterion_main!(benches);
