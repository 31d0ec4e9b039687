//! What live events need of the machine, looked at one by one before anything is loaded.

use std::fs;

use super::LiveError;
use super::capability::Capabilities;

/// Oldest kernel with everything the probes use: ring buffers and programs on typed tracepoints.
const OLDEST_KERNEL: (u32, u32) = (5, 8);
/// The pid namespace that all others are in, by its inode number, which the kernel has fixed.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";

/// One thing that is there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// What to do if it is missing; `None`: it is there.
    pub remedy: Option<String>,
    /// Whether there are no live events without it; otherwise `found` says what they lack.
    pub needed: bool,
}

impl Feature {
    fn needed(name: &'static str, found: impl Into<String>, remedy: Option<String>) -> Self {
        Self { name, found: found.into(), remedy, needed: true }
    }

    fn wanted(name: &'static str, found: impl Into<String>, remedy: Option<String>) -> Self {
        Self { name, found: found.into(), remedy, needed: false }
    }

    /// In one line.
    pub fn text(&self) -> String {
        let Self { name, found, remedy, .. } = self;
        remedy.as_ref().map_or_else(|| format!("{name}: {found}"), |remedy| format!("{name}: {found}; {remedy}"))
    }
}

/// All of them, in the order in which they are needed.
pub fn features() -> Vec<Feature> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let capabilities = Capabilities::of(&read("/proc/self/status"));
    let release = read("/proc/sys/kernel/osrelease");
    let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned());
    vec![
        proc_there(fs::metadata("/proc/self/status").is_ok()),
        kernel(release.trim()),
        types(fs::metadata("/sys/kernel/btf/vmlinux").is_ok_and(|file| file.len() > 0)),
        lockdown(&read("/sys/kernel/security/lockdown")),
        loading(capabilities, version(release.trim())),
        looking(capabilities),
        descriptors(capabilities),
        pid_namespace(&namespace.unwrap_or_default()),
        others(fs::metadata("/proc/1/stat").is_ok()),
    ]
}

/// What is missing that there are no live events without.
pub fn missing() -> Vec<Feature> {
    features().into_iter().filter(|feature| feature.needed && feature.remedy.is_some()).collect()
}

