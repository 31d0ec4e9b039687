//! The splitter byte by byte, with every byte copied: slow, and the judge of the one that is used.

use super::Piece;

/// Finds what a [`Splitter`](super::Splitter) finds.
#[derive(Debug)]
pub(super) struct Naive {
    key: Vec<u8>,
    max: usize,
    place: Place,
    /// Open brackets of the value at hand, counted from the outermost value of the stream.
    depth: usize,
    string: bool,
    escape: bool,
    /// The value at hand, or its first `max` bytes.
    kept: Vec<u8>,
    len: u64,
    /// The string that has been read last in an outermost object, if it could be the key; `None` if it is too long.
    name: Option<Vec<u8>>,
    named: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between outermost values.
    Outside,
    /// In an outermost object that may turn out to have the list.
    Object,
    /// In a list, between items; items stand at this depth.
    Between(usize),
    /// In an item.
    Item(usize),
    /// Behind the list, in the object that had it.
    Rest,
}

impl Naive {
    /// `key`: the member that holds the list. `max`: bytes of an item.
    pub(super) fn new(key: &str, max: usize) -> Self {
        Self {
            key: key.as_bytes().to_vec(),
            max,
            place: Place::Outside,
            depth: 0,
            string: false,
            escape: false,
            kept: Vec::new(),
            len: 0,
            name: None,
            named: false,
        }
    }

    /// Takes the next bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8], found: &mut dyn FnMut(Piece<'_>)) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.string {
                at = self.in_string(bytes, at, found);
                continue;
            }
            at += 1;
            match (self.place, byte) {
                (Place::Outside | Place::Between(_), b' ' | b'\n' | b'\r' | b'\t' | b',') => {}
                (Place::Outside, b'[') => {
                    self.depth = 1;
                    self.place = Place::Between(1);
                }
                (Place::Outside, b'{') => {
                    self.begin(Place::Object, byte);
                    (self.depth, self.name, self.named) = (1, None, false);
                }
                (Place::Outside, _) => {
                    self.begin(Place::Item(0), byte);
                    self.open_or_scalar(byte);
                }
                (Place::Between(depth), b']') => {
                    self.depth = depth - 1;
                    self.place = if depth == 1 { Place::Outside } else { Place::Rest };
                }
                (Place::Between(depth), _) => {
                    self.begin(Place::Item(depth), byte);
                    self.open_or_scalar(byte);
                }
                (Place::Object, b'[') if self.depth == 1 && self.named => {
                    self.depth = 2;
                    self.place = Place::Between(2);
                    self.kept.clear();
                }
                (Place::Item(depth), b',' | b']' | b' ' | b'\n' | b'\r' | b'\t') if self.depth == depth => {
                    // A number or a word, which only what follows ends.
                    self.end(found);
                    at -= 1;
                }
                _ => self.inside(byte, found),
            }
        }
    }

    /// The stream has ended. The splitter can be used for another one.
    pub(super) fn finish(&mut self, found: &mut dyn FnMut(Piece<'_>)) {
        match self.place {
            Place::Outside => {}
            // A lone number or word has no other end.
            Place::Item(0) if self.depth == 0 && !self.string => self.end(found),
            _ => found(Piece::Cut(&self.kept)),
        }
        (self.place, self.depth, self.string, self.escape) = (Place::Outside, 0, false, false);
        self.kept.clear();
    }

    fn begin(&mut self, place: Place, byte: u8) {
        self.place = place;
        self.kept.clear();
        self.len = 0;
        self.keep(&[byte]);
    }

    fn open_or_scalar(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'"' => self.string = true,
            _ => {}
        }
    }

    /// A byte of the value at hand, outside of strings.
    fn inside(&mut self, byte: u8, found: &mut dyn FnMut(Piece<'_>)) {
        self.keep(&[byte]);
        match byte {
            b'{' | b'[' => {
                self.depth += 1;
                self.named = false;
            }
            b'"' => {
                self.string = true;
                self.name = (self.place == Place::Object && self.depth == 1).then(Vec::new);
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                match self.place {
                    Place::Object if self.depth == 0 => self.end(found),
                    Place::Item(depth) if self.depth <= depth => self.end(found),
                    Place::Rest if self.depth == 0 => self.place = Place::Outside,
                    _ => {}
                }
            }
            b':' => self.named = self.depth == 1 && self.name.as_ref() == Some(&self.key),
            b',' => self.named = false,
            _ => {}
        }
    }

    /// Passes over the string at hand; returns where to go on.
    fn in_string(&mut self, bytes: &[u8], from: usize, found: &mut dyn FnMut(Piece<'_>)) -> usize {
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                _ if self.escape => self.escape = false,
                b'\\' => self.escape = true,
                b'"' => {
                    self.string = false;
                    break;
                }
                _ => {}
            }
        }
        let run = &bytes[from..at];
        self.keep(run);
        if let Some(name) = &mut self.name {
            name.extend_from_slice(if self.string { run } else { &run[..run.len() - 1] });
            if name.len() > self.key.len() {
                self.name = None;
            }
        }
        if !self.string && matches!(self.place, Place::Item(depth) if depth == self.depth) {
            self.end(found);
        }
        at
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.place == Place::Rest {
            return;
        }
        self.len += bytes.len() as u64;
        let room = self.max.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
    }

    fn end(&mut self, found: &mut dyn FnMut(Piece<'_>)) {
        if self.len > self.max as u64 {
            found(Piece::TooLong { head: &self.kept, len: self.len });
        } else {
            found(Piece::Item(&self.kept));
        }
        self.kept.clear();
        self.place = match self.place {
            Place::Item(depth) if depth > 0 => Place::Between(depth),
            _ => Place::Outside,
        };
    }
}
