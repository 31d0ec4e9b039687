//! A compiled atom: which source it looks at and what it asks of the values found there.

use crate::ast::{Modifier, Operator};
use crate::check::typed::{Atom, AtomTest, Constant};
use crate::matcher::glob;
use crate::scheme::{FieldType, Matching, Scheme, ValueClass};
use crate::source::SourceId;
use crate::value::{Item, Run, Values};

use super::dict::{Class, ClassSet};
use super::machine::ViewId;
use super::prim::{Cmp, Prim, bias};

/// What is asked of the values of a source. A source without value makes everything false.
#[derive(Debug)]
pub(super) enum Test {
    /// Nothing can satisfy it.
    Never,
    /// There is a value; with `any` a list must have one.
    Exists { any: bool },
    /// The class that a dictionary gives to the text is in the set.
    Class { view: ViewId, set: ClassSet, negated: bool },
    /// The first value satisfies.
    First(Prim),
    /// The first value satisfies as many of the comparisons as the modifier says.
    Counted { modifier: Modifier, prims: Box<[Prim]> },
    /// Every value of a list satisfies.
    Every(Prim),
    /// At least one value of a list satisfies.
    Some(Prim),
    /// At least one value of a list satisfies as many of the comparisons as the modifier says.
    SomeCounted { modifier: Modifier, prims: Box<[Prim]> },
    /// The values of two ends: each comparison is satisfied by either, `!=` only by both.
    Either { modifier: Modifier, prims: Box<[Prim]> },
    /// Values of another source of the same type.
    Field { op: Operator, ty: FieldType, list: bool, right: SourceId },
}

/// Applies the modifier to the answers.
#[inline]
fn count(modifier: Modifier, mut answers: impl Iterator<Item = bool>) -> bool {
    match modifier {
        Modifier::AnyOf => answers.any(|a| a),
        Modifier::AllOf => answers.all(|a| a),
        Modifier::OneOf => answers.filter(|a| *a).take(2).count() == 1,
    }
}

/// The kinds of tests that a dictionary answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lookup {
    Equal,
    Prefix,
}

/// The kind of dictionary that can answer a test of a scalar text, the constants, and whether the answer is negated.
pub(super) fn lookup(atom: &Atom) -> Option<(Lookup, &[Constant], bool)> {
    let scalar = !atom.left.is_list() && atom.left.matching() == Matching::One;
    if !scalar || atom.left.ty().class() != ValueClass::Text {
        return None;
    }
    let AtomTest::Constants { op, modifier, values } = &atom.test else { return None };
    let (kind, negated) = match (op, modifier) {
        _ if values.is_empty() => return None,
        (Operator::Eq | Operator::In | Operator::Intersects, None) => (Lookup::Equal, false),
        (Operator::Ne, None | Some(Modifier::AllOf)) => (Lookup::Equal, true),
        (Operator::StartsWith, None | Some(Modifier::AnyOf)) => (Lookup::Prefix, false),
        _ => return None,
    };
    Some((kind, values, negated))
}

impl Test {
    /// Compiles what is asked; `right` is the interned right side of a comparison of two fields, `class` the set of
    /// dictionary classes where the source has a dictionary.
    pub(super) fn compile(atom: &Atom, right: Option<SourceId>, class: Option<(ViewId, ClassSet)>) -> Test {
        let (ty, matching) = (atom.left.ty(), atom.left.matching());
        let list = atom.left.is_list();
        match &atom.test {
            AtomTest::Exists => Test::Exists { any: matching != Matching::One },
            AtomTest::Field { op, .. } => match right {
                Some(right) => Test::Field { op: *op, ty, list, right },
                None => Test::Never,
            },
            AtomTest::Constants { values, .. } if values.is_empty() => Test::Never,
            AtomTest::Constants { op, modifier, values } => {
                if let Some((view, set)) = class {
                    return Test::Class { view, set, negated: *op == Operator::Ne };
                }
                Self::constants(*op, *modifier, values, ty, list, matching)
            }
        }
    }

