//! What fields remember from event to event, and the memory that extractions reuse.

use hashbrown::HashMap;
use jiff::tz::TimeZone;
use lanner_plugin_api::schema::EventType;
use rustc_hash::FxBuildHasher;

use super::containers::Containers;
use super::context::Seen;
use super::inside::Inside;
use super::render::{BufferFormat, Rendered};
use crate::state::intern::Interner;

/// Most processors whose switch times are kept: the number in the event may be anything.
const MAX_CPUS: usize = 4096;
/// Most threads whose running time is kept.
const MAX_THREADS: usize = 1 << 18;

/// Everything is a function of the events seen, never of which fields were asked for: two rule sets see the same values.
pub(crate) struct Memory {
    /// Nanoseconds since the event before, 0 at the first.
    pub(crate) delta: u64,
    last_ts: u64,
    /// Nanoseconds that the thread ran before this switch; 0 for other events.
    pub(crate) exec_time: u64,
    switch_ts: Vec<u64>,
    total_exec_time: HashMap<i64, u64, FxBuildHasher>,
    cpu_time: HashMap<i64, CpuTime, FxBuildHasher>,
    /// The sample before this one, on `procinfo` events.
    pub(crate) previous_cpu_time: CpuTime,
    exited: Option<i64>,
    /// Extractions of `util.cnt`.
    pub(crate) counter: u64,
    /// How buffers are rendered.
    pub(crate) buffer_format: BufferFormat,
    /// Where times are shown.
    pub(crate) zone: TimeZone,
    /// Containers that events described.
    pub(crate) containers: Containers,
    /// Users and groups inside of containers, where the events are of this machine.
    pub(crate) inside: Option<Inside>,
    /// A parameter's text.
    pub(crate) rendered: Rendered,
    /// A text that is put together.
    pub(crate) text: Vec<u8>,
    /// A path that is put together.
    pub(crate) path: Vec<u8>,
    /// The name that the event tells of a descriptor that is not known.
    pub(crate) guess: Guess,
    /// Names found out so.
    pub(crate) names: Interner,
}

/// A name found out from the event's parameters.
#[derive(Debug, Default)]
pub(crate) struct Guess {
    /// Whether it was looked for as the program wrote it; `None`: it was not looked for.
    pub(crate) raw: Option<bool>,
    /// Whether there is one.
    pub(crate) known: bool,
    pub(crate) name: Vec<u8>,
}

/// Processor time of a thread, as `procinfo` events sample it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CpuTime {
    pub(crate) user: u64,
    pub(crate) system: u64,
}

impl Memory {
    pub(crate) fn new(buffer_format: BufferFormat, zone: TimeZone) -> Self {
        Self {
            delta: 0,
            last_ts: 0,
            exec_time: 0,
            switch_ts: Vec::new(),
            total_exec_time: HashMap::default(),
            cpu_time: HashMap::default(),
            previous_cpu_time: CpuTime::default(),
            exited: None,
            counter: 0,
            buffer_format,
            zone,
            containers: Containers::default(),
            inside: None,
            rendered: Rendered::default(),
            text: Vec::new(),
            path: Vec::new(),
            guess: Guess::default(),
            names: Interner::default(),
        }
    }

    /// Takes note of an event, before its fields are asked for.
    #[inline]
    pub(crate) fn next(&mut self, seen: &Seen<'_>) {
        self.guess.raw = None;
        let code = seen.event.event_type();
        // Those about containers are among them.
        if code.has_large_payload() {
            let gone = self.containers.next(&seen.event);
            if let (Some(inside), Some(gone)) = (&mut self.inside, gone) {
                inside.remove(gone.as_bytes());
            }
        }
        if seen.hidden {
            return;
        }
        let ts = seen.event.ts();
        self.delta = if self.last_ts == 0 { 0 } else { ts.wrapping_sub(self.last_ts) };
        self.last_ts = ts;
        self.exec_time = 0;
        let counts = matches!(code, EventType::SCHEDSWITCH_6_E | EventType::PROCINFO_E | EventType::PROCEXIT_1_E);
        if counts || self.exited.is_some() {
            self.count_times(seen, ts);
        }
    }

    /// Follows how long threads ran, and which are gone.
    #[cold]
    fn count_times(&mut self, seen: &Seen<'_>, ts: u64) {
        if let Some(tid) = self.exited.take() {
            self.total_exec_time.remove(&tid);
            self.cpu_time.remove(&tid);
        }
        match seen.event.event_type() {
            EventType::SCHEDSWITCH_6_E => self.switch(seen.cpu, seen.event.tid(), ts),
            EventType::PROCINFO_E => {
                let tid = seen.event.tid();
                let now = CpuTime {
                    user: seen.event.u64(0).unwrap_or_default(),
                    system: seen.event.u64(1).unwrap_or_default(),
                };
                if self.cpu_time.len() < MAX_THREADS || self.cpu_time.contains_key(&tid) {
                    self.previous_cpu_time = self.cpu_time.insert(tid, now).unwrap_or_default();
                }
            }
            EventType::PROCEXIT_1_E => self.exited = Some(seen.event.tid()),
            _ => {}
        }
    }

    fn switch(&mut self, cpu: u32, tid: i64, ts: u64) {
        let cpu = cpu as usize;
        if cpu >= MAX_CPUS {
            return;
        }
        if self.switch_ts.len() <= cpu {
            self.switch_ts.resize(cpu + 1, 0);
        }
        let last = std::mem::replace(&mut self.switch_ts[cpu], ts);
        if last != 0 {
            self.exec_time = ts.wrapping_sub(last);
        }
        if self.total_exec_time.len() < MAX_THREADS || self.total_exec_time.contains_key(&tid) {
            let total = self.total_exec_time.entry(tid).or_default();
            *total = total.wrapping_add(self.exec_time);
        }
    }

    /// Nanoseconds that a thread has run so far, as far as switches were seen.
    pub(crate) fn total_exec_time(&self, tid: i64) -> u64 {
        self.total_exec_time.get(&tid).copied().unwrap_or_default()
    }
}
