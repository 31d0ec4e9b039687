//! Names of descriptors that are not known, as events tell them: calls that failed, mostly.

use lanner_plugin_api::schema::EventType;

use super::fd::push_base;
use crate::fields::context::Cx;
use crate::fields::memory::Guess;
use crate::fields::render;
use crate::state::flags::AT_FDCWD;
use crate::state::path;

/// Writes the name of a descriptor that is not known, as far as the event's parameters tell it: the path or tuple of
/// calls that were to open one, nothing for others. False if there is no name at all.
fn name_from_event(cx: &mut Cx<'_, '_>, raw: bool, text: &mut Vec<u8>) -> bool {
    text.clear();
    match cx.code() {
        code if code.is_enter() => return false,
        EventType::SYSCALL_OPEN_X
        | EventType::SOCKET_ACCEPT_5_X
        | EventType::SOCKET_ACCEPT4_6_X
        | EventType::SYSCALL_CREAT_X
        | EventType::SOCKET_CONNECT_X => {
            let Some(param) = cx.event.described(1) else { return false };
            let mut rendered = std::mem::take(&mut cx.memory.rendered);
            render::param(cx, param.info, param.bytes, &mut rendered);
            text.extend_from_slice(rendered.best());
            cx.memory.rendered = rendered;
        }
        EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X => {
            let Some(name) = cx.event.text(2) else { return false };
            if raw {
                text.extend_from_slice(name);
                return true;
            }
            let Some(dirfd) = cx.event.i64(1) else { return false };
            let mut base = std::mem::take(&mut cx.memory.path);
            base.clear();
            push_base(cx, dirfd, &mut base);
            path::join(&base, name, text);
            cx.memory.path = base;
        }
        EventType::SYSCALL_OPEN_BY_HANDLE_AT_X => {
            text.extend_from_slice(cx.event.text(3).unwrap_or(b"<NA>"));
        }
        _ => {}
    }
    true
}

/// Finds out the name of a descriptor that is not known. Failed calls are asked for both name and directory, so what was
/// found stays for the event.
pub(super) fn guess_name(cx: &mut Cx<'_, '_>, raw: bool) {
    if cx.memory.guess.raw == Some(raw) {
        return;
    }
    let mut guess = std::mem::take(&mut cx.memory.guess);
    guess.known = name_from_event(cx, raw, &mut guess.name);
    guess.raw = Some(raw);
    cx.memory.guess = guess;
}

/// Set in numbers of names that events tell, apart from those of known descriptors.
const TOLD: u64 = 1 << 50;
/// Set where it is the number of a path as it was passed, of which the name is made.
const PASSED: u64 = 1 << 51;

/// A number that decides the name that the event tells of a descriptor that is not known; 0 if it tells none.
pub(crate) fn guessed_name(cx: &mut Cx<'_, '_>) -> Option<u64> {
    // Programs look for files in many places: most opens that fail have an absolute path, and joining it costs more than all the rest.
    if let Some(path) = passed_path(cx).filter(|path| stands_alone(cx, path)) {
        return cx.memory.names.number(path).map(|number| number | PASSED);
    }
    guess_name(cx, false);
    let Guess { known, name, .. } = &cx.memory.guess;
    match known {
        false => Some(0),
        true => cx.memory.names.number(name).map(|number| number | TOLD),
    }
}

/// The same for the path as the program passed it.
pub(crate) fn guessed_raw_name(cx: &mut Cx<'_, '_>) -> Option<u64> {
    match passed_path(cx) {
        Some(path) => cx.memory.names.number(path).map(|number| number | PASSED),
        None => guessed_name(cx),
    }
}

/// The path that an open had which tells its directory too.
fn passed_path<'a>(cx: &Cx<'a, '_>) -> Option<&'a [u8]> {
    match cx.code() {
        EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X => {
            let bytes = cx.event.param(2).filter(|bytes| !bytes.is_empty())?;
            Some(&bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())])
        }
        _ => None,
    }
}

/// Whether a path alone decides what comes of joining it to the directory of the open.
fn stands_alone(cx: &Cx<'_, '_>, path: &[u8]) -> bool {
    let fits = |thread| cx.state.cwd(thread).as_bytes().len() + path.len() < path::MAX_PATH;
    path.first() == Some(&b'/') && cx.event.i64(1) == Some(AT_FDCWD) && cx.thread().is_some_and(fits)
}
