//! The items of a list, one at a time, from a stream that comes in pieces.

use lanner_json::Marks;

/// One find of the [`Splitter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A JSON value, as it stands; it has not been checked beyond its brackets and quotes.
    Item(&'a [u8]),
    /// A value of `len` bytes, over the limit; its first bytes.
    TooLong {
        /// The first bytes, as many as the limit allows.
        head: &'a [u8],
        /// Bytes of the whole value.
        len: u64,
    },
    /// The stream ended within this value.
    Cut(&'a [u8]),
}

/// Who gets what a [`Splitter`] finds.
pub trait Finder {
    /// An item that is an object, or an object that may turn out to have the list, begins at byte `at` of what is being fed. Who
    /// can do with it where it stands, because all of it is there and it is no more than an item, does so and says where it ends;
    /// then it does not come as a piece.
    fn take(&mut self, at: usize, may_have_list: bool) -> Option<usize>;

    /// Something was found.
    fn piece(&mut self, piece: Piece<'_>);
}

/// Takes nothing but pieces.
struct Pieces<'f>(&'f mut dyn FnMut(Piece<'_>));

impl Finder for Pieces<'_> {
    fn take(&mut self, _: usize, _: bool) -> Option<usize> {
        None
    }

    fn piece(&mut self, piece: Piece<'_>) {
        (self.0)(piece);
    }
}

/// Finds the items in `{"<key>": [item, …], …}`, in `[item, …]`, and in any sequence of such values with or without line breaks
/// between; an object without a list under `key` is an item itself. Holds one item at a time, and only if it came in more than one
/// piece: what comes whole is handed out where it stands.
#[derive(Debug)]
pub struct Splitter {
    key: Vec<u8>,
    max: usize,
    place: Place,
    /// Open brackets of the value at hand, counted from the outermost value of the stream.
    depth: usize,
    string: bool,
    escape: bool,
    /// What came of the value at hand with earlier bytes, or its first `max` bytes.
    kept: Vec<u8>,
    /// How long that was.
    len: u64,
    /// The string that has been read last in an outermost object, while it could be the key.
    name: Vec<u8>,
    naming: bool,
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

/// What has just come, and where in it the value at hand begins or goes on.
#[derive(Clone, Copy)]
struct Chunk<'b> {
    bytes: &'b [u8],
    from: usize,
}

impl<'b> Chunk<'b> {
    fn until(self, at: usize) -> &'b [u8] {
        self.bytes.get(self.from..at).unwrap_or_default()
    }
}

impl Splitter {
    /// `key`: the member that holds the list. `max`: bytes of an item.
    #[must_use]
    pub fn new(key: &str, max: usize) -> Self {
        Self {
            key: key.as_bytes().to_vec(),
            max,
            place: Place::Outside,
            depth: 0,
            string: false,
            escape: false,
            kept: Vec::new(),
            len: 0,
            name: Vec::new(),
            naming: false,
            named: false,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8], found: &mut dyn FnMut(Piece<'_>)) {
        self.feed_to(bytes, &mut Pieces(found));
    }

    /// The same for who can do with items where they stand.
    pub fn feed_to(&mut self, bytes: &[u8], found: &mut dyn Finder) {
        let mut marks = Marks::new(bytes);
        let mut chunk = Chunk { bytes, from: 0 };
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.string {
                at = self.in_string(&mut marks, chunk, at, found);
                continue;
            }
            match self.place {
                Place::Item(base) if self.depth > base => {
                    at = self.within(&mut marks, at, base);
                    if self.depth <= base {
                        self.end(chunk, at, found);
                    }
                    continue;
                }
                Place::Object if self.depth > 1 => {
                    at = self.within(&mut marks, at, 1);
                    continue;
                }
                _ => {}
            }
            let listed = matches!(self.place, Place::Between(depth) if depth == self.depth);
            if byte == b'{'
                && (listed || self.place == Place::Outside && !self.lists(bytes, at))
                && let Some(end) = found.take(at, !listed)
            {
                at = end;
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
                    chunk.from = at - 1;
                    self.begin(Place::Object);
                    (self.depth, self.naming, self.named) = (1, false, false);
                }
                (Place::Outside, _) => {
                    chunk.from = at - 1;
                    self.begin(Place::Item(0));
                    self.open_or_scalar(byte);
                }
                (Place::Between(depth), b']') => {
                    self.depth = depth - 1;
                    self.place = if depth == 1 { Place::Outside } else { Place::Rest };
                }
                (Place::Between(depth), _) => {
                    chunk.from = at - 1;
                    self.begin(Place::Item(depth));
                    self.open_or_scalar(byte);
                }
                (Place::Object, b'[') if self.depth == 1 && self.named => {
                    self.depth = 2;
                    self.place = Place::Between(2);
                    self.kept.clear();
                }
                (Place::Item(depth), b',' | b']' | b' ' | b'\n' | b'\r' | b'\t') if self.depth == depth => {
                    // A number or a word, which only what follows ends.
                    at -= 1;
                    self.end(chunk, at, found);
                }
                _ => self.inside(byte, chunk, at, found),
            }
        }
        if matches!(self.place, Place::Object | Place::Item(_)) {
            self.keep(chunk.until(bytes.len()));
        }
    }

    /// The stream has ended. The splitter can be used for another one.
    pub fn finish(&mut self, found: &mut dyn FnMut(Piece<'_>)) {
        let found: &mut dyn Finder = &mut Pieces(found);
        match self.place {
            Place::Outside => {}
            // A lone number or word has no other end.
            Place::Item(0) if self.depth == 0 && !self.string => self.end(Chunk { bytes: &[], from: 0 }, 0, found),
            _ => found.piece(Piece::Cut(&self.kept)),
        }
        (self.place, self.depth, self.string, self.escape) = (Place::Outside, 0, false, false);
        self.kept.clear();
    }

    fn begin(&mut self, place: Place) {
        self.place = place;
        self.kept.clear();
        self.len = 0;
    }

    fn open_or_scalar(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'"' => self.string = true,
            _ => {}
        }
    }

    /// Whether the list is the first member of the object that begins here: then there is no use in taking it for an item.
    fn lists(&self, bytes: &[u8], at: usize) -> bool {
        let member = bytes.get(at + 1..).unwrap_or_default().trim_ascii_start().strip_prefix(b"\"");
        let rest = member.and_then(|member| member.strip_prefix(&*self.key));
        rest.is_some_and(|rest| rest.first() == Some(&b'"'))
    }

    /// Passes over what is deeper than `base`, where nothing but brackets and quotes matters; returns where to go on.
    #[inline]
    fn within(&mut self, marks: &mut Marks<'_>, mut at: usize, base: usize) -> usize {
        let bytes = marks.text();
        let mut depth = self.depth;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    // No name any more of what is outside, wherever in the string the bytes end.
                    self.naming = false;
                    match closing(marks, at) {
                        Ok(end) => at = end,
                        Err(escape) => {
                            (self.string, self.escape) = (true, escape);
                            at = bytes.len();
                        }
                    }
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth <= base {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.depth = depth;
        at
    }

    /// A byte of the value at hand, outside of strings and of what [`Splitter::within`] passes over.
    fn inside(&mut self, byte: u8, chunk: Chunk<'_>, at: usize, found: &mut dyn Finder) {
        match byte {
            b'{' | b'[' => {
                self.depth += 1;
                self.named = false;
            }
            b'"' => {
                self.string = true;
                self.naming = self.place == Place::Object && self.depth == 1;
                self.name.clear();
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                match self.place {
                    Place::Object if self.depth == 0 => self.end(chunk, at, found),
                    Place::Item(depth) if self.depth <= depth => self.end(chunk, at, found),
                    Place::Rest if self.depth == 0 => self.place = Place::Outside,
                    _ => {}
                }
            }
            b':' => self.named = self.depth == 1 && self.naming && self.name == self.key,
            b',' => self.named = false,
            _ => {}
        }
    }

    /// Passes over the string at hand; returns where to go on.
    fn in_string(&mut self, marks: &mut Marks<'_>, chunk: Chunk<'_>, from: usize, found: &mut dyn Finder) -> usize {
        let bytes = chunk.bytes;
        let at = match closing(marks, from + usize::from(std::mem::take(&mut self.escape))) {
            Ok(end) => {
                self.string = false;
                end
            }
            Err(escape) => {
                self.escape = escape;
                bytes.len()
            }
        };
        if self.naming {
            let end = if self.string { at } else { at - 1 };
            let run = bytes.get(from..end).unwrap_or_default();
            self.naming = self.name.len() + run.len() <= self.key.len();
            if self.naming {
                self.name.extend_from_slice(run);
            }
        }
        if !self.string && matches!(self.place, Place::Item(depth) if depth == self.depth) {
            self.end(chunk, at, found);
        }
        at
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        let room = self.max.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
    }

    fn end(&mut self, chunk: Chunk<'_>, at: usize, found: &mut dyn Finder) {
        let run = chunk.until(at);
        let whole = if self.len == 0 {
            self.len = run.len() as u64;
            run.get(..self.max).unwrap_or(run)
        } else {
            self.keep(run);
            &self.kept
        };
        if self.len > self.max as u64 {
            found.piece(Piece::TooLong { head: whole, len: self.len });
        } else {
            found.piece(Piece::Item(whole));
        }
        self.kept.clear();
        self.place = match self.place {
            Place::Item(depth) if depth > 0 => Place::Between(depth),
            _ => Place::Outside,
        };
    }
}

/// The place behind the quote that ends the string which goes on at `at`. Or it does not end here: whether what comes next is
/// escaped.
#[inline]
fn closing(marks: &mut Marks<'_>, mut at: usize) -> Result<usize, bool> {
    loop {
        let place = marks.next(at);
        at = match marks.text().get(place) {
            Some(b'"') => return Ok(place + 1),
            Some(b'\\') => place + 2,
            Some(_) => place + 1,
            None => return Err(at > marks.text().len()),
        }
    }
}

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
