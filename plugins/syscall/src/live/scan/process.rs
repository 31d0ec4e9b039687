//! One process with its threads.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::namespace::Namespaces;
use super::sockets::Sockets;
use super::status::{Stat, Status};
use super::{cgroup, descriptor, host, numbers, read, read_head};
use crate::capture::Thread;

/// Flag of the kernel's own threads.
const PF_KTHREAD: u64 = 0x20_0000;
/// Flags of a thread that shares its process's descriptors (table `clone_flags`).
const OF_THREAD: u32 = 1 << 13 | 1;
const CAP_DAC_OVERRIDE: u64 = 1 << 1;
const CAP_FOWNER: u64 = 1 << 3;
/// Bytes kept of arguments and environment, as in events.
const MAX_ARGS: usize = 4096;

/// Reads processes; keeps what several of them share.
#[derive(Debug)]
pub(crate) struct Reader {
    sockets: Sockets,
    namespaces: Namespaces,
}

impl Reader {
    pub(crate) fn new(boot: u64) -> Self {
        Self { sockets: Sockets::default(), namespaces: Namespaces::new(boot) }
    }

    /// Makes it read the tables of sockets anew when they are next needed.
    pub(crate) fn forget_sockets(&mut self) {
        self.sockets = Sockets::default();
    }

    /// The process's main thread with its descriptors, then its other threads; nothing if it is gone, dead or the kernel's.
    pub(crate) fn process(&mut self, pid: u32) -> Vec<Thread> {
        let folder = host("/proc").join(pid.to_string());
        let Some(mut main) = thread(&folder, pid, pid) else { return Vec::new() };
        fill_process(&mut main, &folder);
        if main.vtid != main.tid {
            main.pidns_init_start_ts = self.namespaces.start(&folder);
        }
        let tasks = folder.join("task");
        let others: Vec<Thread> = numbers(&tasks)
            .filter(|tid| *tid != pid)
            .filter_map(|tid| {
                let mut other = thread(&tasks.join(tid.to_string()), tid, pid)?;
                share_process(&mut other, &main);
                Some(other)
            })
            .collect();
        main.fds = descriptor::descriptors(&folder, &mut self.sockets);
        std::iter::once(main).chain(others).collect()
    }
}

fn link(path: &Path) -> Box<[u8]> {
    fs::read_link(path).map(|to| to.into_os_string().into_vec().into()).unwrap_or_default()
}

/// What each thread has for itself.
fn thread(folder: &Path, tid: u32, pid: u32) -> Option<Thread> {
    let stat = Stat::parse(&read(&folder.join("stat")).ok()?)?;
    if stat.flags & PF_KTHREAD != 0 || matches!(stat.state, b'Z' | b'X') {
        return None;
    }
    let file = read(&folder.join("status")).ok()?;
    let status = Status(&file);
    let id = |name| status.number(name, 1).and_then(|id| u32::try_from(id).ok()).unwrap_or(u32::MAX);
    let comm = read(&folder.join("comm")).unwrap_or_default();
    Some(Thread {
        tid: i64::from(tid),
        pid: i64::from(pid),
        ptid: status.last("PPid").unwrap_or(0),
        sid: stat.sid,
        pgid: stat.pgid,
        vpgid: status.last("NSpgid").unwrap_or(stat.pgid),
        vtid: status.last("NSpid").unwrap_or(i64::from(tid)),
        vpid: status.last("NStgid").unwrap_or(i64::from(pid)),
        comm: comm.strip_suffix(b"\n").unwrap_or(&comm).into(),
        uid: id("Uid"),
        gid: id("Gid"),
        tty: stat.tty,
        vmsize_kb: status.kb("VmSize"),
        vmrss_kb: status.kb("VmRSS"),
        vmswap_kb: status.kb("VmSwap"),
        pfmajor: stat.pfmajor,
        pfminor: stat.pfminor,
        cap_inheritable: status.hex("CapInh").unwrap_or(0),
        cap_permitted: status.hex("CapPrm").unwrap_or(0),
        cap_effective: status.hex("CapEff").unwrap_or(0),
        ..Thread::default()
    })
}

