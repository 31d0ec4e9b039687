//! Comparisons, each by its definition.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::Val;
use crate::ast::Operator;
use crate::check::regex;
use crate::check::typed::Constant;
use crate::scheme::{FieldType, Scheme, ValueClass};

pub(super) fn constant(op: Operator, ty: FieldType, value: &Val, constant: &Constant, scheme: &Scheme) -> bool {
    match constant {
        Constant::Number(number) => values(op, ty, value, &Val::Number(*number)),
        Constant::Bytes(bytes) => values(op, ty, value, &Val::Bytes(bytes.to_vec())),
        Constant::Address(address) => (address_of(value) == Some(*address)) == (op != Operator::Ne),
        Constant::Network(address, bits) => in_network(value, *address, *bits) == (op != Operator::Ne),
        Constant::Host(name) => {
            let mut known = Vec::new();
            scheme.hosts().lookup(name, &mut known);
            address_of(value).is_some_and(|address| known.contains(&address)) == (op != Operator::Ne)
        }
    }
}

pub(super) fn values(op: Operator, ty: FieldType, left: &Val, right: &Val) -> bool {
    match (left, right) {
        (Val::Number(left), Val::Number(right)) => {
            let order = match ty.class() {
                ValueClass::Signed => (*left as i64).cmp(&(*right as i64)),
                ValueClass::Double => match f64::from_bits(*left).partial_cmp(&f64::from_bits(*right)) {
                    Some(order) => order,
                    None => return op == Operator::Ne,
                },
                _ => left.cmp(right),
            };
            ordered(op, order)
        }
        (Val::Bytes(left), Val::Bytes(right)) => text(op, left, right),
        _ => false,
    }
}

fn ordered(op: Operator, order: Ordering) -> bool {
    match op {
        Operator::Eq | Operator::EqEq | Operator::In | Operator::Intersects => order == Ordering::Equal,
        Operator::Ne => order != Ordering::Equal,
        Operator::Lt => order == Ordering::Less,
        Operator::Le => order != Ordering::Greater,
        Operator::Gt => order == Ordering::Greater,
        Operator::Ge => order != Ordering::Less,
        _ => false,
    }
}

fn text(op: Operator, left: &[u8], right: &[u8]) -> bool {
    let lower = |bytes: &[u8]| bytes.iter().map(u8::to_ascii_lowercase).collect::<Vec<_>>();
    match op {
        Operator::Contains | Operator::BContains => contains(left, right),
        Operator::IContains => contains(&lower(left), &lower(right)),
        Operator::StartsWith | Operator::BStartsWith => left.len() >= right.len() && &left[..right.len()] == right,
        Operator::EndsWith => left.len() >= right.len() && &left[left.len() - right.len()..] == right,
        Operator::Glob => glob(right, left, false),
        Operator::IGlob => glob(right, left, true),
        Operator::Regex => regex::compile(&String::from_utf8_lossy(right)).is_ok_and(|r| regex::is_match(&r, left)),
        Operator::PMatch => below(left, right),
        _ => ordered(op, left.cmp(right)),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    (0..=text.len()).any(|from| text[from..].starts_with(part))
}

/// Whether the path lies in the directory, or is it.
fn below(path: &[u8], directory: &[u8]) -> bool {
    let split = |p: &[u8]| p.split(|b| *b == b'/').filter(|c| !c.is_empty()).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (path, directory) = (split(path), split(directory));
    let same = |have: &[u8], want: &[u8]| match want.iter().any(|b| b"?*[".contains(b)) {
        true => glob(want, have, false),
        false => want == have,
    };
    path.len() >= directory.len() && directory.iter().zip(&path).all(|(want, have)| same(have, want))
}

/// A shell pattern by trying everything that each of its parts can stand for.
fn glob(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    let low = |b: u8| if fold { b.to_ascii_lowercase() } else { b };
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| glob(rest, &text[skip..], fold)),
        (_, []) => false,
        ([b'?', rest @ ..], [_, after @ ..]) => glob(rest, after, fold),
        ([b'\\', escaped, rest @ ..], [byte, after @ ..]) => low(*escaped) == low(*byte) && glob(rest, after, fold),
        ([b'\\'], _) => false,
        ([b'[', inside @ ..], [byte, after @ ..]) => match set(inside) {
            Some((negated, ranges, rest)) => {
                let hit = ranges.iter().any(|(from, to)| (low(*from)..=low(*to)).contains(&low(*byte)));
                hit != negated && glob(rest, after, fold)
            }
            None => *byte == b'[' && glob(inside, after, fold),
        },
        ([literal, rest @ ..], [byte, after @ ..]) => low(*literal) == low(*byte) && glob(rest, after, fold),
    }
}

type Set<'p> = (bool, Vec<(u8, u8)>, &'p [u8]);

/// A set after its opening bracket. Named classes are left to the cases that state their expectation.
fn set(mut rest: &[u8]) -> Option<Set<'_>> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    if negated {
        rest = &rest[1..];
    }
    let mut ranges = Vec::new();
    loop {
        match rest {
            [] => return None,
            [b']', after @ ..] if !ranges.is_empty() => return Some((negated, ranges, after)),
            [b'[', b':', b'd', b'i', b'g', b'i', b't', b':', b']', after @ ..] => {
                ranges.push((b'0', b'9'));
                rest = after;
            }
            [from, b'-', to, after @ ..] if *to != b']' => {
                ranges.push((*from, *to));
                rest = after;
            }
            [b'\\', one, after @ ..] | [one, after @ ..] => {
                ranges.push((*one, *one));
                rest = after;
            }
        }
    }
}

fn address_of(value: &Val) -> Option<IpAddr> {
    let Val::Bytes(bytes) = value else { return None };
    match bytes.len() {
        4 => <[u8; 4]>::try_from(&**bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(&**bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

fn in_network(value: &Val, network: IpAddr, bits: u8) -> bool {
    let (value, network) = match (address_of(value), network) {
        (Some(IpAddr::V4(value)), IpAddr::V4(network)) => (value.octets().to_vec(), network.octets().to_vec()),
        (Some(IpAddr::V6(value)), IpAddr::V6(network)) => (value.octets().to_vec(), network.octets().to_vec()),
        _ => return false,
    };
    let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    (0..usize::from(bits)).all(|at| bit(&value, at) == bit(&network, at))
}
