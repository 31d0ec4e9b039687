//! What sources of JSON payloads share, so that none of them loses an event or is ended by one.
//!
//! - [`Rejects`]: what is no event is counted by [`Reason`], logged once per reason, and kept in a quarantine folder if wanted;
//! - [`record`]: from a JSON object to the payload and time of an event; [`slim`] and [`salvage()`]: what is too large or nested too
//!   deep goes on without its largest parts;
//! - [`nanoseconds`]: times of events;
//! - [`expand`]: compressed input with a cap on what comes out;
//! - [`split`]: the items of a list, one at a time, from a stream;
//! - [`files`]: files and folders of such lists, or of lines;
//! - [`Confirm`]: what may be acknowledged when the host asks for the next batch;
//! - [`Store`]: a position on disk, written so that a crash leaves the old or the new one;
//! - [`cloud`]: all of a plugin for a cloud's audit log but what is that cloud's own.

pub mod cloud;
mod confirm;
pub mod expand;
pub mod files;
mod offsets;
mod quarantine;
pub mod record;
mod reject;
mod salvage;
mod slim;
pub mod split;
mod time;

pub use confirm::Confirm;
pub use offsets::{Store, StoreError};
pub use quarantine::QuarantineConfig;
pub use reject::{Reason, Rejects};
pub use salvage::salvage;
pub use slim::{OMITTED, slim, slim_within};
pub use time::nanoseconds;
