//! The graph of all conditions: each distinct atom and each distinct combination stands in it once.

use std::collections::{HashMap, HashSet};

use crate::check::typed::{Atom, Node};

pub(super) type NodeId = u32;
pub(super) type AtomId = u32;

/// A node; its parts are earlier nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Gate {
    False,
    True,
    Atom(AtomId),
    Not(NodeId),
    And(Box<[NodeId]>),
    Or(Box<[NodeId]>),
}

/// `Gate::False` and `Gate::True` always stand first.
pub(super) const FALSE: NodeId = 0;
pub(super) const TRUE: NodeId = 1;

/// The graph while it is built.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) gates: Vec<Gate>,
    gate_ids: HashMap<Gate, NodeId>,
    pub(super) atoms: Vec<Atom>,
    atom_ids: HashMap<Atom, AtomId>,
    /// Per node, whether the event code can say something about it.
    foldable: Vec<bool>,
}

impl Graph {
    pub(super) fn new() -> Self {
        let mut graph = Graph {
            gates: Vec::new(),
            gate_ids: HashMap::new(),
            atoms: Vec::new(),
            atom_ids: HashMap::new(),
            foldable: Vec::new(),
        };
        graph.gate(Gate::False);
        graph.gate(Gate::True);
        graph
    }

    /// Adds a condition; the node that stands for it.
    pub(super) fn add(&mut self, node: &Node) -> NodeId {
        match node {
            Node::Atom(atom) => {
                let id = match self.atom_ids.get(&**atom) {
                    Some(id) => *id,
                    None => {
                        let id = self.atoms.len() as AtomId;
                        self.atoms.push((**atom).clone());
                        self.atom_ids.insert((**atom).clone(), id);
                        id
                    }
                };
                self.gate(Gate::Atom(id))
            }
            Node::Not(part) => {
                let part = self.add(part);
                self.not(part)
            }
            Node::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|p| self.add(p)).collect();
                self.and(parts)
            }
            Node::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|p| self.add(p)).collect();
                self.or(parts)
            }
        }
    }

    /// The node for an event code: what depends on the code alone is folded away. `memo` holds what this code has met.
    pub(super) fn fold(&mut self, node: NodeId, code: u16, memo: &mut HashMap<NodeId, NodeId>) -> NodeId {
        if !self.foldable[node as usize] {
            return node;
        }
        if let Some(folded) = memo.get(&node) {
            return *folded;
        }
        let folded = match self.gates[node as usize].clone() {
            Gate::False | Gate::True => node,
            Gate::Atom(atom) => match self.atoms[atom as usize].fold {
                Some(fold) if fold.always.contains(code) => TRUE,
                Some(fold) if fold.never.contains(code) => FALSE,
                _ => node,
            },
            Gate::Not(part) => {
                let part = self.fold(part, code, memo);
                self.not(part)
            }
            Gate::And(parts) => {
                let parts = parts.iter().map(|p| self.fold(*p, code, memo)).collect();
                self.and(parts)
            }
            Gate::Or(parts) => {
                let parts = parts.iter().map(|p| self.fold(*p, code, memo)).collect();
                self.or(parts)
            }
        };
        memo.insert(node, folded);
        folded
    }

    fn not(&mut self, part: NodeId) -> NodeId {
        match &self.gates[part as usize] {
            Gate::False => TRUE,
            Gate::True => FALSE,
            Gate::Not(inner) => *inner,
            _ => self.gate(Gate::Not(part)),
        }
    }

    fn and(&mut self, parts: Vec<NodeId>) -> NodeId {
        match distinct(&parts, FALSE, TRUE) {
            Ok(parts) => self.gate(Gate::And(parts)),
            Err(decided) => decided,
        }
    }

    fn or(&mut self, parts: Vec<NodeId>) -> NodeId {
        match distinct(&parts, TRUE, FALSE) {
            Ok(parts) => self.gate(Gate::Or(parts)),
            Err(decided) => decided,
        }
    }

    fn gate(&mut self, gate: Gate) -> NodeId {
        if let Some(id) = self.gate_ids.get(&gate) {
            return *id;
        }
        let any = |parts: &[NodeId]| parts.iter().any(|p| self.foldable[*p as usize]);
        let foldable = match &gate {
            Gate::False | Gate::True => false,
            Gate::Atom(atom) => self.atoms[*atom as usize].fold.is_some(),
            Gate::Not(part) => self.foldable[*part as usize],
            Gate::And(parts) | Gate::Or(parts) => any(parts),
        };
        let id = self.gates.len() as NodeId;
        self.gates.push(gate.clone());
        self.gate_ids.insert(gate, id);
        self.foldable.push(foldable);
        id
    }
}

/// Repeated and neutral parts go; `Err` if one node is left. A group inside a group of its own kind stays one part: it is
/// mostly a macro, which many rules share and whose answer is remembered as a whole.
fn distinct(parts: &[NodeId], deciding: NodeId, neutral: NodeId) -> Result<Box<[NodeId]>, NodeId> {
    let mut left: Vec<NodeId> = Vec::with_capacity(parts.len());
    let mut seen = HashSet::new();
    left.extend(parts.iter().filter(|part| **part != neutral && seen.insert(**part)));
    match left.as_slice() {
        _ if seen.contains(&deciding) => Err(deciding),
        [] => Err(neutral),
        [one] => Err(*one),
        _ => Ok(left.into()),
    }
}
