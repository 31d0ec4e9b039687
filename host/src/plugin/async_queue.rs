//! Events that plugins inject while a capture runs, from whatever thread, merged into the stream by their time.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use lanner_plugin_api::raw::{
    self, ASYNC_NAME_OFFSET, ASYNCEVENT_E, EVENT_HEADER_LEN, Event, MAX_ERRLEN, Rc, TID_NONE, TS_NOW,
};

use super::error::EventFault;
use super::event;
use super::log::Severity;
use super::owner::Owner;

/// Events that wait at most; more are dropped, and counted.
pub(super) const CAPACITY: usize = 4096;
/// Bytes that wait at most: a few events may be large, thousands of large ones must not fill the memory.
pub(super) const CAPACITY_BYTES: usize = 64 << 20;
/// An event further ahead of the clock is dropped: it would wait, and block its place, for ever.
const FUTURE_NS: u64 = 10_000_000_000;
/// Where the plugin id stands in an async event: after the header and three lengths.
const PLUGIN_ID_OFFSET: usize = EVENT_HEADER_LEN + 12;
/// Parameters of an async event: plugin id, name, data.
const PARAMS: u32 = 3;

/// What became of the async events of one source.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AsyncStats {
    /// Taken into the queue.
    pub accepted: u64,
    /// Dropped because the queue was full.
    pub dropped_full: u64,
    /// Dropped because their time is more than ten seconds ahead.
    pub dropped_future: u64,
    /// Refused, with an error to the plugin.
    pub rejected: u64,
}

/// The queue of one open source: bounded, ordered by time, then by arrival.
#[derive(Default, Debug)]
pub struct AsyncQueue {
    waiting: Mutex<Waiting>,
    /// Time of the first event, plus one; 0 for an empty queue. Lets the event loop pass by without locking.
    first: AtomicU64,
    accepted: AtomicU64,
    dropped_full: AtomicU64,
    dropped_future: AtomicU64,
    rejected: AtomicU64,
}

#[derive(Default, Debug)]
struct Waiting {
    events: BTreeMap<(u64, u64), Box<[u8]>>,
    bytes: usize,
    arrivals: u64,
}

/// Why an event was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Dropped {
    why: &'static str,
    /// Whether it is the first one dropped for that reason: only that one is logged, all are counted.
    first: bool,
}

impl AsyncQueue {
    /// Takes a validated event with its time; tells why it was dropped.
    fn push(&self, ts: u64, bytes: Box<[u8]>, now: u64) -> Result<(), Dropped> {
        let dropped = |counter: &AtomicU64, why| Dropped { why, first: counter.fetch_add(1, Ordering::Relaxed) == 0 };
        if ts > now.saturating_add(FUTURE_NS) {
            return Err(dropped(&self.dropped_future, "async event ts too far in future"));
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.events.len() >= CAPACITY || waiting.bytes + bytes.len() > CAPACITY_BYTES {
            return Err(dropped(&self.dropped_full, "async event queue is full"));
        }
        waiting.bytes += bytes.len();
        let arrival = waiting.arrivals;
        waiting.arrivals += 1;
        waiting.events.insert((ts, arrival), bytes);
        self.publish(&waiting);
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn publish(&self, waiting: &Waiting) {
        let first = waiting.events.first_key_value().map_or(0, |((ts, _), _)| ts.saturating_add(1));
        self.first.store(first, Ordering::Release);
    }

    /// The earliest event whose time is not after `ts`.
    #[inline]
    pub(super) fn pop_due(&self, ts: u64) -> Option<Box<[u8]>> {
        match self.first.load(Ordering::Acquire) {
            0 => None,
            first if first > ts.saturating_add(1) => None,
            _ => self.pop_slow(ts),
        }
    }

    #[cold]
    fn pop_slow(&self, ts: u64) -> Option<Box<[u8]>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let due = waiting.events.first_entry().filter(|e| e.key().0 <= ts).map(|e| e.remove());
        waiting.bytes -= due.as_ref().map_or(0, |event| event.len());
        self.publish(&waiting);
        due
    }

    /// What became of the events so far.
    #[must_use]
    pub fn stats(&self) -> AsyncStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AsyncStats {
            accepted: get(&self.accepted),
            dropped_full: get(&self.dropped_full),
            dropped_future: get(&self.dropped_future),
            rejected: get(&self.rejected),
        }
    }
}

/// Where the async events of one plugin go while a capture runs.
pub(super) struct AsyncTarget {
    pub(super) queue: Arc<AsyncQueue>,
    /// Id of the open source, 0 for syscall; written into each event.
    pub(super) plugin_id: u32,
    /// Whether the plugin's list of sources allows the open one.
    pub(super) compatible: bool,
}

/// Nanoseconds since the epoch.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The function that plugins call, from any thread, to inject an event.
pub(super) unsafe extern "C" fn handler(o: *mut raw::Owner, evt: *const Event, err: *mut c_char) -> Rc {
    // SAFETY: the plugin passes the owner that it was given.
    let Some(owner) = (unsafe { o.cast::<Owner>().as_ref() }) else { return Rc::FAILURE };
    // SAFETY: the plugin passes null or an event as long as its header says.
    match unsafe { accept(owner, evt) } {
        Ok(()) => Rc::SUCCESS,
        Err(fault) => {
            // SAFETY: the contract: null or a buffer of MAX_ERRLEN bytes.
            unsafe { write_error(err, &format!("async event of plugin {}: {fault}", owner.name())) };
            Rc::FAILURE
        }
    }
}

