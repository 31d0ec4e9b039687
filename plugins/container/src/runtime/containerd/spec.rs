//! The specification that an OCI runtime starts a container by, as far as it is told here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::info::Mount;

/// The specification. What is left out has the value that leaving it out means.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spec {
    pub(super) process: Process,
    mounts: Vec<SpecMount>,
    pub(super) linux: Linux,
    pub(super) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Process {
    pub(super) user: User,
    pub(super) env: Vec<String>,
    apparmor_profile: String,
    selinux_label: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    pub(super) uid: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SpecMount {
    destination: String,
    #[serde(rename = "type")]
    kind: String,
    source: String,
    options: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Linux {
    namespaces: Vec<Namespace>,
    pub(super) resources: Resources,
    rootfs_propagation: String,
    masked_paths: Vec<String>,
    readonly_paths: Vec<String>,
    seccomp: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Namespace {
    #[serde(rename = "type")]
    kind: String,
    path: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resources {
    pub(super) cpu: Cpu,
    pub(super) memory: Memory,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cpu {
    pub(super) shares: Option<i64>,
    pub(super) quota: Option<i64>,
    pub(super) period: Option<i64>,
    pub(super) cpus: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    pub(super) limit: Option<i64>,
    pub(super) swap: Option<i64>,
}

impl Spec {
    /// Reads it. One that cannot be read tells nothing: what else is known of the container stands.
    pub(super) fn parse(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// Whether the container has a namespace of this kind of its own. Where it names one by a path under `/proc/1` it has
    /// that of the host.
    pub(super) fn has_own(&self, kind: &str) -> bool {
        self.linux.namespaces.iter().any(|ns| ns.kind == kind && !ns.path.starts_with("/proc/1/"))
    }

    pub(super) fn mounts(&self) -> Vec<Mount> {
        let mount = |m: &SpecMount| Mount {
            source: m.source.clone(),
            destination: m.destination.clone(),
            mode: m.options.iter().find_map(|o| o.strip_prefix("mode=")).unwrap_or_default().to_owned(),
            rw: !m.options.iter().any(|o| o == "ro"),
            propagation: self.linux.rootfs_propagation.clone(),
        };
        self.mounts.iter().map(mount).collect()
    }

    /// Whether nothing is taken away from the container that a privileged one has: no path is hidden or made
    /// read-only, no profile confines it, and the kernel's file systems can be written.
    pub(super) fn is_privileged(&self) -> bool {
        let confined = !self.linux.masked_paths.is_empty()
            || !self.linux.readonly_paths.is_empty()
            || !self.process.selinux_label.is_empty()
            || !["", "unconfined"].contains(&self.process.apparmor_profile.as_str())
            || self.linux.seccomp.is_some();
        let kernel = |m: &&SpecMount| ["sysfs", "cgroup"].contains(&m.kind.as_str());
        // Without a specification nothing is known, and nothing is claimed.
        let known = !self.linux.namespaces.is_empty() || !self.mounts.is_empty();
        known && !confined && !self.mounts.iter().filter(kernel).any(|m| m.options.iter().any(|o| o == "ro"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_specification_tells() {
        let spec = Spec::parse(
            br#"{"ociVersion":"1.0.2","process":{"user":{"uid":7,"gid":7},"env":["A=1"],"apparmorProfile":"p"},
            "mounts":[{"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","ro"]},
                      {"destination":"/run","type":"tmpfs","source":"tmpfs","options":["mode=755"]}],
            "linux":{"resources":{"cpu":{"shares":512}},"rootfsPropagation":"rslave",
                     "namespaces":[{"type":"pid"},{"type":"network","path":"/proc/1/ns/net"}]}}"#,
        );
        assert!(spec.has_own("pid") && !spec.has_own("ipc") && !spec.has_own("network"));
        assert!(!spec.is_privileged());
        let mounts = spec.mounts();
        assert_eq!((mounts[0].rw, mounts[1].rw, mounts[1].mode.as_str()), (false, true, "755"));
        assert_eq!(mounts[1].propagation, "rslave");
        assert_eq!((spec.process.user.uid, spec.linux.resources.cpu.shares), (7, Some(512)));
    }

    #[test]
    fn privileged_is_what_nothing_is_taken_from() {
        let with = |more: &str| {
            let json = format!(r#"{{"linux":{{"namespaces":[{{"type":"pid"}}]{more}}}}}"#);
            Spec::parse(json.as_bytes()).is_privileged()
        };
        assert!(with(""));
        assert!(!with(r#","maskedPaths":["/proc/kcore"]"#));
        assert!(!with(r#","seccomp":{}"#));
        assert!(!Spec::parse(b"no JSON").is_privileged());
    }
}
