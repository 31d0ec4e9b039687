//! `evt.count.*` and `evt.buflen.*`: counters for summaries.

use lanner_plugin_api::schema::{EventType, SyscallCategory};

use super::event;
use crate::fields::context::Cx;
use crate::fields::sink::Sink;
use crate::state::Thread;
use crate::state::fd::{Fd, FdType};

pub(crate) fn one<'a>(_: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(1);
    true
}

pub(crate) fn error<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(result) = event::result(cx) else { return false };
    out.put_u64(u64::from(result < 0));
    true
}

/// What an error is about: known from the descriptor, or guessed from the call when there is none.
#[derive(PartialEq, Eq)]
enum Subject {
    File,
    Net,
    Memory,
    Other,
}

fn subject(cx: &Cx<'_, '_>) -> Subject {
    if let Some(fd) = cx.fd() {
        return match fd.ty {
            FdType::File | FdType::FileV2 | FdType::Directory => Subject::File,
            _ if is_inet(fd) || fd.ty == FdType::UnixSock => Subject::Net,
            _ => Subject::Other,
        };
    }
    match cx.code() {
        EventType::SYSCALL_OPEN_X
        | EventType::SYSCALL_CREAT_X
        | EventType::SYSCALL_OPENAT_2_X
        | EventType::SYSCALL_OPENAT2_X
        | EventType::SYSCALL_OPEN_BY_HANDLE_AT_X => Subject::File,
        EventType::SOCKET_ACCEPT_5_X | EventType::SOCKET_ACCEPT4_6_X | EventType::SOCKET_CONNECT_X => Subject::Net,
        _ if cx.category() == Some(SyscallCategory::Memory) => Subject::Memory,
        _ => Subject::Other,
    }
}

pub(crate) fn file_error<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    subject(cx) == Subject::File && error(cx, out)
}

pub(crate) fn net_error<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    subject(cx) == Subject::Net && error(cx, out)
}

pub(crate) fn memory_error<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    // Of all calls on memory, with a descriptor (mmap of a file) or without.
    cx.category() == Some(SyscallCategory::Memory) && error(cx, out)
}

pub(crate) fn other_error<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    subject(cx) == Subject::Other && error(cx, out)
}

pub(crate) fn exit<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    cx.code().is_exit() && one(cx, out)
}

pub(crate) fn process_sample<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let main = cx.thread().is_some_and(Thread::is_main_thread);
    out.put_u64(u64::from(cx.code() == EventType::PROCINFO_E && main));
    true
}

pub(crate) fn thread_sample<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(u64::from(cx.code() == EventType::PROCINFO_E));
    true
}

fn is_any(_: &Fd) -> bool {
    true
}

fn is_file(fd: &Fd) -> bool {
    fd.is_file()
}

fn is_inet(fd: &Fd) -> bool {
    use FdType::*;
    matches!(fd.ty, Ipv4Sock | Ipv6Sock | Ipv4ServSock | Ipv6ServSock)
}

const INPUT: &[SyscallCategory] = &[SyscallCategory::IoRead];
const OUTPUT: &[SyscallCategory] = &[SyscallCategory::IoWrite];
const IO: &[SyscallCategory] = &[SyscallCategory::IoRead, SyscallCategory::IoWrite, SyscallCategory::IoOther];

/// Bytes moved: the result of calls of these categories on such a descriptor.
fn bytes<'a>(
    cx: &mut Cx<'a, '_>,
    out: &mut dyn Sink<'a>,
    categories: &[SyscallCategory],
    wanted: fn(&Fd) -> bool,
) -> bool {
    let concerned = cx.fd().is_some_and(wanted) && cx.category().is_some_and(|c| categories.contains(&c));
    let result = if concerned { event::result(cx) } else { None };
    let Some(count) = result.and_then(|result| u64::try_from(result).ok()) else { return false };
    out.put_u64(count);
    true
}

pub(crate) fn buflen<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, IO, is_any)
}

pub(crate) fn buflen_in<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, INPUT, is_any)
}

pub(crate) fn buflen_out<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, OUTPUT, is_any)
}

pub(crate) fn buflen_file<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, IO, is_file)
}

pub(crate) fn buflen_file_in<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, INPUT, is_file)
}

pub(crate) fn buflen_file_out<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, OUTPUT, is_file)
}

pub(crate) fn buflen_net<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, IO, is_inet)
}

pub(crate) fn buflen_net_in<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, INPUT, is_inet)
}

pub(crate) fn buflen_net_out<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    bytes(cx, out, OUTPUT, is_inet)
}
