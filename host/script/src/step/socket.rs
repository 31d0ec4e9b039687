//! What steps say about sockets beside the parameters: `to`, `from`, `proto`. A socket that no step has made is made
//! on the way, unseen by rules.

use lanner_plugin_api::schema::{EventType as E, FlagName, FlagTable};
use lanner_plugin_api::wire::family;
use lanner_syscall::capture::Keep;
use lanner_syscall::state::fd::{Fd, FdType, L4Proto, Sock};

use super::plain::Draft;
use crate::addr::{Addr, socktuple, transport};
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::names;
use crate::read::{Fields, Node};

const fn name(name: &'static str, value: u32) -> FlagName {
    FlagName { name, value }
}

/// Types of sockets, as programs pass them.
pub(super) static TYPES: FlagTable = FlagTable {
    name: "socket types",
    entries: &[
        name("SOCK_STREAM", 1),
        name("SOCK_DGRAM", 2),
        name("SOCK_RAW", 3),
        name("SOCK_SEQPACKET", 5),
        name("SOCK_PACKET", 10),
        name("SOCK_NONBLOCK", 0o4000),
        name("SOCK_CLOEXEC", 0o200_0000),
    ],
};

/// Protocols of sockets, as programs pass them.
pub(super) static PROTOCOLS: FlagTable = FlagTable {
    name: "protocols",
    entries: &[
        name("IPPROTO_IP", 0),
        name("IPPROTO_ICMP", 1),
        name("IPPROTO_TCP", 6),
        name("IPPROTO_UDP", 17),
        name("IPPROTO_ICMPV6", 58),
        name("IPPROTO_RAW", 255),
        name("tcp", 6),
        name("udp", 17),
        name("icmp", 1),
        name("raw", 255),
    ],
};

const EINPROGRESS: i64 = -115;
const UDP: (u32, u32) = (2, 17);
const TCP: (u32, u32) = (1, 6);
const ICMP: u32 = 1;
const RAW: u32 = 255;
/// Descriptors from here on are listening sockets that the world implied.
const IMPLIED: i64 = 200;

/// Which way what a call moves goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Connect,
    Bind,
    Accept,
    Out,
    In,
    Other,
}

fn way(code: E) -> Option<Way> {
    Some(match code {
        E::SOCKET_CONNECT_X => Way::Connect,
        E::SOCKET_BIND_X => Way::Bind,
        E::SOCKET_ACCEPT_5_X | E::SOCKET_ACCEPT4_6_X => Way::Accept,
        E::SOCKET_SEND_X | E::SOCKET_SENDTO_X | E::SOCKET_SENDMSG_X | E::SOCKET_SENDMMSG_X => Way::Out,
        E::SOCKET_RECV_X | E::SOCKET_RECVFROM_X | E::SOCKET_RECVMSG_X | E::SOCKET_RECVMMSG_X => Way::In,
        E::SOCKET_LISTEN_X | E::SOCKET_SHUTDOWN_X | E::SOCKET_SETSOCKOPT_X | E::SOCKET_GETSOCKOPT_X => Way::Other,
        _ => return None,
    })
}

/// Whether a call works on a socket, which `as` then names.
pub(crate) fn uses_socket(code: E) -> bool {
    way(code).is_some()
}

impl Machine {
    /// Reads `to`, `from` and `proto`, and gives the event its socket, address and tuple.
    pub(super) fn socket_words(&mut self, draft: &mut Draft<'_, '_>, f: &Fields<'_>) -> Result<(), ScriptError> {
        let Some(way) = way(draft.code) else { return Ok(()) };
        let addressed = !matches!(way, Way::Bind | Way::Other);
        let read = |key: &str| if addressed { f.read(key, Addr::read) } else { Ok(None) };
        let (to, from) = (read("to")?, read("from")?);
        let addr = f.given("addr").map(|node| Addr::read(&node)).transpose()?;
        let proto = f.read("proto", transport)?;
        let node = draft.act.body.clone();
        match way {
            Way::Connect => {
                let to = to.or(addr).unwrap_or_else(|| Addr::Inet(([203, 0, 113, 10], 443).into()));
                let from = from.unwrap_or_else(|| to.counterpart(40_000 + (draft.act.tid % 20_000) as u16));
                let fresh = |fd: &Fd| is_fresh(fd) && is_of(fd, to.family(), proto);
                self.give_socket(draft, &node, to.family(), proto.unwrap_or(TCP), fresh)?;
                draft.preset("addr", to.sockaddr());
                let result = draft.act.result.as_ref().map(names::result).transpose()?.unwrap_or(0);
                // Without a connection there are no ends.
                let tuple = if result == 0 || result == EINPROGRESS { both(&node, &from, &to)? } else { Vec::new() };
                draft.preset("tuple", tuple);
            }
            Way::Bind => {
                let addr = addr.unwrap_or_else(|| Addr::Inet(([0, 0, 0, 0], 8080).into()));
                let fresh = |fd: &Fd| is_fresh(fd) && is_of(fd, addr.family(), proto);
                self.give_socket(draft, &node, addr.family(), proto.unwrap_or(TCP), fresh)?;
                draft.preset("addr", addr.sockaddr());
            }
            Way::Accept => {
                let from = from.unwrap_or_else(|| match &to {
                    Some(to) => to.counterpart(50_000),
                    None => Addr::Inet(([198, 51, 100, 7], 50_000).into()),
                });
                let to = to.unwrap_or_else(|| from.counterpart(self.listening_port(draft.act.tid)));
                draft.preset("tuple", both(&node, &from, &to)?);
            }
            Way::Out | Way::In => {
                // Who names the peer has a socket without one.
                let peer = to.as_ref().or(from.as_ref());
                let family = peer.map_or(family::INET, Addr::family);
                let proto = proto.or(peer.map(|_| UDP));
                let suits = |fd: &Fd| peer.is_none() || is_of(fd, family, proto);
                self.give_socket(draft, &node, family, proto.unwrap_or(TCP), suits)?;
                let tuple = match (from, to) {
                    (Some(from), Some(to)) => both(&node, &from, &to)?,
                    (Some(from), None) => both(&node, &from, &from.counterpart(40_000))?,
                    (None, Some(to)) => both(&node, &to.counterpart(40_000), &to)?,
                    (None, None) => self.known_tuple(draft, way == Way::Out),
                };
                draft.preset("tuple", tuple);
            }
            Way::Other => self.give_socket(draft, &node, family::INET, proto.unwrap_or(TCP), |_| true)?,
        }
        Ok(())
    }

