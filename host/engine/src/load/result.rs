//! What loading a file gave: errors and warnings, and their text and JSON.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::code::{DeprecatedField, ErrorCode, LintCode, WarningCode};
use super::context::{Context, FileRange};
use super::source::Files;

/// What a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The rules do not load.
    Error(ErrorCode),
    /// They do, but something is doubtful.
    Warning(WarningCode),
    /// [`WarningCode::DeprecatedItem`] for a field.
    DeprecatedField(DeprecatedField),
    /// Advice that is none of the established warnings: the established forms leave it out.
    Lint(LintCode),
}

/// Something to tell about a rules file.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// What it is.
    pub severity: Severity,
    /// What is wrong; may be empty where the code says all.
    pub message: String,
    /// Where. Its [`Context::place`] is exact also within conditions, through folding and escapes.
    pub context: Context,
    /// What was probably meant, if that can be guessed: shown to people, not part of the established forms.
    pub help: Option<String>,
    /// The place for people, where it is narrower than the context's.
    pub at: Option<FileRange>,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
}

/// A place that a diagnostic also refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// Where.
    pub at: FileRange,
}

/// The name most like `text`, if there is one that could have been meant.
pub fn similar<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Long texts are no misspelt names, and comparing them costs their length squared.
    if text.len() > 64 {
        return None;
    }
    let scored = names.map(|name| (strsim::jaro_winkler(text, name), name)).filter(|(score, _)| *score > 0.85);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

impl Diagnostic {
    /// A diagnostic without guesses and further places.
    pub fn new(severity: Severity, message: impl Into<String>, context: &Context) -> Self {
        let (message, context) = (message.into(), context.clone());
        Diagnostic { severity, message, context, help: None, at: None, related: Vec::new() }
    }

    /// Whether it is one of the established warnings.
    pub fn is_warning(&self) -> bool {
        matches!(self.severity, Severity::Warning(_) | Severity::DeprecatedField(_))
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error(_))
    }

    /// The code as programs compare it.
    pub fn code(&self) -> &'static str {
        match self.severity {
            Severity::Error(code) => code.as_str(),
            Severity::Warning(code) => code.as_str(),
            Severity::DeprecatedField(_) => WarningCode::DeprecatedItem.as_str(),
            Severity::Lint(code) => code.as_str(),
        }
    }

    /// What it is about, in a sentence or two.
    pub fn description(&self) -> &'static str {
        match self.severity {
            Severity::Error(code) => code.description(),
            Severity::Warning(code) => code.description(),
            Severity::DeprecatedField(_) => WarningCode::DeprecatedItem.description(),
            Severity::Lint(code) => code.description(),
        }
    }

    /// A few words for people.
    pub fn summary(&self) -> String {
        match self.severity {
            Severity::Error(code) => code.summary().to_owned(),
            Severity::Warning(code) => code.summary().to_owned(),
            Severity::DeprecatedField(field) => {
                format!("{}: field '{}'", WarningCode::DeprecatedItem.summary(), field.as_str())
            }
            Severity::Lint(code) => code.summary().to_owned(),
        }
    }

    /// As JSON. Of an error the description is the short one; the established readers expect it so.
    pub fn json(&self, files: &Files) -> Value {
        let desc = match self.severity {
            Severity::Error(code) => code.summary(),
            _ => self.description(),
        };
        let mut out = json!({
            "code": self.code(), "codedesc": desc, "message": self.message, "context": self.context.json(files),
        });
        if let (Severity::DeprecatedField(field), Some(map)) = (self.severity, out.as_object_mut()) {
            map.insert("deprecated_field".to_owned(), field.as_str().into());
        }
        out
    }

    fn verbose(&self, files: &Files, out: &mut String) {
        let context = self.context.text(files);
        let snippet = self.context.snippet(files);
        let _ = writeln!(out, "{context}------\n{snippet}------");
        let _ = writeln!(out, "{} ({}): {}", self.code(), self.summary(), self.message);
    }
}

