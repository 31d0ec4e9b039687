//! Where the runtimes' sockets are.

use std::path::{Path, PathBuf};

use super::client::Kind;
use crate::config::Config;

/// Sockets that are looked for: paths in which a whole component may be `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sockets {
    /// What stands before all paths: the host's root, where this process has another.
    root: PathBuf,
    patterns: Vec<(Kind, String)>,
}

/// Looked for where the configuration names none.
fn usual(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Docker => &["/var/run/docker.sock"],
        Kind::Podman => &["/run/podman/podman.sock", "/run/user/*/podman/podman.sock"],
        Kind::Cri => &[
            "/run/containerd/containerd.sock",
            "/run/crio/crio.sock",
            "/run/k3s/containerd/containerd.sock",
            "/run/host-containerd/containerd.sock",
        ],
        Kind::Containerd => &["/run/host-containerd/containerd.sock"],
    }
}

impl Sockets {
    /// Those of the engines that are on, under `root`.
    pub(super) fn of(config: &Config, root: PathBuf) -> Self {
        let engines = &config.engines;
        let on = |kind: Kind| match kind {
            Kind::Docker => &engines.docker,
            Kind::Podman => &engines.podman,
            Kind::Cri => &engines.cri,
            Kind::Containerd => &engines.containerd,
        };
        // The one container of the engine `static` is all there is.
        let kinds = Kind::ALL.into_iter().filter(|kind| on(*kind).enabled && !engines.fixed.enabled);
        let named = |kind: Kind| -> Vec<(Kind, String)> {
            let own = &on(kind).sockets;
            let all: Vec<String> =
                if own.is_empty() { usual(kind).iter().map(|&s| s.to_owned()).collect() } else { own.clone() };
            all.into_iter().map(|socket| (kind, socket)).collect()
        };
        Self { root, patterns: kinds.flat_map(named).collect() }
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether sockets of this kind are looked for.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.patterns.iter().any(|(k, _)| *k == kind)
    }

    /// Those that exist now.
    pub(super) fn existing(&self) -> Vec<(Kind, PathBuf)> {
        let under = |pattern: &str| expand(&self.root, pattern.strip_prefix("unix://").unwrap_or(pattern));
        self.patterns.iter().flat_map(|(kind, pattern)| under(pattern).into_iter().map(|path| (*kind, path))).collect()
    }
}

/// The existing paths that a pattern stands for, in the order of their names.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut paths = vec![root.to_owned()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let below = |folder: &PathBuf| -> Vec<PathBuf> {
            if part != "*" {
                return vec![folder.join(part)];
            }
            // A folder that is not there, or not ours to read, has nothing in it.
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            all.sort();
            all
        };
        paths = paths.iter().flat_map(below).collect();
    }
    paths.retain(|path| path.exists());
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_exists_under_the_root_of_the_host() {
        let dir = std::env::temp_dir().join(format!("lanner-sockets-{}", std::process::id()));
        for user in ["1000", "7"] {
            let folder = dir.join("run/user").join(user).join("podman");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("podman.sock"), "").unwrap();
        }
        let sockets = Sockets::of(&Config::default(), dir.clone());
        let found = sockets.existing();
        std::fs::remove_dir_all(&dir).unwrap();
        let path = |user| (Kind::Podman, dir.join(format!("run/user/{user}/podman/podman.sock")));
        assert_eq!(found, [path("1000"), path("7")]);
        assert_eq!(sockets.existing(), []);
    }

    #[test]
    fn what_the_configuration_names_and_switches_off() {
        let mut config = Config::default();
        config.engines.docker.sockets = vec!["/a.sock".into()];
        config.engines.cri.enabled = false;
        let sockets = Sockets::of(&config, "/".into());
        assert_eq!(sockets.patterns.iter().filter(|(kind, _)| *kind == Kind::Docker).count(), 1);
        assert!(sockets.has(Kind::Containerd) && !sockets.has(Kind::Cri));
        config.engines.fixed.enabled = true;
        assert_eq!(Sockets::of(&config, "/".into()).patterns, []);
    }
}
