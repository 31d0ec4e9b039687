//! What the plugin is, wherever its records come from: configuration, counters, the way from a record to an event.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_intake::split::Piece;
use lanner_intake::{Reason, Rejects, salvage};
use lanner_json::Document;
use lanner_plugin_api::sdk::{Batch, Error, EventInput, ExtractCx, FieldRequest, Init, Log, Metrics, ValueSink};

use crate::config::Config;
use crate::extract::{number, texts};
use crate::fields::FIELDS;
use crate::info;
use crate::record::{self, No};

/// Bytes of a record that are held to make an event of it; CloudTrail's own limit is 1 MiB.
pub const MAX_RECORD: usize = 4 << 20;

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Records that became events.
    Events,
    /// Insight events: statistics about calls, not calls.
    Insights,
    /// Records with bytes that are no UTF-8; those were replaced.
    Repaired,
    /// Files and objects read to their end.
    Files,
    /// Files and objects that could not be read to their end.
    FilesFailed,
    /// Messages received.
    Messages,
    /// Messages deleted after evaluation.
    Deleted,
    /// Messages that can never be read.
    Poison,
    /// Messages that come back later, because an object of theirs could not be read.
    Returned,
    /// Calls of AWS that failed after all attempts.
    CallsFailed,
    /// Events of `lookup://` that had been seen before.
    Repeated,
}

impl Count {
    const NAMES: [(Self, &'static str); 11] = [
        (Self::Events, "events"),
        (Self::Insights, "skipped_insights"),
        (Self::Repaired, "repaired_utf8"),
        (Self::Files, "files"),
        (Self::FilesFailed, "files_failed"),
        (Self::Messages, "messages"),
        (Self::Deleted, "messages_deleted"),
        (Self::Poison, "messages_poison"),
        (Self::Returned, "messages_returned"),
        (Self::CallsFailed, "calls_failed"),
        (Self::Repeated, "lookup_repeated"),
    ];
}

/// The counters; shared with threads.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; Count::NAMES.len()]);

impl Counters {
    /// Counts one.
    pub fn add(&self, what: Count) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self, what: Count) -> u64 {
        self.0[what as usize].load(Ordering::Relaxed)
    }
}

/// What parts of a source on other threads need of the plugin.
#[derive(Clone)]
pub struct Shared {
    /// The configuration.
    pub config: Arc<Config>,
    /// The host's log.
    pub log: Log,
    /// Counts what is no event.
    pub rejects: Arc<Rejects>,
    /// Counts everything else.
    pub counters: Arc<Counters>,
}

/// The plugin.
pub struct Core {
    document: Document,
    shared: Shared,
}

impl Core {
    /// Takes the configuration.
    ///
    /// # Errors
    /// The quarantine folder cannot be used.
    pub fn new(init: &Init<'_>, config: Config) -> Result<Self, Error> {
        let rejects = Rejects::new(init.log(), config.quarantine.as_ref())?;
        let shared =
            Shared { config: Arc::new(config), log: init.log(), rejects, counters: Arc::new(Counters::default()) };
        Ok(Self { document: Document::default(), shared })
    }

    /// What threads of a source need.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Reports all counters.
    pub fn metrics(&self, out: &mut Metrics<'_>) {
        for (count, name) in Count::NAMES {
            out.counter(name, self.shared.counters.get(count));
        }
        self.shared.rejects.metrics(out);
    }

    /// Writes the value of a field; `false` if the event has none.
    pub fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let Some(field) = FIELDS.get(req.id as usize) else { return false };
        let Some(event) = self.document.of(&cx.event) else { return false };
        if field.rule.is_number() {
            let Some(number) = number(event, field.rule) else { return false };
            out.u64(number);
        } else {
            texts(event, field.rule, req.arg.index, &mut |text| out.str(text));
        }
        !out.is_empty()
    }

    /// An event as one line.
    pub fn event_to_string(&mut self, event: &EventInput<'_>, out: &mut String) -> bool {
        let line = self.document.of(event).and_then(info::plugin_info);
        line.map(|line| *out = line).is_some()
    }

    /// Makes an event of a find of the splitter, or counts why it is none.
    pub fn piece(&self, piece: Piece<'_>, from: &dyn Display, batch: &mut Batch<'_>) {
        match piece {
            Piece::Item(record) => self.record(record, from, batch),
            Piece::TooLong { head, .. } => match salvage(head, MAX_RECORD, None) {
                Some(rest) => {
                    self.shared.rejects.slimmed();
                    self.record(&rest, from, batch);
                }
                None => self.shared.rejects.reject(Reason::TooLong, from, head),
            },
            Piece::Cut(rest) => self.shared.rejects.reject(Reason::NotJson, from, rest),
        }
    }

    /// Makes an event of a record, or counts why it is none.
    pub fn record(&self, record: &[u8], from: &dyn Display, batch: &mut Batch<'_>) {
        let Shared { counters, rejects, config, .. } = &self.shared;
        let made = record::read(record, config.max_event_size as usize).and_then(|event| {
            let put = batch.payload_at(event.time, event.payload.as_bytes());
            put.map_err(|_| No::Rejected(Reason::TooLong)).map(|()| event)
        });
        match made {
            Ok(event) => {
                counters.add(Count::Events);
                if event.repaired {
                    counters.add(Count::Repaired);
                }
                if event.reduced {
                    rejects.slimmed();
                }
            }
            Err(No::Insight) => counters.add(Count::Insights),
            Err(No::Rejected(reason)) => rejects.reject(reason, from, record),
        }
    }
}
