//! One thread; a process is the thread whose tid is its pid.

use std::cell::OnceCell;

use super::cgroups::Cgroups;
use super::flags::{NO_ID, cl};
use super::ids::{GroupId, Slot, TableId};
use super::table::DynValues;
use super::zstr::{BLOCK, ZList, ZStr};

/// What a thread costs without its strings: its entry, its places in the indexes, a few short values of plugins.
const FIXED: usize = size_of::<Thread>() + 256;

/// What is known of one thread. Ids are -1 and users 0xffffffff when unknown, times 0 (ns since the epoch otherwise).
///
/// What each event looks at or changes stands first and takes two lines of the processor's memory, so that following an event of one
/// of many threads waits for these two alone; what only programs that start and fields ask for comes behind them.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Thread {
    /// Thread id in the first pid namespace; key of the table.
    pub tid: i64,
    /// Process id.
    pub pid: i64,
    /// Bits of [`cl`].
    pub flags: u32,
    pub(crate) fds: TableId,
    pub(crate) group: Option<GroupId>,
    /// Descriptor of the last event that named one; -1: none.
    pub last_fd: i64,
    /// Time of the last event.
    pub lastevent_ts: u64,
    /// Time of the event before the last.
    pub prevevent_ts: u64,
    /// Time of the last look-up by an event.
    pub lastaccess_ts: u64,

    pub(crate) enter: Option<u32>,
    /// Code of the last enter event seen (`u16::MAX`: none).
    pub(crate) last_enter: u16,
    /// All entries of the descriptor table count as inherited (they are marked when the table is next changed).
    pub(crate) fds_inherited: bool,
    /// The executable is writable by the process's user.
    pub exe_writable: bool,
    /// The executable is in an overlay's upper layer.
    pub exe_upper_layer: bool,
    /// The executable is in an overlay's lower layer.
    pub exe_lower_layer: bool,
    /// The executable is memory without a file.
    pub exe_from_memfd: bool,
    /// Name of the command (at most 15 bytes from the kernel).
    pub comm: ZStr,
    /// Path of the executable.
    pub exepath: ZStr,
    pub(crate) parent_link: Option<Slot>,
    pub(crate) child_first: Option<Slot>,

    pub(crate) group_prev: Option<Slot>,
    pub(crate) group_next: Option<Slot>,
    pub(crate) sibling_prev: Option<Slot>,
    pub(crate) sibling_next: Option<Slot>,
    /// Parent's thread id.
    pub ptid: i64,
    /// Thread that got the children at exit, if the kernel said.
    pub reaper_tid: i64,
    /// Session id, as seen in the process's pid namespace.
    pub sid: i64,
    /// Process group, as seen in the process's pid namespace.
    pub vpgid: i64,
    /// Process group, as seen in the first pid namespace.
    pub pgid: i64,
    /// Thread id, as seen in the thread's pid namespace.
    pub vtid: i64,
    /// Process id, as seen in the process's pid namespace.
    pub vpid: i64,
    /// Most descriptors the process may open; -1: unknown.
    pub fdlimit: i64,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// User that logged in.
    pub loginuid: u32,
    /// Controlling terminal.
    pub tty: u32,
    /// First argument.
    pub exe: ZStr,
    /// Arguments after the first.
    pub args: ZList,
    /// Environment. Only main threads have one: see `State::env`.
    pub env: ZList,
    /// Control groups.
    pub cgroups: Cgroups,
    /// Working directory, ends in '/'. Only main threads have one: see `State::cwd`.
    pub cwd: ZStr,
    /// Root directory.
    pub root: ZStr,
    /// Inode of the executable; 0: unknown.
    pub exe_ino: u64,
    /// Its last change of status.
    pub exe_ino_ctime: u64,
    /// Its last modification.
    pub exe_ino_mtime: u64,
    /// From its last change of status to the clone, ns; `None`: never computed.
    pub exe_ino_ctime_duration_clone_ts: Option<u64>,
    /// From the start of the pid namespace to its last change of status, ns; `None`: never computed.
    pub exe_ino_ctime_duration_pidns_start: Option<u64>,
    /// Inheritable capabilities.
    pub cap_inheritable: u64,
    /// Permitted capabilities.
    pub cap_permitted: u64,
    /// Effective capabilities.
    pub cap_effective: u64,
    /// Virtual memory, KiB.
    pub vmsize_kb: u32,
    /// Resident memory, KiB.
    pub vmrss_kb: u32,
    /// Swapped memory, KiB.
    pub vmswap_kb: u32,
    /// Major page faults.
    pub pfmajor: u64,
    /// Minor page faults.
    pub pfminor: u64,
    /// Time of the clone that made the thread.
    pub clone_ts: u64,
    /// Time of the last exec.
    pub lastexec_ts: u64,
    /// Start of the pid namespace's first process.
    pub pidns_init_start_ts: u64,
    /// Values of fields that plugins added.
    pub dynamic: DynValues,
    /// Serial number of this entry: never used twice, so a remembered value can tell whose it is.
    pub serial: u64,
    pub(crate) cmdline: OnceCell<ZStr>,
    /// Bytes that count for this thread (see `Thread::weight`).
    pub(crate) counted: usize,
}

