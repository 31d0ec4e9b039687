//! A line that may get out in pieces.

use std::io::{ErrorKind, Write};

/// How much of the line in hand is out. A full disk takes half of a line: when there is room again the other half follows, and
/// not the line once more behind a torn one.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    done: usize,
}

impl Unwritten {
    /// Writes what is left of `text`; after an error, to be called with the same text again.
    pub(super) fn write(&mut self, to: &mut impl Write, text: &[u8]) -> std::io::Result<()> {
        loop {
            let Some(rest) = text.get(self.done..).filter(|rest| !rest.is_empty()) else {
                self.done = 0;
                return Ok(());
            };
            match to.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => self.done += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The destination is another one: what the old one has got of the line is of no use there.
    pub(super) fn start_over(&mut self) {
        self.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes and is then full.
    struct Disk {
        room: usize,
        text: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let taken = bytes.len().min(self.room).min(3);
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.text.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_goes_on_where_the_disk_was_full() {
        let mut disk = Disk { room: 7, text: Vec::new() };
        let mut unwritten = Unwritten::default();
        assert_eq!(unwritten.write(&mut disk, b"0123456789\n").unwrap_err().kind(), ErrorKind::StorageFull);
        disk.room = 100;
        unwritten.write(&mut disk, b"0123456789\n").unwrap();
        unwritten.write(&mut disk, b"next\n").unwrap();
        assert_eq!(disk.text, b"0123456789\nnext\n");
    }

    #[test]
    fn another_destination_gets_the_whole_line() {
        let mut disk = Disk { room: 2, text: Vec::new() };
        let mut unwritten = Unwritten::default();
        assert!(unwritten.write(&mut disk, b"line\n").is_err());
        unwritten.start_over();
        let mut other = Vec::new();
        unwritten.write(&mut other, b"line\n").unwrap();
        assert_eq!(other, b"line\n");
    }
}
