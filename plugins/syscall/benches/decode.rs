//! What it costs to read a capture: framing and checking events, without state and rules.
//!
//! Uses `../shared/captures/own/mixed.scap.gz`, unpacked in memory; without it there is nothing to measure.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lanner_syscall::capture::{CaptureReader, Step};

#[path = "../tests/common/mod.rs"]
mod common;

/// The unpacked bytes, shared between runs.
#[derive(Clone)]
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn decode(bytes: Shared) -> u64 {
    let mut reader = CaptureReader::new(Cursor::new(bytes), None).expect("opens");
    let mut sum = 0u64;
    loop {
        match reader.step().expect("whole") {
            Step::Section(_) => {}
            Step::Events(batch) => {
                for (event, meta) in batch.iter() {
                    sum = sum.wrapping_add(meta.num).wrapping_add(u64::from(event.event_type().0));
                }
            }
            Step::End => return sum,
        }
    }
}

fn bench(c: &mut Criterion) {
    let Some(shared) = common::shared() else { return };
    let capture = shared.join("captures/own/mixed.scap.gz");
    let bytes = Shared(Arc::new(common::unpack(&capture)));
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(300_000)).sample_size(20);
    group.bench_function("mixed", |b| b.iter(|| black_box(decode(bytes.clone()))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
