//! Constants, integer newtypes, events and the other values that cross the boundary.

use core::ffi::{c_char, c_void};
use core::marker::{PhantomData, PhantomPinned};

use super::assert_layout;

/// The plugin API version that this crate mirrors: major.
pub const API_MAJOR: u32 = 3;
/// The plugin API version that this crate mirrors: minor.
pub const API_MINOR: u32 = 12;
/// The plugin API version that this crate mirrors: patch.
pub const API_PATCH: u32 = 0;
/// The plugin API version as the text that `get_required_api_version` returns.
pub const API_VERSION: &core::ffi::CStr = c"3.12.0";
/// Bytes of the error buffer that the host hands to an async event handler.
pub const MAX_ERRLEN: usize = 1024;
/// Where the payload of a plugin event begins: header 26, two lengths of 4 bytes, plugin id 4.
pub const EVENT_PAYLOAD_OFFSET: usize = 38;
/// Where the name of an async event begins: header 26, three lengths of 4 bytes, plugin id 4.
pub const ASYNC_NAME_OFFSET: usize = 42;
/// Bytes of the event header.
pub const EVENT_HEADER_LEN: usize = 26;
/// Event type of what a source plugin produces.
pub const PLUGINEVENT_E: u16 = 322;
/// Event type of an asynchronous event.
pub const ASYNCEVENT_E: u16 = 402;
/// `ts` of an event whose time the host shall set to now.
pub const TS_NOW: u64 = u64::MAX;
/// `tid` of an event that belongs to no thread.
pub const TID_NONE: u64 = u64::MAX;
/// `arg_index` of a field request without index.
pub const NO_INDEX: u64 = u64::MAX;
/// Event schema version assumed when `get_required_event_schema_version` is absent.
pub const DEFAULT_EVENT_SCHEMA_VERSION: &core::ffi::CStr = c"3.0.0";

/// Makes types that exist only behind pointers; their contents belong to the other side.
macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            _bytes: [u8; 0],
            _not_send_nor_unpin: PhantomData<(*mut u8, PhantomPinned)>,
        }
    )*};
}

opaque! {
    /// The host's side of one plugin (`ss_plugin_owner_t`).
    Owner;
    /// The plugin's state, made by `init` (`ss_plugin_t`).
    PluginState;
    /// One opened stream of events, made by `open` (`ss_instance_t`).
    Instance;
    /// A state table (`ss_plugin_table_t`).
    Table;
    /// An entry of a state table (`ss_plugin_table_entry_t`).
    TableEntry;
    /// Accessor of a field of a table's entries (`ss_plugin_table_field_t`).
    TableField;
    /// What an iterator function of a table carries along (`ss_plugin_table_iterator_state_t`).
    IteratorState;
    /// A subscribed routine (`ss_plugin_routine_t`).
    Routine;
    /// What a routine carries along (`ss_plugin_routine_state_t`).
    RoutineState;
}

/// An integer whose known values have names; unknown ones stay what they are.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident($int:ty) { $($(#[$vdoc:meta])* $value:ident = $n:expr, $text:literal;)* }) => {
        $(#[$doc])*
        #[repr(transparent)]
        #[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $int);

        #[allow(missing_docs, reason = "the name, the number and the text of each constant are its documentation")]
        impl $name {
            $($(#[$vdoc])* pub const $value: Self = Self($n);)*
            /// Every named value.
            pub const ALL: &'static [Self] = &[$(Self::$value),*];

            /// The value's name, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($n => Some($text),)*
                    _ => None,
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{}({name})", stringify!($name)),
                    None => write!(f, "{}({})", stringify!($name), self.0),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}", self.0),
                }
            }
        }
    };
}

code! {
    /// Return code (`ss_plugin_rc`).
    Rc(i32) {
        SUCCESS = 0, "success";
        FAILURE = 1, "failure";
        TIMEOUT = -1, "timeout";
        EOF = 2, "eof";
        NOT_SUPPORTED = 3, "not supported";
    }
}

