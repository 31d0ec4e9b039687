//! The list of fields (`--list`), as text, Markdown or JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lanner_engine::scheme::{FieldFlags, FieldInfo, Scheme};
use serde_json::{Value, json};

use crate::app::cli::ListFormat;

/// Fields of one kind and the sources that have them.
#[derive(Debug)]
pub struct FieldClass {
    /// Its name.
    pub name: String,
    /// What the fields are about; may be empty.
    pub desc: String,
    /// The sources whose events have these fields.
    pub sources: BTreeSet<String>,
    /// The fields in order; those that are only for formats are not among them.
    pub fields: Vec<FieldInfo>,
}

/// Groups the fields of several sources (or of the only one wanted) by class. `describe` gives a class's description.
pub fn classes<'s>(
    schemes: impl IntoIterator<Item = &'s Scheme>,
    describe: impl Fn(&str) -> String,
) -> Vec<FieldClass> {
    let mut classes: Vec<FieldClass> = Vec::new();
    for scheme in schemes {
        for field in scheme.fields() {
            let class = match classes.iter_mut().position(|class| *class.name == *field.class) {
                Some(at) => at,
                None => {
                    classes.push(FieldClass {
                        name: field.class.to_string(),
                        desc: describe(&field.class),
                        sources: BTreeSet::new(),
                        fields: Vec::new(),
                    });
                    classes.len() - 1
                }
            };
            let Some(class) = classes.get_mut(class) else { continue };
            class.sources.insert(scheme.source().to_owned());
            if !field.flags.contains(FieldFlags::PRINT_ONLY) && class.fields.iter().all(|f| f.name != field.name) {
                class.fields.push(field.clone());
            }
        }
    }
    classes
}

/// The list in the form asked for, ending in a line feed.
pub fn render(classes: &[FieldClass], names_only: bool, verbose: bool, format: ListFormat) -> String {
    let mut out = String::new();
    match (format, names_only) {
        (ListFormat::Json, true) => {
            let names: Vec<&str> = classes.iter().flat_map(listed).map(|field| &*field.name).collect();
            out = pretty(&json!({ "fieldnames": names }));
        }
        (ListFormat::Json, false) => {
            let list: Vec<Value> = classes.iter().filter(|class| listed(class).next().is_some()).map(as_json).collect();
            out = pretty(&json!({ "fieldclasses": list }));
        }
        (_, true) => classes.iter().flat_map(listed).for_each(|field| out.extend([&*field.name, "\n"])),
        (ListFormat::Markdown, false) => classes.iter().for_each(|class| markdown(class, &mut out)),
        (ListFormat::Text, false) => classes.iter().for_each(|class| text(class, verbose, &mut out)),
    }
    out
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The fields shown: neither those for tables only nor deprecated ones.
fn listed(class: &FieldClass) -> impl Iterator<Item = &FieldInfo> {
    let hidden = FieldFlags::TABLE_ONLY | FieldFlags::DEPRECATED;
    class.fields.iter().filter(move |field| !field.flags.intersects(hidden))
}

fn type_name(field: &FieldInfo) -> String {
    field.ty.name().to_ascii_uppercase()
}

fn as_json(class: &FieldClass) -> Value {
    let fields: Vec<Value> = listed(class)
        .map(|field| {
            let argument = field.arg.allowed().then(|| {
                let kinds = [(field.arg.index, "INDEX"), (field.arg.key, "KEY")];
                let kinds: Vec<&str> = kinds.into_iter().filter(|(takes, _)| *takes).map(|(_, kind)| kind).collect();
                json!({"required": field.arg.required, "type": kinds})
            });
            json!({
                "name": &*field.name,
                "type": type_name(field),
                "desc": &*field.desc,
                "is_list": field.list,
                "argument": argument,
            })
        })
        .collect();
    let mut object = json!({"name": class.name, "event_sources": class.sources, "fields": fields});
    if let (Value::Object(map), false) = (&mut object, class.desc.is_empty()) {
        map.insert("desc".into(), class.desc.clone().into());
    }
    object
}

fn markdown(class: &FieldClass, out: &mut String) {
    if listed(class).next().is_none() {
        return;
    }
    line(out, format_args!("## Field Class: {}\n", class.name));
    if !class.desc.is_empty() {
        line(out, format_args!("{}\n", class.desc));
    }
    line(out, format_args!("Event Sources: {} \n", joined(&class.sources)));
    line(out, format_args!("Name | Type | Description\n:----|:-----|:-----------"));
    for field in listed(class) {
        let ty = type_name(field);
        let ty = if field.list { format!("LIST({ty})") } else { ty };
        line(out, format_args!("`{}` | {ty} | {}", field.name, field.desc));
    }
    out.push('\n');
}

/// The column at which descriptions begin, and the width of the whole list.
const RIGHT: usize = 30;
const WIDTH: usize = 120;

fn text(class: &FieldClass, verbose: bool, out: &mut String) {
    if listed(class).next().is_none() {
        return;
    }
    line(out, format_args!("-------------------------------"));
    line(out, format_args!("{:RIGHT$}{}", "Field Class:", class.name));
    if !class.desc.is_empty() {
        line(out, format_args!("{:RIGHT$}{}", "Description:", wrapped(&class.desc)));
    }
    line(out, format_args!("{:RIGHT$}{} ", "Event Sources:", joined(&class.sources)));
    out.push('\n');
    for field in listed(class) {
        if field.name.len() > RIGHT {
            line(out, format_args!("{}", field.name));
            line(out, format_args!("{:RIGHT$}{}", "", wrapped(&described(field, verbose))));
        } else {
            line(out, format_args!("{:RIGHT$}{}", field.name, wrapped(&described(field, verbose))));
        }
    }
    out.push('\n');
}

fn described(field: &FieldInfo, verbose: bool) -> String {
    let arg = field.arg;
    let tags = [
        (arg.allowed() && !arg.required, "ARG_ALLOWED"),
        (arg.index, "ARG_INDEX"),
        (arg.key, "ARG_KEY"),
        (arg.required, "ARG_REQUIRED"),
        (field.list, "EPF_IS_LIST"),
        (field.flags.contains(FieldFlags::NO_RHS), "EPF_NO_RHS"),
        (field.flags.contains(FieldFlags::NO_TRANSFORMER), "EPF_NO_TRANSFORMER"),
        (field.flags.contains(FieldFlags::FILTER_ONLY), "FILTER_ONLY"),
    ];
    let tags: Vec<&str> = tags.into_iter().filter(|(set, _)| *set).map(|(_, tag)| tag).collect();
    let mut text = String::new();
    if verbose {
        text = format!("(Type: {}) ", type_name(field));
    }
    if !tags.is_empty() {
        text.push_str(&format!("({}) ", tags.join(",")));
    }
    text + &field.desc
}

/// Breaks a text into lines of the right column; each word is followed by a blank.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut len = 0;
    for word in text.split_whitespace() {
        if len + word.len() + 1 > WIDTH - RIGHT {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', RIGHT));
            len = 0;
        }
        len += word.len() + 1;
        out.extend([word, " "]);
    }
    out
}

