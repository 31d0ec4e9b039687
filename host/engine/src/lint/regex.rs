//! Regular expressions that a plain operator replaces.

use regex_syntax::hir::{Dot, Hir, HirKind, Look};

use crate::check::regex;

/// The operator and value that say the same as matching the whole value against the pattern (except that `.` does not match
/// a line break), if there is a plain one.
pub(crate) fn plain(pattern: &str) -> Option<String> {
    let hir = regex::parse(pattern).ok()?;
    let parts: Vec<Hir> = match hir.kind() {
        HirKind::Alternation(branches) => {
            let texts: Option<Vec<String>> = branches.iter().map(literal).collect();
            return texts
                .map(|texts| format!("in ({})", texts.iter().map(|t| value(t)).collect::<Vec<_>>().join(", ")));
        }
        HirKind::Concat(parts) => parts.clone(),
        _ => vec![hir],
    };
    let mut parts = parts.as_slice();
    // The whole value is matched, so that anchors at the ends say nothing.
    while let [first, rest @ ..] = parts
        && matches!(first.kind(), HirKind::Look(Look::StartLF))
    {
        parts = rest;
    }
    while let [rest @ .., last] = parts
        && matches!(last.kind(), HirKind::Look(Look::EndLF))
    {
        parts = rest;
    }
    match parts {
        [text] => Some(format!("= {}", value(&literal(text)?))),
        [text, any] if is_any(any) => Some(format!("startswith {}", value(&literal(text)?))),
        [any, text] if is_any(any) => Some(format!("endswith {}", value(&literal(text)?))),
        [any, text, other] if is_any(any) && is_any(other) => Some(format!("contains {}", value(&literal(text)?))),
        _ => {
            let pieces: Option<Vec<String>> =
                parts.iter().map(|part| if is_any(part) { Some("*".to_owned()) } else { literal(part) }).collect();
            let pieces = pieces.filter(|_| parts.iter().any(is_any))?;
            let special = parts.iter().filter_map(literal).any(|text| text.contains(['*', '?', '[', '\\']));
            (!special).then(|| format!("glob {}", value(&pieces.concat())))
        }
    }
}

fn literal(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok(),
        _ => None,
    }
}

fn is_any(hir: &Hir) -> bool {
    let HirKind::Repetition(repetition) = hir.kind() else { return false };
    repetition.min == 0 && repetition.max.is_none() && *repetition.sub == Hir::dot(Dot::AnyCharExceptLF)
}

/// A value as a condition writes it.
fn value(text: &str) -> String {
    let bare = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "()\"'=,\\".contains(c));
    if bare { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_needs_no_regex_is_told_how_to_say_it() {
        let cases = [
            ("bash", Some("= bash")),
            ("^bash$", Some("= bash")),
            ("/etc/.*", Some("startswith /etc/")),
            (r".*\.conf", Some("endswith .conf")),
            (".*secret.*", Some("contains secret")),
            (r"/home/.*/\.ssh/.*", Some("glob /home/*/.ssh/*")),
            ("bash|zsh|dash", Some("in (bash, zsh, dash)")),
            ("a b", Some("= \"a b\"")),
            ("/tmp/[a-z]+", None),
            ("/etc/.+", None),
            ("a.c", None),
            (".*", None),
            ("(", None),
        ];
        for (pattern, want) in cases {
            assert_eq!(plain(pattern).as_deref(), want, "{pattern}");
        }
    }
}
