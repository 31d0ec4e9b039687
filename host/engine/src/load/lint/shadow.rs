//! Rules that never raise an alert because an earlier one always matches too.

use super::Linter;
use crate::lint::{Id, Prover};
use crate::load::code::LintCode;
use crate::load::result::Related;
use crate::load::{FileRange, RuleSpec};
use crate::scheme::EventSet;

impl Linter<'_> {
    /// `before`: the conditions of the earlier rules of the source.
    pub(super) fn shadow(&mut self, rule: &RuleSpec, root: Id, before: &[(&RuleSpec, Id)], prover: &mut Prover) {
        if !rule.enabled || rule.condition.events().is_empty() {
            return;
        }
        for (earlier, earlier_root) in before {
            let beyond = rule.condition.events() & !earlier.condition.events();
            if !earlier.enabled || beyond != EventSet::EMPTY || !prover.implies(root, *earlier_root) {
                continue;
            }
            let same = prover.implies(*earlier_root, root);
            let how = if same { "has the same condition" } else { "matches whenever this one does" };
            let message = format!("rule '{}' never raises an alert: '{}' {how}", rule.name, earlier.name);
            let help = match same {
                true => "remove one of the two, or set `rule_matching: all`".to_owned(),
                false => format!(
                    "move it before '{}', or exclude there what this rule is about, or set `rule_matching: all`",
                    earlier.name
                ),
            };
            let related =
                Related { message: "this rule comes first".to_owned(), at: FileRange::from(earlier.context.place()) };
            let found = self.tell(LintCode::ShadowedRule, message, &rule.context);
            found.help = Some(help);
            found.related.push(related);
            return;
        }
    }
}
