//! Where alerts go: one stem each, and for each of them a queue, a worker and what is tried again (`queue`).

mod back_off;
mod counts;
mod entrance;
mod error;
mod file;
mod http;
mod lane;
mod noise;
mod program;
mod queue;
mod redirect;
mod roll;
mod route;
mod spool;
mod stdout;
mod syslog;
mod unwritten;
mod worker;

pub use counts::{OutputCounts, OutputsCounts};
pub use error::{OutputError, Verdict};
pub use http::HttpError;
pub use queue::{End, Outputs, QueueFull};
pub use redirect::{Changes, Ready};
pub use spool::SpoolError;

use std::time::Duration;

use lanner_engine::load::Priority;

use crate::config::OutputSettings;

/// One alert on its way into an output.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// How grave it is.
    pub priority: Priority,
    /// Whether the line is a JSON object.
    pub json: bool,
    /// The line that the configuration asks for, without line feed.
    pub line: &'a str,
}

/// A place for alerts. All calls come from its worker thread.
pub trait Output: Send {
    /// Its name in the configuration, in the log and in metrics.
    fn name(&self) -> &'static str;

    /// Takes one alert. An alert that it did not take for a passing reason comes again, unchanged: an output that got half of a
    /// line out remembers where to go on.
    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError>;

    /// Writes out what is buffered. Called when the queue runs empty.
    fn flush(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    /// Opens its destination anew, for log rotation.
    fn reopen(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    /// How often it wants to look after its destination while there are no alerts.
    fn tended_every(&self) -> Option<Duration> {
        None
    }

    /// Looks after its destination.
    fn tend(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    /// There will be no more alerts; waits, within reason, for what must end with it.
    fn close(&mut self) {}

    /// Whether alerts that it does not take now may wait on disk.
    fn spools(&self) -> bool {
        true
    }

    /// How many attempts in a row may fail before it counts as down.
    fn patience(&self) -> u32 {
        5
    }
}

/// The outputs that the configuration enables, in Falco's order.
///
/// # Errors
/// An address that is none, a file with certificates that cannot be used.
pub fn enabled(settings: &OutputSettings) -> Result<Vec<Box<dyn Output>>, HttpError> {
    let timeout = settings.timeout();
    let mut outputs: Vec<Box<dyn Output>> = Vec::new();
    if let Some(file) = &settings.file {
        outputs.push(Box::new(file::File::new(file)));
    }
    if let Some(program) = &settings.program {
        outputs.push(Box::new(program::Program::new(program, timeout)));
    }
    if settings.stdout {
        outputs.push(Box::new(stdout::Stdout::new(settings.buffered)));
    }
    if let Some(syslog) = &settings.syslog {
        outputs.push(Box::new(syslog::Syslog::new(&syslog.path, timeout)));
    }
    if let Some(http) = &settings.http {
        outputs.push(Box::new(http::Http::new(http, timeout)?));
    }
    Ok(outputs)
}
