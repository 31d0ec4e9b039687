//! Bytes of a capture, plain or compressed, through one bounded buffer.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::ahead::Ahead;
use super::error::{CaptureError, CaptureErrorKind};

/// Size of the buffer: large enough that a system call serves two thousand events, small enough to stay in the second-level cache
/// between reading and parsing.
const BUFFER: usize = 256 * 1024;

/// Compressed files from this size on are decompressed by a thread of their own: below, the thread costs more than it saves.
const LARGE: u64 = 1024 * 1024;

/// How much of the file has been read, for progress.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl Progress {
    /// Bytes of the file read so far, and its size where known.
    pub(super) fn get(&self) -> (u64, Option<u64>) {
        (self.read.load(Ordering::Relaxed), self.total)
    }
}

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The decompressed bytes of a capture, of which a window is in memory.
pub(super) struct Stream {
    input: Box<dyn Read + Send>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the stream of the first byte of the buffer.
    base: u64,
    ended: bool,
    failed: Option<io::Error>,
    progress: Progress,
}

impl Stream {
    /// Opens a file. What is not a plain file (a pipe, a terminal) is read as it comes: nobody waits for it on a thread.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        let file = File::open(path).map_err(|e| CaptureError { offset: 0, kind: e.into() })?;
        let total = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
        Self::new(file, total)
    }

    pub(super) fn new(input: impl Read + Send + 'static, total: Option<u64>) -> Result<Self, CaptureError> {
        let progress = Progress { read: Arc::default(), total };
        let mut input = Counted { inner: input, read: Arc::clone(&progress.read) };
        let mut magic = [0; 2];
        let mut have = 0;
        while have < magic.len() {
            match input.read(&mut magic[have..]) {
                Ok(0) => break,
                Ok(n) => have += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(CaptureError { offset: 0, kind: e.into() }),
            }
        }
        let input = io::Cursor::new(magic).take(have as u64).chain(input);
        let input: Box<dyn Read + Send> = if magic == [0x1f, 0x8b] {
            let input = MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, input));
            let two_cores = || std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
            if total.is_some_and(|total| total >= LARGE) && two_cores() {
                Box::new(Ahead::new(input).map_err(|e| CaptureError { offset: 0, kind: e.into() })?)
            } else {
                Box::new(input)
            }
        } else {
            Box::new(input)
        };
        Ok(Self { input, buf: vec![0; BUFFER], start: 0, end: 0, base: 0, ended: false, failed: None, progress })
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Offset in the stream of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The bytes in memory that come next.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or(&[])
    }

    /// Moves past `n` bytes of the window.
    #[inline]
    pub(super) fn advance(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    /// Moves what is left to the front of the buffer and reads until it is full or the file ends. What was in the window before is gone.
    /// A window that is full already means that `wanted` bytes do not fit: the buffer then grows step by step, as long as the
    /// file really delivers, up to `wanted`.
    pub(super) fn refill(&mut self, wanted: usize) {
        self.buf.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if self.buf.len() > BUFFER && wanted <= BUFFER && self.end <= BUFFER {
            self.buf.truncate(BUFFER);
            self.buf.shrink_to_fit();
        }
        loop {
            while self.end < self.buf.len() && !self.ended {
                match self.input.read(&mut self.buf[self.end..]) {
                    Ok(0) => self.ended = true,
                    Ok(n) => self.end += n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => {
                        self.ended = true;
                        self.failed = Some(e);
                    }
                }
            }
            if self.ended || self.end >= wanted {
                return;
            }
            self.buf.resize(self.buf.len().saturating_mul(2).min(wanted), 0);
        }
    }

    /// Whether nothing follows the window.
    pub(super) fn is_at_end(&self) -> bool {
        self.ended
    }

    /// The error for a block at the next byte that needs `wanted` bytes when the file has no more.
    pub(super) fn cut_off(&mut self, wanted: usize) -> CaptureError {
        let offset = self.offset();
        let found = self.window().len() as u64;
        let kind = match self.failed.take() {
            // A compressed file that was cut: say so, whatever the decompressor calls it.
            Some(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                CaptureErrorKind::Truncated { wanted: wanted as u64, found }
            }
            Some(e) => e.into(),
            None => CaptureErrorKind::Truncated { wanted: wanted as u64, found },
        };
        CaptureError { offset, kind }
    }

    /// The reason why reading ended early, if it did.
    pub(super) fn failure(&mut self) -> Option<CaptureError> {
        self.failed.is_some().then(|| self.cut_off(1))
    }

    /// The next `n` bytes, at most [`BUFFER`] of them, and past them.
    pub(super) fn take(&mut self, n: usize) -> Result<&[u8], CaptureError> {
        debug_assert!(n <= BUFFER);
        if self.end - self.start < n {
            self.refill(n);
            if self.end - self.start < n {
                return Err(self.cut_off(n));
            }
        }
        self.start += n;
        Ok(&self.buf[self.start - n..self.start])
    }

    /// Past `n` bytes.
    pub(super) fn skip(&mut self, mut n: u64) -> Result<(), CaptureError> {
        loop {
            let step = n.min((self.end - self.start) as u64);
            self.start += step as usize;
            n -= step;
            if n == 0 {
                return Ok(());
            }
            if self.ended {
                return Err(self.cut_off(usize::try_from(n).unwrap_or(usize::MAX)));
            }
            self.refill(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_grows_with_what_is_there_not_with_what_is_claimed() {
        let mut stream = Stream::new(io::Cursor::new(vec![1u8; 1000]), None).expect("memory can be read");
        stream.refill(64 << 20);
        assert_eq!((stream.window().len(), stream.buf.len()), (1000, BUFFER));
        let mut stream = Stream::new(io::Cursor::new(vec![1u8; 3 * BUFFER]), None).expect("memory can be read");
        stream.refill(64 << 20);
        assert_eq!((stream.window().len(), stream.buf.len()), (3 * BUFFER, 4 * BUFFER));
        stream.advance(3 * BUFFER - 1);
        stream.refill(1);
        assert_eq!((stream.window().len(), stream.buf.len()), (1, BUFFER), "and shrinks again");
        assert_eq!(stream.offset(), 3 * BUFFER as u64 - 1);
    }

    #[test]
    fn skipping_beyond_the_end_is_an_error() {
        let mut stream = Stream::new(io::Cursor::new(vec![1u8; 1000]), None).expect("memory can be read");
        assert!(stream.skip(1000).is_ok());
        assert!(stream.skip(1).is_err_and(|e| e.offset == 1000));
    }
}
