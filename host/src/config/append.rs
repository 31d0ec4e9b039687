//! The lists `append_output` and `rules`.

use super::error::ConfigError;
use super::output::{AppendOutput, RuleSelection};
use super::settings::Reader;
use super::tree::Node;

/// Reads `append_output`.
pub(super) fn append_output(read: Reader<'_>) -> Result<Vec<AppendOutput>, ConfigError> {
    let items = read.tree.get("append_output").map(Node::items).unwrap_or_default();
    items
        .iter()
        .enumerate()
        .map(|(i, item)| one(item).map_err(|why| read.wrong(format!("append_output[{i}]: {why}"))))
        .collect()
}

fn one(item: &Node) -> Result<AppendOutput, String> {
    if !matches!(item, Node::Map(_)) {
        return Err("it is not a map".into());
    }
    let mut entry = AppendOutput::default();
    let text = |node: &Node, key: &str| match node.get(key) {
        None => Ok(None),
        Some(value) => value.text().map(|t| Some(t.to_owned())).ok_or_else(|| format!("'{key}' is not a text")),
    };
    if let Some(condition) = item.get("match") {
        entry.source = text(condition, "source")?.filter(|s| !s.is_empty());
        entry.rule = text(condition, "rule")?.filter(|s| !s.is_empty());
        if let Some(Node::Seq(tags)) = condition.get("tags") {
            entry.tags = tags
                .iter()
                .map(|tag| tag.text().map(str::to_owned).ok_or("'tags' holds something that is not a text"))
                .collect::<Result<_, _>>()?;
            entry.tags.sort();
            entry.tags.dedup();
        }
    }
    entry.extra_output = text(item, "extra_output")?.filter(|s| !s.is_empty());
    match item.get("extra_fields") {
        None => {}
        Some(Node::Seq(fields)) => fields.iter().try_for_each(|field| extra_field(&mut entry, field))?,
        Some(_) => return Err("'extra_fields' is not a list".into()),
    }
    if let Some(suggested) = item.get("suggested_output") {
        entry.suggested_output = suggested.bool().ok_or("'suggested_output' is neither true nor false")?;
    }
    entry.raw_fields.sort();
    entry.raw_fields.dedup();
    entry.formatted_fields.sort();
    Ok(entry)
}

fn extra_field(entry: &mut AppendOutput, field: &Node) -> Result<(), String> {
    let known = |entry: &AppendOutput, key: &str| entry.formatted_fields.iter().any(|(k, _)| k == key);
    match field {
        Node::Scalar(name) if known(entry, name) => Err(format!("extra field '{name}' is defined twice")),
        Node::Scalar(name) => {
            entry.raw_fields.push(name.clone());
            Ok(())
        }
        Node::Map(pairs) => {
            let [(key, Node::Scalar(format))] = pairs.as_slice() else {
                return Err("an item of 'extra_fields' is neither a field name nor one 'key: format' pair".into());
            };
            if known(entry, key) || entry.raw_fields.contains(key) {
                return Err(format!("extra field '{key}' is defined twice"));
            }
            entry.formatted_fields.push((key.clone(), format.clone()));
            Ok(())
        }
        _ => Err("an item of 'extra_fields' is neither a field name nor one 'key: format' pair".into()),
    }
}

/// Reads `rules`.
pub(super) fn rule_selection(read: Reader<'_>) -> Result<Vec<RuleSelection>, ConfigError> {
    let items = read.tree.get("rules").map(Node::items).unwrap_or_default();
    items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            let (enable, body) = match (item.get("enable"), item.get("disable")) {
                (Some(body), _) => (true, body),
                (None, Some(body)) => (false, body),
                (None, None) => return Err(read.wrong(format!("rules[{i}] has neither 'enable' nor 'disable'"))),
            };
            let text = |key: &str| body.get(key).and_then(Node::text).filter(|t| !t.is_empty()).map(str::to_owned);
            match (text("rule"), text("tag")) {
                (None, None) => Err(read.wrong(format!("rules[{i}] names neither a 'rule' nor a 'tag'"))),
                (rule, tag) => Ok(RuleSelection { enable, rule, tag }),
            }
        })
        .collect()
}
