//! Why an output did not take an alert, and what follows from it.

use std::process::ExitStatus;
use std::time::Duration;

use thiserror::Error;

/// An output that did not take a line.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The file or socket could not be opened.
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
    /// The reader at the other end is gone for good (a closed pipe).
    #[error("nobody reads any more")]
    Closed,
    /// A program that could not be started.
    #[error("failed to start '{program}': {source}")]
    Start {
        /// As configured.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program that ended although it was to stay.
    #[error("'{program}' ended ({status})")]
    Ended {
        /// As configured.
        program: String,
        /// How.
        status: ExitStatus,
    },
    /// A program that got its alert and did not end.
    #[error("'{program}' did not end within {} s and was killed", limit.as_secs())]
    Hung {
        /// As configured.
        program: String,
        /// How long it had.
        limit: Duration,
    },
    /// A server that cannot be reached, or does not answer.
    #[error("{url}: {what}")]
    Post {
        /// Where.
        url: String,
        /// What happened.
        what: String,
    },
    /// A server that does not take the alert now.
    #[error("{url} answers {status}")]
    Answer {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// How long it wants to be left alone.
        after: Duration,
    },
    /// A server that does not take this alert.
    #[error("{url} refuses with {status}")]
    Rejected {
        /// Where.
        url: String,
        /// The status.
        status: u16,
    },
    /// Nothing was taken for the length of `output_timeout`.
    #[error("takes nothing for {} ms (output_timeout)", .0.as_millis())]
    Blocked(Duration),
}

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The output is over: nobody will ever read it again.
    Over,
    /// This alert cannot be delivered; the next one may be.
    Refused,
    /// It may go better next time, after this while at least.
    Passing(Duration),
}

impl OutputError {
    /// What follows.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Closed => Verdict::Over,
            // It may have done its work before it hung; twice would be wrong.
            Self::Hung { .. } | Self::Rejected { .. } => Verdict::Refused,
            Self::Answer { after, .. } => Verdict::Passing(*after),
            Self::Write(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Verdict::Over,
            // A datagram longer than the system takes.
            Self::Write(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => Verdict::Refused,
            _ => Verdict::Passing(Duration::ZERO),
        }
    }
}
