//! Recorded events judged in this process, to count what that takes: memory ([`allocations`]) and comparisons ([`scaling`]); and
//! without the events that the kernel does not send, which must change nothing ([`unsent`]).

mod allocations;
mod counting;
mod recording;
mod scaling;
mod unsent;
