//! The report for people: a line for each file, everything that went wrong below it, a summary at the end.

use std::fmt::Write as _;
use std::time::Duration;

use lanner_engine::explain::Style;

use super::style::Palette;
use super::{CaseReport, Explained, Fate, FileReport, Report, RowReport, What};
use crate::cases::diagnostic::Gravity;
use crate::cases::expect::{Expect, ExpectedAlert};
use crate::cases::judge::{Failure, Raised};

// Writing to a string does not fail, so the results of `writeln!` are of no interest here.

/// One file.
pub fn file(report: &FileReport, colours: Palette) -> String {
    let mut out = String::new();
    let rows = report.cases.iter().map(|case| case.rows.len()).sum::<usize>();
    let verdict = if report.passed() { colours.good("ok  ") } else { colours.bad("FAIL") };
    let counts = format!("{}, {}", count(report.cases.len(), "case"), count(rows, "row"));
    let took = took(report.elapsed);
    let _ = writeln!(out, "{verdict} {}  {}", report.path.display(), colours.faint(format_args!("{counts}, {took}")));
    for finding in &report.diagnostics {
        let text = finding.to_string();
        let painted = match finding.gravity {
            Gravity::Error => colours.bad(&text),
            Gravity::Warning => colours.doubtful(&text),
        };
        let _ = writeln!(out, "  {painted}");
    }
    if let Some(error) = &report.error {
        let _ = writeln!(out, "  {}", colours.bad(error.trim_end().replace('\n', "\n  ")));
    }
    for case in &report.cases {
        for row in case.rows.iter().filter(|row| !row.passed()) {
            out.push_str(&failed(case, row, colours));
        }
    }
    out
}

/// A row that failed: what was expected and raised, and why.
pub(super) fn failed(case: &CaseReport, row: &RowReport, colours: Palette) -> String {
    let mut text = String::new();
    let out = &mut text;
    let label = row.label();
    let separator = if label.is_empty() { "" } else { ": " };
    let name = colours.strong(format!("{}{separator}{label}", case.name));
    let _ = writeln!(out, "  {} {name}  {}", colours.bad("✗"), colours.faint(&row.place));
    if let Some(error) = &row.error {
        let _ = writeln!(out, "      {}", colours.bad(error));
    }
    for failure in &row.failures {
        one(failure, row, colours, out);
    }
    for explained in &row.explained {
        explain(explained, colours, out);
    }
    let asked = row.failures.iter().filter_map(|failure| match failure {
        Failure::Unexpected(at) | Failure::NotSilent(at) => Some(*at),
        Failure::Missing { nearest, .. } => nearest.as_ref().map(|(at, _)| *at),
        Failure::NotFired(_) => None,
    });
    let asked: Vec<usize> = asked.collect();
    let others: Vec<&Raised> =
        row.raised.iter().enumerate().filter(|(at, _)| !asked.contains(at)).map(|(_, alert)| alert).collect();
    if !others.is_empty() && matches!(row.expect, Expect::Exactly(_)) {
        let _ = writeln!(out, "      {}", colours.faint("raised as expected:"));
        for alert in others.iter().take(5) {
            let _ = writeln!(out, "        {}", colours.faint(headline(alert)));
        }
        if others.len() > 5 {
            let _ = writeln!(out, "        {}", colours.faint(format_args!("… and {} more", others.len() - 5)));
        }
    }
    text
}

fn one(failure: &Failure, row: &RowReport, colours: Palette, out: &mut String) {
    match failure {
        Failure::NotFired(rule) => {
            let whom = if rule.is_empty() { "any rule".to_owned() } else { format!("'{rule}'") };
            let _ = writeln!(out, "      {}", colours.good(format_args!("- expected: an alert of {whom}")));
            let _ = writeln!(out, "      {}", colours.bad("+ raised:   none"));
            if row.events == 0 {
                let _ = writeln!(out, "      {}", colours.doubtful("no event of the row reached the rules"));
            }
        }
        Failure::NotSilent(at) => {
            let _ = writeln!(out, "      {}", colours.good("- expected: no alert"));
            raised(row.raised.get(*at), colours, out);
        }
        Failure::Unexpected(at) => {
            let _ = writeln!(out, "      {}", colours.good("- expected: no such alert"));
            raised(row.raised.get(*at), colours, out);
        }
        Failure::Missing { expected, wanted, got, nearest } => {
            let Expect::Exactly(all) = &row.expect else { return };
            let Some(expected) = all.get(*expected) else { return };
            let times = if *wanted == 1 { String::new() } else { format!(" ({wanted} times, not {got})") };
            let text = format!("- expected: {}{times}", wish(expected));
            let _ = writeln!(out, "      {}  {}", colours.good(text), colours.faint(&expected.place));
            let Some((at, differences)) = nearest else {
                let _ = writeln!(
                    out,
                    "      {}",
                    colours.bad(if *got == 0 { "+ raised:   none" } else { "+ raised:   too few" })
                );
                return;
            };
            raised(row.raised.get(*at), colours, out);
            for difference in differences {
                let _ = writeln!(out, "          {}", colours.strong(&difference.what));
                let _ = writeln!(out, "          {}", colours.good(format_args!("- {}", difference.expected)));
                let _ = writeln!(out, "          {}", colours.bad(format_args!("+ {}", difference.raised)));
            }
        }
    }
}

