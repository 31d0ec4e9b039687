//! Events of older captures become events of today's table while they are read, so that state and rules know one form only.
//!
//! What is done with which event stands in `rules.csv`: enter events of old recordings are kept per thread until the exit event
//! takes their parameters, parameters that did not exist yet are added without value, superseded events change their code.

mod container;
mod fate;
mod store;

use lanner_plugin_api::schema::{EventType, ParamType};
use lanner_plugin_api::wire::{BuildError, Event, EventBuilder};

use fate::Fate;
pub(crate) use fate::plain;
use store::EnterStore;

/// Most bytes of an event that is converted, before and after.
const MAX_EVENT: usize = 64 * 1024;
/// Rules lead to a form that needs none within a few steps; more means that the rules contradict each other.
const MAX_STEPS: usize = 50;

/// What became of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Converted {
    /// It is as today's table wants it.
    Unchanged,
    /// It was rewritten: the new event was appended to the output.
    Rewritten,
    /// It is not shown: kept for its exit event, or of a kind that exists no more.
    Dropped,
}

/// Why an event cannot be brought into today's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// More parameters than any version of the event had.
    #[error("event {symbol} has {found} parameters, the table knows {known}")]
    TooManyParams {
        /// Event.
        symbol: &'static str,
        /// Parameters in the event.
        found: usize,
        /// Parameters in the table.
        known: usize,
    },
    /// No version of the event had this number of parameters.
    #[error("no version of event {symbol} had {nparams} parameters")]
    NoRule {
        /// Event.
        symbol: &'static str,
        /// Parameters in the event.
        nparams: usize,
    },
    /// The enter event seen last on the thread belongs to another call.
    #[error("exit event {exit} follows enter event {enter} on thread {tid}")]
    WrongEnter {
        /// Exit event.
        exit: &'static str,
        /// Enter event that was stored.
        enter: &'static str,
        /// Thread.
        tid: i64,
    },
    /// A rule takes a parameter that the event does not have.
    #[error("event {symbol} lacks parameter {index}, which its conversion needs")]
    MissingParam {
        /// Event that lacks it.
        symbol: &'static str,
        /// Place of the parameter.
        index: u8,
    },
    /// Too long to be converted.
    #[error("event {symbol} has {len} bytes: too long to be converted")]
    TooLong {
        /// Event.
        symbol: &'static str,
        /// Its length.
        len: usize,
    },
    /// The result cannot be written.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The event's code is not in the table.
    #[error("event code {0} is unknown")]
    Unknown(u16),
    /// The rules lead in a circle.
    #[error("the conversion of event {0} does not come to an end")]
    Endless(&'static str),
}

struct Rule {
    nparams: u8,
    action: Action,
}

