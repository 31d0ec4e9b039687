//! The typed form of a condition. Everything here is comparable and hashable, because the compiled set keeps each
//! distinct part once over all rules.

use std::net::IpAddr;
use std::sync::Arc;

use crate::ast::{Modifier, Operator, Shared, Transformer};
use crate::scheme::{EventSet, FieldType, Matching, PrintFormat};
use crate::value::SlotInfo;

/// A typed condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    And(Shared<Node>),
    Or(Shared<Node>),
    Not(Arc<Node>),
    Atom(Arc<Atom>),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Atom {
    pub(crate) left: Source,
    pub(crate) test: AtomTest,
    /// For an `evt.type` check without transformers: the codes with a fixed name for which it is true and those for
    /// which it is false. For other codes it must be evaluated.
    pub(crate) fold: Option<Fold>,
}

/// What the event code alone says about an atom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fold {
    pub(crate) always: EventSet,
    pub(crate) never: EventSet,
}

/// Where values come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Field { slot: SlotInfo, format: PrintFormat, matching: Matching },
    Call { transformer: Transformer, args: Vec<Source>, option: Option<u8>, ty: FieldType, list: bool },
    Text(Box<[u8]>),
    List(Vec<Source>),
}

impl Source {
    pub(crate) fn ty(&self) -> FieldType {
        match self {
            Source::Field { slot, .. } => slot.ty,
            Source::Call { ty, .. } => *ty,
            Source::Text(_) | Source::List(_) => FieldType::Charbuf,
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        match self {
            Source::Field { slot, matching, .. } => slot.list && *matching == Matching::One,
            Source::Call { list, .. } => *list,
            Source::Text(_) => false,
            Source::List(_) => true,
        }
    }

    pub(crate) fn matching(&self) -> Matching {
        match self {
            Source::Field { matching, .. } => *matching,
            _ => Matching::One,
        }
    }
}

/// What is asked of the left side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AtomTest {
    Exists,
    Constants { op: Operator, modifier: Option<Modifier>, values: Vec<Constant> },
    Field { op: Operator, right: Source },
}

/// A constant of the type of the left side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Constant {
    /// Any integer, extended to 64 bits; a boolean; the bits of a double.
    Number(u64),
    /// Text, bytes, a pattern.
    Bytes(Box<[u8]>),
    Address(IpAddr),
    /// An address and the number of bits that count.
    Network(IpAddr, u8),
    /// A host name, looked up when compared.
    Host(Box<str>),
}
