//! What a value needs for a comparison to hold, as tokens of an [index](super::index).

use regex_syntax::hir::{Hir, HirKind};

use super::index::{Look, Token, network};
use crate::ast::{Modifier, Operator};
use crate::check::regex;
use crate::check::typed::{Atom, AtomTest, Constant};
use crate::scheme::{Matching, ValueClass};

/// Shorter pieces of text are found in too many values to tell rules apart.
const SHORTEST: usize = 3;

/// What a value needs for the comparison to hold: one of these tokens at least. `None` if that cannot be said.
pub(super) fn needs(atom: &Atom) -> Option<(Look, Vec<Token>)> {
    let AtomTest::Constants { op, modifier, values } = &atom.test else { return None };
    let list = atom.left.is_list();
    // A list without values satisfies `in`, whatever is listed.
    let vacuous = list && (*op == Operator::In || modifier.is_some());
    if values.is_empty() || vacuous || atom.left.matching() == Matching::Host {
        return None;
    }
    let look = look(*op, atom.left.ty().class())?;
    let each = values.iter().map(|constant| tokens(*op, look, constant));
    if *modifier == Some(Modifier::AllOf) {
        return each.flatten().max_by_key(|tokens| strength(tokens)).map(|tokens| (look, tokens));
    }
    let mut all: Vec<Token> = each.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    all.sort_unstable();
    all.dedup();
    Some((look, all))
}

fn look(op: Operator, class: ValueClass) -> Option<Look> {
    use Operator::{
        BContains, BStartsWith, Contains, EndsWith, Eq, EqEq, Glob, IContains, IGlob, In, Intersects, PMatch, Regex,
        StartsWith,
    };
    match (op, class) {
        (Eq | EqEq | In | Intersects, ValueClass::Text | ValueClass::Bytes) => Some(Look::Whole),
        (Eq | EqEq | In | Intersects, ValueClass::Address | ValueClass::Network) => Some(Look::Address),
        // Doubles that are equal may differ in their bits.
        (Eq | EqEq | In | Intersects, ValueClass::Double) => None,
        (Eq | EqEq | In | Intersects, _) => Some(Look::Number),
        (Contains | BContains | IContains | StartsWith | BStartsWith | EndsWith, _) => Some(Look::Inside),
        (Glob | IGlob | Regex | PMatch, _) => Some(Look::Inside),
        _ => None,
    }
}

/// How much the weakest of some tokens tells.
fn strength(tokens: &[Token]) -> usize {
    tokens.iter().map(|token| token.len()).min().unwrap_or(0)
}

/// The tokens of which a value needs one to satisfy the comparison with one constant.
fn tokens(op: Operator, look: Look, constant: &Constant) -> Option<Vec<Token>> {
    let one = |token: Token| Some(vec![token]);
    match (look, constant) {
        (Look::Whole, Constant::Bytes(bytes)) => one(bytes.clone()),
        (Look::Number, Constant::Number(number)) => one(number.to_le_bytes().into()),
        (Look::Address, Constant::Address(address)) => one(network(*address, u8::MAX)),
        (Look::Address, Constant::Network(address, bits)) => one(network(*address, *bits)),
        (Look::Inside, Constant::Bytes(bytes)) => match op {
            Operator::Regex => required(&regex::parse(std::str::from_utf8(bytes).ok()?).ok()?),
            Operator::Glob | Operator::IGlob => piece(longest(bytes, b"*?", b"[\\")),
            // Slashes may be doubled in the value; names between them are compared as such.
            Operator::PMatch => piece(
                bytes
                    .split(|b| *b == b'/')
                    .filter(|name| !name.iter().any(|b| b"*?[".contains(b)))
                    .max_by_key(|name| name.len())
                    .unwrap_or_default(),
            ),
            _ => piece(bytes),
        },
        _ => None,
    }
}

/// A piece of text as a token, if it is long enough.
fn piece(text: &[u8]) -> Option<Vec<Token>> {
    (text.len() >= SHORTEST).then(|| vec![text.to_ascii_lowercase().into()])
}

/// The longest stretch of the pattern that stands for itself. What follows one of `ends` is not looked at.
fn longest<'p>(pattern: &'p [u8], wild: &[u8], ends: &[u8]) -> &'p [u8] {
    let end = pattern.iter().position(|b| ends.contains(b)).unwrap_or(pattern.len());
    pattern[..end].split(|b| wild.contains(b)).max_by_key(|piece| piece.len()).unwrap_or_default()
}

/// Texts of which every match of the expression has one in it. Only ASCII: values that are no UTF-8 are mended before they
/// are matched.
fn required(hir: &Hir) -> Option<Vec<Token>> {
    match hir.kind() {
        HirKind::Literal(literal) if literal.0.is_ascii() => piece(&literal.0),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(|tokens| strength(tokens)),
        HirKind::Alternation(branches) => {
            Some(branches.iter().map(required).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tokens: Option<Vec<Token>>) -> Option<Vec<String>> {
        tokens.map(|tokens| tokens.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect())
    }

    #[test]
    fn patterns_have_the_piece_that_they_cannot_do_without() {
        let token = |op, text: &str| texts(tokens(op, Look::Inside, &Constant::Bytes(text.as_bytes().into())));
        let some = |pieces: &[&str]| Some(pieces.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        let cases = [
            (Operator::Contains, "Secret", some(&["secret"])),
            (Operator::Contains, "ab", None),
            (Operator::Glob, "/home/*/.config/?x*", some(&["/.config/"])),
            (Operator::Glob, "/var/[ab]longer", some(&["/var/"])),
            (Operator::Glob, "*?*", None),
            (Operator::PMatch, "/var/lib/service", some(&["service"])),
            (Operator::PMatch, "/", None),
            (Operator::Regex, ".*(curl|WGET) x.*host1[.]example.*", some(&["host1.example"])),
            (Operator::Regex, "(curl|wget)", some(&["curl", "wget"])),
            (Operator::Regex, "(curl|w.)", None),
            (Operator::Regex, "(long){2}x?", some(&["long"])),
            (Operator::Regex, "(long)*", None),
        ];
        for (op, text, expected) in cases {
            assert_eq!(token(op, text), expected, "{op} {text}");
        }
    }
}
