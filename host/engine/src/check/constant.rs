//! Constants from their text, by the type of the field they are compared with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::CheckErrorKind;
use super::typed::Constant;
use crate::ast::{Operator, Value};
use crate::scheme::{FieldType, Matching, Scheme, ValueClass};

type Result<T> = std::result::Result<T, CheckErrorKind>;

/// The longest constant, in bytes.
const MAX_CONSTANT: usize = 255;

pub(super) fn read(
    value: &Value,
    op: Operator,
    ty: FieldType,
    matching: Matching,
    scheme: &Scheme,
) -> Result<Constant> {
    let class = ty.class();
    if matches!(op, Operator::BContains | Operator::BStartsWith) {
        let bytes = unhex(&value.bytes).ok_or(CheckErrorKind::NotHex)?;
        return limited(bytes.into(), value);
    }
    if class == ValueClass::Bytes {
        return limited(value.bytes.clone(), value);
    }
    if value.bytes.contains(&0) {
        return Err(CheckErrorKind::NulByte);
    }
    let text = value.text();
    match class {
        ValueClass::Text => limited(value.bytes.clone(), value),
        ValueClass::Address if matching == Matching::Host => Ok(Constant::Host(text.into())),
        ValueClass::Address => address(&text).map(Constant::Address),
        ValueClass::Network => network(&text),
        ValueClass::Bool => match &*text {
            "true" => Ok(Constant::Number(1)),
            "false" => Ok(Constant::Number(0)),
            _ => Err(CheckErrorKind::NotBoolean(text.into())),
        },
        ValueClass::Double => Ok(Constant::Number(f64::from(signed(&text)? as i32).to_bits())),
        ValueClass::Signed => Ok(Constant::Number(truncate_signed(signed(&text)?, ty.bits()) as u64)),
        ValueClass::Unsigned if ty == FieldType::Port => port(&text, scheme).map(|p| Constant::Number(p.into())),
        ValueClass::Unsigned => Ok(Constant::Number(truncate(unsigned(&text)?, ty.bits()))),
        ValueClass::Bytes | ValueClass::Opaque => Err(CheckErrorKind::NotComparable { op: op.as_str(), ty }),
    }
}

fn limited(bytes: Box<[u8]>, value: &Value) -> Result<Constant> {
    if bytes.len() > MAX_CONSTANT {
        let text: String = value.text().chars().take(40).collect();
        return Err(CheckErrorKind::TooLong { used: bytes.len(), text: text.into() });
    }
    Ok(Constant::Bytes(bytes))
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

/// Leading blanks, a sign, digits; nothing else. What does not fit saturates at 64 bits, as C's scanf does, and is then
/// cut to the field's width: such constants load in existing rules and mean this.
fn digits(text: &str) -> Result<(bool, u128)> {
    let number = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let (negative, digits) = match number.as_bytes().first() {
        Some(b'-') => (true, &number[1..]),
        Some(b'+') => (false, &number[1..]),
        _ => (false, number),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CheckErrorKind::NotNumber(text.into()));
    }
    let value = digits.bytes().fold(0u128, |sum, d| sum.saturating_mul(10).saturating_add(u128::from(d - b'0')));
    Ok((negative, value))
}

/// An unsigned number; a negative one wraps around.
pub(crate) fn unsigned(text: &str) -> Result<u64> {
    let (negative, value) = digits(text)?;
    Ok(match u64::try_from(value) {
        Ok(value) if negative => value.wrapping_neg(),
        Ok(value) => value,
        Err(_) => u64::MAX,
    })
}

fn signed(text: &str) -> Result<i64> {
    let (negative, value) = digits(text)?;
    let value = i128::try_from(value).unwrap_or(i128::MAX);
    let value = if negative { -value } else { value };
    Ok(value.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

fn truncate(value: u64, bits: u32) -> u64 {
    if bits >= 64 { value } else { value & ((1 << bits) - 1) }
}

fn truncate_signed(value: i64, bits: u32) -> i64 {
    let unused = 64 - bits.clamp(1, 64);
    value << unused >> unused
}

fn port(text: &str, scheme: &Scheme) -> Result<u16> {
    if text.is_empty() {
        return Ok(0);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i32 = text.parse().map_err(|_| CheckErrorKind::NotNumber(text.into()))?;
        return Ok(number as u16);
    }
    scheme.services().port(text).ok_or_else(|| CheckErrorKind::UnknownService(text.into()))
}

/// With a dot it is IPv4, else IPv6: `::ffff:1.2.3.4` is neither.
fn address(text: &str) -> Result<IpAddr> {
    if text.contains('.') {
        let parsed = text.parse::<Ipv4Addr>();
        return parsed.map(IpAddr::V4).map_err(|_| CheckErrorKind::NotAddress { family: "IPv4", text: text.into() });
    }
    let parsed = text.parse::<Ipv6Addr>();
    parsed.map(IpAddr::V6).map_err(|_| CheckErrorKind::NotAddress { family: "IPv6", text: text.into() })
}

fn network(text: &str) -> Result<Constant> {
    let (ip, length) = text.split_once('/').ok_or_else(|| CheckErrorKind::NotNetwork(text.into()))?;
    let ip = address(ip)?;
    let length = unsigned(length)? as u8;
    let valid = match ip {
        IpAddr::V4(_) => length <= 32,
        IpAddr::V6(_) => (1..=128).contains(&length),
    };
    if valid { Ok(Constant::Network(ip, length)) } else { Err(CheckErrorKind::BadNetmask(text.into())) }
}
