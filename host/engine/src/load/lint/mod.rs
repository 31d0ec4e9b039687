//! Advice about rules that load: what is certain about them and probably not meant. Each lint has a file and a stable code.

mod condition;
mod exceptions;
mod fields;
mod shadow;
mod tree;
mod words;

use std::collections::{HashMap, HashSet};

use super::code::LintCode;
use super::collect::scheme;
use super::context::Context;
use super::item::RuleItem;
use super::result::{Diagnostic, Severity};
use super::spec::RuleSpec;
use super::{FileRange, Files, Loader};
use crate::ast::Span;
use crate::lint::{Id, Prover};

/// What lints depend on beside the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintOptions {
    /// Only the first rule that matches an event raises an alert (`rule_matching: first`).
    pub first_match: bool,
}

impl Loader {
    /// All lints about the rules that are loaded. Costs far more than loading them: for checks, not for start-up.
    pub fn lint(&self, options: &LintOptions) -> Vec<Diagnostic> {
        let mut linter = Linter { loader: self, found: Vec::new(), empty: HashSet::new() };
        let mut sources: HashMap<&str, Source<'_>> = HashMap::new();
        for rule in &self.compiled.rules {
            let Some(scheme) = scheme(&self.settings.sources, &rule.source) else { continue };
            let Some(item) = self.collection.rules.get(&rule.name) else { continue };
            let Source { prover, before } = sources
                .entry(&rule.source)
                .or_insert_with(|| Source { prover: Prover::new(scheme), before: Vec::new() });
            let tree = tree::Tree::new(rule, prover);
            let dead = linter.condition(rule, item, &tree, prover);
            linter.fields(rule, item, scheme);
            if !dead {
                linter.exceptions(rule, item, prover);
            }
            if options.first_match && !dead {
                linter.shadow(rule, tree.root, before, prover);
            }
            before.push((rule, tree.root));
        }
        linter.words();
        linter.found
    }
}

/// What is known of the rules of one source so far.
struct Source<'l> {
    prover: Prover,
    before: Vec<(&'l RuleSpec, Id)>,
}

struct Linter<'l> {
    loader: &'l Loader,
    found: Vec<Diagnostic>,
    /// Places of checks without value: one macro stands in many rules.
    empty: HashSet<FileRange>,
}

impl<'l> Linter<'l> {
    fn files(&self) -> &'l Files {
        &self.loader.files
    }

    /// The context of a part of a rule's condition.
    fn part(&self, span: Span, item: &RuleItem) -> Context {
        self.loader.compiled.texts.context(span, &item.condition_context, self.files())
    }

    fn tell(&mut self, code: LintCode, message: impl Into<String>, context: &Context) -> &mut Diagnostic {
        let at = self.found.len();
        self.found.push(Diagnostic::new(Severity::Lint(code), message, context));
        &mut self.found[at]
    }
}
