//! The parsers: what each event changes. One table by event code says which parser runs; most codes have none.

mod clone;
mod codes;
mod connect;
mod creds;
mod descriptors;
mod dup;
mod enter;
mod exec;
mod io;
mod name;
mod open;
mod process;
mod socket;
mod users;

use lanner_plugin_api::wire::{Event, read};

pub(crate) use codes::{Code, Parser, codes};
pub(crate) use enter::Enters;

use super::State;
use super::fd::Fd;
use super::fdtable::FdRef;
use super::flags::cl;
use super::ids::{Slot, TableId};

/// Return value of a system call: the first parameter, 32 or 64 bits. `None`: the event carries none.
#[inline]
pub(crate) fn ret(ev: &Event<'_>) -> Option<i64> {
    let p = ev.param(0)?;
    Some(match p.len() {
        8 => read::i64(p)?,
        4 => read::i32(p)?.into(),
        _ => 0,
    })
}

/// A text parameter; "<NA>" when the event carries none (older captures wrote "(NULL)").
#[inline]
pub(crate) fn text(bytes: Option<&[u8]>) -> &[u8] {
    match bytes {
        None | Some([]) | Some(b"(NULL)\0") => b"<NA>",
        Some(b) => &b[..memchr::memchr(0, b).unwrap_or(b.len())],
    }
}

impl State {
    pub(crate) fn parse(&mut self, ev: &Event<'_>, slot: Slot, parser: Parser, enter_matches: bool) {
        match parser {
            Parser::None | Parser::SchedSwitch | Parser::User | Parser::Group | Parser::Procinfo => {}
            Parser::StoreEnter => self.store_enter(ev, slot),
            Parser::Read => self.parse_read(ev, slot),
            Parser::Write => self.parse_write(ev, slot),
            Parser::Open => self.parse_open(ev, slot, enter_matches),
            Parser::Namespace => self.parse_namespace(ev, slot),
            Parser::Memfd => self.parse_memfd(ev, slot),
            Parser::Clone => self.parse_clone(ev),
            Parser::PidfdOpen => self.parse_pidfd_open(ev, slot),
            Parser::PidfdGetfd => self.parse_pidfd_getfd(ev, slot),
            Parser::Exec => self.parse_exec(ev, slot, enter_matches),
            Parser::Exit => self.parse_exit(ev, slot),
            Parser::Pipe => self.parse_pipe(ev, slot),
            Parser::Socket => self.parse_socket(ev, slot),
            Parser::Bind => self.parse_bind(ev, slot),
            Parser::Connect => self.parse_connect(ev, slot, enter_matches),
            Parser::Accept => self.parse_accept(ev, slot),
            Parser::Close => self.parse_close(ev, slot),
            Parser::CloseRange => self.parse_close_range(ev, slot),
            Parser::Fcntl => self.parse_fcntl(ev, slot),
            Parser::NewFd => self.parse_new_fd(ev, slot),
            Parser::Chdir => self.parse_chdir(ev, slot),
            Parser::Fchdir => self.parse_fchdir(ev, slot),
            Parser::Getcwd => self.parse_getcwd(ev, slot),
            Parser::Dup => self.parse_dup(ev, slot),
            Parser::Rlimit => self.parse_rlimit(ev, slot),
            Parser::Prlimit => self.parse_prlimit(ev),
            Parser::Socketpair => self.parse_socketpair(ev, slot),
            Parser::Memory => self.parse_memory(ev, slot),
            Parser::Setresid => self.parse_setresid(ev, slot),
            Parser::Setid => self.parse_setid(ev, slot),
            Parser::Chroot => self.parse_chroot(ev, slot),
            Parser::Setsid => self.parse_setsid(ev, slot),
            Parser::Capset => self.parse_capset(ev, slot),
            Parser::Prctl => self.parse_prctl(ev, slot),
        }
    }

    /// Events that belong to no thread.
    pub(crate) fn parse_without_thread(&mut self, ev: &Event<'_>, parser: Parser) {
        match parser {
            Parser::User => self.parse_user(ev),
            Parser::Group => self.parse_group(ev),
            Parser::Procinfo => self.current.thread = self.threads.find(ev.tid()),
            _ => {}
        }
    }

    /// Events of a thread that is not in the table and gets no placeholder.
    pub(crate) fn parse_unknown(&mut self, ev: &Event<'_>, parser: Parser) {
        if parser == Parser::Clone {
            self.parse_clone(ev);
        }
    }

    // What parsers share.

    /// Table of the process of the thread in `slot`.
    #[inline]
    pub(crate) fn table_at(&self, slot: Slot) -> Option<TableId> {
        self.owner_of_fds(slot).map(|s| self.threads.at(s).fds)
    }

    /// The thread that holds the descriptors of `slot`'s process.
    #[inline]
    pub(crate) fn owner_of_fds(&self, slot: Slot) -> Option<Slot> {
        if self.threads.at(slot).flags & cl::CLONE_FILES == 0 { Some(slot) } else { self.threads.main(slot) }
    }

    /// The main thread in the slot of any thread of its process.
    #[inline]
    pub(crate) fn main_of(&mut self, slot: Slot) -> Option<&mut super::Thread> {
        let main = self.threads.main(slot)?;
        Some(self.threads.at_mut(main))
    }

    pub(crate) fn find_fd(&self, slot: Slot, fd: i64) -> Option<&Fd> {
        self.fds.get(self.fds.find(self.table_at(slot)?, fd)?)
    }

    /// Opens `fd` in the process of `slot`; it becomes the event's descriptor.
    pub(crate) fn open_fd(&mut self, slot: Slot, fd: i64, info: Fd) {
        self.current.fd = self.put_fd(slot, fd, info);
    }

    /// Opens `fd` in the process of `slot`.
    pub(crate) fn put_fd(&mut self, slot: Slot, fd: i64, info: Fd) -> Option<FdRef> {
        let owner = self.owner_of_fds(slot)?;
        self.threads.at_mut(slot).last_fd = fd;
        let t = self.threads.at_mut(owner);
        self.fds.add(&mut t.fds, &mut t.fds_inherited, fd, info)
    }

    pub(crate) fn close_fd(&mut self, slot: Slot, fd: i64) {
        let Some(owner) = self.owner_of_fds(slot) else { return };
        let t = self.threads.at_mut(owner);
        self.fds.remove(&mut t.fds, &mut t.fds_inherited, fd);
    }

    /// Changes the event's descriptor.
    pub(crate) fn change_fd<R>(&mut self, slot: Slot, change: impl FnOnce(&mut Fd) -> R) -> Option<R> {
        let owner = self.owner_of_fds(slot)?;
        let at = self.current.fd.as_mut()?;
        let t = self.threads.at_mut(owner);
        self.fds.get_mut(&mut t.fds, &mut t.fds_inherited, at).map(change)
    }
}
