//! All conditions of a source as one graph in negation normal form: `not` stands at comparisons only, and each distinct
//! part is there once, so that equal parts are equal numbers.

use std::collections::HashMap;

use crate::ast::Operator;
use crate::check::typed::{Atom, AtomTest, Constant, Node};
use crate::scheme::Matching;

/// A part of the graph.
pub(crate) type Id = u32;

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// True if all parts are; none: always true. Sorted, no part is itself such a group.
    And(Box<[Id]>),
    /// True if any part is; none: never true. Sorted, no part is itself such a group.
    Or(Box<[Id]>),
    /// A comparison (its number) or its opposite.
    Literal(u32, bool),
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    forms: Vec<Form>,
    ids: HashMap<Form, Id>,
    atoms: Vec<Atom>,
    atom_ids: HashMap<Atom, u32>,
}

impl Graph {
    /// The part for a condition, or for its opposite.
    pub(crate) fn add(&mut self, node: &Node, holds: bool) -> Id {
        match (node, holds) {
            (Node::Not(part), _) => self.add(part, !holds),
            (Node::Atom(atom), _) => self.literal(atom, holds),
            (Node::And(parts), true) | (Node::Or(parts), false) => {
                let parts = parts.iter().map(|part| self.add(part, holds)).collect();
                self.group(parts, true)
            }
            (Node::And(parts), false) | (Node::Or(parts), true) => {
                let parts = parts.iter().map(|part| self.add(part, holds)).collect();
                self.group(parts, false)
            }
        }
    }

    /// The part for a comparison, or for its opposite.
    pub(crate) fn literal(&mut self, atom: &Atom, holds: bool) -> Id {
        let atom = match asks_only_for_a_value(atom) {
            true => Atom { test: AtomTest::Exists, fold: None, left: atom.left.clone() },
            false => atom.clone(),
        };
        let number = match self.atom_ids.get(&atom) {
            Some(number) => *number,
            None => {
                let number = self.atoms.len() as u32;
                self.atoms.push(atom.clone());
                self.atom_ids.insert(atom, number);
                number
            }
        };
        self.intern(Form::Literal(number, holds))
    }

    pub(super) fn group(&mut self, parts: Vec<Id>, and: bool) -> Id {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match (self.form(part), and) {
                (Form::And(inner), true) | (Form::Or(inner), false) => flat.extend_from_slice(inner),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        match flat.as_slice() {
            [one] => *one,
            _ => self.intern(if and { Form::And(flat.into()) } else { Form::Or(flat.into()) }),
        }
    }

    /// The opposite of a part.
    pub(crate) fn negate(&mut self, id: Id) -> Id {
        match self.form(id).clone() {
            Form::Literal(atom, holds) => self.intern(Form::Literal(atom, !holds)),
            Form::And(parts) => {
                let parts = parts.iter().map(|part| self.negate(*part)).collect();
                self.group(parts, false)
            }
            Form::Or(parts) => {
                let parts = parts.iter().map(|part| self.negate(*part)).collect();
                self.group(parts, true)
            }
        }
    }

    fn intern(&mut self, form: Form) -> Id {
        if let Some(id) = self.ids.get(&form) {
            return *id;
        }
        let id = self.forms.len() as Id;
        self.forms.push(form.clone());
        self.ids.insert(form, id);
        id
    }

    pub(super) fn form(&self, id: Id) -> &Form {
        &self.forms[id as usize]
    }

    pub(super) fn atom(&self, number: u32) -> &Atom {
        &self.atoms[number as usize]
    }
}

/// A comparison that every value satisfies.
fn asks_only_for_a_value(atom: &Atom) -> bool {
    let AtomTest::Constants { op, modifier: None, values } = &atom.test else { return false };
    if atom.left.is_list() || atom.left.matching() != Matching::One {
        return false;
    }
    values.iter().any(|value| match (op, value) {
        (
            Operator::Contains | Operator::IContains | Operator::StartsWith | Operator::EndsWith,
            Constant::Bytes(text),
        ) => text.is_empty(),
        (Operator::Glob | Operator::IGlob, Constant::Bytes(text)) => **text == *b"*",
        (Operator::PMatch, Constant::Bytes(text)) => text.iter().all(|b| *b == b'/'),
        _ => false,
    })
}
