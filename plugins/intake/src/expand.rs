//! Compressed input with a cap on what comes out of it.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::Reason;

/// More came out of an archive than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {max} bytes when expanded")]
pub struct TooMuch {
    /// Bytes allowed.
    pub max: u64,
}

/// A stream that is gzip or plain, told apart by its first two bytes. At most `max` bytes come out of it if it is compressed; a
/// read beyond that fails with [`TooMuch`], for a few kilobytes of archive can hold gigabytes.
pub struct Reader<R: Read>(Form<R>);

enum Form<R: Read> {
    Plain(BufReader<R>),
    Gzip { inner: Box<MultiGzDecoder<BufReader<R>>>, left: u64, max: u64 },
}

impl<R: Read> Reader<R> {
    /// Looks at the first bytes.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn open(source: R, max: u64) -> io::Result<Self> {
        let mut source = BufReader::with_capacity(64 << 10, source);
        Ok(Self(if source.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            Form::Gzip { inner: Box::new(MultiGzDecoder::new(source)), left: max, max }
        } else {
            Form::Plain(source)
        }))
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Form::Plain(inner) => inner.read(out),
            Form::Gzip { inner, left, max } => {
                let n = inner.read(out)?;
                match left.checked_sub(n as u64) {
                    Some(rest) => *left = rest,
                    None => return Err(io::Error::other(TooMuch { max: *max })),
                }
                Ok(n)
            }
        }
    }
}

/// What an error of [`Reader`] says about the payload.
#[must_use]
pub fn reason(error: &io::Error) -> Reason {
    if error.get_ref().is_some_and(|inner| inner.is::<TooMuch>()) {
        return Reason::Expands;
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Reason::BrokenArchive
        }
        _ => Reason::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8], max: u64) -> Result<Vec<u8>, Reason> {
        let mut out = Vec::new();
        let mut reader = Reader::open(bytes, max).map_err(|e| reason(&e))?;
        reader.read_to_end(&mut out).map(|_| out).map_err(|e| reason(&e))
    }

    #[test]
    fn plain_and_compressed_are_told_apart_and_capped() {
        let text = vec![b'a'; 1 << 20];
        assert_eq!(read(b"plain", 1).unwrap(), b"plain");
        assert_eq!(read(b"", 1).unwrap(), b"");
        assert_eq!(read(&gzip(&text), 1 << 20).unwrap(), text);
        assert_eq!(read(&gzip(&text), (1 << 20) - 1), Err(Reason::Expands));
    }

    #[test]
    fn half_an_archive_and_a_damaged_one_are_told() {
        let whole = gzip(&(0..=255).cycle().take(100_000).collect::<Vec<u8>>());
        assert_eq!(read(&whole[..whole.len() / 2], 1 << 20), Err(Reason::BrokenArchive));
        let mut damaged = whole;
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8].fill(0xff);
        assert_eq!(read(&damaged, 1 << 20), Err(Reason::BrokenArchive));
    }
}
