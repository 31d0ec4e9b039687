//! Exceptions of rules, as written.

use super::Reader;
use crate::load::code::{LintCode, WarningCode};
use crate::load::context::{Context, FileRange, ItemKind};
use crate::load::decode::{Result, entry, required, required_node, structure};
use crate::load::item::{Entry, Exception};
use crate::load::result::{Diagnostic, Severity, similar};
use crate::yaml::{Kind, Node};

const EXCEPTION_KEYS: &[&str] = &["name", "fields", "comps", "values"];

impl Reader<'_> {
    pub(super) fn exceptions(&mut self, item: &Node, rule: &Context, append: bool) -> Result<Vec<Exception>> {
        let Some(node) = item.get("exceptions").filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
        let all = rule.within(ItemKind::Exceptions, "", node.mark);
        let Kind::Sequence(nodes) = &node.kind else { return structure("Rule exceptions must be a sequence", &all) };
        let mut exceptions: Vec<Exception> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let nameless = all.within(ItemKind::Exception, "", node.mark);
            if !node.is_mapping() {
                return structure("Rule exception must be a mapping", &nameless);
            }
            let name: String = required(node, "name", &nameless)?;
            let context = rule.within(ItemKind::Exception, &name, node.mark);
            self.exception_keys(node, &context);
            if exceptions.iter().any(|e| e.name == name) {
                let message = format!("Multiple definitions of exception '{name}' in the same rule");
                self.warn(WarningCode::ExceptionNameNotUnique, message, &context);
            }
            let part = |key: &str| match node.get(key) {
                Some(part) => entry(part, key, self.file, &context),
                None => Ok(Entry::Unset),
            };
            if !append {
                required_node(node, "fields", &context)?;
            }
            let (fields, comps) = (part("fields")?, part("comps")?);
            let mut values = Vec::new();
            if let Some(node) = node.get("values") {
                let context = context.within(ItemKind::ExceptionValues, "", node.mark);
                let Kind::Sequence(nodes) = &node.kind else {
                    return structure("Rule exception values must be a sequence", &context);
                };
                for node in nodes {
                    let context = context.within(ItemKind::ExceptionValue, "", node.mark);
                    values.push(entry(node, "", self.file, &context)?);
                }
            } else if append {
                let message = "Overriding/appending exception with no values";
                self.warn(WarningCode::AppendNoValues, message, &context);
            }
            exceptions.push(Exception { name, fields, comps, values, context });
        }
        Ok(exceptions)
    }

    /// A misspelt key of an exception has no established warning, and an exception without values does nothing.
    fn exception_keys(&mut self, node: &Node, context: &Context) {
        self.repeated_keys(node, context);
        for (key, _) in node.entries() {
            let Some(text) = key.as_str().filter(|text| !EXCEPTION_KEYS.contains(text)) else { continue };
            let mut found = Diagnostic::new(
                Severity::Lint(LintCode::UnknownExceptionKey),
                format!("unknown key '{text}' in exception '{}'", context.item()),
                context,
            );
            found.at = Some(FileRange::of(self.file, key));
            found.help = similar(text, EXCEPTION_KEYS.iter().copied()).map(|meant| format!("did you mean '{meant}'?"));
            self.out.push(found);
        }
    }
}
