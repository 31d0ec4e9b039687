//! Rules that are to be enforced in the kernel: which of them can be, and why not.

use super::code::LintCode;
use super::collect::scheme;
use super::result::{Diagnostic, Severity};
use super::spec::{Enforce, RuleSpec};
use super::{Context, Loader};
use crate::enforce::{Ability, Program, Unqualified, lower};

/// Names told in a remedy.
const NAMES: usize = 12;

impl Loader {
    /// What the kernel would have to decide for this rule.
    ///
    /// # Errors
    /// The part of the condition that it cannot decide.
    pub fn program(&self, rule: &RuleSpec, ability: &Ability) -> Option<Result<Program, Unqualified>> {
        let scheme = scheme(&self.settings.sources, &rule.source)?;
        Some(lower(&rule.expr, &rule.condition, scheme, ability))
    }

    /// What is to be told of enforcement: of the rules that ask for it which cannot be enforced; of `every` rule whether it
    /// could be.
    pub fn enforcement(&self, ability: &Ability, every: bool) -> Vec<Diagnostic> {
        let rules = self.compiled.rules.iter();
        rules.filter_map(|rule| self.told(rule, self.program(rule, ability)?, ability, every)).collect()
    }

    fn told(
        &self,
        rule: &RuleSpec,
        program: Result<Program, Unqualified>,
        ability: &Ability,
        every: bool,
    ) -> Option<Diagnostic> {
        let asks = rule.enforce == Enforce::Kill;
        let names = |all: &mut dyn Iterator<Item = &'static str>| all.take(NAMES).collect::<Vec<_>>().join(", ");
        match program {
            Ok(program) if every => {
                let of = |code: u16| ability.events.iter().find(|event| event.codes.contains(&code));
                let mut at = program.events.iter().filter_map(|(code, _)| of(*code)).map(|event| event.name);
                let does = if asks { "kills" } else { "could kill" };
                let message = format!("rule '{}' {does} in the kernel, at {}", rule.name, names(&mut at));
                let code = Severity::Lint(LintCode::EnforcePossible);
                let help = (!asks).then(|| "add `enforce: kill`".to_owned());
                Some(Diagnostic { help, ..Diagnostic::new(code, message, &rule.context) })
            }
            Err(why) if asks || every => {
                let code = if asks { LintCode::EnforceUnqualified } else { LintCode::EnforceNotPossible };
                let events = names(&mut ability.events.iter().map(|event| event.name));
                let fields = names(&mut ability.fields.iter().map(|(name, ..)| *name));
                let verb = if asks { "kills nothing" } else { "could not kill in the kernel" };
                let message = format!("rule '{}' {verb}: {}", rule.name, why.reason);
                let help = Some(why.reason.remedy(&events, &fields));
                Some(Diagnostic { help, ..Diagnostic::new(Severity::Lint(code), message, &self.place(rule, &why)) })
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// Where the part stands that cannot be decided.
    fn place(&self, rule: &RuleSpec, why: &Unqualified) -> Context {
        match self.collection.rules.get(&rule.name) {
            Some(item) => self.compiled.texts.context(why.span, &item.condition_context, &self.files),
            None => rule.context.clone(),
        }
    }
}
