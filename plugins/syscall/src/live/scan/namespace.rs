//! When the pid namespaces of containers began.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::status::{Stat, Status};
use super::{host, numbers};

/// Clock ticks of a second in `/proc`: fixed on every architecture that has the probes.
const TICKS: u64 = 100;

/// Start of the first process of each namespace, found when it is first asked for.
pub(super) struct Namespaces {
    boot: u64,
    starts: Option<HashMap<OsString, u64>>,
}

impl Namespaces {
    pub(super) fn new(boot: u64) -> Self {
        Self { boot, starts: None }
    }

    /// ns since the epoch; 0 if unknown.
    pub(super) fn start(&mut self, process: &Path) -> u64 {
        let boot = self.boot;
        let starts = self.starts.get_or_insert_with(|| all(boot));
        let namespace = fs::read_link(process.join("ns/pid")).unwrap_or_default();
        starts.get(namespace.as_os_str()).copied().unwrap_or(0)
    }
}

fn all(boot: u64) -> HashMap<OsString, u64> {
    let folder = host("/proc");
    let first = |pid: u32| {
        let process = folder.join(pid.to_string());
        let status = fs::read(process.join("status")).ok()?;
        if Status(&status).last("NStgid") != Some(1) {
            return None;
        }
        let stat = Stat::parse(&fs::read(process.join("stat")).ok()?)?;
        let namespace = fs::read_link(process.join("ns/pid")).ok()?;
        Some((namespace.into_os_string(), boot + stat.start * (1_000_000_000 / TICKS)))
    };
    numbers(&folder).filter_map(first).collect()
}
