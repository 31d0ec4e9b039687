//! From what the API server writes to single audit events.

use std::borrow::Cow;
use std::time::SystemTime;

use lanner_intake::{Reason, Rejects, nanoseconds, salvage, slim};
use lanner_json::{Fault, MAX_DEPTH, Value, read_ahead};
use lanner_k8s::exec::Session;

use crate::exec;

/// What goes first when an event is too large: the API server leaves out the same when it truncates.
const FIRST_TO_GO: &[&str] = &["responseObject", "requestObject"];
/// Of what is nested too deep to be read, this object keeps its members that are not.
const INNER: &str = "requestObject";

/// An audit event.
#[derive(Debug)]
pub struct Event<'a> {
    /// `stageTimestamp`, in nanoseconds since the epoch.
    pub time: u64,
    /// The event as it came; without its largest parts if it is larger than allowed, without its deep ones if it is nested
    /// deeper than can be read.
    pub payload: Cow<'a, str>,
    /// The session in a pod that it is about, if somebody wants to know.
    pub(crate) session: Option<Box<Session>>,
}

/// Where the reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// In an array of anything that may stand at the top.
    Any,
    /// In the `items` of a list.
    Items,
    /// Behind the `items`, in the object that has them.
    Tail,
}

/// A payload: an `Event`, an `EventList`, or an array of these to any depth. Its events are taken out one by one; the list
/// is never held as a whole in any form but its text. One bad item does not spoil the others.
#[derive(Debug)]
pub struct Payload {
    text: String,
    at: usize,
    levels: Vec<Level>,
    /// A value has ended: what follows is a comma or the end of what is around it.
    between: bool,
    /// Nothing is left.
    over: bool,
    max_event: usize,
    /// The time of an event that does not tell its own.
    otherwise: Option<u64>,
    /// Its events happen now: sessions that they are about are looked for.
    live: bool,
    events: u64,
    rejected: Option<Reason>,
}

