//! What of the calls that are observed the kernel keeps to itself: no rule can match it and it changes nothing.

use std::collections::HashMap;

use lanner_plugin_api::schema::{EventType, SYSCALLS, SyscallInfo};
use lanner_plugin_api::wire::{Event, read};

use super::Selection;
use crate::state::ignores_failures;

/// Which exits of a call are sent: `enum only` of bpf/base.bpf.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    /// All of them.
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
    /// Of a call whose failures nobody looks at.
    fn of_success(call: &SyscallInfo) -> Self {
        match call.exit {
            // An event that stands for many calls does not tell whether its own failed.
            Some(exit) if exit != EventType::GENERIC_X && ignores_failures(exit) => Self::Done,
            _ => Self::All,
        }
    }

    /// Of a call that is observed for the state alone.
    fn of_state(call: &SyscallInfo) -> Self {
        match (Self::of_success(call), call.exit) {
            (Self::Done, Some(EventType::SYSCALL_FCNTL_X)) => Self::Copies,
            (Self::Done, Some(EventType::SYSCALL_PRCTL_X)) => Self::Reapers,
            (Self::Done, Some(EventType::SYSCALL_PRLIMIT_X)) => Self::OpenFiles,
            (only, _) => only,
        }
    }

    /// What the kernel decides by registers, by parameters.
    fn keeps(self, event: &Event<'_>) -> bool {
        let failed = || event.param(0).and_then(read::signed).is_some_and(|result| result < 0);
        match self {
            Self::All => true,
            _ if failed() => false,
            Self::Done => true,
            Self::Copies => matches!(event.u8(2), Some(1 | 3 | 26)),
            Self::Reapers => matches!(event.u32(1), Some(36 | 37)),
            Self::OpenFiles => event.u8(6) == Some(7),
        }
    }
}

/// Whether the entry of a call waits for its exit, to be sent only if that tells another path: opens, of which those that failed
/// change nothing.
pub(super) fn may_wait(call: &SyscallInfo) -> bool {
    use EventType as T;
    matches!(call.enter, Some(T::SYSCALL_OPEN_E | T::SYSCALL_CREAT_E | T::SYSCALL_OPENAT_2_E | T::SYSCALL_OPENAT2_E))
}

/// Whether the exit of a call tells the path that its entry told, and the entry nothing else that a program can change meanwhile.
fn tells_the_same(entry: &Event<'_>, exit: &Event<'_>) -> bool {
    let at = match entry.event_type() {
        EventType::SYSCALL_OPEN_E | EventType::SYSCALL_CREAT_E => 0,
        EventType::SYSCALL_OPENAT_2_E => 1,
        _ => return false,
    };
    entry.param(at) == exit.param(at + 1)
}

/// Most bytes of an event that waits: `struct held` of bpf/base.bpf.h.
const HELD: usize = 440;

/// The table that the kernel has, for events that were recorded without it.
#[derive(Clone, Debug)]
pub struct Sieve {
    /// By code of the exit.
    only: Vec<Only>,
}

impl Selection {
    /// Which exits of a call the kernel sends, if it is observed.
    pub(super) fn only(&self, call: &SyscallInfo) -> Only {
        if self.for_state.has(call.code) {
            Only::of_state(call)
        } else if self.failures.has(call.code) {
            Only::All
        } else {
            Only::of_success(call)
        }
    }

    /// What the kernel sends of the calls that are observed. Of other calls the sieve keeps everything.
    pub fn sieve(&self) -> Sieve {
        let mut only = vec![Only::All; usize::from(EventType::COUNT)];
        let calls = SYSCALLS.iter().filter_map(|call| Some((call, usize::from(call.exit?.0))));
        for (call, exit) in calls.clone() {
            only[exit] = self.only(call);
        }
        // Calls that share an event are told apart by their numbers, which events do not have.
        for (call, exit) in calls {
            if !self.calls.has(call.code) || self.only(call) == Only::All {
                only[exit] = Only::All;
            }
        }
        Sieve { only }
    }
}

impl Sieve {
    /// Whether the kernel sends this end of a call. What is told of at its entry goes with it: [`Sieve::sift`].
    pub fn keeps(&self, event: &Event<'_>) -> bool {
        self.only.get(usize::from(event.event_type().0)).is_none_or(|only| only.keeps(event))
    }

