//! What a process has open before the first step.

use std::net::SocketAddr;

use lanner_syscall::capture::{Fd, FdInfo, FdType, L4Proto};

use crate::addr::Addr;
use crate::error::ScriptError;
use crate::read::{Fields, Node};

/// Open flags of files that are simply open.
pub(super) const READ_WRITE: u32 = 3;
/// Descriptor from which on the listening sockets stand that the script implies.
const IMPLIED: i64 = 200;

pub(super) fn file(fd: i64, path: &str, flags: u32) -> Fd {
    let name = path.as_bytes().into();
    let info = if path.len() > 1 && path.ends_with('/') {
        FdInfo::Other { ty: FdType::Directory, name: path.trim_end_matches('/').as_bytes().into() }
    } else {
        FdInfo::File { flags, name, dev: 0xfd00 }
    };
    Fd { fd, ino: 500_000 + fd.unsigned_abs(), info }
}

/// The keys `files`, `sockets` and `pipes` of a process.
pub(super) fn read(f: &Fields<'_>) -> Result<Vec<Fd>, ScriptError> {
    let mut fds: Vec<Fd> = Vec::new();
    for (key, node) in f.entries("files")? {
        let fd = number(&key, &node)?;
        fds.push(if node.value.is_null() { closed(fd) } else { file(fd, &node.text()?, READ_WRITE) });
    }
    for (key, node) in f.entries("pipes")? {
        let (fd, ino) = (number(&key, &node)?, node.number::<u64>()?);
        let name = format!("pipe:[{ino}]").into_bytes().into();
        fds.push(Fd { fd, ino, info: FdInfo::Other { ty: FdType::Fifo, name } });
    }
    for (key, node) in f.entries("sockets")? {
        let fd = number(&key, &node)?;
        let (info, listening) = socket(&node)?;
        fds.push(Fd { fd, ino: 600_000 + fd.unsigned_abs(), info });
        if let Some(info) = listening {
            let taken = |n: i64| fds.iter().any(|f| f.fd == n);
            let fd = (IMPLIED..).find(|n| !taken(*n)).unwrap_or(IMPLIED);
            fds.push(Fd { fd, ino: 600_000 + fd.unsigned_abs(), info });
        }
    }
    let twice = fds.iter().enumerate().find(|(n, a)| fds.iter().take(*n).any(|b| a.fd == b.fd));
    match twice {
        Some((_, fd)) => Err(f.error(format!("descriptor {} is given twice", fd.fd))),
        None => Ok(fds),
    }
}

fn closed(fd: i64) -> Fd {
    Fd { fd, ino: 0, info: FdInfo::Other { ty: FdType::Uninitialized, name: Box::default() } }
}

fn number(key: &str, node: &Node<'_>) -> Result<i64, ScriptError> {
    let standard = ["stdin", "stdout", "stderr"].iter().position(|s| *s == key).map(|n| n as i64);
    standard
        .or_else(|| key.parse().ok().filter(|n| (0..65536).contains(n)))
        .ok_or_else(|| node.error(format!("\"{key}\" is not the number of a descriptor")))
}

/// A socket, and the listening socket that its role as a server implies: readers tell clients and servers by the ports
/// that the machine listens on.
fn socket(node: &Node<'_>) -> Result<(FdInfo, Option<FdInfo>), ScriptError> {
    if node.value.is_string() {
        let to = Addr::read(node)?;
        return connection(node, to.counterpart(40_000), to, L4Proto::Tcp, false);
    }
    let f = node.fields()?;
    let l4 = f.read("proto", |n| match n.text()?.as_str() {
        "tcp" => Ok(L4Proto::Tcp),
        "udp" => Ok(L4Proto::Udp),
        "raw" => Ok(L4Proto::Raw),
        "icmp" => Ok(L4Proto::Icmp),
        "unix" => Ok(L4Proto::Na),
        other => Err(n.error(format!("unknown protocol \"{other}\": tcp, udp, raw, icmp, unix"))),
    })?;
    let server = f.read("role", |n| match n.text()?.as_str() {
        "client" => Ok(false),
        "server" => Ok(true),
        other => Err(n.error(format!("unknown role \"{other}\": client or server"))),
    })?;
    let (from, to, listen) = (f.read("from", Addr::read)?, f.read("to", Addr::read)?, f.read("listen", Addr::read)?);
    let path = f.text("path")?;
    f.finish()?;
    let l4 = l4.unwrap_or(L4Proto::Tcp);
    if let Some(path) = path {
        return connection(node, Addr::Unix(String::new()), Addr::Unix(path), l4, false);
    }
    match (listen, from, to) {
        (Some(addr), None, None) => Ok((listening(&addr, l4), None)),
        (None, from, Some(to)) => {
            let from = from.unwrap_or_else(|| to.counterpart(40_000));
            connection(node, from, to, l4, server == Some(true))
        }
        (None, Some(from), None) => {
            let to = from.counterpart(80);
            connection(node, from, to, l4, server == Some(true))
        }
        _ => Err(node.error("a socket has `listen`, or `to` (and `from`), or `path`")),
    }
}

fn listening(addr: &Addr, l4: L4Proto) -> FdInfo {
    match addr {
        Addr::Inet(SocketAddr::V4(a)) => FdInfo::V4Server { ip: *a.ip(), port: a.port(), l4 },
        Addr::Inet(SocketAddr::V6(a)) => FdInfo::V6Server { ip: *a.ip(), port: a.port(), l4 },
        Addr::Unix(path) => FdInfo::Unix { source: 0xffff_9c00_0000_1000, dest: 0, name: path.as_bytes().into() },
    }
}

fn connection(
    node: &Node<'_>,
    from: Addr,
    to: Addr,
    l4: L4Proto,
    server: bool,
) -> Result<(FdInfo, Option<FdInfo>), ScriptError> {
    let implied = (server && l4 == L4Proto::Tcp).then(|| listening(&to, l4));
    // A list of descriptors has the own end first; readers turn it round for servers.
    let (own, peer) = if server { (to, from) } else { (from, to) };
    Ok(match (own, peer) {
        (Addr::Inet(SocketAddr::V4(a)), Addr::Inet(SocketAddr::V4(b))) => {
            let info = FdInfo::V4 { sip: *a.ip(), dip: *b.ip(), sport: a.port(), dport: b.port(), l4 };
            (info, implied)
        }
        (Addr::Inet(SocketAddr::V6(a)), Addr::Inet(SocketAddr::V6(b))) => {
            let info = FdInfo::V6 { sip: *a.ip(), dip: *b.ip(), sport: a.port(), dport: b.port(), l4 };
            (info, None)
        }
        (Addr::Unix(_), Addr::Unix(path)) => {
            let (source, dest) = (0xffff_9c00_0000_1000, 0xffff_9c00_0000_2000);
            (FdInfo::Unix { source, dest, name: path.into_bytes().into() }, None)
        }
        _ => return Err(node.error("`from` and `to` must be of the same family")),
    })
}
