//! Streams that pull from a subscription, each a task; what they bring goes to the host's thread through one queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use google_cloud_gax::error::Error;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use lanner_gcpaudit::Shared;
use lanner_intake::cloud::Count;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::error::PubSubError;

/// A message and the way to answer it, or why there will be no more.
pub(crate) type Arrival = Result<(Message, Handler), PubSubError>;

/// For so long after the start a refusal is taken for a mistake in the configuration, unless messages came before.
const START: Duration = Duration::from_secs(60);
/// How long a stream that broke rests at first, and at most.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How long a silence lasts until Google is asked whether it is one.
const SILENCE: Duration = Duration::from_secs(30);

/// What the streams of a subscription share.
#[derive(Clone)]
pub(crate) struct Streams {
    pub(crate) client: Client,
    pub(crate) shared: Shared,
    pub(crate) outlet: mpsc::Sender<Arrival>,
    /// Set to true when the source is being closed.
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) arrived: Arc<AtomicU64>,
    /// A refusal has been told, and nothing has come since.
    pub(crate) down: Arc<AtomicBool>,
    pub(crate) started: Instant,
}

/// How a stream ended.
enum End {
    Closing,
    Refused(Error),
}

impl Streams {
    /// Starts all streams and the watch over their silence. To be called on a thread of the runtime.
    pub(crate) fn spawn(self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for _ in 0..self.shared.config.streams() {
            let mut stream = self.clone();
            tasks.spawn(async move { stream.run().await });
        }
        let Self { client, shared, stop, arrived, .. } = self;
        tasks.spawn(watch_silence(client, shared, stop, arrived));
        tasks
    }

    /// Pulls until the source is closed. What breaks on the way the client mends itself; what Google refuses is tried again, in
    /// case it is mended there: a right that was taken away, a subscription made anew.
    async fn run(&mut self) {
        let mut rest = REST.0;
        loop {
            let before = self.arrived.load(Ordering::Relaxed);
            let End::Refused(error) = self.pull().await else { return };
            let error = PubSubError::refused(&self.client.name, &error);
            if self.arrived.load(Ordering::Relaxed) == 0 && self.started.elapsed() < START {
                // Who closes the source does not ask why.
                let _ = self.outlet.send(Err(error)).await;
                return;
            }
            if self.arrived.load(Ordering::Relaxed) != before {
                rest = REST.0;
            }
            if !self.down.swap(true, Ordering::Relaxed) {
                self.shared.log.error(format!("{error}; tried again until it works, at most {:?} apart", REST.1));
            }
            self.shared.counters.add(Count::StreamsReopened);
            tokio::select! {
                () = sleep(rest) => {}
                _ = self.stop.wait_for(|stop| *stop) => return,
            }
            rest = (rest * 2).min(REST.1);
        }
    }

    /// One stream to its end.
    async fn pull(&mut self) -> End {
        let config = &self.shared.config;
        let mut stream = self
            .client
            .subscriber
            .subscribe(&self.client.name)
            .set_max_outstanding_messages(config.messages_of_a_stream())
            .set_max_outstanding_bytes(config.bytes_of_a_stream())
            .set_max_lease_extension(Duration::from_secs(config.ack_deadline.into()))
            .build();
        let token = stream.shutdown_token();
        let refusal = loop {
            let next = tokio::select! {
                next = stream.next() => next,
                _ = self.stop.wait_for(|stop| *stop) => None,
            };
            match next {
                Some(Ok(arrival)) => {
                    self.arrived.fetch_add(1, Ordering::Relaxed);
                    if self.down.swap(false, Ordering::Relaxed) {
                        self.shared.log.info(format!("{}: messages come again", self.client.name));
                    }
                    if self.outlet.send(Ok(arrival)).await.is_err() {
                        break None;
                    }
                }
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        drop(stream);
        match refusal {
            // What was handed over keeps its lease until it has been answered.
            Some(error) => End::Refused(error),
            None => {
                token.shutdown().await;
                End::Closing
            }
        }
    }
}

/// A broken way to Google looks like a quiet subscription, since the client tries again without a word. So who hears nothing asks.
async fn watch_silence(client: Client, shared: Shared, mut stop: watch::Receiver<bool>, arrived: Arc<AtomicU64>) {
    let (mut seen, mut lost) = (0, false);
    loop {
        tokio::select! {
            () = sleep(SILENCE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let now = arrived.load(Ordering::Relaxed);
        let silent = std::mem::replace(&mut seen, now) == now;
        match if silent { client.reach().await } else { Ok(()) } {
            Ok(()) => {
                if std::mem::take(&mut lost) {
                    shared.log.info(format!("{}: Pub/Sub is reached again", client.name));
                }
            }
            Err(error) => {
                shared.counters.add(Count::Unreachable);
                if !std::mem::replace(&mut lost, true) {
                    shared.log.error(format!("{}: nothing comes: {error}; tried again until it works", client.name));
                }
            }
        }
    }
}
