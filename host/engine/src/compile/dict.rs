//! One lookup for all tests of one kind on a text source: the text is looked up once per event, which gives it a class,
//! and each test asks only whether the class is in its set.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::check::typed::Constant;

/// What a dictionary makes of a text; 0 is a text that satisfies none of the tests.
pub(super) type Class = u32;

/// The constants of all tests of one kind on one source.
#[derive(Debug)]
pub(super) enum Dictionary {
    /// Equality: every constant is a class of its own.
    Equal(HashMap<Box<[u8]>, Class, FxBuildHasher>),
    /// Prefixes, sorted: the class is the place of the longest constant that the text begins with, from 1. Everything
    /// between a prefix and a text that begins with it, in this order, begins with it too. Therefore the prefixes of a
    /// text are the nearest constant before it or enclose that one, and the classes of all texts that begin with a
    /// constant lie side by side.
    Prefix(Prefixes),
}

/// Sorted prefixes, and where to look first: constants of one source mostly begin alike (paths with a slash) and differ
/// in the byte behind, so that byte leaves one or two of them to compare with.
#[derive(Debug)]
pub(super) struct Prefixes {
    sorted: Box<[Prefix]>,
    /// Length of what all constants begin with.
    common: usize,
    /// Per value of the byte behind that, how many constants have a smaller one or none there; then their number.
    before: Box<[Class; 257]>,
}

impl Prefixes {
    fn new(sorted: Vec<Prefix>) -> Self {
        let alike = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
        // In sorted order the first and the last differ soonest.
        let common = match (sorted.first(), sorted.last()) {
            (Some(first), Some(last)) => alike(&first.text, &last.text),
            _ => 0,
        };
        let at = |byte: usize| sorted.partition_point(|p| p.text.get(common).is_none_or(|b| usize::from(*b) < byte));
        let before = Box::new(std::array::from_fn(|byte| at(byte) as Class));
        Prefixes { sorted: sorted.into(), common, before }
    }

    /// How many constants are not greater than the text.
    #[inline]
    fn not_above(&self, text: &[u8]) -> usize {
        let (Some(byte), Some(first)) = (text.get(self.common), self.sorted.first()) else {
            return self.sorted.partition_point(|p| *p.text <= *text);
        };
        if text[..self.common] != first.text[..self.common] {
            return self.sorted.partition_point(|p| *p.text <= *text);
        }
        let (low, high) = (self.before[usize::from(*byte)], self.before[usize::from(*byte) + 1]);
        let alike = &self.sorted[low as usize..high as usize];
        low as usize + alike.partition_point(|p| *p.text <= *text)
    }
}

/// A constant among the sorted prefixes.
#[derive(Debug)]
pub(super) struct Prefix {
    text: Box<[u8]>,
    /// The class of the longest other constant that this one begins with.
    outer: Class,
    /// The last class of a text that begins with this constant.
    last: Class,
}

fn texts<'c>(constants: impl Iterator<Item = &'c Constant>) -> impl Iterator<Item = &'c [u8]> {
    constants.filter_map(|constant| match constant {
        Constant::Bytes(bytes) => Some(&**bytes),
        _ => None,
    })
}

