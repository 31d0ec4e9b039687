//! The graph of all conditions: each distinct atom and each distinct combination stands in it once.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use crate::ast::Shared;
use crate::check::Condition;
use crate::check::typed::{Atom, Node};

pub(super) type NodeId = u32;
pub(super) type AtomId = u32;

/// What the nodes that the event code says something about have become for one code.
pub(super) type Folded = HashMap<NodeId, NodeId, FxBuildHasher>;

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

/// A group of so many parts is searched through for repeated ones; a larger one gets a table.
const FEW: usize = 16;

/// The graph while it is built.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) gates: Vec<Gate>,
    gate_ids: HashMap<Gate, NodeId, FxBuildHasher>,
    pub(super) atoms: Vec<Arc<Atom>>,
    /// Per node, whether the event code can say something about it.
    foldable: Vec<bool>,
}

impl Graph {
    /// The graph of these conditions, and the node that stands for each.
    pub(super) fn of(conditions: &[&Condition]) -> (Self, Vec<NodeId>) {
        let mut graph =
            Graph { gates: Vec::new(), gate_ids: HashMap::default(), atoms: Vec::new(), foldable: Vec::new() };
        graph.gate(Gate::False);
        graph.gate(Gate::True);
        let mut adding = Adding { graph, atoms: HashMap::default(), groups: HashMap::default() };
        let roots = conditions.iter().map(|condition| adding.node(&condition.root)).collect();
        (adding.graph, roots)
    }

    /// The node for an event code: what depends on the code alone is folded away. `memo` holds what this code has met.
    pub(super) fn fold(&mut self, node: NodeId, code: u16, memo: &mut Folded) -> NodeId {
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
                let parts: Vec<_> = parts.iter().map(|p| self.fold(*p, code, memo)).collect();
                self.and(&parts)
            }
            Gate::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|p| self.fold(*p, code, memo)).collect();
                self.or(&parts)
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

    fn and(&mut self, parts: &[NodeId]) -> NodeId {
        match distinct(parts, FALSE, TRUE) {
            Ok(parts) => self.gate(Gate::And(parts)),
            Err(decided) => decided,
        }
    }

    fn or(&mut self, parts: &[NodeId]) -> NodeId {
        match distinct(parts, TRUE, FALSE) {
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

/// Conditions on their way into a graph. What they have in common in memory is found by its place there, which nothing else can
/// take: the conditions live for as long as this does.
struct Adding<'c> {
    graph: Graph,
    atoms: HashMap<&'c Atom, AtomId, FxBuildHasher>,
    /// By the place of the parts, and whether all must hold.
    groups: HashMap<(*const Node, bool), NodeId, FxBuildHasher>,
}

impl<'c> Adding<'c> {
    fn node(&mut self, node: &'c Node) -> NodeId {
        match node {
            Node::Atom(atom) => {
                let id = match self.atoms.get(&**atom) {
                    Some(id) => *id,
                    None => {
                        let id = self.graph.atoms.len() as AtomId;
                        self.graph.atoms.push(Arc::clone(atom));
                        self.atoms.insert(atom, id);
                        id
                    }
                };
                self.graph.gate(Gate::Atom(id))
            }
            Node::Not(part) => {
                let part = self.node(part);
                self.graph.not(part)
            }
            Node::And(parts) => self.group(parts, true),
            Node::Or(parts) => self.group(parts, false),
        }
    }

    fn group(&mut self, parts: &'c Shared<Node>, all: bool) -> NodeId {
        if let Some(known) = self.groups.get(&(parts.address(), all)) {
            return *known;
        }
        let nodes: Vec<NodeId> = parts.iter().map(|part| self.node(part)).collect();
        let id = if all { self.graph.and(&nodes) } else { self.graph.or(&nodes) };
        if parts.has_clones() {
            self.groups.insert((parts.address(), all), id);
        }
        id
    }
}

/// Repeated and neutral parts go; `Err` if one node is left. A group inside a group of its own kind stays one part: it is
/// mostly a macro, which many rules share and whose answer is remembered as a whole.
fn distinct(parts: &[NodeId], deciding: NodeId, neutral: NodeId) -> Result<Box<[NodeId]>, NodeId> {
    if parts.contains(&deciding) {
        return Err(deciding);
    }
    let mut left: Vec<NodeId> = Vec::with_capacity(parts.len());
    if parts.len() <= FEW {
        for part in parts.iter().filter(|part| **part != neutral) {
            if !left.contains(part) {
                left.push(*part);
            }
        }
    } else {
        let mut seen = HashSet::<NodeId, FxBuildHasher>::default();
        left.extend(parts.iter().filter(|part| **part != neutral && seen.insert(**part)));
    }
    match left.as_slice() {
        [] => Err(neutral),
        [one] => Err(*one),
        _ => Ok(left.into()),
    }
}
