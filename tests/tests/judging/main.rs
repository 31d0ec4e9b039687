//! Recorded events judged in this process, to count what that takes: memory ([`allocations`], of many connections [`sockets`]) and comparisons ([`scaling`], and for
//! audit events [`cloud`]); and without the events that the kernel does not send, which must change nothing ([`unsent`]).

mod allocations;
mod cloud;
mod counting;
mod recording;
mod scaling;
mod sockets;
mod unsent;
