//! Parameters whose first byte says what follows.

use lanner_plugin_api::schema::{DynVariant, ParamType as T};

use super::{fd, number, text};
use crate::error::ScriptError;
use crate::machine::Machine;
use crate::names;
use crate::read::{Node, parse_int};

/// Picks the shape by how the value is written: a time span, the name of an error or signal, a text, a number.
pub(super) fn encode(
    machine: &Machine,
    tid: i64,
    variants: &[DynVariant],
    node: &Node<'_>,
) -> Result<Vec<u8>, ScriptError> {
    let selector = |wanted: &[T]| wanted.iter().find_map(|ty| Some((variants.iter().position(|v| v.ty == *ty)?, *ty)));
    let word = node.value.as_str().filter(|s| parse_int(s).is_none());
    let (at, ty) = match word {
        Some(w) if w.starts_with("SIG") => selector(&[T::Sigtype, T::Charbuf, T::Bytebuf]),
        Some(w) if w.starts_with('E') => selector(&[T::Errno, T::Charbuf, T::Bytebuf]),
        Some(w) if w.starts_with(|c: char| c.is_ascii_digit()) => selector(&[T::Reltime, T::Charbuf, T::Bytebuf]),
        Some(_) => selector(&[T::Charbuf, T::Bytebuf, T::Fd]),
        None if node.value.is_array() => selector(&[T::Bytebuf]),
        None => selector(&[T::Uint32, T::Uint64, T::Int64, T::Fd]),
    }
    .ok_or_else(|| node.error("this parameter takes no such value"))?;
    let value = match ty {
        T::Charbuf => text(node.text()?.as_bytes()),
        T::Bytebuf => super::buffer(node)?,
        T::Errno => names::result(node)?.to_le_bytes().to_vec(),
        T::Sigtype => vec![names::signal_number(node)?],
        T::Reltime => names::duration(node)?.to_le_bytes().to_vec(),
        T::Fd => fd(machine, tid, node)?.to_le_bytes().to_vec(),
        ty => number::sized(ty, node.int()?, node)?,
    };
    Ok([&[at as u8][..], &value].concat())
}
