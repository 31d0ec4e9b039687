//! Asking the container runtimes of this machine, live.
//!
//! A thread of its own talks to the runtimes' sockets: it follows their events, lists what is there when it connects, and
//! looks up whatever a process is seen in without having been announced. What it learns it sends as `container` and
//! `container_removed` events into the stream, as recorded captures have them: one path leads into the state, live and in
//! replay. The thread that follows events never waits for a runtime; it asks through a bounded queue ([`Handle::ask`]) and
//! can see how far that is ([`Handle::state`]).

mod board;
mod client;
mod containerd;
mod counts;
mod cri;
mod docker;
mod grpc;
mod image;
mod links;
mod lookup;
mod outbox;
mod probe;
mod sockets;
mod watch;
mod worker;

pub use board::{Handle, Lookup, Reason};
pub use worker::Worker;
