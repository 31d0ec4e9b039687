//! Implication and contradiction over the graph.

use std::collections::HashMap;

use super::graph::{Form, Graph, Id};
use super::values::{self, Patterns};
use crate::scheme::{FieldId, Scheme};

/// Steps after which nothing more is proved: rule files that exist need a few hundred thousand.
const BUDGET: u32 = 3_000_000;

/// Conjunctions of more parts are not looked into: every part is held against every other.
const MAX_PARTS: usize = 1000;

/// Why a conjunction can never be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// These two parts are never true together.
    Between(Id, Id),
    /// This part is never true by itself.
    Impossible(Id),
    /// Nothing that this part lists satisfies all the others.
    NothingLeft(Id),
}

pub(crate) struct Prover {
    pub(crate) graph: Graph,
    patterns: Patterns,
    /// The field that counts events.
    numbering: Option<FieldId>,
    implied: HashMap<(Id, Id), bool>,
    budget: u32,
}

impl Prover {
    pub(crate) fn new(scheme: &Scheme) -> Self {
        Prover {
            graph: Graph::default(),
            patterns: Patterns::default(),
            numbering: scheme.find("evt.num"),
            implied: HashMap::new(),
            budget: BUDGET,
        }
    }

    /// Whether `b` is certainly true whenever `a` is.
    pub(crate) fn implies(&mut self, a: Id, b: Id) -> bool {
        if a == b {
            return true;
        }
        if let Some(known) = self.implied.get(&(a, b)) {
            return *known;
        }
        if self.budget == 0 {
            return false;
        }
        self.budget -= 1;
        let result = match (self.graph.form(a).clone(), self.graph.form(b).clone()) {
            (_, Form::And(parts)) => parts.iter().all(|part| self.implies(a, *part)),
            (Form::Or(parts), _) => parts.iter().all(|part| self.implies(*part, b)),
            (Form::Literal(x, x_holds), Form::Literal(y, y_holds)) => self.literal(x, x_holds, y, y_holds),
            (Form::And(parts), Form::Literal(..)) => parts.iter().any(|part| self.implies(*part, b)),
            (from, Form::Or(parts)) => {
                parts.iter().any(|part| self.implies(a, *part))
                    || matches!(from, Form::And(from) if from.iter().any(|part| self.implies(*part, b)))
            }
        };
        self.implied.insert((a, b), result);
        result
    }

    fn literal(&self, x: u32, x_holds: bool, y: u32, y_holds: bool) -> bool {
        let (a, b) = (self.graph.atom(x), self.graph.atom(y));
        if values::is_switch(a, self.numbering) || values::is_switch(b, self.numbering) {
            return false;
        }
        match (x_holds, y_holds) {
            (true, true) => values::implies(a, b, &self.patterns),
            (false, false) => values::implies(b, a, &self.patterns),
            (true, false) => values::exclude(a, b, &self.patterns),
            // What is not so may be missing altogether.
            (false, true) => false,
        }
    }

    /// Why a part can never be true, if that is certain.
    pub(crate) fn refute(&mut self, id: Id) -> Option<Conflict> {
        match self.graph.form(id).clone() {
            Form::Literal(atom, true) if values::is_impossible(self.graph.atom(atom)) => Some(Conflict::Impossible(id)),
            Form::Literal(..) => None,
            Form::Or(parts) => {
                let mut first = None;
                for part in &parts {
                    first = first.or(Some(self.refute(*part)?));
                }
                first
            }
            Form::And(parts) => self.conflict(&parts),
        }
    }

    fn conflict(&mut self, parts: &[Id]) -> Option<Conflict> {
        for part in parts {
            if let Some(conflict) = self.refute(*part) {
                return Some(conflict);
            }
        }
        if parts.len() > MAX_PARTS {
            return None;
        }
        let opposites: Vec<Id> = parts.iter().map(|part| self.graph.negate(*part)).collect();
        for (i, a) in parts.iter().enumerate() {
            for (b, not_b) in parts.iter().zip(&opposites).skip(i + 1) {
                if self.implies(*b, opposites[i]) || self.implies(*a, *not_b) {
                    return Some(Conflict::Between(*a, *b));
                }
            }
        }
        let literals: Vec<(Id, u32, bool)> = parts
            .iter()
            .filter_map(|id| match self.graph.form(*id) {
                Form::Literal(atom, holds) => Some((*id, *atom, *holds)),
                _ => None,
            })
            .filter(|(_, atom, _)| !values::is_switch(self.graph.atom(*atom), self.numbering))
            .collect();
        for (id, atom, _) in literals.iter().filter(|(_, _, holds)| *holds) {
            let listed = self.graph.atom(*atom);
            let same = literals.iter().filter(|(other, ..)| other != id);
            let others: Vec<_> = same
                .map(|(_, other, holds)| (self.graph.atom(*other), *holds))
                .filter(|(other, _)| other.left == listed.left)
                .collect();
            if values::left_over(listed, &others, &self.patterns) == Some(0) {
                return Some(Conflict::NothingLeft(*id));
            }
        }
        None
    }
}
