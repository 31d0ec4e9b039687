//! Recorded events judged in this process, to count what that takes: memory ([`allocations`], of many connections [`sockets`]) and
//! comparisons ([`scaling`], and for audit events [`cloud`]); the keys of one plugin for values of another ([`container`]); and without
//! the events that the kernel does not send, which must change nothing ([`unsent`]).

mod allocations;
mod cloud;
mod container;
mod counting;
mod recording;
mod scaling;
mod sockets;
mod unsent;
