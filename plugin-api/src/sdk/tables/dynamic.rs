//! Fields that others add to a table's entries, and their values.

use core::ffi::CStr;
use std::ffi::CString;

use super::{StateOut, StateValue, TableFault};
use crate::raw::StateType;

/// The added fields of one table.
#[derive(Debug, Default, Clone)]
pub struct DynamicFields(Vec<(CString, StateType)>);

impl DynamicFields {
    /// Adds a field, or finds the one of that name. Its number counts the added fields from 0.
    ///
    /// # Errors
    /// The name is taken with another type, or the type is not one that a field can be added with.
    pub fn add(&mut self, name: &CStr, ty: StateType) -> Result<u32, TableFault> {
        if let Some((at, field)) = self.0.iter().enumerate().find(|(_, f)| f.0.as_c_str() == name) {
            return if field.1 == ty { index(at) } else { Err(TableFault::FieldType) };
        }
        if ty == StateType::TABLE || ty.name().is_none() {
            return Err(TableFault::FieldType);
        }
        let number = index(self.0.len())?;
        self.0.push((name.to_owned(), ty));
        Ok(number)
    }

    /// The number of the field of that name and type.
    ///
    /// # Errors
    /// There is none, or it has another type.
    pub fn find(&self, name: &CStr, ty: StateType) -> Result<u32, TableFault> {
        let (at, field) = self.0.iter().enumerate().find(|(_, f)| f.0.as_c_str() == name).ok_or(TableFault::NoField)?;
        if field.1 == ty { index(at) } else { Err(TableFault::FieldType) }
    }

    /// Name and type of each field, by number.
    pub fn iter(&self) -> impl Iterator<Item = (&CStr, StateType)> {
        self.0.iter().map(|(name, ty)| (name.as_c_str(), *ty))
    }

    /// The type of a field.
    #[must_use]
    pub fn ty(&self, number: u32) -> Option<StateType> {
        self.0.get(number as usize).map(|f| f.1)
    }
}

fn index(at: usize) -> Result<u32, TableFault> {
    u32::try_from(at).map_err(|_| TableFault::NoField)
}

/// The values that one entry has in the added fields. An entry without any takes no memory for them.
#[derive(Debug, Default, Clone)]
pub struct DynamicValues(Vec<Value>);

#[derive(Debug, Default, Clone)]
enum Value {
    #[default]
    Unset,
    Bits(u64),
    Text(CString),
}

impl DynamicValues {
    /// Reads a field; one that was never written is zero, false or the empty text.
    ///
    /// # Errors
    /// There is no field of that number.
    pub fn read(&self, fields: &DynamicFields, number: u32, out: &mut StateOut<'_>) -> Result<(), TableFault> {
        let ty = fields.ty(number).ok_or(TableFault::NoField)?;
        match (self.0.get(number as usize).unwrap_or(&Value::Unset), ty) {
            (Value::Text(text), StateType::STRING) => out.str_bytes(text.to_bytes()),
            (_, StateType::STRING) => out.cstr(c""),
            (Value::Bits(bits), _) => out.bits(*bits),
            _ => out.bits(0),
        }
        Ok(())
    }

    /// The text in a field; `None` if there is none or it was never written.
    #[must_use]
    pub fn text(&self, number: u32) -> Option<&CStr> {
        if let Some(Value::Text(t)) = self.0.get(number as usize) { Some(t) } else { None }
    }

    /// The number in a field, as the bits of an integer; `None` if it was never written or is a text.
    #[must_use]
    pub fn number(&self, number: u32) -> Option<u64> {
        if let Some(Value::Bits(n)) = self.0.get(number as usize) { Some(*n) } else { None }
    }

    /// Writes a field.
    ///
    /// # Errors
    /// There is no field of that number, or the value is of another type.
    pub fn write(&mut self, fields: &DynamicFields, number: u32, value: StateValue<'_>) -> Result<(), TableFault> {
        let at = number as usize;
        if fields.ty(number).ok_or(TableFault::NoField)? != value.ty() {
            return Err(TableFault::FieldType);
        }
        if self.0.len() <= at {
            self.0.resize_with(at + 1, Value::default);
        }
        let place = self.0.get_mut(at).ok_or(TableFault::NoField)?;
        *place = match value {
            StateValue::Str(text) => match core::mem::take(place) {
                // The same text again, as when a child process has its parent's, keeps its memory.
                Value::Text(old) if old.as_c_str() == text => Value::Text(old),
                _ => Value::Text(text.to_owned()),
            },
            StateValue::Bool(b) => Value::Bits(b.into()),
            StateValue::Int8(n) => Value::Bits(i64::from(n).cast_unsigned()),
            StateValue::Int16(n) => Value::Bits(i64::from(n).cast_unsigned()),
            StateValue::Int32(n) => Value::Bits(i64::from(n).cast_unsigned()),
            StateValue::Int64(n) => Value::Bits(n.cast_unsigned()),
            StateValue::Uint8(n) => Value::Bits(n.into()),
            StateValue::Uint16(n) => Value::Bits(n.into()),
            StateValue::Uint32(n) => Value::Bits(n.into()),
            StateValue::Uint64(n) => Value::Bits(n),
        };
        Ok(())
    }
}
