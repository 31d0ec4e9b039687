//! open, openat, openat2, creat, open_by_handle_at.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::Event;

use super::{Slot, State, ret, text};
use crate::state::fd::{Fd, FdType};
use crate::state::flags::{AT_FDCWD, fdf, o};
use crate::state::path;
use crate::state::zstr::ZStr;

/// The parameters of an open that matter, wherever the event has them.
struct Open<'a> {
    /// `None`: relative to the working directory; inner `None`: unknown.
    dirfd: Option<Option<i64>>,
    name: &'a [u8],
    flags: u32,
    dev: u32,
    ino: u64,
}

impl State {
    pub(super) fn parse_open(&mut self, ev: &Event<'_>, slot: Slot, enter_matches: bool) {
        let by_handle = ev.event_type() == T::SYSCALL_OPEN_BY_HANDLE_AT_X;
        let enter = if by_handle { None } else { self.take_enter(ev, slot, enter_matches) };
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 {
            self.enters.recycle(enter);
            return;
        }
        let mut open = read_open(ev);
        if let Some(enter) = enter.as_ref().filter(|e| e.data != b"<NA>") {
            // Bits that only the exit knows stay: created, overlay layer.
            let exit_bits = if ev.event_type() == T::SYSCALL_CREAT_X { !0 } else { !(o::F_CREATED - 1) };
            open.flags = enter.flags | open.flags & exit_bits;
            open.name = &enter.data;
            if open.dirfd.is_some() {
                open.dirfd = Some(enter.dirfd);
            }
        }
        self.join_at(slot, open.dirfd, open.name, by_handle);
        let name = ZStr::new(&self.scratch);
        let raw_name = match memchr::memmem::find(open.name, b"//") {
            None => ZStr::new_or_share(open.name, &name),
            Some(_) => {
                path::squeeze(open.name, &mut self.scratch);
                ZStr::new_or_share(&self.scratch, &name)
            }
        };
        let ty = if open.flags & o::DIRECTORY != 0 { FdType::Directory } else { FdType::FileV2 };
        let mut info = Fd { openflags: open.flags, dev: open.dev, ino: open.ino, name, raw_name, ..Fd::new(ty) };
        if open.flags & o::UPPER_LAYER != 0 {
            info.flags |= fdf::OVERLAY_UPPER;
        }
        if open.flags & o::LOWER_LAYER != 0 {
            info.flags |= fdf::OVERLAY_LOWER;
        }
        self.current.fd_name_changed = !info.name.is_empty();
        self.open_fd(slot, fd, info);
        self.enters.recycle(enter);
    }

    /// Writes the full path of `name` into the scratch memory.
    fn join_at(&mut self, slot: Slot, dirfd: Option<Option<i64>>, name: &[u8], absolute: bool) {
        let mut out = std::mem::take(&mut self.scratch);
        if absolute || name.first() == Some(&b'/') {
            path::join(b"", name, &mut out);
        } else {
            match dirfd {
                None | Some(Some(AT_FDCWD)) => path::join(self.cwd_at(slot), name, &mut out),
                Some(None) => path::join(b"", name, &mut out),
                Some(Some(fd)) => match self.find_fd(slot, fd).map(|f| f.name.as_bytes()) {
                    None => path::join(b"<UNKNOWN>", name, &mut out),
                    Some(dir) if dir.is_empty() || dir.ends_with(b"/") => path::join(dir, name, &mut out),
                    Some(dir) => path::join(&[dir, b"/"].concat(), name, &mut out),
                },
            }
        }
        self.scratch = out;
    }

    /// Working directory of the process.
    pub(super) fn cwd_at(&self, slot: Slot) -> &[u8] {
        self.threads.main(slot).map_or(b"./", |s| self.threads.at(s).cwd.as_bytes())
    }

    /// The directory that `dirfd` stands for when `name` is looked up, as a prefix: "." when the name needs none.
    pub(super) fn dir_prefix(&self, slot: Slot, name: &[u8], dirfd: i64) -> Vec<u8> {
        if name.first() == Some(&b'/') {
            return b".".to_vec();
        }
        if dirfd == AT_FDCWD {
            return self.cwd_at(slot).to_vec();
        }
        match self.find_fd(slot, dirfd).map(|f| f.name.as_bytes()) {
            None => b"<UNKNOWN>".to_vec(),
            Some(dir) if dir.is_empty() || dir.ends_with(b"/") => dir.to_vec(),
            Some(dir) => [dir, b"/"].concat(),
        }
    }
}

fn read_open<'a>(ev: &Event<'a>) -> Open<'a> {
    let mut open = Open { dirfd: None, name: b"", flags: 0, dev: 0, ino: 0 };
    match ev.event_type() {
        T::SYSCALL_OPEN_X => {
            open.name = text(ev.param(1));
            open.flags = ev.u32(2).unwrap_or(0);
            (open.dev, open.ino) = dev_ino(ev, 4);
        }
        T::SYSCALL_CREAT_X => {
            open.name = text(ev.param(1));
            (open.dev, open.ino) = dev_ino(ev, 3);
            // creat has no flags: the layer comes in a parameter of its own, numbered differently.
            open.flags = match ev.u16(5).unwrap_or(0) {
                bits if bits & 1 != 0 => o::UPPER_LAYER,
                bits if bits & 2 != 0 => o::LOWER_LAYER,
                _ => 0,
            };
        }
        T::SYSCALL_OPEN_BY_HANDLE_AT_X => {
            open.flags = ev.u32(2).unwrap_or(0);
            open.name = text(ev.param(3));
            (open.dev, open.ino) = dev_ino(ev, 4);
        }
        openat => {
            open.dirfd = Some(ev.i64(1));
            open.name = text(ev.param(2));
            open.flags = ev.u32(3).unwrap_or(0);
            (open.dev, open.ino) = dev_ino(ev, if openat == T::SYSCALL_OPENAT2_X { 6 } else { 5 });
        }
    }
    open
}

fn dev_ino(ev: &Event<'_>, at: usize) -> (u32, u64) {
    (ev.u32(at).unwrap_or(0), ev.u64(at + 1).unwrap_or(0))
}
