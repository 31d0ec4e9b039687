//! Conditions of rules: parsed, resolved, checked.

use std::collections::BTreeMap;

use super::Compiler;
use crate::ast::{Expr, Operand, OperandKind, Span};
use crate::check::{CheckErrorKind, Checker, Condition, LintKind};
use crate::load::code::{DeprecatedField, ErrorCode, WarningCode};
use crate::load::decode::Result;
use crate::load::exception;
use crate::load::item::RuleItem;
use crate::load::macros::MacroError;
use crate::load::result::{Severity, similar};
use crate::scheme::Scheme;

impl<'c> Compiler<'c> {
    pub(super) fn condition(&mut self, item: &RuleItem, scheme: &'c Scheme) -> Result<Option<(Expr, Condition)>> {
        let context = &item.condition_context;
        let expr = self.parse(&item.condition, context)?;
        let mut expr = exception::add(expr, &item.exceptions, context, &mut self.compiled.texts, self.files)?;
        if item.exceptions.iter().any(|e| !e.values.is_empty()) {
            self.lists(&mut expr, context)?;
        }
        if let Err((error, span)) = self.compiled.macros.resolve(&mut expr, u32::MAX) {
            if matches!(error, MacroError::Broken(_)) {
                self.failed = true;
                return Ok(None);
            }
            return Err(self.macro_fault(&error, span, &item.context));
        }
        let lints = self.checker(scheme).lints(&expr);
        let (unsafe_na, suspicious): (Vec<_>, Vec<_>) =
            lints.into_iter().partition(|lint| matches!(lint.kind, LintKind::UnsafeNa));
        if let Some(lint) = unsafe_na.first() {
            let context = self.expression(lint.span, context);
            self.warn(Severity::Warning(WarningCode::UnsafeNaCheck), lint.to_string(), &context);
        }
        for (field, span) in deprecated_fields(&expr) {
            let context = self.expression(span, context);
            self.warn(Severity::DeprecatedField(field), field.description(), &context);
        }
        match self.checker(scheme).check(&expr) {
            Ok(condition) => {
                for lint in suspicious {
                    let context = self.expression(lint.span, context);
                    self.warn(Severity::Warning(WarningCode::CompileCondition), lint.to_string(), &context);
                    if let Some(warning) = self.out.last_mut() {
                        warning.help = lint.help();
                    }
                }
                Ok(Some((expr, condition)))
            }
            Err(error) if item.skip_if_unknown_filter && error.kind.is_unknown_filter() => {
                let context = self.expression(error.span, context);
                self.warn(Severity::Warning(WarningCode::UnknownFilter), error.to_string(), &context);
                Ok(None)
            }
            Err(error) => {
                let mut fault = self.fault(ErrorCode::CompileCondition, error.to_string(), error.span, context);
                let meant = match &error.kind {
                    CheckErrorKind::UnknownField { similar, .. } => similar.as_deref(),
                    CheckErrorKind::UnknownEvent(name) => similar(name, scheme.events().names()),
                    _ => None,
                };
                fault.help = meant.map(|meant| format!("did you mean '{meant}'?"));
                Err(fault)
            }
        }
    }

    fn checker(&mut self, scheme: &'c Scheme) -> &mut Checker<'c> {
        self.checkers.entry(scheme.source()).or_insert_with(|| Checker::new(scheme))
    }
}

/// The deprecated fields that stand on the left of checks, each once, with the place of the first.
fn deprecated_fields(expr: &Expr) -> BTreeMap<DeprecatedField, Span> {
    let mut found = BTreeMap::new();
    for check in expr.checks() {
        check.left.walk(&mut |operand: &Operand| {
            if let OperandKind::Field { name, .. } = &operand.kind
                && let Some(field) = DeprecatedField::from_name(name)
            {
                found.entry(field).or_insert(operand.span);
            }
        });
    }
    found
}
