//! The sink that waits for one event and explains rules for it.

use std::sync::{Arc, PoisonError};

use lanner_engine::ast::Expr;
use lanner_engine::explain::{Depth, Explainer};
use lanner_engine::format::{OutputFormat, RenderOptions, Shown, ShownMemory};
use lanner_engine::load::{Loader, RuleSpec};
use lanner_engine::scheme::Scheme;
use lanner_engine::value::SlotTable;

use super::report::{Outcome, Report, RuleReport};
use super::subject::Subject;
use crate::app::error::AppError;
use crate::app::sources::{Group, Source};
use crate::config::{RuleMatching, Settings};
use crate::event::explain::SourceExplainer;
use crate::event::extractor::{Answers, Context, Extractor};
use crate::event::scheme::SYSCALL;
use crate::plugin::{EventRef, Plugins};
use crate::source::{Control, Sink};

/// What is shown of an event before its rules: of a system call who did what, of a plugin's event the plugin's own words.
const CALL: &str = "%evt.time %evt.type %proc.name (%thread.tid) %evt.args";
const DOCUMENT: &str = "%evt.time %evt.plugininfo";

/// One source's rules, ready to be explained.
struct Prepared<'r> {
    index: u32,
    name: String,
    scheme: Arc<Scheme>,
    rules: Vec<&'r RuleSpec>,
    explainer: SourceExplainer,
    line: OutputFormat,
    line_answers: Answers,
}

/// Waits for the event.
pub(super) struct Look<'r> {
    sources: Vec<Prepared<'r>>,
    loader: &'r Loader,
    wanted: u64,
    rule: Option<String>,
    first_only: bool,
    context: Context,
    /// The number of the event last seen.
    last: u64,
    /// What is known once the event was there.
    report: Option<Report>,
}

impl<'r> Look<'r> {
    /// Compiles what is needed, while the plugins are at rest.
    pub(super) fn prepare(
        subject: &Subject,
        group: &Group,
        loader: &'r Loader,
        settings: &Settings,
    ) -> Result<Self, AppError> {
        let compiled: Vec<Compiled<'r>> =
            group.sources.iter().map(|source| Compiled::new(source, loader)).collect::<Result<_, _>>()?;
        // Only now: compiling asks the plugins about arguments.
        let guard = group.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plugins) = guard.as_ref() else { return Err(AppError::NoSource) };
        let sources = group.sources.iter().zip(compiled).map(|(source, compiled)| compiled.prepare(source, plugins));
        Ok(Look {
            sources: sources.collect::<Result<_, _>>()?,
            loader,
            wanted: subject.wanted,
            rule: subject.rule.clone(),
            first_only: settings.rule_matching == RuleMatching::First,
            context: Context::new("".into()),
            last: 0,
            report: None,
        })
    }

    /// Takes the name of the machine whose events these are.
    pub(super) fn start(&mut self, hostname: Arc<str>) {
        self.context = Context::new(hostname);
    }

    /// The report, once all events have come.
    pub(super) fn found(self, subject: &Subject) -> Result<Report, AppError> {
        let (wanted, last) = (self.wanted, self.last);
        self.report.ok_or_else(|| AppError::NoSuchEvent {
            file: subject.shown.clone(),
            wanted,
            last,
            remedy: subject.numbers(),
        })
    }

    fn explain(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> Option<Report> {
        let index = event.source()?.get();
        let Look { sources, loader, context, rule, first_only, .. } = self;
        let source = sources.iter_mut().find(|source| source.index == index)?;
        let mut line = Vec::new();
        let mut extractor = Extractor { answers: &source.line_answers, plugins, event, context };
        let mut memory = ShownMemory::default();
        source.line.render(&mut Shown::new(&mut memory, &mut extractor), RenderOptions::default(), &mut line);
        let ty = type_name(&source.scheme, event.ty());
        let mut report = Report {
            num: event.num(),
            source: source.name.clone(),
            line: String::from_utf8_lossy(&line).into_owned(),
            single: rule.is_some(),
            rules: Vec::new(),
        };
        source.explainer.look(event, plugins, context);
        let explainer = source.explainer.explainer();
        let fires = |at: usize, rule: &RuleSpec| rule.enabled && explainer.holds(at);
        let first = source.rules.iter().enumerate().find(|(at, rule)| *first_only && fires(*at, rule));
        let first = first.map(|(at, rule)| (at, RuleReport::place(rule, loader)));
        for at in 0..source.rules.len() {
            let Some(spec) = source.rules.get(at).copied() else { continue };
            let concerned = source.explainer.explainer().events(at).contains(event.ty());
            if rule.as_deref().map_or(!concerned, |wanted| wanted != &*spec.name) {
                continue;
            }
            let holds = source.explainer.explainer().holds(at);
            let tree = source.explainer.tree(at, Depth::Everything, event, plugins, context)?;
            let outcome = match &first {
                _ if !concerned => {
                    let codes = source.explainer.explainer().events(at);
                    Outcome::EventType { looks_at: type_names(&source.scheme, codes), this: ty.clone() }
                }
                _ if !holds => Outcome::False,
                _ if !spec.enabled => Outcome::Disabled,
                Some((before, (name, place))) if *before < at => {
                    Outcome::Shadowed { by: name.clone(), location: place.clone() }
                }
                _ => Outcome::Fires,
            };
            report.rules.push(RuleReport::new(spec, loader, outcome, tree));
        }
        // A rule of another source never sees this event.
        if let (Some(wanted), true) = (&self.rule, report.rules.is_empty()) {
            let other = self.loader.rules().iter().find(|rule| &*rule.name == wanted.as_str())?;
            report.other_source(other, self.loader);
        }
        Some(report)
    }
}

