//! The state behind the syscall events: threads, descriptors, users, interfaces.
//!
//! [`State::load`] takes what was known before the first event, [`State::on_event`] follows every event, hidden ones
//! included, and leaves in [`State::current`] what the event is about. A thread or descriptor that an event closes goes
//! away when the next event comes, so that fields of the closing event still see it.

pub(crate) mod census;
mod cgroups;
mod current;
mod event;
mod export;
pub mod fd;
mod fdtable;
pub mod flags;
mod ids;
mod interfaces;
pub(crate) mod intern;
mod lifecycle;
mod load;
pub mod names;
mod parse;
pub mod path;
mod provide;
mod refresh;
mod shed;
pub mod table;
mod thread;
mod threads;
mod users;
mod walk;
pub mod zstr;

pub use cgroups::Cgroups;
pub use current::Current;
pub use fdtable::MAX_FDS;
pub use ids::Slot;
pub use interfaces::Interfaces;
pub use refresh::{Lookup, Refreshed};
pub use thread::Thread;
pub use threads::MAX_THREADS;
pub use users::{Group, User, Users};
pub use walk::{Ancestors, Parents};

use lanner_plugin_api::schema::EventType;

use fd::Fd;
use fdtable::FdTables;
use flags::cl;
use ids::TableId;
use table::DynFields;
use threads::Threads;
use zstr::ZStr;

/// The codes of events that change the state, or that tell it or other plugins of something: a recording that leaves out
/// any of the others has the same state.
pub fn followed() -> Vec<EventType> {
    let follows = |code: &parse::Code| code.parser != parse::Parser::None || code.has(parse::Code::NO_THREAD);
    (0..).map(EventType).zip(parse::codes()).filter(|(_, code)| follows(code)).map(|(code, _)| code).collect()
}

/// Whether the exit of a call that failed changes nothing of the state. `false` where that is not certain.
pub(crate) fn ignores_failures(code: EventType) -> bool {
    parse::codes().get(usize::from(code.0)).is_some_and(|code| code.parser.ignores_failures())
}

/// Where events come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A capture: nothing can be asked about a thread that is not in the table.
    #[default]
    Capture,
    /// The running system: the source may fill in unknown threads.
    Live,
}

/// How much may be kept. What is worth least goes first (`shed`); whatever then goes beyond is refused. Both are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Threads in the table.
    pub threads: usize,
    /// Bytes of all threads; strings that threads share count for each of them.
    pub thread_bytes: usize,
    /// Bytes of all descriptors with their names.
    pub fd_bytes: usize,
    /// Bytes of stored enter events.
    pub enter_bytes: usize,
    /// Bytes of users and groups.
    pub user_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            threads: MAX_THREADS,
            thread_bytes: 1 << 30,
            fd_bytes: 1 << 30,
            enter_bytes: 16 << 20,
            user_bytes: 256 << 20,
        }
    }
}

impl Limits {
    /// So many bytes for all together: two fifths for threads, as much for descriptors, a twentieth for enter events and one for
    /// users and groups. The last tenth is for what has a fixed size: names and control groups seen lately, exits, indexes.
    pub fn within(bytes: usize) -> Limits {
        let most = Limits::default();
        Limits {
            threads: most.threads,
            thread_bytes: most.thread_bytes.min(bytes / 5 * 2),
            fd_bytes: most.fd_bytes.min(bytes / 5 * 2),
            enter_bytes: most.enter_bytes.min(bytes / 20),
            user_bytes: most.user_bytes.min(bytes / 20),
        }
    }
}

/// Bytes of what the state keeps, as it counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Threads.
    pub threads: usize,
    /// Descriptors.
    pub fds: usize,
    /// Enter events.
    pub enters: usize,
    /// Users and groups.
    pub users: usize,
}

/// Counters of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Threads added.
    pub added_threads: u64,
    /// Threads removed.
    pub removed_threads: u64,
    /// Threads not added because the table was full.
    pub refused_threads: u64,
    /// Execs and clones whose arguments and environment were not kept because the memory for them was full.
    pub trimmed_execs: u64,
    /// Placeholders of unknown threads that went for threads that are known.
    pub shed_placeholders: u64,
    /// Environments that went because memory was short.
    pub shed_environments: u64,
    /// Events of threads that were not in the table.
    pub unknown_threads: u64,
    /// Those of them that the running system told about.
    pub found_threads: u64,
    /// Enter events that were stored for their exit.
    pub stored_enters: u64,
    /// Enter events not stored: no thread, or too many stored.
    pub refused_enters: u64,
    /// Stored enter events that their exit found.
    pub retrieved_enters: u64,
    /// Stored enter events that were of no use to the exit that came.
    pub unfit_enters: u64,
    /// Descriptors that events named, looked up.
    pub fd_lookups: u64,
    /// Those of them that were not known.
    pub failed_fd_lookups: u64,
}

