//! Looking at single processes while events flow: those that an event names and nobody knows, and those of which events were
//! lost. What it may cost is bounded; what is not looked at for that reason is counted and remembered for later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::scan::{Reader, process_of};
use crate::capture::Thread;
use crate::state::Lookup;

/// Time within a second that looking up unknown threads may take: events wait meanwhile.
const SHARE: Duration = Duration::from_millis(100);
/// Age at which tables that processes share (sockets of a namespace) are read anew.
const FRESH: Duration = Duration::from_secs(1);
/// Processes remembered for later.
const LATER: usize = 8192;

/// Counters of the looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Threads asked for.
    pub asked: u64,
    /// Those that were gone.
    pub gone: u64,
    /// Those that were put off because looking had taken its share of the second.
    pub put_off: u64,
}

/// How much of a second has been spent.
#[derive(Debug)]
struct Budget {
    since: Instant,
    spent: Duration,
    share: Duration,
}

impl Budget {
    fn new(share: Duration) -> Self {
        Self { since: Instant::now(), spent: Duration::ZERO, share }
    }

    fn has_some(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= Duration::from_secs(1) {
            (self.since, self.spent) = (now, Duration::ZERO);
        }
        self.spent < self.share
    }
}

#[derive(Debug)]
struct Inner {
    reader: Reader,
    read_at: Instant,
    budget: Budget,
    later: VecDeque<u32>,
    looks: Looks,
}

/// Reads processes one by one. Shared by the state, which asks about unknown threads, and by whoever works off what was put
/// off; both are on the source's thread, so that nobody ever waits for the other.
#[derive(Clone, Debug)]
pub struct Looker(Arc<Mutex<Inner>>);

impl Looker {
    pub(super) fn new(boot: u64) -> Self {
        Self::with_share(boot, SHARE)
    }

    fn with_share(boot: u64, share: Duration) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            reader: Reader::new(boot),
            read_at: Instant::now(),
            budget: Budget::new(share),
            later: VecDeque::new(),
            looks: Looks::default(),
        })))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The process of this thread as it is now; nothing if it is gone.
    pub fn process(&self, tid: u32) -> Vec<Thread> {
        process_of(tid).map(|pid| self.with(|inner| inner.read(pid))).unwrap_or_default()
    }

    /// A process that was put off; `None`: none is waiting.
    pub fn take_later(&self) -> Option<u32> {
        self.with(|inner| inner.later.pop_front())
    }

    /// What has been counted.
    pub fn looks(&self) -> Looks {
        self.with(|inner| inner.looks)
    }
}

impl Inner {
    fn read(&mut self, pid: u32) -> Vec<Thread> {
        let now = Instant::now();
        if now.duration_since(self.read_at) >= FRESH {
            self.reader.forget_sockets();
            self.read_at = now;
        }
        self.reader.process(pid)
    }
}

impl Lookup for Looker {
    fn find(&mut self, tid: i64) -> Vec<Thread> {
        let Ok(tid) = u32::try_from(tid) else { return Vec::new() };
        self.with(|inner| {
            inner.looks.asked += 1;
            let begin = Instant::now();
            if !inner.budget.has_some(begin) {
                inner.looks.put_off += 1;
                if inner.later.len() < LATER {
                    inner.later.push_back(tid);
                }
                return Vec::new();
            }
            let found = process_of(tid).map(|pid| inner.read(pid)).unwrap_or_default();
            inner.looks.gone += u64::from(found.is_empty());
            inner.budget.spent += begin.elapsed();
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_found_with_its_process() {
        let mut looker = Looker::new(0);
        let tid = std::thread::spawn(|| nix::unistd::gettid().as_raw()).join().unwrap();
        assert!(looker.find(i64::from(std::process::id())).iter().any(|t| t.tid == i64::from(std::process::id())));
        assert!(looker.find(i64::from(tid)).is_empty(), "it has ended");
        assert_eq!(looker.looks(), Looks { asked: 2, gone: 1, put_off: 0 });
        assert!(looker.find(-1).is_empty());
    }

    #[test]
    fn what_exceeds_the_share_is_put_off_and_remembered() {
        let mut looker = Looker::with_share(0, Duration::ZERO);
        assert!(looker.find(i64::from(std::process::id())).is_empty());
        assert_eq!(looker.looks(), Looks { asked: 1, gone: 0, put_off: 1 });
        assert_eq!(looker.take_later(), Some(std::process::id()));
        assert_eq!(looker.take_later(), None);
        assert!(!looker.process(std::process::id()).is_empty());
    }

    #[test]
    fn the_share_is_given_anew_each_second() {
        let mut budget = Budget::new(Duration::from_millis(5));
        let begin = budget.since;
        budget.spent = Duration::from_millis(5);
        assert!(!budget.has_some(begin + Duration::from_millis(999)));
        assert!(budget.has_some(begin + Duration::from_millis(1000)));
    }
}
