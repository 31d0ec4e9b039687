//! The clock of the probes: time since boot, moved to the epoch.

use nix::time::ClockId;

/// Both clocks exist on every kernel that has the probes.
fn now(clock: ClockId) -> u64 {
    let ns = |n: i64| u64::try_from(n).unwrap_or(0);
    clock.now().map_or(0, |time| ns(time.tv_sec()) * 1_000_000_000 + ns(time.tv_nsec()))
}

/// Distance of the two clocks when the source was opened. It stays the same, so that a clock that is set meanwhile does
/// not disturb the order of events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Epoch of the time since boot, ns.
    pub(super) boot: u64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { boot: now(ClockId::CLOCK_REALTIME).saturating_sub(now(ClockId::CLOCK_BOOTTIME)) }
    }

    /// Now, as an event would have it.
    pub(super) fn now(self) -> u64 {
        self.boot + now(ClockId::CLOCK_BOOTTIME)
    }
}