fn joined(sources: &BTreeSet<String>) -> String {
    sources.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::generic::{self, Generic};
    use lanner_engine::scheme::{ArgSpec, FieldType};

    fn listed_classes() -> Vec<FieldClass> {
        let mut builder = Scheme::builder("syscall");
        for (_, field) in Generic::table() {
            builder.field(field).unwrap();
        }
        let mut field = FieldInfo::new("proc.aname", FieldType::Charbuf);
        field.class = "process".into();
        field.desc = "the name of an ancestor".into();
        field.arg = ArgSpec { index: true, ..ArgSpec::NONE };
        builder.field(field.clone()).unwrap();
        field.name = "proc.old".into();
        field.flags = FieldFlags::DEPRECATED;
        builder.field(field).unwrap();
        let syscall = builder.build();
        let mut builder = Scheme::builder("other");
        for (_, field) in Generic::table() {
            builder.field(field).unwrap();
        }
        classes([&*syscall, &*builder.build()], |class| {
            if class == generic::CLASS.0 { generic::CLASS.1.to_owned() } else { String::new() }
        })
    }

    #[test]
    fn json_has_falcos_shape() {
        let text = render(&listed_classes(), false, false, ListFormat::Json);
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["fieldclasses"][0]["name"], "evt");
        assert_eq!(json["fieldclasses"][0]["event_sources"], json!(["other", "syscall"]));
        assert_eq!(json["fieldclasses"][0]["fields"][0]["argument"], Value::Null);
        assert_eq!(
            json["fieldclasses"][1]["fields"],
            json!([{
                "name": "proc.aname", "type": "CHARBUF", "desc": "the name of an ancestor", "is_list": false,
                "argument": {"required": false, "type": ["INDEX"]}
            }])
        );
    }

    #[test]
    fn names_come_without_deprecated_ones() {
        let names = render(&listed_classes(), true, false, ListFormat::Text);
        assert!(names.ends_with("evt.hostname\nproc.aname\n"), "{names}");
    }

    #[test]
    fn text_is_two_columns_wide() {
        let text = render(&listed_classes(), false, true, ListFormat::Text);
        assert!(text.lines().all(|line| line.len() <= WIDTH + 1), "{text}");
        assert!(
            text.contains("proc.aname                    (Type: CHARBUF) (ARG_ALLOWED,ARG_INDEX) the name of"),
            "{text}"
        );
        assert!(text.contains("Event Sources:                other syscall \n"), "{text}");
    }
}
