//! `fd.*` of sockets: addresses, ports, protocols of both ends.
//!
//! The source of a connection is its client, the destination its server; neither is told while the role of the socket
//! is open. Local is the source if its address is one of this machine's, else the destination.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::emit;
use super::fd::{fd, thread};
use crate::fields::context::{Cx, Want};
use crate::fields::render::number;
use crate::fields::sink::Sink;
use crate::state::fd::{Fd, FdType, L4Proto};

/// One end of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Source,
    Destination,
}

/// Whose end is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Client,
    Server,
    Local,
    Remote,
}

fn ip(fd: &Fd, end: End) -> Option<IpAddr> {
    let bytes = if end == End::Source { fd.sock.src } else { fd.sock.dst };
    match fd.ty {
        FdType::Ipv4Sock | FdType::Ipv4ServSock => {
            let [a, b, c, d, ..] = bytes;
            Some(Ipv4Addr::new(a, b, c, d).into())
        }
        FdType::Ipv6Sock | FdType::Ipv6ServSock => Some(Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

fn port(fd: &Fd, end: End) -> u16 {
    if end == End::Source { fd.sock.sport } else { fd.sock.dport }
}

fn is_listening(fd: &Fd) -> bool {
    matches!(fd.ty, FdType::Ipv4ServSock | FdType::Ipv6ServSock)
}

/// Whether an address is this machine's. Inside a container the machine's own addresses do not count: an IPv4 address
/// is local if it is the container's, or any container's when this one's is unknown; an IPv6 address never is.
fn is_local(cx: &Cx<'_, '_>, ip: IpAddr) -> bool {
    let container = thread(cx).map_or(&b""[..], |thread| cx.container_id(thread));
    match ip {
        IpAddr::V4(ip) if container.is_empty() => cx.state.interfaces.is_local4(ip),
        IpAddr::V6(ip) if container.is_empty() => cx.state.interfaces.is_local6(&ip),
        IpAddr::V4(ip) => match cx.memory.containers.ip(container) {
            Some(own) => own == ip || cx.state.interfaces.is_local4(ip),
            None => cx.memory.containers.has_ip(ip),
        },
        IpAddr::V6(_) => false,
    }
}

/// The end that is asked for, if this socket has it: listening sockets have a server end only.
fn end(cx: &Cx<'_, '_>, fd: &Fd, whose: Whose) -> Option<End> {
    if is_listening(fd) {
        return (whose == Whose::Server).then_some(End::Destination);
    }
    if !fd.is_inet() || fd.has_no_role() {
        return None;
    }
    let source_is_local = || ip(fd, End::Source).is_some_and(|ip| is_local(cx, ip));
    let is_source = match whose {
        Whose::Client => true,
        Whose::Server => false,
        Whose::Local => source_is_local(),
        Whose::Remote => !source_is_local(),
    };
    Some(if is_source { End::Source } else { End::Destination })
}

fn address(cx: &Cx<'_, '_>, whose: Whose) -> Option<IpAddr> {
    let fd = fd(cx)?;
    // An address of a listening socket is told only if its role is known, its port always.
    if fd.has_no_role() {
        return None;
    }
    ip(fd, end(cx, fd, whose)?)
}

fn put_address<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, whose: Whose) -> bool {
    let Some(ip) = address(cx, whose) else { return false };
    out.put_ip(ip);
    true
}

fn put_port<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, whose: Whose) -> bool {
    let Some(fd) = fd(cx) else { return false };
    let Some(end) = end(cx, fd, whose) else { return false };
    out.put_u64(port(fd, end).into());
    true
}

/// The port as text. Where recorded output has an empty text there is one: the server of a listening socket, and the
/// client of any descriptor that has a role but no second end.
fn put_protocol<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, whose: Whose) -> bool {
    let Some(fd) = fd(cx) else { return false };
    let empty = match whose {
        Whose::Client => !fd.is_inet() && !fd.has_no_role(),
        Whose::Server => is_listening(fd),
        Whose::Local | Whose::Remote => false,
    };
    if empty {
        out.put_cstr(b"\0");
        return true;
    }
    let Some(end) = end(cx, fd, whose) else { return false };
    let port = port(fd, end);
    emit(cx, out, |text| number::unsigned(text, port.into()))
}

/// The address behind a host name. There is no text: a name is known only to who has looked it up, and that is the host,
/// for the names that conditions compare with. Asking the network for the name of an address would hold up the events.
fn put_host<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, whose: Whose) -> bool {
    cx.want == Want::Address && put_address(cx, out, whose)
}

macro_rules! ends {
    ($put:ident: $($name:ident $whose:ident),*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            $put(cx, out, Whose::$whose)
        }
    )*};
}

ends!(put_address: client_ip Client, server_ip Server, local_ip Local, remote_ip Remote);
ends!(put_port: client_port Client, server_port Server, local_port Local, remote_port Remote);
ends!(put_protocol: client_proto Client, server_proto Server, local_proto Local, remote_proto Remote);
ends!(put_host: client_host Client, server_host Server, local_host Local, remote_host Remote);

/// Both ends of a socket, whatever its role; a listening one has a single end.
fn both<'a>(cx: &Cx<'a, '_>) -> Option<(&'a Fd, &'static [End])> {
    if cx.want != Want::All {
        // Which of both would be printed? Neither.
        return None;
    }
    let fd = fd(cx)?;
    if is_listening(fd) {
        return Some((fd, &[End::Destination]));
    }
    fd.is_inet().then_some((fd, &[End::Source, End::Destination]))
}

pub(crate) fn either_ip<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some((fd, ends)) = both(cx) else { return false };
    ends.iter().filter_map(|&end| ip(fd, end)).for_each(|ip| out.put_ip(ip));
    true
}

pub(crate) fn either_port<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some((fd, ends)) = both(cx) else { return false };
    ends.iter().for_each(|&end| out.put_u64(port(fd, end).into()));
    true
}

pub(crate) fn l4proto<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(fd) = fd(cx) else { return false };
    out.put_cstr(match fd.l4() {
        L4Proto::Tcp => b"tcp\0",
        L4Proto::Udp => b"udp\0",
        L4Proto::Icmp => b"icmp\0",
        L4Proto::Raw => b"raw\0",
        L4Proto::Unknown | L4Proto::Na => b"<NA>\0",
    });
    true
}

pub(crate) fn family<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    match fd(cx) {
        Some(fd) if fd.is_inet() || is_listening(fd) => out.put_cstr(b"ip\0"),
        Some(fd) if fd.ty == FdType::UnixSock => out.put_cstr(b"unix\0"),
        _ => return false,
    }
    true
}

pub(crate) fn is_server<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(fd) = fd(cx) else { return false };
    let server = is_listening(fd) || (fd.is_inet() && ip(fd, End::Destination).is_some_and(|ip| is_local(cx, ip)));
    out.put_bool(server);
    true
}
