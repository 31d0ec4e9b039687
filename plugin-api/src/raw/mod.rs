//! `#[repr(C)]` mirror of the plugin API, version 3.12.0, and Lanner's additions to it.
//!
//! Rules of this module:
//! - What may come from the other side of the boundary never becomes a Rust enum or `bool`: [`Rc`], [`FieldType`],
//!   [`StateType`], [`Bool`] and the like are newtypes over integers, so an unknown value is a value, not undefined
//!   behaviour.
//! - Each function pointer is an `Option`: a missing one is `None`, never a dangling address.
//! - Each struct carries the byte offsets of its members as compile-time assertions; the same offsets are compared
//!   with what a C compiler makes of `include/lanner_plugin.h` in this crate's tests.
//! - Who owns which memory, for how long, and on which thread a function may be called stands in the header.

#![allow(unsafe_code, reason = "the C boundary itself: function pointers, unions and symbol addresses")]

mod api;
mod inputs;
mod lanner;
mod tables;
mod values;

pub use api::*;
pub use inputs::*;
pub use lanner::*;
pub use tables::*;
pub use values::*;

/// Asserts size, alignment and the offset of each named member at compile time.
macro_rules! assert_layout {
    ($ty:ty, size $size:expr, align $align:expr $(, $field:ident = $off:expr)* $(,)?) => {
        const _: () = {
            assert!(core::mem::size_of::<$ty>() == $size);
            assert!(core::mem::align_of::<$ty>() == $align);
            $(assert!(core::mem::offset_of!($ty, $field) == $off);)*
        };
    };
}
pub(crate) use assert_layout;
