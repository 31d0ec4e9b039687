//! `sqs://`: log files that a queue announces, and events that it brings itself.
//!
//! Three threads: one receives messages, one for each object reads it, one keeps messages hidden from other readers while
//! they are worked on, and deletes them once all their events have been evaluated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    QueueAttributeName, builders,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use lanner_cloudtrail::Shared;
use lanner_cloudtrail::config::{Config, Poison};
use lanner_cloudtrail::message::{self, MessageError, Request};
use lanner_intake::Reason;
use lanner_intake::cloud::{Count, Feed};
use lanner_intake::split::Piece;
use lanner_plugin_api::sdk::Error;

use crate::client::{AwsError, Client, Connection};
use crate::units::{Block, Fetcher, Outcome, Part, Unit, Units, unit};

/// Messages that one call can carry.
const CALL: usize = 10;
/// Messages that may be worked on at the same time.
const IN_FLIGHT: usize = 40;
/// Seconds that a call waits for a message.
const LONG_POLL: i32 = 20;
/// How long orders are collected before a call is made for them.
const COLLECT: Duration = Duration::from_millis(100);
/// The longest rest of a message; AWS hides none longer than twelve hours from when it was received.
const LONGEST_REST: u32 = 11 * 3600;

/// What is to be done with a message.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Delete(String),
    /// Keep it from coming again for so many seconds from now.
    Hide(String, u32),
}

/// A message that is being worked on.
struct Work {
    receipt: String,
    /// How often it has been received, this time counted.
    received: u32,
    /// Units of it that have not been settled.
    left: usize,
    worst: Outcome,
}

/// Messages by a number of ours.
#[derive(Clone, Default)]
struct Works(Arc<Mutex<HashMap<u64, Work>>>);

impl Works {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One unit of a message has been evaluated; with the last one the message is given back.
    fn settle(&self, id: u64, outcome: Outcome) -> Option<Work> {
        let mut works = self.lock();
        let work = works.get_mut(&id)?;
        work.left = work.left.saturating_sub(1);
        // An object that may be read later brings the message back, whatever became of the others.
        if outcome == Outcome::Unread || work.worst == Outcome::Whole {
            work.worst = outcome;
        }
        if work.left == 0 { works.remove(&id) } else { None }
    }
}

/// What every thread of the source has.
#[derive(Clone)]
struct Queue {
    client: Client,
    sqs: aws_sdk_sqs::Client,
    url: String,
    name: String,
    shared: Shared,
    works: Works,
    /// What can never be read stays, and nobody but us keeps it from coming again and again.
    rests: bool,
}

/// Opens the source.
pub(crate) fn open(name: &str, shared: &Shared) -> Result<Box<dyn Feed<Config>>, Error> {
    let config = &shared.config;
    if config.s3_download_concurrency == 0 {
        return Err(Error::other("s3DownloadConcurrency is 0: at least 1 download is needed"));
    }
    if !(5..=43_200).contains(&config.sqs_visibility) {
        return Err(Error::other("sqsVisibility must be between 5 and 43200 seconds"));
    }
    let connection = Connection::new(&config.aws, "").map_err(Error::other)?;
    let client = connection.client().clone();
    let sqs = client.sqs();
    let owner = Some(config.sqs_owner_account.text()).filter(|owner| !owner.is_empty());
    let find = sqs.get_queue_url().queue_name(name).set_queue_owner_aws_account_id(owner).send();
    let found = client.call(&format!("cannot find the queue {name}"), find).map_err(Error::other)?;
    let url = found.queue_url.ok_or_else(|| Error::other(format!("AWS names no address of the queue {name}")))?;
    let fetcher = Fetcher { client: client.clone(), s3: client.s3(), shared: shared.clone() };
    let (orders, to_delete) = unbounded();
    let (units, queue) = bounded(config.s3_download_concurrency as usize);
    let works = Works::default();
    let rests = config.sqs_poison == Poison::Leave && !moves_on(&client, &sqs, &url, name, shared)?;
    let all = Queue { client, sqs, url, name: name.to_owned(), shared: shared.clone(), works: works.clone(), rests };
    let poisoned = all.clone();
    let receiver =
        Receiving { queue: all.clone(), fetcher, units, orders: orders.clone(), workers: Vec::new(), next: 0 };
    let keeper = all.clone();
    let threads = vec![
        thread::Builder::new().name("cloudtrail-sqs".to_owned()).spawn(move || receiver.run())?,
        thread::Builder::new().name("cloudtrail-keep".to_owned()).spawn(move || keeper.keep(&to_delete))?,
    ];
    let shared = shared.clone();
    let settle = move |id, outcome| {
        let Some(work) = works.settle(id, outcome) else { return Ok(()) };
        let order = match work.worst {
            Outcome::Whole => shared.config.sqs_delete.then_some(Order::Delete(work.receipt)),
            Outcome::Lost => poisoned.poison(work.receipt, work.received),
            Outcome::Unread => {
                shared.counters.add(Count::Returned);
                None
            }
        };
        if let Some(order) = order {
            // The keeper ends only after this.
            let _ = orders.send(order);
        }
        Ok(())
    };
    Ok(Box::new(Units::new(queue, Box::new(settle), threads, connection)))
}