/// Fails with every remedy if something is missing that there are no live events without.
pub(super) fn require() -> Result<(), LiveError> {
    let missing: Vec<String> = missing().iter().map(Feature::text).collect();
    if missing.is_empty() { Ok(()) } else { Err(LiveError::Missing(missing)) }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn proc_there(there: bool) -> Feature {
    let found = if there { "mounted" } else { "not mounted" };
    Feature::needed("/proc", found, (!there).then(|| "mount it (mount -t proc proc /proc)".to_owned()))
}

fn kernel(release: &str) -> Feature {
    let new_enough = version(release).is_none_or(|found| found >= OLDEST_KERNEL);
    let remedy = (!new_enough).then(|| "Linux 5.8 or newer is needed".to_owned());
    Feature::needed("kernel", format!("Linux {release}"), remedy)
}

fn types(there: bool) -> Feature {
    let found = if there { "its types are in /sys/kernel/btf/vmlinux" } else { "/sys/kernel/btf/vmlinux is not there" };
    let remedy =
        "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (all large distributions' are), and in a container mount /sys";
    Feature::needed("BTF", found, (!there).then(|| remedy.to_owned()))
}

fn lockdown(file: &str) -> Feature {
    let locked = file.contains("[confidentiality]");
    let found = if locked { "the kernel is locked down for confidentiality" } else { "not locked down" };
    let remedy = "boot with lockdown=integrity or lockdown=none: programs may not read kernel memory otherwise";
    Feature::needed("lockdown", found, locked.then(|| remedy.to_owned()))
}

fn loading(has: Capabilities, kernel: Option<(u32, u32)>) -> Feature {
    let mut lacks = Vec::new();
    if !has.bpf() {
        lacks.push("CAP_BPF");
    }
    if !has.perfmon() {
        lacks.push("CAP_PERFMON");
    }
    // Before 5.11 maps count as locked memory.
    if kernel.is_some_and(|kernel| kernel < (5, 11)) && !has.resource() {
        lacks.push("CAP_SYS_RESOURCE");
    }
    let found = found(&lacks, "may be loaded");
    Feature::needed("programs", found, remedy(&lacks))
}

fn looking(has: Capabilities) -> Feature {
    let lacks: &[&str] = if has.ptrace() { &[] } else { &["CAP_SYS_PTRACE"] };
    Feature::needed("processes", found(lacks, "may be looked at"), remedy(lacks))
}

fn descriptors(has: Capabilities) -> Feature {
    let lacks: &[&str] = if has.read_all() { &[] } else { &["CAP_DAC_READ_SEARCH"] };
    let mut found = found(lacks, "of all users may be read");
    if !lacks.is_empty() {
        found.push_str(
            ": what other users' processes had open, and their environment, from before the start stays unknown",
        );
    }
    Feature::wanted("descriptors", found, remedy(lacks))
}

fn pid_namespace(link: &str) -> Feature {
    let first = link == FIRST_PID_NAMESPACE || link.is_empty();
    let found = if first {
        "the machine's"
    } else {
        "a container's own: of processes from before the start only the container's are known"
    };
    let remedy = "give the container the machine's (--pid=host of docker, hostPID: true of Kubernetes)";
    Feature::wanted("pid namespace", found, (!first).then(|| remedy.to_owned()))
}

fn others(seen: bool) -> Feature {
    let found = if seen {
        "other users' processes are shown"
    } else {
        "other users' processes are hidden: they stay unknown until they run a program"
    };
    let remedy = "mount /proc without hidepid, or with gid= of a group that lanner is in";
    Feature::wanted("hidepid", found, (!seen).then(|| remedy.to_owned()))
}

fn found(lacks: &[&str], there: &str) -> String {
    if lacks.is_empty() { there.to_owned() } else { format!("no {}", lacks.join(" and ")) }
}

fn remedy(lacks: &[&str]) -> Option<String> {
    let names = lacks.join(" and ");
    let how = "run as root, or grant it (setcap, AmbientCapabilities= of systemd, --cap-add of docker)";
    (!lacks.is_empty()).then(|| format!("{how}: {names}"))
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
        let with = |caps: &[u32]| {
            let bits: u64 = caps.iter().map(|cap| 1 << cap).sum();
            Capabilities::of(&format!("Name:\tx\nCapEff:\t{bits:016x}\n"))
        };
        let none = with(&[]);
        assert_eq!(loading(none, Some((6, 1))).found, "no CAP_BPF and CAP_PERFMON");
        assert!(loading(none, Some((5, 8))).found.ends_with("CAP_SYS_RESOURCE"));
        assert_eq!(looking(none).found, "no CAP_SYS_PTRACE");
        let three = with(&[39, 38, 19]);
        assert_eq!(loading(three, Some((6, 1))).remedy, None);
        assert_eq!(looking(three).remedy, None);
        assert!(descriptors(three).remedy.is_some() && !descriptors(three).needed);
        assert_eq!(descriptors(with(&[2])).remedy, None);
        let admin = with(&[21]);
        assert_eq!(loading(admin, Some((5, 8))).remedy, None);
        assert!(looking(admin).text().contains("CAP_SYS_PTRACE"));
    }

    #[test]
    fn lockdown_matters_only_where_it_forbids_reading() {
        assert!(lockdown("none integrity [confidentiality]\n").remedy.is_some());
        assert!(lockdown("none [integrity] confidentiality\n").remedy.is_none());
        assert!(lockdown("").remedy.is_none());
    }

    #[test]
    fn a_container_without_the_machines_processes_is_told() {
        assert_eq!(pid_namespace(FIRST_PID_NAMESPACE).remedy, None);
        let own = pid_namespace("pid:[4026532201]");
        assert!(!own.needed && own.text().contains("--pid=host"));
        assert!(others(false).text().contains("hidepid"));
        assert!(proc_there(false).needed && proc_there(false).remedy.is_some());
    }
}
