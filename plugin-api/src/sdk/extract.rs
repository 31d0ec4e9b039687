//! Extraction of fields and parsing of events.

use core::ffi::CStr;
use std::ffi::CString;

use super::{Error, EventInput, FieldDef, Fields, Plugin, TableReader, TableWriter, ValueSink, field_fn::TypedField};
use crate::raw::{FieldType, MAX_KEYS};

/// What `extract` may use: the event and, read-only, the state tables.
#[derive(Clone, Copy)]
pub struct ExtractCx<'v> {
    /// The event.
    pub event: EventInput<'v>,
    /// The state tables.
    pub tables: TableReader<'v>,
}

/// What `parse` may use: the event and the state tables.
#[derive(Clone, Copy)]
pub struct ParseCx<'v> {
    /// The event.
    pub event: EventInput<'v>,
    /// The state tables, for reading.
    pub tables: TableReader<'v>,
    /// The state tables, for writing.
    pub writer: TableWriter<'v>,
}

/// The argument of a field in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FieldArgument<'v> {
    /// Its text, if the field takes a key.
    pub key: Option<&'v CStr>,
    /// Its number, if it is one and the field takes an index.
    pub index: Option<u64>,
}

impl<'v> FieldArgument<'v> {
    /// The text of the argument, if there is one and it is UTF-8.
    #[inline]
    #[must_use]
    pub fn key_str(&self) -> Option<&'v str> {
        self.key?.to_str().ok()
    }
}

/// A request for a field.
#[derive(Clone, Copy, Debug)]
pub struct FieldRequest<'v> {
    /// Position of the field in the plugin's list.
    pub id: u32,
    /// Type of the value that is wanted.
    pub ty: FieldType,
    /// Whether all values are wanted; else at most one may be given.
    pub list: bool,
    /// The argument.
    pub arg: FieldArgument<'v>,
}

/// A request for one value that comes for many events, kept by the plugin's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreparedField {
    pub(crate) id: u32,
    pub(crate) ty: FieldType,
    pub(crate) key: Option<CString>,
    pub(crate) index: Option<u64>,
}

impl PreparedField {
    pub(crate) fn new(request: &FieldRequest<'_>) -> Self {
        let FieldRequest { id, ty, list: _, arg } = *request;
        Self { id, ty, key: arg.key.map(CStr::to_owned), index: arg.index }
    }

    #[inline]
    pub(crate) fn request(&self) -> FieldRequest<'_> {
        let arg = FieldArgument { key: self.key.as_deref(), index: self.index };
        FieldRequest { id: self.id, ty: self.ty, list: false, arg }
    }
}

/// A plugin with fields whose type, list-ness and argument come from the signatures of their functions.
#[diagnostic::on_unimplemented(message = "`{Self}` is exported with `extract` but does not implement `sdk::Extract`")]
pub trait Extract: Plugin {
    /// Event types that have fields; empty: all (only plugin events outside of the source `syscall`).
    const EVENT_TYPES: &'static [u16] = &[];
    /// Event sources whose events have the fields; empty: the plugin's own, or all if it has none.
    const EVENT_SOURCES: &'static [&'static str] = &[];

    /// Adds the fields. Called once per process.
    fn fields(fields: &mut Fields<Self>);
}

/// A plugin with many fields or with types beyond the API's seven: a table of descriptions and one function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is exported with `extract_raw` but does not implement `sdk::ExtractRaw`"
)]
pub trait ExtractRaw: Plugin {
    /// As [`Extract::EVENT_TYPES`].
    const EVENT_TYPES: &'static [u16] = &[];
    /// As [`Extract::EVENT_SOURCES`].
    const EVENT_SOURCES: &'static [&'static str] = &[];

    /// The fields. Called once per process; the position in the list is [`FieldRequest::id`].
    fn field_defs() -> Vec<FieldDef>;

    /// Writes the value of a field; `false` if the event has none.
    fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool;

    /// Checks an argument when a rule is compiled, and tells the type that the field then has (Lanner's addition).
    /// The default accepts all and gives the field's own type.
    ///
    /// # Errors
    /// The argument is not possible.
    fn resolve(&mut self, def: &FieldDef, id: u32, arg: &str) -> Result<FieldType, Error> {
        let _ = (id, arg);
        Ok(def.ty)
    }

    /// Which key of an event decides the value of a request for one value (Lanner's addition): as long as the plugin
    /// lives, two events of one type with the same key other than 0 must have the same value, or none. The host then
    /// remembers what the value led to, and does not ask again. The default: no value is decided so.
    fn key_of(&self, req: &FieldRequest<'_>) -> Option<u32> {
        let _ = req;
        None
    }

    /// Writes those keys of an event whose bits are set in `wanted`; 0 for what is not known.
    fn keys(&mut self, event: &EventInput<'_>, wanted: u32, keys: &mut [u64; MAX_KEYS]) {
        let _ = (event, wanted, keys);
    }

    /// The field of the event's thread, in the table `threads`, that decides the value of a request for one value on events of
    /// system calls (Lanner's addition): as long as the plugin lives, two events of one type whose threads have the same value there
    /// must have the same value, or none. The default: no value is decided so.
    fn thread_field_of(&self, req: &FieldRequest<'_>) -> Option<&'static CStr> {
        let _ = req;
        None
    }

    /// Which key of an event stands for a field of its thread (Lanner's addition), for plugins that offer the table `threads`: two
    /// events of system calls with the same such key other than 0 have threads with the same value there; events of other kinds have
    /// 0. The default: none does.
    fn thread_key(&self, field: &CStr) -> Option<u32> {
        let _ = field;
        None
    }
}

/// A plugin that follows events to keep state.
#[diagnostic::on_unimplemented(message = "`{Self}` is exported with `parse` but does not implement `sdk::Parse`")]
pub trait Parse: Plugin {
    /// Event types to parse; empty: all (only plugin events outside of the source `syscall`).
    const EVENT_TYPES: &'static [u16] = &[];
    /// Event sources whose events to parse; empty: the plugin's own, or all if it has none.
    const EVENT_SOURCES: &'static [&'static str] = &[];

    /// Follows one event; before any field of it is extracted.
    ///
    /// # Errors
    /// The event could not be made sense of; the host counts that and goes on.
    fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error>;
}

/// The fields of a plugin with typed functions, in order.
pub(crate) struct TypedFields<P>(pub(crate) Vec<TypedField<P>>);

impl<P: Extract> TypedFields<P> {
    pub(crate) fn collect() -> Self {
        let mut fields = Fields { list: Vec::new() };
        P::fields(&mut fields);
        Self(fields.list)
    }
}
