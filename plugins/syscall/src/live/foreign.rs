//! The second table of system calls that a 64-bit kernel keeps for 32-bit programs. On x86-64 every program may use it, with
//! one instruction: what is watched by the first table only is not watched.

use lanner_plugin_api::schema::{Arch, SyscallInfo};

include!(concat!(env!("OUT_DIR"), "/ia32.rs"));

/// The first number from which on all tables of the kernel agree.
const COMMON: u16 = 424;

/// Calls that socketcall stands for, by its first argument; the first of them has number 1.
const SOCKETCALLS: [&str; 20] = [
    "socket",
    "bind",
    "connect",
    "listen",
    "accept",
    "getsockname",
    "getpeername",
    "socketpair",
    "send",
    "recv",
    "sendto",
    "recvfrom",
    "shutdown",
    "setsockopt",
    "getsockopt",
    "sendmsg",
    "recvmsg",
    "accept4",
    "recvmmsg",
    "sendmmsg",
];
/// Number of socketcall itself.
pub(super) const SOCKETCALL: usize = 102;
/// Where the calls begin that socketcall stands for: `NR_CALLS` in bpf/base.bpf.h.
pub(super) const AFTER_CALLS: usize = 512;

/// Numbers of the call in the second table; none where the probes do not translate it (aarch64: those calls are counted).
pub(super) fn numbers(call: &SyscallInfo, arch: Arch) -> Vec<usize> {
    if arch != Arch::X86_64 {
        return Vec::new();
    }
    let own = IA32.iter().filter(|(_, name)| *name == call.name).map(|(number, _)| usize::from(*number));
    let common = call.native(arch).filter(|&number| number >= COMMON).map(usize::from);
    let unpacked = SOCKETCALLS.iter().position(|name| *name == call.name).map(|at| AFTER_CALLS + 1 + at);
    own.chain(common).chain(unpacked).collect()
}

/// Whether the probes can meet the call on this architecture, by whichever table.
pub fn exists(call: &SyscallInfo, arch: Arch) -> bool {
    call.native(arch).is_some() || !numbers(call, arch).is_empty()
}

#[cfg(test)]
mod tests {
    use lanner_plugin_api::schema::SYSCALLS;

    use super::*;

    /// The call of this name.
    fn named(name: &str) -> &'static SyscallInfo {
        SYSCALLS.iter().find(|call| call.name == name).unwrap_or_else(|| panic!("no call {name}"))
    }

    #[test]
    fn every_row_names_a_call_and_no_number_comes_twice() {
        for (number, name) in IA32 {
            assert!(*number < COMMON && *name == named(name).name);
        }
        assert!(IA32.is_sorted_by_key(|(number, _)| number));
        assert!(IA32.windows(2).all(|pair| pair[0].0 != pair[1].0));
        assert!(SOCKETCALLS.iter().all(|name| named(name).name == *name));
    }

    #[test]
    fn calls_are_found_by_every_way_to_them() {
        let of = |name: &str| numbers(named(name), Arch::X86_64);
        assert_eq!(of("open"), [5]);
        assert_eq!(of("setuid"), [23, 213]);
        assert_eq!(of("openat2"), [437]);
        assert_eq!(of("connect"), [362, 515]);
        assert_eq!(of("accept"), [517]);
        assert_eq!(of("send"), [521]);
        assert!(numbers(named("open"), Arch::Aarch64).is_empty());
        assert!(exists(named("_llseek"), Arch::X86_64) && !exists(named("_llseek"), Arch::Aarch64));
    }

    #[test]
    fn native_calls_have_a_way_for_32_bit_programs_too() {
        // Those of 64-bit programs alone, and those whose work 32-bit programs do otherwise.
        let without: Vec<&str> = SYSCALLS
            .iter()
            .filter(|call| call.native(Arch::X86_64).is_some() && numbers(call, Arch::X86_64).is_empty())
            .map(|call| call.name)
            .collect();
        assert_eq!(without, ["semop", "kexec_file_load", "epoll_ctl_old", "epoll_wait_old", "uretprobe", "uprobe"]);
    }
}
