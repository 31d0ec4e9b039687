//! One function per field, called through the field's entry in the table.

pub(crate) mod abspath;
pub(crate) mod ancestor;
pub(crate) mod arg;
pub(crate) mod count;
pub(crate) mod event;
pub(crate) mod fd;
pub(crate) mod fdlist;
pub(crate) mod fspath;
pub(crate) mod guess;
pub(crate) mod infra;
pub(crate) mod leader;
pub(crate) mod open;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod sock;
pub(crate) mod thread;
pub(crate) mod user;

use super::context::Cx;
use super::sink::Sink;

/// A text with its closing NUL.
type CStr = &'static [u8];

/// The extraction of one field: puts its values and says whether there are any.
pub(crate) type Extract = for<'a, 'm, 's> fn(&mut Cx<'a, 'm>, &'s mut (dyn Sink<'a> + 's)) -> bool;

/// Puts a text that `write` puts together in reused memory.
fn emit<'a>(cx: &mut Cx<'a, '_>, out: &mut dyn Sink<'a>, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    let text = &mut cx.memory.text;
    text.clear();
    write(text);
    out.put_text(text);
    true
}
