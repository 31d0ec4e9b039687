//! From the tree of a condition to a typed one: fields found, constants read, operators fitted to types.

mod error;

use crate::ast::Expr;
use crate::scheme::{EventSet, Scheme};

pub use error::{CheckError, CheckErrorKind};

/// A condition that fits a scheme.
#[derive(Debug, Clone)]
pub struct Condition {
    events: EventSet,
}

impl Condition {
    /// Checks a tree in which no macro is left.
    ///
    /// # Errors
    /// The first thing that does not fit, from left to right.
    pub fn check(_expr: &Expr, _scheme: &Scheme) -> Result<Condition, CheckError> {
        unreachable!("the body follows")
    }

    /// The event codes that the condition can be true for.
    pub fn events(&self) -> EventSet {
        self.events
    }
}

/// The event codes that the condition can be true for; macros that are left do not restrict them.
pub fn event_set(_expr: &Expr, scheme: &Scheme) -> EventSet {
    scheme.events().all()
}
