//! clone, clone3, fork, vfork: one call, two exits, in either order.
//!
//! The caller's exit (return value above 0) makes the child, unless the child's own exit will tell more: in a pid
//! namespace the number returned is not ours, after a vfork the child may have come and gone. The child's exit (return
//! value 0) makes the child when the caller's has not done so, and marks it so that the caller's leaves it alone.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{Event, ParamIndex, read};

use super::{Slot, State, ret, text};
use crate::state::event::STALE;
use crate::state::flags::cl;
use crate::state::thread::Thread;
use crate::state::zstr::{ZList, ZStr};

/// Parameters of the four events.
struct Params<'e, 'a> {
    ev: &'e Event<'a>,
    index: ParamIndex,
}

impl<'a> Params<'_, 'a> {
    fn get(&self, i: usize) -> Option<&'a [u8]> {
        self.index.get(self.ev, i).filter(|p| !p.is_empty())
    }
    fn i64(&self, i: usize) -> Option<i64> {
        self.get(i).and_then(read::i64)
    }
    fn u64(&self, i: usize) -> Option<u64> {
        self.get(i).and_then(read::u64)
    }
    fn u32(&self, i: usize) -> Option<u32> {
        self.get(i).and_then(read::u32)
    }
    fn pid(&self) -> i64 {
        self.i64(4).unwrap_or(-1)
    }
    fn ptid(&self) -> i64 {
        self.i64(5).unwrap_or(-1)
    }
    fn flags(&self) -> u32 {
        self.u32(15).unwrap_or(0)
    }
    /// Thread and process id in the namespace, if the event has them.
    fn virtual_ids(&self) -> Option<(i64, i64)> {
        Some((self.i64(18)?, self.i64(19)?))
    }
}

impl State {
    pub(super) fn parse_clone(&mut self, ev: &Event<'_>) {
        let Some(child) = ret(ev).filter(|&r| r >= 0) else { return };
        let mut p = Params { ev, index: ParamIndex::default() };
        p.index.fill(ev);
        match child {
            0 => self.clone_child(&p),
            child => self.clone_caller(&p, child),
        }
    }

    fn clone_caller(&mut self, p: &Params<'_, '_>, child_tid: i64) {
        let tid = p.ev.tid();
        let Some(slot) = self.find_or_placeholder(tid) else {
            self.current.thread = None;
            return;
        };
        let caller_known = !self.threads.at(slot).is_invalid();
        if !caller_known {
            let t = self.threads.at_mut(slot);
            (t.pid, t.ptid) = (p.pid(), p.ptid());
            (t.vtid, t.vpid) = p.virtual_ids().unwrap_or((tid, -1));
            self.link(slot);
        }
        self.current.thread = Some(slot);
        let caller = self.threads.at(slot);
        let flags = p.flags();
        let left_to_child = cl::CHILD_IN_PIDNS | cl::CLONE_NEWPID | cl::CLONE_PARENT | cl::CLONE_VFORK;
        if flags & left_to_child != 0
            || tid != caller.vtid
            || p.ev.event_type() == T::SYSCALL_VFORK_20_X
            || self.exited.recently(child_tid, tid, p.ev.ts())
        {
            return;
        }
        if let Some(old) = self.threads.find(child_tid) {
            if self.threads.at(old).flags & cl::CLONE_INVERTED != 0 {
                return;
            }
            self.remove_thread(child_tid);
            // The caller may have gone with its own stale entry.
            self.current.thread = self.threads.find(tid);
            if self.current.thread != Some(slot) {
                return;
            }
        }
        let mut child = Thread::new(child_tid);
        child.flags = flags;
        if flags & cl::CLONE_THREAD == 0 {
            (child.pid, child.ptid) = (child_tid, tid);
            if caller_known {
                self.inherit_process(&mut child, slot);
            }
        } else {
            let caller = self.threads.at(slot);
            (child.pid, child.ptid) = (caller.pid, caller.ptid);
            child.flags |= cl::CLONE_FILES;
            child.lastexec_ts = caller.lastexec_ts;
        }
        (child.vtid, child.vpid) = (child.tid, child.pid);
        self.take_params(&mut child, slot, p);
        child.pidns_init_start_ts = self.boot_ts;
        if caller_known {
            self.inherit(&mut child, slot);
        } else {
            let caller = self.threads.at_mut(slot);
            caller.exe = child.exe.clone();
            caller.set_comm(child.comm.clone());
            caller.set_args(child.args.clone());
        }
        self.add(child);
    }

