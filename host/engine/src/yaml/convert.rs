//! Scalars as typed values, by yaml-cpp's rules: what a scalar means depends on who asks, quoted or not.

use super::{Kind, Node};

impl Node {
    /// The text of a scalar; `None` for null and collections.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// `true`/`false`, `yes`/`no`, `on`/`off`, `y`/`n`; lower case, upper case or capitalised.
    pub fn as_bool(&self) -> Option<bool> {
        let text = self.as_str()?;
        let lower = text.to_ascii_lowercase();
        let capitalised = {
            let mut chars = text.chars();
            chars.next().is_some_and(|c| c.is_ascii_uppercase()) && chars.all(|c| c.is_ascii_lowercase())
        };
        let uniform = text == lower || text == text.to_ascii_uppercase();
        if !(uniform || capitalised) {
            return None;
        }
        match lower.as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => None,
        }
    }

    /// A whole number that is not negative: decimal, `0x…` hexadecimal or `0…` octal.
    pub fn as_u64(&self) -> Option<u64> {
        let text = self.as_str()?;
        unsigned(text.strip_prefix('+').unwrap_or(text))
    }

    /// [`Node::as_u64`] that fits 32 bits.
    pub fn as_u32(&self) -> Option<u32> {
        self.as_u64()?.try_into().ok()
    }

    /// A whole number in the same spellings.
    pub fn as_i64(&self) -> Option<i64> {
        let text = self.as_str()?;
        match text.strip_prefix('-') {
            Some(digits) => 0i64.checked_sub_unsigned(unsigned(digits)?),
            None => unsigned(text.strip_prefix('+').unwrap_or(text))?.try_into().ok(),
        }
    }

    /// A number with or without fraction and exponent; `.inf` and `.nan` too.
    pub fn as_f64(&self) -> Option<f64> {
        let text = self.as_str()?;
        match text {
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
            _ => {}
        }
        // `parse` takes "inf" and "nan", which are words here.
        text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)).then(|| text.parse().ok()).flatten()
    }
}

fn unsigned(digits: &str) -> Option<u64> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'));
    }
    match digits.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).ok().filter(|_| !octal.starts_with('+')),
        _ => digits.parse().ok(),
    }
}
