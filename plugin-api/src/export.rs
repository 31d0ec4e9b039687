//! From a Rust plugin to what a host loads: the vtable, its functions, the exported symbols.
//!
//! [`export_plugin!`](crate::export_plugin) always makes one static [`PluginApi`](crate::raw::PluginApi), which a host that links the plugin in
//! calls like any other. The exported symbols of a `.so` are made only with the plugin crate's feature `cdylib`: two
//! plugins that are linked into one program would otherwise both define `plugin_init`.

#![allow(unsafe_code, reason = "the entry points that C calls; each block says why it is sound")]

pub mod entry;
#[cfg(feature = "abi-stable")]
pub mod layout;
pub mod state;
mod table_entry;
pub mod table_hub;

use std::ffi::CString;
use std::sync::OnceLock;

use crate::sdk::{FieldDef, Plugin, TypedFields};

/// Texts and tables of a plugin that are made once per process: what the API wants to be static.
pub struct ExportCell<P> {
    pub(crate) schema: OnceLock<Option<CString>>,
    pub(crate) fields_json: OnceLock<CString>,
    pub(crate) details_json: OnceLock<CString>,
    pub(crate) extract_sources: OnceLock<CString>,
    pub(crate) parse_sources: OnceLock<CString>,
    pub(crate) async_sources: OnceLock<CString>,
    pub(crate) async_events: OnceLock<CString>,
    pub(crate) typed: OnceLock<TypedFields<P>>,
    pub(crate) defs: OnceLock<Vec<FieldDef>>,
}

impl<P> ExportCell<P> {
    /// Nothing made yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "used once, in a static")]
    pub const fn new() -> Self {
        Self {
            schema: OnceLock::new(),
            fields_json: OnceLock::new(),
            details_json: OnceLock::new(),
            extract_sources: OnceLock::new(),
            parse_sources: OnceLock::new(),
            async_sources: OnceLock::new(),
            async_events: OnceLock::new(),
            typed: OnceLock::new(),
            defs: OnceLock::new(),
        }
    }
}

/// Implemented by [`export_plugin!`](crate::export_plugin).
#[diagnostic::on_unimplemented(message = "`{Self}` is not exported", note = "use `export_plugin!({Self}: …)`")]
pub trait Exported: Plugin {
    /// The plugin's static texts and tables.
    fn cell() -> &'static ExportCell<Self>;
}

/// Exports a plugin: `export_plugin!(MyPlugin: source, extract, parse, async_events, listen, tables);`
///
/// Capabilities: `source` ([`Source`](crate::sdk::Source)), `extract` ([`Extract`](crate::sdk::Extract)) or
/// `extract_raw` ([`ExtractRaw`](crate::sdk::ExtractRaw)), `parse` ([`Parse`](crate::sdk::Parse)), `async_events`
/// ([`AsyncSource`](crate::sdk::AsyncSource)), `listen` ([`CaptureListener`](crate::sdk::CaptureListener)), `tables`
/// ([`ProvideTables`](crate::sdk::ProvideTables)) and, beside `extract_raw`, `awaits` ([`Awaits`](crate::sdk::Awaits)). A capability whose trait is not implemented does not compile.
///
/// ```compile_fail,E0277
/// # use lanner_plugin_api::{export_plugin, sdk::{Error, Init, Plugin}};
/// # struct Mine;
/// # impl Plugin for Mine {
/// #     const NAME: &'static core::ffi::CStr = c"mine";
/// #     const DESCRIPTION: &'static core::ffi::CStr = c"";
/// #     const CONTACT: &'static core::ffi::CStr = c"";
/// #     const VERSION: &'static core::ffi::CStr = c"1.0.0";
/// #     type Config = ();
/// #     fn new(_: &mut Init<'_>, (): ()) -> Result<Self, Error> { Ok(Self) }
/// # }
/// export_plugin!(Mine: parse); // error: `Mine` is exported with `parse` but does not implement `sdk::Parse`
/// ```
///
/// Makes `pub static PLUGIN_API: PluginApi` in the calling module. With the calling crate's feature `cdylib` it also
/// makes the `plugin_…` symbols; the crate must declare that feature, and a crate that is only ever a `.so` turns it on
/// by default:
/// ```toml
/// [lib]
/// crate-type = ["cdylib"]
/// [features]
/// default = ["cdylib"]
/// cdylib = []
/// ```
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty : $($capability:ident),+ $(,)?) => {
        impl $crate::export::Exported for $plugin {
            fn cell() -> &'static $crate::export::ExportCell<Self> {
                static CELL: $crate::export::ExportCell<$plugin> = $crate::export::ExportCell::new();
                &CELL
            }
        }

        #[doc(hidden)]
        const PLUGIN_API_FOR_SYMBOLS: $crate::raw::PluginApi = {
            #[allow(unused_mut, reason = "each capability adds to it")]
            let mut api = $crate::export::entry::base::<$plugin>();
            $($crate::__plugin_capability!(api, $plugin, $capability);)+
            api
        };

        /// The functions of this plugin, for a host that links it in.
        pub static PLUGIN_API: $crate::raw::PluginApi = PLUGIN_API_FOR_SYMBOLS;

        #[cfg(feature = "cdylib")]
        #[doc(hidden)]
        #[allow(unsafe_code, reason = "the symbols by which a host finds the plugin's functions")]
        mod __plugin_symbols {
            #[allow(unused_imports, reason = "the plugin's type is named as in the calling module")]
            use super::*;
            $crate::__plugin_symbols!($plugin, base);
            $($crate::__plugin_symbols!($plugin, $capability);)+
        }
    };
}

