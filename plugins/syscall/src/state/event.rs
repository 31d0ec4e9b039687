//! One event: finding its thread and descriptor, and what the event before left to do.

use hashbrown::HashMap;
use lanner_plugin_api::wire::{Event, read};
use rustc_hash::FxBuildHasher;

use super::flags::cl;
use super::ids::Slot;
use super::parse::{Code, Parser};
use super::{Current, State};

/// What goes away when the next event comes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) any: bool,
    pub(crate) exit: Option<i64>,
    /// A thread of the process and the descriptor. No slot is used again between an event and the next.
    pub(crate) close: Option<(Slot, i64)>,
    /// The table of threads is nearly full.
    pub(crate) shed: bool,
}

/// Threads that exited a short time ago, so that the caller's late view of a clone does not bring them back.
#[derive(Debug, Default)]
pub(crate) struct Exited {
    ring: Vec<(u64, u64)>,
    next: usize,
    last: HashMap<u64, u64, FxBuildHasher>,
}

/// Exits remembered.
const EXITED: usize = 8192;
/// Age at which an exit, or a clone, is no longer taken for the same thread, ns.
pub(crate) const STALE: u64 = 2_000_000_000;

impl Exited {
    fn key(tid: i64, ptid: i64) -> u64 {
        (ptid as u64) << 32 | (tid as u64 & 0xffff_ffff)
    }

    fn record(&mut self, tid: i64, ptid: i64, ts: u64) {
        let new = (Self::key(tid, ptid), ts);
        if self.ring.len() < EXITED {
            self.ring.push(new);
        } else {
            let (key, old) = std::mem::replace(&mut self.ring[self.next], new);
            self.next = (self.next + 1) % EXITED;
            if self.last.get(&key) == Some(&old) {
                self.last.remove(&key);
            }
        }
        self.last.insert(new.0, ts);
    }

    /// The child exited less than [`STALE`] ago.
    pub(crate) fn recently(&self, tid: i64, ptid: i64, now: u64) -> bool {
        self.last.get(&Self::key(tid, ptid)).is_some_and(|&ts| now >= ts && now - ts < STALE)
    }
}

impl State {
    /// Follows one event; afterwards [`State::current`] says what it is about. `num` is its number, `cpu` its processor.
    #[inline]
    pub fn on_event(&mut self, ev: &Event<'_>, cpu: u32, num: u64) {
        let ts = ev.ts();
        if self.pending.any {
            self.finish_pending(ts);
        }
        self.current = Current { thread: None, fd: None, fd_name_changed: false, num, cpu, ts };
        let Some(&code) = self.codes.get(usize::from(ev.event_type().0)) else { return };
        if code.has(Code::NO_THREAD) {
            self.parse_without_thread(ev, code.parser);
            return;
        }
        let tid = ev.tid();
        let slot = match self.threads.find(tid) {
            Some(slot) => slot,
            None if code.has(Code::NO_PLACEHOLDER) => {
                self.parse_unknown(ev, code.parser);
                return;
            }
            None => match self.find_or_placeholder(tid) {
                Some(slot) => slot,
                None => return,
            },
        };
        self.current.thread = Some(slot);
        let raw = ev.event_type().0;
        let t = self.threads.at_mut(slot);
        t.lastaccess_ts = ts;
        if code.parser == Parser::SchedSwitch {
            self.parse_sched_switch(ev, slot);
            return;
        }
        if !code.has(Code::NO_PLACEHOLDER) {
            t.flags |= cl::ACTIVE;
        }
        let mut enter_matches = false;
        if code.has(Code::ENTER) {
            t.last_fd = -1;
            t.last_enter = raw;
        } else {
            // One exit per enter: what an enter event said must not outlive its own exit.
            enter_matches = raw == t.last_enter.wrapping_add(1) || code.accepts_enter(t.last_enter);
            if enter_matches {
                t.last_enter = u16::MAX;
            } else {
                t.last_fd = -1;
            }
        }
        if code.fd_at >= 0 {
            if t.last_fd == -1
                && let Some(fd) = ev.param(code.fd_at as usize).and_then(read::i64)
            {
                t.last_fd = fd;
            }
            let fd = t.last_fd;
            if fd >= 0 {
                let own = t.flags & cl::CLONE_FILES == 0;
                let table = if own { Some(t.fds) } else { self.table_at(slot) };
                self.current.fd = table.and_then(|table| self.fds.find(table, fd));
                self.stats.fd_lookups += 1;
                self.stats.failed_fd_lookups += u64::from(self.current.fd.is_none());
            }
        }
        if code.parser != Parser::None {
            self.parse(ev, slot, code.parser, enter_matches);
        }
        // The parser may have replaced or removed the thread.
        let Some(slot) = self.current.thread else { return };
        let t = self.threads.at_mut(slot);
        t.prevevent_ts = t.lastevent_ts;
        t.lastevent_ts = ts;
        if !code.has(Code::ENTER)
            && let Some(enter) = t.enter.take()
        {
            self.enters.drop_one(enter);
        }
    }

    pub(super) fn finish_pending(&mut self, ts: u64) {
        self.pending.any = false;
        if let Some((slot, fd)) = self.pending.close.take() {
            self.close_fd(slot, fd);
        }
        if let Some(tid) = self.pending.exit.take() {
            let ptid = self.thread(tid).map_or(-1, |t| t.ptid);
            self.exited.record(tid, ptid, ts);
            self.remove_thread(tid);
        }
        if std::mem::take(&mut self.pending.shed) {
            self.shed();
        }
    }
}
