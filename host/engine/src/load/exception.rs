//! Exceptions of rules: checked when they are defined, turned into trees when the rule is compiled.

use std::sync::Arc;

use super::code::ErrorCode;
use super::context::Context;
use super::decode::{Result, semantic};
use super::item::{Entry, Exception, Fault, Word};
use super::source::{CondText, Files, Texts};
use crate::ast::{Expansion, ExpansionKind, Expr, ExprKind, Modifier, Operator, Shared};
use crate::check::valid_field;
use crate::parse::{ParseError, parse};
use crate::scheme::Scheme;

/// Fills in the default operators, trims those that are given, and checks operators and fields. Without a scheme the
/// fields are not checked.
pub(super) fn normalise(exception: &mut Exception, scheme: Option<&Arc<Scheme>>) -> Result<()> {
    let context = exception.context.clone();
    let comps_set = exception.comps.is_set();
    match &exception.fields {
        Entry::Many(fields) => {
            if !comps_set {
                exception.comps = Entry::Many(fields.iter().map(|f| implied("=", f)).collect());
            }
            let comps = match &mut exception.comps {
                Entry::Many(comps) if comps.len() == fields.len() => comps,
                _ => return semantic("Fields and comps lists must have equal length", &context),
            };
            for comp in comps {
                trim(comp);
                let op = comp.text();
                if Operator::from_word(op).is_none() && op != "exists" && !has_modifier(op) {
                    return semantic(format!("'{op}' is not a supported comparison operator"), &context);
                }
            }
            fields.iter().try_for_each(|field| check_field(field.text(), scheme, &context))
        }
        field => {
            if !comps_set {
                exception.comps = implied("in", field);
            }
            if matches!(exception.comps, Entry::Many(_)) {
                return semantic("Fields and comps must both be strings", &context);
            }
            trim(&mut exception.comps);
            let op = exception.comps.text();
            if !matches!(op, "in" | "pmatch" | "intersects") && !has_modifier(op) {
                let message = "When fields is a single value, comps must be one of (in, pmatch, intersects) or a \
                               modifier operator (e.g. startswith oneof)";
                return semantic(message, &context);
            }
            check_field(field.text(), scheme, &context)
        }
    }
}

/// A word that nobody wrote; it stands where the field stands.
fn implied(text: &str, field: &Entry) -> Entry {
    match field.word() {
        Some(word) => Entry::One(Word { text: text.to_owned(), origin: word.origin.clone() }),
        None => Entry::Unset,
    }
}

fn trim(comp: &mut Entry) {
    if let Entry::One(word) = comp {
        word.text = word.text.trim_matches([' ', '\t', '\r', '\n']).to_owned();
    }
}

/// A string operator followed by a modifier.
fn has_modifier(comp: &str) -> bool {
    let mut words = comp.split_ascii_whitespace();
    let (Some(op), Some(modifier), None) = (words.next(), words.next(), words.next()) else { return false };
    Modifier::from_word(modifier).is_some()
        && Operator::from_word(op).is_some_and(|op| !op.takes_list() && !op.takes_number())
}

fn check_field(field: &str, scheme: Option<&Arc<Scheme>>, context: &Context) -> Result<()> {
    let Some(scheme) = scheme else { return Ok(()) };
    let valid = match parse(&format!("{field} exists"), 0) {
        Ok(Expr { kind: ExprKind::Check(check), .. }) => valid_field(&check.left, scheme).is_ok(),
        _ => false,
    };
    if valid { Ok(()) } else { semantic(format!("'{field}' is not a supported filter field"), context) }
}

