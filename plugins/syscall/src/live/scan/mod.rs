//! What runs already: processes, threads, descriptors, users and interfaces, from `/proc`, in the shape in which captures
//! carry it.
//!
//! The probes report while this is read. What changes meanwhile is told by events that come afterwards, and they find at
//! least what they are about.

mod cgroup;
mod descriptor;
pub(crate) mod inside;
mod interface;
mod machine;
mod namespace;
mod process;
mod sockets;
mod status;
mod users;

pub(crate) use process::Reader;
pub use users::UserFiles;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

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

/// Ids of all processes.
pub fn process_ids() -> Vec<u32> {
    numbers(&host("/proc")).collect()
}

/// The process of a thread; `None`: it is gone.
pub(super) fn process_of(tid: u32) -> Option<u32> {
    let status = read(&host("/proc").join(tid.to_string()).join("status")).ok()?;
    status::Status(&status).number("Tgid", 0).and_then(|pid| u32::try_from(pid).ok())
}

/// Whether a thread of this name is there.
pub fn is_alive(pid: i64, tid: i64, comm: &[u8]) -> bool {
    let file = host("/proc").join(pid.to_string()).join("task").join(tid.to_string()).join("comm");
    read(&file).is_ok_and(|found| found.strip_suffix(b"\n").unwrap_or(&found) == comm)
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

/// Room for most files of `/proc`, whose size is not known before they have been read: with less, each would be read in many
/// small pieces.
const USUAL: usize = 4096;

/// A whole file of `/proc`.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL);
    fs::File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The first bytes of a file, which may be as long as its process likes.
fn read_head(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most + 1);
    fs::File::open(path)?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Names of a folder that are numbers.
fn numbers(folder: &Path) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
