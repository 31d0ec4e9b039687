//! Lists of parts that copies of a tree have in common.

use std::ops::Deref;
use std::sync::Arc;

/// A list that its clones share until one of them is changed: a macro stands in the conditions of very many rules, and so does
/// what it consists of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shared<T>(Arc<[T]>);

impl<T> Shared<T> {
    /// Whether there is another clone.
    pub fn has_clones(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Where the list stands in memory: the same for all clones, and for nothing else while one of them lives.
    pub fn address(&self) -> *const T {
        self.0.as_ptr()
    }
}

impl<T: Clone> Shared<T> {
    /// The list, to change it: a copy of its own unless it has no clones.
    pub fn to_mut(&mut self) -> &mut [T] {
        Arc::make_mut(&mut self.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for Shared<T> {
    fn from(list: Vec<T>) -> Self {
        Shared(list.into())
    }
}

impl<T> FromIterator<T> for Shared<T> {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        Shared(list.into_iter().collect())
    }
}

impl<'s, T> IntoIterator for &'s Shared<T> {
    type Item = &'s T;
    type IntoIter = std::slice::Iter<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_that_is_changed_parts_from_the_others() {
        let one = Shared::from(vec![1, 2]);
        assert!(!one.has_clones());
        let mut other = one.clone();
        assert!(one.has_clones() && one.address() == other.address());
        other.to_mut()[0] = 3;
        assert_eq!((&*one, &*other), (&[1, 2][..], &[3, 2][..]));
        assert!(!one.has_clones() && one.address() != other.address());
    }
}
