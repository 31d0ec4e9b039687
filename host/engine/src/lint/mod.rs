//! What can be said about conditions without an event: which one implies which, which can never hold.
//!
//! Everything here is sound and none of it complete: what is proved is certain, and what cannot be proved is not told.
//! A comparison is true or false, never unknown; without a value it is false whatever the operator is.

mod graph;
mod prove;
pub(crate) mod regex;
mod values;

pub(crate) use graph::Id;
pub(crate) use prove::{Conflict, Prover};
