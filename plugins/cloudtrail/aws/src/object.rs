//! An object of a bucket as a stream of bytes that survives broken connections.

use std::io::{self, Read};
use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use lanner_cloudtrail::message::Object;
use tokio::sync::mpsc;

use crate::client::{AwsError, Client, causes};

/// Chunks of a download that wait to be read; the network delivers some tens of kilobytes in one.
const AHEAD: usize = 8;
/// How often a download is taken up again where it broke off.
const ATTEMPTS: u32 = 5;

/// Why an object cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is not there (any more): no later attempt will help.
    #[error("the object is gone: {0}")]
    Gone(String),
    /// Anything else, such as missing rights: a later attempt may succeed.
    #[error("{0}")]
    Failed(String),
}

enum Chunk {
    /// What the first answer says of the object.
    Version(Option<String>),
    Bytes(Vec<u8>),
    End,
    Broken(ReadError),
}

/// Reads one object from its start to its end.
pub(crate) struct Download {
    client: Client,
    s3: aws_sdk_s3::Client,
    object: Object,
    /// Where the next byte stands.
    offset: u64,
    version: Option<String>,
    attempts: u32,
    chunks: Option<mpsc::Receiver<Chunk>>,
    chunk: Vec<u8>,
    /// Bytes of `chunk` that have been read.
    used: usize,
    ended: bool,
}

impl Download {
    pub(crate) fn new(client: &Client, s3: &aws_sdk_s3::Client, object: &Object) -> Self {
        Self {
            client: client.clone(),
            s3: s3.clone(),
            object: object.clone(),
            offset: 0,
            version: None,
            attempts: 0,
            chunks: None,
            chunk: Vec::new(),
            used: 0,
            ended: false,
        }
    }

    /// Asks for the object from `offset` on.
    fn start(&self) -> mpsc::Receiver<Chunk> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let mut request = self.s3.get_object().bucket(&self.object.bucket).key(&self.object.key);
        if self.offset > 0 {
            request = request.range(format!("bytes={}-", self.offset)).set_if_match(self.version.clone());
        }
        self.client.spawn(async move {
            let mut answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    let gone = matches!(error.code(), Some("NoSuchKey" | "NoSuchBucket" | "PreconditionFailed"));
                    let text = causes(&error);
                    let error = if gone { ReadError::Gone(text) } else { ReadError::Failed(text) };
                    // A reader that is gone needs no answer; likewise below.
                    let _ = sender.send(Chunk::Broken(error)).await;
                    return;
                }
            };
            let mut next = Chunk::Version(answer.e_tag.take());
            loop {
                let last = matches!(next, Chunk::End | Chunk::Broken(_));
                if sender.send(next).await.is_err() || last {
                    return;
                }
                next = match answer.body.next().await {
                    None => Chunk::End,
                    Some(Ok(bytes)) => Chunk::Bytes(bytes.to_vec()),
                    Some(Err(error)) => Chunk::Broken(ReadError::Failed(error.to_string())),
                };
            }
        });
        receiver
    }

    fn broken(&mut self, error: ReadError) -> io::Result<()> {
        self.chunks = None;
        self.attempts += 1;
        if matches!(error, ReadError::Gone(_)) || self.offset == 0 || self.attempts >= ATTEMPTS {
            // Before the first byte the SDK has made its own attempts.
            return Err(io::Error::other(error));
        }
        let pause = Duration::from_millis(200 << self.attempts);
        self.client.sleep(pause).map_err(io::Error::other)
    }
}

impl Read for Download {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(rest) = self.chunk.get(self.used..).filter(|rest| !rest.is_empty()) {
                let n = rest.len().min(out.len());
                out[..n].copy_from_slice(&rest[..n]);
                self.used += n;
                return Ok(n);
            }
            if self.ended {
                return Ok(0);
            }
            let chunks = match &mut self.chunks {
                Some(chunks) => chunks,
                None => {
                    let chunks = self.start();
                    self.chunks.insert(chunks)
                }
            };
            match chunks.blocking_recv() {
                Some(Chunk::Version(version)) => self.version = version,
                Some(Chunk::Bytes(bytes)) => {
                    self.offset += bytes.len() as u64;
                    (self.chunk, self.used) = (bytes, 0);
                }
                Some(Chunk::End) => self.ended = true,
                Some(Chunk::Broken(error)) => self.broken(error)?,
                None => return Err(io::Error::other(AwsError::Stopped)),
            }
        }
    }
}
