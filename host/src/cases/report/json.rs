//! The report for programs.

use serde_json::{Value, json};

use super::coverage::Coverage;
use super::{CaseReport, Explained, Fate, FileReport, Report, RowReport, What};
use crate::cases::diagnostic::{Diagnostic, Gravity, Place};
use crate::cases::expect::{Expect, ExpectedAlert};
use crate::cases::judge::{Failure, Raised};

/// The version of this form; a change that could break a reader makes it larger.
pub const VERSION: u32 = 1;

/// The whole report.
pub fn report(report: &Report) -> Value {
    let totals = report.totals();
    let mut out = json!({
        "version": VERSION,
        "summary": {
            "files": totals.files, "wrong_files": totals.wrong, "cases": totals.cases, "rows": totals.rows,
            "passed": totals.passed(), "failed": totals.failed, "not_run": totals.broken,
            "seconds": report.elapsed.as_secs_f64(),
        },
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
    });
    if let Some(map) = out.as_object_mut() {
        if report.mutated {
            let mutants =
                json!({ "tried": totals.mutants, "survived": totals.survived, "explained": totals.explained });
            map.insert("mutants".to_owned(), mutants);
        }
        if let Some(found) = &report.coverage {
            map.insert("coverage".to_owned(), coverage(found));
        }
    }
    out
}

fn file(file: &FileReport) -> Value {
    json!({
        "path": file.path.display().to_string(),
        "passed": file.passed(),
        "seconds": file.elapsed.as_secs_f64(),
        "error": file.error,
        "diagnostics": file.diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
        "cases": file.cases.iter().map(case).collect::<Vec<_>>(),
        "mutants": file.mutants.iter().map(|mutant| {
            let (fate, reason) = match &mutant.fate {
                Fate::Noticed => ("noticed", None),
                Fate::Survived => ("survived", None),
                Fate::Explained(reason) => ("explained", Some(reason)),
            };
            json!({ "rule": mutant.rule, "without": mutant.without, "fate": fate, "reason": reason })
        }).collect::<Vec<_>>(),
    })
}

/// Lines and columns count from 1, as editors do.
fn place(place: &Place) -> Value {
    json!({ "line": place.mark.line + 1, "column": place.mark.column + 1 })
}

fn diagnostic(finding: &Diagnostic) -> Value {
    let severity = if finding.gravity == Gravity::Error { "error" } else { "warning" };
    json!({
        "severity": severity, "message": finding.message, "help": finding.help, "position": place(&finding.place),
    })
}

fn case(case: &CaseReport) -> Value {
    json!({
        "name": case.name,
        "position": place(&case.place),
        "rules": case.rules,
        "rows": case.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &RowReport) -> Value {
    let params = row.params.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    json!({
        "table": row.table.name(),
        "number": row.number,
        "name": row.name,
        "params": params.collect::<serde_json::Map<_, _>>(),
        "position": place(&row.place),
        "passed": row.passed(),
        "error": row.error,
        "events": row.events,
        "seconds": row.elapsed.as_secs_f64(),
        "alerts": row.raised.iter().map(alert).collect::<Vec<_>>(),
        "failures": row.failures.iter().map(|one| failure(one, row)).collect::<Vec<_>>(),
        "explanations": row.explained.iter().map(explained).collect::<Vec<_>>(),
    })
}

fn alert(alert: &Raised) -> Value {
    let fields = alert.fields.iter().map(|(name, value)| (name.to_string(), value_json(value)));
    json!({
        "rule": alert.rule,
        "priority": alert.priority.name(),
        "source": alert.source,
        "output": alert.output,
        "output_fields": fields.collect::<serde_json::Map<_, _>>(),
        "event": alert.event,
        "step": alert.step.map(|step| step + 1),
    })
}

fn value_json(value: &lanner_engine::format::FormatValue) -> Value {
    use lanner_engine::format::FormatValue as Of;
    match value {
        Of::Null => Value::Null,
        Of::Bool(value) => (*value).into(),
        Of::Int(value) => (*value).into(),
        Of::Uint(value) => (*value).into(),
        Of::Double(value) => (*value).into(),
        Of::Text(text) => text.as_str().into(),
        Of::List(values) => values.iter().map(value_json).collect(),
    }
}

fn failure(failure: &Failure, row: &RowReport) -> Value {
    match failure {
        Failure::NotFired(rule) => json!({ "kind": "not_fired", "rule": rule }),
        Failure::NotSilent(at) => json!({ "kind": "not_silent", "alert": at }),
        Failure::Unexpected(at) => json!({ "kind": "unexpected", "alert": at }),
        Failure::Missing { expected: at, wanted, got, nearest } => {
            let all = if let Expect::Exactly(all) = &row.expect { all.as_slice() } else { &[] };
            let differences = nearest.iter().flat_map(|(_, differences)| differences);
            let differences =
                differences.map(|one| json!({ "what": one.what, "expected": one.expected, "raised": one.raised }));
            json!({
                "kind": "missing",
                "expected": all.get(*at).map(expected),
                "wanted": wanted,
                "got": got,
                "nearest": nearest.as_ref().map(|(alert, _)| alert),
                "differences": differences.collect::<Vec<_>>(),
            })
        }
    }
}

fn expected(alert: &ExpectedAlert) -> Value {
    let fields = alert.fields.iter().map(|field| (field.name.clone(), Value::from(field.pattern.to_string())));
    json!({
        "rule": alert.rule,
        "priority": alert.priority.map(|priority| priority.name()),
        "source": alert.source,
        "fields": fields.collect::<serde_json::Map<_, _>>(),
        "output": alert.output.as_ref().map(ToString::to_string),
        "position": place(&alert.place),
    })
}

fn explained(explained: &Explained) -> Value {
    match &explained.what {
        What::NoEvent { wanted } => json!({ "rule": explained.rule, "event": null, "event_types": wanted }),
        What::Event { number, name, step, tree } => json!({
            "rule": explained.rule, "event": number, "event_type": name, "step": step.map(|step| step + 1),
            "condition": tree,
        }),
    }
}

fn coverage(coverage: &Coverage) -> Value {
    let [rules, untested, parts, gaps] = coverage.totals();
    let all = coverage.rules.iter().map(|rule| {
        let parts = rule.parts.iter().flatten().map(|part| {
            json!({
                "text": part.text, "location": part.location, "exception_entry": part.entry,
                "times_true": part.seen.times_true, "times_false": part.seen.times_false, "gap": part.gap(),
            })
        });
        json!({ "rule": rule.rule, "tested": rule.parts.is_some(), "parts": parts.collect::<Vec<_>>() })
    });
    json!({
        "rules": rules, "rules_without_cases": untested, "parts": parts, "parts_with_gaps": gaps,
        "by_rule": all.collect::<Vec<_>>(),
    })
}
