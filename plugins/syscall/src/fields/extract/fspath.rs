//! `fs.path.*`: the paths that successful file system calls were given.

use std::borrow::Cow;

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::read;

use super::fd;
use crate::fields::context::Cx;
use crate::fields::render;
use crate::fields::sink::Sink;
use crate::state::fd::{Fd, FdType};
use crate::state::path;

/// Where a call has its paths.
enum Place {
    /// In one parameter.
    Path(&'static str),
    /// It is about an open file: the name of its descriptor.
    Fd,
    /// In two parameters: source and target.
    Two(&'static str, &'static str),
}

/// When a call has succeeded.
#[derive(Clone, Copy)]
enum Success {
    /// Its result is 0.
    Zero,
    /// It has a descriptor that is not -1, so also if it failed with another error.
    NotMinusOne,
}

fn place(code: EventType) -> Option<(Place, Success)> {
    use Place::{Fd, Path, Two};
    let place = match code {
        EventType::SYSCALL_OPEN_X | EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X => {
            return Some((Path("name"), Success::NotMinusOne));
        }
        EventType::SYSCALL_MKDIR_2_X
        | EventType::SYSCALL_MKDIRAT_X
        | EventType::SYSCALL_RMDIR_2_X
        | EventType::SYSCALL_UNLINK_2_X
        | EventType::SYSCALL_CHOWN_X
        | EventType::SYSCALL_LCHOWN_X => Path("path"),
        EventType::SYSCALL_UNLINKAT_2_X | EventType::SYSCALL_UMOUNT_1_X | EventType::SYSCALL_UMOUNT2_X => Path("name"),
        EventType::SYSCALL_FCHMODAT_X | EventType::SYSCALL_CHMOD_X => Path("filename"),
        EventType::SYSCALL_FCHMOD_X | EventType::SYSCALL_FCHOWN_X => Fd,
        EventType::SYSCALL_FCHOWNAT_X => Path("pathname"),
        EventType::SYSCALL_QUOTACTL_X => Path("special"),
        EventType::SYSCALL_RENAME_X | EventType::SYSCALL_RENAMEAT_X | EventType::SYSCALL_RENAMEAT2_X => {
            Two("oldpath", "newpath")
        }
        // A link is its source, what it refers to its target.
        EventType::SYSCALL_LINK_2_X | EventType::SYSCALL_LINKAT_2_X => Two("newpath", "oldpath"),
        EventType::SYSCALL_SYMLINK_X | EventType::SYSCALL_SYMLINKAT_X => Two("linkpath", "target"),
        EventType::SYSCALL_MOUNT_X => Two("dev", "dir"),
        _ => return None,
    };
    Some((place, Success::Zero))
}

fn succeeded(cx: &Cx<'_, '_>, success: Success) -> bool {
    let value = |name| cx.event.param_by_name(name).and_then(|param| read::i64(param.bytes));
    match success {
        Success::Zero => value("res") == Some(0),
        Success::NotMinusOne => value("fd").is_some_and(|fd| fd != -1),
    }
}

/// Which of a call's paths is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Only,
    Source,
    Target,
}

/// The path as it was passed.
fn raw<'a>(cx: &Cx<'a, '_>, which: Which) -> Option<Cow<'a, [u8]>> {
    let (place, success) = place(cx.code())?;
    if !succeeded(cx, success) {
        return None;
    }
    let name = match (place, which) {
        (Place::Path(name), Which::Only)
        | (Place::Two(name, _), Which::Source)
        | (Place::Two(_, name), Which::Target) => name,
        (Place::Fd, Which::Only) => {
            fd::thread(cx)?;
            return Some(fd::fd(cx).map_or_else(Cow::default, Fd::name));
        }
        _ => return None,
    };
    let param = cx.event.param_by_name(name)?;
    Some(Cow::Borrowed(render::text(param.info.ty, param.bytes)))
}

fn put_raw<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, which: Which) -> bool {
    let Some(path) = raw(cx, which) else { return false };
    out.put_text(&path);
    true
}

/// Directory of the event's descriptor, which in these calls is that of the directory.
fn push_event_directory(cx: &Cx<'_, '_>, base: &mut Vec<u8>) {
    match cx.fd().filter(|fd| fd.ty == FdType::Directory) {
        Some(fd) => fd.push_directory(base),
        None => base.extend_from_slice(b"<UNKNOWN>"),
    }
}

fn put_resolved<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, which: Which) -> bool {
    let Some(thread) = cx.thread() else { return false };
    let Some(mut path) = raw(cx, which) else { return false };
    let mut base = std::mem::take(&mut cx.memory.path);
    base.clear();
    if path.first() != Some(&b'/') {
        match cx.code() {
            // The descriptor's name is the resolved path already.
            EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X => {
                path = cx.fd().map_or(Cow::Borrowed(b"<UNKNOWN>"), Fd::name);
            }
            EventType::SYSCALL_FCHOWNAT_X
            | EventType::SYSCALL_FCHMODAT_X
            | EventType::SYSCALL_MKDIRAT_X
            | EventType::SYSCALL_UNLINKAT_2_X => push_event_directory(cx, &mut base),
            EventType::SYSCALL_SYMLINKAT_X if which == Which::Source => push_event_directory(cx, &mut base),
            EventType::SYSCALL_SYMLINKAT_X => base.extend_from_slice(b"<UNKNOWN>"),
            EventType::SYSCALL_RENAMEAT2_X => {
                let dirfd = cx.event.i64(if which == Which::Target { 3 } else { 1 });
                match dirfd {
                    Some(dirfd) => fd::push_base(cx, dirfd, &mut base),
                    None => base.extend_from_slice(b"<UNKNOWN>"),
                }
            }
            _ => base.extend_from_slice(cx.state.cwd(thread).as_bytes()),
        }
    }
    path::join(&base, &path, &mut cx.memory.text);
    cx.memory.path = base;
    out.put_text(&cx.memory.text);
    true
}

macro_rules! fields {
    ($($put:ident $name:ident $which:ident;)*) => {$(
        pub(crate) fn $name<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
            $put(cx, out, Which::$which)
        }
    )*};
}

fields! {
    put_resolved name Only;
    put_raw raw_name Only;
    put_resolved source Source;
    put_raw raw_source Source;
    put_resolved target Target;
    put_raw raw_target Target;
}
