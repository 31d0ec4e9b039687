//! Loading rules: YAML, items, lists, macros, conditions, outputs; and compiling the set. By number of rules, to see that
//! the time grows with them and not faster.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lanner_engine::load::{Loader, Settings};
use lanner_engine::scheme::{EventKind, FieldInfo, FieldType, Scheme};

fn scheme() -> Arc<Scheme> {
    let mut builder = Scheme::builder("syscall");
    for name in ["evt.type", "proc.name", "proc.pname", "proc.cmdline", "fd.name", "user.name", "container.id"] {
        builder.field(FieldInfo::new(name, FieldType::Charbuf)).expect("distinct fields");
    }
    for (code, name) in ["open", "openat", "openat2", "execve", "connect"].into_iter().enumerate() {
        let kind = EventKind { code: code as u16, name: name.into(), dynamic: false, every_rule: false };
        builder.event(kind).expect("small codes");
    }
    builder.build()
}

/// Rules as people write them: each with two macros, one of which is built on another, and a list of 30 names.
fn rules(count: usize) -> String {
    let shared = count / 20;
    let mut text = String::from("- macro: opened\n  condition: evt.type in (open, openat, openat2)\n");
    for i in 0..shared {
        let names: Vec<String> = (0..30).map(|k| format!("tool_{i}_{k}")).collect();
        let _ = writeln!(text, "- list: tools_{i}\n  items: [{}]", names.join(", "));
        let _ =
            writeln!(text, "- macro: by_{i}\n  condition: (proc.name in (tools_{i}) or proc.pname startswith p{i})");
        let _ = writeln!(text, "- macro: edited_{i}\n  condition: opened and by_{i} and not container.id = host");
    }
    for i in 0..count {
        let k = i % shared;
        let _ = writeln!(
            text,
            "- rule: rule {i}\n  desc: >\n    what rule {i} is about\n  condition: >\n    edited_{k} and fd.name startswith /etc/{i}\n    \
             and not proc.cmdline contains \"--ok {i}\" and not user.name in (root, tools_{k})\n  output: \
             opened | file=%fd.name by=%proc.name user=%user.name command=%proc.cmdline\n  priority: warning\n  \
             tags: [host, filesystem]"
        );
    }
    text
}

fn load(c: &mut Criterion) {
    let scheme = scheme();
    let mut group = c.benchmark_group("load");
    group.sample_size(10);
    for count in [100, 1_000, 10_000] {
        let text = rules(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("yaml", count), &text, |b, text| {
            b.iter(|| lanner_engine::yaml::parse(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("rules", count), &text, |b, text| {
            b.iter(|| {
                let mut loader = Loader::new(Settings::new(vec![scheme.clone()]));
                let result = loader.load("rules.yaml", black_box(text));
                assert!(result.successful(), "{}", result.summary());
                loader
            });
        });
        let mut loader = Loader::new(Settings::new(vec![scheme.clone()]));
        loader.load("rules.yaml", &text);
        group.bench_with_input(BenchmarkId::new("set", count), &loader, |b, loader| {
            b.iter(|| loader.source_rules("syscall"));
        });
    }
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
