//! Which exits of a call that is observed for the state alone can change it. The kernel keeps the others to itself: no rule is about
//! the call, so nobody misses them.

use lanner_plugin_api::schema::{EventType, SyscallInfo};

use crate::state::ignores_failures;

/// `enum only` of bpf/base.bpf.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    /// Any may.
    All = 0,
    /// Those that did not fail.
    Done = 1,
    /// Of those, fcntl's that copy a descriptor or say whether it outlives an exec.
    Copies = 2,
    /// Of those, prctl's about who takes over orphans.
    Reapers = 3,
    /// Of those, limits of the number of open files.
    OpenFiles = 4,
}

impl Only {
    /// Of this call.
    pub(super) fn of(call: &SyscallInfo) -> Self {
        // What is told of at its entry too is told to its end, or the entry would be taken for another call's.
        let Some(exit) =
            call.exit.filter(|exit| call.enter.is_none_or(|enter| !enter.is_hidden()) && ignores_failures(*exit))
        else {
            return Self::All;
        };
        match exit {
            EventType::SYSCALL_FCNTL_X => Self::Copies,
            EventType::SYSCALL_PRCTL_X => Self::Reapers,
            EventType::SYSCALL_PRLIMIT_X => Self::OpenFiles,
            _ => Self::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lanner_plugin_api::schema::SYSCALLS;
    use lanner_plugin_api::wire::{Event, read};

    use super::*;
    use crate::capture::{CaptureReader, Head, Step};
    use crate::state::{Limits, Mode, State};

    /// What the kernel decides by registers, by parameters.
    fn matters(event: &Event<'_>) -> bool {
        let Some(call) = SYSCALLS.iter().find(|call| call.exit == Some(event.event_type())) else { return true };
        let only = Only::of(call);
        let failed = event.param(0).and_then(read::signed).is_some_and(|result| result < 0);
        let (code, option, resource) = (event.u8(2), event.u32(1), event.u8(6));
        match only {
            Only::All => true,
            _ if failed => false,
            Only::Done => true,
            Only::Copies => matches!(code, Some(1 | 3 | 26)),
            Only::Reapers => matches!(option, Some(36 | 37)),
            Only::OpenFiles => resource == Some(7),
        }
    }

    /// All that a capture would say of what is known.
    fn known(state: &State) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut head = Head::plain(&mut bytes).unwrap();
        head.processes(state.export_threads()).unwrap();
        for (tid, fds) in state.export_fds() {
            head.descriptors(tid, fds).unwrap();
        }
        drop(head);
        bytes
    }

    #[test]
    fn what_is_left_out_changes_nothing() {
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
        let (mut left_out, mut looks) = (0, 0);
        for file in std::fs::read_dir(captures).unwrap().map(|entry| entry.unwrap().path()) {
            if !file.to_string_lossy().contains(".scap") {
                continue;
            }
            let mut reader = CaptureReader::open(&file).unwrap();
            let mut states = [(); 2].map(|()| State::new(Mode::Capture, Limits::default()));
            let mut n = 0;
            loop {
                match reader.step().unwrap() {
                    Step::End => break,
                    Step::Section(initial) => states.iter_mut().for_each(|state| state.load(&initial)),
                    Step::Events(events) => {
                        for bytes in events.bytes() {
                            let event = Event::parse(bytes).unwrap();
                            n += 1;
                            states[0].on_event(&event, 0, n);
                            if matters(&event) {
                                states[1].on_event(&event, 0, n);
                            } else {
                                left_out += 1;
                            }
                            if n % 1000 == 0 {
                                states.iter_mut().for_each(State::settle);
                                looks += 1;
                                assert!(known(&states[0]) == known(&states[1]), "{} after {n} events", file.display());
                            }
                        }
                    }
                }
            }
        }
        assert!(left_out > 100 && looks > 10, "{left_out} events, {looks} looks");
    }

    #[test]
    fn what_failed_matters_where_its_entry_or_its_error_tells_something() {
        let of = |name: &str| Only::of(SYSCALLS.iter().find(|call| call.name == name).unwrap());
        for name in ["openat", "connect", "execve", "clone", "read", "mkdir"] {
            assert_eq!(of(name), Only::All, "{name}");
        }
        for name in ["close", "dup", "accept4", "pipe2", "setuid", "chdir", "socket", "bind"] {
            assert_eq!(of(name), Only::Done, "{name}");
        }
        assert_eq!([of("fcntl"), of("prctl"), of("prlimit64")], [Only::Copies, Only::Reapers, Only::OpenFiles]);
    }
}
