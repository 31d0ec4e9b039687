//! The machine.

use std::fs;

use super::host;
use crate::capture::Machine;

pub(super) fn machine(boot: u64) -> Machine {
    let read = |path: &str| fs::read_to_string(host(path)).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let kb =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    Machine {
        cpus: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
        memory: kb.unwrap_or(0u64).saturating_mul(1024),
        max_pid: read("/proc/sys/kernel/pid_max").trim().parse().unwrap_or(0),
        hostname: read("/proc/sys/kernel/hostname").trim().as_bytes().into(),
        boot_ts: boot,
    }
}
