//! Looking up containers that processes were seen in without their having been announced.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::sync::mpsc::Receiver;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::board::{Ask, Board, Lookup, Reason};
use super::client::{Failure, Kind};
use super::counts::{Topic, add};
use super::image::whole_id;
use super::links::{Link, kind_of};
use super::worker::Shared;

/// A runtime may tell of a container only when all of it is made, which takes a while on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(10);
/// Containers that are looked up at the same time.
const AT_ONCE: usize = 256;

/// Pauses that double until the patience is at an end.
pub(super) struct Pauses {
    begun: Instant,
    next: Duration,
}

impl Pauses {
    pub(super) fn begin() -> Self {
        Self { begun: Instant::now(), next: PAUSE }
    }

    /// Waits; `false` if there is no use in waiting longer.
    pub(super) async fn wait(&mut self) -> bool {
        let left = PATIENCE.saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return false;
        }
        sleep(self.next.min(left)).await;
        self.next *= 2;
        true
    }
}

/// Answers all questions.
pub(super) async fn all(shared: Rc<Shared>, mut asked: Receiver<Ask>, board: Arc<Board>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(ask) = asked.recv().await {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let (shared, board) = (Rc::clone(&shared), Arc::clone(&board));
        spawn_local(async move {
            answer(&shared, &ask, &board).await;
            drop(place);
        });
    }
}

async fn answer(shared: &Shared, ask: &Ask, board: &Board) {
    let counts = shared.counts.of(kind_of(ask.engine).unwrap_or(Kind::Containerd));
    add(&counts.lookups);
    let mut pauses = Pauses::begin();
    loop {
        let reason = match once(shared, ask).await {
            Ok(()) => return,
            Err(reason) => reason,
        };
        if board.get(ask.id.as_bytes()) == Lookup::Known {
            return;
        }
        if shared.links.hopeless() || !pauses.wait().await {
            add(&counts.not_found);
            shared.journal.debug(|| format!("container {}: {reason}", ask.id));
            board.give_up(ask.id.as_bytes(), reason);
            return;
        }
    }
}

/// Asks each runtime.
async fn once(shared: &Shared, ask: &Ask) -> Result<(), Reason> {
    let id = whole_id(&ask.cgroup, &ask.id);
    let mut reason = if shared.links.is_empty() { Reason::NoRuntime } else { Reason::NotFound };
    for link in shared.links.for_engine(ask.engine) {
        match get(shared, &link, id).await {
            Ok(()) => return Ok(()),
            Err(Failure::NotFound) => {}
            Err(Failure::TimedOut(_)) => reason = Reason::TimedOut,
            Err(other) => reason = Reason::Failed(other.to_string().into()),
        }
    }
    Err(reason)
}

/// Has a runtime tell what it knows of a container, and sends that on.
pub(super) async fn get(shared: &Shared, link: &Link, id: &str) -> Result<(), Failure> {
    match link.client.get(id, shared.taste).await {
        Ok(found) => {
            shared.outbox.added(link.kind, link.id, found);
            Ok(())
        }
        Err(failure) => {
            if failure != Failure::NotFound {
                add(&shared.counts.of(link.kind).failures);
                shared.journal.failed(Topic::Asking, link.kind, &link.socket, &failure);
            }
            Err(failure)
        }
    }
}
