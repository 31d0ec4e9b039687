//! As one JSON object, for programs that know Lanner.

use serde_json::{Value, json};

use super::{Finding, Level, Position, Report};
use crate::load::{FileRange, Files};

impl Report<'_> {
    /// The findings as JSON. Keys may be added, never changed.
    pub fn json(&self) -> Value {
        json!({
            "version": 1,
            "files": self.checked.iter().map(|name| &**name).collect::<Vec<_>>(),
            "errors": self.count(Level::Error),
            "warnings": self.count(Level::Warning),
            "findings": self.findings.iter().map(|f| finding(f, self.files)).collect::<Vec<_>>(),
        })
    }
}

fn finding(f: &Finding, files: &Files) -> Value {
    let mut out = json!({
        "level": f.level.as_str(),
        "code": f.code,
        "message": f.message,
        "why": f.why,
        "help": f.help,
        "item": f.item.as_ref().map(|(kind, name)| json!({ "kind": kind.as_str(), "name": name })),
        "related": f.related.iter().map(|r| with_place(json!({ "message": r.message }), r.at, files)).collect::<Vec<_>>(),
    });
    out = with_place(out, f.at, files);
    out
}

fn with_place(mut object: Value, at: FileRange, files: &Files) -> Value {
    object["file"] = files.name(at.file).into();
    object["start"] = Position::of(files, at.file, at.start).json();
    object["end"] = Position::of(files, at.file, at.end).json();
    object
}
