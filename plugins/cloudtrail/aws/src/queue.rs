//! `sqs://`: log files that a queue announces, and events that it brings itself.
//!
//! Three threads: one receives messages, one for each object reads it, one keeps messages hidden from other readers while
//! they are worked on, and deletes them once all their events have been evaluated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, builders};
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

/// A message that is being worked on.
struct Work {
    receipt: String,
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
    let all = Queue { client, sqs, url, name: name.to_owned(), shared: shared.clone(), works: works.clone() };
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
        let delete = match work.worst {
            Outcome::Whole => shared.config.sqs_delete,
            Outcome::Lost => {
                shared.counters.add(Count::Poison);
                shared.config.sqs_poison == Poison::Delete
            }
            Outcome::Unread => {
                shared.counters.add(Count::Returned);
                false
            }
        };
        if delete {
            // The keeper ends only after this.
            let _ = orders.send(work.receipt);
        }
        Ok(())
    };
    Ok(Box::new(Units::new(queue, Box::new(settle), threads, connection)))
}

/// The thread that receives.
struct Receiving {
    queue: Queue,
    fetcher: Fetcher,
    units: Sender<Unit<u64>>,
    orders: Sender<String>,
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
        let shared = &self.queue.shared;
        shared.counters.add(Count::Messages);
        let request = match message::read(&body) {
            Ok(request) => request,
            Err(error) => {
                let reason = match error {
                    MessageError::NotJson => Reason::NotJson,
                    MessageError::Foreign => Reason::Foreign,
                };
                shared.counters.add(Count::Poison);
                shared.rejects.reject(reason, &from, body.as_bytes());
                if shared.config.sqs_poison == Poison::Delete {
                    self.delete(receipt);
                }
                return Ok(());
            }
        };
        let id = self.next;
        self.next += 1;
        let work = |left| Work { receipt: receipt.clone(), left, worst: Outcome::Whole };
        match request {
            Request::Test => self.delete(receipt),
            Request::Objects(objects) if objects.is_empty() => self.delete(receipt),
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

    fn delete(&self, receipt: String) {
        // The keeper ends only after this thread.
        let _ = self.orders.send(receipt);
    }
}

impl Queue {
    /// Deletes what is ordered and extends the time of what is worked on, until nobody can order any more.
    fn keep(&self, orders: &Receiver<String>) -> Result<(), AwsError> {
        let hidden = Duration::from_secs(self.shared.config.sqs_visibility.into());
        let mut extended = Instant::now();
        loop {
            let mut receipts = Vec::new();
            let closed = match orders.recv_timeout(COLLECT) {
                Ok(receipt) => {
                    receipts.push(receipt);
                    receipts.extend(orders.try_iter().take(CALL - 1));
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if !receipts.is_empty() {
                self.delete(&receipts)?;
            }
            if closed {
                return Ok(());
            }
            if extended.elapsed() >= hidden / 3 {
                extended = Instant::now();
                let receipts: Vec<String> = self.works.lock().values().map(|work| work.receipt.clone()).collect();
                for receipts in receipts.chunks(CALL) {
                    self.extend(receipts)?;
                }
            }
        }
    }

    /// A message that cannot be deleted comes again: its events are repeated, not lost.
    fn delete(&self, receipts: &[String]) -> Result<(), AwsError> {
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

    fn extend(&self, receipts: &[String]) -> Result<(), AwsError> {
        let hidden = i32::try_from(self.shared.config.sqs_visibility).unwrap_or(i32::MAX);
        let entry = |id: usize, receipt: &String| -> Option<ChangeMessageVisibilityBatchRequestEntry> {
            let entry: builders::ChangeMessageVisibilityBatchRequestEntryBuilder =
                ChangeMessageVisibilityBatchRequestEntry::builder();
            entry.id(id.to_string()).receipt_handle(receipt).visibility_timeout(hidden).build().ok()
        };
        let entries = receipts.iter().enumerate().filter_map(|(id, receipt)| entry(id, receipt)).collect();
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
        let work = |left| Work { receipt: "r".to_owned(), left, worst: Outcome::Whole };
        works.lock().insert(1, work(3));
        works.lock().insert(2, work(2));
        assert!(works.settle(1, Outcome::Unread).is_none());
        assert!(works.settle(1, Outcome::Lost).is_none());
        assert_eq!(works.settle(1, Outcome::Whole).map(|work| work.worst), Some(Outcome::Unread));
        assert!(works.settle(2, Outcome::Lost).is_none());
        assert_eq!(works.settle(2, Outcome::Whole).map(|work| work.worst), Some(Outcome::Lost));
        assert!(works.settle(2, Outcome::Whole).is_none() && works.lock().is_empty());
    }
}
