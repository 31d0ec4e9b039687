//! execve and execveat.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{Event, ParamIndex, read};

use super::enter::Enter;
use super::{Slot, State, ret, text};
use crate::state::flags::cl;
use crate::state::load::exepath;
use crate::state::path;
use crate::state::zstr::{ZList, ZStr};

const EXE_WRITABLE: u32 = 1 << 0;
const EXE_UPPER_LAYER: u32 = 1 << 1;
const EXE_FROM_MEMFD: u32 = 1 << 2;
const EXE_LOWER_LAYER: u32 = 1 << 3;
const AT_EMPTY_PATH: u32 = 1 << 0;

impl State {
    pub(super) fn parse_exec(&mut self, ev: &Event<'_>, slot: Slot, enter_matches: bool) {
        let enter = self.take_enter(ev, slot, enter_matches);
        if ret(ev).unwrap_or(-1) >= 0 {
            self.exec(ev, slot, enter.as_ref());
        }
        self.enters.recycle(enter);
    }

    fn exec(&mut self, ev: &Event<'_>, slot: Slot, enter: Option<&Enter>) {
        let mut index = ParamIndex::default();
        index.fill(ev);
        let get = |i: usize| index.get(ev, i).filter(|p| !p.is_empty());
        let int64 = |i: usize| get(i).and_then(read::i64);
        let uint64 = |i: usize| get(i).and_then(read::u64);
        let uint32 = |i: usize| get(i).and_then(read::u32);

        // Another thread's exec takes the place of a main thread that had exited.
        if self.threads.at(slot).is_dead() {
            self.threads.at_mut(slot).flags &= !cl::CLOSED;
            if let Some(g) = self.threads.group_mut(slot) {
                g.alive += 1;
            }
        }
        let old_path = get(27).is_none().then(|| self.rebuilt_exepath(slot, enter));
        let cgroups = get(14).and_then(|p| self.cgroups.get(p));
        let t = self.threads.at_mut(slot);
        t.exe = ZStr::new_or_share(text(get(1)), &t.exe);
        t.lastexec_ts = ev.ts();
        let comm = match get(13) {
            Some(p) => self.programs.like(text(Some(p)), &t.comm),
            None => t.exe.clone(),
        };
        t.set_comm(comm);
        t.set_args(ZList::new_or_share(get(2).unwrap_or_default(), &t.args));
        if let Some(pid) = int64(4) {
            t.pid = pid;
        }
        let placeholder = t.is_invalid();
        if placeholder {
            t.ptid = int64(5).unwrap_or(-1);
            if t.flags & cl::CHILD_IN_PIDNS == 0 {
                (t.vtid, t.vpid) = (t.tid, t.pid);
            }
            self.link(slot);
        }
        let t = self.threads.at_mut(slot);
        if let Some(limit) = int64(7) {
            t.fdlimit = limit;
        }
        if let (Some(maj), Some(min), Some(size), Some(rss), Some(swap)) =
            (uint64(8), uint64(9), uint32(10), uint32(11), uint32(12))
        {
            (t.pfmajor, t.pfminor) = (maj, min);
            (t.vmsize_kb, t.vmrss_kb, t.vmswap_kb) = (size, rss, swap);
        }
        if let Some(env) = get(15) {
            t.env = ZList::new_or_share(env, &t.env);
        }
        if let Some(list) = cgroups {
            t.cgroups = list;
        }
        if let Some(tty) = uint32(16) {
            t.tty = tty;
        }
        match (get(27), old_path) {
            (Some(p), _) => t.exepath = self.programs.get(exepath(text(Some(p)))),
            (None, Some(Some(path))) => t.exepath = self.programs.get(exepath(&path)),
            _ => {}
        }
        if let Some(vpgid) = int64(17) {
            t.vpgid = vpgid;
        }
        if let Some(loginuid) = uint32(18) {
            t.loginuid = loginuid;
        }
        if let Some(flags) = uint32(19) {
            t.exe_writable = flags & EXE_WRITABLE != 0;
            t.exe_upper_layer = flags & EXE_UPPER_LAYER != 0;
            t.exe_from_memfd = flags & EXE_FROM_MEMFD != 0;
            t.exe_lower_layer = flags & EXE_LOWER_LAYER != 0;
        }
        if let (Some(inheritable), Some(permitted), Some(effective)) = (uint64(20), uint64(21), uint64(22)) {
            (t.cap_inheritable, t.cap_permitted, t.cap_effective) = (inheritable, permitted, effective);
        }
        if let (Some(ino), Some(ctime), Some(mtime)) = (uint64(23), uint64(24), uint64(25)) {
            (t.exe_ino, t.exe_ino_ctime, t.exe_ino_mtime) = (ino, ctime, mtime);
            if t.clone_ts != 0 {
                t.exe_ino_ctime_duration_clone_ts = Some(t.clone_ts.wrapping_sub(ctime));
            }
            if t.pidns_init_start_ts != 0 && ctime > t.pidns_init_start_ts {
                t.exe_ino_ctime_duration_pidns_start = Some(ctime - t.pidns_init_start_ts);
            }
        }
        if let Some(uid) = uint32(26) {
            t.uid = uid;
        }
        t.pgid = int64(28).unwrap_or(-1);
        if let Some(gid) = uint32(29) {
            t.gid = gid;
        }
        if let Some(owner) = self.owner_of_fds(slot) {
            let t = self.threads.at_mut(owner);
            self.fds.close_where(&mut t.fds, &mut t.fds_inherited, |_, fd| fd.is_close_on_exec());
            self.current.fd = None;
        }
        let t = self.threads.at_mut(slot);
        let kept = cl::PIPE_SRC | cl::PIPE_DST | cl::IS_MAIN_THREAD | cl::CLONE_INVERTED;
        t.flags = t.flags & kept | cl::ACTIVE | cl::NAME_CHANGED;
        self.recount(slot);
        self.remove_other_threads(slot);
    }

    /// An exec ends all other threads of the process.
    fn remove_other_threads(&mut self, slot: Slot) {
        if self.threads.group(slot).is_none_or(|g| g.alive <= 1) {
            return;
        }
        let others = self.threads.members(slot).filter(|&s| s != slot && !self.threads.at(s).is_main_thread());
        let tids: Vec<i64> = others.map(|s| self.threads.at(s).tid).collect();
        for tid in tids {
            self.remove_thread(tid);
        }
    }

    /// Path of the executable as far as an old capture's enter event tells it.
    fn rebuilt_exepath(&mut self, slot: Slot, enter: Option<&Enter>) -> Option<Vec<u8>> {
        let enter = enter?;
        let mut out = Vec::new();
        if enter.code == T::SYSCALL_EXECVE_19_E.0 {
            if enter.data == b"<NA>" {
                return Some(enter.data.clone());
            }
            path::join(self.cwd_at(slot), &enter.data, &mut out);
            return Some(out);
        }
        let dir = self.dir_prefix(slot, &enter.data, enter.dirfd.unwrap_or(-1));
        let empty_path = enter.flags & AT_EMPTY_PATH != 0;
        if (!empty_path && enter.data == b"<NA>") || dir == b"<UNKNOWN>" {
            return Some(b"<NA>".to_vec());
        }
        if empty_path {
            path::join(b"", &dir, &mut out);
        } else {
            path::join(&dir, &enter.data, &mut out);
        }
        Some(out)
    }
}
