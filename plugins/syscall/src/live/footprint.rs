//! What the probes take of the kernel's memory, which is no part of this process's.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aya::maps::{Map, MapData};
use aya::programs::BtfTracePoint;

use super::LiveError;

/// The map of entries that wait, the only one that grows.
const ENTERED: &str = "entered";

/// Memory of the kernel in bytes, by what it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Buffers through which events come. They count as resident in this process too, as far as they have been used.
    pub rings: u64,
    /// Where each processor puts an event together.
    pub scratch: u64,
    /// Places of threads that have opened a file, for what waits until a call ends.
    pub entries: u64,
    /// Settings, counters, rules that kill.
    pub tables: u64,
    /// Programs, as they were given and as machine code.
    pub programs: u64,
}

/// Tells it at any time, also when the events have ended.
#[derive(Clone)]
pub struct FootprintReader(Arc<Inner>);

struct Inner {
    /// What never changes; none where `/proc` does not tell.
    fixed: Option<Footprint>,
    entered: MapData,
    programs: AtomicU64,
}

/// Of these maps, but for the one of entries that wait.
fn fixed(bpf: &aya::Ebpf) -> Option<Footprint> {
    let mut sum = Footprint::default();
    for (name, map) in bpf.maps() {
        let (Map::Array(map) | Map::PerCpuArray(map) | Map::ProgramArray(map) | Map::ArrayOfMaps(map)) = map else {
            continue;
        };
        let part = match name {
            "rings" => &mut sum.rings,
            "scratches" => &mut sum.scratch,
            _ => &mut sum.tables,
        };
        *part += of_fd(map.fd().as_fd())?;
    }
    Some(sum)
}

impl FootprintReader {
    /// Of these maps, before any is taken away; the buffers are not among them. The map of entries that wait is taken.
    pub(super) fn new(bpf: &mut aya::Ebpf) -> Result<Self, LiveError> {
        let fixed = fixed(bpf);
        let Some(Map::HashMap(entered)) = bpf.take_map(ENTERED) else { return Err(LiveError::Lacks(ENTERED)) };
        Ok(Self(Arc::new(Inner { fixed, entered, programs: AtomicU64::new(0) })))
    }

    /// Counts the buffers, which take so much; none: nobody knows.
    pub(super) fn with_rings(mut self, bytes: Option<u64>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.fixed =
                inner.fixed.zip(bytes).map(|(fixed, bytes)| Footprint { rings: fixed.rings + bytes, ..fixed });
        }
        self
    }

    /// Counts a program that has just been loaded. What the kernel does not tell of it is left out.
    pub(super) fn add_program(&self, program: &BtfTracePoint) {
        let given = program.fd().ok().and_then(|fd| of_fd(fd.as_fd())).unwrap_or_default();
        let code = program.info().map_or(0, |info| u64::from(info.size_jitted()));
        self.0.programs.fetch_add(given + code, Ordering::Relaxed);
    }

    /// Forgets the programs so far: they have been unloaded.
    pub(super) fn drop_programs(&self) {
        self.0.programs.store(0, Ordering::Relaxed);
    }

    /// What is taken now; none where `/proc` does not tell.
    pub fn read(&self) -> Option<Footprint> {
        let Inner { fixed, entered, programs } = &*self.0;
        let entries = of_fd(entered.fd().as_fd())?;
        fixed.map(|fixed| Footprint { entries, programs: programs.load(Ordering::Relaxed), ..fixed })
    }
}

/// What a map or a program takes, as the kernel counts it.
pub(super) fn of_fd(fd: BorrowedFd<'_>) -> Option<u64> {
    locked(&std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).ok()?)
}

fn locked(fdinfo: &str) -> Option<u64> {
    fdinfo.lines().find_map(|line| line.strip_prefix("memlock:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_of_a_map_is_read() {
        let fdinfo = "pos:\t0\nflags:\t02000002\nmap_type:\t1\nmap_extra:\t0x0\nmemlock:\t271296\nmap_id:\t42\n";
        assert_eq!(locked(fdinfo), Some(271_296));
        assert_eq!(locked("pos:\t0\nflags:\t02000002\n"), None);
    }
}
