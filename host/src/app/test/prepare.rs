//! The rules of a case file made ready: compiled once for all its rows, mutants beside the rules that they are made of.

use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::RuleSet;
use lanner_engine::format::OutputFormat;
use lanner_engine::load::RuleSpec;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::SlotTable;

use super::lab::Lab;
use super::probe::Probe;
use crate::app::cli::TestOptions;
use crate::app::compiled;
use crate::app::error::AppError;
use crate::app::rules::Rules;
use crate::cases::diagnostic::{Findings, did_you_mean};
use crate::cases::expect::{Expect, ExpectedField};
use crate::cases::file::CaseFile;
use crate::cases::mutate;
use crate::event::extractor::Answers;
use crate::event::rules::{ExtraField, RuleAlert, SourceRules};

/// Rules ready to see events.
pub(super) struct Prepared {
    /// The compiled rules: first those of `names`, then `mutants`.
    pub(super) rules: SourceRules,
    /// The names of the rules, by position.
    pub(super) names: Vec<Arc<str>>,
    /// Their mutants, by position after the rules.
    pub(super) mutants: Vec<Mutant>,
    /// The rules under test, to be looked at part by part; none unless coverage is asked for.
    pub(super) probes: Vec<Probe>,
}

/// A rule without one part of its condition.
pub(super) struct Mutant {
    /// The position of the rule.
    pub(super) rule: usize,
    /// The part, as reports print it.
    pub(super) without: String,
    /// Why it may survive, if the file says so.
    pub(super) reason: Option<String>,
    /// Whether a row failed with it.
    pub(super) noticed: bool,
}

/// Prepares the rules of a file's source. What the file asks of rules and fields that are not there goes to `found`, and
/// then there is no result.
pub(super) fn prepare(
    lab: &Lab<'_>,
    file: &CaseFile,
    rules: &Rules,
    test: &TestOptions,
    found: &mut Findings,
) -> Result<Option<Prepared>, AppError> {
    let Some(source) = lab.source(&file.source.name) else { return Err(AppError::NoSource) };
    let scheme = &source.scheme.scheme;
    let tested = tested(file, rules, found);
    // A rule that is off by default can be tested like any other.
    let wanted = |rule: &&RuleSpec| {
        *rule.source == *source.name && (rule.enabled || tested.iter().any(|name| **name == *rule.name))
    };
    let specs: Vec<&RuleSpec> = rules.0.rules().iter().filter(wanted).collect();
    let mut slots = SlotTable::new();
    let mut format = |text: &str| OutputFormat::compile(text, scheme, &mut slots);
    let mut alerts = Vec::with_capacity(specs.len());
    let extra = extra_fields(file, &mut format, scheme, found);
    for (at, spec) in specs.iter().enumerate() {
        let mut alert = compiled::alert(spec, at);
        // Slots are numbered anew, since formats and conditions of this set share one table.
        if let Ok(output) = format(spec.output.text()) {
            alert.output = output;
        }
        alert.extra = spec
            .extra_fields
            .iter()
            .filter_map(|field| {
                let format = format(field.format.text()).ok()?;
                Some(ExtraField { key: (&*field.key).into(), format, raw: field.raw })
            })
            .chain(extra.iter().map(|(key, format)| ExtraField {
                key: (&**key).into(),
                format: format.clone(),
                raw: true,
            }))
            .collect();
        alerts.push(alert);
    }
    let mut conditions: Vec<Condition> = specs.iter().map(|spec| spec.condition.clone()).collect();
    let mut mutants = Vec::new();
    if test.mutate {
        for (rule, spec) in specs.iter().enumerate().filter(|(_, spec)| tested.iter().any(|name| **name == *spec.name))
        {
            let parts = mutate::parts(&spec.expr, &rules.0);
            for (number, part) in parts.iter().enumerate() {
                let Some(expr) = mutate::without(&parts, number) else { continue };
                let Ok(condition) = Condition::check(&expr, scheme) else { continue };
                let mut known = file.survivors.iter();
                let known = known.find(|known| known.is_about(&spec.name) && part.is_named(&known.without));
                let reason = known.map(|known| known.reason.clone());
                let Some(alert) = alerts.get(rule).map(|alert| copy(alert, conditions.len())) else { continue };
                conditions.push(condition);
                alerts.push(alert);
                mutants.push(Mutant { rule, without: part.text.clone(), reason, noticed: false });
            }
        }
        stale_survivors(file, &specs, rules, found);
    }
    if found.failed() {
        return Ok(None);
    }
    let conditions: Vec<&Condition> = conditions.iter().collect();
    let set = RuleSet::compile(&conditions, Arc::clone(scheme), slots);
    let plugins = lab.plugins(&source.name)?;
    let answers = Answers::prepare(set.slots(), &source.scheme, &plugins)?;
    let mut probes = Vec::new();
    if test.coverage {
        for spec in specs.iter().filter(|spec| tested.iter().any(|name| **name == *spec.name)) {
            probes.push(Probe::new(lab, rules, spec)?);
        }
    }
    let names = specs.iter().map(|spec| Arc::clone(&spec.name)).collect();
    Ok(Some(Prepared { rules: SourceRules::new(set, alerts, answers), names, mutants, probes }))
}

