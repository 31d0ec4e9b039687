//! Shared, NUL-terminated byte strings: what the state keeps of names, paths and argument lists.
//!
//! Field extraction hands out C strings, so every string is stored with its terminating NUL and is never copied to
//! be shown. Forks share strings by reference count. `Arc` and not `Rc`: one thread owns a state, but the whole
//! plugin moves between threads, and the difference (about 4 ns per open and close) did not justify `unsafe`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest string kept, without its NUL (a kernel path is at most 4095 bytes; comm, exe and names are shorter).
pub const MAX_STRING: usize = 4096;
/// Longest list kept (arguments, environment, control groups), in bytes. The probe captures 4096 of each.
pub const MAX_LIST: usize = 16384;

/// A shared string without inner NUL bytes, stored with a terminating NUL. The empty string costs nothing.
///
/// Before its text stands a number that no other text ever gets: whoever remembers something about a text remembers it by
/// that number. Copies of the text made apart have numbers of their own. Behind the number stands the length: there may be room
/// for a longer text, so that memory that nobody shares any more can take another one (`renew`).
#[derive(Clone, Default)]
pub struct ZStr(Option<Arc<[u8]>>);

/// Bytes of the number.
const ID: usize = size_of::<u64>();
/// Bytes before the text: number and length.
const HEAD: usize = ID + size_of::<u32>();

/// What a block of shared memory costs beside its bytes: two counts, and the allocator's own with what it rounds up.
pub(crate) const BLOCK: usize = 40;

/// A number that was not given out before.
fn next_id() -> [u8; ID] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_ne_bytes()
}

/// Blocks up to this size are put together without memory of their own.
const SMALL: usize = HEAD + 256;

/// Writes a block: a new number, the length, the text and its NUL. The block is large enough.
fn write(block: &mut [u8], text: &[u8]) {
    let (head, place) = block.split_at_mut(HEAD);
    head[..ID].copy_from_slice(&next_id());
    head[ID..].copy_from_slice(&(text.len() as u32).to_ne_bytes());
    place[..text.len()].copy_from_slice(text);
    place[text.len()] = 0;
}

impl ZStr {
    /// The empty string.
    pub const EMPTY: ZStr = ZStr(None);

