//! The document of the event in hand, read once for all fields of all plugins that are linked together.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use lanner_plugin_api::sdk::EventInput;

use crate::{Fault, Tape, Value};

/// A payload with the notes on it.
#[derive(Debug, Default)]
struct Parsed {
    text: String,
    tape: Tape,
    /// It is a document: an object or an array.
    good: bool,
}

impl Parsed {
    /// Reads the value at the begin of `text`; returns where it ends.
    fn read(&mut self, text: &str) -> Result<usize, Fault> {
        self.text.clear();
        // Falco's plugins look at the first byte; a lone string or number has no fields.
        self.good = text.starts_with(['{', '[']);
        match self.tape.read(text, 0) {
            Ok(end) => {
                self.text.push_str(&text[..end]);
                Ok(end)
            }
            Err(fault) => {
                self.good = false;
                Err(fault)
            }
        }
    }

    fn read_all(&mut self, payload: &[u8]) {
        let text = std::str::from_utf8(payload).unwrap_or_default();
        self.good = match self.read(text) {
            Ok(end) => self.good && text[end..].trim_ascii().is_empty(),
            Err(_) => false,
        };
        self.text.push_str(text.get(self.text.len()..).unwrap_or_default());
    }

    fn holds(&self, payload: &[u8]) -> bool {
        self.good && self.text.as_bytes() == payload
    }

    /// Bytes of memory, about.
    fn weight(&self) -> usize {
        self.text.capacity() + self.tape.notes.capacity() * size_of::<crate::tape::Note>()
    }
}

/// Documents of this thread. A source reads each payload to see whether it is an event; the fields of that event are then
/// asked for on the same thread, often by more than one plugin. They are found by their bytes, so nothing can be mistaken for
/// anything else, whoever calls.
#[derive(Default)]
struct Shelf {
    /// Read by the source, not yet asked for.
    ahead: VecDeque<Arc<Parsed>>,
    /// Memory of those, about.
    weight: usize,
    /// The one asked for last.
    last: Option<Arc<Parsed>>,
    spare: Vec<Arc<Parsed>>,
}

/// Documents that a source may be ahead, and memory of theirs; more are read again when they are asked for.
const AHEAD: usize = 512;
const AHEAD_WEIGHT: usize = 8 << 20;
/// Memory of a document that is worth keeping for the next one.
const KEEP: usize = 32 << 10;

thread_local! {
    static SHELF: RefCell<Shelf> = RefCell::default();
}

impl Shelf {
    fn blank(&mut self) -> Arc<Parsed> {
        while let Some(mut spare) = self.spare.pop() {
            if Arc::get_mut(&mut spare).is_some() {
                return spare;
            }
        }
        Arc::default()
    }

    fn next_ahead(&mut self) -> Option<Arc<Parsed>> {
        let next = self.ahead.pop_front()?;
        self.weight -= next.weight();
        Some(next)
    }

    fn put_back(&mut self, done: Arc<Parsed>) {
        if self.spare.len() < AHEAD && done.weight() <= KEEP {
            self.spare.push(done);
        }
    }

    fn find(&mut self, payload: &[u8]) -> Arc<Parsed> {
        if let Some(last) = self.last.as_ref().filter(|last| last.holds(payload)) {
            return Arc::clone(last);
        }
        let found = match self.ahead.iter().position(|ahead| ahead.holds(payload)) {
            Some(place) => {
                for _ in 0..place {
                    if let Some(passed) = self.next_ahead() {
                        self.put_back(passed);
                    }
                }
                self.next_ahead().unwrap_or_default()
            }
            None => {
                let mut blank = self.blank();
                if let Some(parsed) = Arc::get_mut(&mut blank) {
                    parsed.read_all(payload);
                }
                blank
            }
        };
        if let Some(done) = self.last.replace(Arc::clone(&found)) {
            self.put_back(done);
        }
        found
    }
}

/// Forgets the documents that were read ahead: their batch is over.
pub fn forget_ahead() {
    SHELF.with_borrow_mut(|shelf| {
        while let Some(passed) = shelf.next_ahead() {
            shelf.put_back(passed);
        }
    });
}

/// Reads the value at the begin of `text`, shows it to `look` and, if that returns true, keeps it for the fields that will be
/// asked of it on this thread: the event's payload must then be exactly [`Value::raw`]. Returns where the value ends and
/// what `look` made of it.
///
/// # Errors
/// There is no value.
pub fn read_ahead<R>(text: &str, look: impl FnOnce(Value<'_>) -> (bool, R)) -> Result<(usize, R), Fault> {
    let mut blank = SHELF.with_borrow_mut(Shelf::blank);
    let mut fresh = Parsed::default();
    // What came off the shelf is nobody else's.
    let parsed = Arc::get_mut(&mut blank).unwrap_or(&mut fresh);
    let end = parsed.read(text)?;
    let (keep, result) = look(parsed.tape.root(&parsed.text));
    let (keep, weight) = (keep && parsed.good, parsed.weight());
    SHELF.with_borrow_mut(|shelf| {
        if keep && shelf.ahead.len() < AHEAD && shelf.weight + weight <= AHEAD_WEIGHT {
            shelf.weight += weight;
            shelf.ahead.push_back(blank);
        } else {
            shelf.put_back(blank);
        }
    });
    Ok((end, result))
}

/// Remembers the document of the event that was asked for last.
#[derive(Debug, Default)]
pub struct Document {
    /// Address, number, time and length: together they tell two events of one stream apart.
    of: Option<(usize, u64, u64, usize)>,
    parsed: Arc<Parsed>,
    /// Whether it is of the kind that it was asked for.
    fits: Option<bool>,
}

impl Document {
    /// The document of a plugin event; `None` if it is another event or its payload is not a JSON object or array.
    pub fn of(&mut self, event: &EventInput<'_>) -> Option<Value<'_>> {
        self.take(event);
        self.parsed.good.then(|| self.parsed.tape.root(&self.parsed.text))
    }

    /// The same, if `fits` says so, who is asked once for each document: always the same question.
    pub fn of_kind(&mut self, event: &EventInput<'_>, fits: fn(Value<'_>) -> bool) -> Option<Value<'_>> {
        self.take(event);
        let document = self.parsed.good.then(|| self.parsed.tape.root(&self.parsed.text))?;
        self.fits.get_or_insert_with(|| fits(document)).then_some(document)
    }

    #[inline]
    fn take(&mut self, event: &EventInput<'_>) {
        let bytes = event.bytes();
        let key = (bytes.as_ptr().addr(), event.num(), event.ts(), bytes.len());
        if self.of != Some(key) {
            self.of = Some(key);
            self.fits = None;
            self.parsed = match event.plugin_payload() {
                Some((_, payload)) => SHELF.with_borrow_mut(|shelf| shelf.find(payload)),
                None => Arc::default(),
            };
        }
    }
}
