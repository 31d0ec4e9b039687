//! Why a plugin's function failed.

use super::{AsyncError, BatchError, TableError};

/// Failure of a plugin's function; its text is what the host shows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is not what the plugin's type asks for.
    #[error("configuration: {0}")]
    Config(#[from] serde_json::Error),
    /// Text from the host is not UTF-8.
    #[error("{what} is not UTF-8")]
    NotUtf8 {
        /// Which text.
        what: &'static str,
    },
    /// The host handed over a null pointer or a length that cannot be.
    #[error("the host broke the contract: {0}")]
    Host(&'static str),
    /// The plugin does not do that.
    #[error("{0} is not supported by this plugin")]
    NotSupported(&'static str),
    /// The plugin was called while a call into it was running, or before it was initialised.
    #[error("{0}")]
    State(&'static str),
    /// A field's function gave a value that does not fit the request.
    #[error("field {field}: {what}")]
    Field {
        /// Position of the field.
        field: u32,
        /// What does not fit.
        what: &'static str,
    },
    /// A state table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// An async event.
    #[error(transparent)]
    Async(#[from] AsyncError),
    /// A batch of events.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The plugin's own error.
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps the plugin's own error type, or a text.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::other(e)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
