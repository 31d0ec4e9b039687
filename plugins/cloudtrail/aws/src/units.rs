//! Records that threads fetch, on their way to the host in the order in which they were asked for.
//!
//! A unit is what is acknowledged as a whole: an object, an event of EventBridge, a look at the event history. Its producer
//! gives it a place in the queue at once and fills it on a thread of its own; the host's thread takes units in order.

use std::io::Read as _;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use lanner_cloudtrail::Shared;
use lanner_cloudtrail::config::Config;
use lanner_cloudtrail::message::Object;
use lanner_intake::cloud::{BATCH, CHUNK, Core, Count, Feed, MAX_RECORD};
use lanner_intake::split::{Piece, Splitter};
use lanner_intake::{Confirm, Reason, expand};
use lanner_plugin_api::sdk::{Batch, Error, Next};

use crate::client::{AwsError, Client, Connection};
use crate::object::{Download, ReadError};

/// How long the host is kept waiting for the first event of a batch.
const PATIENCE: Duration = Duration::from_millis(50);
/// Blocks of a unit that wait to be taken.
const BLOCKS: usize = 4;

/// How a unit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it has been handed over.
    Whole,
    /// It is damaged or gone; no later attempt will help.
    Lost,
    /// It could not be read this time.
    Unread,
}

enum Form {
    Item,
    TooLong(u64),
    Cut,
}

/// Some records of a unit.
#[derive(Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    /// Each with its end in `bytes`.
    records: Vec<(Form, usize)>,
}

impl Block {
    pub(crate) fn push(&mut self, piece: Piece<'_>) {
        let (form, bytes) = match piece {
            Piece::Item(bytes) => (Form::Item, bytes),
            Piece::TooLong { head, len } => (Form::TooLong(len), head),
            Piece::Cut(bytes) => (Form::Cut, bytes),
        };
        self.bytes.extend_from_slice(bytes);
        self.records.push((form, self.bytes.len()));
    }

    fn hand_over(&self, core: &Core<Config>, from: &str, batch: &mut Batch<'_>) {
        let mut start = 0;
        for (form, end) in &self.records {
            let bytes = self.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            let piece = match form {
                Form::Item => Piece::Item(bytes),
                Form::TooLong(len) => Piece::TooLong { head: bytes, len: *len },
                Form::Cut => Piece::Cut(bytes),
            };
            core.piece(piece, &from, batch);
        }
    }
}

pub(crate) enum Part {
    Records(Block),
    End(Outcome),
}

/// A place in the queue.
pub(crate) struct Unit<T> {
    /// What is acknowledged.
    pub token: T,
    /// Where the records are from, for messages.
    pub name: String,
    parts: Receiver<Part>,
}

/// A unit, and where its parts go.
pub(crate) fn unit<T>(token: T, name: String) -> (Unit<T>, Sender<Part>) {
    let (sender, parts) = bounded(BLOCKS);
    (Unit { token, name, parts }, sender)
}

/// What producers need to fetch objects.
#[derive(Clone)]
pub(crate) struct Fetcher {
    pub client: Client,
    pub s3: aws_sdk_s3::Client,
    pub shared: Shared,
}

impl Fetcher {
    /// Reads an object to its end and sends its records. Whoever closes the other end stops it.
    pub(crate) fn fetch(&self, object: &Object, parts: &Sender<Part>) {
        let outcome = match self.read(object, parts) {
            Ok(()) => {
                self.shared.counters.add(Count::Files);
                Outcome::Whole
            }
            Err(error) => {
                let inner = error.get_ref();
                if inner.is_some_and(|inner| inner.is::<AwsError>()) {
                    return;
                }
                let gone = inner.and_then(|inner| inner.downcast_ref::<ReadError>());
                let reason = expand::reason(&error);
                self.shared.counters.add(Count::FilesFailed);
                self.shared.log.error(format!("cannot read {object}: {error}"));
                self.shared.rejects.reject(reason, object, object.to_string().as_bytes());
                if matches!(gone, Some(ReadError::Gone(_))) || reason != Reason::Unreadable {
                    Outcome::Lost
                } else {
                    Outcome::Unread
                }
            }
        };
        // A host that has gone away acknowledges nothing.
        let _ = parts.send(Part::End(outcome));
    }

