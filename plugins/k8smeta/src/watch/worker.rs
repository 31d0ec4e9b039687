//! The thread that follows the API server.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kube::Client;
use lanner_k8s::{EVENT, Kind};
use lanner_plugin_api::sdk::{AsyncError, AsyncEvent, AsyncHandle, Log, Metrics};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::access::Way;
use super::counts::{Counts, add};
use super::follow::{Feed, Follow};
use super::journal::Journal;
use super::lookup::{Found, Lookups};
use super::model::{Model, Need};
use super::objects::{Pod, Service};
use crate::config::{Config, Verbosity};

/// Pods of a node that are kept at most; kubelets are made for some hundreds.
const PODS: usize = 4096;
/// Services of the cluster that are kept at most.
const SERVICES: usize = 1 << 15;
/// What waits between the tasks of the thread.
const QUEUE: usize = 64;
/// How long changes are collected, so that many of them cost little more than one.
const COLLECT: Duration = Duration::from_millis(50);
/// After that many documents comes a pause: the host's queue for events is not endless.
const BATCH: usize = 256;
/// How often it is looked whether something is to be read or sent again.
const TICK: Duration = Duration::from_secs(1);

/// What the tasks of the thread tell the one that has the model.
#[derive(Debug)]
pub(super) enum Input {
    Pods(Feed<Pod>),
    Services(Feed<Service>),
    Found(Need, Found),
}

/// The thread. It ends when this is dropped.
pub struct Watcher {
    counts: Arc<Counts>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts the thread, if there is a way to the API server; else says once that there is none.
    ///
    /// # Errors
    /// The system gives no thread, or nothing to wait with.
    pub fn start(config: &Config, events: AsyncHandle, log: Log) -> io::Result<Option<Self>> {
        if !config.collector_hostname.is_empty() && config.verbosity <= Verbosity::Info {
            log.info("no collector is needed, pods are read from the API server: collectorHostname, collectorPort and caPEMBundle have no effect");
        }
        let Some(way) = Way::find(&config.kubeconfig, |name| std::env::var_os(name).map(PathBuf::from)) else {
            if config.verbosity <= Verbosity::Warn {
                log.warning(
                    "no pods are read from an API server: there is no service account (as in a pod) and no kubeconfig; fields \
                     have the values that a capture holds. Name a file in kubeconfig of init_config, or leave this plugin out",
                );
            }
            return Ok(None);
        };
        let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let node = match config.node(|name| std::env::var(name).ok(), host) {
            Ok(node) => node,
            Err(variable) => {
                log.error(format!(
                    "no pods are read from the API server: the name of the node is not known, {variable} is not set in the \
                     environment; set it from spec.nodeName, or nodeName in init_config"
                ));
                return Ok(None);
            }
        };
        let counts = Arc::<Counts>::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = {
            let (counts, level) = (Arc::clone(&counts), config.verbosity);
            let refresh = Duration::from_secs(config.refresh_seconds.max(1));
            std::thread::Builder::new().name("k8smeta".to_owned()).spawn(move || {
                let journal = Rc::new(Journal::new(log, level));
                let work = Work { way, node, refresh, events, counts, journal };
                LocalSet::new().block_on(&runtime, async {
                    spawn_local(work.run());
                    // An error means that the plugin let go of its end without a word: that is an order to stop too.
                    let _ = stopped.await;
                });
                // A name that is being resolved is nothing to wait for.
                runtime.shutdown_background();
            })?
        };
        Ok(Some(Self { counts, stop: Some(stop), thread: Some(thread) }))
    }

    /// Writes out what was counted.
    pub fn metrics(&self, out: &mut Metrics<'_>) {
        self.counts.write(out);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Nobody listens only if the thread has ended.
        let _ = self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported where it happened.
            let _ = thread.join();
        }
    }
}

struct Work {
    way: Way,
    node: String,
    refresh: Duration,
    events: AsyncHandle,
    counts: Arc<Counts>,
    journal: Rc<Journal>,
}

impl Work {
    async fn run(self) {
        let client = self.connect().await;
        let (to, told) = channel(QUEUE);
        spawn_local(
            Follow {
                client: client.clone(),
                kind: Kind::Pod,
                fields: Some(format!("spec.nodeName={}", self.node)),
                limit: PODS,
                counts: Arc::clone(&self.counts),
                journal: Rc::clone(&self.journal),
                to: to.clone(),
                wrap: Input::Pods,
            }
            .run(),
        );
        spawn_local(
            Follow {
                client: client.clone(),
                kind: Kind::Service,
                fields: None,
                limit: SERVICES,
                counts: Arc::clone(&self.counts),
                journal: Rc::clone(&self.journal),
                to: to.clone(),
                wrap: Input::Services,
            }
            .run(),
        );
        let lookups = Lookups::new(client, Arc::clone(&self.counts), Rc::clone(&self.journal), to);
        self.tell(told, Rc::new(lookups)).await;
    }

    /// The client. What leads to the server may come later than we do, or be mended: it is looked at again.
    async fn connect(&self) -> Client {
        const WHAT: &str = "finding the API server";
        // Fails only if somebody else has chosen before us.
        let _ = rustls::crypto::ring::default_provider().install_default();
        loop {
            let client = match self.way.config().await {
                Ok(config) => Client::try_from(config).map_err(|error| error.into()),
                Err(error) => Err(super::journal::Failure::access(&error)),
            };
            match client {
                Ok(client) => {
                    self.journal.debug(|| format!("pods of the node {}", self.node));
                    return client;
                }
                Err(failure) => {
                    add(&self.counts.failures);
                    self.journal.failed(WHAT, &failure);
                    sleep(Duration::from_secs(30)).await;
                }
            }
        }
    }

    /// Keeps the model and sends what follows from it.
    async fn tell(&self, mut told: Receiver<Input>, lookups: Rc<Lookups>) {
        let mut model = Model::default();
        loop {
            let mut next = timeout(TICK, told.recv()).await.ok().flatten();
            if next.is_some() {
                sleep(COLLECT).await;
            }
            while let Some(input) = next {
                match input {
                    Input::Pods(feed) => model.pods(feed),
                    Input::Services(feed) => model.services(feed),
                    Input::Found(need, found) => model.found(&need, found, Instant::now(), self.refresh),
                }
                next = told.try_recv().ok();
            }
            let (pods, services) = model.size();
            self.counts.pods.store(pods as u64, Ordering::Relaxed);
            self.counts.services.store(services as u64, Ordering::Relaxed);
            for (n, word) in model.words().into_iter().enumerate() {
                match self.events.send(&AsyncEvent { ts: None, tid: None, name: EVENT, data: &word.json() }) {
                    Ok(()) => {}
                    Err(AsyncError::Stopped) => return,
                    Err(_) => {
                        add(&self.counts.unsent);
                        model.unsent(&word);
                    }
                }
                if n % BATCH == BATCH - 1 {
                    sleep(COLLECT).await;
                }
            }
            for (need, again) in model.wanted(Instant::now()) {
                spawn_local(Rc::clone(&lookups).run(need, again));
            }
        }
    }
}
