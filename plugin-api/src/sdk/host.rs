//! The host as a plugin sees it: its errors and its log.

use core::ffi::CStr;
use std::ffi::CString;
use std::sync::{Arc, PoisonError, RwLock};

use crate::raw;

/// The owner and the function that tells its last error.
#[derive(Clone, Copy)]
pub(crate) struct HostRef {
    pub(crate) owner: *mut raw::Owner,
    pub(crate) last_error: Option<raw::OwnerErrorFn>,
}

impl HostRef {
    /// Text of the owner's last error.
    #[cold]
    pub(crate) fn error_text(self) -> String {
        let Some(f) = self.last_error else { return "the host gives no reason".into() };
        // SAFETY: owner and function come from the same input and are used within the call that brought them.
        let text = unsafe { f(self.owner) };
        if text.is_null() {
            return "the host gives no reason".into();
        }
        // SAFETY: a non-null text is NUL-terminated and valid until the next call of a function of the owner.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }
}

struct Target {
    owner: *mut raw::Owner,
    log: raw::LogFn,
}

// SAFETY: the API allows calling the log function with its owner from any thread while the plugin's state lives; the
// target is taken away before that ends.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

/// Writes to the host's log. Can be cloned and used on any thread; after the plugin's end it does nothing.
#[derive(Clone)]
pub struct Log(Arc<RwLock<Option<Target>>>);

impl Log {
    pub(crate) fn new(owner: *mut raw::Owner, log: Option<raw::LogFn>) -> Self {
        Self(Arc::new(RwLock::new(log.map(|log| Target { owner, log }))))
    }

    /// A log that nobody reads, for code that is tested without a host.
    #[must_use]
    pub fn silent() -> Self {
        Self(Arc::default())
    }

    /// Makes all clones do nothing from now on; waits for calls that are running.
    pub(crate) fn detach(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Logs `message` under the plugin's name. A NUL inside cuts the text.
    pub fn log(&self, severity: raw::LogSeverity, message: impl Into<Vec<u8>>) {
        let mut bytes: Vec<u8> = message.into();
        if let Some(nul) = bytes.iter().position(|&b| b == 0) {
            bytes.truncate(nul);
        }
        let Ok(text) = CString::new(bytes) else { return };
        let target = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(t) = target.as_ref() {
            // SAFETY: the plugin's state lives as long as the target is set; null component means the plugin's name.
            unsafe { (t.log)(t.owner, core::ptr::null(), text.as_ptr(), severity) };
        }
    }

    /// Logs an error.
    pub fn error(&self, message: impl Into<Vec<u8>>) {
        self.log(raw::LogSeverity::ERROR, message);
    }

    /// Logs a warning.
    pub fn warning(&self, message: impl Into<Vec<u8>>) {
        self.log(raw::LogSeverity::WARNING, message);
    }

    /// Logs an information.
    pub fn info(&self, message: impl Into<Vec<u8>>) {
        self.log(raw::LogSeverity::INFO, message);
    }

    /// Logs a detail for those who look for a fault.
    pub fn debug(&self, message: impl Into<Vec<u8>>) {
        self.log(raw::LogSeverity::DEBUG, message);
    }
}
