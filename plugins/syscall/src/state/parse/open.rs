//! open, openat, openat2, creat, open_by_handle_at.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{Event, HEADER_LEN, read};

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
        let enter = if enter_matches && !by_handle { self.take_enter(ev, slot, true) } else { None };
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 {
            self.enters.recycle(enter);
            return;
        }
        let mut open = read_openat(ev).unwrap_or_else(|| read_open(ev));
        if let Some(enter) = enter.as_ref().filter(|e| e.data != b"<NA>") {
            // Bits that only the exit knows stay: created, overlay layer.
            let exit_bits = if ev.event_type() == T::SYSCALL_CREAT_X { !0 } else { !(o::F_CREATED - 1) };
            open.flags = enter.flags | open.flags & exit_bits;
            open.name = &enter.data;
            if open.dirfd.is_some() {
                open.dirfd = Some(enter.dirfd);
            }
        }
        let (name, raw_name) = self.open_names(slot, &open, by_handle);
        let ty = if open.flags & o::DIRECTORY != 0 { FdType::Directory } else { FdType::FileV2 };
        let mut flags = 0;
        if open.flags & o::UPPER_LAYER != 0 {
            flags |= fdf::OVERLAY_UPPER;
        }
        if open.flags & o::LOWER_LAYER != 0 {
            flags |= fdf::OVERLAY_LOWER;
        }
        self.current.fd_name_changed = !name.is_empty();
        let (openflags, dev, ino) = (open.flags, open.dev, open.ino);
        self.threads.at_mut(slot).last_fd = fd;
        if let Some(owner) = self.owner_of_fds(slot) {
            let t = self.threads.at_mut(owner);
            let names = name.held() + raw_name.as_ref().map_or(0, ZStr::held);
            let placed = self.fds.place(&mut t.fds, &mut t.fds_inherited, fd, names);
            self.current.fd = placed.map(|(at, place)| {
                *place = Fd { flags, openflags, dev, ino, ..Fd::file(ty, name, raw_name) };
                at
            });
        }
        self.enters.recycle(enter);
    }

    /// The full path of an opened file, and its path as the program passed it if that is another.
    fn open_names(&mut self, slot: Slot, open: &Open<'_>, by_handle: bool) -> (ZStr, Option<ZStr>) {
        let absolute = open.name.first() == Some(&b'/') && open.name.len() < path::MAX_PATH;
        if absolute && let Some(name) = self.plain_paths.get_if(open.name, path::is_plain) {
            return (name, None);
        }
        let plain = !absolute && path::is_plain(open.name);
        let path = &open.name[..memchr::memchr(0, open.name).unwrap_or(open.name.len())];
        self.join_at(slot, open.dirfd, path, by_handle);
        let name = self.names.get(&self.scratch);
        if plain {
            let raw = self.names.get(path);
            return (name, Some(raw));
        }
        path::squeeze(path, &mut self.scratch);
        let raw = (self.scratch != name.as_bytes()).then(|| self.names.get(&self.scratch));
        (name, raw)
    }

    /// Writes the full path of `name` into the scratch memory.
    fn join_at(&mut self, slot: Slot, dirfd: Option<Option<i64>>, name: &[u8], absolute: bool) {
        let (mut out, mut prefix) = (std::mem::take(&mut self.scratch), std::mem::take(&mut self.prefix));
        if absolute || name.first() == Some(&b'/') {
            path::join(b"", name, &mut out);
        } else {
            match dirfd {
                None | Some(Some(AT_FDCWD)) => path::join(self.cwd_at(slot), name, &mut out),
                Some(None) => path::join(b"", name, &mut out),
                Some(Some(fd)) => match self.find_fd(slot, fd).map(Fd::name) {
                    None => path::join(b"<UNKNOWN>", name, &mut out),
                    Some(dir) if dir.is_empty() || dir.ends_with(b"/") => path::join(&dir, name, &mut out),
                    Some(dir) => {
                        prefix.clear();
                        prefix.extend_from_slice(&dir);
                        prefix.push(b'/');
                        path::join(&prefix, name, &mut out);
                    }
                },
            }
        }
        (self.scratch, self.prefix) = (out, prefix);
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
        match self.find_fd(slot, dirfd).map(Fd::name) {
            None => b"<UNKNOWN>".to_vec(),
            Some(dir) if dir.is_empty() || dir.ends_with(b"/") => dir.into_owned(),
            Some(dir) => [&dir, &b"/"[..]].concat(),
        }
    }
}

/// The parameters of today's openat, when all of them are there: nearly half of all events are such, and their
/// parameters lie at places that only the length of the name moves.
#[inline]
fn read_openat<'a>(ev: &Event<'a>) -> Option<Open<'a>> {
    if ev.event_type() != T::SYSCALL_OPENAT_2_X || ev.nparams() != 7 {
        return None;
    }
    let (lengths, values) = ev.bytes().get(HEADER_LEN..)?.split_first_chunk::<14>()?;
    let [8, 0, 8, 0, n0, n1, 4, 0, 4, 0, 4, 0, 8, 0] = *lengths else { return None };
    let (ids, rest) = values.split_first_chunk::<16>()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([n0, n1])))?;
    let [f0, f1, f2, f3, _, _, _, _, d0, d1, d2, d3, ino @ ..] = *rest.first_chunk::<20>()?;
    let (_, dirfd) = ids.split_at(8);
    Some(Open {
        dirfd: Some(read::i64(dirfd)),
        // Whether a NUL stands within is seen together with whether the path is plain.
        name: match name {
            [] | b"(NULL)\0" => text(None),
            [text @ .., 0] | text => text,
        },
        flags: u32::from_le_bytes([f0, f1, f2, f3]),
        dev: u32::from_le_bytes([d0, d1, d2, d3]),
        ino: u64::from_le_bytes(ino),
    })
}

fn read_open<'a>(ev: &Event<'a>) -> Open<'a> {
    let mut p: [&[u8]; 8] = [&[]; 8];
    p.iter_mut().zip(ev.params()).for_each(|(to, p)| *to = p);
    let number = |i: usize| read::u32(p[i]).unwrap_or(0);
    let (dirfd, name, flags, dev_at) = match ev.event_type() {
        T::SYSCALL_OPEN_X => (None, p[1], number(2), 4),
        // creat has no flags: the layer comes in a parameter of its own, numbered differently.
        T::SYSCALL_CREAT_X => {
            let layer = match read::u16(p[5]).unwrap_or(0) {
                bits if bits & 1 != 0 => o::UPPER_LAYER,
                bits if bits & 2 != 0 => o::LOWER_LAYER,
                _ => 0,
            };
            (None, p[1], layer, 3)
        }
        T::SYSCALL_OPEN_BY_HANDLE_AT_X => (None, p[3], number(2), 4),
        T::SYSCALL_OPENAT2_X => (Some(read::i64(p[1])), p[2], number(3), 6),
        _ => (Some(read::i64(p[1])), p[2], number(3), 5),
    };
    let (dev, ino) = (number(dev_at), read::u64(p[dev_at + 1]).unwrap_or(0));
    Open { dirfd, name: text(Some(name)), flags, dev, ino }
}
