//! Events of the running system: probes in the kernel, their buffers, and the state of what runs already.

mod capability;
mod class;
mod clock;
mod counters;
mod cpus;
mod enforce;
mod error;
mod feature;
mod footprint;
mod foreign;
mod interest;
mod look;
mod matter;
mod merge;
mod object;
mod probe;
mod ring;
pub(crate) mod scan;
mod select;
mod settings;
mod tracepoint;

pub use class::Class;
pub use counters::{CounterReader, Counters, LostEvents};
pub(crate) use cpus::online;
pub use enforce::{EnforcedCount, EnforcedEvent, EnforcedReader, EnforcedTest, Enforcement};
pub use error::LiveError;
pub use feature::{Feature, features, missing};
pub use footprint::{Footprint, FootprintReader};
pub use foreign::exists;
pub use interest::Interest;
pub use look::{Looker, Looks};
pub use matter::Sieve;
pub use probe::ring_count;
pub use scan::{UserFiles, is_alive, process_ids};
pub use select::{Base, Selection};
pub use settings::{SCHEME, Settings};

use std::time::Duration;

use lanner_plugin_api::sdk::Wanted;

use crate::capture::InitialState;
use clock::Clock;
use merge::Rings;
use probe::Probe;

/// Age at which an event is delivered: by then every event older than it is in its buffer.
const SETTLE_NS: u64 = 1_000_000;
/// Shortest and longest pause. The longest bounds the latency, and what is written meanwhile fits into the smallest buffer.
const PAUSE: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(10));
/// So many events at once are a reason to look again without a pause.
const MANY: usize = 256;

/// Events as they happen.
pub struct Live {
    settings: Settings,
    probe: Probe,
    rings: Rings,
    clock: Clock,
    looker: Looker,
    selected: Interest,
    pause: Duration,
    /// Events delivered last.
    delivered: usize,
    number: u64,
    /// Time of the newest event delivered.
    newest: u64,
    /// Events that no probe sent, for the next delivery.
    to_tell: Vec<Box<[u8]>>,
    /// Those of the last one.
    told: Vec<Box<[u8]>>,
}

/// An event that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// Its number.
    pub number: u64,
    /// Processor on which it happened.
    pub cpu: u32,
    /// What a rule that kills did at it, in the bits of the host's event flags for it; 0 for nothing.
    pub mark: u32,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Live {
    /// Loads and attaches the probes; from then on events are collected.
    ///
    /// # Errors
    /// What is missing, with its remedy.
    pub fn open(settings: &Settings) -> Result<Self, LiveError> {
        let clock = Clock::new();
        let (probe, rings) = Probe::load(settings, clock)?;
        let mut live = Self {
            settings: settings.clone(),
            probe,
            rings,
            clock,
            looker: Looker::new(clock.boot),
            selected: Interest::none(),
            pause: PAUSE.0,
            delivered: 0,
            number: 0,
            newest: clock.now().saturating_sub(SETTLE_NS),
            to_tell: Vec::new(),
            told: Vec::new(),
        };
        live.want(settings.wanted())?;
        Ok(live)
    }

    /// Changes what is reported to what rules need that can match these events, or to everything the probes have. What is
    /// wanted before and after is reported meanwhile.
    ///
    /// # Errors
    /// A program that is needed for the first time may be refused; what was wanted before goes on.
    pub fn want(&mut self, events: Option<Wanted<'_>>) -> Result<(), LiveError> {
        let selection = self.settings.selection(events);
        self.probe.want(&selection)?;
        self.selected = selection.calls;
        Ok(())
    }

    /// Changes what is observed beside what rules ask for; the next [`Live::want`] goes by it.
    pub fn rest_on(&mut self, base: &Base<'_>) {
        self.settings.custom_set = base.custom_set.to_vec();
        (self.settings.repair, self.settings.io) = (base.repair, base.all);
    }

    /// The calls that are observed.
    pub fn selected(&self) -> &Interest {
        &self.selected
    }

    /// Programs that this kernel does not take, and why. Calls whose program is among them are reported without arguments,
    /// tracepoints not at all; everything else goes on.
    pub fn refused(&self) -> &[(String, String)] {
        self.probe.refused()
    }

    /// Epoch of the time since boot, ns.
    pub fn boot_time(&self) -> u64 {
        self.clock.boot
    }

    /// What runs already. Read after the probes are attached, so that nothing happens in between unseen.
    pub fn scan(&self) -> InitialState {
        scan::scan(self.clock.boot)
    }

    /// Gives the memory of the events delivered so far back to the kernel. If they were few, waits a little, longer each time
    /// in a row: nobody is woken for an event, and nobody turns in circles for lack of one or for a few.
    pub fn release(&mut self) {
        self.rings.release();
        self.told.clear();
        match self.delivered {
            0..MANY => {
                std::thread::sleep(self.pause);
                self.pause = (self.pause * 2).min(PAUSE.1);
            }
            _ => self.pause = PAUSE.0,
        }
    }

    /// Puts events that no probe sent in front of the next delivery, with the time of the event before them.
    pub fn tell(&mut self, events: Vec<Box<[u8]>>) {
        self.to_tell.extend(events);
    }

    /// Delivers up to `most` events of the probes, and those told, in the order of time; they stay valid until [`Live::release`]. Returns how many.
    pub fn deliver<'a>(&'a mut self, most: usize, mut to: impl FnMut(Arrived<'a>)) -> usize {
        let horizon = self.clock.now().saturating_sub(SETTLE_NS);
        let Self { rings, number, delivered, newest, to_tell, told, .. } = self;
        told.append(to_tell);
        for event in told.iter_mut() {
            if let Some(time) = event.first_chunk_mut() {
                *time = newest.to_le_bytes();
            }
        }
        for event in &*told {
            *number += 1;
            to(Arrived { number: *number, cpu: 0, mark: 0, bytes: event });
        }
        let n = rings.deliver(most, horizon, |record| {
            *number += 1;
            if let Some(time) = record.event.first_chunk() {
                *newest = u64::from_le_bytes(*time);
            }
            to(Arrived { number: *number, cpu: record.cpu, mark: record.mark, bytes: record.event });
        });
        *delivered = n + told.len();
        *delivered
    }

    /// The time, as an event of now has it: ns since the epoch.
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Who looks at single processes.
    pub fn looker(&self) -> &Looker {
        &self.looker
    }

    /// What the probes count of rules that kill, if there are any.
    pub fn enforced(&self) -> Option<&EnforcedReader> {
        self.probe.enforced()
    }

    /// What the probes take of the kernel's memory.
    pub fn footprint(&self) -> &FootprintReader {
        self.probe.footprint()
    }

    /// What the probes count.
    pub fn counters(&self) -> &CounterReader {
        self.probe.counters()
    }
}
