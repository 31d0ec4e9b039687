//! `stdout_output`: one line per alert on standard output.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsFd as _;

use super::unwritten::Unwritten;
use super::{Delivery, Output, OutputError};

/// Alerts that are buffered at most, in bytes.
const BUFFER: usize = 64 * 1024;

/// Standard output. Unbuffered, each alert is one write, so a reader at the other end of a pipe sees it at once and
/// whole.
pub(super) struct Stdout {
    /// Its own handle: the buffer that the language puts around standard output would hold lines back after an error, and give
    /// no account of them.
    to: Result<File, std::io::Error>,
    buffered: bool,
    text: Vec<u8>,
    unwritten: Unwritten,
    /// The line in `text` is the one that did not get out completely.
    half: bool,
}

impl Stdout {
    pub(super) fn new(buffered: bool) -> Self {
        let to = std::io::stdout().as_fd().try_clone_to_owned().map(File::from);
        Self { to, buffered, text: Vec::new(), unwritten: Unwritten::default(), half: false }
    }

    fn write_out(&mut self) -> Result<(), OutputError> {
        let to = self.to.as_mut().map_err(|error| std::io::Error::new(error.kind(), error.to_string()))?;
        match self.unwritten.write(to, &self.text) {
            Ok(()) => {
                self.text.clear();
                self.half = false;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(OutputError::Closed),
            Err(error) => Err(error.into()),
        }
    }
}

impl Output for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        if self.half {
            return self.write_out();
        }
        if self.text.len() + delivery.line.len() >= BUFFER {
            self.write_out()?;
        }
        self.text.extend_from_slice(delivery.line.as_bytes());
        self.text.push(b'\n');
        if self.buffered {
            return Ok(());
        }
        self.half = true;
        self.write_out()
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        if self.text.is_empty() { Ok(()) } else { self.write_out() }
    }

    fn spools(&self) -> bool {
        false
    }
}
