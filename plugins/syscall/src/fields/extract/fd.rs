//! `fd.*`: the descriptor that the event concerns; sockets are in [`super::sock`].

use std::borrow::Cow;

use lanner_plugin_api::schema::{EventFlags, EventType};

use super::emit;
use super::guess::guess_name;
use crate::fields::context::Cx;
use crate::fields::render::number;
use crate::fields::sink::Sink;
use crate::state::Thread;
use crate::state::fd::{Fd, FdType};
use crate::state::flags::AT_FDCWD;

/// The thread of an event that concerns descriptors; other events have no `fd.*` at all.
pub(crate) fn thread<'a>(cx: &Cx<'a, '_>) -> Option<&'a Thread> {
    let concerned = cx.has_flag(EventFlags::CREATES_FD | EventFlags::USES_FD | EventFlags::DESTROYS_FD);
    cx.thread().filter(|_| concerned)
}

/// The event's descriptor, or the one that its thread used last.
pub(super) fn fd<'a>(cx: &Cx<'a, '_>) -> Option<&'a Fd> {
    fd_of(cx, thread(cx)?)
}

pub(crate) fn fd_of<'a>(cx: &Cx<'a, '_>, thread: &'a Thread) -> Option<&'a Fd> {
    cx.fd().or_else(|| if thread.last_fd == -1 { None } else { cx.state.fd_of(thread, thread.last_fd) })
}

pub(crate) fn num<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = thread(cx) else { return false };
    out.put_i64(thread.last_fd);
    true
}

pub(crate) fn type_word<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(fd) = fd(cx) else { return false };
    out.put_cstr(fd.ty.word_with_nul());
    true
}

pub(crate) fn types<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = thread(cx) else { return false };
    if let Some(n) = cx.arg.index {
        let fd = i64::try_from(n).ok().and_then(|n| cx.state.fd_of(thread, n));
        let Some(fd) = fd else { return false };
        out.put_cstr(fd.ty.word_with_nul());
        return true;
    }
    let mut seen = 0u32;
    for (_, fd) in cx.state.fds_of(thread) {
        // Two types may share a word; the bit of the first stands for both.
        let bit = 1u32 << (word_class(fd.ty) as i8 & 31);
        if seen & bit == 0 {
            seen |= bit;
            out.put_cstr(fd.ty.word_with_nul());
        }
    }
    seen != 0
}

/// The first of the types that have the same word.
fn word_class(ty: FdType) -> FdType {
    match ty {
        FdType::FileV2 => FdType::File,
        FdType::Ipv4ServSock => FdType::Ipv4Sock,
        FdType::Ipv6ServSock => FdType::Ipv6Sock,
        FdType::Unsupported | FdType::Uninitialized => FdType::Unknown,
        other => other,
    }
}

pub(crate) fn type_letter<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = thread(cx) else { return false };
    let letter = fd_of(cx, thread).map_or_else(|| guess(cx.code()), |fd| fd.ty.letter());
    out.put_cstr(letter_with_nul(letter));
    true
}

/// The text of one letter.
fn letter_with_nul(letter: u8) -> &'static [u8] {
    static LETTERS: [[u8; 2]; 128] = {
        let mut letters = [[0; 2]; 128];
        let mut at = 0;
        while at < letters.len() {
            letters[at][0] = at as u8;
            at += 1;
        }
        letters
    };
    LETTERS.get(usize::from(letter)).map_or(b"\0", |text| text)
}

/// What the descriptor of a call is, when only the call is known.
fn guess(code: EventType) -> u8 {
    match EventType(code.0 | 1) {
        EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X | EventType::SYSCALL_CREAT_X => b'f',
        EventType::SOCKET_SOCKET_X | EventType::SOCKET_ACCEPT_5_X | EventType::SOCKET_ACCEPT4_6_X => b'4',
        EventType::SYSCALL_PIPE_X | EventType::SYSCALL_PIPE2_X => b'p',
        EventType::SYSCALL_EVENTFD_X | EventType::SYSCALL_EVENTFD2_X => b'e',
        EventType::SYSCALL_SIGNALFD_X | EventType::SYSCALL_SIGNALFD4_X => b's',
        EventType::SYSCALL_TIMERFD_CREATE_X => b't',
        EventType::SYSCALL_INOTIFY_INIT_X | EventType::SYSCALL_INOTIFY_INIT1_X => b'i',
        _ => b'o',
    }
}

/// Directory that a relative path of an `*at` call starts from.
pub(super) fn push_base<'a>(cx: &Cx<'a, '_>, dirfd: i64, out: &mut Vec<u8>) {
    let Some(thread) = cx.thread() else { return out.extend_from_slice(b"<UNKNOWN>") };
    if dirfd == AT_FDCWD {
        return out.extend_from_slice(cx.state.cwd(thread).as_bytes());
    }
    match cx.state.fd_of(thread, dirfd) {
        Some(fd) => fd.push_directory(out),
        None => out.extend_from_slice(b"<UNKNOWN>"),
    }
}

