//! `fdlist.*`: the descriptors that `poll` and `ppoll` wait for; and the hidden `util.cnt`.

use std::net::{Ipv4Addr, Ipv6Addr};

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::FdList;

use crate::fields::context::Cx;
use crate::fields::render::number;
use crate::fields::sink::Sink;
use crate::state::fd::{Fd, FdType};
use crate::state::names::{push_ip4, push_ip6};

pub(crate) fn count<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(cx.memory.counter);
    cx.memory.counter = cx.memory.counter.wrapping_add(1);
    true
}

/// Puts what `write` says of each descriptor, joined by commas; descriptors of which it says nothing are left out, and
/// a list of nothing is no value.
fn list<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, write: fn(&mut Vec<u8>, i64, Option<&Fd>) -> bool) -> bool {
    if !matches!(cx.code(), EventType::SYSCALL_POLL_X | EventType::SYSCALL_PPOLL_X) {
        return false;
    }
    let Some(entries) = cx.event.param(1).and_then(FdList::parse) else { return false };
    let Some(thread) = cx.thread() else { return false };
    let text = &mut cx.memory.text;
    text.clear();
    for entry in entries.iter() {
        if write(text, entry.fd, cx.state.fd_of(thread, entry.fd)) {
            text.push(b',');
        }
    }
    if text.last() == Some(&b',') {
        text.pop();
    }
    if text.is_empty() {
        return false;
    }
    out.put_text(text);
    true
}

pub(crate) fn numbers<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    list(cx, out, |text, number, _| {
        number::decimal(text, number);
        true
    })
}

pub(crate) fn names<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    list(cx, out, |text, _, fd| {
        match fd.filter(|fd| fd.has_name()) {
            Some(fd) => fd.push_name(text),
            None => text.extend_from_slice(b"<NA>"),
        }
        true
    })
}

fn v4(text: &mut Vec<u8>, ip: [u8; 4]) -> bool {
    push_ip4(text, Ipv4Addr::from(ip).octets());
    true
}

fn v6(text: &mut Vec<u8>, ip: [u8; 16]) -> bool {
    push_ip6(text, &Ipv6Addr::from(ip));
    true
}

pub(crate) fn client_ips<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    list(cx, out, |text, _, fd| match fd {
        Some(fd) if fd.ty == FdType::Ipv4Sock => v4(text, fd.sock.src4()),
        Some(fd) if fd.ty == FdType::Ipv6Sock => v6(text, fd.sock.src),
        _ => false,
    })
}

pub(crate) fn server_ips<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    list(cx, out, |text, _, fd| match fd {
        Some(fd) if matches!(fd.ty, FdType::Ipv4Sock | FdType::Ipv4ServSock) => v4(text, fd.sock.dst4()),
        Some(fd) if matches!(fd.ty, FdType::Ipv6Sock | FdType::Ipv6ServSock) => v6(text, fd.sock.dst),
        _ => false,
    })
}

fn port(text: &mut Vec<u8>, fd: Option<&Fd>, of: fn(&Fd) -> u16) -> bool {
    let Some(fd) = fd.filter(|fd| fd.is_inet()) else { return false };
    number::unsigned(text, of(fd).into());
    true
}

pub(crate) fn client_ports<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    list(cx, out, |text, _, fd| port(text, fd, |fd| fd.sock.sport))
}

pub(crate) fn server_ports<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    list(cx, out, |text, _, fd| port(text, fd, |fd| fd.sock.dport))
}
