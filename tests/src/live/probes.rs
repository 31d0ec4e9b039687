//! What the probes of a program cost, as the kernel measures it.

use std::fs;

/// The kernel measures its programs while this says 1, which makes each run a little slower.
const MEASURED: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// Makes the kernel measure its programs, for as long as it lives; `None` where it cannot.
pub struct Measuring(());

impl Measuring {
    /// Begins.
    #[must_use]
    pub fn begin() -> Option<Self> {
        fs::write(MEASURED, "1").ok().map(|()| Self(()))
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        let _ = fs::write(MEASURED, "0");
    }
}

/// What programs in the kernel did so far. Programs called by others count with these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Runs {
    /// Time that they ran for, ns.
    pub ns: f64,
    /// How often they ran.
    pub count: f64,
}

impl Runs {
    /// Of the programs of this process, since measuring began.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let entries = fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten();
        let texts: Vec<String> = entries.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect();
        let sum = |key: &str| {
            let lines = texts.iter().flat_map(|text| text.lines());
            lines.filter_map(|line| line.strip_prefix(key)?.trim().parse::<f64>().ok()).sum()
        };
        Self { ns: sum("run_time_ns:"), count: sum("run_cnt:") }
    }

    /// What was added since, less what is added in so much time when nothing happens.
    #[must_use]
    pub fn since(self, before: Self, idle: Self) -> Self {
        Self { ns: self.ns - before.ns - idle.ns, count: self.count - before.count - idle.count }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { ns: self.ns * factor, count: self.count * factor }
    }
}

/// Cycles that this processor makes in a nanosecond, by what the kernel says of it.
#[must_use]
pub fn cycles_per_ns() -> Option<f64> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let mhz = text.lines().find(|line| line.starts_with("cpu MHz"))?.split(':').nth(1)?.trim().parse::<f64>().ok()?;
    Some(mhz / 1000.0)
}
