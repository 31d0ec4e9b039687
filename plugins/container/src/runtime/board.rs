//! How far the lookup of each container is: written by the thread that talks to the runtimes, read by the one that follows
//! events.

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::matcher::Engine;

/// How far the lookup of a container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A runtime is being asked.
    Pending,
    /// The document has been sent into the stream of events; whoever follows that is about to see it.
    Known,
    /// Nobody knows it, or it was never asked about.
    Unknown(Reason),
}

/// Why nothing is known of a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Nobody has asked yet.
    #[error("not asked about yet")]
    NotAsked,
    /// None of the configured sockets can be reached.
    #[error("no container runtime answers on the configured sockets")]
    NoRuntime,
    /// All runtimes were asked, again and again; none has it.
    #[error("no container runtime knows it")]
    NotFound,
    /// The runtime took too long.
    #[error("the container runtime takes too long to answer")]
    TimedOut,
    /// Too many were asked about at once.
    #[error("too many unknown containers at once")]
    Overloaded,
    /// What the runtime said instead.
    #[error("the container runtime failed: {0}")]
    Failed(Arc<str>),
}

/// A container seen for the first time.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Its id as threads have it: shortened.
    pub(crate) id: Box<str>,
    /// Which engine's way of naming control groups its path fits.
    pub(crate) engine: Engine,
    /// The path, which has the whole id and, with containerd, the namespace.
    pub(crate) cgroup: Box<str>,
}

/// An answer that is older may be asked for again: the container may have been made meanwhile, or the socket appeared.
const STALE: Duration = Duration::from_secs(30);
/// A document that was sent is in the state by then, or was lost on the way.
const ARRIVED: Duration = Duration::from_secs(2);
/// Entries of each of two generations.
const GENERATION: usize = 8192;

/// Asks and sees how far that is. Clones belong together.
#[derive(Clone, Debug)]
pub struct Handle {
    board: Arc<Board>,
    asks: mpsc::Sender<Ask>,
}

impl Handle {
    /// A handle, and what is asked through it; at most `queue` questions wait.
    pub(crate) fn new(queue: usize) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(queue);
        (Self { board: Arc::default(), asks }, asked)
    }

    /// Has the runtimes asked about a container of which nothing is known, unless they are being asked or have just
    /// answered. `cgroup` is the control group that named it, `engine` whose way of naming that is. Never waits.
    pub fn ask(&self, id: &CStr, engine: Engine, cgroup: &str) {
        let Ok(text) = id.to_str() else { return };
        if !self.board.begin(id.to_bytes()) {
            return;
        }
        if self.asks.try_send(Ask { id: text.into(), engine, cgroup: cgroup.into() }).is_err() {
            self.board.overloaded.fetch_add(1, Ordering::Relaxed);
            self.board.set(id.to_bytes(), Lookup::Unknown(Reason::Overloaded));
        }
    }

    /// How far the lookup of the container with this (short) id is.
    #[must_use]
    pub fn state(&self, id: &[u8]) -> Lookup {
        self.board.get(id)
    }

    /// The container is gone: should its id appear again, it is asked about again.
    pub fn forget(&self, id: &[u8]) {
        self.board.forget(id);
    }

    /// Where answers are written.
    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.board
    }
}

#[derive(Clone, Debug)]
struct Entry {
    lookup: Lookup,
    since: Instant,
}

/// The answers. In two generations, the older of which is dropped as a whole when the younger is full: however many
/// containers come and go, memory does not grow, and whoever was asked about lately is there.
#[derive(Debug, Default)]
pub(crate) struct Board {
    entries: Mutex<Generations>,
    /// Questions for which there was no room.
    overloaded: AtomicU64,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Box<[u8]>, Entry>,
    old: HashMap<Box<[u8]>, Entry>,
}

impl Generations {
    fn get(&self, id: &[u8]) -> Option<&Entry> {
        self.young.get(id).or_else(|| self.old.get(id))
    }

    fn put(&mut self, id: &[u8], lookup: Lookup) {
        if self.young.len() >= GENERATION && !self.young.contains_key(id) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id.into(), Entry { lookup, since: Instant::now() });
    }
}

