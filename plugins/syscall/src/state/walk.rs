//! Looking around in the table: main threads, parents, ancestors, leaders.
//!
//! Parent links come from events and may form loops; every walk ends all the same.

use super::State;
use super::fd::Fd;
use super::thread::Thread;
use super::zstr::{ZList, ZStr};

/// Walk over the parents of a thread (see [`State::parents`]).
pub struct Parents<'a> {
    state: &'a State,
    slow: Option<&'a Thread>,
    fast: Option<&'a Thread>,
}

impl<'a> Iterator for Parents<'a> {
    type Item = &'a Thread;

    fn next(&mut self) -> Option<&'a Thread> {
        let here = self.slow.filter(|t| t.tid != -1)?;
        self.slow = self.state.thread(here.ptid);
        for _ in 0..2 {
            self.fast = self.fast.and_then(|t| self.state.thread(t.ptid));
            if let Some(slow) = self.slow
                && (self.fast.is_some_and(|f| std::ptr::eq(f, slow)) || slow.tid == slow.ptid)
            {
                // A loop: the walk ends before the thread where both pointers met.
                (self.slow, self.fast) = (None, None);
                break;
            }
        }
        Some(here)
    }
}

/// Walk over the processes above a process (see [`State::ancestors`]).
pub struct Ancestors<'a> {
    state: &'a State,
    at: Option<&'a Thread>,
    left: u32,
}

impl<'a> Iterator for Ancestors<'a> {
    type Item = &'a Thread;

    fn next(&mut self) -> Option<&'a Thread> {
        self.left = self.left.checked_sub(1)?;
        self.at = self.at.and_then(|t| self.state.thread(t.ptid)).and_then(|t| self.state.main_thread(t));
        self.at
    }
}

/// Longest chain that [`State::ancestors`] follows: beyond any real one, so that a loop of parents ends.
const MAX_ANCESTORS: u32 = 4096;

impl State {
    /// The thread that stands for the process of `thread`; `None` when it was lost.
    #[inline]
    pub fn main_thread<'a>(&'a self, thread: &'a Thread) -> Option<&'a Thread> {
        if thread.is_main_thread() {
            return Some(thread);
        }
        let slot = self.threads.find(thread.tid)?;
        self.threads.main(slot).map(|s| self.threads.at(s))
    }

    /// Parents of `thread`, nearest first, as the table links them (threads, not their processes' main threads).
    /// A loop of parents ends the walk.
    pub fn parents<'a>(&'a self, thread: &Thread) -> Parents<'a> {
        let slow = self.thread(thread.ptid);
        let fast = slow.and_then(|t| self.thread(t.ptid));
        Parents { state: self, slow, fast }
    }

    /// Processes above that of `thread`, nearest first: each the main thread of the parent of the one before.
    /// Ends after 4096 steps, so that a loop of parents cannot hang it.
    pub fn ancestors<'a>(&'a self, thread: &'a Thread) -> Ancestors<'a> {
        Ancestors { state: self, at: self.main_thread(thread), left: MAX_ANCESTORS }
    }

    /// Process `n` above that of `thread`; 0 is its own main thread.
    pub fn ancestor<'a>(&'a self, thread: &'a Thread, n: u32) -> Option<&'a Thread> {
        match n.checked_sub(1) {
            None => self.main_thread(thread),
            Some(above) => self.ancestors(thread).nth(above as usize),
        }
    }

    /// Leader of the session or process group `id` of `thread`. Where ids are those of the first pid namespace it is the thread with
    /// that id. Within another one it is the process itself or the nearest of the unbroken line of parents with the same id whose
    /// number there it is. If there is none, as when the leader has ended, it is the topmost of that line.
    pub fn leader<'a>(
        &'a self,
        thread: &'a Thread,
        id_of: impl Fn(&Thread) -> i64,
        is_virtual: bool,
    ) -> Option<&'a Thread> {
        let id = id_of(thread);
        if id == -1 {
            return None;
        }
        let inside = is_virtual && thread.is_in_pid_namespace();
        let itself = if inside { self.main_thread(thread).filter(|main| main.vpid == id) } else { self.thread(id) };
        let line = || self.parents(thread).take_while(|t| id_of(t) == id);
        itself.or_else(|| line().find(|t| inside && t.vpid == id)).or_else(|| line().last())
    }

    /// Leader of the process group of `thread` by the group's number in its pid namespace. Of a pipeline the leader is no parent but
    /// a sibling, which only the group's number on the machine finds.
    pub fn leader_of_group<'a>(&'a self, thread: &'a Thread) -> Option<&'a Thread> {
        let same = |leader: &&Thread| leader.vpid == thread.vpgid;
        let by_number = if thread.is_in_pid_namespace() { self.thread(thread.pgid).filter(same) } else { None };
        by_number.or_else(|| self.leader(thread, |t| t.vpgid, true))
    }

    /// Working directory of the process, ending in '/'; "./" when its main thread was lost.
    pub fn cwd<'a>(&'a self, thread: &'a Thread) -> &'a ZStr {
        self.main_thread(thread).map_or(&self.lost_cwd, |t| &t.cwd)
    }

    /// Environment of the process.
    pub fn env<'a>(&'a self, thread: &'a Thread) -> &'a ZList {
        self.main_thread(thread).map_or(&thread.env, |t| &t.env)
    }

    /// Living threads of the process.
    pub fn thread_count(&self, thread: &Thread) -> u64 {
        let slot = self.threads.find(thread.tid);
        slot.and_then(|s| self.threads.group(s)).map_or(0, |g| g.alive)
    }

    /// Living threads of the process other than its main thread.
    pub fn other_thread_count(&self, thread: &Thread) -> u64 {
        let count = self.thread_count(thread);
        let leader_lives = self.main_thread(thread).is_some_and(|t| !t.is_dead());
        if leader_lives { count.saturating_sub(1) } else { count }
    }

    /// A descriptor of the thread's process.
    pub fn fd_of(&self, thread: &Thread, fd: i64) -> Option<&Fd> {
        let table = self.table_of(thread)?;
        self.fds.get(self.fds.find(table, fd)?)
    }

    /// The open descriptors of the thread's process.
    pub fn fds_of(&self, thread: &Thread) -> impl Iterator<Item = (i64, &Fd)> {
        let table = self.table_of(thread).unwrap_or(super::ids::TableId::NONE);
        self.fds.iter(table)
    }

    /// Number of open descriptors of the process; 0 when its main thread was lost.
    pub fn fd_count(&self, thread: &Thread) -> usize {
        self.main_thread(thread).map_or(0, |t| self.fds.len(t.fds))
    }

    /// Most descriptors that the process may open; 0 when its main thread was lost, negative when unknown.
    pub fn fd_limit(&self, thread: &Thread) -> i64 {
        self.main_thread(thread).map_or(0, |t| t.fdlimit)
    }
}
