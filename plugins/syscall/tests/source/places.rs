//! What the probes keep in the kernel.

use lanner_syscall::live::{Live, Settings};

#[test]
fn what_the_probes_take_of_the_kernels_memory_is_told() {
    if !crate::can_watch() {
        return;
    }
    let sized = |preset: u8| {
        let settings = Settings { buf_size_preset: preset, cpus_for_each_buffer: 0, ..Settings::default() };
        Live::open(&settings).unwrap().footprint().read().unwrap()
    };
    let (small, large) = (sized(1), sized(3));
    // Two buffers, of one megabyte or four.
    assert!(large.rings - small.rings >= 6 << 20, "{small:?}, {large:?}");
    assert!(small.rings >= 2 << 20 && small.scratch >= 128 << 10 && small.tables > 10_000, "{small:?}");
    assert!(small.entries >= 16_384 * 16, "the table of places: {small:?}");
    assert!(small.programs > 500_000, "two hundred programs: {small:?}");
}
