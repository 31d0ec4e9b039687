//! Bits that the events carry and the state keeps (numbers of the capture format, not of the kernel).

/// Thread flags (`clone_flags` of the flag tables plus the state's own bits).
pub mod cl {
    /// Shares the descriptor table.
    pub const CLONE_FILES: u32 = 1 << 0;
    /// New pid namespace.
    pub const CLONE_NEWPID: u32 = 1 << 6;
    /// The child's parent is the caller's parent.
    pub const CLONE_PARENT: u32 = 1 << 8;
    /// The child is a thread of the caller's group.
    pub const CLONE_THREAD: u32 = 1 << 13;
    /// The child's view of the clone came before the caller's.
    pub const CLONE_INVERTED: u32 = 1 << 16;
    /// The process changed its name (set at exec).
    pub const NAME_CHANGED: u32 = 1 << 17;
    /// The thread has exited.
    pub const CLOSED: u32 = 1 << 18;
    /// An event other than a clone was seen from this thread.
    pub const ACTIVE: u32 = 1 << 19;
    /// New user namespace.
    pub const CLONE_NEWUSER: u32 = 1 << 20;
    /// Writes into a shell pipe.
    pub const PIPE_SRC: u32 = 1 << 21;
    /// Reads from a shell pipe.
    pub const PIPE_DST: u32 = 1 << 22;
    /// The caller sleeps until the child execs or exits.
    pub const CLONE_VFORK: u32 = 1 << 27;
    /// The thread is not in the first pid namespace.
    pub const CHILD_IN_PIDNS: u32 = 1 << 29;
    /// Main thread although its tid differs from its pid.
    pub const IS_MAIN_THREAD: u32 = 1 << 30;
}

/// Open flags (`file_flags` of the flag tables).
pub mod o {
    /// Must be a directory.
    pub const DIRECTORY: u32 = 1 << 10;
    /// Close on exec.
    pub const CLOEXEC: u32 = 1 << 12;
    /// The call created the file (added by the probe).
    pub const F_CREATED: u32 = 1 << 14;
    /// The file is in an overlay's upper layer (added by the probe).
    pub const UPPER_LAYER: u32 = 1 << 15;
    /// The file is in an overlay's lower layer (added by the probe).
    pub const LOWER_LAYER: u32 = 1 << 16;
    /// `close_on_exec` as epoll_create1 and memfd_create number it.
    pub const SMALL_CLOEXEC: u32 = 1 << 0;
}

/// Bits kept with a descriptor (numbers as offered in the `flags` field of the descriptor table).
pub mod fdf {
    /// Found at start-up, not opened by a seen event.
    pub const FROM_PROC: u32 = 1 << 0;
    /// Client end of a connection.
    pub const ROLE_CLIENT: u32 = 1 << 2;
    /// Server end of a connection, or listening.
    pub const ROLE_SERVER: u32 = 1 << 3;
    /// Connected.
    pub const CONNECTED: u32 = 1 << 13;
    /// Inherited by a fork.
    pub const CLONED: u32 = 1 << 14;
    /// Connection in progress.
    pub const PENDING: u32 = 1 << 15;
    /// Connection failed.
    pub const FAILED: u32 = 1 << 16;
    /// File in an overlay's upper layer.
    pub const OVERLAY_UPPER: u32 = 1 << 17;
    /// File in an overlay's lower layer.
    pub const OVERLAY_LOWER: u32 = 1 << 18;
}

/// `dirfd` that stands for the working directory.
pub const AT_FDCWD: i64 = -100;
/// All capabilities that the capture format knows (41 bits).
pub const ALL_CAPS: u64 = (1 << 41) - 1;
/// No user, no group.
pub const NO_ID: u32 = u32::MAX;
