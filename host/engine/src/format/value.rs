//! A typed value for JSON output.

/// A value as it stands in `output_fields`.
#[derive(Debug, Clone, PartialEq)]
pub enum FormatValue {
    /// The event has none.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// An unsigned number.
    Uint(u64),
    /// A double.
    Double(f64),
    /// Text; what is no UTF-8 has become U+FFFD.
    Text(String),
    /// The values of a list field.
    List(Vec<FormatValue>),
}
