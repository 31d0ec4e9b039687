//! The messages of a subscription as a source: each is acknowledged when the event in it has been evaluated.

use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use lanner_gcpaudit::Shared;
use lanner_gcpaudit::config::{Config, Poison};
use lanner_gcpaudit::place::Subscription;
use lanner_intake::Confirm;
use lanner_intake::cloud::{BATCH, Core, Count, Feed};
use lanner_plugin_api::sdk::{Batch, Error, Next};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::client::Client;
use crate::error::PubSubError;
use crate::streams::{Arrival, Streams};

/// How long the host is kept waiting for the first message of a batch.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long closing waits for Google to take what is answered.
const CLOSING: Duration = Duration::from_secs(5);
/// How long a message that can never be read is kept from coming again.
const SPACING: Duration = Duration::from_secs(10);

/// The messages of a subscription.
struct Messages {
    runtime: Option<Runtime>,
    inbox: mpsc::Receiver<Arrival>,
    confirm: Confirm<Handler>,
    /// Acknowledgements under way that Google confirms.
    acks: JoinSet<()>,
    /// What can never be read, on its way back.
    returning: JoinSet<()>,
    streams: JoinSet<()>,
    stop: watch::Sender<bool>,
    name: String,
    shared: Shared,
    /// An end that came behind messages of a batch.
    ended: Option<PubSubError>,
    unconfirmed: Arc<AtomicBool>,
}

/// Opens the source.
pub(crate) fn open(subscription: Subscription, shared: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    connect(subscription.to_string(), shared).map(|feed| Box::new(feed) as Box<dyn Feed<Config>>).map_err(Error::other)
}

fn connect(name: String, shared: &Shared) -> Result<Messages, PubSubError> {
    let config = &shared.config;
    if !(10..=600).contains(&config.ack_deadline) {
        return Err(PubSubError::Deadline(config.ack_deadline));
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("gcpaudit").enable_all().build()?;
    let client = runtime.block_on(async {
        let client = Client::new(config, name.clone()).await?;
        client.check(shared).await.map(|()| client)
    })?;
    // What is held is bounded by the subscription's flow control; this queue has room for a batch of each kind.
    let (outlet, inbox) = mpsc::channel(4 * BATCH);
    let (stop, stopping) = watch::channel(false);
    let streams = Streams {
        client,
        shared: shared.clone(),
        outlet,
        stop: stopping,
        arrived: Arc::new(AtomicU64::new(0)),
        down: Arc::new(AtomicBool::new(false)),
        started: Instant::now(),
    };
    let streams = {
        let _inside = runtime.enter();
        streams.spawn()
    };
    Ok(Messages {
        runtime: Some(runtime),
        inbox,
        confirm: Confirm::default(),
        acks: JoinSet::new(),
        returning: JoinSet::new(),
        streams,
        stop,
        name,
        shared: shared.clone(),
        ended: None,
        unconfirmed: Arc::new(AtomicBool::new(false)),
    })
}

/// Where an event came from, for messages.
struct Place<'a> {
    name: &'a str,
    id: &'a str,
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "message {} of {}", self.id, self.name)
    }
}

impl Messages {
    /// Acknowledges a message; of a subscription with exactly-once delivery Google's answer is waited for, elsewhere there is none.
    fn ack(&mut self, handler: Handler) {
        let (counters, log) = (Arc::clone(&self.shared.counters), self.shared.log.clone());
        match (handler, &self.runtime) {
            (Handler::ExactlyOnce(handler), Some(runtime)) => {
                let (name, told) = (self.name.clone(), Arc::clone(&self.unconfirmed));
                let confirmed = async move {
                    match handler.confirmed_ack().await {
                        Ok(()) => counters.add(Count::Acked),
                        Err(error) => {
                            counters.add(Count::AcksFailed);
                            if !told.swap(true, Ordering::Relaxed) {
                                log.warning(format!(
                                    "{name}: a message was evaluated, but Google did not confirm its acknowledgement: {error} It may come \
                                     again; more are counted (messages_not_acked), not logged"
                                ));
                            }
                        }
                    }
                };
                self.acks.spawn_on(confirmed, runtime.handle());
            }
            (handler, _) => {
                handler.ack();
                counters.add(Count::Acked);
            }
        }
    }

    /// Hands a message over, or deals with one that can never be read.
    fn take(&mut self, message: &Message, handler: Handler, core: &Core<Config>, batch: &mut Batch<'_>) {
        self.shared.counters.add(Count::Messages);
        if handler.delivery_attempt().is_some_and(|attempt| attempt > 1) {
            self.shared.counters.add(Count::Redelivered);
        }
        let from = Place { name: &self.name, id: &message.message_id };
        if core.record(&message.data, &from, batch).is_ok() {
            self.confirm.hand(handler);
            return;
        }
        self.shared.counters.add(Count::Poison);
        match (self.shared.config.poison, &self.runtime) {
            (Poison::Leave, Some(runtime)) => {
                // Given back at once it would come back at once, and again.
                let back = async move {
                    tokio::time::sleep(SPACING).await;
                    handler.nack();
                };
                self.returning.spawn_on(back, runtime.handle());
            }
            _ => self.confirm.hand(handler),
        }
    }
}

impl Feed<Config> for Messages {
    fn next(&mut self, core: &Core<Config>, batch: &mut Batch<'_>) -> Result<Next, Error> {
        for handler in self.confirm.confirmed() {
            self.ack(handler);
        }
        while self.acks.try_join_next().is_some() || self.returning.try_join_next().is_some() {}
        if let Some(error) = self.ended.take() {
            return Err(Error::other(error));
        }
        let Some(runtime) = &self.runtime else { return Ok(Next::End) };
        let Ok(mut next) = runtime.block_on(async { timeout(PATIENCE, self.inbox.recv()).await }) else {
            return Ok(Next::Wait);
        };
        let mut taken = 0;
        loop {
            match next {
                Some(Ok((message, handler))) => self.take(&message, handler, core, batch),
                Some(Err(error)) if taken > 0 => {
                    self.ended = Some(error);
                    return Ok(Next::More);
                }
                Some(Err(error)) => return Err(Error::other(error)),
                // All streams have ended, which they do only when the source is closed or has told its error.
                None if taken > 0 => return Ok(Next::More),
                None => return Ok(Next::End),
            }
            taken += 1;
            if taken == BATCH {
                return Ok(Next::More);
            }
            next = match self.inbox.try_recv() {
                Ok(arrival) => Some(arrival),
                Err(_) => return Ok(Next::More),
            };
        }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // What the host did not confirm is given back at once, so that another reader need not wait for its deadline. But first
        // what was confirmed: a stream takes no answers behind its end.
        self.inbox.close();
        runtime.block_on(async {
            let _ = timeout(CLOSING, async { while self.acks.join_next().await.is_some() {} }).await;
            // Whatever is dropped without an answer is given back.
            self.acks.abort_all();
            self.returning.abort_all();
            for handler in self.confirm.confirmed() {
                self.shared.counters.add(Count::Returned);
                handler.nack();
            }
            while let Ok(arrival) = self.inbox.try_recv() {
                if let Ok((_, handler)) = arrival {
                    self.shared.counters.add(Count::Returned);
                    handler.nack();
                }
            }
            // Nobody listens if all streams have ended.
            let _ = self.stop.send(true);
            let _ = timeout(CLOSING, async { while self.streams.join_next().await.is_some() {} }).await;
        });
        // Waits for its threads, since the library may be unloaded next.
        runtime.shutdown_timeout(CLOSING);
    }
}
