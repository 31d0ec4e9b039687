//! `evt.rawarg`: a parameter in its own type.

use lanner_plugin_api::schema::ParamType;
use lanner_plugin_api::wire::read;

use super::emit;
use crate::fields::context::Cx;
use crate::fields::render::{self, number};
use crate::fields::sink::Sink;

/// Puts a parameter's value. The condition was compiled for the type of the first parameter of that name in the event
/// table; where this event's own has another type, numbers become text if text is wanted, and text is no number.
pub(super) fn value<'a>(cx: &mut Cx<'a, '_>, ty: ParamType, bytes: &'a [u8], out: &mut dyn Sink<'a>) -> bool {
    let wanted = ParamType::from_number(cx.wanted_type).unwrap_or(ty);
    match ty {
        ParamType::Charbuf | ParamType::Fspath | ParamType::Fsrelpath => {
            if !is_text(wanted) {
                return false;
            }
            out.put_text(render::text(ty, bytes));
            true
        }
        _ if bytes.is_empty() => false,
        ParamType::Bytebuf
        | ParamType::Sockaddr
        | ParamType::Socktuple
        | ParamType::Fdlist
        | ParamType::Charbufarray
        | ParamType::CharbufPairArray
        | ParamType::Dyn => {
            if is_number(wanted) {
                return false;
            }
            out.put_bytes(bytes);
            true
        }
        _ => match number(ty, bytes) {
            Some(number) if is_text(wanted) => emit(cx, out, |text| number::decimal(text, number)),
            Some(number) => {
                out.put_i64(number);
                true
            }
            None => false,
        },
    }
}

fn is_text(ty: ParamType) -> bool {
    matches!(ty, ParamType::Charbuf | ParamType::Fspath | ParamType::Fsrelpath | ParamType::Bytebuf | ParamType::Dyn)
}

fn is_number(ty: ParamType) -> bool {
    ty.fixed_len().is_some()
}

/// A number of any width, extended as its type has a sign or not.
fn number(ty: ParamType, bytes: &[u8]) -> Option<i64> {
    use ParamType as T;
    let value = match ty {
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::Errno | T::Fd | T::Pid | T::Fd32 | T::Pid32 => {
            read::signed(bytes)
        }
        _ => read::unsigned(bytes).map(|value| value as i64),
    };
    value.filter(|_| ty.fixed_len().is_none_or(|len| len == bytes.len()))
}
