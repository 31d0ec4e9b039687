//! One lookup for all equality tests of a text source: the text is looked up once per event, which gives it a class,
//! and each test asks only whether the class is in its set.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::check::typed::Constant;

/// The number of a constant in its dictionary; 0 is every text that is no constant.
pub(super) type Class = u32;

/// The constants of all equality tests of one source.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    classes: HashMap<Box<[u8]>, Class, FxBuildHasher>,
}

impl Dictionary {
    /// The classes of these constants, which are added if they are new.
    pub(super) fn add(&mut self, constants: &[Constant]) -> Vec<Class> {
        let mut classes = Vec::with_capacity(constants.len());
        for constant in constants {
            let Constant::Bytes(bytes) = constant else { continue };
            let next = self.classes.len() as Class + 1;
            classes.push(*self.classes.entry_ref(&**bytes).or_insert(next));
        }
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    #[inline]
    pub(super) fn class(&self, text: &[u8]) -> Class {
        self.classes.get(text).copied().unwrap_or(0)
    }
}

/// A set of classes, in the form that is cheapest to ask.
#[derive(Debug)]
pub(super) enum ClassSet {
    One(Class),
    Few(Box<[Class]>),
    Bits(Box<[u64]>),
}

impl ClassSet {
    /// From classes in rising order.
    pub(super) fn new(classes: &[Class]) -> Self {
        match classes {
            [one] => ClassSet::One(*one),
            few if few.len() <= 4 => ClassSet::Few(few.into()),
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
        }
    }
}
