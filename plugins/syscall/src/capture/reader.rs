//! Events of a capture in batches that borrow the reader's buffer.

use std::io::Read;
use std::path::Path;

use lanner_plugin_api::raw::{EventMeta, TS_NOW};
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::{Event, HEADER_LEN};

use super::block::{Block, EVENT_V2, EventBlock};
use super::error::{CaptureError, CaptureErrorKind};
use super::head;
use super::initial::InitialState;
use super::old;
use super::stream::Stream;
use super::{MAX_BLOCK, STATE_ONLY};
use crate::converter::{Converted, Converter, plain};

/// Longest event block at all. The format allows 4 GiB; no plugin sends events of more than a few MiB.
const MAX_LARGE_BLOCK: u32 = 64 << 20;
/// Events of one batch at most: so few that what framing has touched is still in the first-level cache when the events are
/// parsed and evaluated.
const MAX_EVENTS: usize = 128;
/// Rewritten events of one batch; more begin a new batch.
const MAX_REWRITTEN: usize = 1 << 20;

/// Reads one capture from front to back.
///
/// A capture may be several recordings one after another: each begins with a [`Step::Section`].
pub struct CaptureReader {
    stream: Stream,
    converter: Converter,
    spans: Vec<Span>,
    meta: Vec<EventMeta>,
    /// Rewritten events of the batch.
    rewritten: Vec<u8>,
    old_event: Vec<u8>,
    /// Bytes of the window that the batch covers.
    consumed: usize,
    phase: Phase,
    num: u64,
    /// Time of the event before.
    last_ts: u64,
    /// Numbers go on from here when the head of a later recording is over.
    num_after_head: Option<u64>,
    /// Events that announce users, groups and containers at the head of a recording are state.
    in_head: bool,
    skipped_unknown: u64,
}

enum Phase {
    /// A section header comes next.
    Section,
    /// Events come next.
    Events,
    /// The batch before met this.
    Failed(CaptureError),
    /// Nothing comes.
    End,
}

/// Where an event of the batch lies.
#[derive(Clone, Copy)]
struct Span {
    at: u32,
    len: u32,
    rewritten: bool,
}

/// What the capture holds next.
pub enum Step<'a> {
    /// A recording begins: what is known about its machine. State of a recording before it is void.
    Section(Box<InitialState>),
    /// Events, in their order.
    Events(Batch<'a>),
    /// The capture ends here.
    End,
}

/// Events of a capture; they live until the reader is used again.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    window: &'a [u8],
    rewritten: &'a [u8],
    spans: &'a [Span],
    meta: &'a [EventMeta],
}

impl<'a> Batch<'a> {
    /// Number of events.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// What is known about each event beside its bytes.
    pub fn meta(&self) -> &'a [EventMeta] {
        self.meta
    }

    /// Bytes of each event; their shape has been checked.
    #[inline]
    pub fn bytes(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let Self { window, rewritten, spans, .. } = *self;
        spans.iter().map(move |s| {
            let from = if s.rewritten { rewritten } else { window };
            from.get(s.at as usize..s.at as usize + s.len as usize).unwrap_or(&[])
        })
    }

    /// Each event with what is known about it.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Event<'a>, EventMeta)> + use<'a> {
        self.bytes().zip(self.meta).map(|(b, m)| (Event::checked_before(b), *m))
    }
}