    /// Which of these events, in the order of time, the kernel sends. What is no event it keeps.
    pub fn sift<'e>(&self, events: impl IntoIterator<Item = &'e [u8]>) -> Vec<bool> {
        let mut kept = Vec::new();
        // By thread, the entry that waits for its exit.
        let mut entered: HashMap<i64, (usize, Event<'e>)> = HashMap::new();
        for (at, bytes) in events.into_iter().enumerate() {
            kept.push(true);
            let Ok(event) = Event::parse(bytes) else { continue };
            let code = event.event_type();
            if code.is_hidden() {
                entered.insert(event.tid(), (at, event));
                continue;
            }
            let entry = entered.remove(&event.tid()).filter(|(_, entry)| entry.event_type().0 + 1 == code.0);
            match entry {
                None => kept[at] = self.keeps(&event),
                // It does not wait; what is told of at its entry too is told to its end.
                Some((_, entry)) if entry.bytes().len() > HELD => {}
                Some((before, entry)) => {
                    kept[at] = self.keeps(&event);
                    kept[before] = kept[at] && !tells_the_same(&entry, &event);
                }
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lanner_plugin_api::sdk::Wanted;

    use super::*;
    use crate::capture::{CaptureReader, Head, Step};
    use crate::live::Base;
    use crate::state::{Limits, Mode, State};

    /// What is sent to whoever wants these events, of calls that failed only these.
    fn select(codes: &[u16], failures: &[u16]) -> Selection {
        let wanted = Wanted { codes, calls: None, failures: Some(failures) };
        Selection::new(Some(wanted), &Base { all: true, ..Base::default() })
    }

    fn every_code() -> Vec<u16> {
        (0..EventType::COUNT).collect()
    }

    fn call(name: &str) -> &'static SyscallInfo {
        SYSCALLS.iter().find(|call| call.name == name).unwrap()
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

    /// Follows a capture with all its events and with those that the sieve keeps, and compares what is known of the machine now and
    /// then. How many were left out, and how many comparisons there were.
    fn follow(file: &Path, sieve: &Sieve) -> (usize, usize) {
        let (mut left_out, mut looks, mut n) = (0, 0, 0);
        let mut reader = CaptureReader::open(file).unwrap();
        let mut states = [(); 2].map(|()| State::new(Mode::Capture, Limits::default()));
        loop {
            match reader.step().unwrap() {
                Step::End => return (left_out, looks),
                Step::Section(initial) => states.iter_mut().for_each(|state| state.load(&initial)),
                Step::Events(events) => {
                    for (bytes, kept) in events.bytes().zip(sieve.sift(events.bytes())) {
                        let event = Event::parse(bytes).unwrap();
                        n += 1;
                        states[0].on_event(&event, 0, n);
                        if kept {
                            states[1].on_event(&event, 0, n);
                        } else {
                            left_out += 1;
                        }
                    }
                    states.iter_mut().for_each(State::settle);
                    looks += 1;
                    assert!(known(&states[0]) == known(&states[1]), "{} after {n} events", file.display());
                }
            }
        }
    }

    #[test]
    fn what_is_left_out_changes_nothing() {
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
        let files: Vec<_> = std::fs::read_dir(captures).unwrap().map(|entry| entry.unwrap().path()).collect();
        // Nobody but the state wants anything; and everything is wanted, but no call that failed.
        for (selection, least) in [(select(&[], &[]), 100), (select(&every_code(), &[]), 1000)] {
            let sieve = selection.sieve();
            let (mut left_out, mut looks) = (0, 0);
            for file in files.iter().filter(|file| file.to_string_lossy().contains(".scap")) {
                let found = follow(file, &sieve);
                (left_out, looks) = (left_out + found.0, looks + found.1);
            }
            assert!(left_out > least && looks > 10, "{left_out} events, {looks} looks");
        }
    }

    #[test]
    fn what_failed_matters_where_its_error_tells_something_or_nobody_can_know() {
        let selection = select(&every_code(), &[EventType::SYSCALL_MKDIR_2_X.0]);
        let of = |name: &str| selection.only(call(name));
        for name in ["connect", "mkdir", "brk", "mmap", "getpid"] {
            assert_eq!(of(name), Only::All, "{name}");
        }
        for name in
            ["openat", "execve", "clone", "close", "dup", "accept4", "setuid", "chdir", "read", "fcntl", "unlink"]
        {
            assert_eq!(of(name), Only::Done, "{name}");
        }
        let idle = select(&[], &[]);
        let of = |name: &str| idle.only(call(name));
        assert_eq!([of("fcntl"), of("prctl"), of("prlimit64")], [Only::Copies, Only::Reapers, Only::OpenFiles]);
        assert_eq!([of("openat"), of("close"), of("connect")], [Only::Done, Only::Done, Only::All]);
    }

    #[test]
    fn who_says_nothing_of_failures_gets_whatever_is_observed() {
        let whole = Selection::new(Some(Wanted::of_codes(&[])), &Base::default());
        let all = Selection::new(None, &Base::default());
        let custom_set = ["fcntl".to_owned(), "close".to_owned()];
        let wanted = Wanted { failures: Some(&[]), ..Wanted::of_codes(&[]) };
        let custom = Selection::new(Some(wanted), &Base { custom_set: &custom_set, ..Base::default() });
        for name in ["fcntl", "close"] {
            for selection in [&whole, &all, &custom] {
                assert_eq!(selection.only(call(name)), Only::All, "{name}");
            }
        }
    }

    #[test]
    fn entries_wait_where_failures_change_nothing() {
        let waiting = |name: &&str| may_wait(call(name));
        assert!(["open", "openat", "openat2", "creat"].iter().all(&waiting));
        assert!(!["connect", "close", "execve", "open_by_handle_at"].iter().any(waiting));
    }
}
