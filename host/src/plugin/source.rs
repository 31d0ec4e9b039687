//! The open stream of a source plugin.

use std::ffi::CString;
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lanner_plugin_api::raw::{
    ASYNCEVENT_E, EVENT_HEADER_LEN, Event, EventMeta, GetBatchMetaFn, Instance, NextBatchFn, PLUGINEVENT_E, Rc,
    TID_NONE, TS_NOW,
};
use lanner_plugin_api::sdk::Wanted;
use serde_json::Value;

use super::async_queue::{self, AsyncQueue};
use super::call;
use super::capability::Capabilities;
use super::error::{EventFault, Function, PluginError};
use super::event::{self, EventRef};
use super::fields;
use super::inspector::Pull;
use super::log::Severity;
use super::owner::Owner;
use super::set::SourceIdx;
use super::tables::scope::CallScope;
use super::text;
use super::wish::Wish;

/// A suggestion for the parameters of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenParam {
    /// What to pass.
    pub value: String,
    /// What it does; may be empty.
    pub desc: String,
    /// What stands between several of them; may be empty.
    pub separator: String,
}

/// How far a finite stream has been read.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// Hundredths of a percent, 0 to 10,000.
    pub permyriad: u32,
    /// The same as the plugin words it; may be empty.
    pub text: String,
}

/// Events of one batch at most; a wild number must not make us read on.
const MAX_BATCH: u32 = 1 << 22;
/// A call that takes less did not wait for events by itself.
const AT_ONCE: Duration = Duration::from_millis(1);
/// First pause after "nothing yet" that came at once; doubled each time up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_micros(250);
/// Longest pause: short enough for a quiet source to answer signals and to deliver its next event soon.
const PAUSE_MAX: Duration = Duration::from_millis(16);
/// Where the plugin id of a plugin event stands.
const PLUGIN_ID_OFFSET: usize = EVENT_HEADER_LEN + 8;

const NEXT_BATCH: Function = Function("next_batch");

/// Which source ids belong to which sources, and which one is open.
pub(super) struct Routing {
    /// Id of the open source; 0 for a plugin that produces events of the schema.
    pub(super) id: u32,
    pub(super) ids: Vec<(u32, SourceIdx)>,
}

impl Routing {
    fn source_of(&self, bytes: &[u8]) -> Option<SourceIdx> {
        match event::plugin_id(bytes) {
            None => Some(SourceIdx::SYSCALL),
            Some(0) => (event::ty(bytes) != PLUGINEVENT_E).then_some(SourceIdx::SYSCALL),
            Some(id) => self.ids.iter().find(|(i, _)| *i == id).map(|(_, source)| *source),
        }
    }
}

/// How many numbers are told.
fn count(numbers: &[u16]) -> u32 {
    u32::try_from(numbers.len()).unwrap_or(u32::MAX)
}

/// Yields the events of an open source, async events merged in by time.
pub struct Pump {
    owner: Arc<Owner>,
    instance: *mut Instance,
    next_batch: NextBatchFn,
    batch_meta: Option<GetBatchMetaFn>,
    routing: Routing,
    batch: Batch,
    queue: Option<Arc<AsyncQueue>>,
    /// The async event last yielded.
    injected: Box<[u8]>,
    events: u64,
    ended: bool,
    pause: Duration,
    idle_since: Option<Instant>,
    /// Events that will be looked at, to be told before the next batch.
    wish: Option<Wish>,
}

/// The batch that the plugin has handed over; valid until `next_batch` or `close` of the instance.
struct Batch {
    events: *const *mut Event,
    len: u32,
    pos: u32,
    /// Parallel to `events`, or null.
    meta: *const EventMeta,
    /// Nothing is to be mixed into the batch, nor written into its events unless one is odd.
    plain: bool,
    /// What came with the batch, to be acted on when its events are through.
    after: Rc,
}

impl Batch {
    const NONE: Self =
        Self { events: ptr::null(), len: 0, pos: 0, meta: ptr::null(), plain: false, after: Rc::SUCCESS };
}

