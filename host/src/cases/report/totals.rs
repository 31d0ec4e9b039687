//! A run in numbers, and what its files say of each other's mutants.

use std::collections::HashMap;

use super::{Fate, Report};

/// How many there were of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files.
    pub files: usize,
    /// Files that could not be run.
    pub wrong: usize,
    /// Cases.
    pub cases: usize,
    /// Rows.
    pub rows: usize,
    /// Rows that failed.
    pub failed: usize,
    /// Rows that could not be run to their end.
    pub broken: usize,
    /// Mutants.
    pub mutants: usize,
    /// Mutants that survived without explanation.
    pub survived: usize,
    /// Mutants that survived with an explanation.
    pub explained: usize,
}

impl Totals {
    /// Rows that passed.
    pub fn passed(&self) -> usize {
        self.rows - self.failed - self.broken
    }
}

impl Report {
    /// Lets each file know what others noticed: a rule may have cases in several files. A mutant that more than one file
    /// has stays with the first.
    pub fn reconcile(&mut self) {
        let mut fates: HashMap<(String, String), Fate> = HashMap::new();
        for mutant in self.files.iter().flat_map(|file| &file.mutants) {
            let known = fates.entry((mutant.rule.clone(), mutant.without.clone())).or_insert(Fate::Survived);
            if *known != Fate::Noticed && mutant.fate != Fate::Survived {
                *known = mutant.fate.clone();
            }
        }
        for file in &mut self.files {
            file.mutants.retain_mut(|mutant| match fates.remove(&(mutant.rule.clone(), mutant.without.clone())) {
                Some(fate) => {
                    mutant.fate = fate;
                    true
                }
                None => false,
            });
        }
    }

    /// Everything counted.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { files: self.files.len(), ..Totals::default() };
        for file in &self.files {
            totals.wrong += usize::from(file.is_wrong());
            totals.cases += file.cases.len();
            for row in file.cases.iter().flat_map(|case| &case.rows) {
                totals.rows += 1;
                totals.broken += usize::from(row.error.is_some());
                totals.failed += usize::from(row.error.is_none() && !row.failures.is_empty());
            }
            totals.mutants += file.mutants.len();
            totals.explained += file.mutants.iter().filter(|m| matches!(m.fate, Fate::Explained(_))).count();
            totals.survived += file.mutants.iter().filter(|mutant| mutant.fate == Fate::Survived).count();
        }
        totals
    }
}
