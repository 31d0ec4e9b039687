//! What the probes need of the machine, looked at one by one before anything is loaded.

use std::fs;

use super::LiveError;

/// Oldest kernel with everything the probes use: ring buffers and programs on typed tracepoints.
const OLDEST_KERNEL: (u32, u32) = (5, 8);
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_SYS_RESOURCE: u32 = 24;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

/// One thing that is there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// What to do if it is missing; `None`: it is there.
    pub remedy: Option<String>,
}

/// All of them, in the order in which they are needed.
pub fn features() -> Vec<Feature> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let capabilities = effective_capabilities(&read("/proc/self/status"));
    let release = read("/proc/sys/kernel/osrelease");
    vec![
        kernel(release.trim()),
        types(fs::metadata("/sys/kernel/btf/vmlinux").is_ok_and(|file| file.len() > 0)),
        lockdown(&read("/sys/kernel/security/lockdown")),
        loading(capabilities, version(release.trim())),
        looking(capabilities),
    ]
}

/// Fails with every remedy if something is missing.
pub(super) fn require() -> Result<(), LiveError> {
    let missing = |feature: Feature| Some(format!("{}: {}; {}", feature.name, feature.found, feature.remedy?));
    let missing: Vec<String> = features().into_iter().filter_map(missing).collect();
    if missing.is_empty() { Ok(()) } else { Err(LiveError::Missing(missing)) }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn kernel(release: &str) -> Feature {
    let new_enough = version(release).is_none_or(|found| found >= OLDEST_KERNEL);
    let remedy = (!new_enough).then(|| "Linux 5.8 or newer is needed".to_owned());
    Feature { name: "kernel", found: format!("Linux {release}"), remedy }
}

fn types(there: bool) -> Feature {
    let found = if there { "its types are in /sys/kernel/btf/vmlinux" } else { "/sys/kernel/btf/vmlinux is not there" };
    let remedy =
        "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (all large distributions' are), and in a container mount /sys";
    Feature { name: "BTF", found: found.to_owned(), remedy: (!there).then(|| remedy.to_owned()) }
}

fn lockdown(file: &str) -> Feature {
    let locked = file.contains("[confidentiality]");
    let found = if locked { "the kernel is locked down for confidentiality" } else { "not locked down" };
    let remedy = "boot with lockdown=integrity or lockdown=none: programs may not read kernel memory otherwise";
    Feature { name: "lockdown", found: found.to_owned(), remedy: locked.then(|| remedy.to_owned()) }
}

fn effective_capabilities(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

fn loading(capabilities: u64, kernel: Option<(u32, u32)>) -> Feature {
    let has = |cap: u32| capabilities & 1 << cap != 0;
    let admin = has(CAP_SYS_ADMIN);
    let mut lacks = Vec::new();
    if !has(CAP_BPF) && !admin {
        lacks.push("CAP_BPF");
    }
    if !has(CAP_PERFMON) && !admin {
        lacks.push("CAP_PERFMON");
    }
    // Before 5.11 maps count as locked memory.
    if kernel.is_some_and(|kernel| kernel < (5, 11)) && !has(CAP_SYS_RESOURCE) && !admin {
        lacks.push("CAP_SYS_RESOURCE");
    }
    capability("programs", &lacks)
}

fn looking(capabilities: u64) -> Feature {
    let lacks = if capabilities & 1 << CAP_SYS_PTRACE == 0 { &["CAP_SYS_PTRACE"][..] } else { &[] };
    capability("/proc", lacks)
}

fn capability(name: &'static str, lacks: &[&str]) -> Feature {
    if lacks.is_empty() {
        return Feature { name, found: "the capabilities are there".to_owned(), remedy: None };
    }
    let names = lacks.join(" and ");
    let remedy =
        format!("run as root, or grant it (setcap, AmbientCapabilities= of systemd, --cap-add of docker): {names}");
    Feature { name, found: format!("no {names}"), remedy: Some(remedy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_kernels_are_told_apart() {
        assert!(kernel("5.8.0-63-generic").remedy.is_none());
        assert!(kernel("6.18.44").remedy.is_none());
        assert!(kernel("5.4.0-150-generic").remedy.is_some());
        assert!(kernel("4.19.0").remedy.is_some());
    }

    #[test]
    fn a_capability_that_is_missing_is_named() {
        let status = "Name:\tx\nCapEff:\t0000000000000000\n";
        let none = effective_capabilities(status);
        assert_eq!(loading(none, Some((6, 1))).found, "no CAP_BPF and CAP_PERFMON");
        assert!(loading(none, Some((5, 8))).found.ends_with("CAP_SYS_RESOURCE"));
        assert_eq!(looking(none).found, "no CAP_SYS_PTRACE");
        let three = 1 << CAP_BPF | 1 << CAP_PERFMON | 1 << CAP_SYS_PTRACE;
        assert_eq!(loading(three, Some((6, 1))).remedy, None);
        assert_eq!(looking(three).remedy, None);
        assert_eq!(loading(1 << CAP_SYS_ADMIN, Some((5, 8))).remedy, None);
    }

    #[test]
    fn lockdown_matters_only_where_it_forbids_reading() {
        assert!(lockdown("none integrity [confidentiality]\n").remedy.is_some());
        assert!(lockdown("none [integrity] confidentiality\n").remedy.is_none());
        assert!(lockdown("").remedy.is_none());
    }
}
