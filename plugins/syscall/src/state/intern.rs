//! Names seen a short time ago: programs open the same files again and again, and a name that is still known need not be
//! copied, and has the number that it had. A fixed number of places, two candidates each: a miss costs a copy, never a search, and
//! memory only while the name that stood there is in use.

use super::zstr::ZStr;

/// Pairs of places for names of files.
const PAIRS: usize = 2048;
/// Pairs for names of programs, of which there are fewer.
const FEW: usize = 256;
/// Longer names are copied each time, so that the places cannot hold much memory (1 MiB, a third of that with names as they are).
const MAX_LEN: usize = 255;
/// Names up to this length are given room for each other, so that one can take the place of another; longer ones likewise.
const SHORT: usize = 95;

/// Names by the hash of their text; of each pair the one that was asked for last comes first.
#[derive(Debug)]
pub(crate) struct Interner {
    pairs: Box<[[ZStr; 2]]>,
    /// Names come and go all the time, so that they have room for each other.
    roomy: bool,
}

impl Default for Interner {
    fn default() -> Self {
        Interner { pairs: vec![[ZStr::EMPTY; 2]; PAIRS].into(), roomy: true }
    }
}

impl Interner {
    /// For names that come seldom and stay: those of programs.
    pub(crate) fn few() -> Self {
        Interner { pairs: vec![[ZStr::EMPTY; 2]; FEW].into(), roomy: false }
    }

    /// The name with this text, which has no NUL.
    #[inline]
    pub(crate) fn get(&mut self, text: &[u8]) -> ZStr {
        self.get_if(text, |_| true).unwrap_or_default()
    }

    /// The name with this text up to its first NUL.
    pub(crate) fn until_nul(&mut self, text: &[u8]) -> ZStr {
        self.get(&text[..memchr::memchr(0, text).unwrap_or(text.len())])
    }

    /// The same, or the name `like`, if it has that text.
    pub(crate) fn like(&mut self, text: &[u8], like: &ZStr) -> ZStr {
        let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
        if text == like.as_bytes() { like.clone() } else { self.get(text) }
    }

    /// The name with this text, if it is one that `admits` lets in: a name that is known was let in before, so it is not
    /// looked at again. A text that is let in has no NUL.
    #[inline]
    pub(crate) fn get_if(&mut self, text: &[u8], admits: impl FnOnce(&[u8]) -> bool) -> Option<ZStr> {
        if text.len() > MAX_LEN {
            return admits(text).then(|| ZStr::new(text));
        }
        self.place(text, admits).cloned()
    }

    /// The number of the name with this text, as [`ZStr::id`] tells it; `None` for a text that is not kept: one with a NUL, or too
    /// long.
    #[inline]
    pub(crate) fn number(&mut self, text: &[u8]) -> Option<u64> {
        if text.len() > MAX_LEN {
            return None;
        }
        self.place(text, |text| memchr::memchr(0, text).is_none()).map(ZStr::id)
    }

    /// Where the name with this text stands, which is put there if it is let in.
    #[inline]
    fn place(&mut self, text: &[u8], admits: impl FnOnce(&[u8]) -> bool) -> Option<&ZStr> {
        let at = hash(text) % self.pairs.len();
        let [first, second] = &mut self.pairs[at];
        if first.as_bytes() != text {
            if second.as_bytes() != text {
                if !admits(text) {
                    return None;
                }
                if !self.roomy {
                    *second = ZStr::of(text);
                } else if !second.renew(text) {
                    *second = ZStr::with_room(text, if text.len() <= SHORT { SHORT } else { MAX_LEN });
                }
            }
            std::mem::swap(first, second);
        }
        Some(first)
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
    // Not the length as it is: a product with so small a number has nothing of a short text in its upper bits.
    let mut h = K.wrapping_mul(text.len() as u64);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_come_again_keep_their_number() {
        let mut interner = Interner::default();
        let name = |n: usize| format!("/usr/lib/python3.12/site-packages/module_{n}.py");
        let first: Vec<_> = (0..1000).map(|n| interner.number(name(n).as_bytes())).collect();
        let again = (0..1000).filter(|n| interner.number(name(*n).as_bytes()) == first[*n]).count();
        assert!(again > 950, "{again} of 1000");
        assert_eq!(Some(interner.get(name(0).as_bytes()).id()), interner.number(name(0).as_bytes()));
    }

    /// Commands have short names, and many of the same length.
    #[test]
    fn short_names_do_not_take_each_others_place() {
        let mut interner = Interner::few();
        let names = [
            "sh", "as", "ld", "ls", "rm", "cp", "mv", "ps", "tr", "wc", "cc", "gc", "ln", "id", "su", "vi", "cc1",
            "sed", "awk",
        ];
        let first: Vec<_> = names.iter().map(|name| interner.number(name.as_bytes())).collect();
        let again: Vec<_> = names.iter().map(|name| interner.number(name.as_bytes())).collect();
        assert_eq!(first, again);
    }

    #[test]
    fn programs_of_one_name_share_it() {
        let mut interner = Interner::few();
        let name = interner.until_nul(b"bash\0");
        assert!(interner.until_nul(b"bash").same(&name) && interner.like(b"bash\0", &ZStr::EMPTY).same(&name));
        let apart = ZStr::new(b"bash");
        assert!(interner.like(b"bash\0", &apart).same(&apart));
        assert_eq!(interner.like(b"sh\0", &apart), "sh");
    }

    #[test]
    fn no_two_texts_have_one_number() {
        let mut interner = Interner::default();
        let mut texts = std::collections::HashMap::new();
        for n in 0..20_000 {
            let text = format!("{}", n % 7_000);
            let number = interner.number(text.as_bytes()).unwrap();
            assert_eq!(*texts.entry(number).or_insert_with(|| text.clone()), text);
        }
        assert_eq!(interner.number(b""), Some(0));
        assert_eq!(interner.number(b"a\0b"), None);
        assert_eq!(interner.number(&[b'a'; 300]), None);
    }
}