/// Threads, descriptors, users and interfaces as of the last event.
#[derive(Debug)]
pub struct State {
    threads: Threads,
    fds: FdTables,
    /// Users and groups.
    pub users: Users,
    /// Network interfaces.
    pub interfaces: Interfaces,
    /// Boot time of the machine, ns since the epoch; 0: unknown.
    pub boot_ts: u64,
    /// Fields that plugins added to threads.
    pub thread_fields: DynFields,
    /// Fields that plugins added to descriptors.
    pub fd_fields: DynFields,
    mode: Mode,
    limits: Limits,
    stats: Stats,
    current: Current,
    pending: event::Pending,
    exited: event::Exited,
    enters: parse::Enters,
    codes: Box<[parse::Code]>,
    scratch: Vec<u8>,
    /// A directory with a slash behind it, while a path is put together.
    prefix: Vec<u8>,
    names: intern::Interner,
    /// Paths that need no normalising: whoever opens one of them again need not be asked what it means.
    plain_paths: intern::Interner,
    /// Names of programs and paths of their executables.
    programs: intern::Interner,
    cgroups: cgroups::CgroupLists,
    thread_bytes: usize,
    /// As many threads must have come before room is looked for again.
    next_shed: u64,
    server_ports: std::collections::BTreeSet<u16>,
    lost_cwd: ZStr,
    unknown: ZStr,
    lookup: Option<Box<dyn Lookup>>,
}

impl State {
    /// An empty state.
    pub fn new(mode: Mode, limits: Limits) -> State {
        State {
            threads: Threads::new(limits.thread_bytes),
            fds: FdTables::new(limits.fd_bytes),
            users: Users::bounded(limits.user_bytes),
            interfaces: Interfaces::default(),
            boot_ts: 0,
            thread_fields: DynFields::default(),
            fd_fields: DynFields::default(),
            mode,
            limits,
            stats: Stats::default(),
            current: Current::default(),
            pending: event::Pending::default(),
            exited: event::Exited::default(),
            enters: parse::Enters::new(limits.enter_bytes),
            codes: parse::codes(),
            scratch: Vec::new(),
            prefix: Vec::new(),
            names: intern::Interner::default(),
            plain_paths: intern::Interner::default(),
            programs: intern::Interner::few(),
            cgroups: cgroups::CgroupLists::default(),
            thread_bytes: 0,
            next_shed: 0,
            server_ports: std::collections::BTreeSet::new(),
            lost_cwd: ZStr::from("./"),
            unknown: lifecycle::unknown(),
            lookup: None,
        }
    }

    /// What the last event is about.
    #[inline]
    pub fn current(&self) -> &Current {
        &self.current
    }

    /// Thread of the last event.
    #[inline]
    pub fn current_thread(&self) -> Option<&Thread> {
        self.threads.get(self.current.thread?)
    }

    /// Descriptor of the last event.
    #[inline]
    pub fn current_fd(&self) -> Option<&Fd> {
        self.fds.get(self.current.fd?)
    }

    /// The thread with this id.
    #[inline]
    pub fn thread(&self, tid: i64) -> Option<&Thread> {
        self.threads.get(self.threads.find(tid)?)
    }

    /// The thread with this id, to change fields that a plugin may write.
    pub fn thread_mut(&mut self, tid: i64) -> Option<&mut Thread> {
        let slot = self.threads.find(tid)?;
        self.threads.get_mut(slot)
    }

    /// All threads, in no particular order.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.threads.iter().map(|(_, t)| t)
    }

    /// Number of threads in the table.
    pub fn len(&self) -> usize {
        self.threads.len()
    }

    /// True when no thread is known.
    pub fn is_empty(&self) -> bool {
        self.threads.len() == 0
    }

    /// Where events come from.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Says where events come from. For a state that has seen none yet.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Descriptors over all processes.
    pub fn fds(&self) -> u64 {
        self.fds.total()
    }

    /// Descriptors opened and closed since the start.
    pub fn opened_and_closed_fds(&self) -> (u64, u64) {
        (self.fds.added, self.fds.removed)
    }

    /// Descriptors refused because a table, or the memory for all of them, was full.
    pub fn refused_fds(&self) -> u64 {
        self.fds.refused
    }

    /// Descriptors forgotten because their process held the most when memory was short.
    pub fn shed_fds(&self) -> u64 {
        self.fds.shed
    }

    /// Users and groups that there was no room for.
    pub fn refused_users(&self) -> u64 {
        self.users.refused()
    }

    /// What is kept, in bytes.
    pub fn bytes(&self) -> Bytes {
        Bytes {
            threads: self.thread_bytes,
            fds: self.fds.bytes(),
            enters: self.enters.bytes(),
            users: self.users.bytes(),
        }
    }

    /// Table of the thread's process: the main thread's for threads, its own otherwise.
    #[inline]
    fn table_of(&self, thread: &Thread) -> Option<TableId> {
        if thread.flags & cl::CLONE_FILES == 0 {
            return Some(thread.fds);
        }
        self.main_thread(thread).map(|t| t.fds)
    }
}

#[cfg(test)]
mod tests;
