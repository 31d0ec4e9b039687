//! What conditions of one source have in common: checked once, and in memory once.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use super::Condition;
use super::error::CheckError;
use super::events::{Reach, reached};
use super::failure;
use super::lint::{Lint, lints_of};
use super::operand::suggest;
use super::typed::{Atom, Node};
use crate::ast::{Expr, Shared};
use crate::scheme::Scheme;

/// Checks conditions of one source. A group that stands in several of them, as macros do, is looked at once.
#[derive(Debug)]
pub(crate) struct Checker<'s> {
    pub(super) scheme: &'s Scheme,
    pub(super) memo: Memo,
}

impl<'s> Checker<'s> {
    /// A checker that has seen nothing yet.
    pub(crate) fn new(scheme: &'s Scheme) -> Self {
        Checker { scheme, memo: Memo::default() }
    }

    /// [`Condition::check`].
    ///
    /// # Errors
    /// The first thing that does not fit, from left to right.
    pub(crate) fn check(&mut self, expr: &Expr) -> Result<Condition, CheckError> {
        let root = self.node(expr).map_err(|error| suggest(error, self.scheme))?;
        let reach = reached(expr, false, self.scheme, &mut self.memo);
        let failures = reach.codes & failure::codes(&root, true, self.scheme);
        Ok(Condition { root, reach, failures })
    }

    /// The suspicious constants of a condition, from left to right.
    pub(crate) fn lints(&mut self, expr: &Expr) -> Vec<Lint> {
        let mut found = Vec::new();
        lints_of(expr, self.scheme, &mut self.memo, &mut found);
        found
    }
}

/// A group of parts by its place in memory, and whether all of them must hold.
type Key = (usize, bool);

/// What groups with clones came to, and all distinct comparisons.
#[derive(Debug, Default)]
pub(super) struct Memo {
    groups: HashMap<Key, Known, FxBuildHasher>,
    atoms: HashSet<Arc<Atom>, FxBuildHasher>,
}

#[derive(Debug)]
pub(super) struct Known {
    /// Keeps the place from being used for anything else.
    _parts: Shared<Expr>,
    pub(super) node: Option<Node>,
    /// As it stands, and negated.
    pub(super) reach: [Option<Reach>; 2],
    pub(super) lints: Option<Box<[Lint]>>,
}

impl Memo {
    /// What is known of a group.
    pub(super) fn get(&self, parts: &Shared<Expr>, all: bool) -> Option<&Known> {
        self.groups.get(&key(parts, all))
    }

    /// Remembers something of a group, if anybody else may ask.
    pub(super) fn learn(&mut self, parts: &Shared<Expr>, all: bool, what: impl FnOnce(&mut Known)) {
        if parts.has_clones() {
            let none = || Known { _parts: parts.clone(), node: None, reach: [None; 2], lints: None };
            what(self.groups.entry(key(parts, all)).or_insert_with(none));
        }
    }

    /// The one comparison in memory that equals this one.
    pub(super) fn atom(&mut self, atom: Atom) -> Arc<Atom> {
        match self.atoms.get(&atom) {
            Some(known) => Arc::clone(known),
            None => {
                let atom = Arc::new(atom);
                self.atoms.insert(Arc::clone(&atom));
                atom
            }
        }
    }
}

fn key(parts: &Shared<Expr>, all: bool) -> Key {
    (parts.address().addr(), all)
}
