//! Matching of text that needs more than a comparison: shell patterns, path prefixes, text without regard to case.

mod glob;
mod paths;

pub(crate) use glob::glob;
pub(crate) use paths::PathSet;

/// Whether `text` has `needle` in it without regard to ASCII case. `needle` is in lower case.
pub(crate) fn contains_ignoring_case(text: &[u8], needle: &[u8]) -> bool {
    let Some((&first, rest)) = needle.split_first() else { return true };
    if text.len() < needle.len() {
        return false;
    }
    let last_start = text.len() - needle.len();
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), &text[..=last_start]);
    starts.into_iter().any(|at| text[at + 1..at + needle.len()].eq_ignore_ascii_case(rest))
}
