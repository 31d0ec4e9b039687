//! From items to rules: lists, macros, exceptions, outputs, conditions. Everything collected so far is compiled anew after
//! each file, so that a file may change what earlier files defined.

mod condition;
mod output;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ast::{Expr, Span};
use crate::check::{Checker, MANY_EVENTS};
use crate::load::code::{ErrorCode, WarningCode};
use crate::load::collect::{Collection, scheme};
use crate::load::context::{Context, ItemKind};
use crate::load::decode::Result;
use crate::load::exception;
use crate::load::item::{Fault, RuleItem, sorted};
use crate::load::lists::Lists;
use crate::load::macros::{MacroError, Macros};
use crate::load::result::{Diagnostic, Severity, similar};
use crate::load::settings::Settings;
use crate::load::source::{CondText, Files, Texts};
use crate::load::spec::RuleSpec;
use crate::parse::parse;
use crate::value::SlotTable;

/// After so many diagnostics nobody reads guesses, and each compares a name with all others.
const GUESSES: usize = 200;

/// What the items collected so far come to.
#[derive(Debug, Default)]
pub(in crate::load) struct Compiled {
    pub(in crate::load) lists: Lists,
    pub(in crate::load) macros: Macros,
    pub(in crate::load) rules: Vec<RuleSpec>,
    /// The names of rules that have errors or need something that has.
    pub(in crate::load) left_out: Vec<String>,
    /// The slots of all formats, per source.
    pub(in crate::load) slots: BTreeMap<Arc<str>, SlotTable>,
    /// What the spans of all trees refer to.
    pub(in crate::load) texts: Texts,
}

struct Compiler<'c> {
    collection: &'c Collection,
    settings: &'c Settings,
    files: &'c Files,
    out: &'c mut Vec<Diagnostic>,
    compiled: Compiled,
    /// What checks the conditions of each source.
    checkers: HashMap<&'c str, Checker<'c>>,
    failed: bool,
}

/// Compiles all items; what is wrong goes to `out`, and with an error `true` comes back and only the good items.
pub(in crate::load) fn compile(
    collection: &Collection,
    settings: &Settings,
    files: &Files,
    out: &mut Vec<Diagnostic>,
) -> (Compiled, bool) {
    let compiled = Compiled { lists: Lists::new(&collection.lists), ..Compiled::default() };
    let mut compiler = Compiler { collection, settings, files, out, compiled, checkers: HashMap::new(), failed: false };
    if compiler.macros() && compiler.rules() && !compiler.failed {
        compiler.unused();
    }
    (compiler.compiled, compiler.failed)
}

impl<'c> Compiler<'c> {
    /// Records an error; `false` if it is to be the last.
    fn fail(&mut self, fault: Fault) -> bool {
        self.failed = true;
        self.out.push(fault.into());
        self.settings.go_on()
    }

    /// Records an error that is not to be the last; `false` leaves it to the caller.
    fn fail_or_end(&mut self, fault: &Fault) -> bool {
        self.settings.go_on() && self.fail(fault.clone())
    }

    fn warn(&mut self, severity: Severity, message: impl Into<String>, context: &Context) {
        self.out.push(Diagnostic::new(severity, message, context));
    }

    fn macros(&mut self) -> bool {
        for item in self.collection.macros.iter() {
            let parsed = self.parse(&item.condition, &item.condition_context);
            let condition = match parsed {
                Ok(condition) => Some(condition),
                Err(fault) => {
                    if !self.fail(fault) {
                        return false;
                    }
                    None
                }
            };
            self.compiled.macros.add(&item.name, item.order.index, condition);
        }
        for (kind, name) in &self.collection.broken {
            if *kind == ItemKind::Macro && self.collection.macros.get(name).is_none() {
                self.compiled.macros.add(name, 0, None);
            }
        }
        for (at, item) in self.collection.macros.iter().enumerate() {
            let resolved = self.compiled.macros.resolve_own(at, item.order.visibility);
            if let Err((error, span)) = resolved.or_else(unless_broken) {
                let fault = self.macro_fault(&error, span, &item.context);
                if !self.fail(fault) {
                    return false;
                }
            }
        }
        true
    }

    fn rules(&mut self) -> bool {
        self.compiled.rules.reserve_exact(self.collection.rules.all().len());
        for item in self.collection.rules.iter().filter(|rule| !rule.unknown_source) {
            let failed = std::mem::take(&mut self.failed);
            match self.rule(item) {
                Ok(rule) => self.compiled.rules.extend(rule),
                Err(fault) => {
                    if !self.fail(fault) {
                        return false;
                    }
                }
            }
            if self.failed || item.broken {
                self.compiled.left_out.push(item.name.clone());
            }
            self.failed |= failed;
        }
        true
    }

