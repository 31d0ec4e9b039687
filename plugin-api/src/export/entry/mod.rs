//! The plugin API's functions, generic over the plugin.
//!
//! Each is called by a host that keeps to the API: pointers are null or valid, `s` is what `init` of the same plugin
//! returned, texts are NUL-terminated. What can be noticed of a breach (null pointers, lengths) gives an error.

/// Finds the state and enters it.
macro_rules! enter {
    ($plugin:ty, $s:expr, $what:literal, $fail:expr, $f:expr) => {{
        // SAFETY: null or what `init` returned.
        match unsafe { state::<$plugin>($s) } {
            Some(state) => state.enter($what, $fail, $f),
            None => $fail,
        }
    }};
}

mod events;
mod extract;
mod lifecycle;
mod source;
mod wait;

use core::ffi::{CStr, c_char};
use core::ptr::{null, null_mut};
use std::ffi::CString;
use std::sync::OnceLock;

use super::state::{c_text, guarded};
use crate::sdk::Error;

pub use events::{with_async, with_listen, with_parse};
pub use extract::{with_extract, with_extract_raw};
pub use lifecycle::{base, with_tables};
pub use source::with_source;
pub use wait::with_awaits;

/// The function of a capability that was just filled in.
#[doc(hidden)]
#[must_use]
pub const fn required<F: Copy>(f: Option<F>) -> F {
    match f {
        Some(f) => f,
        None => panic!("the capability has this function"),
    }
}

/// A text of the host.
///
/// # Safety
/// Null (taken as empty) or NUL-terminated and valid for `'a`.
unsafe fn text<'a>(p: *const c_char, what: &'static str) -> Result<&'a str, Error> {
    if p.is_null() {
        return Ok("");
    }
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(p) }.to_str().map_err(|_| Error::NotUtf8 { what })
}

/// A static text of the plugin; null if making it panics or fails.
fn static_text(cell: &'static OnceLock<CString>, make: impl FnOnce() -> String) -> *const c_char {
    guarded(null(), || cell.get_or_init(|| c_text(&make())).as_ptr())
}

fn json_list(names: &[&str]) -> String {
    serde_json::to_string(names).unwrap_or_default()
}

/// The event types of a capability.
///
/// # Safety
/// `n` is null or a place for the number.
unsafe fn types(n: *mut u32, types: &'static [u16]) -> *mut u16 {
    // SAFETY: the caller vouches for it.
    if let Some(n) = unsafe { n.as_mut() } {
        *n = u32::try_from(types.len()).unwrap_or(u32::MAX);
    }
    if types.is_empty() { null_mut() } else { types.as_ptr().cast_mut() }
}