/// What all threads of a process share.
fn fill_process(thread: &mut Thread, folder: &Path) {
    let read = |name: &str| read(&folder.join(name)).unwrap_or_default();
    let head = |name: &str| read_head(&folder.join(name), MAX_ARGS).unwrap_or_default();
    let mut command = head("cmdline");
    let exe_end = command.iter().position(|&b| b == 0).map_or(command.len(), |nul| nul + 1);
    thread.args = command.split_off(exe_end).into();
    thread.exe = command.strip_suffix(b"\0").unwrap_or(&command).into();
    thread.env = head("environ").into();
    thread.exepath = link(&folder.join("exe"));
    thread.cwd = link(&folder.join("cwd"));
    thread.root = link(&folder.join("root"));
    thread.cgroups = cgroup::cgroups(&read("cgroup")).into();
    thread.fdlimit = open_files(&read("limits"));
    thread.loginuid = std::str::from_utf8(&read("loginuid")).ok().and_then(|id| id.parse().ok()).unwrap_or(u32::MAX);
    if let Ok(file) = fs::metadata(folder.join("exe")) {
        let ns =
            |sec: i64, nsec: i64| u64::try_from(sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(nsec).unwrap_or(0);
        thread.exe_ino = file.ino();
        thread.exe_ino_ctime = ns(file.ctime(), file.ctime_nsec());
        thread.exe_ino_mtime = ns(file.mtime(), file.mtime_nsec());
        // As the probes find it for new programs, without the groups beyond the first.
        let by_mode = file.mode() & if file.gid() == thread.gid { 0o020 } else { 0o002 } != 0;
        let by_power = thread.cap_effective & (CAP_DAC_OVERRIDE | CAP_FOWNER) != 0;
        thread.exe_writable = file.uid() == thread.uid || by_mode || by_power;
    }
    thread.exe_from_memfd = thread.exepath.starts_with(b"/memfd:");
}

fn share_process(thread: &mut Thread, main: &Thread) {
    thread.flags |= OF_THREAD;
    (thread.exe, thread.exepath, thread.args) = (main.exe.clone(), main.exepath.clone(), main.args.clone());
    (thread.cgroups, thread.root) = (main.cgroups.clone(), main.root.clone());
    (thread.fdlimit, thread.loginuid) = (main.fdlimit, main.loginuid);
    (thread.exe_ino, thread.exe_ino_ctime, thread.exe_ino_mtime) =
        (main.exe_ino, main.exe_ino_ctime, main.exe_ino_mtime);
    (thread.exe_writable, thread.exe_from_memfd) = (main.exe_writable, main.exe_from_memfd);
    thread.pidns_init_start_ts = main.pidns_init_start_ts;
}

/// The first number of the row `Max open files` of `/proc/PID/limits`.
fn open_files(limits: &[u8]) -> i64 {
    let text = std::str::from_utf8(limits).unwrap_or_default();
    let row = text.lines().find_map(|line| line.strip_prefix("Max open files"));
    row.and_then(|row| row.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_is_read_whole() {
        let mut child = std::process::Command::new("sleep").arg("60").env("LIVE_TEST", "yes").spawn().unwrap();
        let pid = child.id();
        // Until the program is in place the fork still looks like the test.
        for _ in 0..200 {
            if fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep")) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let threads = Reader::new(0).process(pid);
        child.kill().unwrap();
        child.wait().unwrap();
        let [main] = &threads[..] else { panic!("one thread expected: {threads:?}") };
        assert_eq!((main.pid, main.tid, main.ptid), (i64::from(pid), i64::from(pid), i64::from(std::process::id())));
        assert_eq!((&*main.exe, &*main.args, &*main.comm), (&b"sleep"[..], &b"60\0"[..], &b"sleep"[..]));
        assert!(main.env.windows(14).any(|w| w == b"LIVE_TEST=yes\0"));
        assert!(main.exepath.starts_with(b"/") && main.exe_ino != 0 && main.fdlimit > 0);
        assert_eq!(*main.cwd, *std::env::current_dir().unwrap().into_os_string().into_vec());
        assert!(main.fds.len() >= 3);
        assert!(Reader::new(0).process(pid).is_empty(), "it has been waited for");
    }

    #[test]
    fn threads_share_what_is_the_processes() {
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let (started, running) = std::sync::mpsc::channel::<()>();
        // A thread takes its name itself, so it has it only once it runs.
        let body = move || (started.send(()), wait.recv());
        let other = std::thread::Builder::new().name("scanned".into()).spawn(body).unwrap();
        running.recv().unwrap();
        let threads = Reader::new(0).process(std::process::id());
        drop(stop);
        other.join().unwrap().0.unwrap();
        let found = threads.iter().find(|t| &*t.comm == b"scanned").unwrap();
        assert_eq!(found.pid, i64::from(std::process::id()));
        assert_ne!(found.tid, found.pid);
        assert_eq!((&found.exe, &found.args), (&threads[0].exe, &threads[0].args));
        assert_eq!(found.flags & OF_THREAD, OF_THREAD);
        assert!(found.fds.is_empty());
    }
}