/// Fills in the functions of one capability.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin_capability {
    ($api:ident, $plugin:ty, source) => {
        $api = $crate::export::entry::with_source::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, extract) => {
        $api = $crate::export::entry::with_extract::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, extract_raw) => {
        $api = $crate::export::entry::with_extract_raw::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, parse) => {
        $api = $crate::export::entry::with_parse::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, async_events) => {
        $api = $crate::export::entry::with_async::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, listen) => {
        $api = $crate::export::entry::with_listen::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, tables) => {
        $api = $crate::export::entry::with_tables::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, awaits) => {
        $api = $crate::export::entry::with_awaits::<$plugin>($api)
    };
    ($api:ident, $plugin:ty, $other:ident) => {
        compile_error!(concat!(
            "unknown capability `",
            stringify!($other),
            "`: possible are source, extract, extract_raw, parse, async_events, listen, tables, awaits"
        ))
    };
}

/// Defines the symbols of one capability. Each forwards to the function in `PLUGIN_API`, so a `.so` and a built-in
/// plugin run the very same code.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin_symbols {
    ($plugin:ty, base) => { $crate::__plugin_symbols! { @define
        plugin_get_required_api_version, get_required_api_version, () -> *const ::core::ffi::c_char;
        plugin_get_init_schema, get_init_schema, (ty: *mut $crate::raw::SchemaType) -> *const ::core::ffi::c_char;
        plugin_init, init, (input: *const $crate::raw::InitInput, rc: *mut $crate::raw::Rc)
            -> *mut $crate::raw::PluginState;
        plugin_destroy, destroy, (s: *mut $crate::raw::PluginState) -> ();
        plugin_get_last_error, get_last_error, (s: *mut $crate::raw::PluginState) -> *const ::core::ffi::c_char;
        plugin_get_name, get_name, () -> *const ::core::ffi::c_char;
        plugin_get_description, get_description, () -> *const ::core::ffi::c_char;
        plugin_get_contact, get_contact, () -> *const ::core::ffi::c_char;
        plugin_get_version, get_version, () -> *const ::core::ffi::c_char;
        plugin_set_config, set_config, (s: *mut $crate::raw::PluginState, i: *const $crate::raw::SetConfigInput)
            -> $crate::raw::Rc;
        plugin_get_metrics, get_metrics, (s: *mut $crate::raw::PluginState, n: *mut u32) -> *mut $crate::raw::Metric;
        plugin_get_required_event_schema_version, get_required_event_schema_version,
            (s: *mut $crate::raw::PluginState) -> *const ::core::ffi::c_char;
        }
        $crate::__plugin_layout_symbol! {}
    };
    ($plugin:ty, source) => { $crate::__plugin_symbols! { @define
        plugin_get_id, get_id, () -> u32;
        plugin_get_event_source, get_event_source, () -> *const ::core::ffi::c_char;
        plugin_open, open,
            (s: *mut $crate::raw::PluginState, params: *const ::core::ffi::c_char, rc: *mut $crate::raw::Rc)
            -> *mut $crate::raw::Instance;
        plugin_close, close, (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance) -> ();
        plugin_list_open_params, list_open_params, (s: *mut $crate::raw::PluginState, rc: *mut $crate::raw::Rc)
            -> *const ::core::ffi::c_char;
        plugin_get_progress, get_progress,
            (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance, pct: *mut u32)
            -> *const ::core::ffi::c_char;
        plugin_event_to_string, event_to_string,
            (s: *mut $crate::raw::PluginState, e: *const $crate::raw::EventInput) -> *const ::core::ffi::c_char;
        plugin_next_batch, next_batch,
            (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance, n: *mut u32,
             e: *mut *mut *mut $crate::raw::Event) -> $crate::raw::Rc;
        plugin_lanner_get_batch_meta, lanner_get_batch_meta,
            (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance, n: *mut u32)
            -> *const $crate::raw::EventMeta;
        plugin_lanner_want_events, lanner_want_events,
            (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance, codes: *const u16, n: u32)
            -> $crate::raw::Rc;
        plugin_lanner_want_calls, lanner_want_calls,
            (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance, codes: *const u16, n: u32,
             calls: *const u16, m: u32) -> $crate::raw::Rc;
        plugin_lanner_want_failures, lanner_want_failures,
            (s: *mut $crate::raw::PluginState, h: *mut $crate::raw::Instance, codes: *const u16, n: u32,
             calls: *const u16, m: u32, failures: *const u16, k: u32) -> $crate::raw::Rc;
        plugin_lanner_get_machine_info, lanner_get_machine_info, (s: *mut $crate::raw::PluginState)
            -> *const ::core::ffi::c_char;
        plugin_lanner_write_capture_head, lanner_write_capture_head,
            (s: *mut $crate::raw::PluginState, flags: u32, sink: ::core::option::Option<$crate::raw::BytesFn>,
             ctx: *mut ::core::ffi::c_void) -> $crate::raw::Rc;
        plugin_lanner_get_state_epoch, lanner_get_state_epoch, (s: *mut $crate::raw::PluginState) -> u64;
    } };
    ($plugin:ty, extract) => { $crate::__plugin_symbols! { @define
        plugin_get_extract_event_types, get_extract_event_types, (n: *mut u32, s: *mut $crate::raw::PluginState)
            -> *mut u16;
        plugin_get_extract_event_sources, get_extract_event_sources, () -> *const ::core::ffi::c_char;
        plugin_get_fields, get_fields, () -> *const ::core::ffi::c_char;
        plugin_extract_fields, extract_fields,
            (s: *mut $crate::raw::PluginState, e: *const $crate::raw::EventInput,
             i: *const $crate::raw::FieldExtractInput) -> $crate::raw::Rc;
        plugin_lanner_prepare_field, lanner_prepare_field,
            (s: *mut $crate::raw::PluginState, request: *const $crate::raw::ExtractField, handle: *mut u32)
            -> $crate::raw::Rc;
        plugin_lanner_extract_prepared, lanner_extract_prepared,
            (s: *mut $crate::raw::PluginState, handle: u32, e: *const $crate::raw::EventInput,
             i: *const $crate::raw::FieldExtractInput) -> $crate::raw::FieldValue;
    } };
    ($plugin:ty, extract_raw) => {
        $crate::__plugin_symbols! { $plugin, extract }
        $crate::__plugin_symbols! { @define
            plugin_lanner_get_field_details, lanner_get_field_details, () -> *const ::core::ffi::c_char;
            plugin_lanner_resolve_field, lanner_resolve_field,
                (s: *mut $crate::raw::PluginState, id: u32, arg: *const ::core::ffi::c_char,
                 ty: *mut $crate::raw::FieldType) -> $crate::raw::Rc;
            plugin_lanner_get_field_key, lanner_get_field_key,
                (s: *mut $crate::raw::PluginState, handle: u32) -> u32;
            plugin_lanner_get_event_keys, lanner_get_event_keys,
                (s: *mut $crate::raw::PluginState, e: *const $crate::raw::EventInput, wanted: u32, keys: *mut u64)
                -> ();
            plugin_lanner_get_thread_field, lanner_get_thread_field,
                (s: *mut $crate::raw::PluginState, handle: u32) -> *const ::core::ffi::c_char;
            plugin_lanner_get_thread_key, lanner_get_thread_key,
                (s: *mut $crate::raw::PluginState, field: *const ::core::ffi::c_char) -> u32;
        }
    };
    ($plugin:ty, parse) => { $crate::__plugin_symbols! { @define
        plugin_get_parse_event_types, get_parse_event_types, (n: *mut u32, s: *mut $crate::raw::PluginState)
            -> *mut u16;
        plugin_get_parse_event_sources, get_parse_event_sources, () -> *const ::core::ffi::c_char;
        plugin_parse_event, parse_event,
            (s: *mut $crate::raw::PluginState, e: *const $crate::raw::EventInput,
             i: *const $crate::raw::EventParseInput) -> $crate::raw::Rc;
    } };
    ($plugin:ty, async_events) => { $crate::__plugin_symbols! { @define
        plugin_get_async_event_sources, get_async_event_sources, () -> *const ::core::ffi::c_char;
        plugin_get_async_events, get_async_events, () -> *const ::core::ffi::c_char;
        plugin_set_async_event_handler, set_async_event_handler,
            (s: *mut $crate::raw::PluginState, o: *mut $crate::raw::Owner,
             h: ::core::option::Option<$crate::raw::AsyncEventHandlerFn>) -> $crate::raw::Rc;
        plugin_dump_state, dump_state,
            (s: *mut $crate::raw::PluginState, o: *mut $crate::raw::Owner,
             h: ::core::option::Option<$crate::raw::AsyncEventHandlerFn>) -> $crate::raw::Rc;
    } };
    ($plugin:ty, listen) => { $crate::__plugin_symbols! { @define
        plugin_capture_open, capture_open,
            (s: *mut $crate::raw::PluginState, i: *const $crate::raw::CaptureListenInput) -> $crate::raw::Rc;
        plugin_capture_close, capture_close,
            (s: *mut $crate::raw::PluginState, i: *const $crate::raw::CaptureListenInput) -> $crate::raw::Rc;
    } };
    ($plugin:ty, tables) => {};
    ($plugin:ty, awaits) => { $crate::__plugin_symbols! { @define
        plugin_lanner_begin_wait, lanner_begin_wait,
            (s: *mut $crate::raw::PluginState, e: *const $crate::raw::EventInput,
             i: *const $crate::raw::FieldExtractInput) -> $crate::raw::Wait;
        plugin_lanner_get_wait_state, lanner_get_wait_state,
            (s: *mut $crate::raw::PluginState, wait: $crate::raw::Wait, reason: *mut *const ::core::ffi::c_char)
            -> $crate::raw::WaitState;
        plugin_lanner_extract_awaited, lanner_extract_awaited,
            (s: *mut $crate::raw::PluginState, wait: $crate::raw::Wait, handle: u32) -> $crate::raw::FieldValue;
        plugin_lanner_end_wait, lanner_end_wait, (s: *mut $crate::raw::PluginState, wait: $crate::raw::Wait) -> ();
    } };
    (@define $($symbol:ident, $slot:ident, ($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        /// # Safety
        /// As the plugin API says of the function of this name.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $symbol($($arg: $ty),*) -> $ret {
            const FUNCTION: unsafe extern "C" fn($($ty),*) -> $ret =
                $crate::export::entry::required(super::PLUGIN_API_FOR_SYMBOLS.$slot);
            // SAFETY: the caller keeps to the plugin API; the function is the one of this name.
            unsafe { FUNCTION($($arg),*) }
        }
    )*};
}

/// The symbol of the layout description, which exists only when this crate is built with `abi-stable`.
#[cfg(feature = "abi-stable")]
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin_layout_symbol {
    () => {
        $crate::__plugin_symbols! { @define
            plugin_lanner_abi_layout, lanner_abi_layout, () -> *const ::core::ffi::c_void;
        }
    };
}

/// As above, without `abi-stable`: none.
#[cfg(not(feature = "abi-stable"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin_layout_symbol {
    () => {};
}
