//! What one field is: the entry of the field table, with the function that extracts it.
//!
//! One entry is the only place where a field is described: what the plugin tells its host (`get_fields` and the details
//! beside it), the printed list and the documentation are all read from it.

use super::extract::Extract;
use super::keys::Key;

/// Type of a field's value. The numbers are those of the event table's parameter types (`PT_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum FieldType {
    /// Signed, 16 bits.
    I16 = 2,
    /// Signed, 32 bits.
    I32 = 3,
    /// Signed, 64 bits.
    I64 = 4,
    /// Unsigned, 32 bits.
    U32 = 7,
    /// Unsigned, 64 bits.
    U64 = 8,
    /// Text; the bytes are the program's own and need not be UTF-8.
    Text = 9,
    /// Raw bytes.
    Bytes = 10,
    /// A span of time in nanoseconds.
    RelTime = 20,
    /// A point in time, nanoseconds since the epoch.
    AbsTime = 21,
    /// A port number.
    Port = 22,
    /// True or false.
    Bool = 25,
    /// The type is known only with the argument (`evt.rawarg`).
    Dyn = 27,
    /// Floating point.
    F64 = 33,
    /// An IPv4 or IPv6 address.
    IpAddr = 40,
    /// An address that conditions compare with networks.
    IpNet = 41,
}

impl FieldType {
    /// The `PT_*` number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The type's name, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::Text => "charbuf",
            Self::Bytes => "bytebuf",
            Self::RelTime => "reltime",
            Self::AbsTime => "abstime",
            Self::Port => "port",
            Self::Bool => "bool",
            Self::Dyn => "dyn",
            Self::F64 => "double",
            Self::IpAddr => "ipaddr",
            Self::IpNet => "ipnet",
        }
    }
}

/// How a number is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrintFormat {
    /// The type's own form.
    Na,
    /// Decimal.
    Dec,
    /// Hexadecimal.
    Hex,
    /// Decimal, padded with zeros to ten digits.
    Padded10,
    /// An identifier: decimal, not to be summed or averaged.
    Id,
    /// Direction of an event.
    Dir,
    /// Octal.
    Oct,
}

impl PrintFormat {
    /// The format's name, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Na => "na",
            Self::Dec => "dec",
            Self::Hex => "hex",
            Self::Padded10 => "padded10",
            Self::Id => "id",
            Self::Dir => "dir",
            Self::Oct => "oct",
        }
    }
}

/// How a condition sees a field that has several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matching {
    /// One value, or one list.
    One,
    /// Without argument the condition looks at all values and is true if any satisfies the operator, `!=` included.
    Any,
    /// The values of both ends; true if any satisfies the operator, but `!=` is the negation of `=`.
    Either,
    /// Conditions compare the address with those of the constant's host name.
    Host,
}

/// What argument a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Arg {
    /// The field is nothing without it.
    pub required: bool,
    /// A number is accepted: `field[2]`.
    pub index: bool,
    /// A name is accepted: `field[NAME]`.
    pub key: bool,
    /// The argument may also be written `field.NAME`.
    pub dotted: bool,
}

impl Arg {
    pub(super) const fn required() -> Self {
        Self { required: true, index: false, key: false, dotted: false }
    }
    pub(super) const fn allowed() -> Self {
        Self { required: false, index: false, key: false, dotted: false }
    }
    pub(super) const fn index(mut self) -> Self {
        self.index = true;
        self
    }
    pub(super) const fn key(mut self) -> Self {
        self.key = true;
        self
    }
    pub(super) const fn dotted(mut self) -> Self {
        self.dotted = true;
        self
    }
}

/// One field: everything about it but the class.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name as conditions and formats write it.
    pub name: &'static str,
    /// Type of the value.
    pub ty: FieldType,
    /// How numbers are printed.
    pub format: PrintFormat,
    /// The argument, if one may be given.
    pub arg: Option<Arg>,
    /// How conditions see several values.
    pub matching: Matching,
    /// Short title.
    pub display: &'static str,
    /// What the value is.
    pub desc: &'static str,
    /// The value is a list.
    pub list: bool,
    /// Kept for old rules; gives a constant.
    pub deprecated: bool,
    /// Not shown in lists of fields.
    pub table_only: bool,
    /// Only for conditions.
    pub filter_only: bool,
    /// Only for output.
    pub print_only: bool,
    /// May not stand on the right-hand side of a comparison.
    pub no_rhs: bool,
    /// May not be transformed.
    pub no_transformer: bool,
    /// The value lives in memory that the next extraction reuses.
    pub unstable: bool,
    /// The key of an event that decides the value, for this argument.
    pub key: Option<(&'static str, Key)>,
    pub(super) extract: Extract,
}

impl Field {
    pub(super) const fn new(
        name: &'static str,
        ty: FieldType,
        display: &'static str,
        desc: &'static str,
        extract: Extract,
    ) -> Self {
        Self {
            name,
            ty,
            format: PrintFormat::Na,
            arg: None,
            matching: Matching::One,
            display,
            desc,
            list: false,
            deprecated: false,
            table_only: false,
            filter_only: false,
            print_only: false,
            no_rhs: false,
            no_transformer: false,
            unstable: false,
            key: None,
            extract,
        }
    }
    pub(super) const fn format(mut self, format: PrintFormat) -> Self {
        self.format = format;
        self
    }
    pub(super) const fn arg(mut self, arg: Arg) -> Self {
        self.arg = Some(arg);
        self
    }
    pub(super) const fn matching(mut self, matching: Matching) -> Self {
        self.matching = matching;
        self
    }
    pub(super) const fn list(mut self) -> Self {
        self.list = true;
        self
    }
    pub(super) const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }
    pub(super) const fn table_only(mut self) -> Self {
        self.table_only = true;
        self
    }
    pub(super) const fn filter_only(mut self) -> Self {
        self.filter_only = true;
        self
    }
    pub(super) const fn print_only(mut self) -> Self {
        self.print_only = true;
        self
    }
    pub(super) const fn no_rhs(mut self) -> Self {
        self.no_rhs = true;
        self
    }
    pub(super) const fn no_transformer(mut self) -> Self {
        self.no_transformer = true;
        self
    }
    /// Says that the key decides the value without argument.
    pub(super) const fn decided_by(self, key: Key) -> Self {
        self.decided_with("", key)
    }
    /// Says that the key decides the value with this argument.
    pub(super) const fn decided_with(mut self, arg: &'static str, key: Key) -> Self {
        self.key = Some((arg, key));
        self
    }
    pub(super) const fn unstable(mut self) -> Self {
        self.unstable = true;
        self
    }

    /// The names of the flags that are set, in the order of their bits upstream.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let arg = self.arg.unwrap_or_default();
        [
            (self.filter_only, "filter_only"),
            (self.print_only, "print_only"),
            (arg.required, "arg_required"),
            (self.table_only, "table_only"),
            (self.list, "is_list"),
            (self.arg.is_some() && !arg.required, "arg_allowed"),
            (self.deprecated, "deprecated"),
            (self.no_transformer, "no_transformer"),
            (self.no_rhs, "no_rhs"),
            (self.unstable, "no_ptr_stability"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}

/// A class of fields, as lists of fields show it.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// Name of the class.
    pub name: &'static str,
    /// What its fields tell.
    pub desc: &'static str,
    /// Its fields, in the order of their ids.
    pub fields: &'static [Field],
}
