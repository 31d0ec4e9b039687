//! The names of steps.

use lanner_plugin_api::schema::{EVENTS, EventCategory, EventInfo, EventStatus, EventType, SYSCALLS, Sc, SyscallKind};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// execve and execveat.
    Exec(EventType),
    /// clone, clone3, fork, vfork.
    Clone(EventType),
    /// A clone with an exec in the child.
    Spawn,
    /// The end of a process.
    Exit,
    /// A call without events of its own; `None`: the step's body names it.
    Generic(Option<Sc>),
    /// Whatever the schema says.
    Plain(EventType),
}

/// Words beside the names of events.
const OWN: [&str; 3] = ["spawn", "exit", "generic"];

/// Events that a script can make: of the probe, or of the engine about the machine. Entries of kernel iterators are
/// consumed while a recording begins, and payloads of source plugins are no system calls.
fn is_scriptable(info: &EventInfo) -> bool {
    let category = !matches!(info.category, EventCategory::Iter | EventCategory::Plugin | EventCategory::Unknown);
    info.status == EventStatus::Current && category
}

/// The event of a name: the exit of a call, since what an enter says is taken from there.
fn event(name: &str) -> Option<EventType> {
    let all = || EVENTS.iter().filter(|e| e.name == name && is_scriptable(e));
    all().find(|e| e.category == EventCategory::Syscall && e.code.is_exit()).or_else(|| all().next()).map(|e| e.code)
}

/// The call of a name; events are found by the name of the event and by that of the system call.
pub(crate) fn find(name: &str) -> Option<Call> {
    match name {
        "spawn" => return Some(Call::Spawn),
        "exit" | "procexit" => return Some(Call::Exit),
        "generic" | "syscall" => return Some(Call::Generic(None)),
        _ => {}
    }
    let by_event = event(name);
    let syscall = SYSCALLS.iter().find(|s| s.name == name && s.kind != SyscallKind::None);
    let code = match (by_event, syscall) {
        (Some(code), _) => code,
        (None, Some(s)) if s.kind == SyscallKind::Generic => return Some(Call::Generic(Some(s.code))),
        (None, Some(s)) => s.exit?,
        (None, None) => return None,
    };
    Some(match code {
        EventType::SYSCALL_EXECVE_19_X | EventType::SYSCALL_EXECVEAT_X => Call::Exec(code),
        EventType::SYSCALL_CLONE_20_X
        | EventType::SYSCALL_CLONE3_X
        | EventType::SYSCALL_FORK_20_X
        | EventType::SYSCALL_VFORK_20_X => Call::Clone(code),
        code => Call::Plain(code),
    })
}

/// The event that a step of this name makes, if it is one that the schema alone describes.
pub fn event_of(name: &str) -> Option<&'static EventInfo> {
    match find(name)? {
        Call::Plain(code) => code.info(),
        _ => None,
    }
}

/// Every name that a step may have, sorted.
pub fn step_names() -> Vec<&'static str> {
    let events = EVENTS.iter().filter(|e| is_scriptable(e)).map(|e| e.name);
    let calls = SYSCALLS.iter().filter(|s| s.kind != SyscallKind::None).map(|s| s.name);
    let mut names: Vec<_> = events.chain(calls).chain(OWN).filter(|name| find(name).is_some()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_what_they_mean() {
        assert_eq!(find("openat"), Some(Call::Plain(EventType::SYSCALL_OPENAT_2_X)));
        assert_eq!(find("pread64"), Some(Call::Plain(EventType::SYSCALL_PREAD_X)));
        assert_eq!(find("procexit"), Some(Call::Exit));
        assert_eq!(find("fork"), Some(Call::Clone(EventType::SYSCALL_FORK_20_X)));
        assert!(matches!(find("getpid"), Some(Call::Generic(Some(_)))));
        assert_eq!(find("pluginevent"), None);
        assert_eq!(find("task"), None);
        assert_eq!(find("opnat"), None);
    }
}
