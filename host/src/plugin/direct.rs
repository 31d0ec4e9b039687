//! Requests that a plugin has taken over once, so that asking is one call with two words back (Lanner's addition).

use std::ffi::{CStr, CString};

use lanner_plugin_api::raw::{ExtractField, ExtractPreparedFn, FieldExtractInput, FieldType, FieldValue, MAX_KEYS, Rc};

use super::error::{FieldFault, Function, PluginError};
use super::extract::{self, Kind, Value};
use super::init::Plugin;
use super::owner::{Owner, get_owner_last_error};
use super::tables::dispatch;
use super::tables::scope::CallScope;

/// How to ask for a prepared request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Direct {
    pub(super) function: ExtractPreparedFn,
    pub(super) handle: u32,
    /// The key of an event that decides the value.
    pub(super) key: Option<u8>,
}

impl Direct {
    /// Offers a request to the plugin. `None` if the plugin has no such requests, or does not take this one.
    pub(super) fn offer(plugin: &Plugin, request: &ExtractField) -> Result<Option<Self>, PluginError> {
        const FUNCTION: Function = Function("lanner_prepare_field");
        let api = plugin.library().api();
        let (Some(prepare), Some(function)) = (api.lanner_prepare_field, api.lanner_extract_prepared) else {
            return Ok(None);
        };
        let mut handle = 0;
        let rc = {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive and only this thread calls on it; request and handle outlive the call.
            unsafe { prepare(plugin.state(), std::ptr::from_ref(request), &raw mut handle) }
        };
        let name = || plugin.info().name.clone();
        match rc {
            Rc::SUCCESS => Ok(Some(Self { function, handle, key: key_of(plugin, handle) })),
            Rc::NOT_SUPPORTED => Ok(None),
            Rc::FAILURE => Err(super::call::failure(&name(), FUNCTION, plugin.owner.last_error_text())),
            code => Err(PluginError::UnexpectedCode { plugin: name(), function: FUNCTION, code }),
        }
    }
}

/// The key of an event that decides the value of a prepared request, if the plugin says that one does.
fn key_of(plugin: &Plugin, handle: u32) -> Option<u8> {
    let api = plugin.library().api();
    let get = api.lanner_get_field_key.filter(|_| api.lanner_get_event_keys.is_some())?;
    let _scope = CallScope::enter();
    // SAFETY: the state is alive and only this thread calls on it.
    let key = unsafe { get(plugin.state(), handle) };
    u8::try_from(key).ok().filter(|key| usize::from(*key) < MAX_KEYS)
}

/// The field of an event's thread that decides the value of a prepared request, if the plugin says that one does.
pub(super) fn thread_field(plugin: &Plugin, handle: u32) -> Option<CString> {
    let get = plugin.library().api().lanner_get_thread_field?;
    let _scope = CallScope::enter();
    // SAFETY: the state is alive and only this thread calls on it.
    let name = unsafe { get(plugin.state(), handle) };
    // SAFETY: null or static text of the plugin, which is copied here.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_owned())
}

/// The key of an event that stands for a field of its thread, if the plugin has one.
pub(super) fn thread_key(plugin: &Plugin, field: &CStr) -> Option<u8> {
    let api = plugin.library().api();
    let get = api.lanner_get_thread_key.filter(|_| api.lanner_get_event_keys.is_some())?;
    let _scope = CallScope::enter();
    // SAFETY: the state is alive and only this thread calls on it; the name outlives the call.
    let key = unsafe { get(plugin.state(), field.as_ptr()) };
    u8::try_from(key).ok().filter(|key| usize::from(*key) < MAX_KEYS)
}

/// What extraction gives to a plugin beside the event, the same for every event.
pub(super) fn input(owner: &Owner) -> FieldExtractInput {
    FieldExtractInput {
        owner: owner.as_raw(),
        get_owner_last_error: Some(get_owner_last_error),
        num_fields: 0,
        fields: std::ptr::null_mut(),
        table_reader: dispatch::READER,
        table_reader_ext: dispatch::reader_ext(),
        value_offsets: std::ptr::null_mut(),
    }
}

/// Reads the value of a prepared request of that type and kind.
///
/// # Safety
/// A plugin gave the answer as the contract says, with an address that is not null, and it stays valid for `'a`.
#[inline]
pub(super) unsafe fn read<'a>(answer: FieldValue, ty: FieldType, kind: Kind) -> Result<Value<'a>, FieldFault> {
    let bytes = || {
        let len = extract::fitting(answer.n, ty)?;
        // SAFETY: the caller's promise: so many bytes stand there.
        Ok(unsafe { std::slice::from_raw_parts(answer.data, len) })
    };
    Ok(match kind {
        Kind::U64 => Value::U64(answer.n),
        Kind::Bool => Value::Bool(answer.n != 0),
        Kind::Str => Value::Str(bytes()?),
        Kind::Bytes => Value::Bytes(bytes()?),
    })
}