impl Pump {
    pub(super) fn open(
        owner: &Arc<Owner>,
        params: &str,
        routing: Routing,
        queue: Option<Arc<AsyncQueue>>,
    ) -> Result<Self, PluginError> {
        const OPEN: Function = Function("open");
        let api = owner.library().api();
        let (Some(open), Some(next_batch)) = (api.open, api.next_batch) else {
            return Err(PluginError::CapabilityAbsent {
                plugin: owner.name().to_owned(),
                capability: Capabilities::SOURCING,
            });
        };
        let params = CString::new(params)
            .map_err(|_| PluginError::NulInText { plugin: owner.name().to_owned(), what: "open parameters" })?;
        // A plugin that forgets to set the code has failed.
        let mut rc = Rc::FAILURE;
        let _scope = CallScope::enter();
        // SAFETY: the state is alive and only this thread calls on it; text and code outlive the call.
        let instance = unsafe { open(owner.state(), params.as_ptr(), &raw mut rc) };
        // SAFETY: as above.
        unsafe { call::check(api, owner.state(), owner.name(), OPEN, rc) }?;
        if instance.is_null() {
            return Err(PluginError::NullResult { plugin: owner.name().to_owned(), function: OPEN });
        }
        Ok(Self {
            owner: Arc::clone(owner),
            instance,
            next_batch,
            batch_meta: api.lanner_get_batch_meta,
            routing,
            batch: Batch::NONE,
            queue,
            injected: Box::default(),
            events: 0,
            ended: false,
            pause: PAUSE_MIN,
            idle_since: None,
            wish: None,
        })
    }

