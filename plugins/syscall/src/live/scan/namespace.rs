//! When the pid namespaces of containers began.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::status::{Stat, Status};
use super::{host, numbers, read};

/// Clock ticks of a second in `/proc`: fixed on every architecture that has the probes.
const TICKS: u64 = 100;

/// Age at which all processes are looked through again for the first one of a namespace that is not known.
const AGAIN: Duration = Duration::from_secs(10);
/// Parents that are asked for the first process of a namespace.
const MAX_ANCESTORS: usize = 64;

/// Start of the first process of each namespace, found when it is first asked for.
#[derive(Debug)]
pub(super) struct Namespaces {
    boot: u64,
    starts: HashMap<OsString, u64>,
    looked: Option<Instant>,
}

impl Namespaces {
    pub(super) fn new(boot: u64) -> Self {
        Self { boot, starts: HashMap::new(), looked: None }
    }

    /// ns since the epoch; 0 if unknown.
    pub(super) fn start(&mut self, process: &Path) -> u64 {
        let namespace = fs::read_link(process.join("ns/pid")).unwrap_or_default().into_os_string();
        if let Some(start) = self.starts.get(&namespace) {
            return *start;
        }
        // Its first process is most often an ancestor; one that entered a namespace from outside has none inside.
        if let Some(start) = self.of_ancestor(process, &namespace) {
            self.starts.insert(namespace, start);
            return start;
        }
        if self.looked.is_none_or(|at| at.elapsed() >= AGAIN) {
            self.looked = Some(Instant::now());
            self.starts = all(self.boot);
        }
        self.starts.get(&namespace).copied().unwrap_or(0)
    }

    fn of_ancestor(&self, process: &Path, namespace: &OsString) -> Option<u64> {
        let mut at = process.to_owned();
        for _ in 0..MAX_ANCESTORS {
            if fs::read_link(at.join("ns/pid")).ok()?.as_os_str() != namespace {
                return None;
            }
            let status = read(&at.join("status")).ok()?;
            let status = Status(&status);
            if status.last("NStgid") == Some(1) {
                return start_of(&at, self.boot);
            }
            at = host("/proc").join(status.last("PPid")?.to_string());
        }
        None
    }
}

/// When a process began.
fn start_of(process: &Path, boot: u64) -> Option<u64> {
    let stat = Stat::parse(&read(&process.join("stat")).ok()?)?;
    Some(boot + stat.start * (1_000_000_000 / TICKS))
}

fn all(boot: u64) -> HashMap<OsString, u64> {
    let folder = host("/proc");
    let first = |pid: u32| {
        let process = folder.join(pid.to_string());
        let status = read(&process.join("status")).ok()?;
        if Status(&status).last("NStgid") != Some(1) {
            return None;
        }
        let namespace = fs::read_link(process.join("ns/pid")).ok()?;
        Some((namespace.into_os_string(), start_of(&process, boot)?))
    };
    numbers(&folder).filter_map(first).collect()
}
