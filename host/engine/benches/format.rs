//! What rendering an alert costs.

use criterion::{Criterion, criterion_group, criterion_main};
use lanner_engine::format::{OutputFormat, RenderOptions, Shown, ShownMemory};
use lanner_engine::scheme::{FieldInfo, FieldType, PrintFormat, Scheme};
use lanner_engine::value::{Extract, SlotId, SlotTable, Values};

struct Host;

impl Extract for Host {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        if slot.index().is_multiple_of(3) {
            out.push_u64(1234)
        } else {
            out.push_bytes(b"/usr/bin/postgres -D /var/lib")
        }
        true
    }
}

fn formats(c: &mut Criterion) {
    let mut builder = Scheme::builder("syscall");
    let mut text = String::from("Something was seen");
    for i in 0..12 {
        let ty = if i % 3 == 0 { FieldType::Int64 } else { FieldType::Charbuf };
        let mut field = FieldInfo::new(&format!("proc.field{i}x"), ty);
        field.format = PrintFormat::Dec;
        builder.field(field).expect("fields are unique");
        text.push_str(&format!(" name{i}=%proc.field{i}x"));
    }
    let scheme = builder.build();
    let mut slots = SlotTable::new();
    let format = OutputFormat::compile(&text, &scheme, &mut slots).expect("a format");
    let (mut memory, mut out) = (ShownMemory::default(), Vec::new());
    c.bench_function("format/text of 12 fields", |b| {
        b.iter(|| {
            out.clear();
            format.render(&mut Shown::new(&mut memory, &mut Host), RenderOptions::default(), &mut out);
            out.len()
        });
    });
    c.bench_function("format/values of 12 fields", |b| {
        b.iter(|| {
            let mut count = 0;
            let mut host = Host;
            let mut event = Shown::new(&mut memory, &mut host);
            format.values(&mut event, RenderOptions::default(), &mut |_, _| count += 1);
            count
        });
    });
    c.bench_function("format/compile", |b| b.iter(|| OutputFormat::compile(&text, &scheme, &mut SlotTable::new())));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1))
        .sample_size(20);
    targets = formats
}
criterion_main!(benches);
