//! A second evaluator that walks the typed tree of one condition, with comparisons and transformers of its own, written
//! for plainness. The compiled set is held against it: every condition case of the tests and random conditions run on
//! both. It shares nothing with the compiled set but the tree and the regular expression engine.

mod compare;
mod functions;

use crate::ast::{Modifier, Operator};
use crate::check::Condition;
use crate::check::typed::{Atom, AtomTest, Constant, Node, Source};
use crate::scheme::{FieldType, Matching, Scheme, ValueClass};
use crate::value::{Extract, Item, SlotTable, Values};

/// An owned value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Number(u64),
    Bytes(Vec<u8>),
}

/// Whether the condition is true for the event, whatever its event code. Slots that are new to `slots` are added.
pub fn evaluate(condition: &Condition, scheme: &Scheme, slots: &mut SlotTable, extract: &mut dyn Extract) -> bool {
    Walker { scheme, slots, extract }.node(&condition.root)
}

struct Walker<'w, 'e> {
    scheme: &'w Scheme,
    slots: &'w mut SlotTable,
    extract: &'w mut (dyn Extract + 'e),
}

impl Walker<'_, '_> {
    fn node(&mut self, node: &Node) -> bool {
        match node {
            Node::And(parts) => parts.iter().all(|part| self.node(part)),
            Node::Or(parts) => parts.iter().any(|part| self.node(part)),
            Node::Not(part) => !self.node(part),
            Node::Atom(atom) => self.atom(atom),
        }
    }

    fn atom(&mut self, atom: &Atom) -> bool {
        let Some(values) = self.source(&atom.left) else { return false };
        let (ty, matching) = (atom.left.ty(), atom.left.matching());
        match &atom.test {
            AtomTest::Exists => matching == Matching::One || matching == Matching::Host || !values.is_empty(),
            AtomTest::Field { op, right } => {
                let Some(others) = self.source(right) else { return false };
                match (atom.left.is_list(), op) {
                    (true, Operator::In) => values.iter().all(|v| others.contains(v)),
                    (true, _) => values.iter().any(|v| others.contains(v)),
                    (false, _) => match (values.first(), others.first()) {
                        (Some(value), Some(other)) => compare::values(*op, ty, value, other),
                        _ => false,
                    },
                }
            }
            AtomTest::Constants { values: constants, .. } if constants.is_empty() => false,
            AtomTest::Constants { op, modifier, values: constants } => {
                self.constants(*op, *modifier, constants, &values, ty, matching, atom.left.is_list())
            }
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "everything that the meaning of a comparison depends on, side by side"
    )]
    fn constants(
        &self,
        op: Operator,
        modifier: Option<Modifier>,
        constants: &[Constant],
        values: &[Val],
        ty: FieldType,
        matching: Matching,
        list: bool,
    ) -> bool {
        let one = |value: &Val, constant: &Constant| compare::constant(op, ty, value, constant, self.scheme);
        let satisfied = |test: &dyn Fn(&Constant) -> bool| {
            let hits = constants.iter().filter(|c| test(c)).count();
            match modifier {
                None | Some(Modifier::AnyOf) => hits > 0,
                Some(Modifier::OneOf) => hits == 1,
                Some(Modifier::AllOf) => hits == constants.len(),
            }
        };
        match matching {
            Matching::Any => values.iter().any(|value| satisfied(&|constant| one(value, constant))),
            Matching::Either if values.is_empty() => false,
            Matching::Either if op == Operator::Ne => satisfied(&|c| values.iter().all(|value| one(value, c))),
            Matching::Either => satisfied(&|c| values.iter().any(|value| one(value, c))),
            Matching::One | Matching::Host if !list => match values.first() {
                Some(value) => satisfied(&|constant| one(value, constant)),
                None => false,
            },
            Matching::One | Matching::Host => {
                let mut found = values.iter().map(|value| constants.iter().any(|constant| one(value, constant)));
                if op == Operator::In { found.all(|f| f) } else { found.any(|f| f) }
            }
        }
    }

    /// The values of a source; a scalar without value is `None`, a list may be empty.
    fn source(&mut self, source: &Source) -> Option<Vec<Val>> {
        match source {
            Source::Text(text) => Some(vec![Val::Bytes(text.to_vec())]),
            Source::Field { slot, .. } => {
                let mut arena = Values::new();
                let id = self.slots.intern(slot.clone());
                let mark = arena.mark();
                if !self.extract.extract(id, &mut arena) {
                    return None;
                }
                let read = |item: &Item| match item {
                    Item::Number(number) => Val::Number(*number),
                    Item::Bytes { .. } => Val::Bytes(arena.bytes(*item).to_vec()),
                };
                let values: Vec<Val> = arena.items(arena.since(mark)).iter().map(read).collect();
                (slot.list || !values.is_empty()).then_some(values)
            }
            Source::List(items) => {
                let mut all = Vec::new();
                for item in items {
                    let values = self.source(item)?;
                    all.extend(values.into_iter().map(|value| as_text(value, item.ty())));
                }
                Some(all)
            }
            Source::Call { transformer, args, option, .. } => {
                let mut inputs = Vec::new();
                for arg in args {
                    inputs.push(self.source(arg)?);
                }
                let lists: Vec<bool> = args.iter().map(Source::is_list).collect();
                let types: Vec<FieldType> = args.iter().map(Source::ty).collect();
                functions::call(*transformer, *option, &inputs, &lists, &types)
            }
        }
    }
}

/// Numbers in decimal; only fields without a print format of their own are rendered in the tests.
fn as_text(value: Val, ty: FieldType) -> Val {
    match value {
        Val::Bytes(bytes) => Val::Bytes(bytes),
        Val::Number(number) => Val::Bytes(match ty.class() {
            ValueClass::Signed => (number as i64).to_string().into_bytes(),
            ValueClass::Bool => (number != 0).to_string().into_bytes(),
            ValueClass::Double => format!("{:.1}", f64::from_bits(number)).into_bytes(),
            _ => number.to_string().into_bytes(),
        }),
    }
}
