//! What loading and linting found, for people and for other programs: text with the source line and a caret, JSON, SARIF and
//! the commands of GitHub workflows. Strings in, strings out: an editor uses it as `lanner check` does.

mod advice;
mod diff;
mod github;
mod json;
mod place;
mod sarif;
mod text;

use std::collections::HashSet;
use std::sync::Arc;

pub use diff::diff;
pub use place::Position;

use self::advice::remedy;
use crate::load::{Diagnostic, FileRange, Files, ItemKind, LoadResult, Related, Severity};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The rules do not load.
    Error,
    /// They do, but something is doubtful.
    Warning,
    /// Nothing is wrong; somebody asked.
    Note,
}

impl Level {
    /// The word that every form uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// One thing to tell, with everything that a form may show.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// The stable code.
    pub code: &'static str,
    /// A few words for the code.
    pub summary: String,
    /// What is wrong here.
    pub message: String,
    /// Why that is wrong, whatever the place.
    pub why: &'static str,
    /// What to do about it.
    pub help: Option<String>,
    /// Where; never empty unless the file is.
    pub at: FileRange,
    /// The list, macro or rule around it.
    pub item: Option<(ItemKind, Box<str>)>,
    /// Whether the place is the beginning of that item, so that it shows the name itself.
    pub at_item: bool,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
}

/// All findings about a set of files.
#[derive(Debug)]
pub struct Report<'f> {
    files: &'f Files,
    checked: Vec<Arc<str>>,
    findings: Vec<Finding>,
}

impl<'f> Report<'f> {
    /// Puts the results of files together, in the order they were loaded, with further diagnostics about all of them.
    ///
    /// Loading looks at everything once more after each file. What it says twice is told once; what it only said before
    /// a later file was there (a macro is not used yet) is told only if it is an error, because the file has to load
    /// without the later one.
    pub fn new(files: &'f Files, results: &[LoadResult], lints: Vec<Diagnostic>) -> Self {
        let mut findings = Vec::new();
        for (i, result) in results.iter().enumerate() {
            let last = i + 1 == results.len();
            let told = result.diagnostics.iter().enumerate();
            let lasting = told.filter(|(at, d)| last || *at < result.read || d.is_error());
            findings.extend(lasting.map(|(_, d)| finding(d, files)));
        }
        findings.extend(lints.iter().map(|lint| finding(lint, files)));
        let mut seen = HashSet::new();
        findings.retain(|f| seen.insert((f.code, f.at, f.message.clone())));
        findings.sort_by_key(|f| (f.at.file, f.at.start, f.level, f.at.end));
        let checked = results.iter().map(|result| result.name.clone()).collect();
        Report { files, checked, findings }
    }

    /// Leaves out warnings of these codes.
    pub fn allow(&mut self, codes: &[String]) {
        self.findings.retain(|f| f.level == Level::Error || !codes.iter().any(|code| code == f.code));
    }

    /// Keeps the errors only.
    pub fn errors_only(&mut self) {
        self.findings.retain(|f| f.level == Level::Error);
    }

    /// The findings, by file and place.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many there are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|f| f.level == level).count()
    }

    /// `2 errors, 1 warning in 3 files`.
    pub fn verdict(&self) -> String {
        let count = |number: usize, what: &str| match number {
            0 => format!("no {what}s"),
            1 => format!("1 {what}"),
            _ => format!("{number} {what}s"),
        };
        let (errors, warnings) = (self.count(Level::Error), self.count(Level::Warning));
        format!("{}, {} in {}", count(errors, "error"), count(warnings, "warning"), count(self.checked.len(), "file"))
    }
}

fn finding(d: &Diagnostic, files: &Files) -> Finding {
    let widen = |at| place::widen(at, files);
    let related = d.related.iter().map(|r| Related { message: r.message.clone(), at: widen(r.at) });
    let at = widen(d.at.unwrap_or_else(|| d.context.place().into()));
    Finding {
        level: match d.severity {
            _ if d.is_error() => Level::Error,
            Severity::Lint(code) if code.is_note() => Level::Note,
            _ => Level::Warning,
        },
        code: d.code(),
        summary: d.summary(),
        message: if d.message.is_empty() { d.summary() } else { d.message.clone() },
        why: d.description(),
        help: d.help.clone().or_else(|| remedy(d).map(str::to_owned)),
        at,
        item: d.context.named().map(|(kind, name, _)| (kind, name.into())),
        at_item: d.context.named().is_some_and(|(_, _, place)| place.file == at.file && place.start.offset == at.start),
        related: related.collect(),
    }
}
