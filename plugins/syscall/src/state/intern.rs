//! Names seen a short time ago: programs open the same files again and again, and a name that is still known need not be
//! copied. A fixed number of places, one candidate each: a miss costs a copy, never a search, and memory only while the name that
//! stood there is in use.

use super::zstr::ZStr;

const PLACES: usize = 1024;
/// Longer names are copied each time, so that the places cannot hold much memory (256 KiB).
const MAX_LEN: usize = 255;
/// Names up to this length are given room for each other, so that one can take the place of another; longer ones likewise.
const SHORT: usize = 95;

/// Names by the hash of their text.
#[derive(Debug)]
pub(crate) struct Interner(Box<[ZStr]>);

impl Default for Interner {
    fn default() -> Self {
        Interner(vec![ZStr::EMPTY; PLACES].into_boxed_slice())
    }
}

impl Interner {
    /// The name with this text, which has no NUL.
    #[inline]
    pub(crate) fn get(&mut self, text: &[u8]) -> ZStr {
        self.get_if(text, |_| true).unwrap_or_default()
    }

    /// The name with this text up to its first NUL.
    pub(crate) fn until_nul(&mut self, text: &[u8]) -> ZStr {
        self.get(&text[..memchr::memchr(0, text).unwrap_or(text.len())])
    }

    /// The name with this text, if it is one that `admits` lets in: a name that is known was let in before, so it is not
    /// looked at again. A text that is let in has no NUL.
    #[inline]
    pub(crate) fn get_if(&mut self, text: &[u8], admits: impl FnOnce(&[u8]) -> bool) -> Option<ZStr> {
        if text.len() > MAX_LEN {
            return admits(text).then(|| ZStr::new(text));
        }
        let place = &mut self.0[hash(text) % PLACES];
        if place.as_bytes() != text {
            if !admits(text) {
                return None;
            }
            if !place.renew(text) {
                *place = ZStr::with_room(text, if text.len() <= SHORT { SHORT } else { MAX_LEN });
            }
        }
        Some(place.clone())
    }
}

/// Spreads well enough for a table whose collisions cost nothing but a copy.
#[inline]
fn hash(text: &[u8]) -> usize {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |h: u64, low: u64, high: u64| {
        let product = u128::from(h ^ low) * u128::from(K ^ high);
        product as u64 ^ (product >> 64) as u64
    };
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |b| u64::from_le_bytes(*b));
    let mut h = text.len() as u64;
    // The last words overlap those before; texts shorter than a word are read byte by byte.
    let (pairs, rest) = text.as_chunks::<16>();
    for pair in pairs {
        h = mix(h, word(pair.first_chunk()), word(pair.last_chunk()));
    }
    let last = match text.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => text.iter().fold(0, |word, &b| word << 8 | u64::from(b)),
    };
    (mix(h, word(rest.first_chunk()), last) >> 40) as usize
}
