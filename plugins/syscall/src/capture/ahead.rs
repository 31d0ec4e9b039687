//! Decompression on a thread of its own: what the reader of a large file asks for is there already.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Size of a chunk: a refill of the stream's buffer.
const CHUNK: usize = 256 * 1024;

/// Chunks on their way at most. Two would do if both sides were even; what is between two bursts of alerts is not.
const CHUNKS: usize = 4;

struct Chunk {
    bytes: Vec<u8>,
    len: usize,
}

/// Reads what a thread has read before.
pub(super) struct Ahead {
    chunk: Chunk,
    at: usize,
    /// Chunks that were read; none once the thread has ended.
    full: Option<Receiver<io::Result<Chunk>>>,
    /// Those to read into.
    empty: Option<SyncSender<Chunk>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(super) fn new(mut input: impl Read + Send + 'static) -> io::Result<Self> {
        let (to_reader, full) = sync_channel::<io::Result<Chunk>>(CHUNKS + 1);
        let (empty, to_thread) = sync_channel::<Chunk>(CHUNKS);
        let work = move || {
            while let Ok(mut chunk) = to_thread.recv() {
                let result = fill(&mut input, &mut chunk);
                let over = chunk.len < chunk.bytes.len();
                // Whoever does not take it has stopped reading.
                if chunk.len > 0 && to_reader.send(Ok(chunk)).is_err() {
                    return;
                }
                if let Err(error) = result {
                    let _ = to_reader.send(Err(error));
                }
                if over {
                    return;
                }
            }
        };
        let thread = Builder::new().name("inflate".into()).spawn(work)?;
        for _ in 0..CHUNKS {
            // The channel has room for all of them.
            let _ = empty.send(Chunk { bytes: vec![0; CHUNK], len: 0 });
        }
        let chunk = Chunk { bytes: Vec::new(), len: 0 };
        Ok(Self { chunk, at: 0, full: Some(full), empty: Some(empty), thread: Some(thread) })
    }

    /// Waits for the thread, which has nothing more to do.
    fn join(&mut self) -> io::Result<()> {
        (self.full, self.empty) = (None, None);
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(io::Error::other("the thread that decompresses has panicked")),
            _ => Ok(()),
        }
    }
}

/// Reads until the chunk is full or the input ends.
fn fill(input: &mut impl Read, chunk: &mut Chunk) -> io::Result<()> {
    chunk.len = 0;
    while chunk.len < chunk.bytes.len() {
        match input.read(&mut chunk.bytes[chunk.len..]) {
            Ok(0) => break,
            Ok(n) => chunk.len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Read for Ahead {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len {
            let Some(full) = &self.full else { return Ok(0) };
            match full.recv() {
                Ok(Ok(chunk)) => {
                    let old = std::mem::replace(&mut self.chunk, chunk);
                    self.at = 0;
                    if let (Some(empty), false) = (&self.empty, old.bytes.is_empty()) {
                        // A thread that has ended needs none.
                        let _ = empty.send(old);
                    }
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return self.join().map(|()| 0),
            }
        }
        let n = buf.len().min(self.chunk.len - self.at);
        buf[..n].copy_from_slice(&self.chunk.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

impl Drop for Ahead {
    /// The thread must not outlive the code of a plugin that may be unloaded. It reads a file, so it is not long.
    fn drop(&mut self) {
        let _ = self.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Breaks<R>(R);

    impl<R: Read> Read for Breaks<R> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                n => Ok(n),
            }
        }
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn it_reads_what_the_input_has() {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 7] {
            let mut out = Vec::new();
            Ahead::new(io::Cursor::new(bytes(len))).unwrap().read_to_end(&mut out).unwrap();
            assert!(out == bytes(len), "{len}");
        }
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        for len in [0, 10, CHUNK, 3 * CHUNK + 1] {
            let mut ahead = Ahead::new(Breaks(io::Cursor::new(bytes(len)))).unwrap();
            let mut out = Vec::new();
            let error = ahead.read_to_end(&mut out).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            assert!(out == bytes(len), "{len}");
            assert_eq!(ahead.read(&mut [0; 8]).unwrap(), 0, "and then there is nothing");
        }
    }

    #[test]
    fn who_reads_no_further_ends_the_thread() {
        let mut ahead = Ahead::new(io::repeat(7)).unwrap();
        let mut some = [0; 5];
        ahead.read_exact(&mut some).unwrap();
        assert_eq!(some, [7; 5]);
        // Dropping joins: the test would hang if the thread went on.
        drop(ahead);
    }

    struct Panics;

    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("on purpose")
        }
    }

    #[test]
    fn a_panic_is_an_error_and_not_an_end() {
        assert!(Ahead::new(Panics).unwrap().read(&mut [0; 8]).is_err());
    }
}
