//! What the program measures of itself: counters that the threads of the sources own and publish once a second, and the two
//! forms in which they are shown, Prometheus' text ([`exposition`]) and the fields of a snapshot (`snapshot`).
//!
//! Nothing here is touched for an event. A source's thread counts for itself; once a second the [`Keeper`] raises a flag, and
//! at its next batch the thread copies its counters to where others can read them ([`Pulse`]). A match adds to the counter of
//! its rule, which is nothing beside the alert that it makes.

mod exposition;
mod files;
mod host;
mod keeper;
mod memory;
mod own;
mod pulse;
mod registry;
mod rule;
mod sample;
mod snapshot;
mod source;
mod table;
mod usage;

pub use exposition::{CONTENT_TYPE, exposition};
pub use files::Fingerprints;
pub use keeper::{Keeper, KeeperError};
pub use pulse::Pulse;
pub use registry::{Loaded, Registry, RuleTable};
pub use rule::{Blindness, RuleLabels, RuleMeter};
pub use source::{Feed, SourceMeter, SourceState, Stuck};
pub use table::{Kind, METRICS, Metric};
