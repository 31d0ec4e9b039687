//! Numbers of every width.

use lanner_plugin_api::schema::ParamType;

use crate::error::ScriptError;
use crate::read::Node;

/// A number as wide as its type; negative ones where the width allows, as -1 stands for "all bits".
pub(crate) fn sized(ty: ParamType, n: i128, node: &Node<'_>) -> Result<Vec<u8>, ScriptError> {
    let Some(len) = ty.fixed_len().filter(|len| *len <= 8) else {
        return Err(node.error(format!("parameters of type {ty:?} cannot be written in a script")));
    };
    let bits = 8 * len as u32;
    let fits = n >= -(1_i128 << (bits - 1)) && n < 1_i128 << bits;
    if !fits {
        return Err(node.error(format!("{n} is out of range for a {bits}-bit number")));
    }
    Ok(n.to_le_bytes()[..len].to_vec())
}