impl CaptureReader {
    /// Opens a capture file, plain or compressed.
    ///
    /// # Errors
    /// If the file cannot be opened. What it holds shows in [`Self::step`].
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        Stream::open(path).map(Self::with_stream)
    }

    /// Reads a capture from anything, plain or compressed; `size` in bytes where known, for progress.
    ///
    /// # Errors
    /// If the input cannot be read at all.
    pub fn new(input: impl Read + Send + 'static, size: Option<u64>) -> Result<Self, CaptureError> {
        Stream::new(input, size).map(Self::with_stream)
    }

    fn with_stream(stream: Stream) -> Self {
        Self {
            stream,
            converter: Converter::new(),
            spans: Vec::new(),
            meta: Vec::new(),
            rewritten: Vec::new(),
            old_event: Vec::new(),
            consumed: 0,
            phase: Phase::Section,
            num: 0,
            last_ts: 0,
            num_after_head: None,
            in_head: true,
            skipped_unknown: 0,
        }
    }

    /// Bytes of the file (as it lies on disk) read so far, and its size where known.
    pub fn progress(&self) -> (u64, Option<u64>) {
        self.stream.progress().get()
    }

    /// Events passed over because their code is newer than the event table.
    pub fn skipped_unknown(&self) -> u64 {
        self.skipped_unknown
    }

    /// What comes next. After [`Step::End`] and after an error always the end.
    ///
    /// # Errors
    /// [`CaptureError`] with its place, after everything before that place has been delivered.
    pub fn step(&mut self) -> Result<Step<'_>, CaptureError> {
        self.stream.advance(std::mem::take(&mut self.consumed));
        match std::mem::replace(&mut self.phase, Phase::End) {
            Phase::End => return Ok(Step::End),
            Phase::Failed(error) => return Err(error),
            Phase::Section => return self.section(),
            Phase::Events => {}
        }
        self.spans.clear();
        self.meta.clear();
        self.rewritten.clear();
        self.phase = Phase::Events;
        loop {
            match self.frame() {
                Ok(Stop::Full) => {}
                Ok(Stop::NeedMore(wanted)) if self.spans.is_empty() => {
                    self.stream.advance(std::mem::take(&mut self.consumed));
                    if self.stream.is_at_end() {
                        return Err(self.end_inside_block(wanted));
                    }
                    self.stream.refill(wanted);
                    continue;
                }
                Ok(Stop::NeedMore(_)) => {}
                Ok(Stop::Section) => {
                    self.phase = Phase::Section;
                    self.num_after_head = Some(self.num);
                    if self.spans.is_empty() {
                        self.stream.advance(std::mem::take(&mut self.consumed));
                        return self.section();
                    }
                }
                Ok(Stop::End) => {
                    self.phase = Phase::End;
                    if let Some(error) = self.stream.failure() {
                        self.phase = Phase::Failed(error);
                    }
                    if self.spans.is_empty() {
                        return match std::mem::replace(&mut self.phase, Phase::End) {
                            Phase::Failed(error) => Err(error),
                            _ => Ok(Step::End),
                        };
                    }
                }
                Err(kind) => {
                    let error = CaptureError { offset: self.stream.offset() + self.consumed as u64, kind };
                    if self.spans.is_empty() {
                        self.phase = Phase::End;
                        return Err(error);
                    }
                    self.phase = Phase::Failed(error);
                }
            }
            return Ok(Step::Events(Batch {
                window: self.stream.window(),
                rewritten: &self.rewritten,
                spans: &self.spans,
                meta: &self.meta,
            }));
        }
    }

    fn end_inside_block(&mut self, wanted: usize) -> CaptureError {
        self.phase = Phase::End;
        self.stream.cut_off(wanted)
    }

    fn section(&mut self) -> Result<Step<'_>, CaptureError> {
        self.phase = Phase::End;
        let state = head::read(&mut self.stream)?;
        self.converter.reset();
        self.in_head = true;
        self.num = 0;
        self.phase = Phase::Events;
        Ok(Step::Section(Box::new(state)))
    }

    /// Finds the events in the window, as far as they are whole.
    fn frame(&mut self) -> Result<Stop, CaptureErrorKind> {
        loop {
            if !self.in_head && self.num_after_head.is_none() {
                self.frame_plain();
            }
            if self.spans.len() >= MAX_EVENTS || self.rewritten.len() > MAX_REWRITTEN {
                return Ok(Stop::Full);
            }
            if let Some(stop) = self.frame_one()? {
                return Ok(stop);
            }
        }
    }

    /// Finds the events that lie in the window as they are to be handed out, up to the first block that is something else.
    fn frame_plain(&mut self) {
        /// Type and length of the block, processor.
        const BEFORE: usize = 10;
        /// The length again.
        const AFTER: usize = 4;

        let window = self.stream.window();
        while self.spans.len() < MAX_EVENTS {
            let rest = window.get(self.consumed..).unwrap_or(&[]);
            let Some([a, b, c, d, len @ .., cpu0, cpu1]) = rest.first_chunk::<BEFORE>().copied() else { return };
            let total = u32::from_le_bytes(len) as usize;
            if u32::from_le_bytes([a, b, c, d]) != EVENT_V2 || total > MAX_BLOCK as usize {
                return;
            }
            let Some(block) = rest.get(..total) else { return };
            let Some(Ok(event)) = block.get(BEFORE..total.saturating_sub(AFTER)).map(Event::parse) else { return };
            let Some(plain) = plain(event.event_type(), event.nparams()).filter(|_| event.ts() != TS_NOW) else {
                return;
            };
            self.num += 1;
            self.last_ts = event.ts();
            let at = (self.consumed + BEFORE) as u32;
            self.spans.push(Span { at, len: event.bytes().len() as u32, rewritten: false });
            let flags = if plain.hidden { EventMeta::HIDDEN } else { 0 };
            self.meta.push(EventMeta { num: self.num, cpu: u32::from(u16::from_le_bytes([cpu0, cpu1])), flags });
            self.consumed += total;
        }
    }

    /// Takes the next block, whatever it is. `None`: an event, found or passed over.
    fn frame_one(&mut self) -> Result<Option<Stop>, CaptureErrorKind> {
        let Self { stream, converter, spans, meta, rewritten, .. } = self;
        let window = stream.window();
        let rest = window.get(self.consumed..).unwrap_or(&[]);
        let Some((code, total)) = block_header(rest) else {
            return Ok(Some(match (rest.is_empty(), stream.is_at_end()) {
                (true, true) => Stop::End,
                _ => Stop::NeedMore(8),
            }));
        };
        let layout = if code == EVENT_V2 {
            EventBlock { flags: false, old: false, large: false }
        } else if let Block::Event(layout) = Block::of(code) {
            layout
        } else {
            return Ok(Some(Stop::Section));
        };
        let header_len = if layout.old { HEADER_LEN - 4 } else { HEADER_LEN };
        let before = if layout.flags { 14 } else { 10 };
        let min = before + header_len + 4;
        if (total as usize) < min {
            return Err(CaptureErrorKind::BlockTooShort { block: code, len: total });
        }
        if total - 8 > if layout.large { MAX_LARGE_BLOCK } else { MAX_BLOCK } {
            return Err(CaptureErrorKind::BlockTooLong { block: code, len: total });
        }
        let Some(block) = rest.get(..total as usize) else { return Ok(Some(Stop::NeedMore(total as usize))) };
        // Bounded by the checks above: 14 <= min <= total.
        let cpu = u16::from_le_bytes([block[8], block[9]]);
        let flags = if layout.flags { u32::from_le_bytes([block[10], block[11], block[12], block[13]]) } else { 0 };
        let body = &block[before..block.len() - 4];
        let event_type = EventType(u16::from_le_bytes([body[20], body[21]]));
        if event_type.0 >= EventType::COUNT {
            self.skipped_unknown += 1;
            self.consumed += block.len();
            return Ok(None);
        }
        let event = if layout.old { old::upgrade(body, &mut self.old_event)? } else { Event::parse(body)? };
        let at = rewritten.len();
        let span = match converter.convert(&event, rewritten)? {
            Converted::Dropped => {
                self.in_head = false;
                self.consumed += block.len();
                return Ok(None);
            }
            Converted::Unchanged if !layout.old => {
                let at = self.consumed + before;
                Span { at: at as u32, len: event.bytes().len() as u32, rewritten: false }
            }
            Converted::Unchanged => {
                rewritten.extend_from_slice(event.bytes());
                Span { at: at as u32, len: (rewritten.len() - at) as u32, rewritten: true }
            }
            Converted::Rewritten => Span { at: at as u32, len: (rewritten.len() - at) as u32, rewritten: true },
        };
        let span = if needs_host(&event) {
            let at = if span.rewritten { span.at as usize } else { rewritten.len() };
            if !span.rewritten {
                rewritten.extend_from_slice(event.bytes());
            }
            settle(rewritten.get_mut(at..).unwrap_or_default(), self.last_ts);
            Span { at: at as u32, len: (rewritten.len() - at) as u32, rewritten: true }
        } else {
            self.last_ts = event.ts();
            span
        };
        // The code may have changed.
        let event_type = if span.rewritten {
            let code = rewritten.get(span.at as usize + 20..).and_then(|b| b.first_chunk());
            EventType(code.map_or(0, |c| u16::from_le_bytes(*c)))
        } else {
            event_type
        };
        if self.in_head && !is_head_event(event_type) {
            self.in_head = false;
        }
        if !self.in_head
            && let Some(num) = self.num_after_head.take()
        {
            self.num = num;
        }
        self.num += 1;
        let hidden = self.in_head || flags & STATE_ONLY != 0 || event_type.is_hidden();
        spans.push(span);
        meta.push(EventMeta { num: self.num, cpu: u32::from(cpu), flags: if hidden { EventMeta::HIDDEN } else { 0 } });
        self.consumed += block.len();
        Ok(None)
    }
}

