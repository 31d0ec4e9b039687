//! What the worker counts, and what it says in the log.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use lanner_plugin_api::sdk::{Log, Metrics};

use super::client::{Failure, Kind};
use crate::config::LogLevel;

/// Counters of one engine. All but `known` and `connected` only grow.
#[derive(Debug, Default)]
pub(super) struct Engine {
    /// Sockets that are connected.
    pub(super) connected: AtomicU64,
    /// Containers that its runtimes have told of and that are not removed yet.
    pub(super) known: AtomicU64,
    /// Events of its runtimes about containers.
    pub(super) events: AtomicU64,
    /// Containers that were asked about because a process was seen in them.
    pub(super) lookups: AtomicU64,
    /// Of these, those that no runtime knew.
    pub(super) not_found: AtomicU64,
    /// Calls and connections that failed.
    pub(super) failures: AtomicU64,
}

/// All counters.
#[derive(Debug, Default)]
pub(super) struct Counts {
    engines: [Engine; Kind::ALL.len()],
    /// Documents that could not be sent into the stream of events.
    pub(super) unsent: AtomicU64,
}

/// Adds one.
pub(super) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub(super) fn of(&self, kind: Kind) -> &Engine {
        &self.engines[kind.index()]
    }

    /// Writes out the counters of the engines that are on.
    pub(super) fn write(&self, on: impl Fn(Kind) -> bool, out: &mut Metrics<'_>) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for kind in Kind::ALL.into_iter().filter(|kind| on(*kind)) {
            let (name, e) = (kind.name(), self.of(kind));
            out.gauge(&format!("{name}_sockets_connected"), read(&e.connected));
            out.gauge(&format!("{name}_containers"), read(&e.known));
            out.counter(&format!("{name}_events"), read(&e.events));
            out.counter(&format!("{name}_lookups"), read(&e.lookups));
            out.counter(&format!("{name}_lookups_not_found"), read(&e.not_found));
            out.counter(&format!("{name}_failures"), read(&e.failures));
        }
        out.counter("n_documents_unsent", read(&self.unsent));
    }
}

/// What a message is about; each is said once per socket until things are well again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    Connecting,
    Listening,
    Asking,
}

/// The log, as far as the configuration lets it speak.
pub(super) struct Journal {
    log: Log,
    level: LogLevel,
    said: Mutex<HashSet<(Topic, Kind, PathBuf)>>,
}

impl Journal {
    pub(super) fn new(log: Log, level: LogLevel) -> Self {
        Self { log, level, said: Mutex::default() }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, HashSet<(Topic, Kind, PathBuf)>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A failure: said once, not each time it is tried again.
    pub(super) fn failed(&self, topic: Topic, kind: Kind, socket: &Path, failure: &Failure) {
        let new = self.said().insert((topic, kind, socket.to_owned()));
        // containerd without the interface of Kubernetes is what docker brings along: nothing is wrong with it.
        let usual = topic == Topic::Connecting && matches!(failure, Failure::Unsupported(_));
        let level = if usual { LogLevel::Info } else { LogLevel::Warn };
        if !new || self.level > level {
            return;
        }
        let what = match topic {
            Topic::Connecting => "cannot be used",
            Topic::Listening => "tells of no events",
            Topic::Asking => "does not answer",
        };
        let remedy = match (topic, failure) {
            (_, Failure::Other(text)) if text.contains("ermission denied") => {
                "let this process read and write the socket, or switch the engine off"
            }
            (Topic::Listening, Failure::Unsupported(_)) => "its containers are listed every ten seconds instead",
            _ => "it is tried again",
        };
        let text = format!("{} at {}: {what}: {failure}; {remedy}", kind.name(), socket.display());
        if usual { self.log.info(text) } else { self.log.warning(text) }
    }

    /// A socket is well.
    pub(super) fn connected(&self, kind: Kind, socket: &Path) {
        let again = self.said().remove(&(Topic::Connecting, kind, socket.to_owned()));
        let text = format!("{} at {}: connected", kind.name(), socket.display());
        if again && self.level <= LogLevel::Warn {
            // Whoever read that it failed is told that it no longer does.
            self.log.warning(text);
        } else if self.level <= LogLevel::Info {
            self.log.info(text);
        }
    }

    /// A detail.
    pub(super) fn debug(&self, text: impl FnOnce() -> String) {
        if self.level <= LogLevel::Debug {
            self.log.debug(text());
        }
    }
}
