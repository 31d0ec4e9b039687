//! Lanner's additions: optional exported symbols beside those of the plugin API. A host that does not know them never
//! looks for them; a host that does not find them uses the plain ABI.

use core::ffi::{c_char, c_void};
use core::num::NonZeroU64;

use super::{EventInput, ExtractField, FieldExtractInput, FieldType, Instance, PluginState, Rc, assert_layout};

/// What the host shall know about an event of a batch beyond its bytes.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventMeta {
    /// The event's number, as `evt.num` shows it.
    pub num: u64,
    /// Processor on which it happened.
    pub cpu: u32,
    /// [`EventMeta::HIDDEN`], and what a rule that kills did: [`EventMeta::enforced`]. Other bits are reserved.
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

    /// What a rule that kills did where the event happened.
    #[must_use]
    pub const fn enforced(self) -> Option<Enforced> {
        Enforced::of_flags(self.flags)
    }
}

/// What was done where the event happened, before it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// The number of the rule that it was done for, in the order in which the host gave them.
    pub rule: u16,
    /// [`Enforced::KILLED`] and the like; from 1.
    pub action: u8,
}

impl Enforced {
    /// Bits of [`EventMeta::flags`] that tell the action; the rule stands in the upper half.
    pub const MASK: u32 = 0xff00;
    /// The process was killed.
    pub const KILLED: u32 = 1;
    /// It would have been, were it not a trial.
    pub const WOULD_KILL: u32 = 2;
    /// It is one of those that are never killed.
    pub const SPARED: u32 = 3;
    /// The kernel refused the signal.
    pub const REFUSED: u32 = 4;

    /// What these flags of an event say.
    #[must_use]
    #[inline]
    pub const fn of_flags(flags: u32) -> Option<Self> {
        if flags & Self::MASK == 0 {
            return None;
        }
        Some(Self { rule: (flags >> 16) as u16, action: (flags >> 8) as u8 })
    }
}

/// The value of a prepared request. Two words, so that it comes back in registers.
#[repr(C)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi), sabi(unsafe_opaque_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldValue {
    /// Text or bytes; memory of the plugin or of the event, valid until the plugin extracts again. Any address but null
    /// for numbers and truth values. Null: there is no value.
    pub data: *const u8,
    /// The number; 0 or 1 for a truth value; the length of text (without NUL, which need not be there) or bytes. Without
    /// a value why: see the constants.
    pub n: u64,
}
assert_layout!(FieldValue, size 16, align 8, data = 0, n = 8);

impl FieldValue {
    /// The event has no such value.
    pub const NONE: Self = Self { data: core::ptr::null(), n: 0 };
    /// Extraction failed; `get_last_error` says why.
    pub const FAILED: Self = Self { data: core::ptr::null(), n: 1 };
    /// There is no value yet: it is on its way.
    pub const AWAITED: Self = Self { data: core::ptr::null(), n: 2 };
    /// There may be one, and nobody who was asked knows it.
    pub const UNKNOWN: Self = Self { data: core::ptr::null(), n: 3 };

    /// A number or truth value.
    #[must_use]
    pub const fn number(n: u64) -> Self {
        Self { data: core::ptr::dangling(), n }
    }

    /// Text or bytes, which must not be null even if they are empty.
    #[must_use]
    pub const fn bytes(data: *const u8, len: usize) -> Self {
        Self { data, n: len as u64 }
    }
}

/// `plugin_lanner_prepare_field`: takes a request that will come for many events, and gives a handle for it, valid until
/// `destroy`. [`Rc::NOT_SUPPORTED`]: it must be asked through `extract_fields`.
pub type PrepareFieldFn =
    unsafe extern "C" fn(s: *mut PluginState, request: *const ExtractField, handle: *mut u32) -> Rc;
/// `plugin_lanner_extract_prepared`: the value of a prepared request. The input is that of `extract_fields` without
/// requests.
pub type ExtractPreparedFn = unsafe extern "C" fn(
    s: *mut PluginState,
    handle: u32,
    evt: *const EventInput,
    input: *const FieldExtractInput,
) -> FieldValue;
/// `plugin_lanner_get_field_key`: which of an event's keys decides the value of a prepared request, below [`MAX_KEYS`];
/// [`NO_KEY`]: none does.
pub type GetFieldKeyFn = unsafe extern "C" fn(s: *mut PluginState, handle: u32) -> u32;
/// `plugin_lanner_get_event_keys`: writes the keys of an event whose bits are set in `wanted` to their places among the
/// [`MAX_KEYS`] of `keys`. 0: not known.
///
/// As long as the plugin is initialised, two events of one type with the same key other than 0 have the same value, or
/// none, for every prepared request that the key decides.
pub type GetEventKeysFn =
    unsafe extern "C" fn(s: *mut PluginState, evt: *const EventInput, wanted: u32, keys: *mut u64);
/// `plugin_lanner_get_thread_field`: the name of the field of the event's thread, in the table `threads`, that decides the value of a
/// prepared request on events of system calls; null: none does. Static text of the plugin.
pub type GetThreadFieldFn = unsafe extern "C" fn(s: *mut PluginState, handle: u32) -> *const c_char;
/// `plugin_lanner_get_thread_key`: which of an event's keys stands for a field of its thread, below [`MAX_KEYS`]; [`NO_KEY`]: none
/// does. Two events of system calls with the same such key other than 0 have the same value in that field.
pub type GetThreadKeyFn = unsafe extern "C" fn(s: *mut PluginState, field: *const c_char) -> u32;

