//! What this process and its machine use, read from `/proc` when somebody asks.

use super::host::{number_after, read};

/// Units of the times in `/proc`, a second: what the kernel shows to programs, whatever it counts in.
const TICKS: f64 = 100.0;
/// The environment variable with the file that says how much memory our container uses, and where that is otherwise.
const MEMORY_VARIABLE: &str = "FALCO_CGROUP_MEM_PATH";
const MEMORY_V1: &str = "/sys/fs/cgroup/memory/memory.usage_in_bytes";

/// What is used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Time on processors since the start, of one processor's time, percent.
    pub(super) cpu_percent: f64,
    /// Seconds on processors since the start.
    pub(super) cpu_seconds: f64,
    pub(super) rss_kb: u64,
    pub(super) vsz_kb: u64,
    pub(super) pss_kb: u64,
    pub(super) threads: u64,
    /// The three of which resident memory consists.
    pub(super) anonymous_kb: u64,
    pub(super) file_kb: u64,
    pub(super) shared_kb: u64,
    /// Of the control group that this process is in; 0: it has none.
    pub(super) container_bytes: u64,
    /// Since the machine started, of all processors.
    pub(super) host_cpu_percent: f64,
    pub(super) host_memory_kb: u64,
    pub(super) host_running: u64,
    pub(super) host_open_fds: u64,
}

impl Usage {
    /// Reads all of it. What cannot be read is 0, as in Falco.
    pub(super) fn look() -> Self {
        let own = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let status = own("/proc/self/status");
        let uptime = read("/proc/uptime").unwrap_or_default();
        let uptime = uptime.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        let (cpu_seconds, began) = times(&own("/proc/self/stat")).unwrap_or((0.0, uptime));
        let stat = read("/proc/stat").unwrap_or_default();
        let memory = read("/proc/meminfo").unwrap_or_default();
        let of = |word| number_after(&memory, word).unwrap_or(0);
        let used = of("MemTotal:").saturating_sub(of("MemFree:") + of("Buffers:") + of("Cached:"));
        let elapsed = uptime - began;
        Self {
            cpu_percent: if elapsed > 0.0 { tenths(100.0 * cpu_seconds / elapsed) } else { 0.0 },
            cpu_seconds,
            rss_kb: number_after(&status, "VmRSS:").unwrap_or(0),
            vsz_kb: number_after(&status, "VmSize:").unwrap_or(0),
            pss_kb: number_after(&own("/proc/self/smaps_rollup"), "Pss:").unwrap_or(0),
            threads: number_after(&status, "Threads:").unwrap_or(0),
            anonymous_kb: number_after(&status, "RssAnon:").unwrap_or(0),
            file_kb: number_after(&status, "RssFile:").unwrap_or(0),
            shared_kb: number_after(&status, "RssShmem:").unwrap_or(0),
            container_bytes: container_memory(),
            host_cpu_percent: tenths(host_cpu(&stat).unwrap_or(0.0)),
            host_memory_kb: used,
            host_running: number_after(&stat, "procs_running").unwrap_or(0),
            host_open_fds: read("/proc/sys/fs/file-nr").map_or(0, |text| number_after(&text, "").unwrap_or(0)),
        }
    }
}

/// Rounded to one digit after the point.
pub(super) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Seconds on processors, and seconds from the machine's start to ours, of the line of `/proc/self/stat`.
fn times(stat: &str) -> Option<(f64, f64)> {
    // The name of the program may hold blanks and parentheses; what follows it does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(((field(11)? + field(12)?) / TICKS, field(19)? / TICKS))
}

/// Percent of the time since the machine's start that its processors were not idle.
fn host_cpu(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let numbers: Vec<f64> = line.split_ascii_whitespace().take(7).filter_map(|text| text.parse().ok()).collect();
    let sum: f64 = numbers.iter().sum();
    (sum > 0.0).then(|| 100.0 - 100.0 * numbers.get(3).copied().unwrap_or(0.0) / sum)
}

/// What the control group of this process holds: of the file that the environment names, else of the first version's hierarchy
/// as Falco has it, else of the second version's.
fn container_memory() -> u64 {
    let named = std::env::var(MEMORY_VARIABLE).ok().filter(|path| !path.is_empty() && !path.contains(".."));
    let bytes = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse().ok();
    let second = || {
        let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?.trim_end_matches('/').to_owned();
        bytes(&format!("/sys/fs/cgroup{own}/memory.current"))
    };
    bytes(named.as_deref().unwrap_or(MEMORY_V1)).or_else(second).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory() {
        let usage = Usage::look();
        assert!(usage.rss_kb > 0 && usage.vsz_kb >= usage.rss_kb && usage.threads > 0, "{usage:?}");
        assert_eq!(usage.anonymous_kb + usage.file_kb + usage.shared_kb, usage.rss_kb, "{usage:?}");
        assert!(usage.host_memory_kb > 0 && usage.host_open_fds > 0, "{usage:?}");
        assert!((0.0..=100.0).contains(&usage.host_cpu_percent), "{usage:?}");
    }

    #[test]
    fn names_of_programs_do_not_shift_the_fields() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 4200 0 0";
        assert_eq!(times(stat), Some((2.0, 42.0)));
        assert_eq!(times("nonsense"), None);
        assert_eq!(host_cpu("cpu  10 0 10 80 0 0 0 9 9 9\ncpu0 1 2 3 4"), Some(20.0));
    }
}
