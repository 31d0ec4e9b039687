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

/// Appends the name of a connected or connectable socket from its addresses. A socket without a known protocol is
/// `<unknown>`.
pub fn push_inet_name(out: &mut Vec<u8>, fd: &Fd) {
    let s = &fd.sock;
    let (src6, dst6) = (Ipv6Addr::from(s.src), Ipv6Addr::from(s.dst));
    let both4 = match fd.ty {
        FdType::Ipv4Sock => Some((s.src4(), s.dst4())),
        _ => mapped(&src6).zip(mapped(&dst6)).map(|(a, b)| (a.octets(), b.octets())),
    };
    match (s.l4, both4) {
        (L4Proto::Tcp | L4Proto::Udp, Some((a, b))) => push_tuple4(out, a, s.sport, b, s.dport),
        (L4Proto::Tcp | L4Proto::Udp, None) => push_tuple6(out, &src6, s.sport, &dst6, s.dport),
        (L4Proto::Raw, _) if fd.ty == FdType::Ipv6Sock => out.extend_from_slice(b"<unknown>"),
        (L4Proto::Icmp | L4Proto::Raw, Some((a, b))) => {
            push_ip4(out, a);
            out.extend_from_slice(b"->");
            push_ip4(out, b);
        }
        (L4Proto::Icmp, None) => {
            push_ip6(out, &src6);
            out.extend_from_slice(b"->");
            push_ip6(out, &dst6);
        }
        _ => out.extend_from_slice(b"<unknown>"),
    }
}

/// Appends the name of a tuple that a start-up scan found, whatever its protocol.
pub(crate) fn push_scanned_name(out: &mut Vec<u8>, fd: &Fd) {
    let s = &fd.sock;
    match fd.ty {
        FdType::Ipv4Sock => push_tuple4(out, s.src4(), s.sport, s.dst4(), s.dport),
        FdType::Ipv6Sock => push_tuple6(out, &s.src.into(), s.sport, &s.dst.into(), s.dport),
        FdType::Ipv4ServSock => push_end4(out, s.dst4(), s.dport),
        FdType::Ipv6ServSock => push_end6(out, &s.dst.into(), s.dport),
        _ => {}
    }
}
