//! `stdout_output`: one line per alert on standard output.

use std::io::{BufWriter, Write as _};

use super::{Delivery, Output, OutputError};

/// Standard output. Unbuffered, each alert is one write, so a reader at the other end of a pipe sees it at once and
/// whole.
pub(super) struct Stdout {
    writer: BufWriter<std::io::Stdout>,
    buffered: bool,
}

impl Stdout {
    pub(super) fn new(buffered: bool) -> Self {
        Self { writer: BufWriter::with_capacity(64 * 1024, std::io::stdout()), buffered }
    }
}

impl Output for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        self.writer.write_all(delivery.line.as_bytes())?;
        self.writer.write_all(b"\n")?;
        if !self.buffered {
            self.writer.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        Ok(self.writer.flush()?)
    }
}
