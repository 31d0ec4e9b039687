//! Names of descriptors.
//!
//! A file is kept with its name. The name of a socket says nothing that its addresses do not say, and most sockets are closed
//! before anybody has asked for it: it is put together for who asks.

use std::borrow::Cow;

use super::Fd;
use crate::state::names::{self, InetName};
use crate::state::zstr::ZStr;

/// How a descriptor comes by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Naming {
    /// It is kept as text.
    #[default]
    Kept,
    /// So, and it is what the program passed, too: as good as always with files, and a reference less to count for each open
    /// and close.
    AsPassed,
    /// Of an internet socket that events told of: from its addresses and its protocol.
    Told,
    /// Of an internet socket that a scan found: from its addresses.
    Scanned,
    /// Of a unix socket: from both kernel addresses and the path, which is kept as text.
    Unix,
}

/// What a name is made of beside the text that is kept. Taken before addresses change, it says what the name was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// Of the text alone.
    Text,
    /// Of internet addresses.
    Inet(InetName),
    /// Of a unix socket's two kernel addresses.
    Unix(u64, u64),
}

impl Made {
    /// Appends the name that is made of this and the text that is kept.
    pub(crate) fn push(&self, kept: &[u8], out: &mut Vec<u8>) {
        match self {
            Made::Text => out.extend_from_slice(kept),
            Made::Inet(name) => name.push(out),
            Made::Unix(source, dest) => names::push_unix(out, *source, *dest, kept),
        }
    }
}

impl Fd {
    /// Full path, tuple or other readable name; empty if there is none.
    pub fn name(&self) -> Cow<'_, [u8]> {
        if let Some(name) = self.kept_name() {
            return Cow::Borrowed(name.as_bytes());
        }
        let mut name = Vec::new();
        self.push_name(&mut name);
        Cow::Owned(name)
    }

    /// Appends [`Fd::name`].
    pub fn push_name(&self, out: &mut Vec<u8>) {
        self.made().push(self.text.as_bytes(), out);
    }

    /// Appends the name of a directory, with a '/' behind.
    pub fn push_directory(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.push_name(out);
        if out.len() > start && !out.ends_with(b"/") {
            out.push(b'/');
        }
    }

    /// The name, unless it has to be put together. Files and directories keep theirs.
    #[inline]
    pub fn kept_name(&self) -> Option<&ZStr> {
        matches!(self.naming, Naming::Kept | Naming::AsPassed).then_some(&self.text)
    }

    /// Whether it has a name.
    pub fn has_name(&self) -> bool {
        self.kept_name().is_none_or(|name| !name.is_empty())
    }

    /// Path as the program passed it, but with single slashes (files only).
    #[inline]
    pub fn raw_name(&self) -> &ZStr {
        if self.naming == Naming::AsPassed { &self.text } else { &self.raw }
    }

    /// The system log's socket.
    pub fn is_syslog(&self) -> bool {
        // Where a name is put together, only the text in it can say so.
        memchr::memmem::find(self.text.as_bytes(), b"/dev/log").is_some()
    }

    /// What its name is made of.
    pub(crate) fn made(&self) -> Made {
        self.made_by(self.naming)
    }

    /// What it would be made of, had it come by it so.
    pub(crate) fn made_by(&self, naming: Naming) -> Made {
        match naming {
            Naming::Kept | Naming::AsPassed => Made::Text,
            Naming::Told => Made::Inet(InetName::told(self)),
            Naming::Scanned => InetName::scanned(self).map_or(Made::Text, Made::Inet),
            Naming::Unix => Made::Unix(self.sock.unix_src(), self.sock.unix_dst()),
        }
    }

    /// Bytes of its names.
    #[inline]
    pub(crate) fn name_bytes(&self) -> usize {
        self.text.held() + self.raw.held()
    }

    /// Gives it another name: `text` is what is kept of it. The path as it was passed stays.
    pub(crate) fn rename(&mut self, naming: Naming, text: ZStr) {
        let old = std::mem::replace(&mut self.text, text);
        if std::mem::replace(&mut self.naming, naming) == Naming::AsPassed {
            self.raw = old;
        }
    }

    /// Lets go of what its names hold of memory.
    #[inline]
    pub(super) fn forget_names(&mut self) {
        (self.text, self.raw) = (ZStr::EMPTY, ZStr::EMPTY);
    }
}
