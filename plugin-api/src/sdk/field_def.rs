//! Descriptions of fields, and their JSON for the host.

use serde::Serialize;

use crate::raw::FieldType;

bitflags::bitflags! {
    /// Properties of a field.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct FieldFlags: u32 {
        /// Only in conditions.
        const FILTER_ONLY = 1;
        /// Only in outputs.
        const PRINT_ONLY = 1 << 1;
        /// Not listed for people ("hidden").
        const TABLE_ONLY = 1 << 2;
        /// Replaced by another field.
        const DEPRECATED = 1 << 3;
        /// Cannot be an argument of a transformer.
        const NO_TRANSFORMER = 1 << 4;
        /// Cannot stand right of an operator.
        const NO_RHS = 1 << 5;
        /// Of interest when looking at one event.
        const INFO = 1 << 6;
        /// Of interest when looking at a conversation.
        const CONVERSATION = 1 << 7;
        /// Suggested for outputs ("addOutput").
        const FORMAT_SUGGESTED = 1 << 8;
    }
}

impl FieldFlags {
    /// Names of the flags in `plugin_lanner_get_field_details`.
    const NAMES: [(Self, &'static str); 9] = [
        (Self::FILTER_ONLY, "filter_only"),
        (Self::PRINT_ONLY, "print_only"),
        (Self::TABLE_ONLY, "table_only"),
        (Self::DEPRECATED, "deprecated"),
        (Self::NO_TRANSFORMER, "no_transformer"),
        (Self::NO_RHS, "no_rhs"),
        (Self::INFO, "info"),
        (Self::CONVERSATION, "conversation"),
        (Self::FORMAT_SUGGESTED, "format_suggested"),
    ];
}

/// Which argument a field takes in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct ArgSpec {
    /// It must be there.
    pub required: bool,
    /// It may be a number.
    pub index: bool,
    /// It may be a text.
    pub key: bool,
    /// It may also be written after a dot (Lanner's addition).
    pub dotted: bool,
}

impl ArgSpec {
    /// No argument.
    pub const NONE: Self = Self { required: false, index: false, key: false, dotted: false };
}

/// How numbers are written (Lanner's addition).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "named as in the event schema")]
pub enum PrintFormat {
    Na,
    #[default]
    Dec,
    Hex,
    Oct,
    Id,
    Dir,
    Padded10,
}

/// How a condition sees a field that can have several values (Lanner's addition).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// One value, or a list when the field is a list.
    #[default]
    One,
    /// True if any value satisfies the operator, `!=` included.
    Any,
    /// True if any value satisfies the operator, but `!=` is the negation of `=`.
    Either,
    /// Printed as text, compared by address.
    Host,
}

/// A field of a plugin. Made for static tables: `FieldDef { name: "…", ty: …, ..FieldDef::EMPTY }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDef {
    /// Name: `class.what`.
    pub name: &'static str,
    /// Type of the value. Beside the API's seven types any type that fits one of them, see [`FieldDef::abi_type`].
    pub ty: FieldType,
    /// Whether it is a list.
    pub list: bool,
    /// The argument.
    pub arg: ArgSpec,
    /// Short name for people; may be empty.
    pub display: &'static str,
    /// What it is; not empty.
    pub desc: &'static str,
    /// Properties.
    pub flags: FieldFlags,
    /// How numbers are written.
    pub format: PrintFormat,
    /// How conditions see several values.
    pub matching: Matching,
    /// Class under which it is listed; empty for the plugin's own.
    pub class: &'static str,
    /// What the class is; empty for the plugin's own.
    pub class_desc: &'static str,
}

impl FieldDef {
    /// A description without name, to fill in.
    pub const EMPTY: Self = Self {
        name: "",
        ty: FieldType::STRING,
        list: false,
        arg: ArgSpec::NONE,
        display: "",
        desc: "",
        flags: FieldFlags::empty(),
        format: PrintFormat::Dec,
        matching: Matching::One,
        class: "",
        class_desc: "",
    };

    /// The type of the plain ABI that is nearest to [`FieldDef::ty`]: what a host sees that knows nothing of Lanner's
    /// field details.
    #[must_use]
    pub const fn abi_type(&self) -> FieldType {
        nearest_abi_type(self.ty)
    }
}

