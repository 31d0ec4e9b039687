//! Reads and writes: they tell that a socket is connected, between whom, and which end is ours.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::{Event, SockTuple, family};

use super::socket::{IPPROTO_UDP, SOCK_DGRAM, inet_ends, new_socket, set_ends};
use super::{Slot, State, ret};
use crate::state::fd::{Fd, FdType, L4Proto, Naming, Sock};
use crate::state::flags::fdf;
use crate::state::names;

/// What a tuple did to a socket.
#[derive(PartialEq, Eq)]
enum Update<'a> {
    Nothing,
    Inet,
    /// A unix socket with this path.
    Unix(&'a [u8]),
    /// Named like the tuple parameter.
    Other,
}

impl State {
    pub(super) fn parse_read(&mut self, ev: &Event<'_>, slot: Slot) {
        let tuple = match ev.event_type() {
            T::SOCKET_RECVFROM_X => Some(2),
            T::SOCKET_RECVMSG_X => Some(3),
            T::SOCKET_RECVMMSG_X | T::SOCKET_RECV_X => Some(4),
            _ => None,
        };
        self.transfer(ev, slot, tuple, true);
    }

    pub(super) fn parse_write(&mut self, ev: &Event<'_>, slot: Slot) {
        let tuple = match ev.event_type() {
            T::SOCKET_SEND_X | T::SOCKET_SENDTO_X | T::SOCKET_SENDMSG_X => {
                if self.current.fd.is_none() {
                    self.infer_udp(ev, slot);
                }
                Some(4)
            }
            T::SOCKET_SENDMMSG_X => Some(4),
            _ => None,
        };
        self.transfer(ev, slot, tuple, false);
    }

    /// A send on an unknown descriptor: its socket call was missed; most likely it is a UDP socket.
    fn infer_udp(&mut self, ev: &Event<'_>, slot: Slot) {
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        let (Some(fd), Some(first)) = (ev.i64(2), ev.param(4).and_then(|p| p.first())) else { return };
        if fd >= 0 && matches!(*first, family::INET | family::INET6) {
            let info = new_socket(u32::from(*first), SOCK_DGRAM, IPPROTO_UDP, 0);
            self.open_fd(slot, fd, info);
        }
    }

    fn transfer(&mut self, ev: &Event<'_>, slot: Slot, tuple_at: Option<usize>, incoming: bool) {
        let Some(fd) = self.current_fd() else { return };
        let inet = fd.is_inet();
        let wants_tuple = tuple_at.is_some() && (!fd.has_name() || !fd.is_tcp4());
        if !inet && !wants_tuple {
            return;
        }
        let connected = fd.is_connected();
        if ret(ev).unwrap_or(-1) < 0 {
            return;
        }
        if inet && !connected {
            self.change_fd(slot, |fd| fd.set_connected());
        }
        let Some(tuple) = tuple_at.filter(|_| wants_tuple).and_then(|at| ev.param(at)).and_then(SockTuple::parse)
        else {
            return;
        };
        let before = self.made();
        match self.take_tuple(slot, &tuple) {
            Update::Nothing => {}
            Update::Inet => {
                if self.current_fd().is_some_and(|fd| fd.has_no_role()) {
                    let role = self.guess_role(slot, incoming);
                    self.change_fd(slot, |fd| fd.flags |= role);
                }
                // Tuples run from sender to receiver, descriptors from client to server.
                let swap = self.current_fd().is_some_and(|fd| if incoming { fd.is_client() } else { fd.is_server() });
                if swap {
                    self.change_fd(slot, |fd| fd.sock.swap());
                }
                self.name_inet(slot, before, Naming::Told);
            }
            Update::Unix(path) => self.name_unix(slot, before, path),
            Update::Other => {
                self.scratch.clear();
                names::push_socktuple(&mut self.scratch, &tuple);
                self.name_fd_from_scratch(slot, before);
            }
        }
    }

    fn take_tuple<'a>(&mut self, slot: Slot, tuple: &SockTuple<'a>) -> Update<'a> {
        if let SockTuple::Unix { source, dest, path } = *tuple {
            self.change_fd(slot, |fd| {
                fd.ty = FdType::UnixSock;
                (fd.sock.src, fd.sock.dst) = (Sock::from_unix(source), Sock::from_unix(dest));
            });
            return Update::Unix(path);
        }
        let Some((ty, src, dst)) = inet_ends(tuple) else { return Update::Other };
        let same = |fd: &Fd| {
            let ends = ((fd.sock.src, fd.sock.sport), (fd.sock.dst, fd.sock.dport));
            ends == (src, dst) || ends == (dst, src)
        };
        if self.current_fd().is_some_and(same) {
            if self.current_fd().is_some_and(|fd| fd.ty != ty) {
                self.keep_name(slot);
                self.change_fd(slot, |fd| fd.ty = ty);
            }
            return Update::Nothing;
        }
        let interfaces = std::mem::take(&mut self.interfaces);
        let changed = self.change_fd(slot, |fd| {
            fd.ty = ty;
            set_ends(&mut fd.sock, src, dst);
            if fd.sock.l4 == L4Proto::Unknown {
                // A TCP socket does not change its ends.
                fd.sock.l4 = L4Proto::Udp;
            }
            interfaces.complete(fd);
        });
        self.interfaces = interfaces;
        if changed.is_some() { Update::Inet } else { Update::Nothing }
    }

    /// Which end the event's socket is: server when the process listens on the destination port, client otherwise; when
    /// the process has sockets of both kinds, whoever reads first serves.
    fn guess_role(&self, slot: Slot, incoming: bool) -> u32 {
        let Some(own) = self.current_fd() else { return fdf::ROLE_CLIENT };
        let (sport, dport) = (own.sock.sport, own.sock.dport);
        let Some(table) = self.table_at(slot) else { return fdf::ROLE_CLIENT };
        let v6 = own.ty == FdType::Ipv6Sock;
        let connects = |fd: &Fd| fd.ty == FdType::Ipv4Sock || (v6 && fd.ty == FdType::Ipv6Sock);
        let listens = |fd: &Fd| fd.ty == FdType::Ipv4ServSock || (v6 && fd.ty == FdType::Ipv6ServSock);
        let bound = self.fds.iter(table).any(|(_, fd)| (connects(fd) || listens(fd)) && fd.sock.dport == dport);
        if !bound {
            return fdf::ROLE_CLIENT;
        }
        let uses = self.fds.iter(table).any(|(_, fd)| connects(fd) && fd.sock.sport == sport);
        if !uses || incoming { fdf::ROLE_SERVER } else { fdf::ROLE_CLIENT }
    }
}
