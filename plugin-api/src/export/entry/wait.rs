//! Functions of values that come later than their event.

use core::ffi::c_char;

use super::extract::context;
use crate::export::Exported;
use crate::export::state::state;
use crate::raw::{EventInput as RawInput, FieldExtractInput, FieldValue, PluginApi, PluginState, Wait, WaitState};
use crate::sdk::{Awaits, Error, EventInput, Standing, ValueSink};

/// Adds the functions of values that come later.
#[must_use]
pub const fn with_awaits<P: Exported + Awaits>(mut api: PluginApi) -> PluginApi {
    api.lanner_begin_wait = Some(begin_wait::<P>);
    api.lanner_get_wait_state = Some(wait_state::<P>);
    api.lanner_extract_awaited = Some(extract_awaited::<P>);
    api.lanner_end_wait = Some(end_wait::<P>);
    api
}

unsafe extern "C" fn begin_wait<P: Exported + Awaits>(
    s: *mut PluginState,
    evt: *const RawInput,
    input: *const FieldExtractInput,
) -> Wait {
    enter!(P, s, "lanner_begin_wait", Wait::NONE, |plugin, _, _| {
        // SAFETY: the host passes an event and an input that are valid for the call.
        let (event, input) = unsafe { (EventInput::from_raw(evt)?, input.as_ref()) };
        let input = input.ok_or_else(|| Error::Host("input is null"))?;
        // SAFETY: as above.
        let cx = unsafe { context(event, input) };
        Ok(plugin.begin_wait(&cx).map_or(Wait::NONE, Wait::new))
    })
}

unsafe extern "C" fn wait_state<P: Exported + Awaits>(
    s: *mut PluginState,
    wait: Wait,
    reason: *mut *const c_char,
) -> WaitState {
    enter!(P, s, "lanner_get_wait_state", WaitState::UNKNOWN, |plugin, _, _| {
        Ok(match plugin.wait_state(wait.0) {
            Standing::Pending => WaitState::PENDING,
            Standing::Known => WaitState::KNOWN,
            Standing::Unknown(text) => {
                // SAFETY: the host passes null or a place for the text.
                if let Some(reason) = unsafe { reason.as_mut() } {
                    *reason = text.as_ptr();
                }
                WaitState::UNKNOWN
            }
        })
    })
}

unsafe extern "C" fn extract_awaited<P: Exported + Awaits>(s: *mut PluginState, wait: Wait, handle: u32) -> FieldValue {
    enter!(P, s, "lanner_extract_awaited", FieldValue::FAILED, |plugin, side, _| {
        let field = side.prepared.get(handle as usize).ok_or_else(|| Error::Host("no request of this handle"))?;
        side.value.clear();
        let request = field.request();
        if plugin.extract_awaited(wait.0, &request, &mut ValueSink { buf: &mut side.value }) {
            return side.value.single(field.id, field.ty);
        }
        Ok(side.value.absent())
    })
}

unsafe extern "C" fn end_wait<P: Exported + Awaits>(s: *mut PluginState, wait: Wait) {
    enter!(P, s, "lanner_end_wait", (), |plugin, _, _| {
        plugin.end_wait(wait.0);
        Ok(())
    });
}
