//! Bringing threads up to date with what the running system says of them: those that an event names and nobody knows, and
//! all of them after events were lost.

use std::fmt;

use super::fd::{Fd, FdType, Sock};
use super::ids::Slot;
use super::load::scanned_fd;
use super::thread::Thread;
use super::{State, ids::TableId};
use crate::capture;

/// Who can be asked about a thread that is not in the table.
pub trait Lookup: fmt::Debug + Send {
    /// The process of a thread, its main thread with the descriptors first; nothing if it is gone or must not be asked for
    /// now.
    fn find(&mut self, tid: i64) -> Vec<capture::Thread>;
}

/// What a look at a process came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Threads that were unknown.
    pub found: usize,
    /// Threads of which something else was known than what is.
    pub changed: usize,
    /// Descriptors that were wrong, missing or no longer there.
    pub descriptors: usize,
}

impl State {
    /// Says who is asked about unknown threads from now on.
    pub fn set_lookup(&mut self, lookup: Option<Box<dyn Lookup>>) {
        self.lookup = lookup;
    }

    /// Asks about a thread that is not in the table.
    #[cold]
    pub(crate) fn look_up(&mut self, tid: i64) -> Option<Slot> {
        let mut lookup = self.lookup.take()?;
        let process = lookup.find(tid);
        self.lookup = Some(lookup);
        for entry in &process {
            if self.threads.find(entry.tid).is_none_or(|slot| self.threads.at(slot).is_invalid()) {
                self.put_found(entry);
            }
        }
        let found = self.threads.find(tid);
        self.stats.found_threads += u64::from(found.is_some());
        found
    }

    /// Corrects what is known of a process by what the system says of it now, its main thread first. Events that happened
    /// before and come later change it once more, to the same.
    pub fn refresh(&mut self, process: &[capture::Thread]) -> Refreshed {
        self.settle();
        let mut refreshed = Refreshed::default();
        for entry in process {
            match self.threads.find(entry.tid) {
                Some(slot) if self.threads.at(slot).pid == entry.pid && !self.threads.at(slot).is_invalid() => {
                    refreshed.changed += usize::from(self.update(slot, entry));
                    if entry.tid == entry.pid {
                        refreshed.descriptors += self.update_fds(slot, &entry.fds);
                    }
                }
                _ => {
                    self.put_found(entry);
                    refreshed.found += 1;
                }
            }
        }
        refreshed
    }

    /// Forgets a process that the system does not have any more, unless an event of it came after `before`: its end may
    /// then still be on its way. Returns whether it was forgotten.
    pub fn retire(&mut self, pid: i64, before: u64) -> bool {
        self.settle();
        let Some(slot) = self.threads.find(pid) else { return false };
        let mut tids: Vec<i64> = self.threads.members(slot).map(|member| self.threads.at(member).tid).collect();
        if tids.is_empty() {
            tids.push(pid);
        }
        let late = |tid: &i64| self.thread(*tid).is_some_and(|t| t.lastaccess_ts.max(t.clone_ts) >= before);
        if tids.iter().any(late) {
            return false;
        }
        // The main thread goes last: it stays while others live.
        tids.iter().rev().for_each(|tid| self.remove_thread(*tid));
        true
    }

