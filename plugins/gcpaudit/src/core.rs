//! What the plugin is, wherever its entries come from: configuration, counters, the way from an entry to an event.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_intake::split::Piece;
use lanner_intake::{Reason, Rejects, salvage};
use lanner_json::{Document, Value};
use lanner_plugin_api::sdk::{Batch, Error, EventInput, ExtractCx, FieldRequest, Init, Log, Metrics, ValueSink};

use crate::config::Config;
use crate::entry::{self, PAYLOAD};
use crate::extract::text;
use crate::fields::FIELDS;

/// Bytes of an entry that are held to make an event of it; Google's own limit is well below.
pub const MAX_ENTRY: usize = 4 << 20;

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Entries that became events.
    Events,
    /// Entries with bytes that are no UTF-8; those were replaced.
    Repaired,
    /// Files read to their end.
    Files,
    /// Files that could not be read to their end.
    FilesFailed,
    /// Messages received.
    Messages,
    /// Messages acknowledged after evaluation.
    Acked,
    /// Messages whose acknowledgement Google refused or did not confirm; they may come again.
    AcksFailed,
    /// Messages given back unevaluated, because the source was closed.
    Returned,
    /// Messages that can never be read.
    Poison,
    /// Messages that had been delivered before.
    Redelivered,
    /// Streams that Google refused and that were opened again.
    StreamsReopened,
    /// Looks at a silent subscription that found Google out of reach.
    Unreachable,
}

impl Count {
    const NAMES: [(Self, &'static str); 12] = [
        (Self::Events, "events"),
        (Self::Repaired, "repaired_utf8"),
        (Self::Files, "files"),
        (Self::FilesFailed, "files_failed"),
        (Self::Messages, "messages"),
        (Self::Acked, "messages_acked"),
        (Self::AcksFailed, "messages_not_acked"),
        (Self::Returned, "messages_returned"),
        (Self::Poison, "messages_poison"),
        (Self::Redelivered, "messages_redelivered"),
        (Self::StreamsReopened, "streams_reopened"),
        (Self::Unreachable, "unreachable"),
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
        let value = self.document.of(&cx.event).and_then(|entry| text(entry, field.rule));
        value.inspect(|text| out.str(text)).is_some()
    }

    /// An event as one line of JSON.
    pub fn event_to_string(&mut self, event: &EventInput<'_>, out: &mut String) -> bool {
        let line = self.document.of(event).map(Value::text);
        line.map(|line| *out = line.into_owned()).is_some()
    }

    /// Makes an event of a find of the splitter, or counts why it is none.
    pub fn piece(&self, piece: Piece<'_>, from: &dyn Display, batch: &mut Batch<'_>) {
        let outcome = match piece {
            Piece::Item(entry) => self.entry(entry, from, batch),
            Piece::TooLong { head, .. } => match salvage(head, MAX_ENTRY, Some(PAYLOAD)) {
                Some(rest) => {
                    self.shared.rejects.slimmed();
                    self.entry(&rest, from, batch)
                }
                None => self.rejected(Reason::TooLong, from, head),
            },
            Piece::Cut(rest) => self.rejected(Reason::NotJson, from, rest),
        };
        // Counted and told; of a file nothing else is to be done about it.
        let _ = outcome;
    }

    /// Makes an event of an entry, or counts why it is none.
    ///
    /// # Errors
    /// It is no event, and has been counted as such.
    pub fn entry(&self, entry: &[u8], from: &dyn Display, batch: &mut Batch<'_>) -> Result<(), Reason> {
        let Shared { counters, rejects, config, .. } = &self.shared;
        let made = entry::read(entry, config.max_event_size as usize).and_then(|event| {
            let put = batch.payload_at(event.time, event.payload.as_bytes());
            put.map_err(|_| Reason::TooLong).map(|()| event)
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
                Ok(())
            }
            Err(reason) => self.rejected(reason, from, entry),
        }
    }

    fn rejected(&self, reason: Reason, from: &dyn Display, payload: &[u8]) -> Result<(), Reason> {
        self.shared.rejects.reject(reason, from, payload);
        Err(reason)
    }
}
