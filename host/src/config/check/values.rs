//! Whether a text is a value that a key takes.

use lanner_engine::load::similar;

use crate::config::keys::Kind;
use crate::config::meaning::Domain;
use crate::config::tree::Node;

/// The shape in words, to follow "takes".
pub fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Int => "a whole number",
        Kind::Number => "a number",
        Kind::Text => "a text",
        Kind::Texts => "a list of texts",
        Kind::Maps => "a list of maps",
        Kind::FreeMap => "a map",
        Kind::Any => "anything",
    }
}

/// Whether a scalar has the shape.
pub(super) fn fits(kind: Kind, text: &str) -> bool {
    let node = Node::Scalar(text.to_owned());
    match kind {
        Kind::Bool => node.bool().is_some(),
        Kind::Int => node.integer().is_some(),
        Kind::Number => node.number().is_some(),
        _ => true,
    }
}

/// If the value is none that the key takes: which it takes, and a guess.
pub(super) fn outside(text: &str, domain: Domain) -> Option<(String, Option<String>)> {
    let node = Node::Scalar(text.to_owned());
    let inside = match domain {
        Domain::Free => true,
        Domain::Words(words) => words.contains(&text),
        Domain::AnyCase(words) => words.contains(&text.to_ascii_lowercase().as_str()),
        Domain::Range(least, most) => node.integer().is_some_and(|number| (least..=most).contains(&number)),
        Domain::Share => node.number().is_some_and(|number| (0.0..=1.0).contains(&number)),
        Domain::Positive => node.number().is_some_and(|number| number.is_finite() && number >= 0.0),
        Domain::Address => text.trim().parse::<std::net::IpAddr>().is_ok(),
        Domain::Duration => duration(text),
    };
    if inside {
        return None;
    }
    let help = match domain {
        Domain::Words(words) | Domain::AnyCase(words) => {
            similar(&text.to_ascii_lowercase(), words.iter().copied()).map(|word| format!("did you mean `{word}`?"))
        }
        _ => None,
    };
    Some((format!("{}, not '{text}'", domain.words().unwrap_or_default()), help))
}

/// Numbers with a unit each, the larger units first: `1h`, `1m30s`.
fn duration(text: &str) -> bool {
    let mut units = ["y", "w", "d", "h", "m", "s", "ms"].iter();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        if number.is_empty() || !units.any(|known| *known == unit) {
            return false;
        }
        rest = behind;
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_in_order() {
        for good in ["1h", "1m30s", "500ms", "1y2w3d4h5m6s7ms"] {
            assert!(duration(good), "{good}");
        }
        for bad in ["", "5000", "1h5", "30s1m", "h", "1x", "1.5h", "-1s"] {
            assert!(!duration(bad), "{bad}");
        }
    }
}
