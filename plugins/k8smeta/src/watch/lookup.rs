//! Reading the metadata of single objects.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::{Api, GetParams};
use kube::core::DynamicObject;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use super::counts::{Counts, add};
use super::journal::{Failure, Journal};
use super::model::Need;
use super::objects::{Meta, api};
use super::worker::Input;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(20);
/// Objects that are read at the same time.
const AT_ONCE: usize = 4;

/// What became of a lookup.
#[derive(Debug)]
pub(super) enum Found {
    /// This is how it is.
    Is(Meta),
    /// There is none.
    Nothing,
    /// It could not be found out.
    Failed,
}

/// Reads objects.
pub(super) struct Lookups {
    client: Client,
    counts: Arc<Counts>,
    journal: Rc<Journal>,
    room: Arc<Semaphore>,
    to: Sender<Input>,
}

impl Lookups {
    pub(super) fn new(client: Client, counts: Arc<Counts>, journal: Rc<Journal>, to: Sender<Input>) -> Self {
        Self { client, counts, journal, room: Arc::new(Semaphore::new(AT_ONCE)), to }
    }

    /// Reads one and tells of it. `again`: it has been read before.
    pub(super) async fn run(self: Rc<Self>, need: Need, again: bool) {
        // The semaphore is never closed.
        let Ok(_place) = self.room.acquire().await else { return };
        let resource = api(need.kind);
        let objects: Api<DynamicObject> = if need.namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &need.namespace, &resource)
        };
        // What has just been made is not yet in the server's cache; for the second time what the cache has is good enough.
        let params = GetParams { resource_version: again.then(|| "0".to_owned()) };
        add(&self.counts.lookups);
        let what = format!("reading {}", resource.plural);
        let found = match timeout(ANSWER, objects.get_metadata_with(&need.name, &params)).await {
            Ok(Ok(object)) => match Meta::of(object.metadata) {
                // Another one of the same name has taken its place.
                Some(meta) if !need.uid.is_empty() && need.uid != meta.uid => Found::Nothing,
                Some(meta) => Found::Is(meta),
                None => Found::Nothing,
            },
            Ok(Err(error)) => self.failed(&what, error.into()),
            Err(_) => self.failed(&what, Failure::slow()),
        };
        if !matches!(found, Found::Failed) {
            self.journal.debug(|| format!("{what}: {}/{}", need.namespace, need.name));
        }
        // An error means that nobody listens any more.
        let _ = self.to.send(Input::Found(need, found)).await;
    }

    fn failed(&self, what: &str, failure: Failure) -> Found {
        if failure.code == Some(404) {
            return Found::Nothing;
        }
        add(&self.counts.failures);
        self.journal.failed(what, &failure);
        Found::Failed
    }
}