enum Action {
    Store,
    Pass,
    StoreAndPass,
    AddParams(&'static [Take]),
    ChangeType(EventType, &'static [Take]),
}

/// Where a parameter of the new form comes from.
#[derive(Clone, Copy)]
enum Take {
    Old(u8),
    EnterOrDefault(u8),
    EnterOrEmpty(u8),
    Default,
    Empty,
    ContainerJson,
}

include!(concat!(env!("OUT_DIR"), "/converter.rs"));

fn symbol(event: &Event<'_>) -> &'static str {
    event.info().map_or("?", |i| i.symbol)
}

/// Converts the events of one capture in their order.
#[derive(Default)]
pub struct Converter {
    enters: EnterStore,
    current: Vec<u8>,
    builder: EventBuilder,
    text: Vec<u8>,
}

impl Converter {
    /// A converter that has seen no event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the enter events of all threads: another recording begins.
    pub fn reset(&mut self) {
        self.enters.clear();
    }

    /// Brings `event` into today's form; a rewritten event is appended to `out`.
    ///
    /// # Errors
    /// [`ConvertError`] if the event has a form that never existed.
    #[inline]
    pub fn convert(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<Converted, ConvertError> {
        match Fate::of(event)? {
            Fate::Pass => Ok(Converted::Unchanged),
            Fate::Drop => Ok(Converted::Dropped),
            Fate::Convert => self.rewrite(event, out),
        }
    }

    #[cold]
    fn rewrite(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<Converted, ConvertError> {
        let mut current = std::mem::take(&mut self.current);
        let mut rewritten = false;
        let mut result = Err(ConvertError::Endless(symbol(event)));
        for _ in 0..MAX_STEPS {
            let now = if rewritten { Event::checked_before(&current) } else { *event };
            match self.step(&now) {
                Ok(Step::Stop(outcome)) => {
                    result = Ok(if rewritten && outcome == Converted::Unchanged {
                        out.extend_from_slice(&current);
                        Converted::Rewritten
                    } else {
                        outcome
                    });
                    break;
                }
                Ok(Step::Built) => {}
                Err(e) => {
                    result = Err(e);
                    break;
                }
            }
            let built = match self.builder.finish() {
                Ok(e) if e.bytes().len() <= MAX_EVENT => e,
                Ok(e) => {
                    result = Err(ConvertError::TooLong { symbol: symbol(&e), len: e.bytes().len() });
                    break;
                }
                Err(e) => {
                    result = Err(e.into());
                    break;
                }
            };
            let fate = Fate::of(&built);
            current.clear();
            current.extend_from_slice(built.bytes());
            rewritten = true;
            match fate {
                Ok(Fate::Convert) => {}
                Ok(Fate::Pass) => {
                    out.extend_from_slice(&current);
                    result = Ok(Converted::Rewritten);
                    break;
                }
                Ok(Fate::Drop) => {
                    result = Ok(Converted::Dropped);
                    break;
                }
                Err(e) => {
                    result = Err(e);
                    break;
                }
            }
        }
        self.current = current;
        result
    }

    fn step(&mut self, event: &Event<'_>) -> Result<Step, ConvertError> {
        let (code, nparams) = (event.event_type(), event.nparams());
        if event.bytes().len() > MAX_EVENT {
            return Err(ConvertError::TooLong { symbol: symbol(event), len: event.bytes().len() });
        }
        let rules = RULES.get(usize::from(code.0)).copied().unwrap_or(&[]);
        let Some(rule) = rules.iter().find(|r| usize::from(r.nparams) == nparams) else {
            return Err(ConvertError::NoRule { symbol: symbol(event), nparams });
        };
        match rule.action {
            Action::Pass => Ok(Step::Stop(Converted::Unchanged)),
            Action::Store => {
                self.enters.put(event);
                Ok(Step::Stop(Converted::Dropped))
            }
            Action::StoreAndPass => {
                self.enters.put(event);
                Ok(Step::Stop(Converted::Unchanged))
            }
            Action::AddParams(takes) => {
                self.builder.begin(event.ts(), event.tid(), code, nparams + takes.len());
                for param in event.params() {
                    self.builder.push(param);
                }
                self.build(event, code, nparams, takes)
            }
            Action::ChangeType(new, takes) => {
                self.builder.begin(event.ts(), event.tid(), new, takes.len());
                self.build(event, new, 0, takes)
            }
        }
    }

    /// Pushes the parameters that `takes` names; the first is parameter `first` of event `new`.
    fn build(&mut self, event: &Event<'_>, new: EventType, first: usize, takes: &[Take]) -> Result<Step, ConvertError> {
        let mut used_enter = false;
        for (i, take) in takes.iter().enumerate() {
            let ty = new.info().and_then(|info| info.params.get(first + i)).map_or(ParamType::Bytebuf, |p| p.ty);
            match *take {
                Take::Empty => self.builder.push(&[]),
                Take::Default => self.builder.push(default_of(ty)),
                Take::Old(index) => {
                    let Some(value) = event.param(usize::from(index)) else {
                        return Err(ConvertError::MissingParam { symbol: symbol(event), index });
                    };
                    self.builder.push(capped(ty, value))
                }
                Take::EnterOrDefault(index) | Take::EnterOrEmpty(index) => match self.enters.get(event.tid()) {
                    None if matches!(take, Take::EnterOrEmpty(_)) => self.builder.push(&[]),
                    None => self.builder.push(default_of(ty)),
                    Some(enter) => {
                        used_enter = true;
                        self.builder.push(capped(ty, from_enter(event, &enter, index)?))
                    }
                },
                Take::ContainerJson => match container::json(event, &mut self.text) {
                    Some(()) => self.builder.push(&self.text),
                    None => self.builder.push(&[]),
                },
            };
        }
        if used_enter {
            self.enters.remove(event.tid());
        }
        Ok(Step::Built)
    }
}

enum Step {
    /// The builder holds the next form.
    Built,
    /// No further form.
    Stop(Converted),
}

fn from_enter<'a>(exit: &Event<'_>, enter: &Event<'a>, index: u8) -> Result<&'a [u8], ConvertError> {
    if enter.event_type().0.checked_add(1) != Some(exit.event_type().0) {
        return Err(ConvertError::WrongEnter { exit: symbol(exit), enter: symbol(enter), tid: exit.tid() });
    }
    enter.param(usize::from(index)).ok_or(ConvertError::MissingParam { symbol: symbol(enter), index })
}

/// The value of a parameter of which nothing is known.
fn default_of(ty: ParamType) -> &'static [u8] {
    match ty {
        ParamType::Uid | ParamType::Gid => &[0xff; 4],
        ty => &[0; 16][..ty.fixed_len().unwrap_or(0)],
    }
}

/// A value cut to the width of the new parameter: some became narrower.
fn capped(ty: ParamType, value: &[u8]) -> &[u8] {
    match ty.fixed_len() {
        Some(len) if value.len() > len => &value[..len],
        _ => value,
    }
}

#[cfg(test)]
mod tests;
