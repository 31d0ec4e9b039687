//! Where alerts go: one stem each behind one queue with one worker.

mod file;
mod queue;
mod stdout;

pub use queue::{Outputs, QueueFull};

use thiserror::Error;

use crate::alert::Alert;
use crate::config::OutputSettings;

/// One alert on its way into an output.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The same as the line that the configuration asks for, without line feed.
    pub line: &'a str,
}

/// An output that did not take a line.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The file could not be opened.
    #[error("failed to open {path}: {source}")]
    Open {
        /// Its path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Writing failed.
    #[error("write failed: {0}")]
    Write(#[from] std::io::Error),
}

impl OutputError {
    /// Whether the reader at the other end is gone for good (a closed pipe).
    fn is_closed(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// A place for alerts. All calls come from the worker thread.
pub trait Output: Send {
    /// Its name in the configuration and in the log.
    fn name(&self) -> &'static str;

    /// Takes one alert.
    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError>;

    /// Writes out what is buffered. Called when the queue runs empty.
    fn flush(&mut self) -> Result<(), OutputError>;

    /// Opens its destination anew, for log rotation.
    fn reopen(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// The outputs that the configuration enables, in Falco's order.
pub fn enabled(settings: &OutputSettings) -> Vec<Box<dyn Output>> {
    let mut outputs: Vec<Box<dyn Output>> = Vec::new();
    if let Some(file) = &settings.file {
        outputs.push(Box::new(file::File::new(file)));
    }
    if settings.stdout {
        outputs.push(Box::new(stdout::Stdout::new(settings.buffered)));
    }
    outputs
}
