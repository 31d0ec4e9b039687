//! Names seen a short time ago: programs open the same files again and again, and a name that is still known need not be
//! copied. A fixed number of places, one candidate each: a miss costs a copy, never a search.

use super::zstr::ZStr;

const PLACES: usize = 1024;
/// Longer names are copied each time, so that the places cannot hold much memory (256 KiB).
const MAX_LEN: usize = 255;

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
        if text.len() > MAX_LEN {
            return ZStr::new(text);
        }
        let place = &mut self.0[hash(text) % PLACES];
        if place.as_bytes() != text {
            *place = ZStr::short(text);
        }
        place.clone()
    }
}

/// Spreads well enough for a table whose collisions cost nothing but a copy.
#[inline]
fn hash(text: &[u8]) -> usize {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = (text.len() as u64).wrapping_mul(K);
    // The last word overlaps the one before; texts shorter than a word are read byte by byte.
    let last = match text.last_chunk() {
        Some(word) => {
            for word in text.as_chunks::<8>().0 {
                h = (h.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(K);
            }
            u64::from_le_bytes(*word)
        }
        None => text.iter().fold(0, |word, &b| word << 8 | u64::from(b)),
    };
    h = (h.rotate_left(29) ^ last).wrapping_mul(K);
    (h >> 40) as usize
}