/// The same before the plugins were asked how they will answer.
struct Compiled<'r> {
    rules: Vec<&'r RuleSpec>,
    explainer: Explainer,
    line: OutputFormat,
    slots: SlotTable,
}

impl<'r> Compiled<'r> {
    fn new(source: &Source, loader: &'r Loader) -> Result<Self, AppError> {
        let scheme = &source.scheme.scheme;
        let rules: Vec<&RuleSpec> = loader.rules().iter().filter(|rule| *rule.source == *source.name).collect();
        let exprs: Vec<&Expr> = rules.iter().map(|rule| &rule.expr).collect();
        let explainer = Explainer::compile(&exprs, Arc::clone(scheme), loader)?;
        let mut slots = SlotTable::new();
        let text = if source.name == SYSCALL { CALL } else { DOCUMENT };
        let line = OutputFormat::compile(text, scheme, &mut slots)
            .map_err(|error| AppError::Expression { what: "event", message: error.to_string() })?;
        Ok(Compiled { rules, explainer, line, slots })
    }

    fn prepare(self, source: &Source, plugins: &Plugins) -> Result<Prepared<'r>, AppError> {
        Ok(Prepared {
            index: source.index,
            name: source.name.clone(),
            scheme: Arc::clone(&source.scheme.scheme),
            rules: self.rules,
            explainer: SourceExplainer::new(self.explainer, &source.scheme, plugins)?,
            line_answers: Answers::prepare(&self.slots, &source.scheme, plugins)?,
            line: self.line,
        })
    }
}

/// The names of event codes, each once.
pub(in crate::app) fn type_names(scheme: &Scheme, codes: lanner_engine::scheme::EventSet) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let kinds = scheme.events().kinds().iter().filter(|kind| codes.contains(kind.code) && !kind.every_rule);
    for kind in kinds {
        if !names.iter().any(|name| **name == *kind.name) {
            names.push(kind.name.to_string());
        }
    }
    names
}

fn type_name(scheme: &Scheme, code: u16) -> String {
    let kind = scheme.events().kinds().iter().find(|kind| kind.code == code);
    kind.map_or_else(|| code.to_string(), |kind| kind.name.to_string())
}

impl Sink for Look<'_> {
    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>) -> bool {
        self.context.see(event.ts());
        self.last = event.num();
        if event.num() < self.wanted {
            return true;
        }
        if event.num() == self.wanted {
            self.report = self.explain(plugins, event);
        }
        false
    }

    fn attend(&mut self, _control: &Control) {}
}
