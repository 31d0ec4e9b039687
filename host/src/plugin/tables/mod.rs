//! State tables that plugins offer each other.
//!
//! The host owns no table: the syscall plugin offers "threads" through `add_table` like any other. The host stands
//! between owner and user of a table: what a user gets is a [`handle::Handle`], and the functions that it calls on it
//! are those of [`dispatch`]. So each access can be checked, entries that a user forgets are given back when the
//! running call ends ([`scope`]), and a user never holds a pointer into a table whose owner is gone.
//!
//! Tables are not locked. All plugins of a set run on one thread; routines run on others, and what they read there is
//! theirs to guard, as under upstream.

pub(super) mod dispatch;
pub(super) mod handle;
pub(super) mod registry;
pub(super) mod scope;
