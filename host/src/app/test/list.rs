//! `lanner test --list`: which cases there are.

use std::fmt::Write as _;
use std::path::PathBuf;

use regex::Regex;
use serde_json::json;

use super::Bench;
use crate::app::cli::ReportFormat;
use crate::app::error::AppError;
use crate::app::process::print_stdout;
use crate::cases::file;

/// Prints the cases of the files, or as JSON. Files that cannot be read are named on the way out.
pub(super) fn print(
    files: &[PathBuf],
    sources: &[&str],
    filter: Option<&Regex>,
    format: ReportFormat,
) -> Result<(), AppError> {
    let mut text = String::new();
    let mut list = Vec::new();
    let mut wrong = Vec::new();
    for path in files {
        let source = std::fs::read(path).map_err(|error| AppError::Cases(format!("{}: {error}", path.display())))?;
        let (read, findings) = file::read(path, &String::from_utf8_lossy(&source), sources);
        let Some(read) = read else {
            wrong.extend(findings.iter().map(ToString::to_string));
            continue;
        };
        for case in read.cases.iter().filter(|case| Bench::wanted(filter, case)) {
            let rules: Vec<&str> = case.rules.iter().map(|(rule, _)| rule.as_str()).collect();
            let rows = case.rows.len();
            let s = if rows == 1 { "" } else { "s" };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}  {}  ({rows} row{s})", case.place, case.name);
            list.push(json!({
                "path": path.display().to_string(), "line": case.place.mark.line + 1, "name": case.name,
                "source": read.source.name, "rules": rules, "rows": rows,
            }));
        }
    }
    match format {
        ReportFormat::Text => print_stdout(&text),
        ReportFormat::Json => print_stdout(&format!("{:#}\n", serde_json::Value::from(list))),
        ReportFormat::Junit => {
            return Err(AppError::Cases("--list is text or JSON: JUnit reports what has been run".to_owned()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(AppError::Cases(wrong.join("\n"))) }
}
