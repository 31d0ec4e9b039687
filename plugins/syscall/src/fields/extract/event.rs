//! `evt.*`: what the event says of itself.

use lanner_plugin_api::schema::{Arch, EventCategory, EventFlags, EventType, ParamType, Sc, SyscallCategory};

use super::CStr;
use crate::fields::context::Cx;
use crate::fields::names;
use crate::fields::render;
use crate::fields::sink::Sink;
use crate::fields::time;
use crate::state::fd::{Fd, FdType};

const SECOND: u64 = 1_000_000_000;

pub(crate) fn zero<'a>(_: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(0);
    true
}

pub(crate) fn zero_text<'a>(_: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_cstr(b"0ns\0");
    true
}

pub(crate) fn delta<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(cx.memory.delta);
    true
}

pub(crate) fn delta_seconds<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(cx.memory.delta / SECOND);
    true
}

pub(crate) fn delta_rest<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_u64(cx.memory.delta % SECOND);
    true
}

/// The time of day. (Other forms could be chosen in the tool that this field was made for, not in this one.)
pub(crate) fn output_time<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let text = &mut cx.memory.text;
    text.clear();
    time::of_day(text, cx.event.ts(), &cx.memory.zone);
    out.put_text(text);
    true
}

pub(crate) fn direction<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_cstr(if cx.code().is_enter() { b">\0" } else { b"<\0" });
    true
}

/// The architecture whose system call numbers captures are read with: this program's own, as a capture does not say.
const HERE: Arch = if cfg!(target_arch = "aarch64") {
    Arch::Aarch64
} else if cfg!(target_arch = "s390x") {
    Arch::S390x
} else if cfg!(target_arch = "powerpc64") {
    Arch::Ppc64le
} else if cfg!(target_arch = "riscv64") {
    Arch::Riscv64
} else if cfg!(target_arch = "loongarch64") {
    Arch::Loongarch64
} else {
    Arch::X86_64
};

/// Name of a generic event's system call.
fn generic_name(cx: &Cx<'_, '_>) -> Option<&'static str> {
    let code = Sc(cx.event.u16(0)?);
    // A call that the recording program did not know yet may be known here by its native number.
    if code == Sc(0)
        && let Some(native) = cx.event.u16(1)
        && let Some(known) = Sc::from_native(HERE, native)
    {
        return Some(known.name());
    }
    Some(code.name())
}

pub(crate) fn name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    match cx.code() {
        EventType::GENERIC_X => match generic_name(cx) {
            Some(name) => out.put_text(name.as_bytes()),
            None => return false,
        },
        EventType::ASYNCEVENT_E => match cx.event.text(1) {
            Some(name) => out.put_text(name),
            None => out.put_cstr(b"<NA>\0"),
        },
        code => out.put_text(code.name().as_bytes()),
    }
    true
}

pub(crate) fn syscall_name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    cx.info().is_some_and(|info| info.category == EventCategory::Syscall) && name(cx, out)
}

pub(crate) fn is_type<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some((first, second)) = cx.arg.key.and_then(event_pair) else { return false };
    let code = cx.code();
    out.put_u64(u64::from(code == first || Some(code) == second));
    true
}

/// The codes that an argument of `evt.type.is` stands for: a number is one code, a name the first event of that name
/// and the code after it.
pub(crate) fn event_pair(text: &str) -> Option<(EventType, Option<EventType>)> {
    if let Ok(code) = text.parse::<u32>() {
        // A number beyond the table is accepted and matches nothing.
        return Some((EventType(u16::try_from(code).unwrap_or(u16::MAX)), None));
    }
    let first = super::arg::first_event(text)?;
    Some((first, Some(EventType(first.0 + 1))))
}

pub(crate) fn category<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    use SyscallCategory::*;
    let word: CStr = match cx.category().unwrap_or(Unknown) {
        Other => b"other\0",
        File => b"file\0",
        Net => b"net\0",
        Ipc => b"IPC\0",
        Memory => b"memory\0",
        Process => b"process\0",
        Sleep => b"sleep\0",
        System => b"system\0",
        Signal => b"signal\0",
        User => b"user\0",
        Time => b"time\0",
        Processing => b"processing\0",
        IoRead | IoWrite | IoOther => io_category(cx.fd()),
        Wait => b"wait\0",
        Scheduler => b"scheduler\0",
        Internal => b"internal\0",
        Unknown => b"unknown\0",
    };
    out.put_cstr(word);
    true
}

fn io_category(fd: Option<&Fd>) -> CStr {
    use FdType::*;
    match fd.map(|fd| fd.ty) {
        Some(File | FileV2 | Directory) => b"file\0",
        Some(Ipv4Sock | Ipv6Sock | Ipv4ServSock | Ipv6ServSock) => b"net\0",
        Some(Fifo | UnixSock | Event | Signalfd | Inotify | Userfaultfd) => b"ipc\0",
        _ => b"unknown\0",
    }
}

pub(crate) fn cpu<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    // The field has 16 bits and a sign.
    out.put_i64(i64::from(cx.cpu as i16));
    true
}

