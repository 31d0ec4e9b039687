//! What was found, for people and for programs; the text is laid out as that of `lanner check`.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Word, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Checked, Finding, Level, Source};

impl Level {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Checked {
    /// All findings and the verdict; `styled` with the escape sequences of terminals.
    pub fn text(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for finding in &self.findings {
            out.push_str(&renderer.render(&[self.group(finding)]));
            out.push_str("\n\n");
        }
        out + &self.verdict() + "\n"
    }

    /// `2 errors, 1 warning in 3 files`.
    pub fn verdict(&self) -> String {
        let count = |number: usize, what: &str| match number {
            0 => format!("no {what}s"),
            1 => format!("1 {what}"),
            _ => format!("{number} {what}s"),
        };
        let (errors, warnings) = (self.count(Level::Error), self.count(Level::Warning));
        format!("{}, {} in {}", count(errors, "error"), count(warnings, "warning"), count(self.files, "file"))
    }

    /// One object with all findings; lines and columns count from 1, a column being one character.
    pub fn json(&self) -> Value {
        let findings = self.findings.iter().filter_map(|finding| {
            let source = self.sources.get(finding.source)?;
            let (line, column) = source.position(finding.span.start);
            Some(json!({
                "level": finding.level.as_str(), "code": finding.code, "message": finding.message, "help": finding.help,
                "file": source.name, "line": line, "column": column,
            }))
        });
        let findings: Vec<Value> = findings.collect();
        json!({
            "findings": findings, "errors": self.count(Level::Error), "warnings": self.count(Level::Warning),
            "files": self.sources.iter().take(self.files).map(|source| source.name.as_str()).collect::<Vec<_>>(),
        })
    }

    fn group<'a>(&'a self, finding: &'a Finding) -> Group<'a> {
        let word = match finding.level {
            Level::Error => Word::ERROR,
            Level::Warning => Word::WARNING,
            Level::Note => Word::NOTE,
        };
        let mut group = word.primary_title(finding.message.as_str()).id(finding.code).elements([] as [Origin<'_>; 0]);
        if let Some(source) = self.sources.get(finding.source) {
            group = match source.snippet(finding.span.clone()) {
                Some(snippet) => group.element(snippet),
                None => group.element(Origin::path(source.name.as_str())),
            };
        }
        match &finding.help {
            Some(help) => group.element(Word::HELP.message(help.as_str())),
            None => group,
        }
    }
}

impl Source {
    fn position(&self, offset: usize) -> (usize, usize) {
        let mark = self.lines.mark(offset);
        let start = (mark.offset - mark.column) as usize;
        let before = self.text.get(start..mark.offset as usize).unwrap_or_default();
        (mark.line as usize + 1, before.chars().count() + 1)
    }

    /// The line that the bytes stand in. What has a beginning only reaches to the end of the line or to a comment.
    fn snippet(&self, at: Range<usize>) -> Option<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let line = self.text.get(..at.start)?.rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text.get(at.start..)?.find(['\n', '\r']).map_or(self.text.len(), |n| at.start + n);
        let source = self.text.get(line..end)?;
        if source.is_empty() {
            return None;
        }
        let shown = self.text.get(at.start..end)?;
        let rest = shown.find(" #").map_or(shown, |comment| shown.get(..comment).unwrap_or(shown)).trim_end();
        let until = if at.end > at.start { at.end.min(end) } else { at.start + rest.len() };
        let annotation = AnnotationKind::Primary.span(at.start - line..until - line);
        let number = self.position(at.start).0;
        Some(Snippet::source(source).line_start(number).path(self.name.as_str()).annotation(annotation))
    }
}
