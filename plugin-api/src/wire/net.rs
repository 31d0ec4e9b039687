//! Socket addresses, socket tuples and descriptor lists.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Address families that the wire knows.
pub mod family {
    /// Local sockets.
    pub const UNIX: u8 = 1;
    /// IPv4.
    pub const INET: u8 = 2;
    /// IPv6.
    pub const INET6: u8 = 10;
}

/// A socket address (type SOCKADDR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SockAddr<'a> {
    /// Path of a local socket, up to its NUL.
    Unix {
        /// The path.
        path: &'a [u8],
    },
    /// IPv4 address and port.
    V4 {
        /// Address.
        ip: Ipv4Addr,
        /// Port.
        port: u16,
    },
    /// IPv6 address and port.
    V6 {
        /// Address.
        ip: Ipv6Addr,
        /// Port.
        port: u16,
    },
    /// Another family, of which the wire carries nothing more.
    Other {
        /// Address family.
        family: u8,
    },
}

/// Both ends of a socket (type SOCKTUPLE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SockTuple<'a> {
    /// Kernel addresses of both ends of a local socket, and its path.
    Unix {
        /// Kernel address of the source end.
        source: u64,
        /// Kernel address of the destination end.
        dest: u64,
        /// The path, up to its NUL.
        path: &'a [u8],
    },
    /// IPv4.
    V4 {
        /// Source address.
        sip: Ipv4Addr,
        /// Source port.
        sport: u16,
        /// Destination address.
        dip: Ipv4Addr,
        /// Destination port.
        dport: u16,
    },
    /// IPv6.
    V6 {
        /// Source address.
        sip: Ipv6Addr,
        /// Source port.
        sport: u16,
        /// Destination address.
        dip: Ipv6Addr,
        /// Destination port.
        dport: u16,
    },
    /// Another family, of which the wire carries nothing more.
    Other {
        /// Address family.
        family: u8,
    },
}

#[inline]
fn v4(bytes: &[u8]) -> Option<(Ipv4Addr, u16, &[u8])> {
    let (ip, rest) = bytes.split_first_chunk::<4>()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((Ipv4Addr::from(*ip), u16::from_le_bytes(*port), rest))
}

#[inline]
fn v6(bytes: &[u8]) -> Option<(Ipv6Addr, u16, &[u8])> {
    let (ip, rest) = bytes.split_first_chunk::<16>()?;
    let (port, rest) = rest.split_first_chunk()?;
    Some((Ipv6Addr::from(*ip), u16::from_le_bytes(*port), rest))
}

impl<'a> SockAddr<'a> {
    /// The address in a parameter; `None` if it is empty or too short for its family.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&family, rest) = bytes.split_first()?;
        Some(match family {
            family::UNIX => Self::Unix { path: super::read::text(rest) },
            family::INET => {
                let (ip, port, _) = v4(rest)?;
                Self::V4 { ip, port }
            }
            family::INET6 => {
                let (ip, port, _) = v6(rest)?;
                Self::V6 { ip, port }
            }
            family => Self::Other { family },
        })
    }
}

impl<'a> SockTuple<'a> {
    /// The tuple in a parameter; `None` if it is empty or too short for its family.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&family, rest) = bytes.split_first()?;
        Some(match family {
            family::UNIX => {
                let (source, rest) = rest.split_first_chunk()?;
                let (dest, rest) = rest.split_first_chunk()?;
                Self::Unix {
                    source: u64::from_le_bytes(*source),
                    dest: u64::from_le_bytes(*dest),
                    path: super::read::text(rest),
                }
            }
            family::INET => {
                let (sip, sport, rest) = v4(rest)?;
                let (dip, dport, _) = v4(rest)?;
                Self::V4 { sip, sport, dip, dport }
            }
            family::INET6 => {
                let (sip, sport, rest) = v6(rest)?;
                let (dip, dport, _) = v6(rest)?;
                Self::V6 { sip, sport, dip, dport }
            }
            family => Self::Other { family },
        })
    }
}

/// One entry of a descriptor list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FdListEntry {
    /// Descriptor.
    pub fd: i64,
    /// Flags of table `poll_flags`.
    pub flags: i16,
}

/// The descriptors of poll and its kin (type FDLIST).
#[derive(Clone, Copy, Debug)]
pub struct FdList<'a> {
    entries: &'a [[u8; 10]],
}

impl<'a> FdList<'a> {
    /// The list in a parameter; `None` if it is empty or shorter than its count says.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk()?;
        let entries = rest.as_chunks().0.get(..usize::from(u16::from_le_bytes(*count)))?;
        Some(Self { entries })
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = FdListEntry> + 'a {
        self.entries.iter().map(|e| {
            let [a, b, c, d, e, f, g, h, i, j] = *e;
            FdListEntry { fd: i64::from_le_bytes([a, b, c, d, e, f, g, h]), flags: i16::from_le_bytes([i, j]) }
        })
    }
}
