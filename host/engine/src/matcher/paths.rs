//! Path prefixes by whole components, for `pmatch`.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::glob;

/// A set of paths as a tree of components. Every alternative is followed: a component may go on in the branch of its
/// own name and in any number of branches with patterns. A branch stands at one depth, so that each is visited at most
/// once per value.
#[derive(Debug, Default)]
pub(crate) struct PathSet {
    names: HashMap<Box<[u8]>, PathSet, FxBuildHasher>,
    patterns: Vec<(Box<[u8]>, PathSet)>,
    ends: bool,
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|c| !c.is_empty())
}

impl PathSet {
    pub(crate) fn new<'p>(paths: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut set = PathSet::default();
        paths.into_iter().for_each(|path| set.add(path));
        set
    }

    fn add(&mut self, path: &[u8]) {
        let mut at = self;
        for component in components(path) {
            at = if component.iter().any(|b| matches!(b, b'?' | b'*' | b'[')) {
                let index = at.patterns.iter().position(|(p, _)| **p == *component).unwrap_or_else(|| {
                    at.patterns.push((component.into(), PathSet::default()));
                    at.patterns.len() - 1
                });
                &mut at.patterns[index].1
            } else {
                at.names.entry(component.into()).or_default()
            };
        }
        at.ends = true;
    }

    /// Whether one of the paths is the value or a directory above it.
    pub(crate) fn covers(&self, value: &[u8]) -> bool {
        if self.ends {
            return true;
        }
        let start = value.iter().position(|b| *b != b'/').unwrap_or(value.len());
        let value = &value[start..];
        if value.is_empty() {
            return false;
        }
        let end = memchr::memchr(b'/', value).unwrap_or(value.len());
        let (component, rest) = value.split_at(end);
        self.names.get(component).is_some_and(|branch| branch.covers(rest))
            || self.patterns.iter().any(|(p, branch)| glob(p, component, false) && branch.covers(rest))
    }
}
