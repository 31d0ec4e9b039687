//! Conditions of one source that explain themselves for events in hand.

use lanner_engine::explain::{Coverage, Depth, Explainer, Part};

use super::extractor::{Answers, Context, Extractor};
use super::scheme::SourceScheme;
use crate::plugin::{EventRef, PluginError, Plugins};

/// An [`Explainer`] with the answers to what it asks. Made while the plugins are at rest, used while they see events.
#[derive(Debug)]
pub struct SourceExplainer {
    explainer: Explainer,
    answers: Answers,
}

impl SourceExplainer {
    /// Prepares the answers of an explainer that was compiled for this source. Compiling asks the plugins about arguments
    /// through the source's scheme, so it must have been done before they were locked for this.
    ///
    /// # Errors
    /// What a plugin says of an argument.
    pub fn new(explainer: Explainer, source: &SourceScheme, plugins: &Plugins) -> Result<Self, PluginError> {
        let answers = Answers::prepare(explainer.slots(), source, plugins)?;
        Ok(Self { explainer, answers })
    }

    /// Looks at an event. What is asked next is about this one.
    pub fn look(&mut self, event: &EventRef<'_>, plugins: &mut Plugins, context: &mut Context) {
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.explainer.look(event.ty(), &mut extractor);
    }

    /// The tree of a condition for the event last looked at.
    pub fn tree(
        &mut self,
        condition: usize,
        depth: Depth,
        event: &EventRef<'_>,
        plugins: &mut Plugins,
        context: &mut Context,
    ) -> Option<Part> {
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.explainer.tree(condition, depth, &mut extractor)
    }

    /// Counts the event last looked at.
    pub fn record(&self, event: &EventRef<'_>, coverage: &mut Coverage) {
        coverage.record(&self.explainer, event.ty());
    }

    /// What it explains with: what holds, what there is to know without an event.
    pub fn explainer(&self) -> &Explainer {
        &self.explainer
    }
}
