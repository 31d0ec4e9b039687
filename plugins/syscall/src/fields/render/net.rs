//! Socket addresses in parameters as text.

use lanner_plugin_api::wire::{SockAddr, SockTuple, family};

use crate::state::names::{push_sockaddr, push_socktuple};

fn invalid(out: &mut Vec<u8>, bytes: &[u8], other: &[u8]) {
    out.extend_from_slice(match bytes.first() {
        Some(&family::UNIX) => b"INVALID PATH",
        Some(&family::INET) => b"INVALID IPv4",
        Some(&family::INET6) => b"INVALID IPv6",
        _ => other,
    });
}

/// Whether the path of a local socket is closed by a NUL, as it must be.
fn closed(bytes: &[u8], least: usize) -> bool {
    bytes.first() != Some(&family::UNIX) || (bytes.len() >= least && bytes.last() == Some(&0))
}

/// Writes a parameter that holds one address.
pub(crate) fn address(out: &mut Vec<u8>, bytes: &[u8]) {
    match SockAddr::parse(bytes).filter(|_| closed(bytes, 2)) {
        Some(address) => push_sockaddr(out, &address),
        None => invalid(out, bytes, b"INVALID SOCKADDR"),
    }
}

/// Writes a parameter that holds both ends of a socket.
pub(crate) fn tuple(out: &mut Vec<u8>, bytes: &[u8]) {
    match SockTuple::parse(bytes).filter(|_| closed(bytes, 18)) {
        Some(tuple) => push_socktuple(out, &tuple),
        None => invalid(out, bytes, b"INVALID SOCKTUPLE"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn text(write: fn(&mut Vec<u8>, &[u8]), bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    fn v6_tuple(sip: &str, dip: &str) -> Vec<u8> {
        let mut bytes = vec![family::INET6];
        bytes.extend(sip.parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend(80u16.to_le_bytes());
        bytes.extend(dip.parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend(443u16.to_le_bytes());
        bytes
    }

    #[test]
    fn addresses_are_ip_and_port_or_a_path() {
        assert_eq!(text(address, &[2, 127, 0, 0, 1, 80, 0]), "127.0.0.1:80");
        assert_eq!(text(address, b"\x01/run/log\0"), "/run/log");
        assert_eq!(text(address, &[16, 1]), "family 16");
    }

    #[test]
    fn tuples_have_an_arrow_between_both_ends() {
        assert_eq!(text(tuple, &[2, 1, 2, 3, 4, 0, 1, 5, 6, 7, 8, 1, 0]), "1.2.3.4:256->5.6.7.8:1");
        assert_eq!(text(tuple, &v6_tuple("2001:db8::1", "::1")), "2001:db8::1:80->::1:443");
        assert_eq!(text(tuple, &v6_tuple("::ffff:10.0.0.1", "::")), "10.0.0.1:80->0.0.0.0:443");
        assert_eq!(text(tuple, &v6_tuple("::1.2.3.4", "fe80::1")), "::1.2.3.4:80->fe80::1:443");
        let mut unix = vec![1];
        unix.extend(0xffff_8800_0000_0001u64.to_le_bytes());
        unix.extend(0u64.to_le_bytes());
        unix.extend(b"/dev/log\0");
        assert_eq!(text(tuple, &unix), "ffff880000000001->0 /dev/log");
    }

    #[test]
    fn what_is_too_short_for_its_family_says_so() {
        assert_eq!(text(address, &[2, 127, 0]), "INVALID IPv4");
        assert_eq!(text(address, &[10, 0]), "INVALID IPv6");
        assert_eq!(text(address, b"\x01/run"), "INVALID PATH");
        assert_eq!(text(tuple, &[1, 0, 0]), "INVALID PATH");
        assert_eq!(text(tuple, &[2]), "INVALID IPv4");
    }
}
