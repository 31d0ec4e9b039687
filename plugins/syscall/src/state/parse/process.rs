//! Directories, limits, memory counters, sessions, the end of a thread.

use lanner_plugin_api::wire::Event;

use super::{Slot, State, ret, text};
use crate::state::fd::Fd;
use crate::state::load::write_cwd;
use crate::state::path;
use crate::state::zstr::ZStr;

const RLIMIT_NOFILE: u8 = 7;
const PR_SET_CHILD_SUBREAPER: u32 = 36;
const PR_GET_CHILD_SUBREAPER: u32 = 37;

impl State {
    pub(super) fn parse_chdir(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) >= 0 {
            self.change_dir(slot, text(ev.param(1)));
        }
    }

    pub(super) fn parse_getcwd(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) >= 0 {
            self.change_dir(slot, text(ev.param(1)));
        }
    }

    pub(super) fn parse_fchdir(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let name = |fd: &Fd| fd.kept_name().cloned().unwrap_or_else(|| ZStr::new(&fd.name()));
        if let Some(name) = self.current_fd().map(name) {
            self.change_dir(slot, name.as_bytes());
        }
    }

    fn change_dir(&mut self, slot: Slot, dir: &[u8]) {
        let Some(main) = self.threads.main(slot) else { return };
        let old = self.threads.at(main).cwd.clone();
        write_cwd(old.as_bytes(), dir, &mut self.scratch);
        // Programs ask where they are far more often than they go elsewhere.
        if self.scratch != old.as_bytes() {
            self.threads.at_mut(main).cwd = self.names.until_nul(&self.scratch);
        }
    }

    pub(super) fn parse_chroot(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev) != Some(0) {
            return;
        }
        let dir = text(ev.param(1));
        if dir.first() == Some(&b'/') || dir == b"<NA>" {
            self.threads.at_mut(slot).root = ZStr::new(dir);
            return;
        }
        let mut full = std::mem::take(&mut self.scratch);
        path::join(self.cwd_at(slot), dir, &mut full);
        self.threads.at_mut(slot).root = ZStr::new(&full);
        self.scratch = full;
    }

    pub(super) fn parse_setsid(&mut self, ev: &Event<'_>, slot: Slot) {
        if let Some(sid) = ret(ev).filter(|&r| r >= 0) {
            self.threads.at_mut(slot).sid = sid;
        }
    }

    pub(super) fn parse_rlimit(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 || ev.u8(3) != Some(RLIMIT_NOFILE) {
            return;
        }
        if let Some(limit) = ev.i64(1).filter(|&l| l != -1)
            && let Some(main) = self.main_of(slot)
        {
            main.fdlimit = limit;
        }
    }

    pub(super) fn parse_prlimit(&mut self, ev: &Event<'_>) {
        if ret(ev) != Some(0) || ev.u8(6) != Some(RLIMIT_NOFILE) {
            return;
        }
        let (Some(limit), Some(tid)) = (ev.i64(1).filter(|&l| l != -1), ev.i64(5)) else { return };
        let tid = if tid == 0 { ev.tid() } else { tid };
        if let Some(slot) = self.threads.find(tid).filter(|&s| !self.threads.at(s).is_invalid())
            && let Some(main) = self.main_of(slot)
        {
            main.fdlimit = limit;
        }
    }

    /// brk, mmap, mmap2, munmap.
    pub(super) fn parse_memory(&mut self, ev: &Event<'_>, slot: Slot) {
        let t = self.threads.at_mut(slot);
        if let Some(size) = ev.u32(1) {
            t.vmsize_kb = size;
        }
        if let (Some(rss), Some(swap)) = (ev.u32(2), ev.u32(3)) {
            (t.vmrss_kb, t.vmswap_kb) = (rss, swap);
        }
    }

    pub(crate) fn parse_sched_switch(&mut self, ev: &Event<'_>, slot: Slot) {
        let Some(swap) = ev.u32(5) else { return };
        let t = self.threads.at_mut(slot);
        (t.pfmajor, t.pfminor) = (ev.u64(1).unwrap_or(0), ev.u64(2).unwrap_or(0));
        if let Some(main) = self.main_of(slot) {
            (main.vmsize_kb, main.vmrss_kb) = (ev.u32(3).unwrap_or(0), ev.u32(4).unwrap_or(0));
            main.vmswap_kb = swap;
        }
    }

    pub(super) fn parse_prctl(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 || self.threads.at(slot).is_invalid() {
            return;
        }
        if let Some(PR_SET_CHILD_SUBREAPER | PR_GET_CHILD_SUBREAPER) = ev.u32(1)
            && let Some(group) = self.threads.group_mut(slot)
        {
            group.reaper = ev.i64(3).unwrap_or(0) != 0;
        }
    }

    /// The thread is dead from now on and goes away at the next event, so that fields of this one still see it.
    pub(super) fn parse_exit(&mut self, ev: &Event<'_>, slot: Slot) {
        if !self.threads.at(slot).is_dead() {
            self.mark_dead(slot);
        }
        self.pending.any = true;
        self.pending.exit = Some(ev.tid());
        let t = self.threads.at_mut(slot);
        if t.child_first.is_some()
            && let Some(reaper) = ev.i64(4)
        {
            t.reaper_tid = reaper;
        }
    }
}
