//! The thread that talks to the runtimes.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use lanner_plugin_api::sdk::{AsyncHandle, Log, Metrics};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};

use super::board::Handle;
use super::client::{Kind, Taste};
use super::counts::{Counts, Journal};
use super::links::Links;
use super::lookup;
use super::outbox::Outbox;
use super::sockets::Sockets;
use super::watch;
use crate::config::{Config, Hook};

/// Questions that wait at most.
const QUEUE: usize = 1024;

/// What the tasks of the thread share.
pub(super) struct Shared {
    pub(super) sockets: Sockets,
    pub(super) hooks: Vec<Hook>,
    pub(super) taste: Taste,
    pub(super) links: Links,
    pub(super) outbox: Outbox,
    pub(super) counts: Arc<Counts>,
    pub(super) journal: Journal,
}

/// The thread. It ends when this is dropped.
pub struct Worker {
    handle: Handle,
    counts: Arc<Counts>,
    sockets: Sockets,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread, if there is a socket to look for. `root` stands before the paths of sockets.
    ///
    /// # Errors
    /// The system gives no thread, or nothing to wait with.
    pub fn start(config: &Config, root: PathBuf, events: AsyncHandle, log: Log) -> io::Result<Option<Self>> {
        let sockets = Sockets::of(config, root);
        if sockets.is_empty() {
            return Ok(None);
        }
        let (handle, asked) = Handle::new(QUEUE);
        let counts = Arc::<Counts>::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = {
            let (board, counts, config) = (Arc::clone(handle.board()), Arc::clone(&counts), config.clone());
            let sockets = sockets.clone();
            std::thread::Builder::new().name("containers".to_owned()).spawn(move || {
                let shared = Rc::new(Shared {
                    sockets,
                    taste: Taste::of(&config),
                    links: Links::default(),
                    outbox: Outbox::new(events, Arc::clone(&board), Arc::clone(&counts)),
                    counts,
                    journal: Journal::new(log, config.log_level),
                    hooks: config.hooks,
                });
                LocalSet::new().block_on(&runtime, async {
                    spawn_local(watch::all(Rc::clone(&shared)));
                    spawn_local(lookup::all(shared, asked, board));
                    // An error means that the plugin let go of its end without a word: that is an order to stop too.
                    let _ = stopped.await;
                });
            })?
        };
        Ok(Some(Self { handle, counts, sockets, stop: Some(stop), thread: Some(thread) }))
    }

    /// By which the parse path asks.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Writes out what was counted, by engine.
    pub fn metrics(&self, out: &mut Metrics<'_>) {
        self.counts.write(|kind: Kind| self.sockets.has(kind), out);
        out.counter("n_lookups_refused", self.handle.board().overloaded());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Nobody listens only if the thread has ended.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported where it happened.
            let _ = thread.join();
        }
    }
}
