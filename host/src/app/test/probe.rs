//! One rule looked at part by part: for coverage, and for why it did or did not fire.

use lanner_engine::explain::{Coverage, Explainer, Part, Truth};
use lanner_engine::load::RuleSpec;
use lanner_plugin_api::schema::EventType;

use super::lab::Lab;
use super::run::Watch;
use crate::app::error::AppError;
use crate::app::rules::Rules;
use crate::cases::report::{Explained, What};
use crate::event::extractor::{Answers, Context, Extractor};
use crate::event::scheme::SourceScheme;
use crate::plugin::{EventRef, Plugins};

/// A rule that can be looked at.
pub(super) struct Probe {
    /// Its name.
    pub(super) rule: String,
    explainer: Explainer,
    answers: Answers,
    coverage: Coverage,
}

impl Probe {
    /// Makes a rule ready to be looked at.
    pub(super) fn new(lab: &Lab<'_>, rules: &Rules, spec: &RuleSpec) -> Result<Self, AppError> {
        let Some(source) = lab.source(&spec.source) else { return Err(AppError::NoSource) };
        let scheme = std::sync::Arc::clone(&source.scheme.scheme);
        let explainer = Explainer::compile(&[&spec.expr], scheme, &rules.0);
        let explainer = explainer.map_err(|error| AppError::Cases(error.to_string()))?;
        let plugins = lab.plugins(&source.name)?;
        let answers = Answers::prepare(explainer.slots(), &source.scheme, &plugins)?;
        let coverage = Coverage::new(&explainer);
        Ok(Self { rule: spec.name.to_string(), explainer, answers, coverage })
    }

    fn begin(&mut self, scheme: &SourceScheme, plugins: &Plugins) -> Result<(), AppError> {
        self.answers = Answers::prepare(self.explainer.slots(), scheme, plugins)?;
        Ok(())
    }

    /// Counts what the parts of the rule come to for an event.
    fn cover(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, context: &mut Context) {
        if self.explainer.events(0).contains(event.ty()) {
            let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
            self.explainer.look(event.ty(), &mut extractor);
            self.coverage.record(&self.explainer, event.ty());
        }
    }

    /// The parts of the rule with what they came to.
    pub(super) fn covered(
        &self,
    ) -> impl Iterator<Item = (&lanner_engine::explain::NodeInfo, lanner_engine::explain::Seen)> {
        self.coverage.parts(&self.explainer, 0)
    }

    /// The tree of the rule for an event, if the rule can be true for events of its type.
    fn tree(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, context: &mut Context) -> Option<Part> {
        if !self.explainer.events(0).contains(event.ty()) {
            return None;
        }
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.explainer.look(event.ty(), &mut extractor);
        self.explainer.tree(0, Default::default(), &mut extractor)
    }

    /// The names of the events that the rule can be true for.
    fn events(&self) -> Vec<&'static str> {
        let events = self.explainer.events(0);
        let known = lanner_plugin_api::schema::EVENTS.iter().filter(|event| events.contains(event.code.0));
        let mut names: Vec<&str> = known.map(|event| event.name).collect();
        names.dedup();
        names
    }
}

/// Counts for the rules that a row is about.
pub(super) struct Cover<'p>(pub(super) Vec<&'p mut Probe>);

impl Watch for Cover<'_> {
    fn begin(&mut self, scheme: &SourceScheme, plugins: &Plugins) -> Result<(), AppError> {
        self.0.iter_mut().try_for_each(|probe| probe.begin(scheme, plugins))
    }

    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, context: &mut Context, _step: Option<usize>) {
        self.0.iter_mut().for_each(|probe| probe.cover(plugins, event, context));
    }
}

/// Looks for the event that tells most about why a rule did or did not fire.
pub(super) struct Search {
    probe: Probe,
    /// The one event in question, or whichever comes nearest to making the rule fire.
    event: Option<u64>,
    best: Option<(usize, Explained)>,
}

impl Search {
    pub(super) fn new(probe: Probe, event: Option<u64>) -> Self {
        Self { probe, event, best: None }
    }

    fn look(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, context: &mut Context, step: Option<usize>) {
        if self.event.is_some_and(|wanted| wanted != event.num()) {
            return;
        }
        let Some(tree) = self.probe.tree(plugins, event, context) else { return };
        let good = closeness(&tree);
        // Of events that are equally near the last one counts: what came before it prepared it.
        if self.best.as_ref().is_none_or(|(best, _)| good >= *best) {
            let name = EventType(event.ty()).info().map_or("", |info| info.name);
            let what = What::Event { number: event.num(), name: name.to_owned(), step, tree: Box::new(tree) };
            self.best = Some((good, Explained { rule: self.probe.rule.clone(), what }));
        }
    }

    /// What was found.
    pub(super) fn found(self) -> Explained {
        let none = || Explained { rule: self.probe.rule.clone(), what: What::NoEvent { wanted: self.probe.events() } };
        self.best.map_or_else(none, |(_, explained)| explained)
    }
}

impl Watch for Vec<Search> {
    fn begin(&mut self, scheme: &SourceScheme, plugins: &Plugins) -> Result<(), AppError> {
        self.iter_mut().try_for_each(|search| search.probe.begin(scheme, plugins))
    }

    fn event(&mut self, plugins: &mut Plugins, event: &EventRef<'_>, context: &mut Context, step: Option<usize>) {
        self.iter_mut().for_each(|search| search.look(plugins, event, context, step));
    }
}

/// How many of the parts that must all hold do.
fn closeness(tree: &Part) -> usize {
    match tree.info.kind {
        lanner_engine::explain::NodeKind::And => tree.parts.iter().map(closeness).sum(),
        _ => usize::from(tree.truth == Truth::True),
    }
}