    /// The next event, or why there is none now. Asking for it says that the one before has been dealt with: a batch
    /// is asked for only when all events of the last one are through.
    ///
    /// When the plugin has nothing, this waits a little if the plugin itself did not, so a loop around it never spins.
    ///
    /// # Errors
    /// [`PluginError::MalformedEvent`]: the event is passed over, the next call goes on. Any other error ends the
    /// stream: the next call yields [`Pull::End`].
    #[allow(clippy::should_implement_trait, reason = "yields borrows of itself, so it is no iterator")]
    pub fn next(&mut self) -> Result<Pull<'_>, PluginError> {
        loop {
            if self.batch.pos < self.batch.len {
                return self.next_of_batch();
            }
            if self.ended {
                return Ok(Pull::End);
            }
            match std::mem::replace(&mut self.batch.after, Rc::SUCCESS) {
                Rc::SUCCESS => {}
                Rc::TIMEOUT => return Ok(self.idle(false)),
                Rc::EOF => {
                    self.ended = true;
                    return Ok(Pull::End);
                }
                code => return Err(self.failed(code)),
            }
            let begin = Instant::now();
            self.fetch()?;
            if self.batch.len > 0 {
                self.pause = PAUSE_MIN;
                self.idle_since = None;
            } else if self.batch.after == Rc::TIMEOUT {
                self.batch.after = Rc::SUCCESS;
                return Ok(self.idle(begin.elapsed() < AT_ONCE));
            } else if self.batch.after == Rc::SUCCESS {
                self.ended = true;
                return Err(PluginError::EmptyBatch { plugin: self.owner.name().to_owned() });
            }
        }
    }

    /// The next event of the batch at hand, if it is as plain as nearly all of a recorded stream are; for everything else
    /// there is [`Pump::next`]. Small enough that the event stays in registers on its way to whoever wants it.
    #[inline]
    pub fn next_plain(&mut self) -> Option<EventRef<'_>> {
        if self.batch.pos >= self.batch.len || !self.batch.plain {
            return None;
        }
        let pos = self.batch.pos as usize;
        // SAFETY: the plugin says that so many pointers stand there, valid until its next batch.
        let event = unsafe { *self.batch.events.add(pos) };
        // SAFETY: each points to an event as long as its header says, valid until the next batch.
        let bytes: &[u8] = unsafe { event::bytes(event) }.ok()?;
        if matches!(event::ty(bytes), PLUGINEVENT_E | ASYNCEVENT_E) || event::ts(bytes) == TS_NOW {
            return None;
        }
        self.batch.pos += 1;
        // SAFETY: as many entries as events, checked when the batch came.
        let meta = unsafe { *self.batch.meta.add(pos) };
        Some(EventRef::new(bytes, meta.num, meta.cpu, meta.flags, Some(SourceIdx::SYSCALL)))
    }

    /// Makes the plugin observe what is needed for these events, from the next batch on. Sources that deliver what they deliver
    /// do so still. To be called when rules change; those that looked at fewer events lose nothing meanwhile.
    pub fn want_events(&mut self, wish: Wish) {
        self.wish = Some(wish);
    }

    /// As [`Pump::want_events`], but at once, unless events of a batch are still to be yielded: then with the next batch, and
    /// what the plugin says to it goes to the log.
    ///
    /// # Errors
    /// What the plugin fails with; what was observed before still is.
    pub fn want_events_now(&mut self, wish: Wish) -> Result<(), PluginError> {
        if self.batch.pos < self.batch.len {
            self.want_events(wish);
            return Ok(());
        }
        self.wish = None;
        // What came with the batch is acted on still; its events are through, and what the plugin does now may end them.
        self.batch = Batch { after: self.batch.after, ..Batch::NONE };
        self.tell_wish(&wish)
    }

    /// Tells the plugin which events will be looked at.
    #[cold]
    fn tell_wish(&mut self, wish: &Wish) -> Result<(), PluginError> {
        const WANT_EVENTS: Function = Function("want_events");
        let api = self.owner.library().api();
        let Wanted { codes, calls, failures } = wish.wanted();
        let (state, n) = (self.owner.state(), count(codes));
        let _scope = CallScope::enter();
        let (called, m) = calls.map_or((ptr::null(), 0), |calls| (calls.as_ptr(), count(calls)));
        let rc =
            match (api.lanner_want_failures.zip(failures), api.lanner_want_calls.zip(calls), api.lanner_want_events) {
                (Some((want, failures)), ..) => {
                    let (failed, k) = (failures.as_ptr(), count(failures));
                    // SAFETY: state and instance are alive and only this thread calls on them, between two batches; codes and
                    // calls outlive the call.
                    unsafe { want(state, self.instance, codes.as_ptr(), n, called, m, failed, k) }
                }
                // Who knows nothing of failures sends them all.
                // SAFETY: as above.
                (None, Some((want, _)), _) => unsafe { want(state, self.instance, codes.as_ptr(), n, called, m) },
                // Who knows no calls is asked for all of them: the codes have their event.
                // SAFETY: as above.
                (None, None, Some(want)) => unsafe { want(state, self.instance, codes.as_ptr(), n) },
                (None, None, None) => return Ok(()),
            };
        if rc == Rc::NOT_SUPPORTED {
            return Ok(());
        }
        // SAFETY: as above.
        unsafe { call::check(api, self.owner.state(), self.owner.name(), WANT_EVENTS, rc) }
    }

    /// Whether all events of a batch have been yielded and the next call of [`Pump::next`] asks for another one.
    #[inline]
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.batch.len > 0 && self.batch.pos >= self.batch.len
    }

    /// Asks the plugin for a batch.
    fn fetch(&mut self) -> Result<(), PluginError> {
        if let Some(wish) = self.wish.take() {
            self.batch = Batch::NONE;
            if let Err(error) = self.tell_wish(&wish) {
                let text = format!("{error}; what was observed before still is");
                self.owner.log().log(self.owner.name(), &text, Severity::ERROR);
            }
        }
        let mut len = 0;
        let mut events: *mut *mut Event = ptr::null_mut();
        self.batch = Batch::NONE;
        let _scope = CallScope::enter();
        // SAFETY: state and instance are alive and only this thread calls on them; the outputs outlive the call.
        let after = unsafe { (self.next_batch)(self.owner.state(), self.instance, &raw mut len, &raw mut events) };
        if len > 0 && (events.is_null() || len > MAX_BATCH) {
            self.ended = true;
            let fault = if events.is_null() { EventFault::NullArray } else { EventFault::Count { count: len } };
            return Err(PluginError::MalformedEvent { plugin: self.owner.name().to_owned(), index: 0, fault });
        }
        self.batch = Batch { events: events.cast_const(), len, pos: 0, meta: ptr::null(), plain: false, after };
        if let (Some(get), true) = (self.batch_meta, len > 0) {
            let mut count = 0;
            // SAFETY: as above; the contract: right after the batch, one entry for each event, or null.
            let meta = unsafe { get(self.owner.state(), self.instance, &raw mut count) };
            if count >= len {
                self.batch.meta = meta;
                self.batch.plain = !meta.is_null() && self.queue.is_none() && self.routing.id == 0;
            } else if !meta.is_null() {
                self.ended = true;
                self.batch = Batch::NONE;
                return Err(PluginError::MalformedEvent {
                    plugin: self.owner.name().to_owned(),
                    index: count,
                    fault: EventFault::NoMeta,
                });
            }
        }
        Ok(())
    }

    fn next_of_batch(&mut self) -> Result<Pull<'_>, PluginError> {
        let pos = self.batch.pos as usize;
        // SAFETY: the plugin says that so many pointers stand there, valid until its next batch.
        let event = unsafe { *self.batch.events.add(pos) };
        // SAFETY: each points to an event as long as its header says, valid and ours to write until the next batch.
        let bytes: &[u8] = match unsafe { self.admit(event) } {
            Ok(bytes) => bytes,
            Err(fault) => return Err(self.malformed(fault)),
        };
        if let Some(injected) = self.queue.as_ref().and_then(|queue| queue.pop_due(event::ts(bytes))) {
            return Ok(self.inject(injected));
        }
        self.batch.pos += 1;
        let (num, cpu, flags) = if self.batch.meta.is_null() {
            self.events += 1;
            (self.events, 0, 0)
        } else {
            // SAFETY: as many entries as events, checked when the batch came.
            let meta = unsafe { *self.batch.meta.add(pos) };
            (meta.num, meta.cpu, meta.flags)
        };
        let source = self.routing.source_of(bytes);
        Ok(Pull::Event(EventRef::new(bytes, num, cpu, flags, source)))
    }

    /// Passes over the event at hand.
    #[cold]
    fn malformed(&mut self, fault: EventFault) -> PluginError {
        self.batch.pos += 1;
        let plugin = self.owner.name().to_owned();
        PluginError::MalformedEvent { plugin, index: self.batch.pos - 1, fault }
    }

    /// Checks an event and fills in what is the host's to fill in: id, time, and no thread for plugin events. Nothing
    /// is written that is right already, since a source may hand out memory that it shares.
    ///
    /// # Safety
    /// `event` is null or points to an event as long as its header says, writable, valid until the next batch.
    #[inline]
    unsafe fn admit<'a>(&self, event: *mut Event) -> Result<&'a [u8], EventFault> {
        // SAFETY: the caller's promise.
        let bytes = unsafe { event::bytes(event) }?;
        let id = self.routing.id;
        if id != 0 {
            event::expect(bytes, PLUGINEVENT_E, 2)?;
        }
        let plugin_event = event::ty(bytes) == PLUGINEVENT_E;
        if plugin_event {
            match event::plugin_id(bytes) {
                Some(0) if id != 0 => {
                    // SAFETY: within the event, whose length has been checked; no other borrow is in use.
                    unsafe { event.cast::<u8>().add(PLUGIN_ID_OFFSET).cast::<u32>().write_unaligned(id) };
                }
                Some(found) if found != 0 && (id == 0 || found == id) => {}
                found => return Err(EventFault::PluginId { found: found.unwrap_or(0), expected: id }),
            }
        }
        if plugin_event && event::tid(bytes) != TID_NONE {
            // SAFETY: the header is there; it is packed.
            unsafe { (*event).tid = TID_NONE };
        }
        if event::ts(bytes) == TS_NOW {
            // SAFETY: as above.
            unsafe { (*event).ts = async_queue::now() };
        }
        // SAFETY: the caller's promise. Borrowed anew, since the memory has been written.
        unsafe { event::bytes(event) }
    }

    fn inject(&mut self, injected: Box<[u8]>) -> Pull<'_> {
        self.events += 1;
        self.injected = injected;
        let source = self.routing.source_of(&self.injected);
        Pull::Event(EventRef::new(&self.injected, self.events, 0, 0, source))
    }

    /// Nothing from the plugin: an async event that is due, or a pause.
    #[cold]
    fn idle(&mut self, at_once: bool) -> Pull<'_> {
        if let Some(injected) = self.queue.as_ref().and_then(|queue| queue.pop_due(async_queue::now())) {
            return self.inject(injected);
        }
        let since = *self.idle_since.get_or_insert_with(Instant::now);
        if at_once {
            thread::sleep(self.pause);
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        Pull::Idle { since: since.elapsed() }
    }

    #[cold]
    fn failed(&mut self, code: Rc) -> PluginError {
        self.ended = true;
        let api = self.owner.library().api();
        // SAFETY: the state is alive and only this thread calls on it.
        let result = unsafe { call::check(api, self.owner.state(), self.owner.name(), NEXT_BATCH, code) };
        result.err().unwrap_or(PluginError::EmptyBatch { plugin: self.owner.name().to_owned() })
    }

    /// How long the plugin has had nothing, `None` while events flow. A source that is quiet and one that is stuck look
    /// alike; how long is too long is for the user to say.
    #[must_use]
    pub fn idle_for(&self) -> Option<Duration> {
        self.idle_since.map(|since| since.elapsed())
    }

    /// Number of events yielded, async ones included.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The queue of async events; `None` while reading a capture.
    #[must_use]
    pub fn async_queue(&self) -> Option<&AsyncQueue> {
        self.queue.as_deref()
    }

    /// How far a finite stream has been read; `None` if the plugin does not tell.
    pub fn progress(&mut self) -> Option<Progress> {
        let get = self.owner.library().api().get_progress?;
        let mut permyriad = 0;
        let _scope = CallScope::enter();
        // SAFETY: state and instance are alive and only this thread calls on them; the number outlives the call.
        let text = unsafe { text::copy(get(self.owner.state(), self.instance, &raw mut permyriad)) };
        Some(Progress { permyriad: permyriad.min(10_000), text: text.unwrap_or_default() })
    }

    /// Closes the stream. The events of its last batch are gone.
    pub(super) fn close(&mut self) {
        self.batch = Batch::NONE;
        self.ended = true;
        let instance = std::mem::replace(&mut self.instance, ptr::null_mut());
        if let (false, Some(close)) = (instance.is_null(), self.owner.library().api().close) {
            let _scope = CallScope::enter();
            // SAFETY: the state is alive, the instance came from `open` and this is the last call on it.
            unsafe { close(self.owner.state(), instance) };
        }
    }
}

/// Reads what `list_open_params` returns.
pub(super) fn list_open_params(owner: &Owner) -> Result<Vec<OpenParam>, PluginError> {
    const FUNCTION: Function = Function("list_open_params");
    let api = owner.library().api();
    let Some(list) = api.list_open_params else { return Ok(Vec::new()) };
    let mut rc = Rc::FAILURE;
    let _scope = CallScope::enter();
    // SAFETY: the state is alive and only this thread calls on it; the code outlives the call.
    let json = unsafe {
        let json = text::copy(list(owner.state(), &raw mut rc));
        call::check(api, owner.state(), owner.name(), FUNCTION, rc)?;
        json
    };
    let invalid = |reason: &str| PluginError::InvalidJson {
        plugin: owner.name().to_owned(),
        function: FUNCTION,
        reason: reason.to_owned(),
    };
    let Some(json) = json else { return Ok(Vec::new()) };
    let text = |entry: &Value, key| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    fields::array(owner.name(), FUNCTION, &json)?
        .iter()
        .map(|entry| {
            let value = text(entry, "value");
            if value.is_empty() {
                return Err(invalid("an entry without value"));
            }
            Ok(OpenParam { value, desc: text(entry, "desc"), separator: text(entry, "separator") })
        })
        .collect()
}