    /// Copies `bytes` up to the first NUL, at most [`MAX_STRING`] bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(MAX_STRING)];
        ZStr::of(&bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())])
    }

    /// Like [`ZStr::new`] without its limit: for text put together from parts that were limited themselves.
    pub(crate) fn long(bytes: &[u8]) -> Self {
        ZStr::of(&bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())])
    }

    /// Copies text that has no NUL.
    pub(crate) fn of(text: &[u8]) -> Self {
        debug_assert!(!text.contains(&0), "text ends at a NUL");
        ZStr::with_room(text, text.len())
    }

    /// Copies text that has no NUL into memory with room for a text of this length.
    pub(crate) fn with_room(text: &[u8], room: usize) -> Self {
        debug_assert!(!text.contains(&0), "text ends at a NUL");
        if text.is_empty() {
            return ZStr::EMPTY;
        }
        let len = text.len();
        let size = HEAD + room.max(len) + 1;
        let mut small = [0; SMALL];
        let mut large;
        let whole = match small.get_mut(..size) {
            Some(small) => small,
            None => {
                large = vec![0; size];
                &mut large[..]
            }
        };
        write(whole, text);
        ZStr(Some(Arc::from(&*whole)))
    }

    /// Takes another text that has no NUL, if nobody shares the memory and it is large enough. `false`: nothing has changed.
    pub(crate) fn renew(&mut self, text: &[u8]) -> bool {
        debug_assert!(!text.contains(&0), "text ends at a NUL");
        let Some(whole) = self.0.as_mut().and_then(Arc::get_mut) else { return false };
        let fits = !text.is_empty() && HEAD + text.len() < whole.len();
        if fits {
            write(whole, text);
        }
        fits
    }

    /// Bytes of the text.
    #[inline]
    fn end(block: &[u8]) -> usize {
        let len = block.get(ID..HEAD).and_then(<[u8]>::first_chunk).map_or(0, |len| u32::from_ne_bytes(*len));
        HEAD + len as usize
    }

    /// The number of this text in memory; 0 for the empty string.
    #[inline]
    pub fn id(&self) -> u64 {
        self.0.as_ref().and_then(|b| b.first_chunk()).map_or(0, |id| u64::from_ne_bytes(*id))
    }

    /// Like [`ZStr::new`], but shares `candidate`'s memory when it holds the same text.
    pub fn new_or_share(bytes: &[u8], candidate: &ZStr) -> Self {
        let text = &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())];
        if text == candidate.as_bytes() { candidate.clone() } else { ZStr::new(bytes) }
    }

    /// The text without its NUL.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Some(b) => &b[HEAD..ZStr::end(b)],
            None => b"",
        }
    }

    /// The text with its NUL: its pointer is a valid C string for as long as this value is borrowed.
    #[inline]
    pub fn as_bytes_with_nul(&self) -> &[u8] {
        match &self.0 {
            Some(b) => &b[HEAD..=ZStr::end(b)],
            None => b"\0",
        }
    }

    /// Length without the NUL.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |b| ZStr::end(b) - HEAD)
    }

    /// Bytes of memory that it takes, as if nobody shared it.
    #[inline]
    pub(crate) fn held(&self) -> usize {
        self.0.as_ref().map_or(0, |b| b.len() + BLOCK)
    }

    /// True for the empty string.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// True when both share the same memory (so equal texts; the reverse need not hold).
    #[inline]
    pub fn same(&self, other: &ZStr) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl PartialEq for ZStr {
    fn eq(&self, other: &ZStr) -> bool {
        self.same(other) || self.as_bytes() == other.as_bytes()
    }
}

impl Eq for ZStr {}

impl fmt::Debug for ZStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.as_bytes()))
    }
}

impl From<&str> for ZStr {
    fn from(s: &str) -> Self {
        ZStr::new(s.as_bytes())
    }
}

impl PartialEq<&str> for ZStr {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

/// A shared list of strings, each stored with its NUL, one behind the other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ZList(Option<Arc<[u8]>>);

impl ZList {
    /// The empty list.
    pub const EMPTY: ZList = ZList(None);

    /// Copies NUL-separated `bytes`; one trailing NUL ends the last item instead of starting an empty one.
    /// No bytes, or a single NUL, are no items.
    pub fn new(bytes: &[u8]) -> Self {
        ZList::new_or_share(bytes, &ZList::EMPTY)
    }

    /// Like [`ZList::new`], but shares `candidate`'s memory when it holds the same items.
    pub fn new_or_share(bytes: &[u8], candidate: &ZList) -> Self {
        let bytes = &bytes[..bytes.len().min(MAX_LIST)];
        let body = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        if body.is_empty() {
            return ZList(None);
        }
        if let Some(c) = &candidate.0
            && &c[..c.len() - 1] == body
        {
            return candidate.clone();
        }
        if body.len() < bytes.len() {
            return ZList(Some(Arc::from(bytes)));
        }
        ZList(Some(Arc::from([body, b"\0"].concat())))
    }

    /// All items with their NULs, one behind the other.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(b"")
    }

    /// True when there is no item.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Number of items.
    pub fn count(&self) -> usize {
        memchr::memchr_iter(0, self.as_bytes()).count()
    }

    /// The items, without their NULs.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.iter_with_nul().map(|s| &s[..s.len() - 1])
    }

    /// The items, each with its NUL: valid C strings.
    pub fn iter_with_nul(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.as_bytes().split_inclusive(|&b| b == 0)
    }

    /// Item `n`, with its NUL.
    pub fn get_with_nul(&self, n: usize) -> Option<&[u8]> {
        self.iter_with_nul().nth(n)
    }

    /// True when both share the same memory.
    pub fn same(&self, other: &ZList) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl fmt::Debug for ZList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}