/// Checks that the values of each exception fit its fields in number and kind.
pub(super) fn check_values(exceptions: &[Exception]) -> Result<()> {
    for exception in exceptions {
        for value in &exception.values {
            match (&exception.fields, value) {
                (Entry::Many(fields), Entry::Many(cells)) if fields.len() == cells.len() => {}
                (Entry::Many(_), _) => {
                    return semantic("Fields and values lists must have equal length", &exception.context);
                }
                (_, Entry::Many(_)) => {
                    return semantic("Expected values array to contain a list of strings", &exception.context);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Adds `and not (…)` for each exception that has values, of which [`check_values`] has nothing to say.
pub(super) fn add(
    condition: Expr,
    exceptions: &[Exception],
    rule_context: &Context,
    texts: &mut Texts,
    files: &Files,
) -> Result<Expr> {
    let span = condition.span;
    let mut parts = vec![condition];
    for exception in exceptions.iter().filter(|e| !e.values.is_empty()) {
        let excluded = match (&exception.fields, &exception.comps) {
            (Entry::Many(fields), Entry::Many(comps)) => {
                let mut rows = Vec::with_capacity(exception.values.len());
                for (at, value) in exception.values.iter().enumerate() {
                    let Entry::Many(cells) = value else { continue };
                    let columns = fields.iter().zip(comps).zip(cells);
                    let checks = columns
                        .map(|((field, comp), cell)| fragment(cell_text(field, comp, cell), rule_context, texts, files))
                        .collect::<Result<Vec<_>>>()?;
                    let mut row = group(checks, ExprKind::And);
                    let kind = ExpansionKind::ExceptionEntry(u32::try_from(at).unwrap_or(u32::MAX));
                    row.from = Some(Expansion::new(kind, &exception.name, row.span));
                    rows.push(row);
                }
                group(rows, ExprKind::Or)
            }
            (field, comp) => {
                let mut text = head(field, comp);
                text.push_glue("(");
                for (i, value) in exception.values.iter().enumerate() {
                    text.push_glue(if i > 0 { ", " } else { "" });
                    quote(&mut text, value.word());
                }
                text.push_glue(")");
                fragment(text, rule_context, texts, files)?
            }
        };
        let span = excluded.span;
        let from = Some(Expansion::new(ExpansionKind::Exception, &exception.name, span));
        parts.push(Expr { kind: ExprKind::Not(Box::new(excluded)), span, from });
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Expr::new(ExprKind::And(parts.into()), span),
    })
}

fn group(mut parts: Vec<Expr>, kind: fn(Shared<Expr>) -> ExprKind) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => {
            let span = parts.first().map(|p| p.span).unwrap_or_default();
            Expr::new(kind(parts.into()), span)
        }
    }
}

fn head(field: &Entry, comp: &Entry) -> CondText {
    let mut text = CondText::new();
    for entry in [field, comp] {
        push(&mut text, entry.word());
        text.push_glue(" ");
    }
    text
}

/// `field operator value` of one cell. What the value is decides how it is written: a list in parentheses, a text with
/// blanks in quotes, everything else as it is, so that it may be quoted, the name of a list or a transformer call.
fn cell_text(field: &Entry, comp: &Entry, cell: &Entry) -> CondText {
    let mut text = head(field, comp);
    match cell {
        Entry::Many(values) => {
            text.push_glue("(");
            for (i, value) in values.iter().enumerate() {
                text.push_glue(if i > 0 { ", " } else { "" });
                quote(&mut text, value.word());
            }
            text.push_glue(")");
        }
        _ if takes_list(comp.text()) && !cell.text().starts_with('(') => {
            text.push_glue("(");
            push(&mut text, cell.word());
            text.push_glue(")");
        }
        _ if takes_list(comp.text()) => push(&mut text, cell.word()),
        _ => quote(&mut text, cell.word()),
    }
    text
}

fn takes_list(comp: &str) -> bool {
    Operator::from_word(comp).is_some_and(Operator::takes_list) || has_modifier(comp)
}

fn push(text: &mut CondText, word: Option<&Word>) {
    if let Some(word) = word {
        text.push(&word.text, word.origin.clone());
    }
}

fn quote(text: &mut CondText, word: Option<&Word>) {
    let Some(word) = word else { return };
    let quotes = word.text.contains(' ') && !word.text.starts_with(['"', '\'']);
    text.push_glue(if quotes { "\"" } else { "" });
    push(text, Some(word));
    text.push_glue(if quotes { "\"" } else { "" });
}

fn fragment(text: CondText, rule_context: &Context, texts: &mut Texts, files: &Files) -> Result<Expr> {
    let text = Arc::new(text);
    let source = texts.add(text.clone());
    parse(&text.text, source).map_err(|error| parse_fault(&error, &text, rule_context, files))
}

/// A syntax error, placed in the file.
pub(super) fn parse_fault(error: &ParseError, text: &CondText, context: &Context, files: &Files) -> Fault {
    let place = text.place(files, error.offset, error.offset).unwrap_or(context.place());
    Fault {
        code: ErrorCode::CompileCondition,
        message: error.to_string(),
        context: context.expression(text.text.as_str().into(), error.offset, place),
        help: None,
        at: None,
    }
}

/// The names of an exception's fields.
pub(super) fn field_names(exception: &Exception) -> Vec<String> {
    match &exception.fields {
        Entry::Many(fields) => fields.iter().map(|f| f.text().to_owned()).collect(),
        field => vec![field.text().to_owned()],
    }
}
