//! What one comparison says about another one of the same left side.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;

use crate::ast::Operator as O;
use crate::ast::Transformer;
use crate::check::regex;
use crate::check::typed::{Atom, AtomTest, Constant, Source};
use crate::matcher::{PathSet, contains_ignoring_case, glob};
use crate::scheme::{Matching, ValueClass};

/// Compiled patterns by their text.
#[derive(Default)]
pub(super) struct Patterns(RefCell<HashMap<Box<[u8]>, Option<::regex::Regex>>>);

/// A comparison of one value with constants, any of which will do.
struct Simple<'a> {
    op: O,
    values: &'a [Constant],
    class: ValueClass,
}

fn simple(atom: &Atom) -> Option<Simple<'_>> {
    let AtomTest::Constants { op, modifier: None, values } = &atom.test else { return None };
    let scalar = atom.left.matching() == Matching::One && !atom.left.is_list();
    (scalar && !values.is_empty()).then(|| Simple { op: *op, values, class: atom.left.ty().class() })
}

impl Simple<'_> {
    /// The values that satisfy it, if they can be listed.
    fn listed(&self) -> Option<&[Constant]> {
        use ValueClass as C;
        let exact = matches!(self.class, C::Text | C::Bytes | C::Address | C::Bool | C::Signed | C::Unsigned);
        let known = self.values.iter().all(|v| !matches!(v, Constant::Host(_) | Constant::Network(..)));
        (exact && known && matches!(self.op, O::Eq | O::In | O::Intersects)).then_some(self.values)
    }

    /// The numbers that satisfy it, if they are a range.
    fn range(&self) -> Option<(i128, i128)> {
        let [Constant::Number(number)] = self.values else { return None };
        let (number, low, high) = match self.class {
            ValueClass::Signed => (i128::from(*number as i64), i128::from(i64::MIN), i128::from(i64::MAX)),
            ValueClass::Unsigned => (i128::from(*number), 0, i128::from(u64::MAX)),
            _ => return None,
        };
        Some(match self.op {
            O::Eq | O::In => (number, number),
            O::Lt => (low, number - 1),
            O::Le => (low, number),
            O::Gt => (number + 1, high),
            O::Ge => (number, high),
            _ => return None,
        })
    }

    /// The one text it asks for.
    fn text(&self) -> Option<&[u8]> {
        match self.values {
            [Constant::Bytes(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether a value satisfies it; `None` if that cannot be told.
    fn accepts(&self, value: &Constant, patterns: &Patterns) -> Option<bool> {
        let mut any = false;
        for constant in self.values {
            any |= match (value, constant) {
                (Constant::Number(a), Constant::Number(b)) => match self.class {
                    ValueClass::Signed => ordered(self.op, (*a as i64).cmp(&(*b as i64)))?,
                    ValueClass::Unsigned | ValueClass::Bool => ordered(self.op, a.cmp(b))?,
                    _ => return None,
                },
                (Constant::Bytes(a), Constant::Bytes(b)) => text(self.op, a, b, patterns)?,
                (Constant::Address(a), Constant::Address(b)) => match self.op {
                    O::Eq | O::In | O::Intersects => a == b,
                    O::Ne => a != b,
                    _ => return None,
                },
                _ => return None,
            };
        }
        Some(any)
    }
}

fn ordered(op: O, order: Ordering) -> Option<bool> {
    Some(match op {
        O::Eq | O::EqEq | O::In | O::Intersects => order == Ordering::Equal,
        O::Ne => order != Ordering::Equal,
        O::Lt => order == Ordering::Less,
        O::Le => order != Ordering::Greater,
        O::Gt => order == Ordering::Greater,
        O::Ge => order != Ordering::Less,
        _ => return None,
    })
}

fn text(op: O, value: &[u8], constant: &[u8], patterns: &Patterns) -> Option<bool> {
    Some(match op {
        O::Contains => memchr::memmem::find(value, constant).is_some(),
        O::IContains => contains_ignoring_case(value, &constant.to_ascii_lowercase()),
        O::StartsWith => value.starts_with(constant),
        O::EndsWith => value.ends_with(constant),
        O::Glob => glob(constant, value, false),
        O::IGlob => glob(constant, value, true),
        O::PMatch => PathSet::new([constant]).covers(value),
        O::Regex => {
            let mut known = patterns.0.borrow_mut();
            let compiled =
                known.entry(constant.into()).or_insert_with(|| regex::compile(&String::from_utf8_lossy(constant)).ok());
            regex::is_match(compiled.as_ref()?, value)
        }
        O::BContains | O::BStartsWith => return None,
        _ => return ordered(op, value.cmp(constant)),
    })
}

/// A comparison that its author keeps for others to fill or switch: an empty list, or `evt.num` against a constant, which is
/// how conditions say "always" and "never". What follows from it today says nothing.
pub(super) fn is_switch(atom: &Atom, numbering: Option<crate::scheme::FieldId>) -> bool {
    let of_number = matches!(&atom.left, Source::Field { slot, .. } if Some(slot.field) == numbering);
    of_number || matches!(&atom.test, AtomTest::Constants { values, .. } if values.is_empty())
}

/// Whether `b` is true whenever `a` is.
pub(super) fn implies(a: &Atom, b: &Atom, patterns: &Patterns) -> bool {
    if a.left != b.left {
        return false;
    }
    if let (
        AtomTest::Constants { op: a_op, modifier: None, values: a_values },
        AtomTest::Constants { op: b_op, modifier: None, values: b_values },
    ) = (&a.test, &b.test)
    {
        let same = |op| if op == O::In { O::Eq } else { op };
        let any_will_do = matches!(same(*a_op), O::Eq | O::Intersects | O::PMatch);
        if any_will_do && same(*a_op) == same(*b_op) && a_values.iter().all(|v| b_values.contains(v)) {
            return true;
        }
    }
    let scalar = a.left.matching() == Matching::One && !a.left.is_list();
    if scalar && b.test == AtomTest::Exists {
        return true;
    }
    let (Some(a), Some(b)) = (simple(a), simple(b)) else { return false };
    if let Some(values) = a.listed() {
        return values.iter().all(|value| b.accepts(value, patterns) == Some(true));
    }
    if let (Some((low, high)), Some((from, to))) = (a.range(), b.range()) {
        return low >= from && high <= to;
    }
    let (Some(a_text), Some(b_text)) = (a.text(), b.text()) else { return false };
    let has = || memchr::memmem::find(a_text, b_text).is_some();
    match (a.op, b.op) {
        (O::StartsWith, O::StartsWith) => a_text.starts_with(b_text),
        (O::EndsWith, O::EndsWith) => a_text.ends_with(b_text),
        (O::StartsWith | O::EndsWith | O::Contains, O::Contains) => has(),
        _ => false,
    }
}

/// Whether the two are never true together.
pub(super) fn exclude(a: &Atom, b: &Atom, patterns: &Patterns) -> bool {
    if a.left != b.left {
        return false;
    }
    let (Some(a), Some(b)) = (simple(a), simple(b)) else { return false };
    let none = |values: &[Constant], of: &Simple<'_>| values.iter().all(|v| of.accepts(v, patterns) == Some(false));
    if a.listed().is_some_and(|values| none(values, &b)) || b.listed().is_some_and(|values| none(values, &a)) {
        return true;
    }
    if let (Some((low, high)), Some((from, to))) = (a.range(), b.range()) {
        return high < from || to < low;
    }
    let (Some(x), Some(y)) = (a.text(), b.text()) else { return false };
    match (a.op, b.op) {
        (O::StartsWith, O::StartsWith) => !x.starts_with(y) && !y.starts_with(x),
        (O::EndsWith, O::EndsWith) => !x.ends_with(y) && !y.ends_with(x),
        _ => false,
    }
}

/// The listed values of `a` that satisfy all of `others`, each of which holds or does not; `None` if that cannot be told.
pub(super) fn left_over(a: &Atom, others: &[(&Atom, bool)], patterns: &Patterns) -> Option<usize> {
    let values = simple(a)?;
    let values = values.listed()?;
    let remains = |value: &&Constant| {
        others.iter().all(|(other, holds)| {
            let told = simple(other).and_then(|other| other.accepts(value, patterns));
            told.is_none_or(|accepted| accepted == *holds)
        })
    };
    Some(values.iter().filter(remains).count())
}

/// Whether a function can never give what the comparison asks for: a capital letter of `tolower`.
pub(super) fn is_impossible(atom: &Atom) -> bool {
    let Source::Call { transformer, .. } = &atom.left else { return false };
    let Some(Simple { op: O::Eq | O::In | O::StartsWith | O::EndsWith | O::Contains, values, .. }) = simple(atom)
    else {
        return false;
    };
    values.iter().all(|value| match (transformer, value) {
        (Transformer::ToLower, Constant::Bytes(text)) => text.iter().any(u8::is_ascii_uppercase),
        (Transformer::ToUpper, Constant::Bytes(text)) => text.iter().any(u8::is_ascii_lowercase),
        _ => false,
    })
}
