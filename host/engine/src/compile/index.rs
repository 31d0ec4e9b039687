//! Which comparisons a value can satisfy at all, found by one look at the value, however many comparisons there are.
//!
//! Each comparison is given *tokens*, one of which the value must have for it to hold: the constant itself of an equality, a
//! piece of text that a pattern cannot do without, a network. All tokens of one source are looked for together: by one hash
//! lookup, or by one pass of an automaton. What is found decides which rules are tried ([`plan`](super::plan)); the comparison
//! itself is still made, so that tokens may promise too much but never too little.

use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::dict::Class;
use crate::value::{Item, Values};

/// How values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Look {
    /// The text as a whole.
    Whole,
    Number,
    /// The address, or its leading bits.
    Address,
    /// What is somewhere in the text, without regard to ASCII case.
    Inside,
}

/// Something that a value has or has not, as bytes that its [`Look`] understands.
pub(super) type Token = Box<[u8]>;

/// The longest token of an address: width, bits that count, and an address of version 6.
const MOST: usize = 18;

/// A network as a token.
pub(super) fn network(address: IpAddr, bits: u8) -> Token {
    let mut place = [0; MOST];
    match address {
        IpAddr::V4(v4) => masked(&v4.octets(), bits, &mut place).into(),
        IpAddr::V6(v6) => masked(&v6.octets(), bits, &mut place).into(),
    }
}

/// Width and bits, then the octets as far as these bits go. Anything longer than an address is none.
fn masked<'p>(octets: &[u8], bits: u8, place: &'p mut [u8; MOST]) -> &'p [u8] {
    let octets = &octets[..octets.len().min(MOST - 2)];
    let bits = usize::from(bits).min(octets.len() * 8);
    (place[0], place[1]) = (octets.len() as u8, bits as u8);
    for (at, (octet, to)) in octets.iter().zip(&mut place[2..]).enumerate() {
        let kept = bits.saturating_sub(at * 8).min(8) as u32;
        *to = octet & !0xffu8.checked_shr(kept).unwrap_or(0);
    }
    &place[..octets.len() + 2]
}

/// All tokens of one source and [`Look`]. Each is a class; a value may have any number of them.
#[derive(Debug)]
pub(super) struct Index {
    classes: HashMap<Token, Class, FxBuildHasher>,
    how: How,
}

#[derive(Debug)]
enum How {
    Whole,
    Number,
    /// The bits that count in any of the networks.
    Address(Box<[u8]>),
    /// The n-th pattern is that of class n + 1.
    Inside(Box<AhoCorasick>),
}

impl Index {
    /// `None` if there are more tokens than an automaton can hold.
    pub(super) fn new<'t>(look: Look, tokens: impl Iterator<Item = &'t Token>) -> Option<Self> {
        let mut classes = HashMap::<Token, Class, FxBuildHasher>::default();
        let mut sorted: Vec<&Token> = tokens.collect();
        sorted.sort_unstable();
        sorted.dedup();
        for (token, class) in sorted.iter().zip(1..) {
            classes.insert((*token).clone(), class);
        }
        let how = match look {
            Look::Whole => How::Whole,
            Look::Number => How::Number,
            Look::Address => {
                let mut bits: Vec<u8> = sorted.iter().filter_map(|token| token.get(1).copied()).collect();
                bits.sort_unstable();
                bits.dedup();
                How::Address(bits.into())
            }
            Look::Inside => {
                How::Inside(Box::new(AhoCorasick::builder().ascii_case_insensitive(true).build(&sorted).ok()?))
            }
        };
        Some(Index { classes, how })
    }

    /// The classes of tokens, in rising order.
    pub(super) fn classes(&self, tokens: &[Token]) -> Vec<Class> {
        let mut classes: Vec<Class> = tokens.iter().filter_map(|token| self.classes.get(token)).copied().collect();
        classes.sort_unstable();
        classes
    }

    /// Appends the classes of the tokens that the value has, in no order, maybe more than once.
    pub(super) fn find(&self, item: Item, values: &Values, found: &mut Vec<Class>) {
        match &self.how {
            How::Whole => found.extend(self.classes.get(values.bytes(item))),
            How::Number => found.extend(self.classes.get(&item.number().to_le_bytes()[..])),
            How::Address(lengths) => {
                let octets = values.bytes(item);
                // A network longer than the address is the address: its own token says so.
                for bits in lengths.iter().take_while(|bits| usize::from(**bits) <= octets.len() * 8) {
                    found.extend(self.classes.get(masked(octets, *bits, &mut [0; MOST])));
                }
            }
            How::Inside(automaton) => {
                let text = values.bytes(item);
                found.extend(automaton.find_overlapping_iter(text).map(|hit| hit.pattern().as_u32() + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_their_networks() {
        let networks = [("10.1.2.3", 32), ("10.1.0.0", 16), ("10.1.128.0", 17), ("0.0.0.0", 0), ("fd00::", 8)];
        let tokens: Vec<Token> = networks.iter().map(|(a, bits)| network(a.parse().unwrap(), *bits)).collect();
        let index = Index::new(Look::Address, tokens.iter()).unwrap();
        let found = |address: &[u8]| {
            let (mut values, mut found) = (Values::new(), Vec::new());
            let mark = values.mark();
            values.push_bytes(address);
            index.find(values.items(values.since(mark))[0], &values, &mut found);
            tokens
                .iter()
                .map(|t| index.classes(std::slice::from_ref(t)).iter().all(|c| found.contains(c)))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&[10, 1, 2, 3]), [true, true, false, true, false]);
        assert_eq!(found(&[10, 1, 200, 3]), [false, true, true, true, false]);
        assert_eq!(found(&[10, 2, 2, 3]), [false, false, false, true, false]);
        let mut v6 = [0; 16];
        v6[0] = 0xfd;
        assert_eq!(found(&v6), [false, false, false, false, true]);
        assert_eq!(found(&[]), [false; 5]);
    }
}
