//! Numbers as C's printf writes them, because that is how recorded output shows them.

use std::io::Write;

use lanner_plugin_api::schema::PrintFormat;

pub(crate) use crate::state::names::push_number as unsigned;

/// Writes an integer of `bits` bits in a print format. Decimal is always signed, even for unsigned types: the printed
/// form of a 32-bit 4294967295 is -1. Octal has a leading 0, hexadecimal is bare upper case.
pub(crate) fn integer(out: &mut Vec<u8>, value: i64, bits: u32, format: PrintFormat) {
    // Types narrower than an int are widened before they are printed.
    let mask = if bits == 64 { u64::MAX } else { u64::from(u32::MAX) };
    let raw = value as u64 & mask;
    let signed = if bits == 64 { value } else { i64::from(value as i32) };
    // Writing to a vector cannot fail.
    let _ = match format {
        PrintFormat::Oct if raw == 0 => write!(out, "0"),
        PrintFormat::Oct => write!(out, "0{raw:o}"),
        PrintFormat::Hex => write!(out, "{raw:X}"),
        PrintFormat::PaddedDec10 => write!(out, "{signed:09}"),
        _ => return decimal(out, signed),
    };
}

/// Writes a decimal number.
pub(crate) fn decimal(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// Writes a floating-point number as printf's `%g`: six significant digits, no trailing zeros, an exponent when it is
/// below -4 or above 5.
pub(crate) fn general(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        let text: &[u8] = if value.is_nan() {
            b"nan"
        } else if value < 0.0 {
            b"-inf"
        } else {
            b"inf"
        };
        return out.extend_from_slice(text);
    }
    if value == 0.0 {
        return out.extend_from_slice(if value.is_sign_negative() { b"-0" } else { b"0" });
    }
    let start = out.len();
    // Rounding to six digits decides the exponent: 999999.7 has the exponent 6.
    let _ = write!(out, "{value:.5e}");
    let Some(e) = out[start..].iter().rposition(|&b| b == b'e') else { return };
    let exponent: i32 = std::str::from_utf8(&out[start + e + 1..]).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    if (-4..6).contains(&exponent) {
        out.truncate(start);
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        let _ = write!(out, "{value:.decimals$}");
        trim_zeros(out, start);
    } else {
        out.truncate(start + e);
        trim_zeros(out, start);
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    }
}

fn trim_zeros(out: &mut Vec<u8>, start: usize) {
    if !out[start..].contains(&b'.') {
        return;
    }
    while out.last() == Some(&b'0') {
        out.pop();
    }
    if out.last() == Some(&b'.') {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i64, bits: u32, format: PrintFormat) -> String {
        let mut out = Vec::new();
        integer(&mut out, value, bits, format);
        String::from_utf8(out).unwrap()
    }

    fn g(value: f64) -> String {
        let mut out = Vec::new();
        general(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn integers_are_printed_as_their_c_type_is() {
        assert_eq!(int(i64::from(u32::MAX), 32, PrintFormat::Dec), "-1");
        assert_eq!(int(-1, 64, PrintFormat::Dec), "-1");
        assert_eq!(int(0o755, 32, PrintFormat::Oct), "0755");
        assert_eq!(int(0, 32, PrintFormat::Oct), "0");
        assert_eq!(int(0xfe01, 32, PrintFormat::Hex), "FE01");
        assert_eq!(int(-1, 8, PrintFormat::Hex), "FFFFFFFF");
        assert_eq!(int(-1, 64, PrintFormat::Hex), "FFFFFFFFFFFFFFFF");
        assert_eq!(int(42, 64, PrintFormat::PaddedDec10), "000000042");
        assert_eq!(int(i64::MIN, 64, PrintFormat::Id), "-9223372036854775808");
    }

    #[test]
    fn general_form_has_six_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1.5, "1.5"),
            (0.000_123_456_789, "0.000123457"),
            (0.000_01, "1e-05"),
            (1e-9, "1e-09"),
            (123_456.0, "123456"),
            (1_234_567.0, "1.23457e+06"),
            (999_999.7, "1e+06"),
            (18_446_744_073.709_55, "1.84467e+10"),
            (100_000.0, "100000"),
            (60.0, "60"),
            (0.049_999_999, "0.05"),
        ] {
            assert_eq!(g(value), text, "{value}");
        }
    }
}
