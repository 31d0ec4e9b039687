//! Mutants of a rule: its condition with one top-level part left out.
//!
//! A rule whose condition still passes all its cases without a part has either a part that it does not need or a case too
//! few. The parts are those of the whole condition, macros filled in: what a macro joins by `and` counts part by part.

use lanner_engine::ast::{Expansion, ExpansionKind, Expr, ExprKind};
use lanner_engine::explain::Origins;

/// A part of a condition that must hold.
#[derive(Debug)]
pub struct Part<'e> {
    /// The part.
    pub expr: &'e Expr,
    /// What reports call it: the macro or exception that it stands in place of, else its text as written.
    pub text: String,
}

/// The parts of a condition that must all hold, from left to right.
pub fn parts<'e>(expr: &'e Expr, origins: &dyn Origins) -> Vec<Part<'e>> {
    // A stack, since macros nest as deep as the loader lets them.
    let (mut parts, mut open) = (Vec::new(), vec![expr]);
    while let Some(expr) = open.pop() {
        match &expr.kind {
            ExprKind::And(inner) => open.extend(inner.iter().rev()),
            _ => parts.push(Part { expr, text: text(expr, origins) }),
        }
    }
    parts
}

fn text(expr: &Expr, origins: &dyn Origins) -> String {
    let named = expr.from.as_deref().and_then(|Expansion { kind, name, .. }| match kind {
        ExpansionKind::Macro | ExpansionKind::List => Some(name.to_string()),
        ExpansionKind::Exception => Some(format!("exception {name}")),
        ExpansionKind::ExceptionEntry(_) => None,
    });
    let written = || origins.text(expr.span).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    shortened(&named.or_else(written).unwrap_or_else(|| expr.to_string()))
}

/// The condition without its part of this number; `None` if nothing would be left of it.
pub fn without(parts: &[Part<'_>], number: usize) -> Option<Expr> {
    let rest = parts.iter().enumerate().filter(|(at, _)| *at != number).map(|(_, part)| part.expr.clone());
    let mut rest: Vec<Expr> = rest.collect();
    match rest.len() {
        0 => None,
        1 => rest.pop(),
        _ => {
            let span = rest.first().map(|part| part.span).unwrap_or_default();
            Some(Expr::new(ExprKind::And(rest.into()), span))
        }
    }
}

/// The longest text of a part in reports.
const SHOWN: usize = 100;

/// On one line, cut where it is long.
fn shortened(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= SHOWN {
        return flat;
    }
    let head: String = flat.chars().take(SHOWN - 1).collect();
    let at = head.rfind([' ', ',']).filter(|at| *at > SHOWN / 2).unwrap_or(head.len());
    format!("{}…", head.get(..at).unwrap_or(&head).trim_end_matches([' ', ',']))
}

impl Part<'_> {
    /// Whether a text that somebody wrote names this part: as reports call it, or as it is with everything filled in; the
    /// whole of it or its beginning up to `…` or `...`, blanks and outer parentheses aside.
    pub fn is_named(&self, written: &str) -> bool {
        same(written, &self.text) || same(written, &self.expr.to_string())
    }
}

fn same(written: &str, part: &str) -> bool {
    let plain =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")");
    let (written, part) = (plain(written), plain(part));
    if written == part {
        return true;
    }
    let bare = |text: &str| text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text).to_owned();
    match written.strip_suffix('…').or_else(|| written.strip_suffix("...")) {
        Some(start) => {
            let start = start.trim_end_matches([' ', ',']);
            !start.is_empty() && (part.starts_with(start) || bare(&part).starts_with(start))
        }
        None => bare(&written) == bare(&part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::parse::parse;

    fn expr(text: &str) -> Expr {
        parse(text, 0).unwrap()
    }

    fn named(written: &str, condition: &str) -> bool {
        Part { expr: &expr(condition), text: String::new() }.is_named(written)
    }

    #[test]
    fn joined_parts_are_taken_apart_and_others_are_not() {
        let whole = expr("a.b = 1 and (c.d = 2 and (e.f = 3 or g.h = 4)) and not (i.j = 5 and k.l = 6)");
        let parts = parts(&whole, &());
        let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(texts, ["a.b = 1", "c.d = 2", "(e.f = 3 or g.h = 4)", "not (i.j = 5 and k.l = 6)"]);
        let rest = without(&parts, 1).unwrap().to_string();
        assert_eq!(rest, "(a.b = 1 and (e.f = 3 or g.h = 4) and not (i.j = 5 and k.l = 6))");
        assert_eq!(without(&parts[..2], 0).unwrap().to_string(), "c.d = 2");
        assert!(without(&parts[..1], 0).is_none());
    }

    #[test]
    fn long_parts_are_cut_between_words_and_still_named() {
        let names: Vec<String> = (0..60).map(|n| format!("program{n}")).collect();
        let condition = format!("proc.name in ({})", names.join(", "));
        let whole = expr(&condition);
        let short = text(&whole, &());
        assert!(short.chars().count() <= SHOWN && short.ends_with('…'), "{short}");
        assert!(named(&short, &condition));
        assert!(named("proc.name in (program0, program1, ...", &condition));
        assert!(!named("proc.name in (program1, …", &condition));
        assert!(!named("…", &condition));
    }

    #[test]
    fn blanks_and_outer_parentheses_do_not_count() {
        assert!(named("a.b = 1   or\n c.d = 2", "a.b = 1 or c.d = 2"));
        assert!(named("( a.b = 1 or c.d = 2 )", "a.b = 1 or c.d = 2"));
        assert!(!named("a.b = 1", "a.b = 1 or c.d = 2"));
    }
}
