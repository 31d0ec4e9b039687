//! What the host hands to the plugin's functions, and the functions of the host that they carry.

use core::ffi::c_char;

use super::{
    Bool, Event, ExtractField, ExtractValueOffsets, InitTablesInput, LogSeverity, Owner, PluginState, Rc, Routine,
    RoutineState, TableReaderVtable, TableReaderVtableExt, TableWriterVtable, TableWriterVtableExt, assert_layout,
};

/// Text of the owner's last error, null if none; valid until the next call of a function of the owner.
pub type OwnerErrorFn = unsafe extern "C" fn(o: *mut Owner) -> *const c_char;
/// Logging; any thread, as long as the plugin's state lives. A null component means the plugin's name.
pub type LogFn = unsafe extern "C" fn(o: *mut Owner, component: *const c_char, msg: *const c_char, sev: LogSeverity);
/// Takes an async event. `err` is null or a buffer of [`super::MAX_ERRLEN`] bytes.
pub type AsyncEventHandlerFn = unsafe extern "C" fn(o: *mut Owner, evt: *const Event, err: *mut c_char) -> Rc;
/// A routine: called again and again until it returns false.
pub type RoutineFn = unsafe extern "C" fn(s: *mut PluginState, i: *mut RoutineState) -> Bool;

/// Input of `init` (`ss_plugin_init_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct InitInput {
    /// Configuration.
    pub config: *const c_char,
    /// The host's side; stays valid as long as the plugin.
    pub owner: *mut Owner,
    /// Text of the owner's last error.
    pub get_owner_last_error: Option<OwnerErrorFn>,
    /// Tables; null unless the plugin parses or extracts.
    pub tables: *const InitTablesInput,
    /// Logging.
    pub log_fn: Option<LogFn>,
}
assert_layout!(InitInput, size 40, align 8, config = 0, owner = 8, get_owner_last_error = 16, tables = 24,
    log_fn = 32);

/// Input of `extract_fields` (`ss_plugin_field_extract_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct FieldExtractInput {
    /// The host's side.
    pub owner: *mut Owner,
    /// Text of the owner's last error.
    pub get_owner_last_error: Option<OwnerErrorFn>,
    /// Number of requests.
    pub num_fields: u32,
    /// The requests.
    pub fields: *mut ExtractField,
    /// Reading tables, old form.
    pub table_reader: TableReaderVtable,
    /// Reading tables.
    pub table_reader_ext: *mut TableReaderVtableExt,
    /// Where the plugin may say where in the event the values stand; null if not wanted.
    pub value_offsets: *mut ExtractValueOffsets,
}
assert_layout!(FieldExtractInput, size 80, align 8, owner = 0, get_owner_last_error = 8, num_fields = 16, fields = 24,
    table_reader = 32, table_reader_ext = 64, value_offsets = 72);

/// Input of `parse_event` (`ss_plugin_event_parse_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct EventParseInput {
    /// The host's side.
    pub owner: *mut Owner,
    /// Text of the owner's last error.
    pub get_owner_last_error: Option<OwnerErrorFn>,
    /// Reading tables, old form.
    pub table_reader: TableReaderVtable,
    /// Writing tables, old form.
    pub table_writer: TableWriterVtable,
    /// Reading tables.
    pub table_reader_ext: *mut TableReaderVtableExt,
    /// Writing tables.
    pub table_writer_ext: *mut TableWriterVtableExt,
}
assert_layout!(EventParseInput, size 112, align 8, owner = 0, get_owner_last_error = 8, table_reader = 16,
    table_writer = 48, table_reader_ext = 96, table_writer_ext = 104);

/// Input of `set_config` (`ss_plugin_set_config_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct SetConfigInput {
    /// The new configuration.
    pub config: *const c_char,
}
assert_layout!(SetConfigInput, size 8, align 8, config = 0);

/// Routines (`ss_plugin_routine_vtable`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default)]
pub struct RoutineVtable {
    /// Starts a routine; null on error.
    pub subscribe:
        Option<unsafe extern "C" fn(o: *mut Owner, f: Option<RoutineFn>, i: *mut RoutineState) -> *mut Routine>,
    /// Ends a routine; after it, the routine is not running.
    pub unsubscribe: Option<unsafe extern "C" fn(o: *mut Owner, r: *mut Routine) -> Rc>,
}
assert_layout!(RoutineVtable, size 16, align 8, subscribe = 0, unsubscribe = 8);

/// Input of `capture_open` and `capture_close` (`ss_plugin_capture_listen_input`).
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug)]
pub struct CaptureListenInput {
    /// The host's side.
    pub owner: *mut Owner,
    /// Routines.
    pub routine: *mut RoutineVtable,
    /// Reading tables.
    pub table_reader_ext: *mut TableReaderVtableExt,
    /// Writing tables.
    pub table_writer_ext: *mut TableWriterVtableExt,
    /// Text of the owner's last error.
    pub get_owner_last_error: Option<OwnerErrorFn>,
}
assert_layout!(CaptureListenInput, size 40, align 8, owner = 0, routine = 8, table_reader_ext = 16,
    table_writer_ext = 24, get_owner_last_error = 32);
