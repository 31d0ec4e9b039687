//! Exceptions that exclude everything or nothing.

use super::Linter;
use crate::check::typed::Node;
use crate::lint::Prover;
use crate::load::RuleSpec;
use crate::load::code::LintCode;
use crate::load::item::{Exception, RuleItem};

use super::words::range;

impl Linter<'_> {
    pub(super) fn exceptions(&mut self, rule: &RuleSpec, item: &RuleItem, prover: &mut Prover) {
        let used: Vec<&Exception> = item.exceptions.iter().filter(|e| !e.values.is_empty()).collect();
        let Node::And(nodes) = &rule.condition.root else { return };
        // The condition, then one negated part for each exception.
        let (Some(condition), false) = (nodes.first(), used.is_empty() || nodes.len() != used.len() + 1) else {
            return;
        };
        let condition = prover.graph.add(condition, true);
        for (exception, node) in used.iter().zip(&nodes[1..]) {
            let Node::Not(node) = node else { continue };
            let holds = prover.graph.add(node, true);
            let fails = prover.graph.negate(holds);
            let name = &exception.name;
            if prover.implies(condition, holds) {
                let message = format!("exception '{name}' excludes everything that rule '{}' matches", rule.name);
                let found = self.tell(LintCode::ExceptionCoversRule, message, &exception.context);
                found.help = Some("narrow its values; to switch the rule off say so with `enabled: false`".to_owned());
                continue;
            }
            if prover.implies(condition, fails) {
                let message = format!("exception '{name}' excludes nothing that rule '{}' matches", rule.name);
                let found = self.tell(LintCode::ExceptionNoEffect, message, &exception.context);
                found.help = Some("compare its values with the condition, which allows none of them".to_owned());
                continue;
            }
            // One row for each entry, unless there is only one, which is the exception itself.
            let Node::Or(rows) = &**node else { continue };
            for (row, entry) in rows.iter().zip(&exception.values) {
                let row = prover.graph.add(row, true);
                let covers = prover.implies(condition, row);
                let fails = prover.graph.negate(row);
                let (code, what) = match covers {
                    true => (LintCode::ExceptionCoversRule, "everything"),
                    false if prover.implies(condition, fails) => (LintCode::ExceptionNoEffect, "nothing"),
                    false => continue,
                };
                let message =
                    format!("this entry of exception '{name}' excludes {what} that rule '{}' matches", rule.name);
                let found = self.tell(code, message, &exception.context);
                found.at = range(entry);
                found.help = Some("correct or remove the entry".to_owned());
            }
        }
    }
}
