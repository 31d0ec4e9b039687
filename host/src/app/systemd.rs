//! What the service manager is told, if there is one (`NOTIFY_SOCKET`): ready once every source is open, reloading, stopping,
//! and signs of life for its watchdog (`WatchdogSec=`).
//!
//! The signs of life come from the sources and not from a clock: a source that hangs is what a watchdog is for. One that
//! only has nothing to tell still comes round.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use sd_notify::NotifyState;

use crate::log;

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::debug(format_args!("the service manager could not be told: {error}"));
    }
}

/// Everything runs, as the words say.
pub(crate) fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is read anew; [`ready`] follows, whatever comes of it.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => log::debug(format_args!("the service manager could not be told: {error}")),
    }
}

/// The program is about to end.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// How often a source came round; written by its thread alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life(Arc<AtomicU64>);

/// The life of a source that nobody waits for any more.
const ENDED: u64 = u64::MAX;

impl Life {
    /// The source comes round.
    #[inline]
    pub(crate) fn beat(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// The source has ended, or never gives events.
    pub(crate) fn end(&self) {
        self.0.store(ENDED, Ordering::Relaxed);
    }
}

/// What the sources have come to, for the service manager.
#[derive(Debug)]
pub(crate) struct Manager {
    /// Sources that are not open yet and have not failed.
    left: AtomicUsize,
    any: AtomicBool,
    lives: Mutex<Vec<(String, Life)>>,
}

impl Manager {
    /// For so many sources.
    pub(crate) fn new(sources: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(sources), any: AtomicBool::new(false), lives: Mutex::default() })
    }

    /// A source that is about to open.
    pub(crate) fn source(&self, name: &str) -> Opening<'_> {
        let life = Life::default();
        // Opening takes what it takes; the manager has a time limit of its own for it.
        life.end();
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), life.clone()));
        Opening { manager: self, life }
    }

    /// A source is open or has failed. With the last one, if any is open, the program is ready.
    fn settled(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 && self.any.load(Ordering::Acquire) {
            let names: Vec<String> = self.now().into_iter().map(|(name, _)| name).collect();
            ready(&format!("sources: {}", names.join(", ")));
        }
    }

    fn now(&self) -> Vec<(String, u64)> {
        let lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.iter().map(|(name, life)| (name.clone(), life.0.load(Ordering::Relaxed))).collect()
    }

    /// Sends signs of life until what comes back is dropped, if the service manager wants any.
    pub(crate) fn watchdog(self: &Arc<Self>) -> Option<Watchdog> {
        let interval = sd_notify::watchdog_enabled()?;
        let (end, ended) = bounded(0);
        let manager = Arc::clone(self);
        let work = move || {
            let mut before = Vec::new();
            while ended.recv_timeout(interval / 2) == Err(RecvTimeoutError::Timeout) {
                let now = manager.now();
                match still(&before, &now) {
                    None => notify(&[NotifyState::Watchdog]),
                    Some(name) => log::critical(format_args!(
                        "source '{name}' has not moved for {} s: no sign of life for the watchdog",
                        Duration::from_secs_f64(interval.as_secs_f64() / 2.0).as_secs_f32()
                    )),
                }
                before = now;
            }
        };
        match std::thread::Builder::new().name("watchdog".into()).spawn(work) {
            Ok(_) => Some(Watchdog { _end: end }),
            Err(error) => {
                log::error(format_args!("no thread for the watchdog: {error}"));
                None
            }
        }
    }
}

/// Ends the signs of life when dropped.
pub(crate) struct Watchdog {
    _end: Sender<()>,
}

/// The source that has not come round between two looks, if there is one.
fn still<'n>(before: &[(String, u64)], now: &'n [(String, u64)]) -> Option<&'n str> {
    let found =
        now.iter().find(|(name, life)| *life != ENDED && before.iter().any(|old| old == &(name.clone(), *life)));
    found.map(|(name, _)| name.as_str())
}

/// A source on its way to being open; dropped without a word it has failed.
pub(crate) struct Opening<'m> {
    manager: &'m Manager,
    life: Life,
}

impl Opening<'_> {
    /// What the source shows its life with.
    pub(crate) fn life(&self) -> Life {
        self.life.clone()
    }

    /// It is open and will come round.
    pub(crate) fn opened(self) {
        self.life.0.store(0, Ordering::Relaxed);
        self.manager.any.store(true, Ordering::Release);
    }

    /// It is there and will never give events.
    pub(crate) fn idle(self) {
        self.manager.any.store(true, Ordering::Release);
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.manager.settled();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_still_if_it_did_not_come_round_between_two_looks() {
        let manager = Manager::new(3);
        let [first, second, third] = ["first", "second", "third"].map(|name| manager.source(name));
        let (busy, hung) = (first.life(), second.life());
        first.opened();
        second.opened();
        third.idle();
        assert_eq!(still(&[], &manager.now()), None, "there is nothing to compare with");
        let before = manager.now();
        busy.beat();
        hung.beat();
        assert_eq!(still(&before, &manager.now()), None);
        let before = manager.now();
        busy.beat();
        assert_eq!(still(&before, &manager.now()), Some("second"));
        let before = manager.now();
        busy.beat();
        hung.end();
        assert_eq!(still(&before, &manager.now()), None, "what has ended is not waited for");
    }

    #[test]
    fn readiness_waits_for_all_sources() {
        let manager = Manager::new(2);
        manager.source("good").opened();
        assert_eq!((manager.left.load(Ordering::Relaxed), manager.any.load(Ordering::Relaxed)), (1, true));
        drop(manager.source("failed"));
        assert_eq!(manager.left.load(Ordering::Relaxed), 0);
    }
}
