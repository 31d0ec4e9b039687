//! The text of an event's parameter: a value and, where the state or a table knows more, what it stands for.

mod buffer;
mod flags;
pub(crate) mod net;
pub(crate) mod number;

pub use buffer::BufferFormat;

use lanner_plugin_api::schema::{ParamExtra, ParamInfo, ParamType, PrintFormat, Sc};
use lanner_plugin_api::wire::{FdList, read};

use super::context::Cx;
use super::names;
use crate::state::fd::L4Proto;
use crate::state::flags::AT_FDCWD;
use crate::state::{Thread, path};

/// The two texts of a parameter, in reused memory.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// The value itself.
    pub(crate) value: Vec<u8>,
    /// What it stands for: a name, an absolute path; empty if nothing.
    pub(crate) resolved: Vec<u8>,
}

impl Rendered {
    /// The text that `evt.arg` gives: the resolved one if there is one.
    pub(crate) fn best(&self) -> &[u8] {
        if self.resolved.is_empty() { &self.value } else { &self.resolved }
    }

    fn clear(&mut self) {
        self.value.clear();
        self.resolved.clear();
    }
}

/// Text for a value that is absent.
const ABSENT: &[u8] = b"<NA>";

/// Whether a text parameter stands for "no text": nothing at all, or what probes of old wrote for a null pointer.
fn is_null_text(ty: ParamType, bytes: &[u8]) -> bool {
    matches!(ty, ParamType::Charbuf | ParamType::Fspath | ParamType::Fsrelpath)
        && (bytes.is_empty() || bytes == b"(NULL)\0")
}

/// A text parameter as the program passed it; [`ABSENT`] where there is none.
pub(crate) fn text(ty: ParamType, bytes: &[u8]) -> &[u8] {
    if is_null_text(ty, bytes) { ABSENT } else { read::text(bytes) }
}

/// Renders a parameter of the event.
pub(crate) fn param(cx: &Cx<'_, '_>, info: &ParamInfo, bytes: &[u8], out: &mut Rendered) {
    use ParamType as T;
    out.clear();
    if bytes.is_empty() && !is_null_text(info.ty, bytes) {
        let null =
            matches!(info.ty, T::Bytebuf | T::Socktuple | T::Fdlist | T::Charbufarray | T::CharbufPairArray | T::Dyn);
        return out.value.extend_from_slice(if null { b"NULL" } else { ABSENT });
    }
    let (ty, bytes) = match (info.ty, info.extra, bytes.split_first()) {
        (T::Dyn, ParamExtra::Dyn(variants), Some((&selector, rest))) => match variants.get(usize::from(selector)) {
            Some(variant) => (variant.ty, rest),
            None => (T::Dyn, bytes),
        },
        _ => (info.ty, bytes),
    };
    if typed(cx, info, ty, bytes, out).is_none() {
        // A value of another length than its type's.
        out.clear();
        out.value.extend_from_slice(ABSENT);
    }
}

fn typed(cx: &Cx<'_, '_>, info: &ParamInfo, ty: ParamType, bytes: &[u8], out: &mut Rendered) -> Option<()> {
    use ParamType as T;
    let Rendered { value, resolved } = out;
    let mut integer = |number: i64, bits| number::integer(value, number, bits, info.format);
    match ty {
        T::Int8 => integer(read::i8(bytes)?.into(), 8),
        T::Int16 => integer(read::i16(bytes)?.into(), 16),
        T::Int32 => integer(read::i32(bytes)?.into(), 32),
        T::Int64 => integer(read::i64(bytes)?, 64),
        T::Uint8 => integer(read::u8(bytes)?.into(), 8),
        T::Uint16 => integer(read::u16(bytes)?.into(), 16),
        T::Uint32 => integer(read::u32(bytes)?.into(), 32),
        T::Uint64 => integer(read::i64(bytes)?, 64),
        T::Fd => fd(cx, read::i64(bytes)?, out),
        T::Fd32 => fd(cx, read::i32(bytes)?.into(), out),
        T::Pid => pid(cx, read::i64(bytes)?, out),
        T::Pid32 => pid(cx, read::i32(bytes)?.into(), out),
        T::Errno => {
            let result = read::i64(bytes)?;
            number::decimal(value, result);
            if result < 0 {
                resolved.extend_from_slice(names::errno(result).unwrap_or_default().as_bytes());
            }
        }
        T::Charbuf => value.extend_from_slice(text(ty, bytes)),
        T::Fspath | T::Fsrelpath => path_param(cx, info, bytes, out),
        T::Bytebuf => buffer::buffer(value, bytes, cx.memory.buffer_format),
        T::Sockaddr => net::address(value, bytes),
        T::Socktuple => net::tuple(value, bytes),
        T::Fdlist => fd_list(cx, bytes, value)?,
        T::Syscallid => {
            let code = Sc(read::u16(bytes)?);
            match code.info() {
                Some(known) => {
                    number::unsigned(value, code.0.into());
                    resolved.extend_from_slice(known.name.as_bytes());
                }
                None => value.extend_from_slice(b"<unknown syscall>"),
            }
        }
        T::Sigtype => {
            let signal = read::u8(bytes)?;
            number::unsigned(value, signal.into());
            resolved.extend_from_slice(names::signal(signal.into()).unwrap_or_default().as_bytes());
        }
        T::Sigset => signal_set(read::u32(bytes)?, value),
        T::Reltime => match read::u64(bytes)? {
            u64::MAX => value.extend_from_slice(b"none"),
            time => {
                number::unsigned(value, time);
                number::general(resolved, time as f64 / 1e9);
                resolved.push(b's');
            }
        },
        T::Abstime => super::time::absolute(value, read::u64(bytes)?, &cx.memory.zone),
        T::Flags8 | T::Flags16 | T::Flags32 | T::Enumflags8 | T::Enumflags16 | T::Enumflags32 => {
            let number = u32::try_from(read::unsigned(bytes)?).ok()?;
            number::unsigned(value, number.into());
            if let ParamExtra::Flags(table) = info.extra {
                let exact = matches!(ty, T::Enumflags8 | T::Enumflags16 | T::Enumflags32);
                if exact { flags::exact(resolved, table, number) } else { flags::bits(resolved, table, number) }
            }
        }
        T::Mode => {
            let mode = read::u32(bytes)?;
            integer(mode.into(), 32);
            if let ParamExtra::Flags(table) = info.extra {
                flags::mode(resolved, table, mode);
            }
        }
        T::Uid => owner(cx, read::u32(bytes)?, out, |cx, container, uid| {
            cx.state.users.user(container, uid).map(|user| user.name.as_bytes())
        }),
        T::Gid => owner(cx, read::u32(bytes)?, out, |cx, container, gid| {
            cx.state.users.group(container, gid).map(|group| group.name.as_bytes())
        }),
        T::Dyn => value.extend_from_slice(b"INVALID DYNAMIC PARAMETER"),
        _ => value.extend_from_slice(b"(n.a.)"),
    }
    Some(())
}

