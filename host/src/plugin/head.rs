//! The head of a capture, written by the plugin whose events are recorded (Lanner's addition).

use std::ffi::c_void;

use lanner_plugin_api::raw::{HEAD_KEEPS_CLOSING, Rc};

use super::call;
use super::error::{Function, PluginError};
use super::set::{PluginIdx, Plugins};
use super::tables::scope::CallScope;

impl Plugins {
    /// Appends the head of a capture that begins now: what the plugin knows of the machine as of the event parsed last.
    /// With `keep_closing` that event will be the capture's first, so what it closes or ends is still in the head. False,
    /// and nothing appended, if the plugin has no state to write.
    ///
    /// # Errors
    /// What the plugin fails with; what it wrote until then is taken back.
    pub fn capture_head(
        &mut self,
        source: PluginIdx,
        keep_closing: bool,
        out: &mut Vec<u8>,
    ) -> Result<bool, PluginError> {
        const FUNCTION: Function = Function("lanner_write_capture_head");
        let Some(plugin) = self.get(source) else {
            return Err(PluginError::NoSuchPlugin { index: source.get() });
        };
        let owner = &*plugin.owner;
        let Some(write) = owner.library().api().lanner_write_capture_head else { return Ok(false) };
        let before = out.len();
        let flags = if keep_closing { HEAD_KEEPS_CLOSING } else { 0 };
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; `append` gets the buffer that it wants, which is
        // used by nobody else during the call.
        let rc = unsafe { write(owner.state(), flags, Some(append), std::ptr::from_mut(out).cast()) };
        if rc != Rc::SUCCESS {
            out.truncate(before);
        }
        if rc == Rc::NOT_SUPPORTED {
            return Ok(false);
        }
        // SAFETY: as above.
        unsafe { call::check(owner.library().api(), owner.state(), owner.name(), FUNCTION, rc) }?;
        Ok(true)
    }

    /// Another number whenever the plugin's state was replaced rather than changed by events; always the same from a plugin
    /// that does not tell.
    #[inline]
    #[must_use]
    pub fn state_epoch(&mut self, source: PluginIdx) -> u64 {
        let Some(plugin) = self.get(source) else { return 0 };
        let Some(epoch) = plugin.library().api().lanner_get_state_epoch else { return 0 };
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it.
        unsafe { epoch(plugin.state()) }
    }
}

/// Takes a piece of the head.
unsafe extern "C" fn append(ctx: *mut c_void, bytes: *const u8, len: u64) {
    // SAFETY: `ctx` is the buffer that `capture_head` passed, in use by nobody else until the plugin returns.
    let Some(out) = (unsafe { ctx.cast::<Vec<u8>>().as_mut() }) else { return };
    if let (false, Ok(len)) = (bytes.is_null(), usize::try_from(len)) {
        // SAFETY: the plugin says that so many bytes stand there during the call.
        out.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, len) });
    }
}
