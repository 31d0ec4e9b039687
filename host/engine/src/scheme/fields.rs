//! One field as the host describes it.

use super::{FieldType, PrintFormat};

/// A field of a [`Scheme`](super::Scheme): its position in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u32);

impl FieldId {
    pub(super) fn new(index: usize) -> Self {
        FieldId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The position in [`Scheme::fields`](super::Scheme::fields).
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which argument a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArgSpec {
    /// The field means nothing without one.
    pub required: bool,
    /// It may be a decimal number.
    pub index: bool,
    /// It may be a text.
    pub key: bool,
    /// It may also be written `name.arg`.
    pub dotted: bool,
}

impl ArgSpec {
    /// No argument at all.
    pub const NONE: ArgSpec = ArgSpec { required: false, index: false, key: false, dotted: false };

    /// Whether any form of argument is allowed.
    pub fn allowed(self) -> bool {
        self.required || self.index || self.key || self.dotted
    }
}

bitflags::bitflags! {
    /// Properties of a field that change what may be done with it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct FieldFlags: u32 {
        /// Only conditions may use it; printed it is `<NA>`.
        const FILTER_ONLY = 1 << 0;
        /// Only formats may use it.
        const PRINT_ONLY = 1 << 1;
        /// Not shown in field lists.
        const TABLE_ONLY = 1 << 2;
        /// Its use raises a warning.
        const DEPRECATED = 1 << 3;
        /// No transformer may take it.
        const NO_TRANSFORMER = 1 << 4;
        /// It cannot stand in a comparison of two fields, on either side.
        const NO_RHS = 1 << 5;
        /// Contains the event's payload for people (documentation only).
        const INFO = 1 << 6;
        /// Suitable for telling conversations apart (documentation only).
        const CONVERSATION = 1 << 7;
        /// Suggested for the output of every rule.
        const FORMAT_SUGGESTED = 1 << 8;
    }
}

impl FieldFlags {
    /// The flag of this lower-case name, as in a plugin's field details; argument and list flags are not among them.
    pub fn parse_name(name: &str) -> Option<Self> {
        FieldFlags::from_name(&name.to_ascii_uppercase())
    }
}

/// How a condition sees a field when an event has several values of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Matching {
    /// One value.
    #[default]
    One,
    /// Without argument: all values are asked for; the check is true if any value satisfies the operator, `!=` included.
    Any,
    /// The values of both ends: true if either satisfies the operator, but `!=` only if no value is equal. An event
    /// without values makes every check false.
    Either,
    /// The value in conditions is an address, compared with the addresses that the constant's host name has.
    Host,
}

impl Matching {
    /// The mode of this lower-case name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "one" => Self::One,
            "any" => Self::Any,
            "either" => Self::Either,
            "host" => Self::Host,
            _ => return None,
        })
    }
}

/// A field: what a condition or a format may ask of an event.
#[derive(Debug, Clone)]
pub struct FieldInfo {
    /// The full name, such as `proc.name`.
    pub name: Box<str>,
    /// The class it is listed under, such as `process`.
    pub class: Box<str>,
    /// A sentence for people.
    pub desc: Box<str>,
    /// A title for people; may be empty.
    pub display: Box<str>,
    /// The type of its values.
    pub ty: FieldType,
    /// Whether it has a list of values.
    pub list: bool,
    /// Its argument.
    pub arg: ArgSpec,
    /// Its properties.
    pub flags: FieldFlags,
    /// How numbers are printed.
    pub format: PrintFormat,
    /// How conditions see several values.
    pub matching: Matching,
    /// The host's own mark: who extracts the field. The engine hands it back unread.
    pub provider: u32,
}

impl FieldInfo {
    /// A scalar field without argument, flags or texts.
    pub fn new(name: &str, ty: FieldType) -> Self {
        FieldInfo {
            name: name.into(),
            class: "".into(),
            desc: "".into(),
            display: "".into(),
            ty,
            list: false,
            arg: ArgSpec::NONE,
            flags: FieldFlags::empty(),
            format: PrintFormat::Na,
            matching: Matching::One,
            provider: 0,
        }
    }
}