/// See [`FieldDef::abi_type`].
const fn nearest_abi_type(ty: FieldType) -> FieldType {
    match ty {
        FieldType::RELTIME => FieldType::RELTIME,
        FieldType::ABSTIME => FieldType::ABSTIME,
        FieldType::BOOL => FieldType::BOOL,
        FieldType::IPADDR | FieldType::IPV4ADDR | FieldType::IPV6ADDR => FieldType::IPADDR,
        FieldType::IPNET | FieldType::IPV4NET | FieldType::IPV6NET => FieldType::IPNET,
        FieldType::INT8
        | FieldType::INT16
        | FieldType::INT32
        | FieldType::INT64
        | FieldType::UINT8
        | FieldType::UINT16
        | FieldType::UINT32
        | FieldType::UINT64
        | FieldType::ERRNO
        | FieldType::FD
        | FieldType::PID
        | FieldType::SYSCALLID
        | FieldType::SIGTYPE
        | FieldType::PORT
        | FieldType::L4PROTO
        | FieldType::SOCKFAMILY
        | FieldType::FLAGS8
        | FieldType::FLAGS16
        | FieldType::FLAGS32
        | FieldType::UID
        | FieldType::GID
        | FieldType::DOUBLE
        | FieldType::SIGSET
        | FieldType::MODE
        | FieldType::ENUMFLAGS8
        | FieldType::ENUMFLAGS16
        | FieldType::ENUMFLAGS32
        | FieldType::FD32
        | FieldType::PID32 => FieldType::UINT64,
        _ => FieldType::STRING,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArgJson {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_required: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_index: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_key: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FieldJson<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    ty: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_list: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    arg: Option<ArgJson>,
    #[serde(skip_serializing_if = "str::is_empty")]
    display: &'a str,
    desc: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    add_output: bool,
}

/// The JSON that `get_fields` returns.
pub(crate) fn fields_json<'a>(defs: impl Iterator<Item = &'a FieldDef>) -> serde_json::Result<String> {
    let fields: Vec<_> = defs
        .map(|d| {
            let named = [
                (FieldFlags::TABLE_ONLY, "hidden"),
                (FieldFlags::INFO, "info"),
                (FieldFlags::CONVERSATION, "conversation"),
            ];
            FieldJson {
                name: d.name,
                ty: d.abi_type().name().unwrap_or("string"),
                is_list: d.list,
                arg: (d.arg != ArgSpec::NONE).then_some(ArgJson {
                    is_required: d.arg.required,
                    is_index: d.arg.index,
                    is_key: d.arg.key,
                }),
                display: d.display,
                desc: if d.desc.is_empty() { d.name } else { d.desc },
                properties: named.iter().filter(|(f, _)| d.flags.contains(*f)).map(|(_, n)| *n).collect(),
                add_output: d.flags.contains(FieldFlags::FORMAT_SUGGESTED),
            }
        })
        .collect();
    serde_json::to_string(&fields)
}

#[derive(Serialize)]
struct DetailJson<'a> {
    #[serde(rename = "type")]
    ty: &'a str,
    format: PrintFormat,
    flags: Vec<&'a str>,
    #[serde(rename = "match")]
    matching: Matching,
    class: &'a str,
    class_desc: &'a str,
    dotted: bool,
}

/// The JSON that `lanner_get_field_details` returns.
pub(crate) fn details_json<'a>(defs: impl Iterator<Item = &'a FieldDef>) -> serde_json::Result<String> {
    let details: Vec<_> = defs
        .map(|d| {
            let mut flags: Vec<_> =
                FieldFlags::NAMES.iter().filter(|(f, _)| d.flags.contains(*f)).map(|(_, n)| *n).collect();
            let arg = d.arg;
            flags.extend((arg.required).then_some("arg_required"));
            flags.extend((!arg.required && (arg.index || arg.key)).then_some("arg_allowed"));
            flags.extend(arg.index.then_some("arg_index"));
            flags.extend(arg.key.then_some("arg_key"));
            DetailJson {
                ty: if d.ty == FieldType::STRING { "charbuf" } else { d.ty.name().unwrap_or("charbuf") },
                format: d.format,
                flags,
                matching: d.matching,
                class: d.class,
                class_desc: d.class_desc,
                dotted: arg.dotted,
            }
        })
        .collect();
    serde_json::to_string(&details)
}
