//! Network interfaces with their addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;

use crate::capture::{Interface, InterfaceAddr};

fn v4(address: Option<&SockaddrStorage>) -> Option<Ipv4Addr> {
    Some(address?.as_sockaddr_in()?.ip())
}

fn v6(address: Option<&SockaddrStorage>) -> Option<Ipv6Addr> {
    Some(address?.as_sockaddr_in6()?.ip())
}

/// One entry for each address; none if the system does not tell.
pub(super) fn interfaces() -> Vec<Interface> {
    let entries = getifaddrs().into_iter().flatten();
    let known = entries.filter_map(|entry| {
        let address = entry.address.as_ref();
        let addr = if let Some(addr) = v4(address) {
            InterfaceAddr::V4 {
                addr,
                mask: v4(entry.netmask.as_ref()).unwrap_or(Ipv4Addr::BROADCAST),
                broadcast: v4(entry.broadcast.as_ref()).unwrap_or(Ipv4Addr::UNSPECIFIED),
            }
        } else {
            InterfaceAddr::V6 {
                addr: v6(address)?,
                mask: v6(entry.netmask.as_ref()).unwrap_or(Ipv6Addr::UNSPECIFIED),
                broadcast: Ipv6Addr::UNSPECIFIED,
            }
        };
        Some(Interface { name: entry.interface_name.into_bytes().into(), addr, link_speed: 0 })
    });
    known.collect()
}
