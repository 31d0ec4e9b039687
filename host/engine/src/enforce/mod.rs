//! Which conditions something simpler than this engine can decide by itself, and what it has to know for that: rules that are
//! to be enforced where the events happen.
//!
//! A condition becomes alternatives of a few comparisons ([`Program`]), separately for each event. The decider may say yes only
//! where the condition holds: what it cannot know makes it say no. What it knows of events and fields is told by [`Ability`];
//! nothing here knows a source.

mod ability;
mod atom;
mod lower;
mod plan;
mod program;
mod reason;

pub use ability::{Ability, KillEvent, Meaning, When};
pub use lower::lower;
pub use plan::{Action, Bounds, Event, Full, Plan, Rule, Verdict, View, Views};
pub use program::{Alternative, How, Literal, Program, Subject, Test};
pub use reason::{Reason, Unqualified};
