//! The functions of a plugin, as one struct: 33 of the plugin API in its order, then Lanner's additions.

use core::ffi::c_char;

use super::{
    AbiLayoutFn, AsyncEventHandlerFn, BeginWaitFn, CaptureListenInput, EndWaitFn, Event, EventInput, EventParseInput,
    ExtractAwaitedFn, ExtractPreparedFn, FieldExtractInput, GetBatchMetaFn, GetEventKeysFn, GetFieldDetailsFn,
    GetFieldKeyFn, GetMachineInfoFn, GetStateEpochFn, GetThreadFieldFn, GetThreadKeyFn, GetWaitStateFn, InitInput,
    Instance, Metric, Owner, PluginState, PrepareFieldFn, Rc, ResolveFieldFn, SchemaType, SetConfigInput, WantCallsFn,
    WantEventsFn, WantFailuresFn, WriteCaptureHeadFn, assert_layout,
};

/// A function without arguments that returns static text.
pub type StaticTextFn = unsafe extern "C" fn() -> *const c_char;
/// `get_init_schema`.
pub type GetInitSchemaFn = unsafe extern "C" fn(ty: *mut SchemaType) -> *const c_char;
/// `init`.
pub type InitFn = unsafe extern "C" fn(input: *const InitInput, rc: *mut Rc) -> *mut PluginState;
/// `destroy`.
pub type DestroyFn = unsafe extern "C" fn(s: *mut PluginState);
/// `get_last_error`, `get_required_event_schema_version`.
pub type StateTextFn = unsafe extern "C" fn(s: *mut PluginState) -> *const c_char;
/// `get_id`.
pub type GetIdFn = unsafe extern "C" fn() -> u32;
/// `open`.
pub type OpenFn = unsafe extern "C" fn(s: *mut PluginState, params: *const c_char, rc: *mut Rc) -> *mut Instance;
/// `close`.
pub type CloseFn = unsafe extern "C" fn(s: *mut PluginState, h: *mut Instance);
/// `list_open_params`.
pub type ListOpenParamsFn = unsafe extern "C" fn(s: *mut PluginState, rc: *mut Rc) -> *const c_char;
/// `get_progress`.
pub type GetProgressFn = unsafe extern "C" fn(s: *mut PluginState, h: *mut Instance, pct: *mut u32) -> *const c_char;
/// `event_to_string`.
pub type EventToStringFn = unsafe extern "C" fn(s: *mut PluginState, evt: *const EventInput) -> *const c_char;
/// `next_batch`.
pub type NextBatchFn =
    unsafe extern "C" fn(s: *mut PluginState, h: *mut Instance, n: *mut u32, evts: *mut *mut *mut Event) -> Rc;
/// `get_extract_event_types`, `get_parse_event_types`.
pub type EventTypesFn = unsafe extern "C" fn(n: *mut u32, s: *mut PluginState) -> *mut u16;
/// `extract_fields`.
pub type ExtractFieldsFn =
    unsafe extern "C" fn(s: *mut PluginState, evt: *const EventInput, input: *const FieldExtractInput) -> Rc;
/// `parse_event`.
pub type ParseEventFn =
    unsafe extern "C" fn(s: *mut PluginState, evt: *const EventInput, input: *const EventParseInput) -> Rc;
/// `set_async_event_handler`, `dump_state`.
pub type AsyncHandlerFn =
    unsafe extern "C" fn(s: *mut PluginState, o: *mut Owner, handler: Option<AsyncEventHandlerFn>) -> Rc;
/// `set_config`.
pub type SetConfigFn = unsafe extern "C" fn(s: *mut PluginState, input: *const SetConfigInput) -> Rc;
/// `get_metrics`.
pub type GetMetricsFn = unsafe extern "C" fn(s: *mut PluginState, n: *mut u32) -> *mut Metric;
/// `capture_open`, `capture_close`.
pub type CaptureListenFn = unsafe extern "C" fn(s: *mut PluginState, input: *const CaptureListenInput) -> Rc;

