//! connect.

use lanner_plugin_api::wire::{Event, SockAddr, SockTuple};

use super::socket::{End, inet_ends, set_ends};
use super::{Slot, State, ret};
use crate::state::fd::{FdType, Naming, Sock};
use crate::state::flags::fdf;
use crate::state::names;

const EINPROGRESS: i64 = 115;

impl State {
    pub(super) fn parse_connect(&mut self, ev: &Event<'_>, slot: Slot, enter_matches: bool) {
        let enter = self.take_enter(ev, slot, enter_matches);
        if self.current.fd.is_some() {
            self.connect(ev, slot, enter.as_ref().and_then(|e| SockAddr::parse(&e.data)));
        }
        self.enters.recycle(enter);
    }

    fn connect(&mut self, ev: &Event<'_>, slot: Slot, entered: Option<SockAddr<'_>>) {
        let result = ret(ev).unwrap_or(-1);
        if result < 0 && result != -EINPROGRESS {
            return;
        }
        if self.current_fd().is_some_and(|fd| !fd.is_connected()) {
            self.change_fd(slot, |fd| fd.set_connected());
        }
        let tuple_bytes = ev.param(1).unwrap_or_default();
        if tuple_bytes.is_empty() {
            if let Some(addr) = entered {
                self.connect_by_address(slot, addr);
            }
            return;
        }
        let Some(tuple) = SockTuple::parse(tuple_bytes) else { return };
        let left = ev.param(3).and_then(SockAddr::parse);
        let known = match inet_ends(&tuple) {
            Some((ty, src, dst)) => {
                let before = self.made();
                let (ty, dst) = trusted_end(&tuple, ty, dst, left, entered);
                self.change_fd(slot, |fd| {
                    fd.ty = ty;
                    let changed = set_ends(&mut fd.sock, src, dst);
                    if changed && fd.is_server() && fd.is_udp4() {
                        fd.sock.swap();
                    }
                });
                self.name_inet(slot, before, Naming::Told);
                true
            }
            None => self.connect_unix(slot, tuple, left, entered),
        };
        if known && self.current_fd().is_some_and(|fd| fd.has_no_role()) {
            self.change_fd(slot, |fd| fd.flags |= fdf::ROLE_CLIENT);
        }
    }

    /// The tuple is missing (fast open does that); the address given at enter names the peer.
    fn connect_by_address(&mut self, slot: Slot, addr: SockAddr<'_>) {
        let peer = match addr {
            SockAddr::V4 { ip, port } => Some((FdType::Ipv4Sock, Sock::from4(ip.octets()), port)),
            SockAddr::V6 { ip, port } => Some(match names::mapped(&ip) {
                Some(ip) => (FdType::Ipv4Sock, Sock::from4(ip.octets()), port),
                None => (FdType::Ipv6Sock, ip.octets(), port),
            }),
            _ => None,
        };
        match peer {
            Some((ty, ip, port)) => {
                self.keep_name(slot);
                self.change_fd(slot, |fd| {
                    fd.ty = ty;
                    (fd.sock.dst, fd.sock.dport) = (ip, port);
                });
            }
            None => {
                self.scratch.clear();
                self.scratch.extend_from_slice(b"NULL");
                let before = self.made();
                self.name_fd_from_scratch(slot, before);
            }
        }
    }

    fn connect_unix(
        &mut self,
        slot: Slot,
        tuple: SockTuple<'_>,
        left: Option<SockAddr<'_>>,
        entered: Option<SockAddr<'_>>,
    ) -> bool {
        let SockTuple::Unix { source, dest, path } = tuple else { return false };
        if self.current_fd().is_none_or(|fd| fd.ty != FdType::UnixSock) {
            return false;
        }
        let path = match (left, entered) {
            (Some(SockAddr::Unix { path: left }), Some(SockAddr::Unix { path: entered })) if left == path => entered,
            _ => path,
        };
        let before = self.made();
        self.change_fd(slot, |fd| {
            (fd.sock.src, fd.sock.dst) = (Sock::from_unix(source), Sock::from_unix(dest));
        });
        self.name_unix(slot, before, path);
        true
    }
}

/// The destination to believe. A tuple that differs from the address read at exit comes from the kernel's own data; one
/// that equals it may have been copied from memory that the program changed since, so the address read at enter wins.
fn trusted_end(
    tuple: &SockTuple<'_>,
    ty: FdType,
    dst: End,
    left: Option<SockAddr<'_>>,
    entered: Option<SockAddr<'_>>,
) -> (FdType, End) {
    match (tuple, left, entered) {
        (
            SockTuple::V4 { dip, dport, .. },
            Some(SockAddr::V4 { ip, port }),
            Some(SockAddr::V4 { ip: at_enter, port: port_at_enter }),
        ) if (ip, port) == (*dip, *dport) => (ty, (Sock::from4(at_enter.octets()), port_at_enter)),
        (
            SockTuple::V6 { sip, dip, dport, .. },
            Some(SockAddr::V6 { ip, port }),
            Some(SockAddr::V6 { ip: at_enter, port: port_at_enter }),
        ) if (ip, port) == (*dip, *dport) => match names::mapped(sip).and(names::mapped(&at_enter)) {
            Some(v4) => (FdType::Ipv4Sock, (Sock::from4(v4.octets()), port_at_enter)),
            None => (FdType::Ipv6Sock, (at_enter.octets(), port_at_enter)),
        },
        _ => (ty, dst),
    }
}
