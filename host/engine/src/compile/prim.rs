//! A comparison of one value with one constant, or with one precomputed set of constants.

use std::net::IpAddr;

use hashbrown::HashSet;
use memchr::memmem::Finder;
use rustc_hash::FxBuildHasher;

use crate::ast::Operator;
use crate::check::pattern::Pattern;
use crate::check::typed::Constant;
use crate::matcher::{PathSet, contains_ignoring_case, glob};
use crate::scheme::{FieldType, Scheme, ValueClass};
use crate::value::{Item, Values};

/// An order or equality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Cmp {
    pub(super) fn of(op: Operator) -> Option<Cmp> {
        Some(match op {
            Operator::Eq | Operator::EqEq | Operator::In | Operator::Intersects => Cmp::Eq,
            Operator::Ne => Cmp::Ne,
            Operator::Lt => Cmp::Lt,
            Operator::Le => Cmp::Le,
            Operator::Gt => Cmp::Gt,
            Operator::Ge => Cmp::Ge,
            _ => return None,
        })
    }

    #[inline]
    pub(super) fn test<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Cmp::Eq => left == right,
            Cmp::Ne => left != right,
            Cmp::Lt => left < right,
            Cmp::Le => left <= right,
            Cmp::Gt => left > right,
            Cmp::Ge => left >= right,
        }
    }
}

/// The operand's type and constant are built into the comparison, so that evaluating it is one branch and one compare.
#[derive(Debug)]
pub(super) enum Prim {
    /// Numbers. Signed ones are compared after their sign bit is flipped (`bias`), so that one order serves both.
    Number {
        cmp: Cmp,
        bias: u64,
        value: u64,
    },
    NumberIn(Box<[u64]>),
    Double {
        cmp: Cmp,
        value: f64,
    },
    Bytes {
        cmp: Cmp,
        value: Box<[u8]>,
    },
    BytesIn(Box<HashSet<Box<[u8]>, FxBuildHasher>>),
    Contains(Box<Finder<'static>>),
    IContains(Box<[u8]>),
    StartsWith(Box<[u8]>),
    EndsWith(Box<[u8]>),
    Glob {
        pattern: Box<[u8]>,
        ignore_case: bool,
    },
    Regex(Box<Pattern>),
    Paths(Box<PathSet>),
    Networks {
        networks: Box<[(IpAddr, u8)]>,
        negated: bool,
    },
    Hosts {
        names: Box<[Box<str>]>,
        negated: bool,
    },
}

/// The bit to flip so that signed numbers order like unsigned ones.
pub(super) fn bias(ty: FieldType) -> u64 {
    if ty.class() == ValueClass::Signed { 1 << 63 } else { 0 }
}

impl Prim {
    /// The comparison of one constant.
    pub(super) fn one(op: Operator, ty: FieldType, constant: &Constant) -> Option<Prim> {
        Some(match constant {
            Constant::Number(value) if ty.class() == ValueClass::Double => {
                Prim::Double { cmp: Cmp::of(op)?, value: f64::from_bits(*value) }
            }
            Constant::Number(value) => {
                let bias = bias(ty);
                Prim::Number { cmp: Cmp::of(op)?, bias, value: value ^ bias }
            }
            Constant::Address(address) => Prim::Bytes { cmp: Cmp::of(op)?, value: octets(*address) },
            Constant::Network(address, bits) => {
                Prim::Networks { networks: [(*address, *bits)].into(), negated: op == Operator::Ne }
            }
            Constant::Host(name) => Prim::Hosts { names: [name.clone()].into(), negated: op == Operator::Ne },
            Constant::Bytes(bytes) => Self::text(op, bytes)?,
        })
    }

    fn text(op: Operator, bytes: &[u8]) -> Option<Prim> {
        if let Some(cmp) = Cmp::of(op) {
            return Some(Prim::Bytes { cmp, value: bytes.into() });
        }
        Some(match op {
            Operator::Contains | Operator::BContains => Prim::Contains(Box::new(Finder::new(bytes).into_owned())),
            Operator::IContains => Prim::IContains(bytes.to_ascii_lowercase().into()),
            Operator::StartsWith | Operator::BStartsWith => Prim::StartsWith(bytes.into()),
            Operator::EndsWith => Prim::EndsWith(bytes.into()),
            Operator::Glob => Prim::Glob { pattern: bytes.into(), ignore_case: false },
            Operator::IGlob => Prim::Glob { pattern: bytes.into(), ignore_case: true },
            Operator::PMatch => Prim::Paths(Box::new(PathSet::new([bytes]))),
            Operator::Regex => Prim::Regex(Box::new(Pattern::new(&String::from_utf8_lossy(bytes)))),
            _ => return None,
        })
    }