impl Board {
    fn with<T>(&self, f: impl FnOnce(&mut Generations) -> T) -> T {
        f(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that a question is on its way; `false` if there is no need to ask.
    fn begin(&self, id: &[u8]) -> bool {
        self.with(|entries| {
            let needed = entries.get(id).is_none_or(|entry| match &entry.lookup {
                Lookup::Pending => false,
                Lookup::Known => entry.since.elapsed() >= ARRIVED,
                Lookup::Unknown(Reason::NotAsked | Reason::Overloaded) => true,
                Lookup::Unknown(_) => entry.since.elapsed() >= STALE,
            });
            if needed {
                entries.put(id, Lookup::Pending);
            }
            needed
        })
    }

    pub(crate) fn get(&self, id: &[u8]) -> Lookup {
        self.with(|entries| entries.get(id).map(|entry| entry.lookup.clone()))
            .unwrap_or(Lookup::Unknown(Reason::NotAsked))
    }

    pub(crate) fn set(&self, id: &[u8], lookup: Lookup) {
        self.with(|entries| entries.put(id, lookup));
    }

    /// Notes why nothing is known, unless it has become known meanwhile.
    pub(crate) fn give_up(&self, id: &[u8], reason: Reason) -> bool {
        self.with(|entries| {
            let pending = entries.get(id).is_none_or(|entry| entry.lookup == Lookup::Pending);
            if pending {
                entries.put(id, Lookup::Unknown(reason));
            }
            pending
        })
    }

    fn forget(&self, id: &[u8]) {
        self.with(|entries| {
            entries.young.remove(id);
            entries.old.remove(id);
        });
    }

    /// Questions for which there was no room.
    pub(crate) fn overloaded(&self) -> u64 {
        self.overloaded.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &CStr = c"0123456789ab";

    #[test]
    fn a_container_is_asked_about_once() {
        let (handle, mut asked) = Handle::new(4);
        assert_eq!(handle.state(ID.to_bytes()), Lookup::Unknown(Reason::NotAsked));
        for _ in 0..3 {
            handle.ask(ID, Engine::Docker, "/docker/x");
        }
        assert_eq!(handle.state(ID.to_bytes()), Lookup::Pending);
        assert_eq!(asked.try_recv().map(|ask| (ask.id, ask.cgroup)), Ok(("0123456789ab".into(), "/docker/x".into())));
        assert!(asked.try_recv().is_err());
        handle.board().set(ID.to_bytes(), Lookup::Known);
        handle.ask(ID, Engine::Docker, "/docker/x");
        assert!(asked.try_recv().is_err(), "the document is on its way");
        handle.forget(ID.to_bytes());
        handle.ask(ID, Engine::Docker, "/docker/x");
        assert!(asked.try_recv().is_ok(), "the id came back");
    }

    #[test]
    fn a_full_queue_says_so_and_the_next_one_asks_again() {
        let (handle, mut asked) = Handle::new(1);
        handle.ask(c"first", Engine::Cri, "/");
        handle.ask(c"second", Engine::Cri, "/");
        assert_eq!(handle.state(b"second"), Lookup::Unknown(Reason::Overloaded));
        assert_eq!(handle.board().overloaded(), 1);
        assert!(asked.try_recv().is_ok());
        handle.ask(c"second", Engine::Cri, "/");
        assert_eq!(handle.state(b"second"), Lookup::Pending);
    }

    #[test]
    fn what_has_become_known_stays_known() {
        let board = Board::default();
        board.set(b"a", Lookup::Known);
        assert!(!board.give_up(b"a", Reason::NotFound));
        assert_eq!(board.get(b"a"), Lookup::Known);
        assert!(board.give_up(b"b", Reason::NotFound));
        assert_eq!(board.get(b"b"), Lookup::Unknown(Reason::NotFound));
    }

    #[test]
    fn memory_has_a_limit() {
        let board = Board::default();
        for n in 0..5 * GENERATION {
            board.set(n.to_string().as_bytes(), Lookup::Known);
        }
        board.with(|entries| assert!(entries.young.len() + entries.old.len() <= 2 * GENERATION));
        assert_eq!(board.get((5 * GENERATION - 1).to_string().as_bytes()), Lookup::Known);
    }
}
