//! Values out of parameter bytes. A wrong length gives `None`; text ends at its first NUL.

macro_rules! number {
    ($($name:ident),*) => {$(
        #[doc = concat!("A little-endian `", stringify!($name), "` that fills the bytes exactly.")]
        #[inline]
        pub fn $name(bytes: &[u8]) -> Option<$name> {
            Some($name::from_le_bytes(bytes.try_into().ok()?))
        }
    )*};
}

number!(u8, u16, u32, u64, i8, i16, i32, i64, f64);

/// An integer of 1, 2, 4 or 8 bytes, extended by its sign: for values whose width differs between events.
#[inline]
pub fn signed(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        8 => i64(bytes),
        4 => i32(bytes).map(i64::from),
        2 => i16(bytes).map(i64::from),
        1 => i8(bytes).map(i64::from),
        _ => None,
    }
}

/// An integer of 1, 2, 4 or 8 bytes, extended by zeros.
#[inline]
pub fn unsigned(bytes: &[u8]) -> Option<u64> {
    match bytes.len() {
        8 => u64(bytes),
        4 => u32(bytes).map(u64::from),
        2 => u16(bytes).map(u64::from),
        1 => u8(bytes).map(u64::from),
        _ => None,
    }
}

/// Text up to the first NUL, or all of it when there is none.
#[inline]
pub fn text(bytes: &[u8]) -> &[u8] {
    match bytes.iter().position(|&b| b == 0) {
        Some(end) => &bytes[..end],
        None => bytes,
    }
}

/// The strings of a NUL-separated list (arguments, environment, cgroups). A last string without NUL counts; a last NUL does not
/// begin another string.
#[inline]
pub fn list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let empty = bytes.is_empty();
    bytes.split(|&b| b == 0).filter(move |_| !empty)
}

/// `true` for the text that captures before schema 4 wrote instead of a null string.
#[inline]
pub fn is_legacy_null(bytes: &[u8]) -> bool {
    text(bytes) == b"<NA>"
}
