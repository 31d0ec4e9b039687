//! What exactly is wrong with an event, a field or a call on a table.

use lanner_plugin_api::raw::{FieldType, StateType};
use thiserror::Error;

/// What is wrong with an event that a plugin delivered.
#[derive(Clone, Copy, PartialEq, Eq, Error, Debug)]
#[non_exhaustive]
pub enum EventFault {
    /// The array of events is null.
    #[error("the array of events is null")]
    NullArray,
    /// More events than a batch can have.
    #[error("{count} events")]
    Count {
        /// Their number.
        count: u32,
    },
    /// The batch's meta data do not cover its events.
    #[error("no meta data for the event")]
    NoMeta,
    /// The event is null.
    #[error("null event")]
    Null,
    /// Not a type that this plugin may produce.
    #[error("event type {found} where {expected} is expected")]
    Type {
        /// Its type.
        found: u16,
        /// The only type allowed.
        expected: u16,
    },
    /// A wrong number of parameters.
    #[error("{found} parameters where {expected} are expected")]
    ParamCount {
        /// Their number.
        found: u32,
        /// The only number allowed.
        expected: u32,
    },
    /// The event is shorter than what it must contain, or longer than allowed.
    #[error("length {len} is out of range")]
    Length {
        /// Its length.
        len: u32,
    },
    /// The lengths of the parameters do not add up to the event's length.
    #[error("parameters take {params} bytes, event has {len}")]
    ParamLengths {
        /// What the parameters need, header included.
        params: u64,
        /// The event's length.
        len: u32,
    },
    /// The plugin id in the event is of another plugin.
    #[error("plugin id {found} where {expected} is expected")]
    PluginId {
        /// The id in the event.
        found: u32,
        /// The plugin's id.
        expected: u32,
    },
    /// The name of an async event is missing, unterminated or not one that the plugin has declared.
    #[error("async event with an undeclared name")]
    AsyncName,
    /// A thread where none may stand.
    #[error("a thread id in an event of a source without threads")]
    Thread,
    /// The plugin may not send async events to this source.
    #[error("async events of this plugin do not fit the open source")]
    AsyncSource,
    /// No capture is running.
    #[error("async event without a running capture")]
    NoHandler,
}

/// What is wrong with a field's description or value.
#[derive(Clone, Copy, PartialEq, Eq, Error, Debug)]
#[non_exhaustive]
pub enum FieldFault {
    /// No name.
    #[error("has no name")]
    NoName,
    /// No type.
    #[error("has no type")]
    NoType,
    /// No description.
    #[error("has no description")]
    NoDescription,
    /// A type that the API does not know.
    #[error("has an unknown type")]
    UnknownType,
    /// A property of the wrong JSON type.
    #[error("property '{0}' has the wrong type")]
    Property(&'static str),
    /// An argument is required but is neither index nor key.
    #[error("requires an argument that is neither index nor key")]
    ArgumentKind,
    /// The name occurs twice.
    #[error("is defined twice")]
    Duplicate,
    /// A word in the details that is not known.
    #[error("has an unknown word in '{0}'")]
    UnknownWord(&'static str),
    /// No field of that number.
    #[error("does not exist")]
    NoSuchField,
    /// The array of values is null.
    #[error("the array of values is null")]
    NullArray,
    /// A value of the array is null.
    #[error("value {index} is null")]
    NullValue {
        /// Position in the array.
        index: usize,
    },
    /// More values than any field can have.
    #[error("{count} values")]
    TooMany {
        /// Their number.
        count: u64,
    },
    /// Several values where one was asked for.
    #[error("{count} values where one was asked for")]
    NotAList {
        /// Their number.
        count: u64,
    },
    /// A byte buffer of a length that the type does not allow.
    #[error("{len} bytes where type {ty} is expected")]
    Length {
        /// Its length.
        len: u32,
        /// The type asked for.
        ty: FieldType,
    },
    /// A type whose values cannot be read.
    #[error("values of type {0} cannot be read")]
    Unreadable(FieldType),
}

/// Why a call on a state table failed; becomes the text of `get_owner_last_error`.
#[derive(Clone, PartialEq, Error, Debug)]
#[non_exhaustive]
pub enum TableFault {
    /// A null pointer where one is not allowed.
    #[error("null {0}")]
    Null(&'static str),
    /// No table of that name.
    #[error("can't find state table '{0}'")]
    NoTable(String),
    /// The table's key is of another type.
    #[error("table '{table}' has keys of type {actual}, not {requested}")]
    KeyType {
        /// Name of the table.
        table: String,
        /// Its key's type.
        actual: StateType,
        /// The type asked for.
        requested: StateType,
    },
    /// A type number that does not exist or may not stand here.
    #[error("unsupported {what} type {ty}")]
    UnsupportedType {
        /// Key or field.
        what: &'static str,
        /// The type.
        ty: StateType,
    },
    /// A table of that name exists.
    #[error("state table '{0}' is already defined")]
    DuplicateTable(String),
    /// Tables can only be added during init.
    #[error("tables can only be added during init")]
    NotInInit,
    /// The vtables of an offered table lack functions or contradict each other.
    #[error("broken or inconsistent {0} vtables")]
    BrokenVtable(&'static str),
    /// The handle is none that the host has given, or has expired.
    #[error("unknown or expired table handle")]
    StaleHandle,
    /// Another thread, or outside of a call of the host.
    #[error("tables can only be used from a call of the host")]
    OutsideCall,
    /// The owner of the table is gone.
    #[error("the owner of the table is gone")]
    OwnerGone,
    /// Fields of type table cannot be written or added.
    #[error("fields of type table can't be written or added")]
    TableField,
    /// Too many accessors.
    #[error("too many fields")]
    TooManyFields,
    /// The owner of the table broke the contract.
    #[error("the owner of the table returned {0}")]
    BadOwner(&'static str),
}
