//! Enter events that are kept until their exit: their path or address was read before the kernel read it, so another
//! thread of the process cannot have changed it in between.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::Event;

use super::{Slot, State};
use crate::state::zstr::MAX_STRING;

/// What is kept of an enter event.
#[derive(Debug, Default)]
pub(crate) struct Enter {
    pub(crate) code: u16,
    /// Directory that a path is relative to.
    pub(crate) dirfd: Option<i64>,
    pub(crate) flags: u32,
    /// Path without its NUL, or socket address.
    pub(crate) data: Vec<u8>,
}

/// The kept enter events of all threads.
#[derive(Debug)]
pub(crate) struct Enters {
    kept: Vec<Option<Enter>>,
    free: Vec<u32>,
    spare: Vec<Vec<u8>>,
    bytes: usize,
    max_bytes: usize,
}

/// Memory of that many used-up events is kept for the next ones.
const SPARE: usize = 64;

impl Enters {
    pub(crate) fn new(max_bytes: usize) -> Enters {
        Enters { kept: Vec::new(), free: Vec::new(), spare: Vec::new(), bytes: 0, max_bytes }
    }

    /// Bytes of the kept events.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn weight(enter: &Enter) -> usize {
        size_of::<Enter>() + enter.data.capacity()
    }

    fn keep(&mut self, code: u16, dirfd: Option<i64>, flags: u32, data: &[u8]) -> Option<u32> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(data);
        let enter = Enter { code, dirfd, flags, data: buffer };
        if self.bytes + Self::weight(&enter) > self.max_bytes {
            return None;
        }
        self.bytes += Self::weight(&enter);
        match self.free.pop() {
            Some(i) => {
                self.kept[i as usize] = Some(enter);
                Some(i)
            }
            None => {
                self.kept.push(Some(enter));
                Some(self.kept.len() as u32 - 1)
            }
        }
    }

    fn take(&mut self, i: u32) -> Option<Enter> {
        let enter = self.kept.get_mut(i as usize)?.take()?;
        self.free.push(i);
        self.bytes -= Self::weight(&enter);
        Some(enter)
    }

    /// Gives back the memory of a used-up event.
    pub(crate) fn recycle(&mut self, enter: Option<Enter>) {
        if let Some(enter) = enter
            && self.spare.len() < SPARE
        {
            self.spare.push(enter.data);
        }
    }

    /// Forgets a kept event.
    pub(crate) fn drop_one(&mut self, i: u32) {
        let enter = self.take(i);
        self.recycle(enter);
    }
}

impl State {
    pub(super) fn store_enter(&mut self, ev: &Event<'_>, slot: Slot) {
        let path = |i: usize| ev.text(i);
        let (dirfd, flags, data) = match ev.event_type() {
            T::SYSCALL_OPEN_E => (None, ev.u32(1), path(0)),
            T::SYSCALL_CREAT_E | T::SYSCALL_EXECVE_19_E => (None, None, path(0)),
            T::SYSCALL_OPENAT_2_E | T::SYSCALL_OPENAT2_E => {
                let Some(dirfd) = ev.i64(0) else { return };
                (Some(dirfd), ev.u32(2), path(1))
            }
            T::SYSCALL_EXECVEAT_E => (ev.i64(0), ev.u32(2), Some(super::text(ev.param(1)))),
            T::SOCKET_CONNECT_E => (None, None, Some(ev.param(1).unwrap_or_default())),
            _ => return,
        };
        let Some(data) = data else { return };
        if let Some(old) = self.threads.at_mut(slot).enter.take() {
            self.enters.drop_one(old);
        }
        let data = &data[..data.len().min(MAX_STRING)];
        let kept = self.enters.keep(ev.event_type().0, dirfd, flags.unwrap_or(0), data);
        match kept {
            Some(_) => self.stats.stored_enters += 1,
            None => self.stats.refused_enters += 1,
        }
        self.threads.at_mut(slot).enter = kept;
    }

    /// The enter event of this exit event, if it was kept. To be given back with [`Enters::recycle`].
    pub(super) fn take_enter(&mut self, ev: &Event<'_>, slot: Slot, enter_matches: bool) -> Option<Enter> {
        if !enter_matches {
            return None;
        }
        let enter = self.enters.take(self.threads.at_mut(slot).enter.take()?)?;
        let exit = ev.event_type();
        let fits =
            enter.code + 1 == exit.0 || (exit == T::SYSCALL_EXECVE_19_X && enter.code == T::SYSCALL_EXECVEAT_E.0);
        if fits {
            self.stats.retrieved_enters += 1;
            return Some(enter);
        }
        self.stats.unfit_enters += 1;
        self.enters.recycle(Some(enter));
        None
    }
}
