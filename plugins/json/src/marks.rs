//! Where strings may end: quotes, backslashes and control characters, which no string may have, for 64 bytes at once.
//!
//! Each byte is looked at once however many strings there are, and a string costs a shift and a count of zeros instead of a
//! loop whose length nobody can foresee. What is done with a block is arithmetic on arrays that compilers turn into vector
//! instructions of any machine, so that no `unsafe` is needed: one instruction a byte, where stepping through each string by eights
//! took three.

/// Bytes of a block: as many as a mask has bits.
const BLOCK: usize = 64;
/// Blocks that are looked at in one go. More would often be looked at in vain, behind the end of a document among others.
const WINDOW: usize = 8;

/// The marks of one text, for places that are asked for in rising order: others are found too, but cost more.
#[derive(Debug)]
pub struct Marks<'t> {
    text: &'t [u8],
    /// The number of the first block that was looked at.
    first: usize,
    /// A bit for each byte of the blocks from there on.
    masks: [u64; WINDOW],
}

impl<'t> Marks<'t> {
    /// Of this text; nothing is looked at yet.
    #[must_use]
    pub fn new(text: &'t [u8]) -> Self {
        // Far enough away from every block that there can be.
        Self { text, first: usize::MAX / 2, masks: [0; WINDOW] }
    }

    /// The text.
    #[inline(always)]
    #[must_use]
    pub fn text(&self) -> &'t [u8] {
        self.text
    }

    /// The first quote, backslash or control character from `at` on; the end of the text if there is none.
    #[inline(always)]
    pub fn next(&mut self, at: usize) -> usize {
        let mut block = at / BLOCK;
        let mask = self.mask(block) >> (at % BLOCK);
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        loop {
            block += 1;
            if block * BLOCK >= self.text.len() {
                return self.text.len();
            }
            let mask = self.mask(block);
            if mask != 0 {
                return block * BLOCK + mask.trailing_zeros() as usize;
            }
        }
    }

    #[inline(always)]
    fn mask(&mut self, block: usize) -> u64 {
        let mut place = block.wrapping_sub(self.first);
        if place >= WINDOW {
            self.look(block);
            place = 0;
        }
        self.masks[place % WINDOW]
    }

    /// Looks at the blocks from this one on.
    #[inline(never)]
    fn look(&mut self, block: usize) {
        self.first = block;
        let rest = self.text.get(block * BLOCK..).unwrap_or_default();
        let (whole, last) = rest.as_chunks();
        for (n, mask) in self.masks.iter_mut().enumerate() {
            *mask = match whole.get(n) {
                Some(block) => mask_of(block),
                None if n == whole.len() => {
                    // A blank is no mark.
                    let mut padded = [b' '; BLOCK];
                    padded.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
                    mask_of(&padded)
                }
                None => 0,
            };
        }
    }
}

/// What a byte of a block sets: of its row of eight bytes the bit of the row.
const BITS: [u8; BLOCK] = {
    let (mut bits, mut at) = ([0; BLOCK], 0);
    while at < BLOCK {
        bits[at] = 1 << (at / 8);
        at += 1;
    }
    bits
};

/// Bit `n` is set if byte `n` is a quote, a backslash or a control character.
#[inline(always)]
fn mask_of(block: &[u8; BLOCK]) -> u64 {
    let mut seen = [0; BLOCK];
    for ((seen, byte), bit) in seen.iter_mut().zip(block).zip(BITS) {
        // No `||`: a branch for each byte is what all this is not.
        let mark = (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
        *seen = if mark { bit } else { 0 };
    }
    let (rows, _) = seen.as_chunks();
    transposed(rows.iter().fold(0, |bits, row| bits | u64::from_le_bytes(*row)))
}

/// Eight by eight bits with rows and columns exchanged.
#[inline(always)]
fn transposed(mut bits: u64) -> u64 {
    for (shift, kept) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        let swapped = (bits ^ (bits >> shift)) & kept;
        bits ^= swapped ^ (swapped << shift);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks alone and in heaps, in texts of every length around the sizes of a block and of a window, are what a look at each byte
    /// finds.
    #[test]
    fn marks_are_found_where_they_are() {
        let mut seed = 1_u64;
        for len in (0..200).chain(500..530).chain([1000, 2047]) {
            let rare = len % 3 == 0;
            let text: Vec<u8> = (0..len)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let byte = (seed >> 40) as u8;
                    if seed >> if rare { 56 } else { 62 } == 0 { byte } else { byte % 26 + b'a' }
                })
                .collect();
            let naive = |at: usize| {
                let mark = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
                text.get(at..).unwrap_or_default().iter().position(mark).map_or(len, |found| at + found)
            };
            let mut marks = Marks::new(&text);
            for at in (0..=len).chain([len / 2, 0]) {
                assert_eq!(marks.next(at), naive(at), "{at} of {len}");
            }
            let (mut marks, mut at) = (Marks::new(&text), 0);
            while at < len {
                assert_eq!(marks.next(at), naive(at), "{at} of {len}, from mark to mark");
                at = marks.next(at) + 1;
            }
        }
        for byte in 0..=u8::MAX {
            let found = Marks::new(&[b'x', byte, b'x']).next(0);
            assert_eq!(found, if matches!(byte, b'"' | b'\\' | 0..0x20) { 1 } else { 3 }, "{byte:#x}");
        }
    }
}