impl Thread {
    pub(crate) fn new(tid: i64) -> Thread {
        Thread {
            tid,
            flags: cl::NAME_CHANGED,
            last_enter: u16::MAX,
            last_fd: 0,
            lastevent_ts: 0,
            prevevent_ts: 0,
            lastaccess_ts: 0,
            fds: TableId::NONE,
            group: None,
            group_prev: None,
            group_next: None,
            parent_link: None,
            child_first: None,
            sibling_prev: None,
            sibling_next: None,
            enter: None,
            fds_inherited: false,
            pid: -1,
            ptid: -1,
            reaper_tid: -1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            fdlimit: -1,
            uid: NO_ID,
            gid: NO_ID,
            loginuid: NO_ID,
            tty: 0,
            comm: ZStr::EMPTY,
            exe: ZStr::EMPTY,
            exepath: ZStr::EMPTY,
            args: ZList::EMPTY,
            env: ZList::EMPTY,
            cgroups: Cgroups::default(),
            cwd: ZStr::EMPTY,
            root: ZStr::EMPTY,
            exe_writable: false,
            exe_upper_layer: false,
            exe_lower_layer: false,
            exe_from_memfd: false,
            exe_ino: 0,
            exe_ino_ctime: 0,
            exe_ino_mtime: 0,
            exe_ino_ctime_duration_clone_ts: None,
            exe_ino_ctime_duration_pidns_start: None,
            cap_inheritable: 0,
            cap_permitted: 0,
            cap_effective: 0,
            vmsize_kb: 0,
            vmrss_kb: 0,
            vmswap_kb: 0,
            pfmajor: 0,
            pfminor: 0,
            clone_ts: 0,
            lastexec_ts: 0,
            pidns_init_start_ts: 0,
            dynamic: DynValues::default(),
            serial: 0,
            cmdline: OnceCell::new(),
            counted: 0,
        }
    }

    /// The thread that stands for its process.
    #[inline]
    pub fn is_main_thread(&self) -> bool {
        self.tid == self.pid || self.flags & cl::IS_MAIN_THREAD != 0
    }

    /// Lives in a pid namespace of its own.
    pub fn is_in_pid_namespace(&self) -> bool {
        self.flags & cl::CHILD_IN_PIDNS != 0 || (self.tid != self.vtid && self.vtid >= 0)
    }

    /// A placeholder: only the tid is known.
    pub fn is_invalid(&self) -> bool {
        self.tid < 0 || self.pid < 0 || self.ptid < 0
    }

    /// Has exited; the entry goes at the next event, or with the last thread of its process.
    pub fn is_dead(&self) -> bool {
        self.flags & cl::CLOSED != 0
    }

    /// Command and arguments, separated by blanks (`proc.cmdline`). What follows the command and its blank is
    /// `proc.args`.
    pub fn cmdline(&self) -> &ZStr {
        self.cmdline.get_or_init(|| join(self.comm.as_bytes(), &self.args))
    }

    /// First argument and the others, separated by blanks (`proc.exeline`).
    pub fn exeline(&self) -> ZStr {
        join(self.exe.as_bytes(), &self.args)
    }

    /// Bytes that the thread takes, as if it shared nothing. The command line counts as if it were asked for.
    pub(crate) fn weight(&self) -> usize {
        let strings = [&self.comm, &self.exe, &self.exepath, &self.cwd, &self.root];
        let lists = [2 * self.args.as_bytes().len(), self.env.as_bytes().len(), self.cgroups.len()];
        let strings: usize = strings.into_iter().map(ZStr::held).sum();
        let lists: usize = lists.into_iter().map(|len| if len == 0 { 0 } else { len + 2 * BLOCK }).sum();
        FIXED + strings + lists
    }

    pub(crate) fn set_comm(&mut self, comm: ZStr) {
        self.comm = comm;
        self.cmdline.take();
    }

    pub(crate) fn set_args(&mut self, args: ZList) {
        self.args = args;
        self.cmdline.take();
    }
}

fn join(first: &[u8], args: &ZList) -> ZStr {
    if args.is_empty() {
        return ZStr::new(first);
    }
    let mut text = Vec::with_capacity(first.len() + 1 + args.as_bytes().len());
    text.extend_from_slice(first);
    for arg in args.iter() {
        text.push(b' ');
        text.extend_from_slice(arg);
    }
    ZStr::long(&text)
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;
    use crate::state::fd::Fd;

    /// A machine has thousands of threads and a hundred thousand descriptors: whoever makes one larger says why.
    #[test]
    fn entries_are_small() {
        // Two lines for each event, six more for what programs that start and fields ask for.
        assert_eq!(size_of::<Thread>(), 512);
        // The addresses of a socket are 38 bytes of it, its names 32.
        assert_eq!(size_of::<Fd>(), 112);
    }

    #[test]
    fn what_each_event_needs_stands_in_the_first_lines() {
        const LINE: usize = 64;
        assert!(offset_of!(Thread, lastaccess_ts) + size_of::<u64>() <= LINE);
        assert!(offset_of!(Thread, child_first) + size_of::<Option<Slot>>() <= 2 * LINE);
        assert_eq!(align_of::<Thread>(), LINE);
    }
}
