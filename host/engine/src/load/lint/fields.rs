//! Checks that the events of a condition decide: fields without value, events that are never produced, regular
//! expressions that a plain operator replaces, numbers that do not fit.

use super::Linter;
use crate::ast::{Check, Expr, ExprKind, Operand, OperandKind, Operator, Right, Test, Value};
use crate::check::{event_set, event_set_of_not};
use crate::lint::regex::plain;
use crate::load::code::LintCode;
use crate::load::item::RuleItem;
use crate::load::{FileRange, RuleSpec};
use crate::scheme::{EventSet, Scheme};

/// So many names of events are told.
const NAMES: usize = 4;

impl Linter<'_> {
    pub(super) fn fields(&mut self, rule: &RuleSpec, item: &RuleItem, scheme: &Scheme) {
        let all = scheme.events().all();
        self.fields_of(&rule.expr, false, all, item, scheme);
    }

    /// `events`: those that the conditions around this part allow.
    fn fields_of(&mut self, expr: &Expr, negated: bool, events: EventSet, item: &RuleItem, scheme: &Scheme) {
        match &expr.kind {
            ExprKind::Not(part) => self.fields_of(part, !negated, events, item, scheme),
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                // What holds together narrows the events for each part.
                let together = matches!(expr.kind, ExprKind::And(_)) != negated;
                let events = match (together, negated) {
                    (false, _) => events,
                    (true, false) => events & event_set(expr, scheme),
                    (true, true) => events & event_set_of_not(expr, scheme),
                };
                parts.iter().for_each(|part| self.fields_of(part, negated, events, item, scheme));
            }
            ExprKind::Macro(_) => {}
            ExprKind::Check(check) => {
                self.without_value(check, expr, events, item, scheme);
                self.constants(check, item, scheme);
            }
        }
    }

    fn without_value(&mut self, check: &Check, expr: &Expr, events: EventSet, item: &RuleItem, scheme: &Scheme) {
        let Some((name, arg)) = field(&check.left) else { return };
        let Some((id, dotted)) = scheme.find_dotted(name) else { return };
        let has = scheme.facts().available(id, dotted.or(arg));
        if events.is_empty() || !(events & has).is_empty() {
            return;
        }
        let kinds = scheme.events().kinds().iter().filter(|kind| events.contains(kind.code) && !kind.dynamic);
        let mut names: Vec<&str> = kinds.map(|kind| &*kind.name).collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(NAMES);
        names.truncate(NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let context = self.part(expr.span, item);
        if !self.empty.insert(FileRange::from(context.place())) {
            return;
        }
        let message = format!("{} has no value at {}{more}", check.left, names.join(", "));
        let help = match scheme.find("evt.arg") == Some(id) {
            true => "`lanner events` lists the parameters of each event",
            false => "ask for other events, or for another field",
        };
        self.tell(LintCode::FieldWithoutValue, message, &context).help = Some(help.to_owned());
    }

    fn constants(&mut self, check: &Check, item: &RuleItem, scheme: &Scheme) {
        let Test::Compare { op, right, .. } = &check.test else { return };
        let values = match right {
            Right::Value(value) | Right::Name(value) => std::slice::from_ref(value),
            Right::List(values) => values,
            Right::Call(_) => return,
        };
        if let Some(("evt.type", None)) = field(&check.left) {
            values.iter().for_each(|value| self.event_type(value, item, scheme));
        }
        if *op == Operator::Regex {
            for value in values {
                let pattern = value.text();
                let told = crate::check::is_plain(&pattern);
                let Some(plain) = plain(&pattern).filter(|_| !told) else { continue };
                let context = self.part(value.span, item);
                let message = format!("`{} {plain}` says the same as this regex", check.left);
                self.tell(LintCode::CostlyRegex, message, &context).help = Some(format!("write `{plain}`"));
            }
        }
    }

    fn event_type(&mut self, value: &Value, item: &RuleItem, scheme: &Scheme) {
        let name = value.text();
        let Some(codes) = scheme.events().codes(&name) else { return };
        if (codes & scheme.facts().produced()).is_empty() {
            let context = self.part(value.span, item);
            let message = format!("no source produces the event '{name}'");
            self.tell(LintCode::EventNotProduced, message, &context).help =
                Some("remove it; `lanner events` lists what there is".to_owned());
        }
    }
}

/// The field that decides whether the left side has a value.
fn field(operand: &Operand) -> Option<(&str, Option<&str>)> {
    match &operand.kind {
        OperandKind::Field { name, arg } => Some((name, arg.as_deref())),
        OperandKind::Call { args, .. } if args.len() == 1 => field(args.first()?),
        _ => None,
    }
}
