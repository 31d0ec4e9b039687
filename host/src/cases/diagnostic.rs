//! What is wrong with a case file, and where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lanner_engine::yaml::Mark;

/// How much a [`Diagnostic`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// The file cannot be run.
    Error,
    /// It can, but probably not as its author thinks.
    Warning,
}

/// Something to tell about a case file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub gravity: Gravity,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line of the file, if it could be read.
    pub line: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: Arc<Path>,
    /// Where in it, counted from 0.
    pub mark: Mark,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.mark.line + 1, self.mark.column + 1)
    }
}

/// The longest part of a line that is shown.
const SHOWN: usize = 160;

impl fmt::Display for Diagnostic {
    /// `path:line:column: error: message`, then the line with a caret and the remedy, each indented.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gravity = match self.gravity {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
        };
        write!(f, "{}: {gravity}: {}", self.place, self.message)?;
        if let Some(line) = &self.line {
            let column = self.place.mark.column as usize;
            let before = line.get(..column).map_or(0, |before| before.chars().count());
            if before < SHOWN {
                let shown: String = line.chars().take(SHOWN).collect();
                write!(f, "\n    {}\n    {}^", shown.replace('\t', " "), " ".repeat(before))?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n    help: {help}")?;
        }
        Ok(())
    }
}

/// Collects what is found in one file.
#[derive(Debug)]
pub struct Findings {
    path: Arc<Path>,
    text: Arc<str>,
    found: Vec<Diagnostic>,
}

/// After so many findings in one file nobody reads on.
const ENOUGH: usize = 100;

impl Findings {
    /// Nothing found yet in the file of this path and text.
    pub fn new(path: PathBuf, text: &str) -> Self {
        Self { path: path.into(), text: text.into(), found: Vec::new() }
    }

    /// A place in the file.
    pub fn place(&self, mark: Mark) -> Place {
        Place { path: Arc::clone(&self.path), mark }
    }

    fn add(&mut self, gravity: Gravity, mark: Mark, message: String, help: Option<String>) {
        let line = self.text.lines().nth(mark.line as usize).map(str::to_owned);
        let finding = Diagnostic { gravity, place: self.place(mark), message, help, line };
        // A table repeats the mistake of its case in every row.
        if self.found.len() < ENOUGH && !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    /// The file cannot be run.
    pub fn error(&mut self, mark: Mark, message: impl Into<String>, help: Option<String>) {
        self.add(Gravity::Error, mark, message.into(), help);
    }

    /// The file can be run, but something is doubtful.
    pub fn warning(&mut self, mark: Mark, message: impl Into<String>, help: Option<String>) {
        self.add(Gravity::Warning, mark, message.into(), help);
    }

    /// Whether the file cannot be run.
    pub fn failed(&self) -> bool {
        self.found.iter().any(|finding| finding.gravity == Gravity::Error)
    }

    /// Everything, in the order of the file.
    pub fn into_vec(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|finding| finding.place.mark);
        self.found
    }
}

/// `did you mean '…'?`, if one of the names could have been meant.
pub fn did_you_mean<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    // Long texts are no misspelt names, and comparing them costs their length squared.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(&word, &name.to_lowercase()), name));
    let best = scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!("did you mean '{}'?", best.1))
}
