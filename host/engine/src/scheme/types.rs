//! Types of field values: the names and numbers of the plugin ABI and of the capture format.

use std::fmt;

macro_rules! field_types {
    ($($variant:ident = $number:literal $name:literal,)*) => {
        /// The type of a field's value. The numbers are those of the plugin ABI and of capture files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum FieldType {
            $(#[doc = concat!("`", $name, "`")] $variant = $number,)*
        }

        impl FieldType {
            /// Every type, in the order of the numbers.
            pub const ALL: &[FieldType] = &[$(FieldType::$variant,)*];

            /// The lower-case name without `PT_`, such as `charbuf`.
            pub fn name(self) -> &'static str {
                match self { $(FieldType::$variant => $name,)* }
            }

            /// The type with this lower-case name without `PT_`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(FieldType::$variant),)* _ => None }
            }

            /// The type with this number.
            pub fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(FieldType::$variant),)* _ => None }
            }
        }
    };
}

field_types! {
    None = 0 "none", Int8 = 1 "int8", Int16 = 2 "int16", Int32 = 3 "int32", Int64 = 4 "int64",
    Uint8 = 5 "uint8", Uint16 = 6 "uint16", Uint32 = 7 "uint32", Uint64 = 8 "uint64",
    Charbuf = 9 "charbuf", Bytebuf = 10 "bytebuf", Errno = 11 "errno", Sockaddr = 12 "sockaddr",
    Socktuple = 13 "socktuple", Fd = 14 "fd", Pid = 15 "pid", Fdlist = 16 "fdlist", Fspath = 17 "fspath",
    SyscallId = 18 "syscallid", SigType = 19 "sigtype", RelTime = 20 "reltime", AbsTime = 21 "abstime",
    Port = 22 "port", L4Proto = 23 "l4proto", SockFamily = 24 "sockfamily", Bool = 25 "bool",
    Ipv4Addr = 26 "ipv4addr", Dyn = 27 "dyn", Flags8 = 28 "flags8", Flags16 = 29 "flags16",
    Flags32 = 30 "flags32", Uid = 31 "uid", Gid = 32 "gid", Double = 33 "double", SigSet = 34 "sigset",
    CharbufArray = 35 "charbufarray", CharbufPairArray = 36 "charbuf_pair_array", Ipv4Net = 37 "ipv4net",
    Ipv6Addr = 38 "ipv6addr", Ipv6Net = 39 "ipv6net", IpAddr = 40 "ipaddr", IpNet = 41 "ipnet",
    Mode = 42 "mode", FsRelPath = 43 "fsrelpath", EnumFlags8 = 44 "enumflags8",
    EnumFlags16 = 45 "enumflags16", EnumFlags32 = 46 "enumflags32", Fd32 = 47 "fd32", Pid32 = 48 "pid32",
}

/// How a value of a type is stored in the arena and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueClass {
    /// A signed integer, sign-extended to 64 bits.
    Signed,
    /// An unsigned integer, zero-extended to 64 bits.
    Unsigned,
    /// `true` is any number but 0.
    Bool,
    /// The bits of an IEEE double.
    Double,
    /// Text up to the first NUL.
    Text,
    /// Bytes of any value.
    Bytes,
    /// 4 or 16 address bytes in network order.
    Address,
    /// 4 or 16 address bytes of a network field: compared with networks.
    Network,
    /// No condition can compare this.
    Opaque,
}

impl FieldType {
    /// The storage class of values of this type.
    pub fn class(self) -> ValueClass {
        use FieldType as T;
        match self {
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::Errno | T::Fd | T::Pid | T::Fd32 | T::Pid32 => {
                ValueClass::Signed
            }
            T::Uint8 | T::Uint16 | T::Uint32 | T::Uint64 | T::SyscallId | T::SigType | T::RelTime | T::AbsTime => {
                ValueClass::Unsigned
            }
            T::Port | T::L4Proto | T::SockFamily | T::Flags8 | T::Flags16 | T::Flags32 => ValueClass::Unsigned,
            T::Uid | T::Gid | T::SigSet | T::Mode | T::EnumFlags8 | T::EnumFlags16 | T::EnumFlags32 => {
                ValueClass::Unsigned
            }
            T::Bool => ValueClass::Bool,
            T::Double => ValueClass::Double,
            T::Charbuf | T::Fspath | T::FsRelPath => ValueClass::Text,
            T::Bytebuf => ValueClass::Bytes,
            T::IpAddr | T::Ipv4Addr | T::Ipv6Addr => ValueClass::Address,
            T::IpNet | T::Ipv4Net | T::Ipv6Net => ValueClass::Network,
            T::None | T::Sockaddr | T::Socktuple | T::Fdlist | T::Dyn | T::CharbufArray | T::CharbufPairArray => {
                ValueClass::Opaque
            }
        }
    }

    /// The width of an integer type in bits; 64 for every other type.
    pub fn bits(self) -> u32 {
        use FieldType as T;
        match self {
            T::Int8 | T::Uint8 | T::SigType | T::L4Proto | T::SockFamily | T::Flags8 | T::EnumFlags8 => 8,
            T::Int16 | T::Uint16 | T::SyscallId | T::Port | T::Flags16 | T::EnumFlags16 => 16,
            T::Int32 | T::Uint32 | T::Flags32 | T::EnumFlags32 | T::Uid | T::Gid | T::Mode | T::SigSet => 32,
            T::Fd32 | T::Pid32 => 32,
            _ => 64,
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a number is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PrintFormat {
    /// No particular form: decimal.
    #[default]
    Na,
    /// Decimal.
    Dec,
    /// Upper-case hexadecimal without a prefix.
    Hex,
    /// Octal.
    Oct,
    /// An identifier: decimal, never scaled.
    Id,
    /// An event's direction.
    Dir,
    /// Decimal padded with zeros to nine digits (the fraction of a second).
    Padded10,
}

impl PrintFormat {
    /// The form with this name: `na`, `dec`, `hex`, `oct`, `id`, `dir` or `padded10`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "na" => Self::Na,
            "dec" => Self::Dec,
            "hex" => Self::Hex,
            "oct" => Self::Oct,
            "id" => Self::Id,
            "dir" => Self::Dir,
            "padded10" => Self::Padded10,
            _ => return None,
        })
    }
}