/// Whether the queue itself moves what has been received too often to another one. Who may not ask takes it that it does.
fn moves_on(client: &Client, sqs: &aws_sdk_sqs::Client, url: &str, name: &str, shared: &Shared) -> Result<bool, Error> {
    let ask = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::RedrivePolicy).send();
    match client.call(&format!("cannot look at the queue {name}"), ask) {
        Ok(answer) => {
            let attributes = answer.attributes.unwrap_or_default();
            let moves = attributes.contains_key(&QueueAttributeName::RedrivePolicy);
            if !moves {
                shared.log.warning(format!(
                    "the queue {name} has no dead-letter queue (RedrivePolicy): a message that can never be read comes again, ever more \
                     seldom, until the queue forgets it; give it one, or set sqsPoison: delete"
                ));
            }
            Ok(moves)
        }
        Err(AwsError::Stopped) => Err(Error::other(AwsError::Stopped)),
        Err(error) => {
            shared.log.info(format!(
                "{error}; it is taken that it has a dead-letter queue for what can never be read (the right to look is \
                 sqs:GetQueueAttributes)"
            ));
            Ok(true)
        }
    }
}

/// Seconds for which a message that can never be read is hidden: twice as long with each time that it comes.
fn rest(visibility: u32, received: u32) -> u32 {
    visibility.saturating_mul(1 << received.min(16)).min(LONGEST_REST)
}

/// The thread that receives.
struct Receiving {
    queue: Queue,
    fetcher: Fetcher,
    units: Sender<Unit<u64>>,
    orders: Sender<Order>,
    workers: Vec<thread::JoinHandle<()>>,
    next: u64,
}

impl Receiving {
    fn run(mut self) -> Result<(), AwsError> {
        let outcome = self.receive();
        for worker in self.workers {
            // A worker that panicked has told so; its unit counts as unread.
            let _ = worker.join();
        }
        match outcome {
            Err(AwsError::Stopped) => Ok(()),
            other => other,
        }
    }

    /// Ends only when the source is closed: whatever AWS answers, it is asked again.
    fn receive(&mut self) -> Result<(), AwsError> {
        let mut pause = Duration::from_secs(1);
        let mut told = String::new();
        loop {
            while self.queue.works.lock().len() >= IN_FLIGHT {
                self.queue.client.sleep(Duration::from_millis(50))?;
            }
            let Queue { client, sqs, url, shared, name, .. } = &self.queue;
            let call = sqs.receive_message().queue_url(url).max_number_of_messages(CALL as i32);
            let hidden = i32::try_from(shared.config.sqs_visibility).unwrap_or(i32::MAX);
            let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
            let call = call.wait_time_seconds(LONG_POLL).visibility_timeout(hidden).send();
            match client.call(&format!("cannot receive from the queue {name}"), call) {
                Ok(answer) => {
                    pause = Duration::from_secs(1);
                    for message in answer.messages.unwrap_or_default() {
                        self.message(message)?;
                    }
                }
                Err(AwsError::Stopped) => return Err(AwsError::Stopped),
                Err(error) => {
                    shared.counters.add(Count::CallsFailed);
                    let text = error.to_string();
                    if text != told {
                        shared.log.error(format!("{text}; it is tried again"));
                        told = text;
                    }
                    client.sleep(pause)?;
                    pause = (pause * 2).min(Duration::from_secs(60));
                }
            }
        }
    }

