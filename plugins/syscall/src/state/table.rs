//! Fields that plugins add to threads and descriptors.

use super::zstr::ZStr;

/// Value of an added field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DynValue {
    /// Never written: reads as zero or the empty string.
    #[default]
    Unset,
    /// Any integer or boolean, sign-extended to 64 bits.
    Int(u64),
    /// A string.
    Text(ZStr),
}

/// Values of the added fields of one entry, by field number. Costs nothing until a field is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::box_collection, reason = "8 bytes in each descriptor instead of 24, where hardly any has values")]
pub struct DynValues(Option<Box<Vec<DynValue>>>);

impl DynValues {
    /// Value of field `n`.
    pub fn get(&self, n: usize) -> &DynValue {
        self.0.as_ref().and_then(|v| v.get(n)).unwrap_or(&DynValue::Unset)
    }

    /// Sets field `n`; numbers beyond [`MAX_DYN_FIELDS`] are refused.
    pub fn set(&mut self, n: usize, value: DynValue) -> bool {
        if n >= MAX_DYN_FIELDS {
            return false;
        }
        let values = self.0.get_or_insert_default();
        if values.len() <= n {
            values.resize(n + 1, DynValue::Unset);
        }
        values[n] = value;
        true
    }
}

/// Most fields that plugins may add to one table.
pub const MAX_DYN_FIELDS: usize = 256;

/// Description of an added field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynField {
    /// Name, unique in its table.
    pub name: Box<str>,
    /// Type number of the plugin ABI.
    pub ty: u32,
}

/// The fields that plugins added to one table.
#[derive(Clone, Debug, Default)]
pub struct DynFields(Vec<DynField>);

impl DynFields {
    /// All fields, by number.
    pub fn list(&self) -> &[DynField] {
        &self.0
    }

    /// Number and description of a field.
    pub fn find(&self, name: &str) -> Option<(usize, &DynField)> {
        self.0.iter().enumerate().find(|(_, f)| &*f.name == name)
    }

    /// Adds a field, or gives the number of an equal one that exists. `None`: the name exists with another type, or
    /// there are too many fields.
    pub fn add(&mut self, name: &str, ty: u32) -> Option<usize> {
        if let Some((n, f)) = self.find(name) {
            return (f.ty == ty).then_some(n);
        }
        if self.0.len() >= MAX_DYN_FIELDS {
            return None;
        }
        self.0.push(DynField { name: name.into(), ty });
        Some(self.0.len() - 1)
    }
}
