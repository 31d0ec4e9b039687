//! Patterns of conditions that need not be compiled: to be let in, while they are small, and to be kept, until somebody asks.

use std::sync::OnceLock;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::regex::{compile, is_match, parse};

/// Whether [`compile`] takes the pattern. Most are so small that this needs no compiling, which takes as long as all else
/// about ten rules.
///
/// # Errors
/// A text that says what is wrong with the pattern.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    match extent(&parse(pattern)?) {
        (size, depth) if size <= SMALL && depth <= SHALLOW => Ok(()),
        _ => compile(pattern).map(|_| ()),
    }
}

/// A pattern with fewer states than this takes a small part of the memory that a pattern may take.
const SMALL: usize = 10_000;
/// No deeper pattern is nested too deeply once it is written out.
const SHALLOW: usize = 50;

/// States of a pattern, rather too many, and how deep it nests.
fn extent(hir: &Hir) -> (usize, usize) {
    /// Each range of characters is a few ranges of bytes.
    const RANGE: usize = 16;
    let parts = |parts: &[Hir]| {
        parts
            .iter()
            .map(extent)
            .fold((1_usize, 0), |(sum, deepest), (size, depth)| (sum.saturating_add(size), deepest.max(depth + 1)))
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (1, 0),
        HirKind::Literal(literal) => (literal.0.len(), 0),
        HirKind::Class(Class::Unicode(class)) => (class.ranges().len().saturating_mul(RANGE), 0),
        HirKind::Class(Class::Bytes(class)) => (class.ranges().len(), 0),
        HirKind::Repetition(repetition) => {
            let (size, depth) = extent(&repetition.sub);
            let times = repetition.max.unwrap_or(repetition.min).max(1) as usize;
            (size.saturating_add(2).saturating_mul(times), depth + 1)
        }
        HirKind::Capture(capture) => {
            let (size, depth) = extent(&capture.sub);
            (size.saturating_add(2), depth + 1)
        }
        HirKind::Concat(all) | HirKind::Alternation(all) => parts(all),
    }
}

/// A pattern that is compiled when it is first asked for: of thousands of rules, events reach a few.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern that [`check`] takes.
    pub(crate) fn new(text: &str) -> Self {
        Pattern { text: text.into(), compiled: OnceLock::new() }
    }

    /// Whether it matches the whole value.
    pub(crate) fn is_match(&self, value: &[u8]) -> bool {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref().is_some_and(|regex| is_match(regex, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_in_uncompiled_can_be_compiled() {
        let deep = |n: usize| format!("{}a{}", "(".repeat(n), "){2}".repeat(n));
        let long = "[^a-z]x?".repeat(2000);
        let texts =
            ["", "a", ".*(curl|wget) .*host[.]example", "[[:alpha:]]+", "a{1000}", "(a{1000}){1000}", "(.{1000}){90}"];
        let wrong = ["(", "a{2,1}", "[b-a]", "*"];
        let nested = [5, 20, 60, 150, 199].map(deep);
        let all = texts.iter().chain(&wrong).copied().chain(nested.iter().map(String::as_str)).chain([long.as_str()]);
        for text in all {
            assert_eq!(check(text), compile(text).map(|_| ()), "{text}");
        }
        assert!(wrong.iter().all(|text| check(text).is_err()) && check("(a{1000}){1000}").is_err());
    }

    #[test]
    fn a_pattern_compiles_itself_when_it_is_asked() {
        let pattern = Pattern::new("a.*[0-9]");
        assert!(pattern.compiled.get().is_none());
        assert!(pattern.is_match(b"abc1") && !pattern.is_match(b"abc"));
    }
}