impl Payload {
    /// `max_event`: bytes of the largest event that goes on as it is. Bytes that are not UTF-8 are replaced: an event must not
    /// escape evaluation by them.
    #[must_use]
    pub fn new(bytes: Vec<u8>, max_event: usize) -> Self {
        let text =
            String::from_utf8(bytes).unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned());
        Self {
            text,
            at: 0,
            levels: Vec::new(),
            between: false,
            over: false,
            max_event,
            otherwise: None,
            live: false,
            events: 0,
            rejected: None,
        }
    }

    /// The same, of events that happen now.
    #[must_use]
    pub(crate) fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// The event of which only the begin could be held: those of its members that are whole. The API server writes times behind
    /// the objects, so the event may be without; then it has that of reading it. `None`: it is no event.
    #[must_use]
    pub fn cut(head: &[u8], max_event: usize) -> Option<Self> {
        let rest = remains(head, max_event)?;
        let (_, is_event) =
            read_ahead(&rest, |event| (false, event.get("kind").is_some_and(|kind| kind.is("Event")))).ok()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let otherwise = u64::try_from(now.as_nanos()).ok();
        is_event.then(|| Self { otherwise, ..Self::new(rest.into_bytes(), max_event) })
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Why a part of the payload was no event; the last reason if there are several.
    #[must_use]
    pub fn rejected(&self) -> Option<Reason> {
        self.rejected
    }

    /// The next event; `None` when all have been taken. What is none is reported to `rejects` as coming from `from`.
    pub fn next(&mut self, rejects: &Rejects, from: &dyn std::fmt::Display) -> Option<Event<'_>> {
        loop {
            match self.step() {
                Step::Event(start, end, time, payload, session) => {
                    self.events += 1;
                    let payload = match payload {
                        Some(small) => {
                            rejects.slimmed();
                            Cow::Owned(small)
                        }
                        None => Cow::Borrowed(self.text.get(start..end)?),
                    };
                    return Some(Event { time, payload, session });
                }
                Step::Bad(reason, start, end) => {
                    self.rejected = Some(reason);
                    rejects.reject(reason, from, self.text.as_bytes().get(start..end).unwrap_or_default());
                }
                Step::Structure => {}
                Step::End => return None,
            }
        }
    }

    fn step(&mut self) -> Step {
        if self.over {
            return Step::End;
        }
        let text = self.text.as_bytes();
        self.at = blanks(text, self.at);
        let byte = text.get(self.at).copied();
        match (self.levels.last().copied(), byte) {
            (None, None) if self.between => self.end(),
            (None, _) if self.between => self.broken(),
            (Some(Level::Tail), Some(b'}')) => self.leave(),
            (Some(Level::Tail), Some(b',')) => match member(text, self.at + 1) {
                Some((_, value)) => match skip(text, value) {
                    Some(end) => {
                        self.at = end;
                        Step::Structure
                    }
                    None => self.broken(),
                },
                None => self.broken(),
            },
            (Some(Level::Any | Level::Items), Some(b']')) => {
                // A comma right before the end is wrong, but nothing is lost by letting it be.
                self.leave()
            }
            (Some(Level::Any | Level::Items), Some(b',')) if self.between => {
                self.at += 1;
                self.between = false;
                Step::Structure
            }
            (Some(_), _) if self.between => self.broken(),
            (Some(Level::Items), Some(b'{')) => self.event(),
            (None | Some(Level::Any), Some(b'{')) => self.object(),
            (None | Some(Level::Any), Some(b'[')) => self.enter(Level::Any, self.at + 1),
            (_, Some(_)) => match skip(text, self.at).filter(|end| *end > self.at) {
                Some(end) => self.bad(Reason::Foreign, end),
                None => self.broken(),
            },
            (_, None) => self.broken(),
        }
    }

    /// An object at the top: what it is stands in its `kind`, nearly always its first member.
    fn object(&mut self) -> Step {
        let text = self.text.as_bytes();
        let (mut kind, mut items) = (None, None);
        let mut at = self.at;
        while let Some((key, value)) = member(text, blanks(text, at + 1)) {
            match key {
                b"kind" => kind = Some(value),
                b"items" if text.get(value) == Some(&b'[') => items = Some(value),
                _ => {}
            }
            let is_list = kind.is_some_and(|at| text[at..].starts_with(b"\"EventList\""));
            if kind.is_some_and(|at| text[at..].starts_with(b"\"Event\"")) {
                return self.event();
            }
            if let (true, Some(items)) = (is_list, items) {
                self.levels.push(Level::Tail);
                return self.enter(Level::Items, items + 1);
            }
            let Some(end) = skip(text, value) else { return self.broken() };
            at = blanks(text, end);
            if text.get(at) != Some(&b',') {
                break;
            }
        }
        match skip(text, self.at) {
            Some(end) => self.bad(Reason::Foreign, end),
            None => self.broken(),
        }
    }

    fn event(&mut self) -> Step {
        let (start, max, otherwise) = (self.at, self.max_event, self.otherwise);
        let Some(rest) = self.text.get(start..) else { return self.broken() };
        let read = read_ahead(rest, |event| {
            let session = if self.live && exec::wanted() { exec::session(event).map(Box::new) } else { None };
            let outcome = match stage_time(event).or(otherwise) {
                None => Err(Reason::NoTime),
                Some(time) if event.raw().len() <= max => Ok((time, None, session)),
                Some(time) => match slim(event.raw().as_bytes(), max, FIRST_TO_GO).map(String::from_utf8) {
                    Some(Ok(small)) => Ok((time, Some(small), session)),
                    _ => Err(Reason::TooLong),
                },
            };
            (matches!(outcome, Ok((_, None, _))), outcome)
        });
        match read {
            Ok((len, outcome)) => {
                self.at = start + len;
                self.between = true;
                match outcome {
                    Ok((time, small, session)) => Step::Event(start, self.at, time, small, session),
                    Err(reason) => Step::Bad(reason, start, self.at),
                }
            }
            // Brackets and quotes may still tell where the next item begins.
            Err(fault) => match skip(self.text.as_bytes(), start) {
                Some(end) if fault == Fault::Deep => self.salvaged(end),
                Some(end) => self.bad(fault.into(), end),
                None => self.broken(),
            },
        }
    }

    /// An event nested too deep to be read. A request may be so on purpose: who made it and on what is told still.
    fn salvaged(&mut self, end: usize) -> Step {
        let start = self.at;
        let event = self.text.as_bytes().get(start..end).unwrap_or_default();
        let Some(rest) = remains(event, self.max_event) else { return self.bad(Reason::TooDeep, end) };
        match read_ahead(&rest, |event| (false, stage_time(event))) {
            Ok((_, Some(time))) => {
                (self.at, self.between) = (end, true);
                Step::Event(start, end, time, Some(rest), None)
            }
            Ok((_, None)) => self.bad(Reason::NoTime, end),
            Err(fault) => self.bad(fault.into(), end),
        }
    }

    fn enter(&mut self, level: Level, at: usize) -> Step {
        if self.levels.len() > MAX_DEPTH {
            self.over = true;
            return Step::Bad(Reason::TooDeep, self.at, self.text.len());
        }
        self.levels.push(level);
        (self.at, self.between) = (at, false);
        Step::Structure
    }

    fn leave(&mut self) -> Step {
        self.levels.pop();
        self.at += 1;
        self.between = true;
        Step::Structure
    }

    fn bad(&mut self, reason: Reason, end: usize) -> Step {
        let start = std::mem::replace(&mut self.at, end);
        self.between = true;
        Step::Bad(reason, start, end)
    }

    fn broken(&mut self) -> Step {
        self.over = true;
        Step::Bad(Reason::NotJson, self.at, self.text.len())
    }

    fn end(&mut self) -> Step {
        self.over = true;
        Step::End
    }
}

enum Step {
    /// From, to, time, the text that takes its place if it is too large, and the session that it is about.
    Event(usize, usize, u64, Option<String>, Option<Box<Session>>),
    Bad(Reason, usize, usize),
    Structure,
    End,
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// A key as it is written, and where its value begins.
fn member(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let at = blanks(text, at);
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let end = skip(text, at)?;
    let colon = blanks(text, end);
    (text.get(colon) == Some(&b':')).then(|| (&text[at + 1..end - 1], blanks(text, colon + 1)))
}

/// The end of the value that begins at `at`, by its brackets and quotes alone.
fn skip(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut place = at;
    loop {
        match text.get(place)? {
            b'"' => {
                place += 1;
                loop {
                    match text.get(place)? {
                        b'"' => break,
                        b'\\' => place += 2,
                        _ => place += 1,
                    }
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return None,
            _ if depth == 0 => {
                // A number or a word.
                let rest = text.get(place..)?;
                let len = rest.iter().position(|byte| b",]} \n\r\t:".contains(byte)).unwrap_or(rest.len());
                return Some(place + len);
            }
            _ => {}
        }
        place += 1;
        if depth == 0 {
            return Some(place);
        }
    }
}

/// What can be read of an event that is cut off or too deep, in at most `max` bytes.
fn remains(event: &[u8], max: usize) -> Option<String> {
    let rest = salvage(event, max, Some(INNER))?;
    let rest = if rest.len() > max { slim(&rest, max, FIRST_TO_GO)? } else { rest };
    Some(String::from_utf8(rest).unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned()))
}

fn stage_time(event: Value<'_>) -> Option<u64> {
    u64::try_from(nanoseconds(&event.get("stageTimestamp")?.as_str()?)?).ok()
}
