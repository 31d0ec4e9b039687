//! The thread that writes a capture file, and the buffers that go to it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::file::{CaptureFile, Form, Kept, RecordError};
use super::ring::Chunk;

/// A buffer goes to the thread when it holds this much: enough that compression finds what repeats.
const BUFFER: usize = 256 * 1024;
/// Buffers on their way at most.
const QUEUE: usize = 16;
/// A buffer goes to the thread when its first event has waited so long: what a crash can cost.
const PATIENCE: Duration = Duration::from_millis(500);

/// What happens when events come faster than the disk takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The source waits: a capture stands still, and the kernel counts what it then loses.
    Wait,
    /// The source goes on, for alerts must not wait for a disk; what is missing from the file is counted.
    Skip,
}

enum Job {
    /// Whole blocks with so many events.
    Blocks(Vec<u8>, u64),
    /// What a ring has kept.
    Chunks(Vec<Chunk>),
}

#[derive(Default)]
struct Shared {
    /// Bytes on disk.
    bytes: AtomicU64,
    failed: AtomicBool,
    /// Events that were not handed on.
    missed: AtomicU64,
}

/// A file that is being written. It ends, and gets its name, when this is gone.
pub(crate) struct Recording {
    buffer: Vec<u8>,
    events: u64,
    /// When the buffer got its first block.
    since: Option<Instant>,
    to: SyncSender<Job>,
    /// Buffers that come back empty.
    back: Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    patience: Patience,
    thread: JoinHandle<Result<Kept, RecordError>>,
}

/// A file whose last blocks are on their way.
pub(crate) struct Finishing(JoinHandle<Result<Kept, RecordError>>);

impl Recording {
    /// Makes the file and the thread.
    pub(crate) fn start(path: &Path, form: Form, patience: Patience) -> Result<Self, RecordError> {
        let file = CaptureFile::create(path, form)?;
        let (to, jobs) = mpsc::sync_channel(QUEUE);
        let (give_back, back) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("recording".into())
            .spawn(move || work(file, &jobs, &give_back, &theirs))
            .map_err(|source| RecordError::Create { path: path.to_owned(), source })?;
        let buffer = Vec::with_capacity(BUFFER + BUFFER / 4);
        Ok(Self { buffer, events: 0, since: None, to, back, shared, patience, thread })
    }

    /// Where whole blocks are appended; [`Recording::wrote`] follows.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Blocks with so many events were appended.
    #[inline]
    pub(crate) fn wrote(&mut self, events: u64) {
        self.events += events;
        if self.buffer.len() >= BUFFER {
            self.flush();
        } else if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    /// Hands on what has waited long enough. To be called now and then.
    pub(crate) fn tick(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() >= PATIENCE) {
            self.flush();
        }
    }

    /// Hands on what a ring has kept, to stand before everything else.
    pub(crate) fn chunks(&mut self, chunks: Vec<Chunk>) {
        let events: u64 = chunks.iter().map(Chunk::events).sum();
        self.send(Job::Chunks(chunks), events);
    }

    fn flush(&mut self) {
        self.since = None;
        if self.buffer.is_empty() {
            return;
        }
        let next = self.back.try_recv().unwrap_or_else(|_| Vec::with_capacity(self.buffer.capacity()));
        let full = std::mem::replace(&mut self.buffer, next);
        let events = std::mem::take(&mut self.events);
        self.send(Job::Blocks(full, events), events);
    }

    fn send(&mut self, job: Job, events: u64) {
        // A thread that is gone has failed, and says why at the end.
        match self.patience {
            Patience::Wait => drop(self.to.send(job)),
            Patience::Skip => {
                if let Err(TrySendError::Full(job)) = self.to.try_send(job) {
                    self.shared.missed.fetch_add(events, Ordering::Relaxed);
                    if let Job::Blocks(mut buffer, _) = job {
                        buffer.clear();
                        self.buffer = buffer;
                    }
                }
            }
        }
    }

    /// Bytes on disk, up to the last buffer that was written.
    #[inline]
    pub(crate) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Whether writing has failed: nothing more will be kept.
    #[inline]
    pub(crate) fn failed(&self) -> bool {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Lets the thread write what is left, without waiting for it.
    pub(crate) fn end(mut self) -> Finishing {
        self.flush();
        Finishing(self.thread)
    }

    /// Writes what is left and waits until the file has its name.
    pub(crate) fn finish(self) -> Result<Kept, RecordError> {
        self.end().wait()
    }
}

impl Finishing {
    /// Whether [`Finishing::wait`] would not wait.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits until the file is written and has its name.
    pub(crate) fn wait(self) -> Result<Kept, RecordError> {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Writes until nobody sends any more, or the disk takes no more.
fn work(
    mut file: CaptureFile,
    jobs: &Receiver<Job>,
    back: &Sender<Vec<u8>>,
    shared: &Shared,
) -> Result<Kept, RecordError> {
    let mut failed = None;
    for job in jobs {
        let written = match job {
            Job::Blocks(mut blocks, events) => {
                let written = file.write(&blocks, events);
                blocks.clear();
                // Whoever waits for it may be gone.
                let _ = back.send(blocks);
                written
            }
            Job::Chunks(chunks) => write_chunks(&mut file, &chunks),
        };
        shared.bytes.store(file.bytes(), Ordering::Relaxed);
        if let Err(error) = written {
            shared.failed.store(true, Ordering::Relaxed);
            failed = Some(error);
            break;
        }
    }
    file.finish(failed, shared.missed.load(Ordering::Relaxed))
}

/// Writes what a ring has kept, in pieces of the usual size where that is possible: at the end of a block.
fn write_chunks(file: &mut CaptureFile, chunks: &[Chunk]) -> io::Result<()> {
    chunks.iter().enumerate().try_for_each(|(n, chunk)| file.write(chunk.blocks(n == 0), chunk.events()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn blocks_arrive_in_order_whatever_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.scap.gz");
        let mut recording = Recording::start(&path, Form::Gzip, Patience::Wait).unwrap();
        let mut expected = Vec::new();
        for n in 0..40_000u64 {
            let block = [n.to_le_bytes(); 4].concat();
            recording.buffer().extend_from_slice(&block);
            recording.wrote(1);
            expected.extend(block);
        }
        let kept = recording.finish().unwrap();
        assert_eq!((kept.events, kept.blocks, kept.missed), (40_000, expected.len() as u64, 0));
        let mut found = Vec::new();
        let file = std::fs::File::open(path).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut found).unwrap();
        assert!(found == expected);
    }

    #[test]
    fn a_full_disk_is_noticed_while_writing_and_told_at_the_end() {
        if !Path::new("/dev/full").exists() {
            eprintln!("skipped: no /dev/full");
            return;
        }
        let mut recording = Recording::start(Path::new("/dev/full"), Form::Plain, Patience::Wait).unwrap();
        while !recording.failed() {
            recording.buffer().resize(BUFFER, 0);
            recording.wrote(1);
        }
        assert!(recording.finish().unwrap_err().to_string().contains("No space left"));
    }
}
