//! Calls that make a descriptor: pipes, event sources, memory files, process handles.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{Event, read};

use super::{Slot, State, ret, text};
use crate::state::fd::{Fd, FdType};
use crate::state::flags::o;
use crate::state::names::push_number;

impl State {
    pub(super) fn parse_new_fd(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 {
            return;
        }
        let number = |i: usize| ev.param(i).and_then(read::unsigned).unwrap_or(0) as u32;
        let (ty, openflags) = match ev.event_type() {
            T::SYSCALL_EVENTFD_X => (FdType::Event, 0),
            T::SYSCALL_EVENTFD2_X => (FdType::Event, number(1)),
            T::SYSCALL_SIGNALFD_X => (FdType::Signalfd, 0),
            T::SYSCALL_SIGNALFD4_X => (FdType::Signalfd, number(1)),
            T::SYSCALL_TIMERFD_CREATE_X => (FdType::Timerfd, number(2)),
            T::SYSCALL_INOTIFY_INIT_X => (FdType::Inotify, 0),
            T::SYSCALL_INOTIFY_INIT1_X => (FdType::Inotify, number(1)),
            T::SYSCALL_BPF_2_X => (FdType::Bpf, 0),
            T::SYSCALL_USERFAULTFD_X => (FdType::Userfaultfd, 0),
            T::SYSCALL_IO_URING_SETUP_X => (FdType::IoUring, 0),
            T::SYSCALL_EPOLL_CREATE_X => (FdType::Eventpoll, 0),
            T::SYSCALL_EPOLL_CREATE1_X if number(1) & o::SMALL_CLOEXEC != 0 => (FdType::Eventpoll, o::CLOEXEC),
            T::SYSCALL_EPOLL_CREATE1_X => (FdType::Eventpoll, 0),
            _ => return,
        };
        self.open_fd(slot, fd, Fd { openflags, ..Fd::new(ty) });
    }

    pub(super) fn parse_pipe(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let (Some(read_end), Some(write_end)) = (ev.i64(1), ev.i64(2)) else { return };
        let openflags = if ev.event_type() == T::SYSCALL_PIPE2_X { ev.u32(4).unwrap_or(0) } else { 0 };
        let info = Fd { ino: ev.u64(3).unwrap_or(0), openflags, ..Fd::new(FdType::Fifo) };
        self.open_fd(slot, read_end, info.clone());
        self.open_fd(slot, write_end, info);
    }

    pub(super) fn parse_memfd(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 {
            return;
        }
        let name = self.names.until_nul(text(ev.param(1)));
        self.current.fd_name_changed = !name.is_empty();
        self.open_fd(slot, fd, Fd { openflags: ev.u32(2).unwrap_or(0), ..Fd::named(FdType::Memfd, name) });
    }

    pub(super) fn parse_pidfd_open(&mut self, ev: &Event<'_>, slot: Slot) {
        let (fd, Some(pid)) = (ret(ev).unwrap_or(-1), ev.i64(1)) else { return };
        if fd < 0 {
            return;
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(b"/proc/");
        if pid < 0 {
            self.scratch.push(b'-');
        }
        push_number(&mut self.scratch, pid.unsigned_abs());
        let name = self.names.get(&self.scratch);
        self.current.fd_name_changed = true;
        self.open_fd(slot, fd, Fd { pid, openflags: ev.u32(2).unwrap_or(0), ..Fd::named(FdType::Pidfd, name) });
    }

    pub(super) fn parse_pidfd_getfd(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        let (Some(pidfd), Some(target)) = (ev.i64(1), ev.i64(2)) else { return };
        if fd < 0 {
            return;
        }
        let Some(pid) = self.find_fd(slot, pidfd).filter(|f| f.ty == FdType::Pidfd).map(|f| f.pid) else { return };
        let Some(other) = self.threads.find(pid) else { return };
        let Some(mut copy) = self.find_fd(other, target).cloned() else { return };
        copy.clear_close_on_exec();
        copy.openflags |= o::CLOEXEC;
        self.open_fd(slot, fd, copy);
    }
}
