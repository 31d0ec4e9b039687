//! Finding sockets, and following what happens at them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, interval, sleep};

use super::client::{Change, Client, Failure, Kind};
use super::counts::{Topic, add};
use super::links::Link;
use super::lookup::{Pauses, get};
use super::outbox::LinkId;
use super::worker::Shared;

/// How often sockets are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// The longest pause before a socket that failed is tried again; the first is [`LOOK`].
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often containers are listed where the runtime has no events.
const LIST: Duration = Duration::from_secs(10);
/// Events that wait while their runtime is asked for more.
const EVENTS: usize = 1024;
/// After that many documents of a list comes a pause: the host's queue for events is not endless either.
const BATCH: usize = 256;
const BATCH_PAUSE: Duration = Duration::from_millis(50);
/// Announced containers that are waited for at the same time.
const AT_ONCE: usize = 256;

/// A socket, as far as it was watched before.
struct Watched {
    task: JoinHandle<Result<(), Failure>>,
    /// Numbers of the connections to it, the present one included.
    links: Rc<RefCell<HashSet<LinkId>>>,
    pause: Duration,
    again: Option<Instant>,
}

/// Watches all sockets, those that exist and those that come to exist.
pub(super) async fn all(shared: Rc<Shared>) {
    let mut watched: HashMap<(Kind, PathBuf), Watched> = HashMap::new();
    let mut look = interval(LOOK);
    loop {
        look.tick().await;
        for (kind, path) in shared.sockets.existing() {
            let key = (kind, path.clone());
            let mut pause = LOOK;
            let mut links = Rc::default();
            if let Some(before) = watched.get_mut(&key) {
                if !before.task.is_finished() {
                    continue;
                }
                match before.again {
                    None => {
                        before.again = Some(Instant::now() + before.pause);
                        continue;
                    }
                    Some(at) if Instant::now() < at => continue,
                    Some(_) => {}
                }
                // What had worked for a while and broke off is tried as if it were new.
                let worked = (&mut before.task).await.is_ok_and(|result| result.is_ok());
                pause = if worked { LOOK } else { (before.pause * 2).min(LONGEST_PAUSE) };
                links = Rc::clone(&before.links);
            }
            let task = spawn_local(socket(Rc::clone(&shared), kind, path, Rc::clone(&links)));
            watched.insert(key, Watched { task, links, pause, again: None });
        }
        shared.links.looked();
    }
}

/// Connects to a socket and follows it to the end; `Ok` if it was connected at all.
async fn socket(
    shared: Rc<Shared>,
    kind: Kind,
    path: PathBuf,
    links: Rc<RefCell<HashSet<LinkId>>>,
) -> Result<(), Failure> {
    let engine = shared.counts.of(kind);
    let connecting = shared.links.connecting();
    let client = match Client::connect(kind, &path).await {
        Ok(client) => client,
        Err(failure) => {
            add(&engine.failures);
            shared.journal.failed(Topic::Connecting, kind, &path, &failure);
            return Err(failure);
        }
    };
    shared.journal.connected(kind, &path);
    let link = shared.links.add(kind, path, client);
    drop(connecting);
    links.borrow_mut().insert(link.id);
    add(&engine.connected);
    let (tell, told) = channel(EVENTS);
    let follower = {
        let (link, shared) = (Rc::clone(&link), Rc::clone(&shared));
        // Before the list is asked for: what is made in between is told twice rather than not at all.
        spawn_local(async move { link.client.follow(&shared.hooks, &tell).await })
    };
    serve(&shared, &link, &links, told, follower).await;
    shared.links.remove(link.id);
    engine.connected.fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

/// Lists what is there and follows events; where there are none, lists again and again.
async fn serve(
    shared: &Rc<Shared>,
    link: &Rc<Link>,
    links: &Rc<RefCell<HashSet<LinkId>>>,
    mut told: Receiver<Change>,
    follower: JoinHandle<Result<(), Failure>>,
) {
    let fail = |topic, failure: &Failure| {
        add(&shared.counts.of(link.kind).failures);
        shared.journal.failed(topic, link.kind, &link.socket, failure);
    };
    if let Err(failure) = list(shared, link, links).await {
        fail(Topic::Asking, &failure);
        follower.abort();
        return;
    }
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(change) = told.recv().await {
        add(&shared.counts.of(link.kind).events);
        match change {
            Change::Gone(id) => shared.outbox.removed(link.kind, &id),
            Change::Here(id) => {
                let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
                let (shared, link) = (Rc::clone(shared), Rc::clone(link));
                spawn_local(async move {
                    announced(&shared, &link, &id).await;
                    drop(place);
                });
            }
        }
    }
    let failure = match follower.await {
        Ok(Err(failure)) => failure,
        // The runtime ended the stream, most likely because it ends itself.
        Ok(Ok(())) | Err(_) => return,
    };
    fail(Topic::Listening, &failure);
    if matches!(failure, Failure::Unsupported(_)) {
        loop {
            sleep(LIST).await;
            if let Err(failure) = list(shared, link, links).await {
                fail(Topic::Asking, &failure);
                return;
            }
        }
    }
}

/// Asks about a container that an event told of. Some runtimes tell a little before they can say more.
async fn announced(shared: &Shared, link: &Link, id: &str) {
    let mut pauses = Pauses::begin();
    while get(shared, link, id).await == Err(Failure::NotFound) && pauses.wait().await {}
}

/// Asks about all containers that have not been told of by this connection.
async fn list(shared: &Shared, link: &Link, links: &RefCell<HashSet<LinkId>>) -> Result<(), Failure> {
    let ids = link.client.list().await?;
    shared.outbox.listed(link.kind, &links.borrow(), &ids);
    for (n, id) in ids.iter().enumerate() {
        if shared.outbox.knows(link.kind, id) {
            continue;
        }
        match get(shared, link, id).await {
            // It can have gone meanwhile.
            Ok(()) | Err(Failure::NotFound) => {}
            Err(failure) => return Err(failure),
        }
        if n % BATCH == BATCH - 1 {
            sleep(BATCH_PAUSE).await;
        }
    }
    Ok(())
}
