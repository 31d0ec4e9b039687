//! Following all objects of one kind: a list, then its changes, again and again.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kube::Client;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use lanner_k8s::Kind;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt as _;

use super::counts::{Counts, add};
use super::journal::{Failure, Journal};
use super::objects::{Followed, api};

/// The first pause after a failure; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// What was followed for so long worked: the next failure is the first of its own.
const WORKED: Duration = Duration::from_secs(10);
/// The server ends a stream after that many seconds; then it is taken up where it ended.
const STREAM_SECONDS: u32 = 240;
/// A stream that has said nothing for longer is dead, even if nobody said so.
const SILENCE: Duration = Duration::from_secs(STREAM_SECONDS as u64 + 30);
/// How long a list may take.
const LIST: Duration = Duration::from_secs(60);
/// Objects of one page of a list.
const PAGE: u32 = 500;

/// What is told of a kind.
#[derive(Debug)]
pub(super) enum Feed<T> {
    /// These are all.
    All(Vec<T>),
    /// This is how one is now.
    Is(T),
    /// The one with this uid is gone.
    Gone(Box<str>),
}

/// What following needs.
pub(super) struct Follow<T, I> {
    pub(super) client: Client,
    pub(super) kind: Kind,
    /// Which objects; `None`: all.
    pub(super) fields: Option<String>,
    /// Objects that are kept at most.
    pub(super) limit: usize,
    pub(super) counts: std::sync::Arc<Counts>,
    pub(super) journal: Rc<Journal>,
    pub(super) to: Sender<I>,
    pub(super) wrap: fn(Feed<T>) -> I,
}

/// The receiver is gone: there is nobody to tell.
pub(super) struct Over;

impl<T, I> Follow<T, I>
where
    T: Followed,
    T::Api: kube::Resource<DynamicType = kube::core::ApiResource> + DeserializeOwned + Clone + std::fmt::Debug,
{
    /// Follows until there is nobody to tell any more.
    pub(super) async fn run(self) {
        let what = format!("following {}", api(self.kind).plural);
        let objects: Api<T::Api> = Api::all_with(self.client.clone(), &api(self.kind));
        // Where the last list or stream ended.
        let mut version: Option<String> = None;
        let mut pause = PAUSE;
        loop {
            let begin = Instant::now();
            let streamed = version.is_some();
            let outcome = match version.take() {
                None => self.list(&objects).await,
                Some(version) => self.stream(&objects, version, &what).await,
            };
            let Ok(Step { next, failure }) = outcome else { return };
            version = next;
            if begin.elapsed() >= WORKED || (streamed && failure.is_none()) {
                pause = PAUSE;
            }
            if let Some(failure) = failure {
                if !failure.is_gone() {
                    add(&self.counts.failures);
                    self.journal.failed(&what, &failure);
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    async fn tell(&self, feed: Feed<T>) -> Result<(), Over> {
        self.to.send((self.wrap)(feed)).await.map_err(|_| Over)
    }

    /// All objects, page by page.
    async fn list(&self, objects: &Api<T::Api>) -> Result<Step, Over> {
        let mut all = Vec::new();
        let mut params = ListParams { field_selector: self.fields.clone(), limit: Some(PAGE), ..ListParams::default() };
        let version = loop {
            let page = match timeout(LIST, objects.list(&params)).await {
                Ok(Ok(page)) => page,
                Ok(Err(error)) => return Ok(Step::failed(None, error.into())),
                Err(_) => return Ok(Step::failed(None, Failure::slow())),
            };
            for object in page.items.into_iter().filter_map(T::of) {
                if all.len() < self.limit { all.push(object) } else { add(&self.counts.refused) }
            }
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                break page.metadata.resource_version;
            }
        };
        add(&self.counts.lists);
        self.tell(Feed::All(all)).await?;
        // "0" is any version that the server has: it then tells of all objects once more.
        Ok(Step {
            next: Some(version.filter(|version| !version.is_empty()).unwrap_or_else(|| "0".to_owned())),
            failure: None,
        })
    }

    /// The changes after `version`.
    async fn stream(&self, objects: &Api<T::Api>, mut version: String, what: &str) -> Result<Step, Over> {
        let params = WatchParams {
            field_selector: self.fields.clone(),
            timeout: Some(STREAM_SECONDS),
            ..WatchParams::default()
        };
        let stream = match timeout(LIST, objects.watch(&params, &version)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Ok(Step::resumable(version, error.into())),
            Err(_) => return Ok(Step::resumable(version, Failure::slow())),
        };
        let mut stream = std::pin::pin!(stream);
        self.journal.well(what);
        let begin = Instant::now();
        let _open = Open::begin(&self.counts);
        loop {
            let event = match timeout(SILENCE, stream.next()).await {
                Ok(Some(Ok(event))) => event,
                // One object that cannot be read does not keep the others away.
                Ok(Some(Err(kube::Error::SerdeError(error)))) => {
                    add(&self.counts.failures);
                    self.journal.failed(&format!("{what}: one change"), &Failure::unreadable(&error));
                    continue;
                }
                Ok(Some(Err(error))) => return Ok(Step::resumable(version, error.into())),
                Ok(None) if begin.elapsed() < PAUSE => return Ok(Step::resumable(version, Failure::cut())),
                Ok(None) => return Ok(Step { next: Some(version), failure: None }),
                Err(_) => return Ok(Step::resumable(version, Failure::slow())),
            };
            let seen = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    let seen = kube::Resource::meta(&object).resource_version.clone();
                    if let Some(object) = T::of(object) {
                        self.tell(Feed::Is(object)).await?;
                    }
                    seen
                }
                WatchEvent::Deleted(object) => {
                    let seen = kube::Resource::meta(&object).resource_version.clone();
                    if let Some(object) = T::of(object) {
                        self.tell(Feed::Gone(object.uid().into())).await?;
                    }
                    seen
                }
                WatchEvent::Bookmark(bookmark) => Some(bookmark.metadata.resource_version),
                WatchEvent::Error(status) => return Ok(Step::resumable(version, Failure::status(&status))),
            };
            add(&self.counts.changes);
            if let Some(seen) = seen.filter(|seen| !seen.is_empty()) {
                version = seen;
            }
        }
    }
}

/// How a step of following ended.
struct Step {
    /// From where the next stream goes on; `None`: it begins with a list.
    next: Option<String>,
    failure: Option<Failure>,
}

impl Step {
    fn failed(next: Option<String>, failure: Failure) -> Self {
        Self { next, failure: Some(failure) }
    }

    /// After this failure the stream goes on at `version`, unless the server no longer has that.
    fn resumable(version: String, failure: Failure) -> Self {
        let next = (!failure.is_gone()).then_some(version);
        Self::failed(next, failure)
    }
}

/// A stream counts while this lives.
struct Open<'c>(&'c Counts);

impl<'c> Open<'c> {
    fn begin(counts: &'c Counts) -> Self {
        add(&counts.followed);
        Self(counts)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.followed.fetch_sub(1, Ordering::Relaxed);
    }
}
