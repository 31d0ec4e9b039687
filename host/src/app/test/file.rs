//! One case file: its rules made ready, its cases run one after the other.

use std::path::{Path, PathBuf};
use std::time::Instant;

use regex::Regex;

use super::prepare::{Prepared, prepare};
use super::{Bench, find};
use crate::app::error::AppError;
use crate::cases::diagnostic::Findings;
use crate::cases::file::{self, Case, CaseFile};
use crate::cases::report::coverage::RuleCoverage;
use crate::cases::report::{CaseReport, Fate, FileReport, MutantReport, RowReport};

impl Bench<'_> {
    /// Runs one file.
    pub(super) fn file(&self, path: &Path) -> FileReport {
        let started = Instant::now();
        let mut report = FileReport::new(path);
        match std::fs::read(path) {
            Ok(bytes) => {
                let source = String::from_utf8_lossy(&bytes);
                let (file, diagnostics) = file::read(path, &source, &self.lab.source_names());
                report.diagnostics = diagnostics;
                if let Some(file) = file
                    && let Err(error) = self.cases(&file, &source, &mut report)
                {
                    report.error = Some(error.to_string());
                }
            }
            Err(error) => report.error = Some(format!("cannot read the file: {error}")),
        }
        report.elapsed = started.elapsed();
        report
    }

    fn cases(&self, file: &CaseFile, text: &str, report: &mut FileReport) -> Result<(), AppError> {
        let mut found = Findings::new(file.path.to_path_buf(), text);
        let Some(files) = self.rule_files(file, &mut found) else {
            report.diagnostics.extend(found.into_vec());
            return Ok(());
        };
        let loaded = self.lab.rules(&files);
        let rules = loaded.as_ref().as_ref().map_err(|error| AppError::Cases(error.clone()))?;
        let prepared = prepare(self.lab, file, rules, self.test, &mut found)?;
        report.diagnostics.extend(found.into_vec());
        let Some(mut prepared) = prepared else { return Ok(()) };
        for case in file.cases.iter().filter(|case| Self::wanted(self.filter.as_ref(), case)) {
            let rows = case.rows.iter().map(|row| self.row(file, case, row, rules, &mut prepared)).collect();
            report.cases.push(CaseReport {
                name: case.name.clone(),
                place: case.place.clone(),
                rules: case.rules.iter().map(|(name, _)| name.clone()).collect(),
                rows,
            });
        }
        if self.test.coverage {
            report.covered = covered(&prepared);
        }
        // Where rows fail anyway or are left out, nobody can say what a mutant of their rule would change.
        let left_out = file.cases.iter().filter(|case| !Self::wanted(self.filter.as_ref(), case));
        let left_out = left_out.flat_map(|case| &case.rules).map(|(rule, _)| rule.as_str());
        let failed = report.cases.iter().filter(|case| !case.rows.iter().all(RowReport::passed));
        let failed = failed.flat_map(|case| &case.rules).map(String::as_str);
        let open: Vec<&str> = left_out.chain(failed).collect();
        report.mutants = mutants(&prepared).filter(|mutant| !open.contains(&mutant.rule.as_str())).collect();
        Ok(())
    }

    /// Whether the filter leaves a case in.
    pub(super) fn wanted(filter: Option<&Regex>, case: &Case) -> bool {
        let Some(filter) = filter else { return true };
        filter.is_match(&case.name) || case.rules.iter().any(|(rule, _)| filter.is_match(rule))
    }

    /// The rule files of the command line, else those of the file, else those beside its folder.
    fn rule_files(&self, file: &CaseFile, found: &mut Findings) -> Option<Vec<PathBuf>> {
        if !self.rules.is_empty() {
            return Some(self.rules.clone());
        }
        if !file.rules.is_empty() {
            for (path, place) in file.rules.iter().filter(|(path, _)| !path.is_file()) {
                let help = Some("its path is relative to the case file".to_owned());
                found.error(place.mark, format!("there is no rule file {}", path.display()), help);
            }
            return (!found.failed()).then(|| file.rules.iter().map(|(path, _)| path.clone()).collect());
        }
        let beside = find::rules_beside(&file.path);
        if beside.is_empty() {
            let help = Some("list them in 'rules', or give them with -r".to_owned());
            found.error(Default::default(), "the file names no rules", help);
            return None;
        }
        Some(beside)
    }
}

/// What the parts of tested rules came to, and the rules that no case is about.
fn covered(prepared: &Prepared) -> Vec<RuleCoverage> {
    let probes = prepared.probes.iter();
    let mut covered: Vec<RuleCoverage> = probes.map(|probe| RuleCoverage::new(&probe.rule, probe.covered())).collect();
    let untested = |name: &&std::sync::Arc<str>| prepared.probes.iter().all(|probe| *probe.rule != ***name);
    covered.extend(prepared.names.iter().filter(untested).map(|name| RuleCoverage::untested(name)));
    covered
}

fn mutants(prepared: &Prepared) -> impl Iterator<Item = MutantReport> {
    let report = move |mutant: &super::prepare::Mutant| MutantReport {
        rule: prepared.names.get(mutant.rule).map(|name| name.to_string()).unwrap_or_default(),
        without: mutant.without.clone(),
        fate: match (mutant.noticed, &mutant.reason) {
            (true, _) => Fate::Noticed,
            (false, Some(reason)) => Fate::Explained(reason.clone()),
            (false, None) => Fate::Survived,
        },
    };
    prepared.mutants.iter().map(report)
}
