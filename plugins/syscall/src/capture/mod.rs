//! Capture files (`.scap`): what they hold, read from plain and compressed files of every version.

mod initial;

pub use initial::{Fd, FdInfo, FdType, Group, InitialState, Interface, InterfaceAddr, L4Proto, Machine, Thread, User};
