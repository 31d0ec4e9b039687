//! socket, socketpair, bind, accept; what the socket parsers share.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{Event, SockAddr, SockTuple};

use super::{Slot, State, ret};
use crate::state::fd::{Fd, FdType, L4Proto, Naming, Sock};
use crate::state::flags::{fdf, o};
use crate::state::names;

const AF_UNIX: u32 = 1;
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;
const AF_NETLINK: u32 = 16;
const SOCK_STREAM: u32 = 1;
pub(super) const SOCK_DGRAM: u32 = 2;
const SOCK_RAW: u32 = 3;
const IPPROTO_IP: u32 = 0;
const IPPROTO_ICMP: u32 = 1;
const IPPROTO_TCP: u32 = 6;
pub(super) const IPPROTO_UDP: u32 = 17;
const IPPROTO_RAW: u32 = 255;

/// One end: address as [`Sock`] keeps it, and port.
pub(super) type End = ([u8; 16], u16);

/// Both ends of an internet tuple and the type of socket that has them: IPv4 in IPv6 counts as IPv4.
pub(super) fn inet_ends(tuple: &SockTuple<'_>) -> Option<(FdType, End, End)> {
    Some(match tuple {
        SockTuple::V4 { sip, sport, dip, dport } => {
            (FdType::Ipv4Sock, (Sock::from4(sip.octets()), *sport), (Sock::from4(dip.octets()), *dport))
        }
        SockTuple::V6 { sip, sport, dip, dport } => match (names::mapped(sip), names::mapped(dip)) {
            (Some(s), Some(d)) => {
                (FdType::Ipv4Sock, (Sock::from4(s.octets()), *sport), (Sock::from4(d.octets()), *dport))
            }
            _ => (FdType::Ipv6Sock, (sip.octets(), *sport), (dip.octets(), *dport)),
        },
        _ => return None,
    })
}

/// Gives a socket its ends. False when it has them already, one way round or the other.
pub(super) fn set_ends(sock: &mut Sock, src: End, dst: End) -> bool {
    let ends = ((sock.src, sock.sport), (sock.dst, sock.dport));
    if ends == (src, dst) || ends == (dst, src) {
        return false;
    }
    ((sock.src, sock.sport), (sock.dst, sock.dport)) = (src, dst);
    true
}

/// The descriptor that a socket call makes.
pub(super) fn new_socket(domain: u32, ty: u32, protocol: u32, openflags: u32) -> Fd {
    let raw = ty == SOCK_RAW;
    let l4 = match protocol {
        IPPROTO_TCP | IPPROTO_UDP | IPPROTO_ICMP if raw => L4Proto::Raw,
        IPPROTO_TCP => L4Proto::Tcp,
        IPPROTO_UDP => L4Proto::Udp,
        IPPROTO_ICMP => L4Proto::Icmp,
        // The low byte: close-on-exec and non-blocking come with the type.
        IPPROTO_IP if ty & 0xff == SOCK_STREAM => L4Proto::Tcp,
        IPPROTO_IP if ty & 0xff == SOCK_DGRAM => L4Proto::Udp,
        IPPROTO_RAW => L4Proto::Raw,
        _ => L4Proto::Unknown,
    };
    let fd_type = match domain {
        AF_UNIX => FdType::UnixSock,
        AF_INET => FdType::Ipv4Sock,
        AF_INET6 => FdType::Ipv6Sock,
        AF_NETLINK => FdType::Netlink,
        _ => FdType::Unknown,
    };
    let mut fd = Fd { openflags, ..Fd::new(fd_type) };
    if fd.is_inet() {
        fd.sock.l4 = l4;
    }
    fd
}

impl State {
    pub(super) fn parse_socket(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 {
            return;
        }
        let number = |i: usize| ev.u32(i).unwrap_or(0);
        let info = new_socket(number(1), number(2), number(3), number(4));
        self.open_fd(slot, fd, info);
    }

    pub(super) fn parse_socketpair(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let (Some(one), Some(other)) = (ev.i64(1), ev.i64(2)) else { return };
        if one == other {
            self.current.fd = None;
            return;
        }
        let mut info = Fd::new(FdType::UnixSock);
        info.sock.src = Sock::from_unix(ev.u64(3).unwrap_or(0));
        info.sock.dst = Sock::from_unix(ev.u64(4).unwrap_or(0));
        self.open_fd(slot, one, info.clone());
        self.put_fd(slot, other, info);
    }

    /// A bound port makes a listening socket.
    pub(super) fn parse_bind(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 || self.current.fd.is_none() {
            return;
        }
        let Some(addr) = ev.param(1).and_then(SockAddr::parse) else { return };
        let before = self.made();
        let server = match addr {
            SockAddr::V4 { ip, port } if port > 0 => Some((FdType::Ipv4ServSock, Sock::from4(ip.octets()), port)),
            SockAddr::V6 { ip, port } if port > 0 => Some(match names::mapped(&ip) {
                Some(ip) => (FdType::Ipv4ServSock, Sock::from4(ip.octets()), port),
                None => (FdType::Ipv6ServSock, ip.octets(), port),
            }),
            _ => None,
        };
        if let Some((ty, ip, port)) = server {
            self.change_fd(slot, |fd| {
                fd.ty = ty;
                fd.sock = Sock { dst: ip, dport: port, l4: fd.sock.l4, ..Sock::default() };
                fd.flags |= fdf::ROLE_SERVER;
            });
        }
        self.scratch.clear();
        names::push_sockaddr(&mut self.scratch, &addr);
        self.name_fd_from_scratch(slot, before);
    }

    pub(super) fn parse_accept(&mut self, ev: &Event<'_>, slot: Slot) {
        let fd = ret(ev).unwrap_or(-1);
        if fd < 0 {
            return;
        }
        self.threads.at_mut(slot).last_fd = fd;
        let Some(tuple) = ev.param(1).and_then(SockTuple::parse) else { return };
        let mut info = match inet_ends(&tuple) {
            Some((ty, src, dst)) => {
                let mut info = Fd { naming: Naming::Told, ..Fd::new(ty) };
                set_ends(&mut info.sock, src, dst);
                // What accepts is a stream; nothing else is recorded of it.
                info.sock.l4 = L4Proto::Tcp;
                info
            }
            None => {
                let SockTuple::Unix { source, dest, path } = tuple else { return };
                self.unix_socket(source, dest, path)
            }
        };
        if ev.event_type() == T::SOCKET_ACCEPT4_6_X {
            info.openflags = ev.u32(5).unwrap_or(0) & o::CLOEXEC;
        }
        info.flags = fdf::ROLE_SERVER | fdf::CONNECTED;
        self.current.fd_name_changed = true;
        self.open_fd(slot, fd, info);
    }
}