code! {
    /// Type of a field's value: the seven of the API (`ss_plugin_field_type`), and the other parameter types of the
    /// event schema, which share the numbering and which Lanner's field details may name.
    FieldType(u32) {
        NONE = 0, "none";
        INT8 = 1, "int8";
        INT16 = 2, "int16";
        INT32 = 3, "int32";
        INT64 = 4, "int64";
        UINT8 = 5, "uint8";
        UINT16 = 6, "uint16";
        UINT32 = 7, "uint32";
        UINT64 = 8, "uint64";
        STRING = 9, "string";
        BYTEBUF = 10, "bytebuf";
        ERRNO = 11, "errno";
        SOCKADDR = 12, "sockaddr";
        SOCKTUPLE = 13, "socktuple";
        FD = 14, "fd";
        PID = 15, "pid";
        FDLIST = 16, "fdlist";
        FSPATH = 17, "fspath";
        SYSCALLID = 18, "syscallid";
        SIGTYPE = 19, "sigtype";
        RELTIME = 20, "reltime";
        ABSTIME = 21, "abstime";
        PORT = 22, "port";
        L4PROTO = 23, "l4proto";
        SOCKFAMILY = 24, "sockfamily";
        BOOL = 25, "bool";
        IPV4ADDR = 26, "ipv4addr";
        DYN = 27, "dyn";
        FLAGS8 = 28, "flags8";
        FLAGS16 = 29, "flags16";
        FLAGS32 = 30, "flags32";
        UID = 31, "uid";
        GID = 32, "gid";
        DOUBLE = 33, "double";
        SIGSET = 34, "sigset";
        CHARBUFARRAY = 35, "charbufarray";
        CHARBUF_PAIR_ARRAY = 36, "charbuf_pair_array";
        IPV4NET = 37, "ipv4net";
        IPV6ADDR = 38, "ipv6addr";
        IPV6NET = 39, "ipv6net";
        IPADDR = 40, "ipaddr";
        IPNET = 41, "ipnet";
        MODE = 42, "mode";
        FSRELPATH = 43, "fsrelpath";
        ENUMFLAGS8 = 44, "enumflags8";
        ENUMFLAGS16 = 45, "enumflags16";
        ENUMFLAGS32 = 46, "enumflags32";
        FD32 = 47, "fd32";
        PID32 = 48, "pid32";
    }
}

impl FieldType {
    /// The seven types that the plain ABI knows.
    pub const ABI: [Self; 7] =
        [Self::UINT64, Self::STRING, Self::RELTIME, Self::ABSTIME, Self::BOOL, Self::IPADDR, Self::IPNET];

    /// The type called `name`. `charbuf` is accepted as another name of `string`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "charbuf" {
            return Some(Self::STRING);
        }
        Self::ALL.iter().copied().find(|t| t.name() == Some(name))
    }
}

code! {
    /// Type of a table's key or of a field of its entries (`ss_plugin_state_type`).
    StateType(u32) {
        INT8 = 1, "int8";
        INT16 = 2, "int16";
        INT32 = 3, "int32";
        INT64 = 4, "int64";
        UINT8 = 5, "uint8";
        UINT16 = 6, "uint16";
        UINT32 = 7, "uint32";
        UINT64 = 8, "uint64";
        STRING = 9, "string";
        TABLE = 10, "table";
        BOOL = 25, "bool";
    }
}

code! {
    /// Language of the schema that `get_init_schema` returns (`ss_plugin_schema_type`).
    SchemaType(u32) {
        NONE = 0, "none";
        JSON = 1, "json";
    }
}

code! {
    /// Severity of a log message (`ss_plugin_log_severity`).
    LogSeverity(u32) {
        FATAL = 1, "fatal";
        CRITICAL = 2, "critical";
        ERROR = 3, "error";
        WARNING = 4, "warning";
        NOTICE = 5, "notice";
        INFO = 6, "info";
        DEBUG = 7, "debug";
        TRACE = 8, "trace";
    }
}

code! {
    /// Which member of [`MetricValue`] is set (`ss_plugin_metric_value_type`).
    MetricValueType(u32) {
        U32 = 0, "u32";
        S32 = 1, "s32";
        U64 = 2, "u64";
        S64 = 3, "s64";
        DOUBLE = 4, "double";
        FLOAT = 5, "float";
        INT = 6, "int";
    }
}

code! {
    /// Whether a metric only grows (`ss_plugin_metric_type`).
    MetricType(u32) {
        MONOTONIC = 0, "monotonic";
        NON_MONOTONIC = 1, "non-monotonic";
    }
}

/// A C truth value of 32 bits (`ss_plugin_bool`): zero is false, all else true.
#[repr(transparent)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Bool(pub u32);

impl Bool {
    /// 0.
    pub const FALSE: Self = Self(0);
    /// 1.
    pub const TRUE: Self = Self(1);