    /// Whether the value is any of the constants; for `pmatch`, whether it lies below any.
    pub(super) fn any(op: Operator, ty: FieldType, constants: &[Constant]) -> Option<Prim> {
        let bytes = |c: &Constant| match c {
            Constant::Bytes(bytes) => Some(bytes.clone()),
            Constant::Address(address) => Some(octets(*address)),
            _ => None,
        };
        Some(match constants.first()? {
            Constant::Bytes(_) if op == Operator::PMatch => {
                let paths: Vec<_> = constants.iter().filter_map(bytes).collect();
                Prim::Paths(Box::new(PathSet::new(paths.iter().map(|p| &**p))))
            }
            Constant::Bytes(_) | Constant::Address(_) => {
                Prim::BytesIn(Box::new(constants.iter().filter_map(bytes).collect()))
            }
            Constant::Number(value) if ty.class() == ValueClass::Double && constants.len() == 1 => {
                Prim::Double { cmp: Cmp::Eq, value: f64::from_bits(*value) }
            }
            Constant::Number(_) => {
                let mut numbers: Vec<u64> = constants.iter().filter_map(number).collect();
                numbers.sort_unstable();
                Prim::NumberIn(numbers.into())
            }
            Constant::Network(..) => {
                let network = |c: &Constant| match c {
                    Constant::Network(address, bits) => Some((*address, *bits)),
                    _ => None,
                };
                Prim::Networks { networks: constants.iter().filter_map(network).collect(), negated: false }
            }
            Constant::Host(_) => {
                let host = |c: &Constant| match c {
                    Constant::Host(name) => Some(name.clone()),
                    _ => None,
                };
                Prim::Hosts { names: constants.iter().filter_map(host).collect(), negated: false }
            }
        })
    }

    /// Whether this is `!=`, which a field with two ends satisfies only if both ends do.
    pub(super) fn is_difference(&self) -> bool {
        match self {
            Prim::Number { cmp, .. } | Prim::Double { cmp, .. } | Prim::Bytes { cmp, .. } => *cmp == Cmp::Ne,
            Prim::Networks { negated, .. } | Prim::Hosts { negated, .. } => *negated,
            _ => false,
        }
    }

    #[inline]
    pub(super) fn test(&self, item: Item, values: &Values, scheme: &Scheme) -> bool {
        match self {
            Prim::Number { cmp, bias, value } => cmp.test(item.number() ^ bias, *value),
            Prim::NumberIn(numbers) if numbers.len() <= 8 => numbers.contains(&item.number()),
            Prim::NumberIn(numbers) => numbers.binary_search(&item.number()).is_ok(),
            Prim::Double { cmp, value } => cmp.test(f64::from_bits(item.number()), *value),
            Prim::Bytes { cmp: Cmp::Eq, value } => values.bytes(item) == &**value,
            Prim::Bytes { cmp, value } => cmp.test(values.bytes(item), &**value),
            Prim::BytesIn(set) => set.contains(values.bytes(item)),
            Prim::Contains(finder) => finder.find(values.bytes(item)).is_some(),
            Prim::IContains(needle) => contains_ignoring_case(values.bytes(item), needle),
            Prim::StartsWith(prefix) => values.bytes(item).starts_with(prefix),
            Prim::EndsWith(suffix) => values.bytes(item).ends_with(suffix),
            Prim::Glob { pattern, ignore_case } => glob(pattern, values.bytes(item), *ignore_case),
            Prim::Regex(pattern) => pattern.is_match(values.bytes(item)),
            Prim::Paths(paths) => paths.covers(values.bytes(item)),
            Prim::Networks { networks, negated } => {
                let value = values.bytes(item);
                networks.iter().any(|(address, bits)| within(value, *address, *bits)) != *negated
            }
            Prim::Hosts { names, negated } => {
                let value = values.bytes(item);
                let mut known = Vec::new();
                names.iter().for_each(|name| scheme.hosts().lookup(name, &mut known));
                known.iter().any(|address| *octets(*address) == *value) != *negated
            }
        }
    }

    /// Whether evaluating this costs more than looking up a remembered answer.
    pub(super) fn is_dear(&self) -> bool {
        use Prim::{Bytes, Double, EndsWith, Number, NumberIn, StartsWith};
        !matches!(self, Number { .. } | Double { .. } | Bytes { .. } | StartsWith(_) | EndsWith(_) | NumberIn(_))
    }
}

pub(super) fn number(constant: &Constant) -> Option<u64> {
    match constant {
        Constant::Number(value) => Some(*value),
        _ => None,
    }
}

fn octets(address: IpAddr) -> Box<[u8]> {
    match address {
        IpAddr::V4(v4) => v4.octets().into(),
        IpAddr::V6(v6) => v6.octets().into(),
    }
}

fn within(value: &[u8], address: IpAddr, bits: u8) -> bool {
    let top = |a: u128, b: u128, width: u32| {
        let unused = width - u32::from(bits).min(width);
        unused == width || a >> unused == b >> unused
    };
    match address {
        IpAddr::V4(v4) => {
            <[u8; 4]>::try_from(value).is_ok_and(|v| top(u32::from_be_bytes(v).into(), u32::from(v4).into(), 32))
        }
        IpAddr::V6(v6) => <[u8; 16]>::try_from(value).is_ok_and(|v| top(u128::from_be_bytes(v), u128::from(v6), 128)),
    }
}
