//! The graph as it is evaluated. What has several users is remembered. Parts keep the order in which they were written:
//! authors put what decides first, and sorting by estimated cost was measured at a quarter more instructions on published
//! rules, because it asks for values that the written order never needs.

use super::graph::{Gate, NodeId};
use super::machine::{AtomStep, Kind, NO_MEMO, Step};
use super::plan::Plan;

/// The steps, the parts of all groups one after the other, and how many answers are to be remembered.
pub(super) type Layout = (Box<[Step]>, Box<[NodeId]>, usize);

pub(super) fn layout(gates: &[Gate], atoms: &[AtomStep], plans: &[Plan]) -> Layout {
    let users = users(gates, plans);
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
