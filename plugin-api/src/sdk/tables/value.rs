//! Types of keys and of fields' values.

use core::ffi::CStr;
use core::marker::PhantomData;

use crate::raw::{self, StateData, StateType};

/// A type that a table's key or field can have: `i8` to `u64`, `bool`, [`CStr`] for texts, [`Sub`] for sub-tables.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a table's key or field",
    note = "possible: i8, i16, i32, i64, u8, u16, u32, u64, bool, CStr, and Sub<K> for a sub-table with keys of type K"
)]
pub trait TableValue: 'static {
    /// Its number in the API.
    const TYPE: StateType;
    /// What reading gives and writing takes; `'e` is the time for which the entry is held.
    type Value<'e>: Copy;

    /// Reads the member of the union; `None` for a null address.
    ///
    /// # Safety
    /// The member of [`Self::TYPE`] is set and, if it is an address, valid for `'e`.
    unsafe fn from_data<'e>(data: StateData) -> Option<Self::Value<'e>>;

    /// Sets the member of the union.
    fn to_data(value: Self::Value<'_>) -> StateData;
}

macro_rules! number {
    ($($ty:ty, $type:ident, $member:ident;)*) => {$(
        impl TableValue for $ty {
            const TYPE: StateType = StateType::$type;
            type Value<'e> = $ty;
            unsafe fn from_data<'e>(data: StateData) -> Option<Self::Value<'e>> {
                // SAFETY: the caller vouches that this member is set; any bits are a number.
                Some(unsafe { data.$member })
            }
            fn to_data(value: $ty) -> StateData {
                let mut data = StateData::ZERO;
                data.$member = value;
                data
            }
        }
    )*};
}
number! {
    i8, INT8, s8;
    i16, INT16, s16;
    i32, INT32, s32;
    i64, INT64, s64;
    u8, UINT8, u8;
    u16, UINT16, u16;
    u32, UINT32, u32;
    u64, UINT64, u64;
}

impl TableValue for bool {
    const TYPE: StateType = StateType::BOOL;
    type Value<'e> = bool;
    unsafe fn from_data<'e>(data: StateData) -> Option<Self::Value<'e>> {
        // SAFETY: the caller vouches that this member is set.
        Some(unsafe { data.b }.get())
    }
    fn to_data(value: bool) -> StateData {
        let mut data = StateData::ZERO;
        data.b = value.into();
        data
    }
}

impl TableValue for CStr {
    const TYPE: StateType = StateType::STRING;
    type Value<'e> = &'e CStr;
    unsafe fn from_data<'e>(data: StateData) -> Option<Self::Value<'e>> {
        // SAFETY: the caller vouches that this member is set and, if not null, a text that is valid for 'e.
        unsafe { (!data.str.is_null()).then(|| CStr::from_ptr(data.str)) }
    }
    fn to_data(value: &CStr) -> StateData {
        StateData { str: value.as_ptr() }
    }
}

/// Marks a field that is a table of its own, with keys of type `K`.
pub struct Sub<K: ?Sized>(PhantomData<fn() -> PhantomData<K>>);

impl<K: TableValue + ?Sized> TableValue for Sub<K> {
    const TYPE: StateType = StateType::TABLE;
    type Value<'e> = *mut raw::Table;
    unsafe fn from_data<'e>(data: StateData) -> Option<Self::Value<'e>> {
        // SAFETY: the caller vouches that this member is set.
        let table = unsafe { data.table };
        (!table.is_null()).then_some(table)
    }
    fn to_data(value: *mut raw::Table) -> StateData {
        StateData { table: value }
    }
}

/// A key or a field's value whose type is known only while running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the types of the API")]
pub enum StateValue<'a> {
    Int8(i8),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    Uint8(u8),
    Uint16(u16),
    Uint32(u32),
    Uint64(u64),
    Bool(bool),
    Str(&'a CStr),
}

impl<'a> StateValue<'a> {
    /// Reads the member of the union that `ty` names; `None` for a null text, a table or an unknown type.
    ///
    /// # Safety
    /// That member is set and, if it is an address, valid for `'a`.
    pub(crate) unsafe fn from_data(ty: StateType, data: StateData) -> Option<Self> {
        // SAFETY: the caller vouches for the member that belongs to the type.
        unsafe {
            Some(match ty {
                StateType::INT8 => Self::Int8(data.s8),
                StateType::INT16 => Self::Int16(data.s16),
                StateType::INT32 => Self::Int32(data.s32),
                StateType::INT64 => Self::Int64(data.s64),
                StateType::UINT8 => Self::Uint8(data.u8),
                StateType::UINT16 => Self::Uint16(data.u16),
                StateType::UINT32 => Self::Uint32(data.u32),
                StateType::UINT64 => Self::Uint64(data.u64),
                StateType::BOOL => Self::Bool(data.b.get()),
                StateType::STRING => Self::Str(CStr::from_data(data)?),
                _ => return None,
            })
        }
    }

    /// Its type.
    #[must_use]
    pub fn ty(&self) -> StateType {
        match self {
            Self::Int8(_) => StateType::INT8,
            Self::Int16(_) => StateType::INT16,
            Self::Int32(_) => StateType::INT32,
            Self::Int64(_) => StateType::INT64,
            Self::Uint8(_) => StateType::UINT8,
            Self::Uint16(_) => StateType::UINT16,
            Self::Uint32(_) => StateType::UINT32,
            Self::Uint64(_) => StateType::UINT64,
            Self::Bool(_) => StateType::BOOL,
            Self::Str(_) => StateType::STRING,
        }
    }

    /// The number, if it is a signed one (as thread ids are).
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        Some(match *self {
            Self::Int8(n) => n.into(),
            Self::Int16(n) => n.into(),
            Self::Int32(n) => n.into(),
            Self::Int64(n) => n,
            _ => return None,
        })
    }

    /// The number, if it is an unsigned one.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        Some(match *self {
            Self::Uint8(n) => n.into(),
            Self::Uint16(n) => n.into(),
            Self::Uint32(n) => n.into(),
            Self::Uint64(n) => n,
            _ => return None,
        })
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_cstr(&self) -> Option<&'a CStr> {
        if let Self::Str(s) = self { Some(s) } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }
}
