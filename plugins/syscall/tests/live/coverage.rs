//! No event is left out: of every call with events of its own, one that worked and one that failed have been compared.

use lanner_plugin_api::schema::{Arch, EventType as T, SYSCALLS, SyscallKind};
use lanner_syscall::live::exists;

use crate::watch::COMPARED;

/// Events that have no failing or no working call here, and why.
const EXCEPTIONS: &[(T, bool, &str)] = &[
    (T::SYSCALL_BRK_4_X, true, "it tells where the memory ends instead of an error"),
    (T::SYSCALL_GETUID_X, true, "it cannot fail"),
    (T::SYSCALL_GETEUID_X, true, "it cannot fail"),
    (T::SYSCALL_GETGID_X, true, "it cannot fail"),
    (T::SYSCALL_GETEGID_X, true, "it cannot fail"),
    (T::SYSCALL_MUNLOCKALL_X, true, "it fails only when it is interrupted"),
    (T::SOCKET_GETSOCKNAME_X, true, "the event has no parameters"),
    (T::SOCKET_GETPEERNAME_X, true, "the event has no parameters"),
    (T::SYSCALL_EXECVEAT_X, false, "one that worked is told as execve"),
    (T::SYSCALL_INIT_MODULE_X, false, "it needs a module of the very kernel"),
    (T::SYSCALL_FINIT_MODULE_X, false, "it needs a module of the very kernel"),
    (T::SYSCALL_DELETE_MODULE_X, false, "it needs a module of the very kernel"),
];

/// Fails with everything that no case has compared.
pub(crate) fn check() {
    let arch = Arch::HOST.unwrap();
    let compared = COMPARED.lock().unwrap();
    let mut missing = Vec::new();
    for call in SYSCALLS.iter().filter(|call| call.kind == SyscallKind::Specific && exists(call, arch)) {
        let Some(exit) = call.exit else { continue };
        for failed in [false, true] {
            let excused = EXCEPTIONS.iter().any(|(event, which, _)| *event == exit && *which == failed);
            if excused == compared.contains(&(exit.0, failed)) {
                let what = if excused { "is compared, but excused" } else { "is not compared" };
                missing.push(format!("{}: {} {what}", call.name, if failed { "failed" } else { "worked" }));
            }
        }
    }
    let others = [
        T::SYSCALL_OPEN_E,
        T::SYSCALL_CREAT_E,
        T::SYSCALL_OPENAT_2_E,
        T::SYSCALL_OPENAT2_E,
        T::SOCKET_CONNECT_E,
        T::PROCEXIT_1_E,
        T::SIGNALDELIVER_E,
        T::GENERIC_X,
    ];
    for event in others.iter().filter(|event| !compared.contains(&(event.0, false))) {
        missing.push(format!("{}: is not compared", event.info().unwrap().symbol));
    }
    missing.dedup();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
