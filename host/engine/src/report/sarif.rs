//! As SARIF 2.1.0, the interchange format of code scanners.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::{Finding, Position, Report};
use crate::load::{FileRange, Files};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

impl Report<'_> {
    /// One SARIF log with one run; `version` is the program's.
    pub fn sarif(&self, version: &str) -> Value {
        let mut codes: BTreeMap<&str, &Finding> = BTreeMap::new();
        for f in &self.findings {
            codes.entry(f.code).or_insert(f);
        }
        let index = |code: &str| codes.keys().position(|known| *known == code);
        let rules: Vec<Value> = codes.values().map(|f| rule(f)).collect();
        let results: Vec<Value> = self.findings.iter().map(|f| result(f, index(f.code), self.files)).collect();
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "lanner check",
                    "version": version,
                    "informationUri": "https://github.com/lanner-security/lanner",
                    "rules": rules,
                } },
                "columnKind": "unicodeCodePoints",
                "artifacts": self.checked.iter().map(|name| json!({ "location": { "uri": uri(name) } })).collect::<Vec<_>>(),
                "results": results,
            }],
        })
    }
}

fn rule(f: &Finding) -> Value {
    json!({
        "id": f.code,
        "shortDescription": { "text": f.summary.split(": field '").next().unwrap_or(&f.summary) },
        "fullDescription": { "text": f.why },
        "defaultConfiguration": { "level": f.level.as_str() },
    })
}

fn result(f: &Finding, index: Option<usize>, files: &Files) -> Value {
    let text = match &f.help {
        Some(help) => format!("{}\n{help}", f.message),
        None => f.message.clone(),
    };
    let mut place = location(f.at, files);
    if let Some((kind, name)) = &f.item {
        place["logicalLocations"] = json!([{ "name": name, "kind": kind.as_str() }]);
    }
    let related: Vec<Value> = f
        .related
        .iter()
        .enumerate()
        .map(|(i, related)| {
            let mut place = location(related.at, files);
            place["id"] = (i + 1).into();
            place["message"] = json!({ "text": related.message });
            place
        })
        .collect();
    let mut out = json!({
        "ruleId": f.code,
        "level": f.level.as_str(),
        "message": { "text": text },
        "locations": [place],
    });
    if let Some(index) = index {
        out["ruleIndex"] = index.into();
    }
    if !related.is_empty() {
        out["relatedLocations"] = related.into();
    }
    out
}

fn location(at: FileRange, files: &Files) -> Value {
    let (start, end) = (Position::of(files, at.file, at.start), Position::of(files, at.file, at.end));
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(files.name(at.file)) },
        "region": {
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        },
    } })
}

/// A path as a reference: relative ones stay relative, so that they mean the same in the repository.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