    fn message(&mut self, message: Message) -> Result<(), AwsError> {
        let (Some(body), Some(receipt)) = (message.body, message.receipt_handle) else { return Ok(()) };
        let from = format!("message {} of the queue {}", message.message_id.unwrap_or_default(), self.queue.name);
        let received =
            message.attributes.unwrap_or_default().remove(&MessageSystemAttributeName::ApproximateReceiveCount);
        let received = received.and_then(|count| count.parse().ok()).unwrap_or(1);
        let shared = &self.queue.shared;
        shared.counters.add(Count::Messages);
        if received > 1 {
            shared.counters.add(Count::Redelivered);
        }
        let request = match message::read(&body) {
            Ok(request) => request,
            Err(error) => {
                let reason = match error {
                    MessageError::NotJson => Reason::NotJson,
                    MessageError::Foreign => Reason::Foreign,
                };
                shared.rejects.reject(reason, &from, body.as_bytes());
                if let Some(order) = self.queue.poison(receipt, received) {
                    self.order(order);
                }
                return Ok(());
            }
        };
        let id = self.next;
        self.next += 1;
        let work = |left| Work { receipt: receipt.clone(), received, left, worst: Outcome::Whole };
        match request {
            Request::Test => self.order(Order::Delete(receipt)),
            Request::Objects(objects) if objects.is_empty() => self.order(Order::Delete(receipt)),
            Request::Objects(objects) => {
                self.queue.works.lock().insert(id, work(objects.len()));
                for object in objects {
                    let (unit, parts) = unit(id, object.to_string());
                    self.units.send(unit).map_err(|_| AwsError::Stopped)?;
                    let fetcher = self.fetcher.clone();
                    self.workers.retain(|worker| !worker.is_finished());
                    let worker = thread::Builder::new().name("cloudtrail-get".to_owned());
                    self.workers.push(worker.spawn(move || fetcher.fetch(&object, &parts))?);
                }
            }
            Request::Record(record) => {
                self.queue.works.lock().insert(id, work(1));
                let (unit, parts) = unit(id, from);
                let mut block = Block::default();
                block.push(Piece::Item(&record));
                // There is room for two parts, and a host that has gone away acknowledges nothing.
                let _ = parts.send(Part::Records(block)).and_then(|()| parts.send(Part::End(Outcome::Whole)));
                self.units.send(unit).map_err(|_| AwsError::Stopped)?;
            }
        }
        Ok(())
    }

    fn order(&self, order: Order) {
        // The keeper ends only after this thread.
        let _ = self.orders.send(order);
    }
}

impl Queue {
    /// What becomes of a message that can never be read; `None`: nothing, the queue sees to it.
    fn poison(&self, receipt: String, received: u32) -> Option<Order> {
        self.shared.counters.add(Count::Poison);
        match self.shared.config.sqs_poison {
            Poison::Delete => Some(Order::Delete(receipt)),
            Poison::Leave => {
                self.rests.then(|| Order::Hide(receipt, rest(self.shared.config.sqs_visibility, received)))
            }
        }
    }

