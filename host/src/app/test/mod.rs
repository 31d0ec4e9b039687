//! `lanner test`: case files run and reported.

mod file;
mod find;
mod lab;
mod list;
mod prepare;
mod probe;
mod row;
mod run;
mod verdict;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use regex::Regex;

use super::cli::{Options, ReportFormat, TestOptions};
use super::configure::Configured;
use super::error::AppError;
use super::process::print_stdout;
use crate::cases::report::coverage::Coverage;
use crate::cases::report::style::Palette;
use crate::cases::report::{FileReport, Report, json, junit, text};
use crate::config::rules_files;
pub(super) use find::rules_beside;
use lab::Lab;
pub(super) use run::{feed, giver};

/// Runs the case files. The error of a failed test and of a wrong file have different exit codes.
pub(super) fn run(options: &Options, test: &TestOptions, configured: Configured) -> Result<(), AppError> {
    let wrong = |error: AppError| AppError::Cases(error.to_string());
    let filter = test.filter.as_deref().map(Regex::new).transpose();
    let filter = filter.map_err(|error| AppError::Cases(format!("--filter: {error}")))?;
    let files = find::case_files(&test.paths)?;
    if files.is_empty() {
        return Err(AppError::Cases(format!("no case files in {}", test.paths.join(", "))));
    }
    let rules = rules_files::expand(&options.rules).map_err(|error| wrong(error.into()))?;
    let lab = Lab::new(options, configured.settings).map_err(wrong)?;
    if test.list {
        return list::print(&files, &lab.source_names(), filter.as_ref(), test.format);
    }
    let report = Bench { lab: &lab, test, filter, rules }.run(&files);
    deliver(&report, test)?;
    let totals = report.totals();
    match (totals.wrong + totals.broken, totals.failed, totals.survived) {
        (0, 0, 0) => Ok(()),
        (0, failed, survived) => Err(AppError::CasesFailed { failed, survived }),
        _ if totals.wrong > 0 => {
            Err(AppError::Cases(format!("{} of {} case files cannot be run", totals.wrong, totals.files)))
        }
        _ => Err(AppError::Cases(format!("{} of {} rows could not be run", totals.broken, totals.rows))),
    }
}

/// The report in the form that was asked for; the text has been printed along the way.
fn deliver(report: &Report, test: &TestOptions) -> Result<(), AppError> {
    let text = match test.format {
        ReportFormat::Json => format!("{:#}\n", json::report(report)),
        ReportFormat::Junit => junit::report(report),
        ReportFormat::Text if test.output.is_none() => return Ok(()),
        ReportFormat::Text => text::whole(report, Palette(false)),
    };
    match &test.output {
        None => print_stdout(&text),
        Some(path) => std::fs::write(path, text)
            .map_err(|source| AppError::Cases(format!("cannot write the report to {path}: {source}")))?,
    }
    Ok(())
}

/// What all threads need to run case files.
struct Bench<'b> {
    lab: &'b Lab<'b>,
    test: &'b TestOptions,
    filter: Option<Regex>,
    /// The rule files of the command line.
    rules: Vec<PathBuf>,
}

impl Bench<'_> {
    /// Runs the files on several threads and prints each one's report as soon as those before it are printed.
    fn run(&self, files: &[PathBuf]) -> Report {
        let started = Instant::now();
        let colours = Palette(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let jobs = self.test.jobs.unwrap_or(cores).clamp(1, files.len().max(1));
        let next = AtomicUsize::new(0);
        let mut reports: Vec<Option<FileReport>> = files.iter().map(|_| None).collect();
        let mut printed = 0;
        let live = self.test.format == ReportFormat::Text || self.test.output.is_some();
        std::thread::scope(|scope| {
            let (sender, results) = mpsc::channel();
            for _ in 0..jobs {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while let Some((at, path)) = {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        files.get(at).map(|path| (at, path))
                    } {
                        if sender.send((at, self.file(path))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (at, report) in results {
                if let Some(place) = reports.get_mut(at) {
                    *place = Some(report);
                }
                while let Some(Some(report)) = reports.get(printed) {
                    if live {
                        print_stdout(&text::file(report, colours));
                    }
                    printed += 1;
                }
            }
        });
        let files: Vec<FileReport> = reports.into_iter().flatten().collect();
        let coverage = self.test.coverage.then(|| Coverage::of(&files));
        let mut report = Report { files, mutated: self.test.mutate, coverage, elapsed: started.elapsed() };
        report.reconcile();
        if live {
            print_stdout(&text::end(&report, colours));
        }
        report
    }
}
