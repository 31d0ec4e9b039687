//! Socket addresses: text to the wire's bytes.

use std::net::{IpAddr, SocketAddr};

use lanner_plugin_api::wire::family;

use crate::error::ScriptError;
use crate::read::Node;

/// An address that a socket may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addr {
    Inet(SocketAddr),
    Unix(String),
}

impl Addr {
    /// `ip:port`, `[v6]:port` or `unix:/path`; the prefix may be left out before a path.
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, ScriptError> {
        let text = node.text()?;
        Self::parse(&text).ok_or_else(|| {
            node.error(format!("\"{text}\" is not an address: write \"1.2.3.4:443\", \"[::1]:443\" or \"unix:/path\""))
        })
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Some(Self::Unix(path.to_owned()));
        }
        if text.starts_with(['/', '@']) {
            return Some(Self::Unix(text.to_owned()));
        }
        text.parse().ok().map(Self::Inet)
    }

    pub(crate) fn family(&self) -> u8 {
        match self {
            Self::Inet(SocketAddr::V4(_)) => family::INET,
            Self::Inet(SocketAddr::V6(_)) => family::INET6,
            Self::Unix(_) => family::UNIX,
        }
    }

    /// As a SOCKADDR parameter.
    pub(crate) fn sockaddr(&self) -> Vec<u8> {
        let mut out = vec![self.family()];
        match self {
            Self::Inet(addr) => push_inet(&mut out, addr),
            Self::Unix(path) => {
                out.extend_from_slice(path.as_bytes());
                out.push(0);
            }
        }
        out
    }

    /// The end that a connection to or from this address has on this side when the script does not say.
    pub(crate) fn counterpart(&self, port: u16) -> Self {
        match self {
            Self::Inet(addr) => {
                let ip: IpAddr = match addr.ip() {
                    ip if ip.is_loopback() => ip,
                    IpAddr::V4(_) => [10, 0, 0, 5].into(),
                    IpAddr::V6(_) => [0xfd00, 0, 0, 0, 0, 0, 0, 5].into(),
                };
                Self::Inet(SocketAddr::new(ip, port))
            }
            Self::Unix(_) => Self::Unix(String::new()),
        }
    }
}

fn push_inet(out: &mut Vec<u8>, addr: &SocketAddr) {
    match addr.ip() {
        IpAddr::V4(ip) => out.extend(ip.octets()),
        IpAddr::V6(ip) => out.extend(ip.octets()),
    }
    out.extend(addr.port().to_le_bytes());
}

/// Kernel addresses that the ends of local sockets are shown with.
const SOURCE_END: u64 = 0xffff_9c00_0000_1000;
const PEER_END: u64 = 0xffff_9c00_0000_2000;

/// As a SOCKTUPLE parameter; `None` when the ends are of different families.
pub(crate) fn socktuple(from: &Addr, to: &Addr) -> Option<Vec<u8>> {
    if from.family() != to.family() {
        return None;
    }
    let mut out = vec![from.family()];
    match (from, to) {
        (Addr::Inet(from), Addr::Inet(to)) => {
            push_inet(&mut out, from);
            push_inet(&mut out, to);
        }
        (Addr::Unix(from), Addr::Unix(to)) => {
            out.extend(SOURCE_END.to_le_bytes());
            out.extend(PEER_END.to_le_bytes());
            out.extend_from_slice(if to.is_empty() { from } else { to }.as_bytes());
            out.push(0);
        }
        _ => return None,
    }
    Some(out)
}

/// A transport protocol of a socket: type and protocol of the socket call.
pub(crate) fn transport(node: &Node<'_>) -> Result<(u32, u32), ScriptError> {
    Ok(match node.text()?.as_str() {
        "tcp" => (1, 6),
        "udp" => (2, 17),
        "icmp" => (2, 1),
        "raw" => (3, 255),
        "unix" => (1, 0),
        other => return Err(node.error(format!("unknown protocol \"{other}\": tcp, udp, icmp, raw, unix"))),
    })
}