/// What the values of an event wait for, until it is given back; 0 where they wait for nothing.
#[repr(transparent)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wait(pub u64);

impl Wait {
    /// Nothing is waited for.
    pub const NONE: Self = Self(0);

    /// This number.
    #[must_use]
    pub const fn new(number: NonZeroU64) -> Self {
        Self(number.get())
    }
}

/// How a wait stands.
#[repr(transparent)]
#[cfg_attr(feature = "abi-stable", derive(abi_stable::StableAbi))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitState(pub u32);

impl WaitState {
    /// What was asked for is on its way.
    pub const PENDING: Self = Self(0);
    /// It is there.
    pub const KNOWN: Self = Self(1);
    /// It will not come.
    pub const UNKNOWN: Self = Self(2);
}

/// `plugin_lanner_begin_wait`: what the values wait for that extraction from this event said are on their way or unknown.
/// [`Wait::NONE`]: nothing. Each other one is given back with `plugin_lanner_end_wait`.
pub type BeginWaitFn =
    unsafe extern "C" fn(s: *mut PluginState, evt: *const EventInput, input: *const FieldExtractInput) -> Wait;
/// `plugin_lanner_get_wait_state`: how a wait stands. For [`WaitState::UNKNOWN`] `reason` becomes a text that says why, valid
/// until the next call.
pub type GetWaitStateFn =
    unsafe extern "C" fn(s: *mut PluginState, wait: Wait, reason: *mut *const c_char) -> WaitState;
/// `plugin_lanner_extract_awaited`: the value of a prepared request as it is now for what is waited for, without the event.
pub type ExtractAwaitedFn = unsafe extern "C" fn(s: *mut PluginState, wait: Wait, handle: u32) -> FieldValue;
/// `plugin_lanner_end_wait`: gives a wait back.
pub type EndWaitFn = unsafe extern "C" fn(s: *mut PluginState, wait: Wait);

/// Most keys of an event.
pub const MAX_KEYS: usize = 32;
/// No key decides the value of a request.
pub const NO_KEY: u32 = u32::MAX;

/// `plugin_lanner_get_field_details`: JSON array parallel to `get_fields`; static memory of the plugin.
pub type GetFieldDetailsFn = unsafe extern "C" fn() -> *const c_char;
/// `plugin_lanner_resolve_field`: checks the argument of a field and tells the type that it gives.
pub type ResolveFieldFn =
    unsafe extern "C" fn(s: *mut PluginState, field_id: u32, arg: *const c_char, ty: *mut FieldType) -> Rc;
/// `plugin_lanner_get_batch_meta`: one [`EventMeta`] for each event of the batch just delivered; null for none.
pub type GetBatchMetaFn = unsafe extern "C" fn(s: *mut PluginState, h: *mut Instance, n: *mut u32) -> *const EventMeta;
/// `plugin_lanner_abi_layout`: the layout description of the SDK's boundary types with which the plugin was built.
pub type AbiLayoutFn = unsafe extern "C" fn() -> *const c_void;
/// `plugin_lanner_want_events`: says which events of an open stream will be looked at from the next batch on; those of
/// other codes need not be delivered any more, unless the plugin's own state needs them.
pub type WantEventsFn = unsafe extern "C" fn(s: *mut PluginState, h: *mut Instance, codes: *const u16, n: u32) -> Rc;
/// `plugin_lanner_want_calls`: as `plugin_lanner_want_events`, which is not called then; of generic events only those of `m`
/// calls will be looked at, by the number that is their first parameter.
pub type WantCallsFn = unsafe extern "C" fn(
    s: *mut PluginState,
    h: *mut Instance,
    codes: *const u16,
    n: u32,
    calls: *const u16,
    m: u32,
) -> Rc;
/// `plugin_lanner_want_failures`: as `plugin_lanner_want_calls`, which is not called then; of events of calls that failed only
/// those of the `k` codes at `failures` will be looked at. `calls` null: generic events of all calls.
pub type WantFailuresFn = unsafe extern "C" fn(
    s: *mut PluginState,
    h: *mut Instance,
    codes: *const u16,
    n: u32,
    calls: *const u16,
    m: u32,
    failures: *const u16,
    k: u32,
) -> Rc;
/// `plugin_lanner_get_machine_info`: JSON about the machine whose events are delivered; valid until `destroy`.
pub type GetMachineInfoFn = unsafe extern "C" fn(s: *mut PluginState) -> *const c_char;
/// Takes bytes that a plugin writes; called on the thread and during the call that it was passed to. `ctx` is passed through.
pub type BytesFn = unsafe extern "C" fn(ctx: *mut c_void, bytes: *const u8, len: u64);
/// `plugin_lanner_write_capture_head`: gives the head of a capture (`.scap`) that begins now to `sink`, in as many pieces as
/// the plugin likes: section header, then what is known of the machine, no event. `flags`: [`HEAD_KEEPS_CLOSING`] or 0.
pub type WriteCaptureHeadFn =
    unsafe extern "C" fn(s: *mut PluginState, flags: u32, sink: Option<BytesFn>, ctx: *mut c_void) -> Rc;
/// `plugin_lanner_get_state_epoch`: another number whenever the state was replaced rather than changed by events.
pub type GetStateEpochFn = unsafe extern "C" fn(s: *mut PluginState) -> u64;

/// The event parsed last will be the capture's first: what it closes or ends is still in the head.
pub const HEAD_KEEPS_CLOSING: u32 = 1;
