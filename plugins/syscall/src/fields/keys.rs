//! Keys of an event: numbers that decide the values of some fields. Two events of one type with the same key have the same
//! value, or none, of every field that says so in its entry. A host then remembers what comparisons came to, and need not
//! ask: nearly all events are about a few names, flags and types, again and again.
//!
//! A name stands for itself by the number of its text in memory ([`ZStr::id`](crate::state::zstr::ZStr::id)), which no
//! other text ever gets.

use lanner_plugin_api::schema::EventCategory;

use super::context::{CONTAINER_ID, Cx};
use super::extract::{ancestor, event, fd, guess, open};
use crate::state::zstr::ZStr;

/// What decides a value; the number is the key's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Key {
    /// The flags of an open.
    OpenFlags = 0,
    /// The result of a system call.
    Result = 1,
    /// The number of the descriptor.
    FdNum = 2,
    /// The type of the descriptor, or that it is not known.
    FdType = 3,
    /// Name and type of the descriptor, or the name that the event tells of one that is not known. A name that is put together has
    /// none: no two sockets are called the same.
    FdName = 4,
    /// The name of the process.
    Name = 5,
    /// The path of its executable.
    ExePath = 6,
    /// The name of its parent.
    ParentName = 7,
    /// The path of the descriptor as the program passed it, or what the event tells of one that is not known.
    FdNameRaw = 8,
    /// The container that the thread of a system call is in: what a plugin wrote into it.
    Container = 9,
}

impl Key {
    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl Key {
    /// The key that stands for a field of the event's thread in the table `threads`.
    pub(crate) fn of_thread_field(name: &[u8]) -> Option<Self> {
        (name == CONTAINER_ID.as_bytes()).then_some(Self::Container)
    }
}

/// The number of the container's id, on events of system calls: others may be about another container than their thread's.
fn container(cx: &Cx<'_, '_>) -> Option<u64> {
    cx.info().filter(|info| info.category == EventCategory::Syscall)?;
    // As the table has it: the thread of this number, not the one that the event was found to be about.
    let tid = cx.event.tid();
    let thread = cx.thread().filter(|thread| thread.tid == tid).or_else(|| cx.state.thread(tid))?;
    Some(cx.container(thread).map_or(0, ZStr::id))
}

/// Writes the keys whose bits are set in `wanted`; what is not known is left alone.
pub(super) fn write(cx: &mut Cx<'_, '_>, wanted: u32, keys: &mut [u64; 32]) {
    const OF_FD: u32 = Key::FdNum.bit() | Key::FdType.bit() | Key::FdName.bit() | Key::FdNameRaw.bit();
    let wants = |key: Key| wanted & key.bit() != 0;
    let mut set = |key: Key, value: Option<u64>| keys[key as usize] = value.unwrap_or(0);
    if wants(Key::OpenFlags) {
        set(Key::OpenFlags, open::known_flags(cx).map(|flags| u64::from(flags) + 1));
    }
    if wants(Key::Result) {
        // One result that no call has is the one without key.
        set(Key::Result, event::result(cx).map(|result| result.cast_unsigned() ^ 1 << 63));
    }
    if wanted & OF_FD != 0
        && let Some(thread) = fd::thread(cx)
    {
        // Descriptors are small; other numbers have no key.
        set(Key::FdNum, u64::try_from(thread.last_fd.saturating_add(2)).ok());
        let fd = fd::fd_of(cx, thread);
        let ty = fd.map_or(0, |fd| fd.ty.number());
        set(Key::FdType, Some(ty + 1));
        if wants(Key::FdName) {
            let name = match fd {
                Some(fd) => fd.kept_name().map(ZStr::id),
                None => guess::guessed_name(cx),
            };
            set(Key::FdName, name.map(|id| (id << 8) | (ty + 1)));
        }
        if wants(Key::FdNameRaw) {
            // Whether the descriptor is known stands in the last bit, so that an empty name is not none at all.
            set(
                Key::FdNameRaw,
                match fd {
                    Some(fd) => Some(fd.raw_name().id() << 2 | 3),
                    None => guess::guessed_raw_name(cx).map(|id| id << 2 | 2),
                },
            );
        }
    }
    if let Some(thread) = cx.thread() {
        set(Key::Name, Some(thread.comm.id() << 1 | 1));
        set(Key::ExePath, Some(thread.exepath.id() << 1 | 1));
    }
    if wants(Key::Container) {
        set(Key::Container, container(cx).map(|id| id << 1 | 1));
    }
    if wants(Key::ParentName) {
        set(Key::ParentName, ancestor::parent(cx).map(|parent| parent.comm.id() << 1 | 1));
    }
}