/// Why framing stopped.
enum Stop {
    /// The batch is large enough.
    Full,
    /// The next block needs this many bytes.
    NeedMore(usize),
    /// A block that is no event comes next.
    Section,
    /// Nothing comes next.
    End,
}

#[inline]
fn block_header(bytes: &[u8]) -> Option<(u32, u32)> {
    let [a, b, c, d, e, f, g, h] = *bytes.first_chunk::<8>()?;
    Some((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
}

/// Events that a host would change while it takes them: without a time, or of a plugin and with a thread. The buffer that they lie
/// in is shared, so they are handed out as changed copies. No known writer makes such events.
#[inline]
fn needs_host(event: &Event<'_>) -> bool {
    event.ts() == TS_NOW || (event.event_type() == EventType::PLUGINEVENT_E && event.tid() != -1)
}

/// Gives an event the time of the event before it if it has none, and takes the thread off a plugin's event.
#[cold]
fn settle(event: &mut [u8], last_ts: u64) {
    let (ts, tid, code) = {
        let event = Event::checked_before(event);
        (event.ts(), event.tid(), event.event_type())
    };
    if let Some(header) = event.first_chunk_mut::<HEADER_LEN>() {
        if ts == TS_NOW {
            header[..8].copy_from_slice(&last_ts.to_le_bytes());
        }
        if code == EventType::PLUGINEVENT_E && tid != -1 {
            header[8..16].fill(0xff);
        }
    }
}

/// Codes that are state, not events, as long as nothing else came before.
#[inline]
fn is_head_event(code: EventType) -> bool {
    matches!(
        code,
        EventType::CONTAINER_JSON_2_E
            | EventType::USER_ADDED_E
            | EventType::USER_DELETED_E
            | EventType::GROUP_ADDED_E
            | EventType::GROUP_DELETED_E
            | EventType::ASYNCEVENT_E
    )
}
