//! The plugin `syscall`: the state and its fields behind the plugin API.
//!
//! It sources events (from a capture file), follows each of them ([`State::on_event`]), extracts fields, and offers the
//! threads as the table `threads`. What an event is about (thread, descriptor) is found while it is parsed and kept for
//! the fields of the same event.

mod config;
mod extract;
mod head;
mod metrics;
mod sink;
mod source;
mod tables;
mod upkeep;

use core::ffi::CStr;

use lanner_plugin_api::export_plugin;
use lanner_plugin_api::raw::EventMeta;
use lanner_plugin_api::sdk::{Error, Init, Json, Log, Metrics, Parse, ParseCx, Plugin};
use lanner_plugin_api::wire::Event;

pub use config::{BaseSyscalls, Config};

use crate::capture::{Interface, Machine};
use crate::fields::{Extractor, Seen};
use crate::state::{Mode, State};
use tables::Created;

/// The plugin.
pub struct Syscall {
    state: State,
    extractor: Extractor,
    /// The machine whose events come, once a stream is open.
    machine: Option<Machine>,
    /// Its network interfaces.
    interfaces: Vec<Interface>,
    /// Counts how often the state was replaced.
    epoch: u64,
    /// Processor and visibility of the events of the batch that is being parsed.
    metas: Vec<EventMeta>,
    /// Place in `metas` of the event that comes next.
    next_meta: usize,
    /// Number, processor and visibility of the event parsed last.
    meta: EventMeta,
    /// Threads that another plugin made and has not put into the table yet.
    created: Created,
    /// What the probes count, while the running system is watched.
    counted: Option<metrics::Counted>,
    /// What keeps the state true meanwhile.
    upkeep: Option<upkeep::Upkeep>,
    /// What holds.
    config: Config,
    log: Log,
}

impl Plugin for Syscall {
    const NAME: &'static CStr = c"syscall";
    const DESCRIPTION: &'static CStr =
        c"System calls: threads, descriptors and users, followed through live events or captures";
    const CONTACT: &'static CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static CStr = c"0.1.0";
    const EVENT_SCHEMA_VERSION: &'static CStr = c"4.5.1";

    type Config = Json<Config>;

    fn new(init: &mut Init<'_>, Json(config): Self::Config) -> Result<Self, Error> {
        Ok(Self {
            state: State::new(Mode::Capture, config.limits()),
            extractor: config.extractor(),
            machine: None,
            interfaces: Vec::new(),
            epoch: 0,
            metas: Vec::new(),
            next_meta: 0,
            meta: EventMeta::default(),
            created: Created::default(),
            counted: None,
            upkeep: None,
            config,
            log: init.log(),
        })
    }

    /// What is observed beside what rules ask for is taken with the next [`want_events`]; the size of the table stays.
    ///
    /// [`want_events`]: lanner_plugin_api::sdk::SourceInstance::want_events
    fn set_config(&mut self, Json(config): Self::Config) -> Result<(), Error> {
        if config.thread_table_size != self.config.thread_table_size {
            return Err(Error::NotSupported("changing thread_table_size while running"));
        }
        if config.memory_mb != self.config.memory_mb {
            return Err(Error::NotSupported("changing memory_mb while running"));
        }
        if config.buffer_format_base64 != self.config.buffer_format_base64 {
            self.extractor = config.extractor();
        }
        self.config = config;
        Ok(())
    }

    fn metrics(&mut self, out: &mut Metrics<'_>) {
        metrics::of_state(&self.state, out);
        if let Some(counted) = &mut self.counted {
            counted.tell(out);
        }
        if let Some(upkeep) = &self.upkeep {
            upkeep.tell(out);
            let (containers, read) = self.extractor.looks_inside();
            out.gauge("n_containers_looked_inside", containers);
            out.counter("n_user_files_read_inside", read);
        }
    }
}

impl Syscall {
    /// What the source knows about the event with this number. Events come in the order of the batch; a host that
    /// numbers them by itself, or puts others between them, is followed by that order.
    #[inline]
    fn meta_of(&mut self, num: u64) -> EventMeta {
        let here = self.next_meta;
        let found = match self.metas.get(here) {
            Some(meta) if meta.num == num => Some(here),
            _ => self.metas.get(here..).and_then(|rest| rest.iter().position(|m| m.num == num)).map(|n| here + n),
        };
        match found {
            Some(at) => {
                self.next_meta = at + 1;
                self.metas[at]
            }
            None => EventMeta { num, cpu: 0, flags: 0 },
        }
    }
}

impl Parse for Syscall {
    const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    #[inline]
    fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        let event = Event::checked_before(cx.event.bytes());
        let meta = self.meta_of(cx.event.num());
        self.meta = meta;
        self.state.on_event(&event, meta.cpu, meta.num);
        self.extractor.next(&Seen { event, cpu: meta.cpu, hidden: meta.is_hidden() });
        Ok(())
    }
}

export_plugin!(Syscall: source, extract_raw, parse, tables);