    fn read(&self, object: &Object, parts: &Sender<Part>) -> std::io::Result<()> {
        let download = Download::new(&self.client, &self.s3, object);
        let mut reader = expand::Reader::open(download, self.shared.config.max_expanded_size)?;
        let mut splitter = Splitter::new("Records", MAX_RECORD);
        let mut chunk = vec![0; CHUNK];
        loop {
            let mut block = Block::default();
            let read = reader.read(&mut chunk);
            match &read {
                Ok(0) | Err(_) => splitter.finish(&mut |piece| block.push(piece)),
                Ok(n) => splitter.feed(chunk.get(..*n).unwrap_or_default(), &mut |piece| block.push(piece)),
            }
            if !block.records.is_empty() && parts.send(Part::Records(block)).is_err() {
                return Err(std::io::Error::other(AwsError::Stopped));
            }
            if read? == 0 {
                return Ok(());
            }
        }
    }
}

/// What happens with a unit once its events have been evaluated.
pub(crate) type Settle<T> = Box<dyn FnMut(T, Outcome) -> Result<(), Error>>;

/// The host's end of the queue.
pub(crate) struct Units<T> {
    queue: Option<Receiver<Unit<T>>>,
    current: Option<Unit<T>>,
    confirm: Confirm<(T, Outcome)>,
    settle: Option<Settle<T>>,
    threads: Vec<JoinHandle<Result<(), AwsError>>>,
    connection: Connection,
}

impl<T> Units<T> {
    /// `threads` produce what comes out of `queue`; the first error among theirs is the source's, once the queue is empty.
    pub(crate) fn new(
        queue: Receiver<Unit<T>>,
        settle: Settle<T>,
        threads: Vec<JoinHandle<Result<(), AwsError>>>,
        connection: Connection,
    ) -> Self {
        Self {
            queue: Some(queue),
            current: None,
            confirm: Confirm::default(),
            settle: Some(settle),
            threads,
            connection,
        }
    }

    /// All has been produced, evaluated and acknowledged.
    fn ended(&mut self) -> Result<Next, Error> {
        // What acknowledges on a thread ends with its last order.
        self.settle = None;
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(outcome) => outcome.map_err(Error::other)?,
                Err(_) => return Err(Error::other("a thread of the source panicked")),
            }
        }
        Ok(Next::End)
    }
}

impl<T> Feed<Config> for Units<T> {
    fn next(&mut self, core: &Core<Config>, batch: &mut Batch<'_>) -> Result<Next, Error> {
        for (token, outcome) in self.confirm.confirmed() {
            if let Some(settle) = &mut self.settle {
                settle(token, outcome)?;
            }
        }
        let mut handed = false;
        while batch.len() < BATCH {
            let patience = if batch.is_empty() && !handed { PATIENCE } else { Duration::ZERO };
            let Some(unit) = &self.current else {
                match self.queue.as_ref().map(|queue| queue.recv_timeout(patience)) {
                    Some(Ok(unit)) => self.current = Some(unit),
                    Some(Err(RecvTimeoutError::Timeout)) => {
                        return Ok(if batch.is_empty() && !handed { Next::Wait } else { Next::More });
                    }
                    _ if batch.is_empty() && !handed => return self.ended(),
                    _ => return Ok(Next::More),
                }
                continue;
            };
            match unit.parts.recv_timeout(patience) {
                Ok(Part::Records(block)) => block.hand_over(core, &unit.name, batch),
                Err(RecvTimeoutError::Timeout) => {
                    return Ok(if batch.is_empty() && !handed { Next::Wait } else { Next::More });
                }
                end => {
                    // Without an end its thread broke down; that is no acknowledgement.
                    let outcome = if let Ok(Part::End(outcome)) = end { outcome } else { Outcome::Unread };
                    if let Some(unit) = self.current.take() {
                        self.confirm.hand((unit.token, outcome));
                        handed = true;
                    }
                }
            }
        }
        Ok(Next::More)
    }
}

impl<T> Drop for Units<T> {
    fn drop(&mut self) {
        // Producers notice that nobody takes what they send; then whoever waits for AWS is woken.
        (self.queue, self.current, self.settle) = (None, None, None);
        self.connection.stop();
        for thread in self.threads.drain(..) {
            // A panic was told where it happened; there is nobody left to be told more.
            let _ = thread.join();
        }
    }
}
