//! What it costs to read a capture and to follow its events: threads, descriptors, users.
//!
//! Uses `../shared/captures/own/mixed.scap.gz`, unpacked in memory; without it there is nothing to measure.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lanner_syscall::capture::{CaptureReader, InitialState, Step, Thread};
use lanner_syscall::state::{Limits, Mode, State};

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

fn follow(bytes: Shared) -> usize {
    let mut reader = CaptureReader::new(Cursor::new(bytes), None).expect("opens");
    let mut state = State::new(Mode::Capture, Limits::default());
    loop {
        match reader.step().expect("whole") {
            Step::Section(initial) => state.load(&initial),
            Step::Events(batch) => {
                for (event, meta) in batch.iter() {
                    state.on_event(&event, meta.cpu, meta.num);
                }
            }
            Step::End => return state.len(),
        }
    }
}

fn bench(c: &mut Criterion) {
    let Some(shared) = common::shared() else { return };
    let capture = shared.join("captures/own/mixed.scap.gz");
    let bytes = Shared(Arc::new(common::unpack(&capture)));
    let mut group = c.benchmark_group("state");
    group.throughput(Throughput::Elements(300_000)).sample_size(20);
    group.bench_function("mixed", |b| b.iter(|| black_box(follow(bytes.clone()))));
    group.finish();
}

/// Threads by their ids, in order and in none: what is cached and what is not. The step has no factor in common with any count.
fn look_up(c: &mut Criterion) {
    let mut group = c.benchmark_group("look-up");
    for threads in [1_000, 10_000, 100_000] {
        let mut state = State::new(Mode::Capture, Limits::default());
        let thread = |tid: i64| Thread { tid, pid: tid, ptid: 1, comm: (*b"worker").into(), ..Thread::default() };
        state.load(&InitialState { threads: (1..=threads).map(thread).collect(), ..InitialState::default() });
        assert_eq!(state.len() as i64, threads);
        group.throughput(Throughput::Elements(threads as u64));
        for (name, step) in [("in order", 1), ("in no order", 7919)] {
            let tids: Vec<i64> = (0..threads).map(|n| n * step % threads + 1).collect();
            group.bench_function(format!("{threads} {name}"), |b| {
                b.iter(|| tids.iter().filter_map(|&tid| state.thread(tid)).map(|thread| thread.pid).sum::<i64>());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bench, look_up);
criterion_main!(benches);
