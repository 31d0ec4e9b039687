//! What a plugin is wherever its records come from: configuration, counters, the way from a record to an event.

use std::fmt::Display;
use std::sync::Arc;

use lanner_json::Document;
use lanner_plugin_api::sdk::{Batch, Error, EventInput, ExtractCx, FieldRequest, Init, Log, Metrics, ValueSink};

use super::{Cloud, Count, Counters, MAX_RECORD, No};
use crate::split::Piece;
use crate::{Reason, Rejects, salvage};

/// What parts of a source on other threads need of the plugin with the configuration `C`.
pub struct Shared<C> {
    /// The configuration.
    pub config: Arc<C>,
    /// The host's log.
    pub log: Log,
    /// Counts what is no event.
    pub rejects: Arc<Rejects>,
    /// Counts everything else.
    pub counters: Arc<Counters>,
}

impl<C> Clone for Shared<C> {
    fn clone(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
            log: self.log.clone(),
            rejects: Arc::clone(&self.rejects),
            counters: Arc::clone(&self.counters),
        }
    }
}

/// The plugin with the configuration `C`.
pub struct Core<C> {
    document: Document,
    shared: Shared<C>,
}

impl<C: Cloud> Core<C> {
    /// Takes the configuration.
    ///
    /// # Errors
    /// The quarantine folder cannot be used.
    pub fn new(init: &Init<'_>, config: C) -> Result<Self, Error> {
        let rejects = Rejects::new(init.log(), config.limits().quarantine)?;
        let shared =
            Shared { config: Arc::new(config), log: init.log(), rejects, counters: Arc::new(Counters::default()) };
        Ok(Self { document: Document::default(), shared })
    }

    /// What threads of a source need.
    #[must_use]
    pub fn shared(&self) -> &Shared<C> {
        &self.shared
    }

    /// Reports all counters.
    pub fn metrics(&self, out: &mut Metrics<'_>) {
        for count in C::COUNTS {
            out.counter(count.name(), self.shared.counters.get(*count));
        }
        self.shared.rejects.metrics(out);
    }

    /// Writes the value of a field; `false` if the event has none.
    pub fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let Some(event) = self.document.of(&cx.event) else { return false };
        C::extract(event, req, out);
        !out.is_empty()
    }

    /// An event as one line.
    pub fn event_to_string(&mut self, event: &EventInput<'_>, out: &mut String) -> bool {
        let line = self.document.of(event).and_then(C::line);
        line.map(|line| *out = line).is_some()
    }

    /// Makes an event of a find of the splitter, or counts why it is none.
    pub fn piece(&self, piece: Piece<'_>, from: &dyn Display, batch: &mut Batch<'_>) {
        let outcome = match piece {
            Piece::Item(record) => self.record(record, from, batch),
            Piece::TooLong { head, .. } => match salvage(head, MAX_RECORD, C::INNER) {
                Some(rest) => {
                    self.shared.rejects.slimmed();
                    self.record(&rest, from, batch)
                }
                None => self.rejected(Reason::TooLong, from, head),
            },
            Piece::Cut(rest) => self.rejected(Reason::NotJson, from, rest),
        };
        // Counted and told; of a file nothing else is to be done about it.
        let _ = outcome;
    }

    /// Makes an event of the record that `text` begins with, if that goes on as it stands; returns where it ends. `max`: bytes of
    /// it. `may_have_list`: an object with a list of records is none.
    pub fn whole(&self, text: &str, max: usize, may_have_list: bool, batch: &mut Batch<'_>) -> Option<usize> {
        let Shared { counters, config, .. } = &self.shared;
        let list = may_have_list.then_some(C::LIST);
        let (end, time) = C::read_first(text, config.limits().max_event.min(max), list)?;
        batch.payload_at(time, text.as_bytes().get(..end)?).ok()?;
        counters.add(Count::Events);
        Some(end)
    }

    /// Makes an event of a record, or counts why it is none.
    ///
    /// # Errors
    /// It cannot be used, and has been counted as such.
    pub fn record(&self, record: &[u8], from: &dyn Display, batch: &mut Batch<'_>) -> Result<(), Reason> {
        let Shared { counters, rejects, config, .. } = &self.shared;
        let made = C::read(record, config.limits().max_event).and_then(|event| {
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
                Ok(())
            }
            Err(No::Counted(count)) => {
                counters.add(count);
                Ok(())
            }
            Err(No::Rejected(reason)) => self.rejected(reason, from, record),
        }
    }

    fn rejected(&self, reason: Reason, from: &dyn Display, payload: &[u8]) -> Result<(), Reason> {
        self.shared.rejects.reject(reason, from, payload);
        Err(reason)
    }
}