    /// Whether the value is not zero.
    #[must_use]
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    fn from(b: bool) -> Self {
        Self(u32::from(b))
    }
}

/// Header of an event (`ss_plugin_event`), 26 bytes without padding; lengths and values of the parameters follow.
#[repr(C, packed)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Nanoseconds since the epoch.
    pub ts: u64,
    /// Thread that made the event, [`TID_NONE`] for none.
    pub tid: u64,
    /// Bytes of the whole event, this header included.
    pub len: u32,
    /// Event type.
    pub ty: u16,
    /// Number of parameters.
    pub nparams: u32,
}
assert_layout!(Event, size 26, align 1, ts = 0, tid = 8, len = 16, ty = 20, nparams = 22);

/// An event as handed to a plugin (`ss_plugin_event_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct EventInput {
    /// The event.
    pub evt: *const Event,
    /// Its number, as `evt.num` shows it.
    pub evtnum: u64,
    /// Name of its source.
    pub evtsrc: *const c_char,
}
assert_layout!(EventInput, size 24, align 8, evt = 0, evtnum = 8, evtsrc = 16);

/// Borrowed bytes (`ss_plugin_byte_buffer`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct ByteBuffer {
    /// Number of bytes.
    pub len: u32,
    /// First byte.
    pub ptr: *const c_void,
}
assert_layout!(ByteBuffer, size 16, align 8, len = 0, ptr = 8);

/// Where in the event the extracted values stand (`ss_plugin_extract_value_offsets`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct ExtractValueOffsets {
    /// First byte of each value, counted from the event's header.
    pub start: *mut u32,
    /// Number of bytes of each value.
    pub length: *mut u32,
}
assert_layout!(ExtractValueOffsets, size 16, align 8, start = 0, length = 8);

/// Where an extracted value lies: a pointer whose type depends on the field's type.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy)]
pub union ExtractResult {
    /// NUL-terminated strings.
    pub str: *const *const c_char,
    /// Integers and times (and, for Lanner, the bits of a double).
    pub u64: *const u64,
    /// Integers of 32 bits; no type of the API uses them.
    pub u32: *const u32,
    /// Truth values.
    pub boolean: *const Bool,
    /// Addresses, networks and byte buffers.
    pub buf: *const ByteBuffer,
}

/// A request for one field, and its answer (`ss_plugin_extract_field`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy)]
pub struct ExtractField {
    /// Out: the values; memory of the plugin.
    pub res: ExtractResult,
    /// Out: number of values, 0 for none.
    pub res_len: u64,
    /// Position of the field in `get_fields`.
    pub field_id: u32,
    /// Name of the field.
    pub field: *const c_char,
    /// The argument's text, null without argument.
    pub arg_key: *const c_char,
    /// The argument's number, [`NO_INDEX`] without one.
    pub arg_index: u64,
    /// Whether there is an argument.
    pub arg_present: Bool,
    /// Type of the field's value.
    pub ftype: FieldType,
    /// Whether all values are wanted. Not only 1 means yes.
    pub flist: Bool,
}
assert_layout!(ExtractField, size 64, align 8, res = 0, res_len = 8, field_id = 16, field = 24, arg_key = 32,
    arg_index = 40, arg_present = 48, ftype = 52, flist = 56);

/// Value of a metric; [`Metric::value_type`] says which member is set.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy)]
pub union MetricValue {
    /// [`MetricValueType::U32`].
    pub u32: u32,
    /// [`MetricValueType::S32`].
    pub s32: i32,
    /// [`MetricValueType::U64`].
    pub u64: u64,
    /// [`MetricValueType::S64`].
    pub s64: i64,
    /// [`MetricValueType::DOUBLE`].
    pub d: f64,
    /// [`MetricValueType::FLOAT`].
    pub f: f32,
    /// [`MetricValueType::INT`].
    pub i: core::ffi::c_int,
}

/// A metric of a plugin (`ss_plugin_metric`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy)]
pub struct Metric {
    /// Name; the host puts the plugin's name and a dot before it.
    pub name: *const c_char,
    /// Whether it only grows.
    pub ty: MetricType,
    /// Its value.
    pub value: MetricValue,
    /// Which member of `value` is set.
    pub value_type: MetricValueType,
}
assert_layout!(Metric, size 32, align 8, name = 0, ty = 8, value = 16, value_type = 24);
