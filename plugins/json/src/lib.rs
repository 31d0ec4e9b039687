//! Values of JSON payloads.

mod node;

pub use node::Node;
