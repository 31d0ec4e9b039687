//! Which calls the kernel is to report: those that the state needs and those that rules ask for.

use lanner_plugin_api::schema::{DropClass, EventFlags, EventType, SYSCALLS, Sc, SyscallInfo};
use lanner_plugin_api::sdk::Wanted;

/// A set of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest(Vec<bool>);

/// Calls whose events carry payloads and come by the million. They change little of the state (the ends of unconnected
/// sockets), so that nobody pays for them unless a rule asks.
const HEAVY: [&str; 8] = ["sendto", "recvfrom", "sendmsg", "sendmmsg", "recvmsg", "recvmmsg", "getsockopt", "brk"];

/// Tracepoints whose events only who names them gets: a machine has hundreds of thousands in a second.
const NOISE: [&str; 3] = ["sched_switch", "page_fault_user", "page_fault_kernel"];

/// Calls without which an alert about a process would be wrong, and that no program makes by the million.
const VITAL: [&str; 45] = [
    "execve",
    "execveat",
    "clone",
    "clone3",
    "fork",
    "vfork",
    "connect",
    "accept",
    "accept4",
    "bind",
    "listen",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setsid",
    "setpgid",
    "capset",
    "prctl",
    "ptrace",
    "bpf",
    "init_module",
    "finit_module",
    "delete_module",
    "mount",
    "umount",
    "umount2",
    "chroot",
    "pivot_root",
    "setns",
    "unshare",
    "memfd_create",
    "kill",
    "tkill",
    "tgkill",
    "seccomp",
    "userfaultfd",
    "io_uring_setup",
    "process_vm_writev",
    "keyctl",
    "pidfd_open",
    "pidfd_getfd",
    "quotactl",
];

/// Tracepoints among the calls, and their events.
const TRACEPOINTS: [(&str, EventType); 5] = [
    ("sched_process_exit", EventType::PROCEXIT_1_E),
    ("sched_switch", EventType::SCHEDSWITCH_6_E),
    ("page_fault_user", EventType::PAGE_FAULT_E),
    ("page_fault_kernel", EventType::PAGE_FAULT_E),
    ("signal_deliver", EventType::SIGNALDELIVER_E),
];

/// The events by which a call is reported.
pub(super) fn events_of(call: &SyscallInfo) -> impl Iterator<Item = EventType> {
    let tracepoint = TRACEPOINTS.iter().find(|(name, _)| *name == call.name).map(|(_, event)| *event);
    [call.enter, call.exit, tracepoint].into_iter().flatten()
}

impl Interest {
    /// No call at all.
    pub fn none() -> Self {
        Self(vec![false; SYSCALLS.len()])
    }

    /// All calls, and the tracepoints but context switches and page faults.
    pub fn all() -> Self {
        Self::with(|call| !NOISE.contains(&call.name))
    }

    /// What the state follows: calls that make and end processes and descriptors or change what is known of them.
    pub fn of_state() -> Self {
        Self::with(|call| {
            let changes = call.exit.and_then(EventType::info).is_some_and(|event| {
                let flags = EventFlags::MODIFIES_STATE | EventFlags::CREATES_FD | EventFlags::DESTROYS_FD;
                event.flags.intersects(flags)
            });
            call.drop == DropClass::Never || changes && !HEAVY.contains(&call.name)
        })
    }

    /// The calls of these events.
    pub fn of_events(wanted: Wanted<'_>) -> Self {
        let Wanted { codes, calls, .. } = wanted;
        let is_wanted = |call: &SyscallInfo, event: EventType| {
            let one = event != EventType::GENERIC_X || calls.is_none_or(|calls| calls.contains(&call.code.0));
            one && codes.contains(&event.0)
        };
        Self::with(|call| events_of(call).any(|event| is_wanted(call, event)))
    }

    /// The calls whose ends have one of these codes.
    pub(super) fn of_exits(codes: &[u16]) -> Self {
        Self::with(|call| call.exit.is_some_and(|exit| codes.contains(&exit.0)))
    }

    pub(super) fn with(wanted: impl Fn(&SyscallInfo) -> bool) -> Self {
        Self(SYSCALLS.iter().map(wanted).collect())
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
        self
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| *mine && !theirs).collect())
    }

    /// What is in both.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| *mine && *theirs).collect())
    }

    /// Whether no call is in the set.
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// Names of the calls, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = SYSCALLS.iter().filter(|call| self.has(call.code)).map(|call| call.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the call is in the set.
    pub fn has(&self, call: Sc) -> bool {
        self.0.get(usize::from(call.0)).copied().unwrap_or(false)
    }
}

/// Whether events of the call go where a storm of others cannot displace them.
pub(super) fn is_vital(call: &SyscallInfo) -> bool {
    VITAL.contains(&call.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sc(name: &str) -> Sc {
        SYSCALLS.iter().find(|call| call.name == name).unwrap().code
    }

    #[test]
    fn the_state_needs_processes_and_descriptors_but_no_payloads() {
        let state = Interest::of_state();
        for name in ["execve", "clone3", "openat", "close", "connect", "dup3", "chdir", "setuid", "prctl", "accept4"] {
            assert!(state.has(sc(name)), "{name}");
        }
        for name in ["read", "write", "sendto", "recvmsg", "getpid", "futex", "mmap"] {
            assert!(!state.has(sc(name)), "{name}");
        }
    }

    #[test]
    fn rules_ask_by_events() {
        let of = |codes: &[u16]| Interest::of_events(Wanted::of_codes(codes));
        let asked = of(&[EventType::SYSCALL_KILL_X.0, EventType::SYSCALL_OPENAT_2_E.0]);
        assert!(asked.has(sc("kill")) && asked.has(sc("openat")));
        assert!(!asked.has(sc("tkill")) && !asked.has(sc("getpid")));
        assert!(of(&[EventType::GENERIC_X.0]).has(sc("getpid")));
        assert_eq!(of(&[EventType::SIGNALDELIVER_E.0]).names(), ["signal_deliver"]);
        let noise = of(&[EventType::PAGE_FAULT_E.0]);
        assert!(noise.has(sc("page_fault_user")) && noise.has(sc("page_fault_kernel")));
        assert!(!Interest::all().has(sc("page_fault_user")) && !Interest::all().has(sc("sched_switch")));
        assert!(Interest::none().and(&asked).has(sc("kill")));
        let rest = Interest::all().minus(&asked);
        assert!(!rest.has(sc("kill")) && rest.has(sc("tkill")) && rest.common(&asked).is_empty());
        assert_eq!(asked.names(), ["kill", "openat"]);
    }

    #[test]
    fn calls_without_events_of_their_own_are_asked_for_one_by_one() {
        let acct = [sc("acct").0];
        let codes = [EventType::GENERIC_X.0, EventType::SYSCALL_KILL_X.0];
        let of = |calls| Interest::of_events(Wanted { codes: &codes, calls, failures: None }).names();
        assert_eq!(of(Some(&acct[..])), ["acct", "kill"]);
        assert_eq!(of(Some(&[][..])), ["kill"]);
        assert!(of(None).len() > 100);
        let no_generic = Interest::of_events(Wanted { codes: &codes[1..], calls: Some(&acct), failures: None });
        assert_eq!(no_generic.names(), ["kill"], "calls alone ask for nothing");
    }

    #[test]
    fn vital_calls_exist() {
        for name in VITAL.iter().chain(&HEAVY).chain(TRACEPOINTS.iter().map(|(name, _)| name)) {
            assert!(SYSCALLS.iter().any(|call| call.name == *name), "{name}");
        }
    }
}
