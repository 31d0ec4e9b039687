//! Posts between the thread that serves and the thread that evaluates.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lanner_intake::Reason;
use tokio::sync::oneshot;

/// What became of posts; kept by the plugin beyond the stream.
#[derive(Debug, Default)]
pub struct Counters {
    /// Answered with 200.
    pub accepted: AtomicU64,
    /// Refused with 413.
    pub too_large: AtomicU64,
    /// Refused with 429.
    pub overload: AtomicU64,
    /// Refused with 503: not evaluated in time, or stopping.
    pub unavailable: AtomicU64,
    /// Refused with 401.
    pub unauthorised: AtomicU64,
    /// Refused for what they are: wrong method, type, encoding, broken off, nothing in them.
    pub bad: AtomicU64,
    /// Connections that did not get through TLS.
    pub handshakes: AtomicU64,
}

impl Counters {
    /// Names and values.
    #[must_use]
    pub fn all(&self) -> [(&'static str, u64); 7] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("webhook_accepted", read(&self.accepted)),
            ("webhook_too_large", read(&self.too_large)),
            ("webhook_overload", read(&self.overload)),
            ("webhook_unavailable", read(&self.unavailable)),
            ("webhook_unauthorised", read(&self.unauthorised)),
            ("webhook_bad_requests", read(&self.bad)),
            ("webhook_failed_handshakes", read(&self.handshakes)),
        ]
    }
}

/// What the evaluation of a post came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Events in it.
    pub events: u64,
    /// Why a part of it was none.
    pub rejected: Option<Reason>,
}

/// A body that waits for its evaluation.
#[derive(Debug)]
pub struct Post {
    /// The body, expanded.
    pub body: Vec<u8>,
    /// Who sent it.
    pub peer: SocketAddr,
    /// Tells the sender; dropping it tells that there was no evaluation.
    pub answer: oneshot::Sender<Verdict>,
    /// Memory that it uses up.
    pub room: Room,
}

/// A share of the queue's memory; given back when dropped.
#[derive(Debug)]
pub struct Room {
    queue: Arc<Queue>,
    bytes: usize,
}

impl Room {
    /// Makes it so large, if there is that much.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 && !self.queue.reserve(more) {
            return false;
        }
        self.bytes = self.bytes.max(bytes);
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.queue.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    posts: Mutex<VecDeque<Post>>,
    filled: Condvar,
    used: AtomicUsize,
    max: usize,
    stopping: AtomicBool,
    /// When the evaluating thread asked last, in milliseconds after `begin`.
    asked: AtomicU64,
    begin: Instant,
    /// What became of posts.
    pub counters: Arc<Counters>,
}

/// Every post uses at least so much: its connection and its answer are not free either.
const LEAST: usize = 1 << 10;

impl Queue {
    /// For bodies of `max` bytes together.
    #[must_use]
    pub fn new(max: usize, counters: Arc<Counters>) -> Self {
        Self {
            posts: Mutex::default(),
            filled: Condvar::new(),
            used: AtomicUsize::new(0),
            max,
            stopping: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            begin: Instant::now(),
            counters,
        }
    }

    /// Room for a body of so many bytes. One body is always let in, so that a small queue slows a sender down but never
    /// keeps it out for ever.
    #[must_use]
    pub fn room(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let bytes = bytes.max(LEAST);
        self.reserve(bytes).then(|| Room { queue: Arc::clone(self), bytes })
    }

    fn reserve(&self, more: usize) -> bool {
        let fits = |used: usize| used.checked_add(more).filter(|sum| used == 0 || *sum <= self.max);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    /// Adds a post. Once the queue has been stopped it is dropped, which tells its sender.
    pub fn put(&self, post: Post) {
        let mut posts = self.lock();
        if !self.stopping() {
            posts.push_back(post);
            drop(posts);
            self.filled.notify_one();
        }
    }

    /// The next post whose sender still waits for the answer; waits up to `wait` for one.
    pub fn take(&self, wait: Duration) -> Option<Post> {
        let now = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.asked.store(now, Ordering::Relaxed);
        let mut posts = self.lock();
        if posts.is_empty() && !wait.is_zero() {
            posts = self.filled.wait_timeout(posts, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        // Who has given up sends again: to evaluate it now would raise the same alerts twice.
        std::iter::from_fn(|| posts.pop_front()).find(|post| !post.answer.is_closed())
    }

    /// How long ago the evaluating thread asked.
    #[must_use]
    pub fn asked_ago(&self) -> Duration {
        self.begin.elapsed().saturating_sub(Duration::from_millis(self.asked.load(Ordering::Relaxed)))
    }

    /// Whether nothing is taken any more.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Takes nothing more and drops what waits.
    pub fn stop(&self) {
        let mut posts = self.lock();
        self.stopping.store(true, Ordering::Relaxed);
        posts.clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Post>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(max: usize) -> Arc<Queue> {
        Arc::new(Queue::new(max, Arc::default()))
    }

    fn post(queue: &Arc<Queue>, byte: u8) -> Option<(Post, oneshot::Receiver<Verdict>)> {
        let (answer, receiver) = oneshot::channel();
        let room = queue.room(1024)?;
        Some((Post { body: vec![byte], peer: ([127, 0, 0, 1], 1).into(), answer, room }, receiver))
    }

    #[test]
    fn room_is_bounded_and_given_back() {
        let queue = queue(3000);
        let first = post(&queue, 1).unwrap();
        let mut second = post(&queue, 2).unwrap();
        assert!(post(&queue, 3).is_none());
        assert!(second.0.room.grow(1900) && !second.0.room.grow(2000));
        drop(first);
        assert!(post(&queue, 3).is_some());
        // A body larger than the queue goes through alone.
        drop(second);
        assert!(queue.room(1 << 20).is_some());
        assert!(queue.room(10).is_some());
    }

    #[test]
    fn who_gave_up_is_not_evaluated_and_who_waits_at_the_stop_is_told() {
        let queue = queue(1 << 20);
        let (first, gone) = post(&queue, 1).unwrap();
        let (second, waiting) = post(&queue, 2).unwrap();
        queue.put(first);
        queue.put(second);
        drop(gone);
        assert_eq!(queue.take(Duration::ZERO).unwrap().body, [2]);
        assert!(waiting.blocking_recv().is_err());
        let (third, waiting) = post(&queue, 3).unwrap();
        queue.put(third);
        queue.stop();
        assert!(waiting.blocking_recv().is_err());
        let (late, waiting) = post(&queue, 4).unwrap();
        queue.put(late);
        assert!(waiting.blocking_recv().is_err() && queue.take(Duration::ZERO).is_none());
    }
}
