//! From items to rules: lists, macros, exceptions, outputs, conditions. Everything collected so far is compiled anew after
//! each file, so that a file may change what earlier files defined.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::{DeprecatedField, ErrorCode, WarningCode};
use super::collect::{Collection, scheme};
use super::context::{Context, FileRange, ItemKind};
use super::decode::Result;
use super::exception;
use super::item::{Fault, RuleItem, sorted};
use super::lists::Lists;
use super::macros::{MacroError, Macros};
use super::result::{Diagnostic, Severity, similar};
use super::settings::Settings;
use super::source::{CondText, Files, Texts};
use super::spec::{ExtraField, RuleSpec};
use crate::ast::{Expr, Operand, OperandKind, Span};
use crate::check::{CheckErrorKind, Condition, LintKind, MANY_EVENTS, lints};
use crate::format::{FormatError, FormatErrorKind, OutputFormat};
use crate::parse::parse;
use crate::scheme::Scheme;
use crate::value::SlotTable;

/// Removed from outputs; the container plugin suggests fields instead.
const CONTAINER_INFO: &str = "%container.info";

/// After so many diagnostics nobody reads guesses, and each compares a name with all others.
const GUESSES: usize = 200;

/// What the items collected so far come to.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) lists: Lists,
    pub(super) macros: Macros,
    pub(super) rules: Vec<RuleSpec>,
    /// The names of rules that have errors or need something that has.
    pub(super) left_out: Vec<String>,
    /// The slots of all formats, per source.
    pub(super) slots: BTreeMap<Arc<str>, SlotTable>,
    /// What the spans of all trees refer to.
    pub(super) texts: Texts,
}

pub(super) struct Compiler<'c> {
    collection: &'c Collection,
    settings: &'c Settings,
    files: &'c Files,
    out: &'c mut Vec<Diagnostic>,
    compiled: Compiled,
    failed: bool,
}

/// Compiles all items; what is wrong goes to `out`, and with an error `true` comes back and only the good items.
pub(super) fn compile(
    collection: &Collection,
    settings: &Settings,
    files: &Files,
    out: &mut Vec<Diagnostic>,
) -> (Compiled, bool) {
    let compiled = Compiled { lists: Lists::new(&collection.lists), ..Compiled::default() };
    let mut compiler = Compiler { collection, settings, files, out, compiled, failed: false };
    if compiler.macros() && compiler.rules() && !compiler.failed {
        compiler.unused();
    }
    (compiler.compiled, compiler.failed)
}

impl Compiler<'_> {
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
        let Some(scheme) = scheme(&self.settings.sources, &item.source).cloned() else { return Ok(None) };
        exception::check_values(&item.exceptions)?;
        let source: Arc<str> = item.source.as_str().into();
        let mut slots = self.compiled.slots.remove(&source).unwrap_or_default();
        let formats = self.formats(item, &scheme, &mut slots);
        self.compiled.slots.insert(source.clone(), slots);
        let formats = match formats {
            // The condition is looked at all the same, if all errors are asked for.
            Err(fault) if self.fail_or_end(&fault) => None,
            formats => Some(formats?),
        };
        if formats.as_ref().is_some_and(Option::is_none) {
            return Ok(None);
        }
        let Some((expr, condition)) = self.condition(item, &scheme)? else { return Ok(None) };
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
            expr,
            condition,
            output,
            extra_fields,
            exception_fields: sorted(used.flat_map(exception::field_names)),
            context: item.context.clone(),
        }))
    }

    /// The output and the extra fields of a rule.
    fn formats(
        &mut self,
        item: &RuleItem,
        scheme: &Scheme,
        slots: &mut SlotTable,
    ) -> Result<Option<(OutputFormat, Vec<ExtraField>)>> {
        let mut output = item.output.text.clone();
        let mut extra = BTreeMap::new();
        for append in self.settings.append_output.iter().filter(|append| append.matches(item)) {
            for text in append.texts(scheme) {
                output.push(' ');
                output.push_str(&text);
            }
            for (key, format) in &append.fields {
                let text = format.clone().unwrap_or_else(|| format!("%{key}"));
                extra.insert(key.clone(), (text, format.is_none()));
            }
        }
        if output.contains(CONTAINER_INFO) {
            let message = "%container.info is deprecated and has no effect any more: the container plugin adds the \
                           fields that it suggests to the output. It will be dropped in a later version.";
            self.warn(Severity::Warning(WarningCode::DeprecatedItem), message, &item.context);
            output = output.replace(CONTAINER_INFO, "");
        }
        let written = output.starts_with(&item.output.text);
        let place = |error: &FormatError| {
            let token = output.get(error.offset..)?;
            let end = token.find(|c: char| c.is_whitespace() || ",;:=|\"'".contains(c)).unwrap_or(token.len());
            let within = written && error.offset < item.output.text.len();
            item.output
                .place(self.files, error.offset, error.offset + end.max(1))
                .filter(|_| within)
                .map(FileRange::from)
        };
        let fault = |error: FormatError| Fault {
            code: ErrorCode::CompileOutput,
            message: error.to_string(),
            context: item.output_context.clone(),
            at: place(&error),
            help: format_help(&error, scheme),
        };
        let format = match OutputFormat::compile(&output, scheme, slots) {
            Ok(format) => format,
            Err(error) if item.skip_if_unknown_filter && error.kind.is_unknown_filter() => {
                let code = Severity::Warning(WarningCode::UnknownFilter);
                self.warn(code, error.to_string(), &item.output_context);
                return Ok(None);
            }
            Err(error) => return Err(fault(error)),
        };
        self.deprecated_output(&output, item);
        let mut fields = Vec::with_capacity(extra.len());
        for (key, (text, raw)) in extra {
            let extra_fault = |error| Fault { at: None, ..fault(error) };
            let format = OutputFormat::compile(&text, scheme, slots).map_err(extra_fault)?;
            self.deprecated_output(&text, item);
            fields.push(ExtraField { key: key.into(), format, raw });
        }
        Ok(Some((format, fields)))
    }

    /// Found anywhere in the text, so that `evt.latency.s` also counts as `evt.latency`.
    fn deprecated_output(&mut self, text: &str, item: &RuleItem) {
        for field in DeprecatedField::ALL.iter().filter(|field| text.contains(field.as_str())) {
            let message =
                format!("usage of deprecated field '{}' has been detected in the rule output", field.as_str());
            self.warn(Severity::DeprecatedField(*field), message, &item.output_context);
        }
    }

    fn condition(&mut self, item: &RuleItem, scheme: &Scheme) -> Result<Option<(Expr, Condition)>> {
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
        let lints = lints(&expr, scheme);
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
        match Condition::check(&expr, scheme) {
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
}

/// A guess at the field that an output means.
fn format_help(error: &FormatError, scheme: &Scheme) -> Option<String> {
    let FormatErrorKind::UnknownField(text) = &error.kind else { return None };
    let name = text.rsplit(' ').next()?;
    similar(name, scheme.fields().iter().map(|field| &*field.name)).map(|meant| format!("did you mean '%{meant}'?"))
}

/// What is wrong with a macro that another one names has been told already.
fn unless_broken(error: (MacroError, Span)) -> std::result::Result<(), (MacroError, Span)> {
    if matches!(error.0, MacroError::Broken(_)) { Ok(()) } else { Err(error) }
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