/// # Safety
/// `evt` is null or points to an event as long as its header says.
unsafe fn accept(owner: &Owner, evt: *const Event) -> Result<(), EventFault> {
    let target = owner.async_target.read().unwrap_or_else(PoisonError::into_inner);
    let Some(target) = target.as_ref() else { return Err(EventFault::NoHandler) };
    // SAFETY: the caller's promise.
    let result = unsafe { copy(owner, evt) }.and_then(|mut bytes| {
        if !target.compatible {
            return Err(EventFault::AsyncSource);
        }
        if target.plugin_id != 0 && event::tid(&bytes) != TID_NONE {
            return Err(EventFault::Thread);
        }
        event::write(&mut bytes, PLUGIN_ID_OFFSET, &target.plugin_id.to_ne_bytes());
        Ok(bytes)
    });
    match result {
        Ok(mut bytes) => {
            let now = now();
            let mut ts = event::ts(&bytes);
            if ts == TS_NOW {
                // Stamped on arrival: that is when it happened, and it keeps the stream in order.
                ts = now;
                event::write(&mut bytes, 0, &ts.to_ne_bytes());
            }
            // A drop is the host's affair: the plugin can do nothing about it, and upstream tells it nothing either.
            if let Err(Dropped { why, first: true }) = target.queue.push(ts, bytes, now) {
                owner.log().log(owner.name(), why, Severity::WARNING);
            }
            Ok(())
        }
        Err(fault) => {
            target.queue.rejected.fetch_add(1, Ordering::Relaxed);
            Err(fault)
        }
    }
}

/// An owned copy of a plugin's async event, if it is one that the plugin may send.
///
/// # Safety
/// As [`accept`].
pub(super) unsafe fn copy(owner: &Owner, evt: *const Event) -> Result<Box<[u8]>, EventFault> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { event::bytes(evt) }?;
    event::expect(bytes, ASYNCEVENT_E, PARAMS)?;
    let name = event::param(bytes, PARAMS, 1).ok_or(EventFault::AsyncName)?;
    debug_assert_eq!(event::param_offset(bytes, PARAMS, 1), Some(ASYNC_NAME_OFFSET));
    let end = name.iter().position(|b| *b == 0).ok_or(EventFault::AsyncName)?;
    let name = name.get(..end).unwrap_or_default();
    if owner.library().info().async_events.iter().any(|n| n.as_bytes() == name) {
        Ok(bytes.into())
    } else {
        Err(EventFault::AsyncName)
    }
}

/// # Safety
/// `err` is null or a buffer of [`MAX_ERRLEN`] bytes.
pub(super) unsafe fn write_error(err: *mut c_char, text: &str) {
    if err.is_null() {
        return;
    }
    let len = text.len().min(MAX_ERRLEN - 1);
    // SAFETY: the caller's promise; `len` plus the NUL fit.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), err, len);
        *err.add(len) = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(tag: u8) -> Box<[u8]> {
        vec![tag].into()
    }

    #[test]
    fn events_come_out_by_time_then_arrival() {
        let queue = AsyncQueue::default();
        for (ts, tag) in [(30, 3), (10, 1), (20, 2), (10, 9)] {
            queue.push(ts, event(tag), 100).unwrap();
        }
        assert_eq!(queue.pop_due(9), None);
        assert_eq!(queue.pop_due(10), Some(event(1)));
        assert_eq!(queue.pop_due(19), Some(event(9)));
        assert_eq!(queue.pop_due(19), None);
        assert_eq!(queue.pop_due(u64::MAX), Some(event(2)));
        assert_eq!(queue.pop_due(u64::MAX), Some(event(3)));
        assert_eq!(queue.pop_due(u64::MAX), None);
    }

    #[test]
    fn a_full_queue_and_the_far_future_drop_and_count() {
        let queue = AsyncQueue::default();
        for _ in 0..CAPACITY {
            queue.push(1, event(0), 1).unwrap();
        }
        for first in [true, false] {
            assert_eq!(queue.push(1, event(0), 1).map_err(|d| d.first), Err(first));
            assert_eq!(queue.push(2 + FUTURE_NS, event(0), 1).map_err(|d| d.first), Err(first));
        }
        let stats = queue.stats();
        assert_eq!((stats.accepted, stats.dropped_full, stats.dropped_future), (CAPACITY as u64, 2, 2));
        assert!(queue.pop_due(1).is_some());
        assert!(queue.push(1 + FUTURE_NS, event(0), 1).is_ok());
    }

    #[test]
    fn large_events_do_not_fill_the_memory() {
        let queue = AsyncQueue::default();
        let large = || vec![0; CAPACITY_BYTES / 4].into_boxed_slice();
        for _ in 0..4 {
            queue.push(1, large(), 1).unwrap();
        }
        assert!(queue.push(1, event(0), 1).is_err());
        assert!(queue.pop_due(1).is_some());
        queue.push(1, large(), 1).unwrap();
        assert_eq!((queue.stats().accepted, queue.stats().dropped_full), (5, 1));
    }

    #[test]
    fn error_texts_are_cut_to_the_buffer() {
        let mut buffer = [1 as c_char; MAX_ERRLEN];
        // SAFETY: a buffer of the promised size.
        unsafe { write_error(buffer.as_mut_ptr(), &"x".repeat(5000)) };
        assert_eq!(buffer[MAX_ERRLEN - 1], 0);
        assert!(buffer[..MAX_ERRLEN - 1].iter().all(|b| *b == b'x' as c_char));
    }
}
