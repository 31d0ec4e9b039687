//! One row: run, judged, and run again to see why it failed.

use std::time::Instant;

use super::Bench;
use super::prepare::Prepared;
use super::probe::{Cover, Probe, Search};
use super::run::run;
use super::verdict::{Verdict, questions};
use crate::app::rules::Rules;
use crate::cases::file::{Case, CaseFile};
use crate::cases::report::{Explained, RowReport};
use crate::cases::row::Row;

/// So many rules are explained for one row.
const EXPLAINED: usize = 3;

impl Bench<'_> {
    /// Runs one row.
    pub(super) fn row(
        &self,
        file: &CaseFile,
        case: &Case,
        row: &Row,
        loaded: &Rules,
        prepared: &mut Prepared,
    ) -> RowReport {
        let started = Instant::now();
        let mut report = RowReport::new(row);
        let Prepared { rules, probes, .. } = prepared;
        let about = |probe: &&mut Probe| case.is_about(row, &probe.rule);
        let mut cover = Cover(probes.iter_mut().filter(about).collect());
        match run(self.lab, &file.source.name, &row.input, rules, &mut cover) {
            Ok(observed) => {
                report.events = observed.events;
                let verdict = Verdict { case, row, matching: file.matching, prepared };
                (report.raised, report.failures) = verdict.of(&observed.alerts, None);
                if report.failures.is_empty() {
                    let unnoticed = (0..prepared.mutants.len()).filter(|at| !prepared.mutants[*at].noticed);
                    let notices: Vec<usize> = unnoticed.filter(|at| verdict.notices(*at, &observed.alerts)).collect();
                    notices.into_iter().for_each(|at| prepared.mutants[at].noticed = true);
                } else {
                    report.explained = self.explain(file, row, &report, loaded, prepared);
                }
            }
            Err(error) => report.error = Some(error.to_string()),
        }
        report.elapsed = started.elapsed();
        report
    }

    /// Runs a row once more to see why rules did or did not fire.
    fn explain(
        &self,
        file: &CaseFile,
        row: &Row,
        report: &RowReport,
        loaded: &Rules,
        prepared: &mut Prepared,
    ) -> Vec<Explained> {
        let asked = questions(row, &report.raised, &report.failures, loaded.0.rules());
        let searches = asked.into_iter().take(EXPLAINED);
        let mut searches: Vec<Search> = searches
            .filter_map(|(spec, event)| Some(Search::new(Probe::new(self.lab, loaded, spec).ok()?, event)))
            .collect();
        if searches.is_empty() {
            return Vec::new();
        }
        // The row has run without error, and every run of it is the same.
        let again = run(self.lab, &file.source.name, &row.input, &mut prepared.rules, &mut searches);
        if again.is_err() { Vec::new() } else { searches.into_iter().map(Search::found).collect() }
    }
}
