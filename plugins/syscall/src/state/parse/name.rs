//! The event's descriptor gets another name.
//!
//! Where a name is put together from addresses, it changes with them. So whoever changes addresses takes down before what the
//! name is made of, and then says what it is from now on, or keeps the old one.

use super::{Slot, State};
use crate::state::fd::{Fd, FdType, Made, Naming, Sock};
use crate::state::zstr::ZStr;

impl State {
    /// What the name of the event's descriptor is made of.
    pub(super) fn made(&self) -> Made {
        self.current_fd().map_or(Made::Text, Fd::made)
    }

    /// Names the event's internet socket after its addresses; `before`: what its name was made of.
    pub(super) fn name_inet(&mut self, slot: Slot, before: Made, naming: Naming) {
        let mut text = std::mem::take(&mut self.scratch);
        let same = self.current_fd().map(|fd| {
            let name = fd.made_by(naming);
            before == name || is_kept(before, fd, name, b"", &mut text)
        });
        self.scratch = text;
        if let Some(same) = same {
            self.rename(slot, before, same, naming, |_| ZStr::EMPTY);
        }
    }

    /// Names the event's unix socket after its ends and this path; `before`: what its name was made of.
    pub(super) fn name_unix(&mut self, slot: Slot, before: Made, path: &[u8]) {
        let mut text = std::mem::take(&mut self.scratch);
        let same = self.current_fd().map(|fd| {
            let name = Made::Unix(fd.sock.unix_src(), fd.sock.unix_dst());
            before == name && fd.text.as_bytes() == path || is_kept(before, fd, name, path, &mut text)
        });
        self.scratch = text;
        if let Some(same) = same {
            self.rename(slot, before, same, Naming::Unix, |state| state.names.get(path));
        }
    }

    /// A unix socket of these ends that is called by this path.
    pub(super) fn unix_socket(&mut self, source: u64, dest: u64, path: &[u8]) -> Fd {
        let mut fd = Fd { naming: Naming::Unix, text: self.names.get(path), ..Fd::new(FdType::UnixSock) };
        (fd.sock.src, fd.sock.dst) = (Sock::from_unix(source), Sock::from_unix(dest));
        fd
    }

    /// Names the event's descriptor with what stands in the scratch memory; `before`: what its name was made of.
    pub(super) fn name_fd_from_scratch(&mut self, slot: Slot, before: Made) {
        let mut old = std::mem::take(&mut self.prefix);
        old.clear();
        let same = self.current_fd().map(|fd| {
            before.push(fd.text.as_bytes(), &mut old);
            old == self.scratch
        });
        self.prefix = old;
        if let Some(same) = same {
            self.rename(slot, before, same, Naming::Kept, |state| state.names.until_nul(&state.scratch));
        }
    }

    /// Lets the event's descriptor keep its name although its addresses are about to change.
    #[cold]
    pub(super) fn keep_name(&mut self, slot: Slot) {
        let before = self.made();
        if let Some(fd) = self.current_fd().filter(|_| before != Made::Text) {
            let name = ZStr::new(&fd.name());
            self.rename(slot, before, true, Naming::Kept, |_| name);
        }
    }

    /// Takes a new name down. `same`: it reads like the old one; a text that is kept then stays as it is.
    fn rename(&mut self, slot: Slot, before: Made, same: bool, naming: Naming, text: impl FnOnce(&mut State) -> ZStr) {
        if same && before == Made::Text {
            return;
        }
        self.current.fd_name_changed |= !same;
        let text = text(self);
        let held = self.current_fd().map_or(0, Fd::name_bytes);
        let after = self.change_fd(slot, |fd| {
            fd.rename(naming, text);
            fd.name_bytes()
        });
        if let (Some(at), Some(after)) = (self.current.fd, after) {
            self.fds.account(at, held, after);
        }
    }
}

/// Whether the text that a descriptor keeps as its name reads like the one that is made of `name` and `part`.
fn is_kept(before: Made, fd: &Fd, name: Made, part: &[u8], text: &mut Vec<u8>) -> bool {
    if before != Made::Text || fd.text.is_empty() {
        return false;
    }
    text.clear();
    name.push(part, text);
    fd.text.as_bytes() == text
}