/// Puts the name of a descriptor.
pub(super) fn put_name_of<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, fd: &'a Fd) -> bool {
    let Some(name) = fd.kept_name() else { return emit(cx, out, |text| fd.push_name(text)) };
    out.put_cstr(name.as_bytes_with_nul());
    true
}

/// Which text about the descriptor's name is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Directory,
    Raw,
}

/// Puts a text made of the descriptor's name, behind the container's id if asked for.
fn named<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, part: Part, with_container: bool) -> bool {
    let Some(thread) = thread(cx) else { return false };
    let fd = fd_of(cx, thread);
    match fd {
        Some(fd) if part == Part::Name && !with_container => return put_name_of(cx, out, fd),
        Some(fd) if part == Part::Directory && !(fd.is_file() || fd.ty == FdType::Directory) => return false,
        Some(_) => {}
        None => guess_name(cx, part == Part::Raw),
    }
    let guess = std::mem::take(&mut cx.memory.guess);
    let name = match (fd, part) {
        (Some(fd), Part::Raw) => Some(Cow::Borrowed(fd.raw_name().as_bytes())),
        (Some(fd), _) => Some(fd.name()),
        (None, _) => guess.known.then_some(Cow::Borrowed(&*guess.name)),
    };
    let known = name.is_some();
    if let Some(name) = name.as_deref() {
        match part {
            Part::Directory if fd.is_none_or(Fd::is_file) => put_name(cx, out, directory_of(name), with_container),
            Part::Raw => {
                let mut path = std::mem::take(&mut cx.memory.path);
                path.clear();
                path.extend_from_slice(name);
                path.dedup_by(|a, b| *a == b'/' && *b == b'/');
                put_name(cx, out, &path, with_container);
                cx.memory.path = path;
            }
            _ => put_name(cx, out, name, with_container),
        }
    }
    cx.memory.guess = guess;
    known
}

/// Puts a text, behind the container's id if asked for.
fn put_name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, name: &[u8], with_container: bool) {
    let id = cx.thread().filter(|_| with_container).map(|thread| cx.container_id(thread));
    let Some(id) = id else { return out.put_text(name) };
    emit(cx, out, |text| {
        text.extend_from_slice(id);
        text.push(b':');
        text.extend_from_slice(name);
    });
}

/// The directory of a path; what has none is in "/".
fn directory_of(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        Some(0) | None => b"/",
        Some(slash) if slash + 1 < path.len() => &path[..slash],
        Some(_) => path,
    }
}

pub(crate) fn name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    named(cx, out, Part::Name, false)
}

pub(crate) fn raw_name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    named(cx, out, Part::Raw, false)
}

pub(crate) fn directory<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    named(cx, out, Part::Directory, false)
}

pub(crate) fn container_name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    named(cx, out, Part::Name, true)
}

pub(crate) fn container_directory<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    named(cx, out, Part::Directory, true)
}

pub(crate) fn filename<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(name) = fd(cx).filter(|fd| fd.is_file()).and_then(Fd::kept_name) else { return false };
    let name = name.as_bytes_with_nul();
    out.put_cstr(match memchr::memrchr(b'/', name) {
        None => b"/\0",
        // A name that ends in '/' stays whole.
        Some(slash) if slash + 2 < name.len() => &name[slash + 1..],
        Some(_) => name,
    });
    true
}

pub(crate) fn unique_id<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let Some(thread) = thread(cx) else { return false };
    emit(cx, out, |text| {
        number::decimal(text, thread.tid);
        number::decimal(text, thread.last_fd);
    })
}

pub(crate) fn name_changed<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    if fd(cx).is_none() {
        return false;
    }
    out.put_bool(cx.state.current().fd_name_changed);
    true
}

macro_rules! values {
    ($($put:ident $name:ident: $value:expr;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            let Some(fd) = fd(cx) else { return false };
            out.$put($value(fd));
            true
        }
    )*};
}

values! {
    put_bool is_connected: Fd::is_connected;
    put_bool is_upper_layer: Fd::is_overlay_upper;
    put_bool is_lower_layer: Fd::is_overlay_lower;
    put_i64 dev: |fd: &Fd| i64::from(fd.dev as i32);
    put_i64 dev_major: |fd: &Fd| i64::from(fd.dev_major() as i32);
    put_i64 dev_minor: |fd: &Fd| i64::from(fd.dev_minor() as i32);
    put_u64 inode: |fd: &Fd| fd.ino;
}
