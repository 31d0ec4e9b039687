//! State tables, from both sides: [`client`] uses tables of the host and of other plugins, [`provide`] offers one's own.

mod client;
mod dynamic;
mod entry;
mod provide;
mod value;

pub use client::{InitTables, Table, TableReader, TableWriter};
pub use dynamic::{DynamicFields, DynamicValues};
pub use entry::{Entry, EntryView, Field, NewEntry, SubTable};
pub use provide::{EntryRef, FieldSpec, ProvideTables, StateOut, TableDecl, TableFault, TableRef};
pub use value::{StateValue, Sub, TableValue};

pub(crate) use provide::{OutValue, StrArena};

/// Why a table could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The host lacks a function that this needs.
    #[error("the host offers no {0}")]
    Unavailable(&'static str),
    /// No such table, or its key has another type.
    #[error("table {name}: {reason}")]
    Table {
        /// Name.
        name: String,
        /// What the host says.
        reason: String,
    },
    /// No such field, or it has another type.
    #[error("field {name} of type {ty}: {reason}")]
    Field {
        /// Name.
        name: String,
        /// Type asked for.
        ty: crate::raw::StateType,
        /// What the host says.
        reason: String,
    },
    /// An operation on entries failed.
    #[error("{what}: {reason}")]
    Operation {
        /// What was tried.
        what: &'static str,
        /// What the host says.
        reason: String,
    },
    /// The host gave null where a text or a table was promised.
    #[error("the host gave a null {0}")]
    Null(&'static str),
}
