//! Recorded events judged in this process, to count what that takes: memory ([`allocations`]) and comparisons ([`scaling`]).

mod allocations;
mod counting;
mod recording;
mod scaling;
