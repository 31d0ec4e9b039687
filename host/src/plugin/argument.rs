//! The argument of a field as the plugin API hands it over.

use super::fields::FieldSpec;

/// The two forms of an argument: text where the field takes text, number where it takes a number and the text is one.
pub(super) fn argument<'a>(
    spec: &FieldSpec,
    arg: Option<&'a str>,
    resolves: bool,
) -> Result<(Option<&'a str>, Option<u64>), String> {
    let Some(arg) = arg else {
        return if spec.arg.required { Err("requires an argument".to_owned()) } else { Ok((None, None)) };
    };
    if !spec.arg.allowed() && !resolves {
        return Err("takes no argument".to_owned());
    }
    let index = if spec.arg.index { index(arg) } else { None };
    let key = (spec.arg.key || resolves).then_some(arg);
    if index.is_none() && key.is_none() {
        return Err(format!("'{arg}' is not a valid index"));
    }
    Ok((key, index))
}

/// Digits only, no leading zero unless it is the only digit, within 64 bits.
fn index(arg: &str) -> Option<u64> {
    let valid = arg.bytes().all(|b| b.is_ascii_digit()) && (arg.len() == 1 || !arg.starts_with('0'));
    if valid { arg.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::fields;

    fn spec(arg: &str) -> FieldSpec {
        let json = format!(r#"[{{"name":"a","type":"string","desc":"d","arg":{arg}}}]"#);
        fields::parse("p", &json, None).unwrap().remove(0)
    }

    #[test]
    fn indexes_are_plain_numbers() {
        for (text, number) in [("0", Some(0)), ("7", Some(7)), ("18446744073709551615", Some(u64::MAX))] {
            assert_eq!(index(text), number, "{text}");
        }
        for bad in ["", "01", "00", "-1", "+1", "1x", " 1", "18446744073709551616"] {
            assert_eq!(index(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_field_may_take_a_number_or_a_text() {
        let both = spec(r#"{"isIndex":true,"isKey":true}"#);
        assert_eq!(argument(&both, Some("3"), false), Ok((Some("3"), Some(3))));
        assert_eq!(argument(&both, Some("x"), false), Ok((Some("x"), None)));
        assert_eq!(argument(&both, None, false), Ok((None, None)));
        let number = spec(r#"{"isIndex":true,"isRequired":true}"#);
        assert_eq!(argument(&number, Some("3"), false), Ok((None, Some(3))));
        assert!(argument(&number, Some("03"), false).is_err());
        assert!(argument(&number, None, false).is_err());
        let none = spec("null");
        assert!(argument(&none, Some("3"), false).is_err());
        assert_eq!(argument(&none, Some("3"), true), Ok((Some("3"), None)));
    }
}