fn explain(explained: &Explained, colours: Palette, out: &mut String) {
    match &explained.what {
        What::NoEvent { wanted } => {
            let names = wanted.iter().take(12).copied().collect::<Vec<_>>().join(", ");
            let more = if wanted.len() > 12 { ", …" } else { "" };
            let text = format!("'{}' looks at {names}{more}; the row has no such event", explained.rule);
            let _ = writeln!(out, "      {}", colours.doubtful(text));
        }
        What::Event { number, name, step, tree } => {
            let by = step.map_or_else(String::new, |step| format!("step {}, ", step + 1));
            let head = format!("'{}' on {by}event {number} ({name}):", explained.rule);
            let _ = writeln!(out, "      {}", colours.faint(head));
            out.push_str(&tree.to_text(Style { colour: colours.0, indent: 6, whole: false }));
        }
    }
}

fn raised(alert: Option<&Raised>, colours: Palette, out: &mut String) {
    if let Some(alert) = alert {
        let _ = writeln!(out, "      {}", colours.bad(format_args!("+ raised:   {}", headline(alert))));
        let _ = writeln!(out, "          {}", colours.faint(&alert.output));
    }
}

/// Rule, priority and the event of an alert, on one line.
fn headline(alert: &Raised) -> String {
    let step = alert.step.map_or_else(String::new, |step| format!("step {}, ", step + 1));
    format!("'{}' ({}) by {step}event {}", alert.rule, alert.priority, alert.event)
}

/// An expected alert on one line.
fn wish(alert: &ExpectedAlert) -> String {
    let mut text = alert.rule.as_ref().map_or_else(|| "an alert".to_owned(), |rule| format!("'{rule}'"));
    if let Some(priority) = alert.priority {
        let _ = write!(text, " ({priority})");
    }
    if let Some(source) = &alert.source {
        let _ = write!(text, " from {source}");
    }
    for field in &alert.fields {
        let _ = write!(text, " {}={}", field.name, field.pattern);
    }
    if let Some(output) = &alert.output {
        let _ = write!(text, " with {} in its output", output.quoted());
    }
    text
}

/// The whole report.
pub fn whole(report: &Report, colours: Palette) -> String {
    report.files.iter().map(|one| file(one, colours)).chain([end(report, colours)]).collect()
}

/// What follows the files: coverage, if there is any, and the summary.
pub fn end(report: &Report, colours: Palette) -> String {
    let coverage = report.coverage.as_ref().map(|coverage| coverage.text(colours)).unwrap_or_default();
    coverage + &survivors(report, colours) + &summary(report, colours)
}

/// The mutants that nothing noticed, rule by rule.
fn survivors(report: &Report, colours: Palette) -> String {
    let mut out = String::new();
    let mut rule = None;
    let mutants = report.files.iter().flat_map(|file| file.mutants.iter().map(move |mutant| (file, mutant)));
    for (file, mutant) in mutants.filter(|(_, mutant)| mutant.fate == Fate::Survived) {
        if rule.is_none() {
            let _ = writeln!(out, "\n{}", colours.strong("All cases pass without these parts of conditions"));
        }
        if rule != Some(&mutant.rule) {
            let _ = writeln!(out, "  {}  {}", mutant.rule, colours.faint(file.path.display()));
        }
        let _ = writeln!(out, "    {}", colours.bad(&mutant.without));
        rule = Some(&mutant.rule);
    }
    out
}

/// What there was in all.
fn summary(report: &Report, colours: Palette) -> String {
    let totals = report.totals();
    let mut out = format!("\n{}, {}: ", count(totals.cases, "case"), count(totals.rows, "row"));
    let mut parts = vec![colours.good(format!("{} passed", totals.passed())).to_string()];
    let bad = [(totals.failed, "failed"), (totals.broken, "could not be run")];
    parts.extend(bad.iter().filter(|(n, _)| *n > 0).map(|(n, what)| colours.bad(format!("{n} {what}")).to_string()));
    if totals.wrong > 0 {
        parts.push(colours.bad(format!("{} wrong", count(totals.wrong, "file"))).to_string());
    }
    let _ = write!(out, "{}", parts.join(", "));
    if report.mutated {
        let survived = format!("{} survived", totals.survived);
        let survived = if totals.survived > 0 { colours.bad(survived) } else { colours.good(survived) };
        let _ = write!(out, "; {}: {survived}", count(totals.mutants, "mutant"));
        if totals.explained > 0 {
            let _ = write!(out, ", {} more explained", totals.explained);
        }
    }
    let _ = writeln!(out, "; {}", took(report.elapsed));
    out
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn took(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds => format!("{:.1} ms", seconds * 1e3),
    }
}