    /// Does what is ordered and extends the time of what is worked on, until nobody can order any more.
    fn keep(&self, orders: &Receiver<Order>) -> Result<(), AwsError> {
        let visibility = self.shared.config.sqs_visibility;
        let every = Duration::from_secs(visibility.into()) / 3;
        let mut extended = Instant::now();
        loop {
            let (first, closed) = match orders.recv_timeout(COLLECT) {
                Ok(order) => (Some(order), false),
                Err(RecvTimeoutError::Timeout) => (None, false),
                Err(RecvTimeoutError::Disconnected) => (None, true),
            };
            let (mut gone, mut hidden) = (Vec::new(), Vec::new());
            for order in first.into_iter().chain(orders.try_iter()).take(CALL) {
                match order {
                    Order::Delete(receipt) => gone.push(receipt),
                    Order::Hide(receipt, seconds) => hidden.push((receipt, seconds)),
                }
            }
            self.delete(&gone)?;
            self.hide(&hidden)?;
            if closed {
                return Ok(());
            }
            if extended.elapsed() >= every {
                extended = Instant::now();
                let held: Vec<_> = self.works.lock().values().map(|work| (work.receipt.clone(), visibility)).collect();
                held.chunks(CALL).try_for_each(|held| self.hide(held))?;
            }
        }
    }

    /// A message that cannot be deleted comes again: its events are repeated, not lost.
    fn delete(&self, receipts: &[String]) -> Result<(), AwsError> {
        if receipts.is_empty() {
            return Ok(());
        }
        let entries = receipts.iter().zip(0..).filter_map(|(receipt, id)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(id.to_string()).receipt_handle(receipt);
            entry.build().ok()
        });
        let call = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries.collect())).send();
        match self.client.call(&format!("cannot delete messages of the queue {}", self.name), call) {
            Ok(answer) => {
                answer.successful.iter().for_each(|_| self.shared.counters.add(Count::Deleted));
                let failed = answer.failed.first().map(|failed| failed.message.clone().unwrap_or_default());
                failed.map_or(Ok(()), |text| self.failed(&format!("message not deleted: {text}")))
            }
            Err(AwsError::Stopped) => Err(AwsError::Stopped),
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn hide(&self, messages: &[(String, u32)]) -> Result<(), AwsError> {
        if messages.is_empty() {
            return Ok(());
        }
        let entry =
            |id: usize, (receipt, seconds): &(String, u32)| -> Option<ChangeMessageVisibilityBatchRequestEntry> {
                let entry: builders::ChangeMessageVisibilityBatchRequestEntryBuilder =
                    ChangeMessageVisibilityBatchRequestEntry::builder();
                let seconds = i32::try_from(*seconds).unwrap_or(i32::MAX);
                entry.id(id.to_string()).receipt_handle(receipt).visibility_timeout(seconds).build().ok()
            };
        let entries = messages.iter().enumerate().filter_map(|(id, message)| entry(id, message)).collect();
        let call = self.sqs.change_message_visibility_batch().queue_url(&self.url).set_entries(Some(entries)).send();
        match self.client.call(&format!("cannot hide messages of the queue {}", self.name), call) {
            Ok(_) => Ok(()),
            Err(AwsError::Stopped) => Err(AwsError::Stopped),
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn failed(&self, text: &str) -> Result<(), AwsError> {
        self.shared.counters.add(Count::CallsFailed);
        self.shared.log.warning(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_given_back_with_its_last_unit_and_its_worst_outcome() {
        let works = Works::default();
        let work = |left| Work { receipt: "r".to_owned(), received: 1, left, worst: Outcome::Whole };
        works.lock().insert(1, work(3));
        works.lock().insert(2, work(2));
        assert!(works.settle(1, Outcome::Unread).is_none());
        assert!(works.settle(1, Outcome::Lost).is_none());
        assert_eq!(works.settle(1, Outcome::Whole).map(|work| work.worst), Some(Outcome::Unread));
        assert!(works.settle(2, Outcome::Lost).is_none());
        assert_eq!(works.settle(2, Outcome::Whole).map(|work| work.worst), Some(Outcome::Lost));
        assert!(works.settle(2, Outcome::Whole).is_none() && works.lock().is_empty());
    }

    #[test]
    fn what_can_never_be_read_comes_ever_more_seldom() {
        let rests: Vec<u32> = (1..4).map(|received| rest(120, received)).collect();
        assert_eq!(rests, [240, 480, 960]);
        assert_eq!((rest(120, 40), rest(43_200, 1)), (LONGEST_REST, LONGEST_REST));
    }
}
