//! What stands under `override`.

use std::collections::BTreeSet;

use super::super::context::{Context, ItemKind};
use super::super::decode::{Result, guessing, semantic, structure};
use super::super::result::similar;
use crate::yaml::{Kind, Node};

/// The keys under `override`, by what is to be done.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) append: BTreeSet<String>,
    pub(super) replace: BTreeSet<String>,
}

impl Overrides {
    pub(super) fn is_empty(&self) -> bool {
        self.append.is_empty() && self.replace.is_empty()
    }
}

/// Reads the operations of an item whose keys may be appended and replaced as given.
pub(super) fn overrides(item: &Node, append: &[&str], replace: &[&str], context: &Context) -> Result<Overrides> {
    let mut out = Overrides::default();
    let Some(node) = item.get("override") else { return Ok(out) };
    let within = context.within(ItemKind::Overrides, "", item.mark);
    if !node.items().is_empty() {
        return semantic("Value of 'override' must be a mapping of keys to 'append' or 'replace'", &within);
    }
    for (key_node, operation_node) in node.entries() {
        let word = |node: &Node| match &node.kind {
            Kind::Null => Ok("null".to_owned()),
            Kind::Scalar(scalar) => Ok(scalar.text.clone()),
            _ => semantic("Keys and operations under 'override' must be scalars", &within),
        };
        let (key, operation) = (word(key_node)?, word(operation_node)?);
        let may = |keys: &[&str]| keys.contains(&key.as_str());
        let key_context = within.within(ItemKind::Overrides, &key, key_node.mark);
        match operation.as_str() {
            "append" if may(append) => {
                out.append.insert(key);
            }
            "append" => {
                let message = format!("Key '{key}' cannot be appended to, use 'replace' instead");
                return guessing(structure(message, &key_context), similar(&key, append.iter().copied()));
            }
            "replace" if may(replace) => {
                out.replace.insert(key);
            }
            "replace" => {
                let wrong = structure(format!("Key '{key}' cannot be replaced"), &key_context);
                return guessing(wrong, similar(&key, replace.iter().copied()));
            }
            _ => {
                let allowed = [("append ", may(append)), ("replace ", may(replace))];
                let allowed: String = allowed.iter().filter(|(_, may)| *may).map(|(word, _)| *word).collect();
                let message =
                    format!("Invalid override operation for key '{key}': '{operation}'. Allowed values are: {allowed}");
                let wrong = structure(message, &within.within(ItemKind::ValueFor, &key, operation_node.mark));
                return guessing(wrong, similar(&operation, ["append", "replace"].into_iter()));
            }
        }
    }
    Ok(out)
}
