//! Rules that kill, as the probes take them.

use std::sync::Arc;

use aya::Ebpf;
use aya::maps::{Array, MapData, PerCpuArray};
use lanner_plugin_api::raw::Enforced;
use lanner_plugin_api::schema::EventType;
use serde::{Deserialize, Serialize};

use super::LiveError;

/// What the probes are to kill. The numbers of subjects and of ways to compare are those of bpf/enforce.bpf.h.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// Only say what would be killed.
    pub dry_run: bool,
    /// The comparisons; the position is the number of the bit.
    pub tests: Vec<EnforcedTest>,
    /// Bits of comparisons that spare a process.
    pub protect: u64,
    /// What is decided at which event.
    pub events: Vec<EnforcedEvent>,
    /// How many rules there are.
    pub rules: u16,
}

/// One comparison.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct EnforcedTest {
    /// Of what.
    pub subject: u8,
    /// How.
    pub how: u8,
    /// With any of these.
    pub texts: Vec<Vec<u8>>,
}

/// What is decided at an event.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct EnforcedEvent {
    /// Its code.
    pub code: u16,
    /// Bits of the comparisons that must hold, of those that must not, and the number of the rule; in the order of rules.
    pub alternatives: Vec<(u64, u64, u16)>,
}

/// What was done for one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnforcedCount {
    /// Its number.
    pub rule: u16,
    /// Decisions of which no event tells, because it was lost.
    pub untold: u64,
    /// Processes killed.
    pub killed: u64,
    /// Processes that would have been, but for [`Enforcement::dry_run`].
    pub would_kill: u64,
    /// Processes that are never killed.
    pub spared: u64,
    /// Signals that the kernel refused.
    pub refused: u64,
}

/// The subject that is the path of a file that was opened.
const FILE: u8 = 2;
const MAX_TEXT: usize = 256;
/// A text: subject, way to compare, number of the bit, nothing; length; bytes.
type Text = [u8; 8 + MAX_TEXT];
type Counts = PerCpuArray<MapData, [u64; 5]>;

/// The maps of rules that kill. Programs are loaded with them later, so they stay.
pub(super) struct Maps {
    events: Array<MapData, u64>,
    alternatives: Array<MapData, [u64; 3]>,
    texts: Array<MapData, Text>,
    bounds: Array<MapData, [u64; 2]>,
}

fn map<T>(bpf: &mut Ebpf, name: &'static str) -> Result<T, LiveError>
where
    T: TryFrom<aya::maps::Map, Error = aya::maps::MapError>,
{
    let map = bpf.take_map(name).ok_or(LiveError::Lacks(name))?;
    T::try_from(map).map_err(|error| LiveError::Map { name, error })
}

/// Where an event has the path of a file as the program gave it, counted from 1; only numbers of eight bytes stand before it.
fn name_param(code: u16) -> u64 {
    match EventType(code) {
        EventType::SYSCALL_OPEN_X | EventType::SYSCALL_CREAT_X => 2,
        EventType::SYSCALL_OPENAT_2_X | EventType::SYSCALL_OPENAT2_X => 3,
        _ => 0,
    }
}

/// Tells the probes what is to be killed, before the first event is looked at; what they count of it can be read then.
pub(super) fn write(bpf: &mut Ebpf, what: &Enforcement) -> Result<(Maps, EnforcedReader), LiveError> {
    let mut maps = Maps {
        events: map(bpf, "enforced_events")?,
        alternatives: map(bpf, "enforced_rules")?,
        texts: map(bpf, "enforced_texts")?,
        bounds: map(bpf, "enforced_bounds")?,
    };
    maps.write(what)?;
    Ok((maps, EnforcedReader(Arc::new((map(bpf, "enforced_counts")?, what.rules)))))
}

impl Maps {
    fn write(&mut self, what: &Enforcement) -> Result<(), LiveError> {
        fn failed(name: &'static str) -> impl Fn(aya::maps::MapError) -> LiveError {
            move |error| LiveError::Map { name, error }
        }
        let mut n = 0;
        for (bit, test) in (0..64_u8).zip(&what.tests) {
            for text in &test.texts {
                let mut entry: Text = [0; 8 + MAX_TEXT];
                let place = entry.get_mut(8..8 + text.len()).ok_or(LiveError::LongText(text.len()))?;
                place.copy_from_slice(text);
                entry[..3].copy_from_slice(&[test.subject, test.how, bit]);
                entry[4..8].copy_from_slice(&(text.len() as u32).to_ne_bytes());
                self.texts.set(n, entry, 0).map_err(failed("enforced_texts"))?;
                n += 1;
            }
        }
        self.bounds.set(0, [what.protect, u64::from(n)], 0).map_err(failed("enforced_bounds"))?;
        let mut first = 0;
        for event in &what.events {
            let (mut used, mut spares) = (what.protect, 0);
            for (at, (yes, no, rule)) in (first..).zip(&event.alternatives) {
                (used, spares) = (used | yes | no, spares | no);
                self.alternatives.set(at, [*yes, *no, u64::from(*rule)], 0).map_err(failed("enforced_rules"))?;
            }
            let subjects = (0..64).zip(&what.tests).filter(|(bit, _)| used >> bit & 1 == 1);
            let subjects = subjects.fold(0_u64, |bits, (_, test)| bits | 1 << (test.subject & 15));
            // Only what is spared is spared by the path as given too.
            let file = (0..64).zip(&what.tests).any(|(bit, test)| spares >> bit & 1 == 1 && test.subject == FILE);
            let given = if file { name_param(event.code) } else { 0 };
            let count = event.alternatives.len() as u64;
            let entry = u64::from(first) | count << 16 | subjects << 32 | given << 48;
            self.events.set(u32::from(event.code), entry, 0).map_err(failed("enforced_events"))?;
            first += count as u32;
        }
        Ok(())
    }
}

/// What the probes count of rules that kill; it outlives the events.
#[derive(Clone)]
pub struct EnforcedReader(Arc<(Counts, u16)>);

impl EnforcedReader {
    /// What was done for each rule, by number.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn read(&self) -> Result<Vec<EnforcedCount>, LiveError> {
        let (counts, rules) = &*self.0;
        let of = |rule: u16| {
            let name = "enforced_counts";
            let of_each = counts.get(&u32::from(rule), 0).map_err(|error| LiveError::Map { name, error })?;
            let sum = |at: u32| of_each.iter().map(|one| one[at as usize]).sum::<u64>();
            Ok(EnforcedCount {
                rule,
                untold: sum(0),
                killed: sum(Enforced::KILLED),
                would_kill: sum(Enforced::WOULD_KILL),
                spared: sum(Enforced::SPARED),
                refused: sum(Enforced::REFUSED),
            })
        };
        (0..*rules).map(of).collect()
    }
}