    fn unused(&mut self) {
        let macros = self.collection.macros.iter().zip(self.compiled.macros.all()).filter(|(_, m)| !m.used);
        let lists = self.collection.lists.iter().zip(self.compiled.lists.all()).filter(|(_, l)| !l.used);
        let macros = macros.map(|(item, _)| (WarningCode::UnusedMacro, "Macro", &item.context));
        let lists = lists.map(|(item, _)| (WarningCode::UnusedList, "List", &item.context));
        for (code, what, context) in macros.chain(lists).collect::<Vec<_>>() {
            self.warn(Severity::Warning(code), format!("{what} not referred to by any other rule/macro"), context);
        }
    }

    /// The tree of a condition with lists resolved.
    fn parse(&mut self, text: &Arc<CondText>, context: &Context) -> Result<Expr> {
        let source = self.compiled.texts.add(text.clone());
        let mut expr =
            parse(&text.text, source).map_err(|error| exception::parse_fault(&error, text, context, self.files))?;
        self.lists(&mut expr, context)?;
        Ok(expr)
    }

    fn lists(&mut self, expr: &mut Expr, context: &Context) -> Result<()> {
        self.compiled
            .lists
            .resolve(expr)
            .map_err(|(error, span)| self.fault(ErrorCode::CompileCondition, error.to_string(), span, context))
    }

    fn fault(&self, code: ErrorCode, message: String, span: Span, context: &Context) -> Fault {
        Fault { code, message, context: self.expression(span, context), help: None, at: None }
    }

    fn macro_fault(&self, error: &MacroError, span: Span, context: &Context) -> Fault {
        let mut fault = self.fault(ErrorCode::Validate, error.to_string(), span, context);
        if let MacroError::Undefined(name) = error
            && self.out.len() < GUESSES
        {
            let names = self.collection.macros.iter().map(|m| m.name.as_str());
            fault.help = similar(name, names).map(|meant| format!("did you mean '{meant}'?"));
        }
        fault
    }

    /// The context of a part of a condition.
    fn expression(&self, span: Span, context: &Context) -> Context {
        self.compiled.texts.context(span, context, self.files)
    }

    /// Compiles one rule. `None` if it is left out, with a warning.
    fn rule(&mut self, item: &RuleItem) -> Result<Option<RuleSpec>> {
        let settings: &'c Settings = self.settings;
        let Some(scheme) = scheme(&settings.sources, &item.source) else { return Ok(None) };
        exception::check_values(&item.exceptions)?;
        let source: Arc<str> = item.source.as_str().into();
        let mut slots = self.compiled.slots.remove(&source).unwrap_or_default();
        let formats = self.formats(item, scheme, &mut slots);
        self.compiled.slots.insert(source.clone(), slots);
        let formats = match formats {
            // The condition is looked at all the same, if all errors are asked for.
            Err(fault) if self.fail_or_end(&fault) => None,
            formats => Some(formats?),
        };
        if formats.as_ref().is_some_and(Option::is_none) {
            return Ok(None);
        }
        let Some((expr, condition)) = self.condition(item, scheme)? else { return Ok(None) };
        let Some((output, extra_fields)) = formats.flatten().filter(|_| !item.broken) else { return Ok(None) };
        if item.source == "syscall" && item.warn_evttypes && condition.events().len() > MANY_EVENTS {
            let message = "Rule matches too many evt.type values. This has a significant performance penalty.";
            self.warn(Severity::Warning(WarningCode::NoEventType), message, &item.context);
        }
        let used = item.exceptions.iter().filter(|e| !e.values.is_empty());
        Ok(Some(RuleSpec {
            name: item.name.as_str().into(),
            source,
            description: item.desc.as_str().into(),
            priority: item.priority,
            tags: item.tags.iter().map(|tag| tag.as_str().into()).collect(),
            enabled: item.enabled && item.priority <= self.settings.threshold,
            capture: item.capture,
            capture_duration: item.capture_duration,
            capture_before: item.capture_before,
            enforce: item.enforce,
            expr,
            condition,
            output,
            extra_fields,
            exception_fields: sorted(used.flat_map(exception::field_names)),
            context: item.context.clone(),
        }))
    }
}

/// What is wrong with a macro that another one names has been told already.
fn unless_broken(error: (MacroError, Span)) -> std::result::Result<(), (MacroError, Span)> {
    if matches!(error.0, MacroError::Broken(_)) { Ok(()) } else { Err(error) }
}
