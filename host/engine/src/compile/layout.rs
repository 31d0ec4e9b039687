//! The graph as it is evaluated: what has several users is remembered, and the parts of a group are tried from cheap to
//! dear. Extraction has no side effects, so that their order changes nothing but the time.

use super::graph::{Gate, NodeId};
use super::machine::{AtomStep, Kind, NO_MEMO, Step};
use super::plan::Plan;
use super::test::Test;
use crate::source::{Def, Sources};

/// The steps, the parts of all groups one after the other, and how many answers are to be remembered.
pub(super) type Layout = (Box<[Step]>, Box<[NodeId]>, usize);

/// What walking a list of values costs beside the test itself: the host collects it, often from other places.
const LIST: u32 = 20;
/// What a transformer costs.
const CALL: u32 = 15;
/// A negation is rarely what decides a conjunction, and stands behind tests of about the same cost.
const NEGATION: u32 = 3;

pub(super) fn layout(gates: &[Gate], atoms: &[AtomStep], sources: &Sources, plans: &[Plan]) -> Layout {
    let users = users(gates, plans);
    let costs = costs(gates, atoms, sources, &users);
    let mut memos = 0;
    let mut all_parts = Vec::new();
    let mut steps = Vec::with_capacity(gates.len());
    for (gate, users) in gates.iter().zip(&users) {
        let first_part = all_parts.len() as u32;
        let (kind, dear, first, len) = match gate {
            Gate::False => (Kind::False, false, 0, 0),
            Gate::True => (Kind::True, false, 0, 0),
            Gate::Atom(atom) => (Kind::Atom, atoms[*atom as usize].test.is_dear(), *atom, 0),
            Gate::Not(part) => (Kind::Not, false, *part, 0),
            Gate::And(parts) => (Kind::And, true, first_part, parts.len() as u32),
            Gate::Or(parts) => (Kind::Or, true, first_part, parts.len() as u32),
        };
        if let Gate::And(parts) | Gate::Or(parts) = gate {
            all_parts.extend_from_slice(parts);
            all_parts[first_part as usize..].sort_by_key(|part| costs[*part as usize]);
        }
        let memo = if dear && *users > 1 {
            memos += 1;
            memos - 1
        } else {
            NO_MEMO
        };
        steps.push(Step { kind, memo, first, len });
    }
    (steps.into(), all_parts.into(), memos as usize)
}

fn users(gates: &[Gate], plans: &[Plan]) -> Vec<u32> {
    let mut users = vec![0u32; gates.len()];
    for gate in gates {
        match gate {
            Gate::And(parts) | Gate::Or(parts) => parts.iter().for_each(|p| users[*p as usize] += 1),
            Gate::Not(part) => users[*part as usize] += 1,
            Gate::False | Gate::True | Gate::Atom(_) => {}
        }
    }
    for plan in plans {
        plan.entries().into_iter().for_each(|(_, node)| users[node as usize] += 1);
    }
    users
}

/// Parts stand before what they are parts of, so that one pass is enough.
fn costs(gates: &[Gate], atoms: &[AtomStep], sources: &Sources, users: &[u32]) -> Vec<u32> {
    let mut costs: Vec<u32> = Vec::with_capacity(gates.len());
    for (gate, users) in gates.iter().zip(users) {
        let of = |part: &NodeId| costs[*part as usize];
        let cost = match gate {
            Gate::False | Gate::True => 0,
            Gate::Atom(atom) => atom_cost(&atoms[*atom as usize], sources),
            Gate::Not(part) => of(part).saturating_add(NEGATION),
            // A group mostly ends before its last part, and one that is shared was mostly asked before.
            Gate::And(parts) | Gate::Or(parts) => {
                let sum = parts.iter().fold(2u32, |sum, part| sum.saturating_add(of(part)));
                2 + sum / (*users).clamp(1, 4)
            }
        };
        costs.push(cost);
    }
    costs
}

fn atom_cost(atom: &AtomStep, sources: &Sources) -> u32 {
    let info = sources.info(atom.source);
    let list = if info.list { LIST } else { 0 };
    let call = if matches!(info.def, Def::Slot(_)) { 0 } else { CALL };
    let test = match &atom.test {
        Test::Never => 0,
        Test::Exists { .. } | Test::Class { .. } => 2,
        Test::First(prim) | Test::Every(prim) | Test::Some(prim) => prim.cost(),
        Test::Counted { prims, .. } | Test::SomeCounted { prims, .. } | Test::Either { prims, .. } => {
            prims.iter().map(|prim| prim.cost()).sum()
        }
        Test::Field { .. } => 6,
    };
    test + list + call
}
