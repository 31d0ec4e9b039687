//! Places in a text.

/// A place in a text: byte offset, line and column, all counted from 0, a column being one byte. Falco reports the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Mark {
    /// Bytes from the start of the text.
    pub offset: u32,
    /// Lines before this one.
    pub line: u32,
    /// Bytes from the start of the line.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<u32>,
    len: u32,
}

impl LineIndex {
    /// Looks through the text once. Of a text beyond 4 GiB only the beginning has places.
    pub fn new(text: &str) -> Self {
        let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut starts = vec![0];
        for at in memchr::memchr_iter(b'\n', text.as_bytes()) {
            let Ok(next) = u32::try_from(at + 1) else { break };
            starts.push(next);
        }
        LineIndex { starts, len }
    }

    /// The place of a byte offset; past the end, the end.
    pub fn mark(&self, offset: usize) -> Mark {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX).min(self.len);
        let line = self.starts.partition_point(|&s| s <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        Mark { offset, line: line as u32, column: offset - start }
    }
}