    /// Ids of all processes in the table.
    pub fn processes(&self) -> impl Iterator<Item = i64> + '_ {
        self.threads.iter().map(|(_, t)| if t.pid >= 0 { t.pid } else { t.tid })
    }

    fn put_found(&mut self, entry: &capture::Thread) {
        let thread = self.thread_of(entry);
        if let Some(slot) = self.put(thread) {
            entry.fds.iter().for_each(|fd| self.put_scanned_fd(slot, fd));
            self.link(slot);
            self.orient_sockets(slot);
        }
    }

    fn update(&mut self, slot: Slot, entry: &capture::Thread) -> bool {
        let new = self.thread_of(entry);
        let new_parent = (entry.ptid != self.threads.at(slot).ptid)
            .then(|| self.threads.find(entry.ptid))
            .flatten()
            .filter(|parent| *parent != slot && !self.threads.at(*parent).is_invalid());
        let t = self.threads.at_mut(slot);
        let program = is_other_program(t, &new);
        if program {
            t.set_comm(new.comm.clone());
            t.set_args(new.args.clone());
            (t.exe, t.exepath) = (new.exe.clone(), new.exepath.clone());
            (t.exe_ino, t.exe_ino_ctime, t.exe_ino_mtime) = (new.exe_ino, new.exe_ino_ctime, new.exe_ino_mtime);
            (t.exe_writable, t.exe_from_memfd) = (new.exe_writable, new.exe_from_memfd);
            (t.exe_upper_layer, t.exe_lower_layer) = (new.exe_upper_layer, new.exe_lower_layer);
            if t.is_main_thread() {
                t.env = new.env.clone();
            }
        }
        let who = |t: &Thread| (t.uid, t.gid, t.loginuid, t.sid, t.pgid, t.vpgid, t.tty);
        let caps = |t: &Thread| (t.cap_effective, t.cap_permitted, t.cap_inheritable);
        let place = t.cwd.as_bytes() != new.cwd.as_bytes() || t.root.as_bytes() != new.root.as_bytes();
        let groups = t.cgroups.number() != new.cgroups.number();
        let changed = program || place || groups || who(t) != who(&new) || caps(t) != caps(&new);
        if changed {
            (t.uid, t.gid, t.loginuid, t.tty) = (new.uid, new.gid, new.loginuid, new.tty);
            (t.sid, t.pgid, t.vpgid, t.fdlimit) = (new.sid, new.pgid, new.vpgid, new.fdlimit);
            (t.cap_effective, t.cap_permitted, t.cap_inheritable) =
                (new.cap_effective, new.cap_permitted, new.cap_inheritable);
            (t.cwd, t.root, t.cgroups) = (new.cwd, new.root, new.cgroups);
            self.recount(slot);
        }
        if let Some(parent) = new_parent {
            self.threads.adopt(parent, slot);
        }
        changed || new_parent.is_some()
    }

    fn update_fds(&mut self, slot: Slot, scanned: &[capture::Fd]) -> usize {
        let table = self.threads.at(slot).fds;
        let known = |state: &State, fd: i64| state.fds.find(table, fd).and_then(|at| state.fds.get(at)).cloned();
        let wrong: Vec<&capture::Fd> = scanned
            .iter()
            .filter(|entry| known(self, entry.fd).is_none_or(|old| !is_same(&old, &scanned_fd(entry))))
            .collect();
        let gone: Vec<i64> = match table {
            TableId::NONE => Vec::new(),
            table => {
                let open = |fd: &i64| scanned.iter().any(|entry| entry.fd == *fd);
                self.fds.iter(table).map(|(fd, _)| fd).filter(|fd| !open(fd)).collect()
            }
        };
        gone.iter().for_each(|fd| self.close_fd(slot, *fd));
        wrong.iter().for_each(|entry| self.put_scanned_fd(slot, entry));
        gone.len() + wrong.len()
    }
}

/// Whether the thread has begun another program.
fn is_other_program(old: &Thread, new: &Thread) -> bool {
    let inode = old.exe_ino != new.exe_ino && old.exe_ino != 0 && new.exe_ino != 0;
    inode || old.comm.as_bytes() != new.comm.as_bytes() || old.args.as_bytes() != new.args.as_bytes()
}

/// Whether what events told of a descriptor is what `/proc` tells. Events know more of it, so it is kept if it may be the
/// same.
fn is_same(old: &Fd, new: &Fd) -> bool {
    if old.ino != 0 && old.ino == new.ino || new.has_name() && old.name() == new.name() {
        return true;
    }
    if old.ty.letter() != new.ty.letter() {
        return false;
    }
    match new.ty {
        FdType::File | FdType::FileV2 | FdType::Directory | FdType::Memfd => false,
        FdType::Ipv4Sock | FdType::Ipv6Sock => {
            let ends = |s: &Sock| (s.src, s.sport, s.dst, s.dport);
            let (was, is) = (&old.sock, &new.sock);
            ends(was) == ends(is) || (was.dst, was.dport, was.src, was.sport) == ends(is)
        }
        _ => true,
    }
}
