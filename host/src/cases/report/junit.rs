//! The report for build servers, in the form that JUnit made common: a suite for each file, a test case for each row.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::style::Palette;
use super::{CaseReport, Fate, FileReport, Report, RowReport, text};
use crate::cases::diagnostic::Gravity;

type Xml = Writer<Vec<u8>>;

/// The whole report.
pub fn report(report: &Report) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let _ = write(report, &mut xml);
    let mut text = String::from_utf8_lossy(&xml.into_inner()).into_owned();
    text.push('\n');
    text
}

fn write(report: &Report, xml: &mut Xml) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let totals = report.totals();
    let suites: Vec<Counts> = report.files.iter().map(Counts::of).collect();
    let sum = |of: fn(&Counts) -> usize| suites.iter().map(of).sum::<usize>().to_string();
    xml.create_element("testsuites")
        .with_attribute(("name", "lanner test"))
        .with_attribute(("tests", sum(|c| c.tests).as_str()))
        .with_attribute(("failures", sum(|c| c.failures).as_str()))
        .with_attribute(("errors", (totals.wrong + totals.broken).to_string().as_str()))
        .with_attribute(("time", seconds(report.elapsed).as_str()))
        .write_inner_content(|xml| {
            report.files.iter().zip(&suites).try_for_each(|(file, counts)| suite(file, counts, xml))
        })?;
    Ok(())
}

/// What a suite counts.
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Counts {
    fn of(file: &FileReport) -> Self {
        let rows = || file.cases.iter().flat_map(|case| &case.rows);
        let wrong = usize::from(file.is_wrong());
        let survived = file.mutants.iter().filter(|mutant| mutant.fate == Fate::Survived).count();
        let broken = rows().filter(|row| row.error.is_some()).count();
        let failed = rows().filter(|row| !row.passed()).count() - broken;
        Self { tests: rows().count() + file.mutants.len() + wrong, failures: failed + survived, errors: broken + wrong }
    }
}

fn suite(file: &FileReport, counts: &Counts, xml: &mut Xml) -> io::Result<()> {
    let path = file.path.display().to_string();
    xml.create_element("testsuite")
        .with_attribute(("name", clean(&path).as_ref()))
        .with_attribute(("tests", counts.tests.to_string().as_str()))
        .with_attribute(("failures", counts.failures.to_string().as_str()))
        .with_attribute(("errors", counts.errors.to_string().as_str()))
        .with_attribute(("time", seconds(file.elapsed).as_str()))
        .write_inner_content(|xml| {
            if file.is_wrong() {
                let text = wrong(file);
                test("the file can be run", &path, None, Duration::ZERO, Some(("error", &text)), xml)?;
            }
            for case in &file.cases {
                case.rows.iter().try_for_each(|row| one(case, row, &path, xml))?;
            }
            for mutant in &file.mutants {
                let name = format!("{} without {}", mutant.rule, mutant.without);
                let survived = "all cases pass without this part of the condition";
                let failure = (mutant.fate == Fate::Survived).then_some(("failure", survived));
                test(&name, &format!("{path}: mutants"), None, Duration::ZERO, failure, xml)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn wrong(file: &FileReport) -> String {
    let errors = file.diagnostics.iter().filter(|finding| finding.gravity == Gravity::Error);
    let texts: Vec<String> = errors.map(ToString::to_string).chain(file.error.clone()).collect();
    texts.join("\n")
}

fn one(case: &CaseReport, row: &RowReport, path: &str, xml: &mut Xml) -> io::Result<()> {
    let label = row.label();
    let name = if label.is_empty() { case.name.clone() } else { format!("{}: {label}", case.name) };
    let plain = || {
        let text = text::failed(case, row, Palette(false));
        text.lines().skip(1).map(|line| line.strip_prefix("      ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
    };
    let outcome = match &row.error {
        Some(error) => Some(("error", error.clone())),
        None => (!row.passed()).then(|| ("failure", plain())),
    };
    let outcome = outcome.as_ref().map(|(kind, text)| (*kind, text.as_str()));
    test(&name, path, Some(row.place.mark.line + 1), row.elapsed, outcome, xml)
}

fn test(
    name: &str,
    class: &str,
    line: Option<u32>,
    time: Duration,
    outcome: Option<(&str, &str)>,
    xml: &mut Xml,
) -> io::Result<()> {
    let mut element = xml
        .create_element("testcase")
        .with_attribute(("name", clean(name).as_ref()))
        .with_attribute(("classname", clean(class).as_ref()))
        .with_attribute(("time", seconds(time).as_str()));
    if let Some(line) = line {
        element = element.with_attribute(("file", clean(class).as_ref()));
        element = element.with_attribute(("line", line.to_string().as_str()));
    }
    match outcome {
        None => element.write_empty()?,
        Some((kind, text)) => element.write_inner_content(|xml| {
            let first = text.lines().next().unwrap_or_default();
            xml.create_element(kind)
                .with_attribute(("message", clean(first).as_ref()))
                .write_text_content(BytesText::new(&clean(text)))?;
            Ok(())
        })?,
    };
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

/// XML 1.0 cannot hold control characters in any spelling; what a process calls itself can.
fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(bad) { text.replace(bad, "\u{fffd}").into() } else { text.into() }
}
