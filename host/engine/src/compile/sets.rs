//! Sets of classes that values were found to have, each with a number, so that what depends on a set can be kept by it.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::dict::Class;

/// How many sets are known at most. Nearly all values have no token or one; whoever makes up values could have more.
const MOST: usize = 1 << 14;

/// The sets met so far. Number 0 is the empty one.
#[derive(Debug, Default)]
pub(super) struct Sets {
    numbers: HashMap<Box<[Class]>, Class, FxBuildHasher>,
    sets: Vec<Box<[Class]>>,
}

impl Sets {
    /// The number of the set of these classes; `classes` is put in order.
    pub(super) fn number(&mut self, classes: &mut Vec<Class>) -> Class {
        if classes.is_empty() {
            return 0;
        }
        classes.sort_unstable();
        classes.dedup();
        if let Some(number) = self.numbers.get(classes.as_slice()) {
            return *number;
        }
        self.sets.push(classes.as_slice().into());
        let number = self.sets.len() as Class;
        self.numbers.insert(classes.as_slice().into(), number);
        number
    }

    /// The classes of the set with this number.
    pub(super) fn get(&self, number: Class) -> &[Class] {
        (number as usize).checked_sub(1).and_then(|at| self.sets.get(at)).map_or(&[], |set| set)
    }

    /// Whether there are so many that all that was kept by their numbers should be forgotten with them.
    #[inline]
    pub(super) fn are_many(&self) -> bool {
        self.sets.len() >= MOST
    }
}
