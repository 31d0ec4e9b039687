//! Texts that plugins hand over: NUL-terminated, meant to be UTF-8, trusted to be neither null nor valid.

use std::borrow::Cow;
use std::ffi::{CStr, c_char};

/// The text at `ptr`, `None` for null. Bytes that are not UTF-8 become U+FFFD.
///
/// # Safety
/// `ptr` is null or points to a NUL-terminated string that stays unchanged while the result lives.
pub(super) unsafe fn read<'a>(ptr: *const c_char) -> Option<Cow<'a, str>> {
    // SAFETY: not null, and the caller vouches for the rest.
    (!ptr.is_null()).then(|| unsafe { CStr::from_ptr(ptr) }.to_string_lossy())
}

/// An owned copy of the text at `ptr`, `None` for null or empty.
///
/// # Safety
/// As [`read`], but only until this function returns.
pub(super) unsafe fn copy(ptr: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    unsafe { read(ptr) }.map(Cow::into_owned).filter(|s| !s.is_empty())
}
