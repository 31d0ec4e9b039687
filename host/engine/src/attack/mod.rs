//! MITRE ATT&CK by rule, from tags: tactics as `mitre_execution` or `TA0002`, techniques as `T1059` or `T1059.004`.
//!
//! The table holds what rules about Linux, containers and clouds name. An id that looks like a technique's and is not in
//! it is told by name rather than dropped: it may be a slip of the pen.

mod coverage;
mod layer;
mod table;

pub use coverage::{Coverage, RuleTags, TacticCoverage, TechniqueCoverage};
pub use layer::layer;
pub use table::{Tactic, Technique, tactic, tactics, technique};
