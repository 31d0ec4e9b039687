//! Parameters of events: types, print formats, names of values.

/// One parameter of an event.
#[derive(Debug)]
pub struct ParamInfo {
    /// Name as `evt.arg.NAME` uses it.
    pub name: &'static str,
    /// Encoding on the wire.
    pub ty: ParamType,
    /// How numbers are printed.
    pub format: PrintFormat,
    /// What some types need beyond this.
    pub extra: ParamExtra,
}

/// What a parameter's type needs to be understood.
#[derive(Clone, Copy, Debug)]
pub enum ParamExtra {
    /// Nothing.
    None,
    /// Names of the values (flags, enumerations, modes).
    Flags(&'static FlagTable),
    /// The path is relative to the descriptor in this parameter.
    DirFd(u8),
    /// The first byte selects the type of what follows.
    Dyn(&'static [DynVariant]),
}

/// One shape of a dynamic parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynVariant {
    /// Encoding of the bytes after the selector.
    pub ty: ParamType,
    /// How numbers are printed.
    pub format: PrintFormat,
}

/// The dynamic parameters of the table, indexed by selector.
pub mod dynamic {
    use super::{DynVariant, ParamType, PrintFormat};

    const fn v(ty: ParamType, format: PrintFormat) -> DynVariant {
        DynVariant { ty, format }
    }

    /// Value of a socket option: bytes, errno, u32, u64, time.
    pub static SOCKOPT: [DynVariant; 5] = [
        v(ParamType::Bytebuf, PrintFormat::Hex),
        v(ParamType::Errno, PrintFormat::Dec),
        v(ParamType::Uint32, PrintFormat::Dec),
        v(ParamType::Uint64, PrintFormat::Dec),
        v(ParamType::Reltime, PrintFormat::Dec),
    ];
    /// Address or data of ptrace: word, signal.
    pub static PTRACE: [DynVariant; 2] =
        [v(ParamType::Uint64, PrintFormat::Hex), v(ParamType::Sigtype, PrintFormat::Dec)];
    /// Result of bpf: descriptor, errno.
    pub static BPF: [DynVariant; 2] = [v(ParamType::Fd, PrintFormat::Dec), v(ParamType::Errno, PrintFormat::Dec)];
    /// Argument of keyctl: number, text.
    pub static KEYCTL: [DynVariant; 2] =
        [v(ParamType::Int64, PrintFormat::Dec), v(ParamType::Charbuf, PrintFormat::Na)];
}

/// Names of the values of one kind of flag, enumeration or mode.
#[derive(Debug)]
pub struct FlagTable {
    /// Name of the table (`file_flags`).
    pub name: &'static str,
    /// Names and values in the order of printing.
    pub entries: &'static [FlagName],
}

/// A named value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagName {
    /// Name as printed.
    pub name: &'static str,
    /// Wire value.
    pub value: u32,
}

/// How a number is printed; the numbers are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum PrintFormat {
    /// Not a number.
    Na = 0,
    /// Decimal.
    Dec = 1,
    /// Hexadecimal.
    Hex = 2,
    /// Decimal padded to ten digits.
    PaddedDec10 = 3,
    /// An identifier: decimal without grouping.
    Id = 4,
    /// Direction of an event: `<` or `>`.
    Dir = 5,
    /// Octal.
    Oct = 6,
}

/// Encoding of a value; the numbers are upstream's and the same as the plugin ABI's field types where those exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs, reason = "the names say it; encodings are in lanner_plugin_api::wire")]
pub enum ParamType {
    None = 0,
    Int8 = 1,
    Int16 = 2,
    Int32 = 3,
    Int64 = 4,
    Uint8 = 5,
    Uint16 = 6,
    Uint32 = 7,
    Uint64 = 8,
    Charbuf = 9,
    Bytebuf = 10,
    Errno = 11,
    Sockaddr = 12,
    Socktuple = 13,
    Fd = 14,
    Pid = 15,
    Fdlist = 16,
    Fspath = 17,
    Syscallid = 18,
    Sigtype = 19,
    Reltime = 20,
    Abstime = 21,
    Port = 22,
    L4proto = 23,
    Sockfamily = 24,
    Bool = 25,
    Ipv4addr = 26,
    Dyn = 27,
    Flags8 = 28,
    Flags16 = 29,
    Flags32 = 30,
    Uid = 31,
    Gid = 32,
    Double = 33,
    Sigset = 34,
    Charbufarray = 35,
    CharbufPairArray = 36,
    Ipv4net = 37,
    Ipv6addr = 38,
    Ipv6net = 39,
    Ipaddr = 40,
    Ipnet = 41,
    Mode = 42,
    Fsrelpath = 43,
    Enumflags8 = 44,
    Enumflags16 = 45,
    Enumflags32 = 46,
    Fd32 = 47,
    Pid32 = 48,
}

impl ParamType {
    /// Every type, indexed by number.
    pub const ALL: [Self; 49] = {
        use ParamType::*;
        [
            None,
            Int8,
            Int16,
            Int32,
            Int64,
            Uint8,
            Uint16,
            Uint32,
            Uint64,
            Charbuf,
            Bytebuf,
            Errno,
            Sockaddr,
            Socktuple,
            Fd,
            Pid,
            Fdlist,
            Fspath,
            Syscallid,
            Sigtype,
            Reltime,
            Abstime,
            Port,
            L4proto,
            Sockfamily,
            Bool,
            Ipv4addr,
            Dyn,
            Flags8,
            Flags16,
            Flags32,
            Uid,
            Gid,
            Double,
            Sigset,
            Charbufarray,
            CharbufPairArray,
            Ipv4net,
            Ipv6addr,
            Ipv6net,
            Ipaddr,
            Ipnet,
            Mode,
            Fsrelpath,
            Enumflags8,
            Enumflags16,
            Enumflags32,
            Fd32,
            Pid32,
        ]
    };

    /// The type of this number, `None` if there is none.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// Length in bytes of types that have a fixed one.
    pub const fn fixed_len(self) -> Option<usize> {
        use ParamType::*;
        Some(match self {
            Int8 | Uint8 | Sigtype | L4proto | Sockfamily | Flags8 | Enumflags8 => 1,
            Int16 | Uint16 | Syscallid | Port | Flags16 | Enumflags16 => 2,
            Int32 | Uint32 | Bool | Ipv4addr | Flags32 | Uid | Gid | Sigset | Mode | Enumflags32 | Fd32 | Pid32 => 4,
            Int64 | Uint64 | Errno | Fd | Pid | Reltime | Abstime | Double => 8,
            Ipv6addr => 16,
            _ => return Option::None,
        })
    }
}
