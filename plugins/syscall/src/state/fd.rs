//! One open descriptor.

mod name;

pub use crate::capture::{FdType, L4Proto};

pub(crate) use name::{Made, Naming};

use super::flags::{fdf, o};
use super::table::DynValues;
use super::zstr::ZStr;

/// Addresses of a socket. IPv4 addresses stand in the first four bytes. Network byte order; ports in host order.
///
/// A listening socket has its address in `dst`: it is the server end of every connection to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sock {
    /// Source (client) address; the local socket's kernel address for unix sockets.
    pub src: [u8; 16],
    /// Destination (server) address; the peer's kernel address for unix sockets.
    pub dst: [u8; 16],
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// Transport protocol as the socket call said; see [`Fd::l4`] for what is shown.
    pub l4: L4Proto,
}

impl Sock {
    /// Source address as IPv4.
    pub fn src4(&self) -> [u8; 4] {
        first4(&self.src)
    }
    /// Destination address as IPv4.
    pub fn dst4(&self) -> [u8; 4] {
        first4(&self.dst)
    }
    /// Source as a unix socket's kernel address.
    pub fn unix_src(&self) -> u64 {
        first8(&self.src)
    }
    /// Peer as a unix socket's kernel address.
    pub fn unix_dst(&self) -> u64 {
        first8(&self.dst)
    }
    /// An address field that holds an IPv4 address.
    pub fn from4(a: [u8; 4]) -> [u8; 16] {
        let mut out = [0; 16];
        out[..4].copy_from_slice(&a);
        out
    }
    /// An address field that holds a kernel address.
    pub fn from_unix(a: u64) -> [u8; 16] {
        let mut out = [0; 16];
        out[..8].copy_from_slice(&a.to_le_bytes());
        out
    }
    /// Exchanges both ends.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.src, &mut self.dst);
        std::mem::swap(&mut self.sport, &mut self.dport);
    }
}

fn first4(a: &[u8; 16]) -> [u8; 4] {
    [a[0], a[1], a[2], a[3]]
}

fn first8(a: &[u8; 16]) -> u64 {
    u64::from_le_bytes([a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]])
}

/// One open descriptor of a process.
#[derive(Clone, Debug, Default)]
pub struct Fd {
    /// What it is.
    pub ty: FdType,
    /// Bits of [`fdf`].
    pub flags: u32,
    /// Flags it was opened with (bits of [`o`]).
    pub openflags: u32,
    /// Device of a file.
    pub dev: u32,
    /// Mount of a file, from a start-up scan.
    pub mount_id: u32,
    /// Inode.
    pub ino: u64,
    /// Process that a pidfd refers to.
    pub pid: i64,
    /// Addresses of a socket.
    pub sock: Sock,
    /// What is kept of the name; see [`Fd::name`].
    pub(super) text: ZStr,
    /// See [`Fd::raw_name`].
    pub(super) raw: ZStr,
    pub(super) naming: Naming,
    /// Values of fields that plugins added.
    pub dynamic: DynValues,
}

impl Fd {
    /// A descriptor of this type.
    pub fn new(ty: FdType) -> Fd {
        Fd { ty, ..Fd::default() }
    }

    /// A descriptor of this type and name.
    pub(crate) fn named(ty: FdType, name: ZStr) -> Fd {
        Fd { ty, text: name, ..Fd::default() }
    }

    /// A file: `raw_name` is its path as the program passed it; `None`: like the full path.
    pub(crate) fn file(ty: FdType, name: ZStr, raw_name: Option<ZStr>) -> Fd {
        let naming = if raw_name.is_none() { Naming::AsPassed } else { Naming::Kept };
        Fd { ty, text: name, raw: raw_name.unwrap_or_default(), naming, ..Fd::default() }
    }

    /// Lets go of what holds memory: the rest is written anew when the descriptor's place is used again.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.forget_names();
        self.dynamic = DynValues::default();
    }

    fn has(&self, bit: u32) -> bool {
        self.flags & bit != 0
    }

    /// A regular file.
    pub fn is_file(&self) -> bool {
        matches!(self.ty, FdType::File | FdType::FileV2)
    }
    /// A connected or connectable IPv4 or IPv6 socket (not a listening one).
    pub fn is_inet(&self) -> bool {
        matches!(self.ty, FdType::Ipv4Sock | FdType::Ipv6Sock)
    }
    /// An IPv4 TCP socket.
    pub fn is_tcp4(&self) -> bool {
        self.ty == FdType::Ipv4Sock && self.sock.l4 == L4Proto::Tcp
    }
    /// An IPv4 UDP socket.
    pub fn is_udp4(&self) -> bool {
        self.ty == FdType::Ipv4Sock && self.sock.l4 == L4Proto::Udp
    }
    /// Server end.
    pub fn is_server(&self) -> bool {
        self.has(fdf::ROLE_SERVER)
    }
    /// Client end.
    pub fn is_client(&self) -> bool {
        self.has(fdf::ROLE_CLIENT)
    }
    /// Neither end yet.
    pub fn has_no_role(&self) -> bool {
        !self.has(fdf::ROLE_CLIENT | fdf::ROLE_SERVER)
    }
    /// Connected.
    pub fn is_connected(&self) -> bool {
        self.has(fdf::CONNECTED)
    }
    /// Connection failed.
    pub fn is_failed(&self) -> bool {
        self.has(fdf::FAILED)
    }
    /// Connection in progress.
    pub fn is_pending(&self) -> bool {
        self.has(fdf::PENDING)
    }
    /// On an overlay's upper layer.
    pub fn is_overlay_upper(&self) -> bool {
        self.has(fdf::OVERLAY_UPPER)
    }
    /// On an overlay's lower layer.
    pub fn is_overlay_lower(&self) -> bool {
        self.has(fdf::OVERLAY_LOWER)
    }
    /// Major device number.
    pub fn dev_major(&self) -> u32 {
        (self.dev & 0xfff00) >> 8
    }
    /// Minor device number.
    pub fn dev_minor(&self) -> u32 {
        (self.dev & 0xff) | ((self.dev >> 12) & 0xfff00)
    }
    /// Server port of a connection (destination port); 0 when there is none.
    pub fn server_port(&self) -> u16 {
        if self.is_inet() { self.sock.dport } else { 0 }
    }

    /// Transport protocol to show: not applicable while it is open which end this is, except for raw sockets.
    pub fn l4(&self) -> L4Proto {
        match self.ty {
            FdType::Ipv4ServSock | FdType::Ipv6ServSock => self.sock.l4,
            FdType::Ipv4Sock | FdType::Ipv6Sock if self.sock.l4 == L4Proto::Raw => L4Proto::Raw,
            FdType::Ipv4Sock | FdType::Ipv6Sock if self.has_no_role() => L4Proto::Na,
            FdType::Ipv4Sock | FdType::Ipv6Sock => self.sock.l4,
            _ => L4Proto::Na,
        }
    }

    /// Closed by an exec.
    pub fn is_close_on_exec(&self) -> bool {
        self.openflags & o::CLOEXEC != 0
            || (matches!(self.ty, FdType::Eventpoll | FdType::Memfd) && self.openflags & o::SMALL_CLOEXEC != 0)
    }

    pub(crate) fn clear_close_on_exec(&mut self) {
        self.openflags &= !(o::CLOEXEC | o::SMALL_CLOEXEC);
    }

    pub(crate) fn set_connected(&mut self) {
        self.flags = self.flags & !(fdf::PENDING | fdf::FAILED) | fdf::CONNECTED;
    }
}
