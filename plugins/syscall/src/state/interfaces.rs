//! Network interfaces: which addresses are local, and what an incomplete tuple's missing end may be.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fd::{Fd, FdType, Sock};
use crate::capture::{Interface, InterfaceAddr};

#[derive(Clone, Copy, Debug)]
struct V4 {
    addr: u32,
    mask: u32,
}

/// Addresses of the machine's interfaces.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    v4: Vec<V4>,
    v6: Vec<Ipv6Addr>,
}

/// The first 64 bits name the network (48 for the site, 16 for its subnet).
fn same_subnet6(a: &Ipv6Addr, b: &Ipv6Addr) -> bool {
    a.octets()[..8] == b.octets()[..8]
}

impl Interfaces {
    /// Takes over a list, replacing the one before.
    pub fn import(&mut self, list: &[Interface]) {
        self.v4.clear();
        self.v6.clear();
        for i in list {
            match i.addr {
                InterfaceAddr::V4 { addr, mask, .. } => self.v4.push(V4 { addr: addr.into(), mask: mask.into() }),
                InterfaceAddr::V6 { addr, .. } => self.v6.push(addr),
            }
        }
    }

    /// The address belongs to an interface of this machine.
    pub fn is_local4(&self, addr: Ipv4Addr) -> bool {
        let addr = u32::from(addr);
        self.v4.iter().any(|i| i.addr == addr)
    }

    /// The address is in the network of an interface of this machine.
    pub fn is_local6(&self, addr: &Ipv6Addr) -> bool {
        self.v6.iter().any(|i| same_subnet6(addr, i))
    }

    /// Own address that traffic with `peer` most likely uses: that very address, one in its network, the first that is
    /// not loopback; 0.0.0.0 when there is none.
    fn own4(&self, peer: Ipv4Addr) -> Ipv4Addr {
        let peer = u32::from(peer);
        let loopback = u32::from(Ipv4Addr::LOCALHOST);
        let found = self.v4.iter().find(|i| i.addr == peer);
        let found = found.or_else(|| self.v4.iter().find(|i| i.addr & i.mask == peer & i.mask));
        found.or_else(|| self.v4.iter().find(|i| i.addr != loopback)).map_or(0, |i| i.addr).into()
    }

    fn own6(&self, peer: &Ipv6Addr) -> Ipv6Addr {
        let found = self.v6.iter().find(|i| *i == peer);
        let found = found.or_else(|| self.v6.iter().find(|i| same_subnet6(i, peer)));
        *found.or_else(|| self.v6.iter().find(|i| **i != Ipv6Addr::LOCALHOST)).unwrap_or(&Ipv6Addr::UNSPECIFIED)
    }

    /// Fills in the end of a tuple that is still 0.
    pub(crate) fn complete(&self, fd: &mut Fd) {
        let v4 = match fd.ty {
            FdType::Ipv4Sock => true,
            FdType::Ipv6Sock => false,
            _ => return,
        };
        let own = |peer: [u8; 16]| match v4 {
            true => Sock::from4(self.own4(Ipv4Addr::new(peer[0], peer[1], peer[2], peer[3])).octets()),
            false => self.own6(&peer.into()).octets(),
        };
        let sock = &mut fd.sock;
        let same_port = sock.sport == sock.dport;
        let zero = [0; 16];
        if sock.src == zero {
            let addr = own(sock.dst);
            if addr != sock.dst || !same_port {
                sock.src = addr;
            }
        } else if sock.dst == zero {
            let addr = own(sock.src);
            if addr != sock.src || !same_port {
                sock.dst = addr;
            }
        }
    }
}
