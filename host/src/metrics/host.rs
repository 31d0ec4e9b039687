//! The machine, as metrics tell of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where the machine's `/proc` is, which is not ours in a container: below `$HOST_ROOT`, as in Falco.
pub(super) fn host_path(path: &str) -> PathBuf {
    let root = std::env::var("HOST_ROOT").unwrap_or_default();
    PathBuf::from(format!("{root}{path}"))
}

pub(super) fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(host_path(path)).ok()
}

/// The number after a word at the beginning of a line.
pub(super) fn number_after(text: &str, word: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// What does not change while the machine runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Host {
    /// Of the kernel, as `uname -r`.
    pub(super) kernel_release: String,
    /// When it started, ns since the epoch.
    pub(super) boot_ns: u64,
    /// Processors online.
    pub(super) cpus: u64,
}

impl Host {
    pub(super) fn look() -> Self {
        let stat = read("/proc/stat").unwrap_or_default();
        let is_cpu = |line: &&str| {
            line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        };
        Self {
            kernel_release: read("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            boot_ns: number_after(&stat, "btime ").unwrap_or(0).saturating_mul(1_000_000_000),
            cpus: stat.lines().filter(is_cpu).count() as u64,
        }
    }
}

/// The addresses of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) ipv4: Vec<String>,
    pub(super) ipv6: Vec<String>,
}

/// Every interface that has addresses, but not the one that only talks to itself.
pub(super) fn interfaces() -> BTreeMap<String, Addresses> {
    let mut found: BTreeMap<String, Addresses> = BTreeMap::new();
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return found };
    for interface in all.filter(|interface| interface.interface_name != "lo") {
        let Some(address) = interface.address else { continue };
        if let Some(v4) = address.as_sockaddr_in() {
            found.entry(interface.interface_name).or_default().ipv4.push(v4.ip().to_string());
        } else if let Some(v6) = address.as_sockaddr_in6() {
            found.entry(interface.interface_name).or_default().ipv6.push(v6.ip().to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_kernel_and_processors() {
        let host = Host::look();
        assert!(!host.kernel_release.is_empty() && host.cpus > 0, "{host:?}");
        assert!(host.boot_ns > 1_000_000_000_000_000_000, "{host:?}");
    }
}
