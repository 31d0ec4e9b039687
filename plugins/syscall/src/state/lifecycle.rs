//! Threads coming and going.

use super::event::Exited;
use super::flags::{NO_ID, cl};
use super::ids::{Slot, TableId};
use super::thread::Thread;
use super::zstr::{ZList, ZStr};
use super::{Current, State};

impl State {
    /// Forgets all threads and interfaces; users and groups stay.
    pub(crate) fn clear(&mut self) {
        let slots: Vec<_> = self.threads.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.erase(slot);
        }
        self.interfaces = super::Interfaces::default();
        self.current = Current::default();
        self.pending = super::event::Pending::default();
        self.exited = Exited::default();
    }

    /// Puts a thread into the table without looking at its relatives; replaces an entry of the same tid.
    pub(crate) fn put(&mut self, mut thread: Thread) -> Option<Slot> {
        let old = self.threads.find(thread.tid);
        let mut bytes = thread.weight();
        if self.thread_bytes + bytes > self.limits.thread_bytes && !(thread.args.is_empty() && thread.env.is_empty()) {
            thread.set_args(ZList::EMPTY);
            thread.env = ZList::EMPTY;
            self.stats.trimmed_execs += 1;
            bytes = thread.weight();
        }
        let full = self.threads.len() >= self.limits.threads || self.thread_bytes + bytes > self.limits.thread_bytes;
        if old.is_none() && full {
            self.stats.refused_threads += 1;
            self.want_room();
            self.fds.release(&mut thread.fds);
            return None;
        }
        if let Some(old) = old {
            self.erase(old);
        }
        if self.is_tight() {
            self.want_room();
        }
        thread.counted = bytes;
        self.thread_bytes += bytes;
        self.stats.added_threads += 1;
        self.threads.insert(thread)
    }

    /// Puts a thread into the table, its group and its family.
    pub(crate) fn add(&mut self, thread: Thread) -> Option<Slot> {
        let slot = self.put(thread)?;
        self.link(slot);
        Some(slot)
    }

    /// Finds group and parent of a thread in the table. A placeholder gets none; a thread whose parent is unknown or a
    /// placeholder gets 0 as its parent.
    pub(crate) fn link(&mut self, slot: Slot) {
        let t = self.threads.at(slot);
        if t.is_invalid() || t.group.is_some() {
            return;
        }
        let (pid, ptid) = (t.pid, t.ptid);
        self.threads.join_group(slot);
        if pid == 1 {
            return;
        }
        match self.threads.find(ptid).filter(|&p| !self.threads.at(p).is_invalid()) {
            Some(parent) if parent == slot => {}
            Some(parent) => self.threads.adopt(parent, slot),
            None => self.threads.at_mut(slot).ptid = 0,
        }
    }

    /// The thread, or what the running system says of it, or a placeholder when it is unknown. `None`: the table is full.
    /// Whoever has been asked for once is asked for again only when the placeholder is gone.
    pub(crate) fn find_or_placeholder(&mut self, tid: i64) -> Option<Slot> {
        if let Some(slot) = self.threads.find(tid) {
            return Some(slot);
        }
        self.stats.unknown_threads += 1;
        if self.lookup.is_some()
            && let Some(slot) = self.look_up(tid)
        {
            return Some(slot);
        }
        let mut t = Thread::new(tid);
        t.comm = self.unknown.clone();
        t.exe = self.unknown.clone();
        (t.uid, t.gid, t.loginuid) = (NO_ID, NO_ID, NO_ID);
        self.put(t)
    }

    /// Counts the strings of a thread anew. When there is no memory left for them, the lists go.
    pub(crate) fn recount(&mut self, slot: Slot) {
        let t = self.threads.at_mut(slot);
        let others = self.thread_bytes - t.counted;
        if others + t.weight() > self.limits.thread_bytes {
            t.set_args(ZList::EMPTY);
            t.env = ZList::EMPTY;
            self.stats.trimmed_execs += 1;
        }
        t.counted = t.weight();
        self.thread_bytes = others + t.counted;
        if self.is_tight() {
            self.want_room();
        }
    }

    /// Drops what a live system no longer has: placeholders, and threads without an event for `idle_ns` of which
    /// `lives` (process, thread and command) says that they are gone. Returns how many.
    pub fn purge(&mut self, now: u64, idle_ns: u64, mut lives: impl FnMut(i64, i64, &[u8]) -> bool) -> usize {
        self.settle();
        let mut tids = Vec::new();
        for (_, t) in self.threads.iter() {
            let idle = now > t.lastaccess_ts.saturating_add(idle_ns);
            if t.is_invalid() || (idle && !lives(t.pid, t.tid, t.comm.as_bytes())) {
                tids.push(t.tid);
            }
        }
        for &tid in &tids {
            self.remove_thread(tid);
        }
        tids.len()
    }

    /// Takes a thread out of the table with all that belongs to it.
    pub(crate) fn erase(&mut self, slot: Slot) {
        let mut gone = self.threads.remove(slot);
        self.fds.release(&mut gone.fds);
        self.thread_bytes -= gone.counted;
        if let Some(enter) = gone.enter.take() {
            self.enters.drop_one(enter);
        }
        self.stats.removed_threads += 1;
        if self.current.thread == Some(slot) {
            self.current.thread = None;
            self.current.fd = None;
        }
    }

    /// Removes a thread that has exited. Its children get a new parent; the main thread stays while others live.
    pub(crate) fn remove_thread(&mut self, tid: i64) {
        let Some(slot) = self.threads.find(tid) else { return };
        let t = self.threads.at(slot);
        if t.is_invalid() || t.group.is_none() {
            self.erase(slot);
            return;
        }
        if !t.is_dead() {
            self.mark_dead(slot);
        }
        if self.threads.at(slot).child_first.is_some() {
            self.give_children_away(slot);
        }
        let t = self.threads.at(slot);
        let (pid, main) = (t.pid, t.is_main_thread());
        let last = self.threads.group(slot).is_none_or(|g| g.alive == 0);
        if last && let Some(leader) = self.threads.main(slot).filter(|&l| l != slot) {
            self.erase(leader);
        }
        if last {
            self.threads.close_group(pid);
        }
        if last || !main {
            self.erase(slot);
        }
    }

    pub(crate) fn mark_dead(&mut self, slot: Slot) {
        self.threads.at_mut(slot).flags |= cl::CLOSED;
        if let Some(g) = self.threads.group_mut(slot) {
            g.alive = g.alive.saturating_sub(1);
        }
    }

    fn give_children_away(&mut self, slot: Slot) {
        let told = self.threads.at(slot).reaper_tid;
        let reaper = (told > 0).then(|| self.threads.find(told)).flatten();
        let reaper = reaper.filter(|&r| r != slot && !self.threads.at(r).is_invalid());
        let reaper = reaper.or_else(|| self.find_reaper(slot));
        if let Some(r) = reaper {
            let (tid, pid) = (self.threads.at(r).tid, self.threads.at(r).pid);
            let t = self.threads.at_mut(slot);
            t.reaper_tid = tid;
            if t.pid != pid
                && let Some(g) = self.threads.group_mut(r)
            {
                g.reaper = true;
            }
        }
        while let Some(child) = self.threads.at(slot).child_first {
            match reaper {
                Some(r) if r != child => self.threads.adopt(r, child),
                _ => {
                    self.threads.leave_parent(child);
                    self.threads.at_mut(child).ptid = 0;
                }
            }
        }
    }

    /// Who adopts the children, as the kernel chooses: a living thread of the same process, else the nearest ancestor
    /// process that adopts orphans, on the same side of the pid namespace.
    fn find_reaper(&self, slot: Slot) -> Option<Slot> {
        let living = |of: Slot| self.threads.members(of).find(|&s| s != slot && !self.threads.at(s).is_dead());
        if self.threads.group(slot).is_some_and(|g| g.alive > 0)
            && let Some(sibling) = living(slot)
        {
            return Some(sibling);
        }
        let t = self.threads.at(slot);
        for parent in self.parents(t) {
            if parent.tid == t.tid || parent.is_in_pid_namespace() != t.is_in_pid_namespace() {
                return None;
            }
            let at = self.threads.find(parent.tid)?;
            if self.threads.group(at).is_some_and(|g| g.reaper && g.alive > 0)
                && let Some(found) = living(at)
            {
                return Some(found);
            }
        }
        None
    }

    /// Gives `child` the descriptors of `parent`'s process, as a fork does.
    pub(crate) fn inherit_fds(&mut self, child: &mut Thread, parent: Slot) {
        let from = self.threads.at(parent);
        if let Some(table) = self.table_of(from)
            && table != TableId::NONE
        {
            child.fds = self.fds.share(table);
            child.fds_inherited = true;
        }
    }
}

/// What stands for an unknown command.
pub(crate) fn unknown() -> ZStr {
    ZStr::from("<NA>")
}