fn fd(cx: &Cx<'_, '_>, number: i64, out: &mut Rendered) {
    number::decimal(&mut out.value, number);
    let Some(thread) = cx.thread() else { return };
    let resolved = &mut out.resolved;
    if number >= 0 {
        let Some(fd) = cx.state.fd_of(thread, number) else { return };
        resolved.extend_from_slice(&[b'<', fd.ty.letter()]);
        match fd.l4() {
            L4Proto::Tcp => resolved.push(b't'),
            L4Proto::Udp => resolved.push(b'u'),
            L4Proto::Icmp => resolved.push(b'i'),
            L4Proto::Raw => resolved.push(b'r'),
            L4Proto::Unknown | L4Proto::Na => {}
        }
        resolved.push(b'>');
        fd.push_name(resolved);
    } else if number == AT_FDCWD {
        resolved.extend_from_slice(b"AT_FDCWD");
    } else {
        resolved.extend_from_slice(names::errno(number).unwrap_or_default().as_bytes());
    }
}

fn pid(cx: &Cx<'_, '_>, number: i64, out: &mut Rendered) {
    number::decimal(&mut out.value, number);
    if let Some(thread) = cx.state.thread(number) {
        out.resolved.extend_from_slice(thread.comm.as_bytes());
    }
}

/// A user or group: the name that the container of the event's thread knows it by.
fn owner(cx: &Cx<'_, '_>, id: u32, out: &mut Rendered, name: for<'c> fn(&Cx<'c, '_>, &[u8], u32) -> Option<&'c [u8]>) {
    if id == u32::MAX {
        out.value.extend_from_slice(b"-1");
        return out.resolved.extend_from_slice(b"<NONE>");
    }
    number::decimal(&mut out.value, i64::from(id as i32));
    let known = cx.thread().and_then(|thread| name(cx, cx.container_id(thread), id));
    out.resolved.extend_from_slice(known.filter(|name| !name.is_empty()).unwrap_or(ABSENT));
}

/// The directory that a relative path parameter starts from, ending in '/'. Empty when the descriptor is unknown.
fn base<'a>(cx: &Cx<'a, '_>, thread: &'a Thread, extra: ParamExtra, scratch: &mut Vec<u8>) {
    let dirfd = match extra {
        ParamExtra::DirFd(at) => cx.event.i64(usize::from(at)),
        _ => None,
    };
    match dirfd {
        None | Some(AT_FDCWD) => scratch.extend_from_slice(cx.state.cwd(thread).as_bytes()),
        Some(number) => {
            let Some(fd) = cx.state.fd_of(thread, number) else { return };
            fd.push_directory(scratch);
        }
    }
}

fn path_param(cx: &Cx<'_, '_>, info: &ParamInfo, bytes: &[u8], out: &mut Rendered) {
    let text = text(info.ty, bytes);
    let relative = !matches!(text.first(), None | Some(b'/')) && text != ABSENT;
    if relative && let Some(thread) = cx.thread() {
        // The directory goes through the memory of the value, which is written last.
        base(cx, thread, info.extra, &mut out.value);
        path::join(&out.value, text, &mut out.resolved);
        out.value.clear();
    }
    out.value.extend_from_slice(text);
}

fn fd_list(cx: &Cx<'_, '_>, bytes: &[u8], value: &mut Vec<u8>) -> Option<()> {
    let list = FdList::parse(bytes)?;
    let Some(thread) = cx.thread() else { return Some(()) };
    for (i, entry) in list.iter().enumerate() {
        if i > 0 {
            value.push(b' ');
        }
        number::unsigned(value, entry.fd as u64);
        value.push(b':');
        value.push(cx.state.fd_of(thread, entry.fd).map_or(b'?', |fd| fd.ty.letter()));
        hex(value, entry.flags as i32 as u32);
    }
    Some(())
}

fn hex(out: &mut Vec<u8>, value: u32) {
    let start = out.len();
    number::integer(out, value.into(), 32, PrintFormat::Hex);
    out[start..].make_ascii_lowercase();
}

fn signal_set(set: u32, value: &mut Vec<u8>) {
    for name in (0..32).filter(|bit| set >> bit & 1 == 1).filter_map(|bit| names::signal(bit + 1)) {
        if !value.is_empty() {
            value.push(b' ');
        }
        value.extend_from_slice(name.as_bytes());
    }
}