macro_rules! api {
    ($($slot:literal $name:ident: $ty:ty, $doc:literal;)*) => {
        /// Every function of a plugin. Slots 0 to 32 are the vtable of the plugin API, in its order; the rest is
        /// Lanner's. A `.so` exports each as `plugin_<name>`; a built-in plugin hands out a static one.
        #[repr(C)]
        #[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
        #[derive(Clone, Copy, Debug, Default)]
        pub struct PluginApi {
            $(#[doc = $doc] pub $name: Option<$ty>,)*
        }

        impl PluginApi {
            /// No function at all: the base for filling in those that a plugin has.
            pub const EMPTY: Self = Self { $($name: None,)* };

            /// The exported symbols, in slot order.
            pub const SYMBOLS: &'static [&'static str] = &[$(concat!("plugin_", stringify!($name)),)*];

            /// Fills each member with what `find` knows of the exported symbol of that name.
            ///
            /// # Safety
            /// A non-null address that `find` returns must be a function of the plugin API of that name.
            #[must_use]
            pub unsafe fn from_symbols(mut find: impl FnMut(&'static core::ffi::CStr) -> *const core::ffi::c_void) -> Self {
                /// Turns an address into an optional function pointer of the slot's type.
                ///
                /// # Safety
                /// `F` is a function pointer type and a non-null `address` is a function of that type.
                unsafe fn slot<F: Copy>(address: *const core::ffi::c_void) -> Option<F> {
                    const { assert!(size_of::<F>() == size_of::<*const core::ffi::c_void>()) };
                    // SAFETY: the caller vouches for the function's type; sizes are equal (checked above).
                    (!address.is_null()).then(|| unsafe { core::mem::transmute_copy::<_, F>(&address) })
                }
                Self {
                    $(
                        // SAFETY: the caller vouches that the symbol is the function of that name.
                        $name: unsafe { slot::<$ty>(find(
                            const {
                                match core::ffi::CStr::from_bytes_with_nul(
                                    concat!("plugin_", stringify!($name), "\0").as_bytes(),
                                ) {
                                    Ok(s) => s,
                                    Err(_) => panic!("no NUL inside a symbol's name"),
                                }
                            },
                        )) },
                    )*
                }
            }
        }

        $(const _: () = assert!(core::mem::offset_of!(PluginApi, $name) == 8 * $slot);)*
    };
}

api! {
    0 get_required_api_version: StaticTextFn, "API version that the plugin needs. Required.";
    1 get_init_schema: GetInitSchemaFn, "Schema of the configuration.";
    2 init: InitFn, "Makes the plugin's state. Required.";
    3 destroy: DestroyFn, "Ends the plugin's state. Required.";
    4 get_last_error: StateTextFn, "Text of the last error. Required.";
    5 get_name: StaticTextFn, "Name. Required.";
    6 get_description: StaticTextFn, "Description. Required.";
    7 get_contact: StaticTextFn, "Contact. Required.";
    8 get_version: StaticTextFn, "The plugin's own version. Required.";
    9 get_id: GetIdFn, "Registered id of the event source.";
    10 get_event_source: StaticTextFn, "Name of the event source.";
    11 open: OpenFn, "Opens a stream of events (sourcing).";
    12 close: CloseFn, "Closes a stream of events (sourcing).";
    13 list_open_params: ListOpenParamsFn, "Suggests parameters for `open`.";
    14 get_progress: GetProgressFn, "How far a finite stream has been read.";
    15 event_to_string: EventToStringFn, "Shows an event as text.";
    16 next_batch: NextBatchFn, "Next events (sourcing).";
    17 get_extract_event_types: EventTypesFn, "Event types whose fields can be extracted.";
    18 get_extract_event_sources: StaticTextFn, "Event sources whose fields can be extracted.";
    19 get_fields: StaticTextFn, "The fields (extraction).";
    20 extract_fields: ExtractFieldsFn, "Extracts fields (extraction).";
    21 get_parse_event_types: EventTypesFn, "Event types to parse.";
    22 get_parse_event_sources: StaticTextFn, "Event sources to parse.";
    23 parse_event: ParseEventFn, "Parses an event (parsing).";
    24 get_async_event_sources: StaticTextFn, "Event sources into which async events go.";
    25 get_async_events: StaticTextFn, "Names of the async events (async).";
    26 set_async_event_handler: AsyncHandlerFn, "Sets or unsets the taker of async events (async).";
    27 dump_state: AsyncHandlerFn, "Writes the state as async events into a capture.";
    28 set_config: SetConfigFn, "Changes the configuration.";
    29 get_metrics: GetMetricsFn, "Metrics.";
    30 capture_open: CaptureListenFn, "A capture has begun (listening).";
    31 capture_close: CaptureListenFn, "A capture has ended (listening).";
    32 get_required_event_schema_version: StateTextFn, "Event schema version that the plugin needs.";
    33 lanner_get_field_details: GetFieldDetailsFn, "Details of the fields (Lanner).";
    34 lanner_resolve_field: ResolveFieldFn, "Checks a field's argument (Lanner).";
    35 lanner_get_batch_meta: GetBatchMetaFn, "Numbers and flags of the last batch's events (Lanner).";
    36 lanner_abi_layout: AbiLayoutFn, "Layout of the SDK's boundary types (Lanner).";
    37 lanner_get_machine_info: GetMachineInfoFn, "The machine whose events are delivered (Lanner).";
    38 lanner_prepare_field: PrepareFieldFn, "Takes a request that comes for many events (Lanner).";
    39 lanner_extract_prepared: ExtractPreparedFn, "The value of a prepared request (Lanner).";
    40 lanner_write_capture_head: WriteCaptureHeadFn, "The head of a capture that begins now (Lanner).";
    41 lanner_get_state_epoch: GetStateEpochFn, "Tells when the state was replaced (Lanner).";
    42 lanner_want_events: WantEventsFn, "Which events will be looked at (Lanner).";
    43 lanner_get_field_key: GetFieldKeyFn, "Which key of an event decides a prepared request (Lanner).";
    44 lanner_get_event_keys: GetEventKeysFn, "The keys of an event (Lanner).";
    45 lanner_begin_wait: BeginWaitFn, "What values that are on their way wait for (Lanner).";
    46 lanner_get_wait_state: GetWaitStateFn, "How a wait stands (Lanner).";
    47 lanner_extract_awaited: ExtractAwaitedFn, "A value that was waited for (Lanner).";
    48 lanner_end_wait: EndWaitFn, "Gives a wait back (Lanner).";
    49 lanner_want_calls: WantCallsFn, "Which events will be looked at, of generic ones by call (Lanner).";
    50 lanner_want_failures: WantFailuresFn, "Which events will be looked at, also those of which calls that failed (Lanner).";
    51 lanner_get_thread_field: GetThreadFieldFn, "Which field of a thread decides a prepared request (Lanner).";
    52 lanner_get_thread_key: GetThreadKeyFn, "Which key of an event stands for a field of its thread (Lanner).";
}
assert_layout!(PluginApi, size 424, align 8, get_required_event_schema_version = 256);

/// Number of functions of the plugin API itself; the vtable of API 3.12 is that many pointers long.
pub const API_SLOTS: usize = 33;