pub(crate) fn args<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let mut text = std::mem::take(&mut cx.memory.text);
    text.clear();
    // Arguments of generic events are internal.
    if cx.code() != EventType::GENERIC_X
        && let Some(info) = cx.info()
    {
        let mut rendered = std::mem::take(&mut cx.memory.rendered);
        for (i, (param, bytes)) in info.params.iter().zip(cx.event.params()).enumerate() {
            render::param(cx, param, bytes, &mut rendered);
            if i > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(param.name.as_bytes());
            text.push(b'=');
            text.extend_from_slice(&rendered.value);
            if !rendered.resolved.is_empty() {
                text.push(b'(');
                text.extend_from_slice(&rendered.resolved);
                text.push(b')');
            }
        }
        cx.memory.rendered = rendered;
    }
    out.put_text(&text);
    cx.memory.text = text;
    true
}

/// Number of the parameter that the argument names.
fn param_index(cx: &Cx<'_, '_>) -> Option<usize> {
    let name = || cx.info()?.param_by_name(cx.arg.key?).map(|(i, _)| i);
    match cx.arg.index {
        Some(i) => usize::try_from(i).ok(),
        None => name(),
    }
}

pub(crate) fn arg<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(i) = param_index(cx) else { return false };
    text_of(cx, i, out)
}

/// Puts the text of a parameter, resolved if it can be.
pub(super) fn text_of<'a>(cx: &mut Cx<'a, '_>, i: usize, out: &mut dyn Sink<'a>) -> bool {
    let Some(param) = cx.event.described(i) else { return false };
    let mut rendered = std::mem::take(&mut cx.memory.rendered);
    render::param(cx, param.info, param.bytes, &mut rendered);
    out.put_text(rendered.best());
    cx.memory.rendered = rendered;
    true
}

pub(crate) fn raw_arg<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(param) = cx.arg.key.and_then(|key| cx.event.param_by_name(key)) else { return false };
    super::raw::value(cx, param.info.ty, param.bytes, out)
}

/// The bytes themselves: conditions compare them, and the host prints them as configured.
pub(crate) fn buffer<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(param) = cx.event.param_by_name("data") else { return false };
    if param.info.ty != ParamType::Bytebuf {
        // A number or text that happens to have the name.
        return text_of(cx, param.index, out);
    }
    out.put_bytes(param.bytes);
    true
}

/// The result of a system call: its first parameter, for every exit event that has parameters.
pub(crate) fn result(cx: &Cx<'_, '_>) -> Option<i64> {
    let info = cx.info()?;
    let has = info.category == EventCategory::Syscall && cx.code().is_exit() && cx.code() != EventType::GENERIC_X;
    if !has {
        return None;
    }
    // A result of another width counts as 0, as does an empty one.
    let bytes = cx.event.param(0)?;
    match bytes.len() {
        4 | 8 => lanner_plugin_api::wire::read::signed(bytes),
        _ => Some(0),
    }
}

pub(crate) fn raw_result<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(result) = result(cx) else { return false };
    out.put_i64(result);
    true
}

pub(crate) fn result_text<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(result) = result(cx) else { return false };
    if result >= 0 {
        out.put_cstr(b"SUCCESS\0");
        return true;
    }
    match names::errno(result) {
        Some(name) => {
            out.put_text(name.as_bytes());
            true
        }
        None => text_of(cx, 0, out),
    }
}

pub(crate) fn failed<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(result) = result(cx) else { return false };
    out.put_bool(result < 0);
    true
}

fn put_flag<'a>(cx: &Cx<'a, '_>, flags: EventFlags, out: &mut dyn Sink<'a>) -> bool {
    out.put_bool(cx.has_flag(flags));
    true
}

pub(crate) fn is_io<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put_flag(cx, EventFlags::READS_FROM_FD | EventFlags::WRITES_TO_FD, out)
}

pub(crate) fn is_read<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put_flag(cx, EventFlags::READS_FROM_FD, out)
}

pub(crate) fn is_write<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put_flag(cx, EventFlags::WRITES_TO_FD, out)
}

pub(crate) fn is_wait<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    put_flag(cx, EventFlags::WAITS, out)
}

pub(crate) fn io_direction<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    if cx.has_flag(EventFlags::WRITES_TO_FD) {
        out.put_cstr(b"write\0");
    } else if cx.has_flag(EventFlags::READS_FROM_FD) {
        out.put_cstr(b"read\0");
    } else {
        return false;
    }
    true
}

pub(crate) fn is_syslog<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_bool(cx.has_flag(EventFlags::WRITES_TO_FD) && cx.fd().is_some_and(Fd::is_syslog));
    true
}

/// Distance of the event's time from the argument, in milliseconds rounded up: the condition `evt.around[T] = D` holds
/// if it is not above D.
pub(crate) fn around<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(time) = cx.arg.index else { return false };
    out.put_u64(cx.event.ts().abs_diff(time).div_ceil(1_000_000));
    true
}
