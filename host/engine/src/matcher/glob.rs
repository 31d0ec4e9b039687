//! Shell patterns as C's `fnmatch` without flags understands them: `*` and `?` match any byte, `/` and a leading dot
//! included.

/// Whether the pattern matches the whole text.
///
/// A star that fails is retried one byte later, and only the last star ever: an earlier one could not match more. That
/// bounds the work by the product of both lengths whatever the pattern.
pub(crate) fn glob(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(_), Some(&byte)) => one(pattern, p, byte, ignore_case),
            _ => None,
        };
        match (step, retry) {
            (Some(next), _) => {
                p = next;
                t += 1;
            }
            (None, Some((after_star, from))) if from < text.len() => {
                retry = Some((after_star, from + 1));
                p = after_star;
                t = from + 1;
            }
            _ => return false,
        }
    }
}

fn fold(byte: u8, ignore_case: bool) -> u8 {
    if ignore_case { byte.to_ascii_lowercase() } else { byte }
}

/// Matches one byte at `pattern[at]`, which is no star; the position after what matched it.
fn one(pattern: &[u8], at: usize, byte: u8, ignore_case: bool) -> Option<usize> {
    let same = |p: u8| fold(p, ignore_case) == fold(byte, ignore_case);
    match *pattern.get(at)? {
        b'?' => Some(at + 1),
        b'[' => match bracket(pattern, at, byte, ignore_case) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => same(b'[').then_some(at + 1),
        },
        b'\\' => same(*pattern.get(at + 1)?).then_some(at + 2),
        literal => same(literal).then_some(at + 1),
    }
}

/// A bracket expression: whether it matches and where it ends. `None` if it has no end and so is an ordinary `[`.
fn bracket(pattern: &[u8], open: usize, byte: u8, ignore_case: bool) -> Option<(bool, usize)> {
    let mut at = open + 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let byte = fold(byte, ignore_case);
    let mut found = false;
    let mut first = true;
    loop {
        let c = *pattern.get(at)?;
        if c == b']' && !first {
            return Some((found != negated, at + 1));
        }
        first = false;
        if c == b'['
            && pattern.get(at + 1) == Some(&b':')
            && let Some(len) = pattern[at + 2..].windows(2).position(|w| w == b":]")
        {
            found |= named(&pattern[at + 2..at + 2 + len], byte, ignore_case);
            at += len + 4;
            continue;
        }
        let low = literal(pattern, &mut at)?;
        let range = pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|c| *c != b']');
        let high = if range {
            at += 1;
            literal(pattern, &mut at)?
        } else {
            low
        };
        found |= (fold(low, ignore_case)..=fold(high, ignore_case)).contains(&byte);
    }
}

fn literal(pattern: &[u8], at: &mut usize) -> Option<u8> {
    if pattern.get(*at) == Some(&b'\\') {
        *at += 1;
    }
    let c = *pattern.get(*at)?;
    *at += 1;
    Some(c)
}

fn named(name: &[u8], byte: u8, ignore_case: bool) -> bool {
    match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" | b"upper" if ignore_case => byte.is_ascii_alphabetic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn agrees_with_fnmatch() {
        let matching: [(&str, &str); 14] = [
            ("*", ""),
            ("*", "/.a"),
            ("/etc/*", "/etc/a/b"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[]]", "]"),
            ("[a-]", "-"),
            ("[ab", "[ab"),
            (r"\*", "*"),
            ("[[:digit:]]*", "7up"),
            ("*a*b*c", "xxaxxbxxc"),
            ("a**b", "ab"),
            ("[\\]]", "]"),
        ];
        for (pattern, text) in matching {
            assert!(glob(pattern.as_bytes(), text.as_bytes(), false), "{pattern} must match {text}");
        }
        let different: [(&str, &str); 8] =
            [("", "a"), ("a", ""), ("?", ""), ("[a-c]", "d"), ("a*b", "abc"), ("\\", "\\"), ("[!a]", "a"), ("A", "a")];
        for (pattern, text) in different {
            assert!(!glob(pattern.as_bytes(), text.as_bytes(), false), "{pattern} must not match {text}");
        }
        assert!(glob(b"/BIN/[a-c]*", b"/bin/Bash", true));
    }

    #[test]
    fn many_stars_stay_cheap() {
        let pattern = "*a".repeat(60) + "b";
        assert!(!glob(pattern.as_bytes(), "a".repeat(5000).as_bytes(), false));
    }
}
