//! For people: the source line with a caret, why, and a remedy.

use annotate_snippets::{AnnotationKind, Group, Level as Word, Origin, Renderer, Snippet};

use super::{Finding, Level, Position, Report};
use crate::load::{FileRange, Files};

impl Report<'_> {
    /// All findings and the verdict; `styled` with the escape sequences of terminals.
    pub fn text(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for finding in &self.findings {
            out.push_str(&renderer.render(&[group(finding, self.files)]));
            out.push_str("\n\n");
        }
        out.push_str(&self.verdict());
        out.push('\n');
        out
    }
}

fn group<'a>(finding: &'a Finding, files: &'a Files) -> Group<'a> {
    let word = match finding.level {
        Level::Error => Word::ERROR,
        Level::Warning => Word::WARNING,
        Level::Note => Word::NOTE,
    };
    let mut group = word.primary_title(finding.message.as_str()).id(finding.code).elements([] as [Origin<'_>; 0]);
    let label =
        finding.item.as_ref().filter(|_| !finding.at_item).map(|(kind, name)| format!("in {} '{name}'", kind.as_str()));
    group = match snippet(finding.at, label, AnnotationKind::Primary, files) {
        Some(snippet) => group.element(snippet),
        None => group.element(Origin::path(files.name(finding.at.file))),
    };
    for related in &finding.related {
        let label = Some(related.message.clone());
        if let Some(snippet) = snippet(related.at, label, AnnotationKind::Context, files) {
            group = group.element(snippet);
        }
    }
    group = group.element(Word::NOTE.message(finding.why));
    match &finding.help {
        Some(help) => group.element(Word::HELP.message(help.as_str())),
        None => group,
    }
}

/// The one line that the range is in: handing over whole files would cost their length for each finding.
fn snippet<'a>(
    at: FileRange,
    label: Option<String>,
    kind: AnnotationKind,
    files: &'a Files,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let text = files.text(at.file);
    let (start, end) = (at.start as usize, at.end as usize);
    let line = text.get(..start)?.rfind('\n').map_or(0, |n| n + 1);
    let line_end = text.get(start..)?.find(['\n', '\r']).map_or(text.len(), |n| start + n);
    let source = text.get(line..line_end)?;
    if source.is_empty() {
        return None;
    }
    let span = start - line..end.min(line_end) - line;
    let number = Position::of(files, at.file, at.start).line;
    let annotation = kind.span(span).label(label);
    Some(Snippet::source(source).line_start(number).path(files.name(at.file)).annotation(annotation))
}