impl Dictionary {
    /// A dictionary for equality tests with these constants.
    pub(super) fn equal<'c>(constants: impl Iterator<Item = &'c Constant>) -> Self {
        let mut classes = HashMap::<Box<[u8]>, Class, FxBuildHasher>::default();
        for text in texts(constants) {
            let next = classes.len() as Class + 1;
            classes.entry_ref(text).or_insert(next);
        }
        Dictionary::Equal(classes)
    }

    /// A dictionary for prefix tests with these constants.
    pub(super) fn prefix<'c>(constants: impl Iterator<Item = &'c Constant>) -> Self {
        let mut sorted: Vec<&[u8]> = texts(constants).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut prefixes: Vec<Prefix> = Vec::with_capacity(sorted.len());
        for (at, text) in sorted.iter().enumerate() {
            let mut outer = at as Class;
            while outer > 0 && !text.starts_with(&prefixes[outer as usize - 1].text) {
                outer = prefixes[outer as usize - 1].outer;
            }
            let inside = sorted[at..].partition_point(|other| other.starts_with(text));
            prefixes.push(Prefix { text: (*text).into(), outer, last: (at + inside) as Class });
        }
        Dictionary::Prefix(Prefixes::new(prefixes))
    }

    /// The classes of the texts that satisfy a test with any of these constants, in rising order.
    pub(super) fn classes(&self, constants: &[Constant]) -> Vec<Class> {
        let mut classes = Vec::with_capacity(constants.len());
        for text in texts(constants.iter()) {
            match self {
                Dictionary::Equal(known) => classes.extend(known.get(text)),
                Dictionary::Prefix(prefixes) => {
                    let sorted = &prefixes.sorted;
                    if let Ok(at) = sorted.binary_search_by(|p| (*p.text).cmp(text)) {
                        classes.extend(at as Class + 1..=sorted[at].last);
                    }
                }
            }
        }
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// The class of a text.
    #[inline]
    pub(super) fn class(&self, text: &[u8]) -> Class {
        match self {
            Dictionary::Equal(classes) => classes.get(text).copied().unwrap_or(0),
            Dictionary::Prefix(prefixes) => {
                let mut class = prefixes.not_above(text) as Class;
                while class > 0 {
                    let prefix = &prefixes.sorted[class as usize - 1];
                    if text.starts_with(&prefix.text) {
                        break;
                    }
                    class = prefix.outer;
                }
                class
            }
        }
    }
}

/// A set of classes, in the form that is cheapest to ask.
#[derive(Debug)]
pub(super) enum ClassSet {
    One(Class),
    Few(Box<[Class]>),
    Bits(Box<[u64]>),
    /// Of a dictionary so large that bits would be nearly all zero: in rising order.
    Sorted(Box<[Class]>),
}

impl ClassSet {
    /// From classes in rising order.
    pub(super) fn new(classes: &[Class]) -> Self {
        match classes {
            [one] => ClassSet::One(*one),
            few if few.len() <= 4 => ClassSet::Few(few.into()),
            many if many.last().is_some_and(|last| *last as usize / 64 > 2 * many.len()) => {
                ClassSet::Sorted(many.into())
            }
            many => {
                let mut bits = vec![0; many.last().map_or(0, |last| *last as usize / 64 + 1)];
                many.iter().for_each(|class| bits[*class as usize / 64] |= 1 << (class % 64));
                ClassSet::Bits(bits.into())
            }
        }
    }

    #[inline]
    pub(super) fn contains(&self, class: Class) -> bool {
        match self {
            ClassSet::One(one) => *one == class,
            ClassSet::Few(few) => few.contains(&class),
            ClassSet::Bits(bits) => bits.get(class as usize / 64).is_some_and(|word| word >> (class % 64) & 1 == 1),
            ClassSet::Sorted(sorted) => sorted.binary_search(&class).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class of a prefix dictionary must tell which of the constants a text begins with.
    fn agree(constants: &[&str], texts: &[&str]) {
        let constants: Vec<Constant> = constants.iter().map(|c| Constant::Bytes(c.as_bytes().into())).collect();
        let dictionary = Dictionary::prefix(constants.iter());
        for text in texts {
            let class = dictionary.class(text.as_bytes());
            for constant in &constants {
                let Constant::Bytes(prefix) = constant else { continue };
                let classes = dictionary.classes(std::slice::from_ref(constant));
                assert_eq!(classes.contains(&class), text.as_bytes().starts_with(prefix), "{text} {constant:?}");
            }
        }
    }

    #[test]
    fn prefixes_are_found_whatever_they_have_in_common() {
        let texts =
            ["", "/", "/e", "/etc", "/etc/", "/etc/ssh/x", "/etd", "/dev/null", "/usr/bin/sh", "x", "/\u{ff}", "/ab"];
        agree(&["/etc", "/etc/ssh", "/dev", "/usr/bin", "/usr"], &texts);
        agree(&["/", "/etc"], &texts);
        agree(&["", "/e"], &texts);
        agree(&["/etc/"], &texts);
        agree(&["x", "/etc", "/\u{ff}"], &texts);
        agree(&["/a", "/a/b", "/ab", "/abc"], &texts);
    }
}
