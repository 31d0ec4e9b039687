//! Sockets by inode, from the tables of each network namespace.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::read as read_file;
use crate::capture::{FdInfo, FdType, L4Proto};

/// Tables of the namespaces seen so far, read when a process of theirs has a socket.
#[derive(Debug, Default)]
pub(super) struct Sockets(HashMap<OsString, HashMap<u64, FdInfo>>);

const TABLES: [(&str, L4Proto); 6] = [
    ("tcp", L4Proto::Tcp),
    ("tcp6", L4Proto::Tcp),
    ("udp", L4Proto::Udp),
    ("udp6", L4Proto::Udp),
    ("raw", L4Proto::Raw),
    ("raw6", L4Proto::Raw),
];

impl Sockets {
    /// The socket with this inode, in the namespace of the process.
    pub(super) fn find(&mut self, process: &Path, ino: u64) -> FdInfo {
        let namespace = fs::read_link(process.join("ns/net")).unwrap_or_default().into_os_string();
        let table = self.0.entry(namespace).or_insert_with(|| read(process));
        table.get(&ino).cloned().unwrap_or(FdInfo::Other { ty: FdType::Unknown, name: Box::default() })
    }
}

fn read(process: &Path) -> HashMap<u64, FdInfo> {
    let mut all = HashMap::new();
    let file = |name: &str| read_file(&process.join("net").join(name)).unwrap_or_default();
    for (name, l4) in TABLES {
        let text = file(name);
        all.extend(String::from_utf8_lossy(&text).lines().skip(1).filter_map(|line| internet(line, l4)));
    }
    all.extend(file("unix").split(|&b| b == b'\n').skip(1).filter_map(unix));
    let netlink = file("netlink");
    let netlink = String::from_utf8_lossy(&netlink);
    all.extend(netlink.lines().skip(1).filter_map(|line| {
        let ino = line.split_ascii_whitespace().nth(9)?.parse().ok()?;
        Some((ino, FdInfo::Other { ty: FdType::Netlink, name: Box::default() }))
    }));
    all
}

/// A row of `tcp`, `udp` or `raw`: number, local end, remote end, state, …, inode as the tenth.
fn internet(line: &str, l4: L4Proto) -> Option<(u64, FdInfo)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let end = |at: usize| fields.get(at)?.split_once(':');
    let (local, local_port) = end(1)?;
    let (remote, remote_port) = end(2)?;
    let sport = u16::from_str_radix(local_port, 16).ok()?;
    let dport = u16::from_str_radix(remote_port, 16).ok()?;
    let ino = fields.get(9)?.parse().ok()?;
    let info = if local.len() == 8 {
        let (sip, dip) = (v4(local)?, v4(remote)?);
        match dip {
            Ipv4Addr::UNSPECIFIED => FdInfo::V4Server { ip: sip, port: sport, l4 },
            _ => FdInfo::V4 { sip, dip, sport, dport, l4 },
        }
    } else {
        let (sip, dip) = (v6(local)?, v6(remote)?);
        match dip {
            Ipv6Addr::UNSPECIFIED => FdInfo::V6Server { ip: sip, port: sport, l4 },
            _ => FdInfo::V6 { sip, dip, sport, dport, l4 },
        }
    };
    Some((ino, info))
}

/// An address as the kernel prints it: words of 32 bits in the machine's order, each holding four bytes of the address.
fn v4(hex: &str) -> Option<Ipv4Addr> {
    Some(u32::from_str_radix(hex, 16).ok()?.to_ne_bytes().into())
}

fn v6(hex: &str) -> Option<Ipv6Addr> {
    let mut bytes = [0; 16];
    for (n, word) in bytes.chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(&v4(hex.get(n * 8..n * 8 + 8)?)?.octets());
    }
    Some(bytes.into())
}

/// A row of `unix`: address, …, inode as the seventh word, and a path if it has one.
fn unix(line: &[u8]) -> Option<(u64, FdInfo)> {
    let mut words = line.split(|&b| b == b' ').filter(|word| !word.is_empty());
    let address = std::str::from_utf8(words.next()?).ok()?.trim_end_matches(':');
    let ino = std::str::from_utf8(words.nth(5)?).ok()?.parse().ok()?;
    let source = u64::from_str_radix(address, 16).unwrap_or(0);
    Some((ino, FdInfo::Unix { source, dest: 0, name: words.next().unwrap_or_default().into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_sockets() {
        let row = "   1: 0100007F:1F90 0200007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 20 4 30 10 -1";
        let (ino, info) = internet(row, L4Proto::Tcp).unwrap();
        assert_eq!(ino, 4242);
        let ip = |last| Ipv4Addr::new(127, 0, 0, last);
        assert_eq!(info, FdInfo::V4 { sip: ip(1), dip: ip(2), sport: 8080, dport: 50000, l4: L4Proto::Tcp });
        let row = "   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0";
        let (ino, info) = internet(row, L4Proto::Tcp).unwrap();
        assert_eq!((ino, info), (77, FdInfo::V6Server { ip: Ipv6Addr::LOCALHOST, port: 22, l4: L4Proto::Tcp }));
        assert!(internet("", L4Proto::Udp).is_none());
    }

    #[test]
    fn local_sockets_have_address_and_path() {
        let row = b"ffff888100000000: 00000002 00000000 00010000 0001 01 31337 /run/systemd/notify";
        let expected = FdInfo::Unix { source: 0xffff_8881_0000_0000, dest: 0, name: b"/run/systemd/notify"[..].into() };
        assert_eq!(unix(row), Some((31337, expected)));
        let row = b"0000000000000000: 00000003 00000000 00000000 0001 03 12";
        assert!(matches!(unix(row), Some((12, FdInfo::Unix { name, .. })) if name.is_empty()));
        assert_eq!(unix(b"garbage"), None);
    }
}
