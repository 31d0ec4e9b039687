//! `evt.is_open_*`: what an open was for.

use lanner_plugin_api::schema::EventType;

use super::event;
use crate::fields::context::Cx;
use crate::fields::sink::Sink;

/// Bits of the open flags that captures hold.
const READ: u32 = 1 << 0;
const WRITE: u32 = 1 << 1;
const CREATE: u32 = 1 << 2;
const TMPFILE: u32 = 1 << 13;
const CREATED: u32 = 1 << 14;
/// The three execute bits of the modes that captures hold.
const ANY_EXEC: u32 = 1 << 0 | 1 << 3 | 1 << 6;

/// Parameters that hold flags and mode; the mode is absent from `open_by_handle_at`.
fn places(code: EventType) -> Option<(usize, Option<usize>)> {
    match code {
        EventType::SYSCALL_OPEN_X => Some((2, Some(3))),
        EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X => Some((3, Some(4))),
        EventType::SYSCALL_OPEN_BY_HANDLE_AT_X => Some((2, None)),
        _ => None,
    }
}

/// The flags of an open that has them.
pub(crate) fn known_flags(cx: &Cx<'_, '_>) -> Option<u32> {
    places(cx.code()).and_then(|(flags, _)| cx.event.u32(flags))
}

fn flags(cx: &Cx<'_, '_>) -> u32 {
    known_flags(cx).unwrap_or(0)
}

pub(crate) fn read<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_bool(flags(cx) & READ != 0);
    true
}

pub(crate) fn write<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    out.put_bool(flags(cx) & WRITE != 0);
    true
}

pub(crate) fn exec<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let mode = match cx.code() {
        EventType::SYSCALL_CREAT_X => cx.event.u32(2),
        _ if flags(cx) & (CREATE | TMPFILE) == 0 => None,
        code => places(code).and_then(|(_, mode)| cx.event.u32(mode?)),
    };
    out.put_bool(mode.is_some_and(|mode| mode & ANY_EXEC != 0));
    true
}

pub(crate) fn create<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>) -> bool {
    let flags = flags(cx);
    let unnamed = flags & TMPFILE != 0 && event::result(cx).is_some_and(|result| result >= 0);
    out.put_bool(flags & CREATED != 0 || unnamed);
    true
}