    fn constants(
        op: Operator,
        modifier: Option<Modifier>,
        values: &[Constant],
        ty: FieldType,
        list: bool,
        matching: Matching,
    ) -> Test {
        let each = || values.iter().filter_map(|v| Prim::one(op, ty, v)).collect::<Box<[_]>>();
        let whole = || match op {
            _ if op.takes_list() && ty.class() == ValueClass::Double && values.len() > 1 => None,
            _ if op.takes_list() => Prim::any(op, ty, values),
            _ => values.first().and_then(|v| Prim::one(op, ty, v)),
        };
        let quantified = modifier.unwrap_or(Modifier::AnyOf);
        match (matching, modifier) {
            (Matching::Either, None) if op.takes_list() => whole().map_or(Test::Never, Test::Some),
            (Matching::Either, _) => Test::Either { modifier: quantified, prims: each() },
            (Matching::Any, None) => match whole() {
                Some(prim) => Test::Some(prim),
                None => Test::SomeCounted { modifier: quantified, prims: each() },
            },
            (Matching::Any, Some(modifier)) => Test::SomeCounted { modifier, prims: each() },
            (Matching::One | Matching::Host, Some(modifier)) => Test::Counted { modifier, prims: each() },
            (Matching::One | Matching::Host, None) => match whole() {
                Some(prim) if list && op == Operator::In => Test::Every(prim),
                Some(prim) if list => Test::Some(prim),
                Some(prim) => Test::First(prim),
                None => Test::Counted { modifier: quantified, prims: each() },
            },
        }
    }

    /// Whether the values satisfy the test; tests that need more than the values are false here.
    #[inline]
    pub(super) fn holds(&self, run: Run, values: &Values, scheme: &Scheme) -> bool {
        let one = |prim: &Prim, item: Item| prim.test(item, values, scheme);
        let counted = |modifier: Modifier, prims: &[Prim], item| count(modifier, prims.iter().map(|p| one(p, item)));
        match self {
            Test::Exists { any } => !any || run.count > 0,
            Test::First(prim) => values.first(run).is_some_and(|item| one(prim, item)),
            Test::Counted { modifier, prims } => values.first(run).is_some_and(|i| counted(*modifier, prims, i)),
            Test::Every(prim) => values.items(run).iter().all(|item| one(prim, *item)),
            Test::Some(prim) => values.items(run).iter().any(|item| one(prim, *item)),
            Test::SomeCounted { modifier, prims } => {
                values.items(run).iter().any(|item| counted(*modifier, prims, *item))
            }
            Test::Either { modifier, prims } => {
                let ends = values.items(run);
                let answer = |prim: &Prim| match prim.is_difference() {
                    true => ends.iter().all(|item| one(prim, *item)),
                    false => ends.iter().any(|item| one(prim, *item)),
                };
                !ends.is_empty() && count(*modifier, prims.iter().map(answer))
            }
            Test::Never | Test::Class { .. } | Test::Field { .. } => false,
        }
    }

    #[inline]
    pub(super) fn holds_class(set: &ClassSet, negated: bool, class: Class) -> bool {
        set.contains(class) != negated
    }

    pub(super) fn is_dear(&self) -> bool {
        match self {
            Test::Never | Test::Exists { .. } | Test::Class { .. } => false,
            Test::First(prim) => prim.is_dear(),
            _ => true,
        }
    }
}

/// Compares the values of two sources of one type.
pub(super) fn compare(op: Operator, ty: FieldType, list: bool, left: Run, right: Run, values: &Values) -> bool {
    let (lefts, rights) = (values.items(left), values.items(right));
    if list {
        let found = |item: &Item| rights.iter().any(|other| equal(*item, *other, ty, values));
        return match op {
            Operator::In => lefts.iter().all(found),
            _ => lefts.iter().any(found),
        };
    }
    let (Some(&left), Some(&right)) = (lefts.first(), rights.first()) else { return false };
    if let Some(cmp) = Cmp::of(op) {
        return match ty.class() {
            ValueClass::Text | ValueClass::Bytes | ValueClass::Address | ValueClass::Network => {
                cmp.test(values.bytes(left), values.bytes(right))
            }
            ValueClass::Double => cmp.test(f64::from_bits(left.number()), f64::from_bits(right.number())),
            _ => cmp.test(left.number() ^ bias(ty), right.number() ^ bias(ty)),
        };
    }
    let (left, right) = (values.bytes(left), values.bytes(right));
    match op {
        Operator::Contains | Operator::BContains => memchr::memmem::find(left, right).is_some(),
        Operator::IContains => left.is_empty() && right.is_empty() || icontains(left, right),
        Operator::StartsWith | Operator::BStartsWith => left.starts_with(right),
        Operator::EndsWith => left.ends_with(right),
        Operator::Glob => glob(right, left, false),
        Operator::IGlob => glob(right, left, true),
        _ => false,
    }
}

fn icontains(text: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || text.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle))
}

fn equal(left: Item, right: Item, ty: FieldType, values: &Values) -> bool {
    match ty.class() {
        ValueClass::Text | ValueClass::Bytes | ValueClass::Address | ValueClass::Network => {
            values.bytes(left) == values.bytes(right)
        }
        ValueClass::Double => f64::from_bits(left.number()) == f64::from_bits(right.number()),
        _ => left.number() == right.number(),
    }
}