fn copy(alert: &RuleAlert, id: usize) -> RuleAlert {
    let extra = alert.extra.iter().map(|field| ExtraField {
        key: field.key.clone(),
        format: field.format.clone(),
        raw: field.raw,
    });
    RuleAlert {
        id,
        head: Arc::clone(&alert.head),
        output: alert.output.clone(),
        extra: extra.collect(),
        enforced: None,
    }
}

/// The rules under test, each of which must be loaded and be of the file's source.
fn tested<'f>(file: &'f CaseFile, rules: &Rules, found: &mut Findings) -> Vec<&'f str> {
    let mut tested = Vec::new();
    let expected = file.cases.iter().flat_map(|case| &case.rows).filter_map(|row| match &row.expect {
        Expect::Exactly(alerts) => Some(alerts),
        Expect::Fires | Expect::Silent => None,
    });
    let expected = expected.flatten().filter_map(|alert| Some((alert.rule.as_deref()?, &alert.place)));
    let named = file.cases.iter().flat_map(|case| &case.rules).map(|(name, place)| (name.as_str(), place));
    let surviving = file.survivors.iter().filter_map(|known| Some((known.rule.as_deref()?, &known.place)));
    for (name, place) in named.chain(expected).chain(surviving) {
        if tested.contains(&name) {
            continue;
        }
        match rules.0.rules().iter().find(|rule| *rule.name == *name) {
            Some(rule) if *rule.source != *file.source.name => {
                let message = format!("rule '{name}' is for source {}, not {}", rule.source, file.source.name);
                found.error(place.mark, message, None);
            }
            Some(_) => tested.push(name),
            None => {
                let help = did_you_mean(name, rules.0.rules().iter().map(|rule| &*rule.name));
                found.error(place.mark, format!("no loaded rule is called '{name}'"), help);
            }
        }
    }
    tested
}

/// The fields that the file's expectations ask for, each once.
fn extra_fields(
    file: &CaseFile,
    format: &mut dyn FnMut(&str) -> Result<OutputFormat, lanner_engine::format::FormatError>,
    scheme: &Scheme,
    found: &mut Findings,
) -> Vec<(Box<str>, OutputFormat)> {
    let mut extra: Vec<(Box<str>, OutputFormat)> = Vec::new();
    for row in file.cases.iter().flat_map(|case| &case.rows) {
        let Expect::Exactly(alerts) = &row.expect else { continue };
        for ExpectedField { name, place, .. } in alerts.iter().flat_map(|alert| &alert.fields) {
            if extra.iter().any(|(known, _)| **known == **name) {
                continue;
            }
            match format(&format!("%{name}")) {
                Ok(format) if format.keys().count() == 1 => extra.push((name.as_str().into(), format)),
                Ok(_) => found.error(place.mark, format!("'{name}' is no field"), None),
                Err(error) => {
                    let bare = name.split('[').next().unwrap_or(name);
                    let fields = scheme.fields().iter().map(|field| &*field.name);
                    let help = if scheme.find(bare).is_some() { None } else { did_you_mean(bare, fields) };
                    found.error(place.mark, format!("field '{name}': {error}"), help);
                }
            }
        }
    }
    extra
}

/// An explanation for a part that no rule has any more explains nothing.
fn stale_survivors(file: &CaseFile, specs: &[&RuleSpec], rules: &Rules, found: &mut Findings) {
    for known in &file.survivors {
        let specs = specs.iter().filter(|spec| known.is_about(&spec.name));
        let parts: Vec<_> = specs.flat_map(|spec| mutate::parts(&spec.expr, &rules.0)).collect();
        if !parts.iter().any(|part| part.is_named(&known.without)) {
            let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
            let help = did_you_mean(&known.without, texts.iter().copied());
            let help = help.unwrap_or_else(|| match known.rule {
                Some(_) => format!("its parts are: {}", texts.join("; ")),
                None => "name it as a report of --mutate does".to_owned(),
            });
            let message = match &known.rule {
                Some(rule) => format!("rule '{rule}' has no part '{}'", known.without),
                None => format!("no rule has a part '{}'", known.without),
            };
            found.error(known.place.mark, message, Some(help));
        }
    }
}
