//! Classes of events, as losses are told by them.

use lanner_plugin_api::schema::EventType;

/// What an event is about, as far as losses of it differ in weight. The names are those of Falco's counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A process or thread is made.
    CloneFork,
    /// A program begins.
    Execve,
    /// A connection is made.
    Connect,
    /// A file is opened.
    Open,
    /// Files and directories are changed, moved, mounted.
    DirFile,
    /// Rights, namespaces and what looks into other processes.
    OtherInterest,
    /// A descriptor is closed.
    Close,
    /// A thread ends.
    ProcExit,
    /// Everything else.
    Other,
}

/// Events of each class but the last, by name.
const CLASSES: [(Class, &[&str]); 8] = [
    (Class::CloneFork, &["clone", "clone3", "fork", "vfork"]),
    (Class::Execve, &["execve", "execveat"]),
    (Class::Connect, &["connect"]),
    (Class::Open, &["open", "creat", "openat", "openat2", "open_by_handle_at"]),
    (
        Class::DirFile,
        &[
            "dup",
            "chmod",
            "fchmod",
            "fchmodat",
            "chown",
            "lchown",
            "fchown",
            "fchownat",
            "link",
            "linkat",
            "mkdir",
            "mkdirat",
            "mount",
            "umount",
            "umount2",
            "rename",
            "renameat",
            "renameat2",
            "rmdir",
            "symlink",
            "symlinkat",
            "unlink",
            "unlinkat",
        ],
    ),
    (
        Class::OtherInterest,
        &[
            "bpf",
            "setpgid",
            "ptrace",
            "seccomp",
            "setns",
            "setresgid",
            "setresuid",
            "setsid",
            "unshare",
            "capset",
            "keyctl",
            "setuid",
            "setgid",
            "setreuid",
            "setregid",
        ],
    ),
    (Class::Close, &["close"]),
    (Class::ProcExit, &["procexit"]),
];

impl Class {
    /// All of them, in the order of the counters.
    pub const ALL: [Self; 9] = [
        Self::CloneFork,
        Self::Execve,
        Self::Connect,
        Self::Open,
        Self::DirFile,
        Self::OtherInterest,
        Self::Close,
        Self::ProcExit,
        Self::Other,
    ];

    /// The class of an event.
    pub fn of(event: EventType) -> Self {
        let name = event.info().map_or("", |info| info.name);
        CLASSES.iter().find(|(_, names)| names.contains(&name)).map_or(Self::Other, |(class, _)| *class)
    }

    /// What the counter of its losses ends in: `clone_fork_exit`.
    pub fn counter(self) -> &'static str {
        match self {
            Self::CloneFork => "clone_fork_exit",
            Self::Execve => "execve_exit",
            Self::Connect => "connect_exit",
            Self::Open => "open_exit",
            Self::DirFile => "dir_file_exit",
            Self::OtherInterest => "other_interest_exit",
            Self::Close => "close_exit",
            Self::ProcExit => "proc_exit",
            Self::Other => "other_exit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_plugin_api::schema::EVENTS;

    #[test]
    fn every_name_is_one_of_an_event() {
        for name in CLASSES.iter().flat_map(|(_, names)| *names) {
            assert!(EVENTS.iter().any(|event| event.name == *name), "{name}");
        }
        assert_eq!(Class::of(EventType::SYSCALL_EXECVE_19_X), Class::Execve);
        assert_eq!(Class::of(EventType::PROCEXIT_1_E), Class::ProcExit);
        assert_eq!(Class::of(EventType::GENERIC_X), Class::Other);
    }
}
