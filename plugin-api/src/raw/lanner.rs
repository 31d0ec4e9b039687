//! Lanner's additions: optional exported symbols beside those of the plugin API. A host that does not know them never
//! looks for them; a host that does not find them uses the plain ABI.

use core::ffi::{c_char, c_void};

use super::{FieldType, Instance, PluginState, Rc, assert_layout};

/// What the host shall know about an event of a batch beyond its bytes.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventMeta {
    /// The event's number, as `evt.num` shows it.
    pub num: u64,
    /// Processor on which it happened.
    pub cpu: u32,
    /// [`EventMeta::HIDDEN`] or 0; other bits are reserved.
    pub flags: u32,
}
assert_layout!(EventMeta, size 16, align 8, num = 0, cpu = 8, flags = 12);

impl EventMeta {
    /// The event changes state but is never shown to rules.
    pub const HIDDEN: u32 = 1;

    /// Whether rules shall not see the event.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        self.flags & Self::HIDDEN != 0
    }
}

/// `plugin_lanner_get_field_details`: JSON array parallel to `get_fields`; static memory of the plugin.
pub type GetFieldDetailsFn = unsafe extern "C" fn() -> *const c_char;
/// `plugin_lanner_resolve_field`: checks the argument of a field and tells the type that it gives.
pub type ResolveFieldFn =
    unsafe extern "C" fn(s: *mut PluginState, field_id: u32, arg: *const c_char, ty: *mut FieldType) -> Rc;
/// `plugin_lanner_get_batch_meta`: one [`EventMeta`] for each event of the batch just delivered; null for none.
pub type GetBatchMetaFn = unsafe extern "C" fn(s: *mut PluginState, h: *mut Instance, n: *mut u32) -> *const EventMeta;
/// `plugin_lanner_abi_layout`: the layout description of the SDK's boundary types with which the plugin was built.
pub type AbiLayoutFn = unsafe extern "C" fn() -> *const c_void;
/// `plugin_lanner_get_machine_info`: JSON about the machine whose events are delivered; valid until `destroy`.
pub type GetMachineInfoFn = unsafe extern "C" fn(s: *mut PluginState) -> *const c_char;