    fn clone_child(&mut self, p: &Params<'_, '_>) {
        let tid = p.ev.tid();
        if let Some(slot) = self.current.thread
            && self.threads.at(slot).clone_ts != 0
        {
            let age = p.ev.ts().wrapping_sub(self.threads.at(slot).clone_ts);
            if age < STALE {
                return;
            }
            self.remove_thread(tid);
            self.current.thread = None;
        }
        let mut child = Thread::new(tid);
        (child.pid, child.ptid) = (p.pid(), p.ptid());
        (child.vtid, child.vpid) = p.virtual_ids().unwrap_or((tid, -1));
        child.flags = p.flags() | cl::CLONE_INVERTED;
        let is_process = child.flags & cl::CLONE_THREAD == 0;
        let model_tid = if is_process { child.ptid } else { child.pid };
        if !is_process {
            child.flags |= cl::CLONE_FILES;
        }
        let Some(model) = self.find_or_placeholder(model_tid) else {
            self.current.thread = None;
            return;
        };
        let model_known = !self.threads.at(model).is_invalid();
        if !model_known && !is_process {
            let t = self.threads.at_mut(model);
            (t.pid, t.ptid) = (child.pid, child.ptid);
            (t.vpid, t.vtid) = (child.vpid, child.vpid);
            self.link(model);
        }
        self.take_params(&mut child, model, p);
        if model_known {
            self.inherit(&mut child, model);
            if is_process {
                self.inherit_process(&mut child, model);
            } else {
                child.lastexec_ts = self.threads.at(model).lastexec_ts;
            }
        } else if !is_process {
            let t = self.threads.at_mut(model);
            t.exe = child.exe.clone();
            t.set_comm(child.comm.clone());
            t.set_args(child.args.clone());
        }
        let in_pidns = child.flags & (cl::CHILD_IN_PIDNS | cl::CLONE_NEWPID) != 0 || child.tid != child.vtid;
        if !in_pidns {
            child.pidns_init_start_ts = self.boot_ts;
        } else if let Some(start) = p.u64(20) {
            child.pidns_init_start_ts = start.wrapping_add(self.boot_ts);
        }
        self.current.thread = self.add(child);
    }

    /// What the event says of the child; strings that equal those of `model` are shared with it.
    fn take_params(&mut self, child: &mut Thread, model: Slot, p: &Params<'_, '_>) {
        if let Some(list) = p.get(14).and_then(|list| self.cgroups.get(list)) {
            child.cgroups = list;
        }
        let m = self.threads.at(model);
        child.exe = ZStr::new_or_share(text(p.get(1)), &m.exe);
        child.args = ZList::new_or_share(p.get(2).unwrap_or_default(), &m.args);
        child.comm = match p.get(13) {
            Some(comm) => self.programs.like(text(Some(comm)), &m.comm),
            None => child.exe.clone(),
        };
        child.fdlimit = p.i64(7).unwrap_or(-1);
        if let (Some(maj), Some(min), Some(size), Some(rss), Some(swap)) =
            (p.u64(8), p.u64(9), p.u32(10), p.u32(11), p.u32(12))
        {
            (child.pfmajor, child.pfminor) = (maj, min);
            (child.vmsize_kb, child.vmrss_kb, child.vmswap_kb) = (size, rss, swap);
        }
        (child.uid, child.gid) = (p.u32(16).unwrap_or(u32::MAX), p.u32(17).unwrap_or(u32::MAX));
        child.clone_ts = p.ev.ts();
    }

    /// What only the parent or the main thread knows of the child.
    fn inherit(&self, child: &mut Thread, from: Slot) {
        let f = self.threads.at(from);
        child.exepath = f.exepath.clone();
        child.root = f.root.clone();
        (child.exe_writable, child.exe_from_memfd) = (f.exe_writable, f.exe_from_memfd);
        (child.exe_upper_layer, child.exe_lower_layer) = (f.exe_upper_layer, f.exe_lower_layer);
        (child.sid, child.vpgid, child.pgid) = (f.sid, f.vpgid, f.pgid);
        (child.tty, child.loginuid) = (f.tty, f.loginuid);
        (child.cap_permitted, child.cap_inheritable, child.cap_effective) =
            (f.cap_permitted, f.cap_inheritable, f.cap_effective);
        (child.exe_ino, child.exe_ino_ctime, child.exe_ino_mtime) = (f.exe_ino, f.exe_ino_ctime, f.exe_ino_mtime);
        child.exe_ino_ctime_duration_clone_ts = f.exe_ino_ctime_duration_clone_ts;
    }

    /// What a new process copies from its parent's process.
    fn inherit_process(&mut self, child: &mut Thread, parent: Slot) {
        self.inherit_fds(child, parent);
        child.cwd = match self.threads.main(parent) {
            Some(main) => self.threads.at(main).cwd.clone(),
            None => self.lost_cwd.clone(),
        };
        child.env = self.threads.at(parent).env.clone();
    }
}
