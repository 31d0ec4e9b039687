//! `${NAME}` in the values of configuration files.
//!
//! Falco's rules: an unset variable is the empty text; `$${X}` is the literal `${X}`; what an expansion yields is
//! scanned again; a `$` that starts neither form ends the expansion of that scalar (so `a$b${X}` stays as it is).

use thiserror::Error;

/// An expansion that does not end: a variable that (perhaps through others) names itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the value does not stop expanding at variable '{0}'")]
pub struct EndlessExpansion(pub String);

/// Expansions per value; Falco has no bound here and hangs.
const MAX_EXPANSIONS: usize = 1000;

/// Expands `value`, looking names up with `lookup`.
pub(super) fn expand(value: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, EndlessExpansion> {
    let mut text = value.to_owned();
    let mut from = 0;
    let mut expansions = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find('$')).map(|i| from + i) {
        let rest = text.get(start..).unwrap_or_default();
        if rest.starts_with("$${") && rest.contains('}') {
            text.remove(start);
            from = start + 1;
        } else if let (true, Some(end)) = (rest.starts_with("${"), rest.find('}')) {
            let name = rest.get(2..end).unwrap_or_default().to_owned();
            expansions += 1;
            if expansions > MAX_EXPANSIONS {
                return Err(EndlessExpansion(name));
            }
            text.replace_range(start..=start + end, &lookup(&name).unwrap_or_default());
            from = start;
        } else {
            break;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str) -> String {
        expand(value, |name| {
            Some(
                match name {
                    "A" => "alpha",
                    "B" => "<${A}>",
                    "LOOP" => "${LOOP}",
                    _ => return None,
                }
                .to_owned(),
            )
        })
        .unwrap()
    }

    #[test]
    fn forms_expand_as_in_falco() {
        assert_eq!(expanded("x ${A} y ${A}"), "x alpha y alpha");
        assert_eq!(expanded("${B}"), "<alpha>");
        assert_eq!(expanded("${UNSET}!"), "!");
        assert_eq!(expanded("$${A} ${A}"), "${A} alpha");
        assert_eq!(expanded("$A"), "$A");
        assert_eq!(expanded("$A ${A}"), "$A ${A}");
        assert_eq!(expanded("${A"), "${A");
        assert_eq!(expanded("${ A }"), "");
    }

    #[test]
    fn a_loop_is_an_error() {
        assert_eq!(expand("${X}", |_| Some("${X}".into())), Err(EndlessExpansion("X".into())));
    }
}
