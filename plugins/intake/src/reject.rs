//! Payloads that are no events: counted with their reason, told once, kept if wanted. They never end a source.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_json::Fault;
use lanner_plugin_api::sdk::{Log, Metrics};

use crate::quarantine::{Kept, Quarantine, QuarantineConfig};

/// Why a payload, or an item of it, is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// No JSON, or JSON that ends in the middle.
    #[error("not JSON")]
    NotJson,
    /// Containers inside containers without end.
    #[error("nested too deep")]
    TooDeep,
    /// JSON, but nothing that this source knows.
    #[error("not an event of this source")]
    Foreign,
    /// No time, or none that can be read.
    #[error("without a valid time")]
    NoTime,
    /// Over the limit, and not to be made smaller.
    #[error("over the size limit")]
    TooLong,
    /// Compressed, and over the limit when expanded.
    #[error("over the size limit when expanded")]
    Expands,
    /// Compressed, and damaged or cut off.
    #[error("a damaged or cut-off archive")]
    BrokenArchive,
    /// The file or object cannot be read.
    #[error("not readable")]
    Unreadable,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 9] = [
        Self::NotUtf8,
        Self::NotJson,
        Self::TooDeep,
        Self::Foreign,
        Self::NoTime,
        Self::TooLong,
        Self::Expands,
        Self::BrokenArchive,
        Self::Unreadable,
    ];

    /// Name in metrics and in names of quarantined files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::TooDeep => "too_deep",
            Self::Foreign => "foreign",
            Self::NoTime => "no_time",
            Self::TooLong => "too_long",
            Self::Expands => "expands",
            Self::BrokenArchive => "broken_archive",
            Self::Unreadable => "unreadable",
        }
    }
}

impl From<Fault> for Reason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Utf8 => Self::NotUtf8,
            Fault::Syntax(_) => Self::NotJson,
            Fault::Deep => Self::TooDeep,
            Fault::Long => Self::TooLong,
        }
    }
}

/// Counts what is no event. Shared by the threads of a source.
pub struct Rejects {
    log: Log,
    counts: [AtomicU64; Reason::ALL.len()],
    /// Events that go on without their largest parts.
    slimmed: AtomicU64,
    quarantine: Option<Quarantine>,
    kept: AtomicU64,
    not_kept: AtomicU64,
}

impl Rejects {
    /// Counts from zero; with `quarantine`, payloads are kept in that folder, which is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn new(log: Log, quarantine: Option<&QuarantineConfig>) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            log,
            counts: Default::default(),
            slimmed: AtomicU64::new(0),
            quarantine: quarantine.map(Quarantine::open).transpose()?,
            kept: AtomicU64::new(0),
            not_kept: AtomicU64::new(0),
        }))
    }

    /// Counts a payload that is no event. `from` says where it came from (a file and line, an object, a peer) for the log line
    /// of the first of its kind.
    pub fn reject(&self, reason: Reason, from: &dyn Display, payload: &[u8]) {
        let first = self.counts[reason as usize].fetch_add(1, Ordering::Relaxed) == 0;
        if first {
            self.log.warning(format!(
                "{from}: passed over, it is {reason}; more of the kind are counted (rejected_{}), not logged",
                reason.name()
            ));
        }
        let Some(quarantine) = &self.quarantine else { return };
        match quarantine.keep(reason.name(), payload) {
            Ok(Kept::Yes) => {
                self.kept.fetch_add(1, Ordering::Relaxed);
            }
            outcome => {
                if self.not_kept.fetch_add(1, Ordering::Relaxed) == 0 {
                    let why = match outcome {
                        Err(error) => error.to_string(),
                        Ok(_) => "it is full (quarantine.maxBytes)".to_owned(),
                    };
                    self.log
                        .warning(format!("quarantine folder {}: {why}; payloads are not kept", quarantine.folder()));
                }
            }
        }
    }

    /// Counts an event that goes on without its largest parts.
    pub fn slimmed(&self) {
        if self.slimmed.fetch_add(1, Ordering::Relaxed) == 0 {
            self.log.warning(format!(
                "an event over the size limit goes on without its largest parts, named in its member '{}'; more are counted \
                 (oversized), not logged",
                crate::OMITTED
            ));
        }
    }

    /// How many were rejected for this reason.
    #[must_use]
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Ordering::Relaxed)
    }

    /// How many were rejected for any reason.
    #[must_use]
    pub fn total(&self) -> u64 {
        Reason::ALL.iter().map(|reason| self.count(*reason)).sum()
    }

    /// Reports all counters.
    pub fn metrics(&self, out: &mut Metrics<'_>) {
        for reason in Reason::ALL {
            out.counter(&format!("rejected_{}", reason.name()), self.count(reason));
        }
        out.counter("oversized", self.slimmed.load(Ordering::Relaxed));
        if self.quarantine.is_some() {
            out.counter("quarantined", self.kept.load(Ordering::Relaxed));
            out.counter("not_quarantined", self.not_kept.load(Ordering::Relaxed));
        }
    }
}
