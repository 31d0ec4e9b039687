//! How sockets are written as text. No name is ever looked up.

use std::net::{Ipv4Addr, Ipv6Addr};

use lanner_plugin_api::wire::{SockAddr, SockTuple};

use super::fd::{Fd, FdType, L4Proto};

/// An IPv4 address in an IPv6 one (`::ffff:a.b.c.d`); the unspecified address counts as 0.0.0.0.
pub fn mapped(ip: &Ipv6Addr) -> Option<Ipv4Addr> {
    if ip.is_unspecified() { Some(Ipv4Addr::UNSPECIFIED) } else { ip.to_ipv4_mapped() }
}

/// Appends a decimal number.
pub fn push_number(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}

/// Appends a hexadecimal number without leading zeros.
pub fn push_hex(out: &mut Vec<u8>, n: u64) {
    let digits = (64 - n.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..digits).rev().map(|i| b"0123456789abcdef"[(n >> (4 * i)) as usize & 15]));
}

/// Appends an IPv4 address.
pub fn push_ip4(out: &mut Vec<u8>, ip: [u8; 4]) {
    for (i, b) in ip.into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        push_number(out, b.into());
    }
}

/// Appends an IPv6 address as the C library writes it.
pub fn push_ip6(out: &mut Vec<u8>, ip: &Ipv6Addr) {
    use std::io::Write;
    let s = ip.segments();
    if s[..6] == [0; 6] && s[6] != 0 {
        out.extend_from_slice(b"::");
        let o = ip.octets();
        push_ip4(out, [o[12], o[13], o[14], o[15]]);
    } else {
        let _ = write!(out, "{ip}");
    }
}

fn push_end4(out: &mut Vec<u8>, ip: [u8; 4], port: u16) {
    push_ip4(out, ip);
    out.push(b':');
    push_number(out, port.into());
}

fn push_end6(out: &mut Vec<u8>, ip: &Ipv6Addr, port: u16) {
    push_ip6(out, ip);
    out.push(b':');
    push_number(out, port.into());
}

fn push_tuple4(out: &mut Vec<u8>, sip: [u8; 4], sport: u16, dip: [u8; 4], dport: u16) {
    push_end4(out, sip, sport);
    out.extend_from_slice(b"->");
    push_end4(out, dip, dport);
}

fn push_tuple6(out: &mut Vec<u8>, sip: &Ipv6Addr, sport: u16, dip: &Ipv6Addr, dport: u16) {
    push_end6(out, sip, sport);
    out.extend_from_slice(b"->");
    push_end6(out, dip, dport);
}

/// Appends the name of a unix tuple: both kernel addresses and the path.
pub fn push_unix(out: &mut Vec<u8>, source: u64, dest: u64, path: &[u8]) {
    push_hex(out, source);
    out.extend_from_slice(b"->");
    push_hex(out, dest);
    out.push(b' ');
    out.extend_from_slice(path);
}

/// Appends a socket address parameter.
pub fn push_sockaddr(out: &mut Vec<u8>, addr: &SockAddr<'_>) {
    match addr {
        SockAddr::Unix { path } => out.extend_from_slice(path),
        SockAddr::V4 { ip, port } => push_end4(out, ip.octets(), *port),
        SockAddr::V6 { ip, port } => push_end6(out, ip, *port),
        SockAddr::Other { family } => push_family(out, *family),
    }
}

/// Appends a socket tuple parameter; IPv4 addresses in IPv6 ones are written as IPv4.
pub fn push_socktuple(out: &mut Vec<u8>, tuple: &SockTuple<'_>) {
    match tuple {
        SockTuple::Unix { source, dest, path } => push_unix(out, *source, *dest, path),
        SockTuple::V4 { sip, sport, dip, dport } => push_tuple4(out, sip.octets(), *sport, dip.octets(), *dport),
        SockTuple::V6 { sip, sport, dip, dport } => match (mapped(sip), mapped(dip)) {
            (Some(s), Some(d)) => push_tuple4(out, s.octets(), *sport, d.octets(), *dport),
            _ => push_tuple6(out, sip, *sport, dip, *dport),
        },
        SockTuple::Other { family } => push_family(out, *family),
    }
}

fn push_family(out: &mut Vec<u8>, family: u8) {
    out.extend_from_slice(b"family ");
    push_number(out, family.into());
}

/// An IPv4 address and a port.
type End4 = ([u8; 4], u16);
/// An IPv6 address and a port.
type End6 = ([u8; 16], u16);

/// The name of an internet socket, as what it is put together from: equal ones are the same text, different ones are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InetName {
    /// Client and server, with ports.
    Connection4(End4, End4),
    /// The same of IPv6.
    Connection6(End6, End6),
    /// Both ends, where protocols have no ports.
    Pair4([u8; 4], [u8; 4]),
    /// The same of IPv6.
    Pair6([u8; 16], [u8; 16]),
    /// Who listens.
    Server4(End4),
    /// The same of IPv6.
    Server6(End6),
    /// Of a protocol that is not known.
    Unknown,
}

impl InetName {
    /// The name of a connected or connectable socket of which events told. A socket without a known protocol is `<unknown>`.
    pub fn told(fd: &Fd) -> Self {
        let s = &fd.sock;
        let both4 = match fd.ty {
            FdType::Ipv4Sock => Some((s.src4(), s.dst4())),
            _ => mapped(&s.src.into()).zip(mapped(&s.dst.into())).map(|(a, b)| (a.octets(), b.octets())),
        };
        match (s.l4, both4) {
            (L4Proto::Tcp | L4Proto::Udp, Some((a, b))) => Self::Connection4((a, s.sport), (b, s.dport)),
            (L4Proto::Tcp | L4Proto::Udp, None) => Self::Connection6((s.src, s.sport), (s.dst, s.dport)),
            (L4Proto::Raw, _) if fd.ty == FdType::Ipv6Sock => Self::Unknown,
            (L4Proto::Icmp | L4Proto::Raw, Some((a, b))) => Self::Pair4(a, b),
            (L4Proto::Icmp, None) => Self::Pair6(s.src, s.dst),
            _ => Self::Unknown,
        }
    }

    /// The name of a socket that a start-up scan found, whatever its protocol; `None`: that is no internet socket.
    pub fn scanned(fd: &Fd) -> Option<Self> {
        let s = &fd.sock;
        Some(match fd.ty {
            FdType::Ipv4Sock => Self::Connection4((s.src4(), s.sport), (s.dst4(), s.dport)),
            FdType::Ipv6Sock => Self::Connection6((s.src, s.sport), (s.dst, s.dport)),
            FdType::Ipv4ServSock => Self::Server4((s.dst4(), s.dport)),
            FdType::Ipv6ServSock => Self::Server6((s.dst, s.dport)),
            _ => return None,
        })
    }

    /// Appends it as text.
    pub fn push(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Connection4((a, sport), (b, dport)) => push_tuple4(out, a, sport, b, dport),
            Self::Connection6((a, sport), (b, dport)) => push_tuple6(out, &a.into(), sport, &b.into(), dport),
            Self::Pair4(a, b) => {
                push_ip4(out, a);
                out.extend_from_slice(b"->");
                push_ip4(out, b);
            }
            Self::Pair6(a, b) => {
                push_ip6(out, &a.into());
                out.extend_from_slice(b"->");
                push_ip6(out, &b.into());
            }
            Self::Server4((ip, port)) => push_end4(out, ip, port),
            Self::Server6((ip, port)) => push_end6(out, &ip.into(), port),
            Self::Unknown => out.extend_from_slice(b"<unknown>"),
        }
    }
}