/// The result of loading one file on top of the files before it.
#[derive(Debug, Clone)]
pub struct LoadResult {
    /// The file's name.
    pub name: Arc<str>,
    /// The file's number in [`Files`].
    pub file: u32,
    /// Everything that was found, in the order it was found.
    pub diagnostics: Vec<Diagnostic>,
    /// How many of them come from reading this file; the others are about everything loaded so far.
    pub read: usize,
    /// What the check against the rules' JSON schema said: `None` if there was no check, empty if it passed.
    pub schema_warnings: Option<Vec<String>>,
}

impl LoadResult {
    /// Whether there is no error.
    pub fn successful(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Whether there is a warning.
    pub fn has_warnings(&self) -> bool {
        self.warnings().next().is_some()
    }

    /// The errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.is_error())
    }

    /// The established warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.is_warning())
    }

    /// `ok`, the first thing that the schema check found, or `none` if there was no check.
    pub fn schema_validation(&self) -> &str {
        match &self.schema_warnings {
            None => "none",
            Some(warnings) => warnings.first().map_or("ok", String::as_str),
        }
    }

    fn verdict(&self) -> String {
        let verdict = match (self.successful(), self.has_warnings()) {
            (true, false) => "Ok",
            (true, true) => "Ok, with warnings",
            (false, _) => "Invalid",
        };
        match &*self.name {
            "" => verdict.to_owned(),
            name => format!("{name}: {verdict}"),
        }
    }

    /// Everything, with places and snippets.
    pub fn text(&self, files: &Files) -> String {
        let mut out = self.verdict();
        if let Some(warnings) = self.schema_warnings.as_ref().filter(|w| !w.is_empty()) {
            let _ = writeln!(out, "\n{} Schema warnings:", warnings.len());
            for warning in warnings {
                let _ = writeln!(out, "------\n{warning}");
            }
            out.push_str("------\n");
        }
        let count = self.errors().count();
        if count > 0 {
            let _ = writeln!(out, "\n{count} Errors:");
            self.errors().for_each(|d| d.verbose(files, &mut out));
        }
        let count = self.warnings().count();
        if count > 0 {
            let _ = writeln!(out, "\n{count} Warnings:");
            self.warnings().for_each(|d| d.verbose(files, &mut out));
        }
        out
    }

    /// The verdict and the codes.
    pub fn summary(&self) -> String {
        let mut out = self.verdict();
        if let Some(warnings) = self.schema_warnings.as_ref().filter(|w| !w.is_empty()) {
            let _ = write!(out, "\n {} schema warnings: [{}]", warnings.len(), warnings.join(" "));
        }
        let codes = |found: Vec<&Diagnostic>| {
            let codes: Vec<String> = found.iter().map(|d| format!("{} ({})", d.code(), d.summary())).collect();
            codes.join(" ")
        };
        let errors: Vec<&Diagnostic> = self.errors().collect();
        if !errors.is_empty() {
            let _ = write!(out, "\n {} errors: [{}]", errors.len(), codes(errors));
        }
        let warnings: Vec<&Diagnostic> = self.warnings().collect();
        if !warnings.is_empty() {
            let _ = write!(out, "\n {} warnings: [{}]", warnings.len(), codes(warnings));
        }
        out
    }

    /// As one entry of `falco_load_results`.
    pub fn json(&self, files: &Files) -> Value {
        let mut out = json!({
            "name": &*self.name,
            "successful": self.successful(),
            "errors": self.errors().map(|d| d.json(files)).collect::<Vec<_>>(),
            "warnings": self.warnings().map(|d| d.json(files)).collect::<Vec<_>>(),
        });
        if let (Some(warnings), Some(map)) = (&self.schema_warnings, out.as_object_mut()) {
            map.insert("schema_valid".to_owned(), warnings.is_empty().into());
            map.insert("schema_warnings".to_owned(), warnings.clone().into());
        }
        out
    }
}
