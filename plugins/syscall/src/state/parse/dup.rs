//! close, close_range, dup and its kin, fcntl.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::Event;

use super::{Slot, State, ret};
use crate::state::flags::{cl, o};

const F_DUPFD: u8 = 1;
const F_SETFD: u8 = 3;
const F_DUPFD_CLOEXEC: u8 = 26;
const CLOSE_RANGE_CLOEXEC: u32 = 1 << 2;

impl State {
    pub(super) fn parse_close(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(0) < 0 || self.current.fd.is_none() {
            return;
        }
        self.pending.any = true;
        self.pending.close = Some((slot, self.threads.at(slot).last_fd));
    }

    pub(super) fn parse_close_range(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let (Some(first), Some(last)) = (ev.u32(1), ev.u32(2)) else { return };
        let Some(owner) = self.owner_of_fds(slot) else { return };
        let inside = |fd: i64| fd >= i64::from(first) && fd <= i64::from(last);
        let t = self.threads.at_mut(owner);
        if ev.u32(3).unwrap_or(0) & CLOSE_RANGE_CLOEXEC != 0 {
            self.fds.update_where(&mut t.fds, &mut t.fds_inherited, inside, |fd| fd.openflags |= o::CLOEXEC);
        } else {
            self.fds.close_where(&mut t.fds, &mut t.fds_inherited, |fd, _| inside(fd));
        }
    }

    pub(super) fn parse_dup(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 || self.current.fd.is_none() {
            return;
        }
        // A shell connects its pipes so.
        match fd {
            0 => self.threads.at_mut(slot).flags |= cl::PIPE_DST,
            1 => self.threads.at_mut(slot).flags |= cl::PIPE_SRC,
            _ => {}
        }
        let cloexec = ev.event_type() == T::SYSCALL_DUP3_X && ev.u32(3).unwrap_or(0) & o::CLOEXEC != 0;
        self.duplicate(slot, fd, cloexec);
    }

    pub(super) fn parse_fcntl(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 || self.current.fd.is_none() {
            return;
        }
        match ev.u8(2) {
            Some(F_SETFD) => {
                let cloexec = ev.u64(3).unwrap_or(0) & 1 != 0;
                let wanted = |fd: &super::Fd| {
                    let mut fd = fd.openflags & !(o::CLOEXEC | o::SMALL_CLOEXEC);
                    if cloexec {
                        fd |= o::CLOEXEC;
                    }
                    fd
                };
                // Only a real change may part a table that is still shared with the parent.
                if self.current_fd().is_some_and(|fd| wanted(fd) != fd.openflags) {
                    self.change_fd(slot, |fd| fd.openflags = wanted(fd));
                }
            }
            Some(F_DUPFD) => self.duplicate(slot, fd, false),
            Some(F_DUPFD_CLOEXEC) => self.duplicate(slot, fd, true),
            _ => {}
        }
    }

    /// The event's descriptor again under the number `fd`.
    fn duplicate(&mut self, slot: Slot, fd: i64, cloexec: bool) {
        let Some(mut copy) = self.current_fd().cloned() else { return };
        if self.threads.at(slot).fds_inherited {
            copy.flags |= crate::state::flags::fdf::CLONED;
        }
        copy.clear_close_on_exec();
        if cloexec {
            copy.openflags |= o::CLOEXEC;
        }
        self.open_fd(slot, fd, copy);
    }
}