    /// The descriptor of the event: the one that the script names, or the last socket of the process that `suits`, or
    /// one that is made now.
    fn give_socket(
        &mut self,
        draft: &mut Draft<'_, '_>,
        node: &Node<'_>,
        family: u8,
        (ty, protocol): (u32, u32),
        suits: impl Fn(&Fd) -> bool,
    ) -> Result<(), ScriptError> {
        if draft.is_given("fd") {
            return Ok(());
        }
        let tid = draft.act.tid;
        let fd = match self.last_socket(tid, suits) {
            Some(fd) => fd,
            None => {
                let fd = self.free_fd(tid);
                let protocol = if family == family::UNIX { 0 } else { protocol };
                let numbers = [u32::from(family), ty, protocol, 0];
                let mut params = vec![fd.to_le_bytes().to_vec()];
                params.extend(numbers.map(|n| n.to_le_bytes().to_vec()));
                self.emit(node, E::SOCKET_SOCKET_X, tid, &params, Keep::StateOnly)?;
                fd
            }
        };
        self.last_fd.insert(tid, fd);
        draft.preset("fd", fd.to_le_bytes().to_vec());
        Ok(())
    }

    /// The socket of a process that was used last, among those that suit.
    fn last_socket(&self, tid: i64, suits: impl Fn(&Fd) -> bool) -> Option<i64> {
        let thread = self.state.thread(tid)?;
        let suits = |fd: &Fd| is_socket(fd) && suits(fd);
        let last = self.last_fd.get(&tid).copied().filter(|fd| self.state.fd_of(thread, *fd).is_some_and(suits));
        let all = self.state.fds_of(thread).filter(|(fd, info)| *fd < IMPLIED && suits(info));
        last.or_else(|| all.map(|(fd, _)| fd).max())
    }

    fn listening_port(&self, tid: i64) -> u16 {
        let Some(thread) = self.state.thread(tid) else { return 80 };
        let server = |fd: &&Fd| matches!(fd.ty, FdType::Ipv4ServSock | FdType::Ipv6ServSock);
        self.state.fds_of(thread).map(|(_, fd)| fd).find(server).map_or(80, |fd| fd.sock.dport)
    }

    /// The ends that the socket has already, from sender to receiver.
    fn known_tuple(&self, draft: &Draft<'_, '_>, out: bool) -> Vec<u8> {
        let fd = draft.value("fd").and_then(lanner_plugin_api::wire::read::i64);
        let Some(fd) = fd.and_then(|fd| self.fd(draft.act.tid, fd)).filter(|fd| fd.is_tcp4() || fd.is_udp4()) else {
            return Vec::new();
        };
        let client = Addr::Inet((fd.sock.src4(), fd.sock.sport).into());
        let server = Addr::Inet((fd.sock.dst4(), fd.sock.dport).into());
        if fd.sock.dport == 0 {
            return Vec::new();
        }
        let client_sends = out != fd.is_server();
        let (from, to) = if client_sends { (client, server) } else { (server, client) };
        socktuple(&from, &to).unwrap_or_default()
    }
}

fn is_socket(fd: &Fd) -> bool {
    use FdType::{Ipv4ServSock, Ipv6ServSock, Netlink, UnixSock};
    fd.is_inet() || matches!(fd.ty, Ipv4ServSock | Ipv6ServSock | UnixSock | Netlink)
}

/// Neither bound nor connected.
fn is_fresh(fd: &Fd) -> bool {
    fd.sock == Sock { l4: fd.sock.l4, ..Sock::default() } && !fd.has_name()
}

fn is_of(fd: &Fd, family: u8, proto: Option<(u32, u32)>) -> bool {
    use FdType::{Ipv4ServSock, Ipv4Sock, Ipv6ServSock, Ipv6Sock, UnixSock};
    let same_family = match family {
        family::UNIX => return fd.ty == UnixSock,
        family::INET6 => matches!(fd.ty, Ipv6Sock | Ipv6ServSock),
        _ => matches!(fd.ty, Ipv4Sock | Ipv4ServSock),
    };
    same_family
        && proto.is_none_or(|(_, protocol)| match fd.sock.l4 {
            L4Proto::Tcp => protocol == TCP.1,
            L4Proto::Udp => protocol == UDP.1,
            L4Proto::Icmp => protocol == ICMP,
            _ => protocol == RAW,
        })
}

fn both(node: &Node<'_>, from: &Addr, to: &Addr) -> Result<Vec<u8>, ScriptError> {
    socktuple(from, to).ok_or_else(|| node.error("`from` and `to` must be of the same family"))
}
