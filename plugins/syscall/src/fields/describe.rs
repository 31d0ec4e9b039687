//! The field table as the plugin interface wants it: two parallel JSON arrays.

use serde_json::{Value, json};

use super::spec::{Class, Field};
use super::table::CLASSES;

fn entries() -> impl Iterator<Item = (&'static Class, &'static Field)> {
    CLASSES.iter().flat_map(|class| class.fields.iter().map(move |field| (class, field)))
}

/// The answer of `get_fields`: what every host of the plugin interface understands.
#[must_use]
pub fn fields_json() -> String {
    Value::Array(entries().map(|(_, field)| plain(field)).collect()).to_string()
}

fn plain(field: &Field) -> Value {
    let mut out = json!({
        "name": field.name,
        "type": field.ty.plugin_name(),
        "display": field.display,
        "desc": field.desc,
    });
    if field.list {
        out["isList"] = true.into();
    }
    if let Some(arg) = field.arg {
        out["arg"] = json!({"isRequired": arg.required, "isIndex": arg.index, "isKey": arg.key});
    }
    if field.table_only {
        out["properties"] = json!(["hidden"]);
    }
    out
}

/// The details beside `get_fields`, entry for entry: exact types, flags, print formats, how conditions see the values.
#[must_use]
pub fn details_json() -> String {
    Value::Array(entries().map(|(class, field)| details(class, field)).collect()).to_string()
}

fn details(class: &Class, field: &Field) -> Value {
    let arg = field.arg.unwrap_or_default();
    let mut flags: Vec<&str> = field.flag_names().collect();
    flags.extend(arg.index.then_some("arg_index"));
    flags.extend(arg.key.then_some("arg_key"));
    json!({
        "type": field.ty.name(),
        "format": field.format.name(),
        "flags": flags,
        "match": field.matching.name(),
        "class": class.name,
        "class_desc": class.desc,
        "dotted": arg.dotted,
    })
}
