//! What runs already: processes, threads, descriptors, users and interfaces, from `/proc`, in the shape in which captures
//! carry it.
//!
//! The probes report while this is read. What changes meanwhile is told by events that come afterwards, and they find at
//! least what they are about.

mod cgroup;
mod descriptor;
mod interface;
mod machine;
mod namespace;
mod process;
mod sockets;
mod status;
mod users;

use std::fs;
use std::path::PathBuf;

use crate::capture::{InitialState, Thread};

/// Where the machine's own files are: `HOST_ROOT` for an agent in a container, else `/`.
pub(super) fn host(path: &str) -> PathBuf {
    let root = std::env::var_os("HOST_ROOT").unwrap_or_default();
    let mut full = root;
    full.push(path);
    full.into()
}

/// Everything there is. `boot` is the epoch of the time since boot in ns.
pub(super) fn scan(boot: u64) -> InitialState {
    InitialState {
        machine: Some(machine::machine(boot)),
        interfaces: interface::interfaces(),
        users: users::users(&fs::read(host("/etc/passwd")).unwrap_or_default()),
        groups: users::groups(&fs::read(host("/etc/group")).unwrap_or_default()),
        threads: threads(boot),
    }
}

/// Processes that one thread of the agent reads; below it, starting more threads costs more than it saves.
const SHARE: usize = 512;

fn threads(boot: u64) -> Vec<Thread> {
    let mut pids: Vec<u32> = numbers(&host("/proc")).collect();
    pids.sort_unstable();
    let most = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let share = pids.len().div_ceil(most).max(SHARE);
    let read = |pids: &[u32]| {
        let mut reader = process::Reader::new(boot);
        pids.iter().flat_map(|pid| reader.process(*pid)).collect::<Vec<Thread>>()
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = pids.chunks(share).map(|pids| scope.spawn(move || read(pids))).collect();
        // A part that cannot be read is a part that events have to make up for.
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

/// Names of a folder that are numbers.
fn numbers(folder: &std::path::Path) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
