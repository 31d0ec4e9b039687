//! What a run of cases gave, and its forms.

pub mod coverage;
pub mod json;
pub mod junit;
pub mod style;
pub mod text;
mod totals;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lanner_engine::explain::Part;

use super::diagnostic::{Diagnostic, Place};
use super::expect::Expect;
use super::judge::{Failure, Raised};
use super::row::{Row, Table};

pub use totals::Totals;

/// All files of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order in which they were named.
    pub files: Vec<FileReport>,
    /// Whether mutants were tried.
    pub mutated: bool,
    /// What the cases left untried, if that was asked for.
    pub coverage: Option<coverage::Coverage>,
    /// How long it all took.
    pub elapsed: Duration,
}

/// One case file.
#[derive(Debug)]
pub struct FileReport {
    /// The file.
    pub path: Arc<Path>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// What else kept it from being run.
    pub error: Option<String>,
    /// Its cases, those that the filter left.
    pub cases: Vec<CaseReport>,
    /// The mutants of its rules.
    pub mutants: Vec<MutantReport>,
    /// What its rows came to, rule by rule, if that was asked for; with every other rule that was loaded.
    pub covered: Vec<coverage::RuleCoverage>,
    /// How long it took.
    pub elapsed: Duration,
}

/// One case.
#[derive(Debug)]
pub struct CaseReport {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The rules under test.
    pub rules: Vec<String>,
    /// Its rows.
    pub rows: Vec<RowReport>,
}

/// One row.
#[derive(Debug)]
pub struct RowReport {
    /// The table that it stands in.
    pub table: Table,
    /// Its position there, from 1.
    pub number: usize,
    /// Its own name.
    pub name: Option<String>,
    /// What it sets of its own.
    pub params: Vec<(String, String)>,
    /// Where it stands.
    pub place: Place,
    /// What it was to raise.
    pub expect: Expect,
    /// What it raised, as far as it counts.
    pub raised: Vec<Raised>,
    /// In what the two differ.
    pub failures: Vec<Failure>,
    /// Why rules did or did not fire, of those that failed it.
    pub explained: Vec<Explained>,
    /// Why it could not be run to its end.
    pub error: Option<String>,
    /// Events that rules saw.
    pub events: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Why a rule did or did not fire.
#[derive(Debug)]
pub struct Explained {
    /// The rule.
    pub rule: String,
    /// The event that tells most about it.
    pub what: What,
}

/// The event that tells most about a rule.
#[derive(Debug)]
pub enum What {
    /// None of the row's events is of a type that the rule can be true for.
    NoEvent {
        /// The names of those types.
        wanted: Vec<&'static str>,
    },
    /// This event.
    Event {
        /// Its number.
        number: u64,
        /// Its name.
        name: String,
        /// The step that made it, from 0.
        step: Option<usize>,
        /// The parts of the rule's condition.
        tree: Box<Part>,
    },
}

impl RowReport {
    /// A row that has not been run yet.
    pub fn new(row: &Row) -> Self {
        Self {
            table: row.table,
            number: row.number,
            name: row.name.clone(),
            params: row.params.clone(),
            place: row.place.clone(),
            expect: row.expect.clone(),
            raised: Vec::new(),
            failures: Vec::new(),
            explained: Vec::new(),
            error: None,
            events: 0,
            elapsed: Duration::ZERO,
        }
    }

    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.error.is_none() && self.failures.is_empty()
    }

    /// Which row of its case it is: `fires 2 (path=/etc/gshadow)`; empty for the case's own.
    pub fn label(&self) -> String {
        if self.table == Table::Base {
            return String::new();
        }
        let label = format!("{} {}", self.table.name(), self.number);
        match (&self.name, self.params.as_slice()) {
            (Some(name), _) => format!("{label} ({name})"),
            (None, []) => label,
            (None, params) => {
                let params: Vec<String> = params.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("{label} ({})", params.join(", "))
            }
        }
    }
}

/// A rule without one part of its condition, and what the cases made of it.
#[derive(Clone, Debug)]
pub struct MutantReport {
    /// The rule.
    pub rule: String,
    /// The part that was left out.
    pub without: String,
    /// Its fate.
    pub fate: Fate,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Some case failed with it.
    Noticed,
    /// All cases passed with it.
    Survived,
    /// All cases passed with it, and the file says why that must be so.
    Explained(String),
}

impl FileReport {
    /// A file that has not been run yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            diagnostics: Vec::new(),
            error: None,
            cases: Vec::new(),
            mutants: Vec::new(),
            covered: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }

    /// Whether the file could not be run.
    pub fn is_wrong(&self) -> bool {
        use super::diagnostic::Gravity;
        self.error.is_some() || self.diagnostics.iter().any(|finding| finding.gravity == Gravity::Error)
    }

    /// Whether every row passed.
    pub fn passed(&self) -> bool {
        !self.is_wrong() && self.cases.iter().flat_map(|case| &case.rows).all(RowReport::passed)
    }
}
