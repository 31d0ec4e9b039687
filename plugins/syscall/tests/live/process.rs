//! Processes: how they begin, run other programs, signal each other and end.
#![allow(unsafe_code, reason = "a vfork by hand, and a fault on purpose")]

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[
    ("execve", execs),
    ("execve fails", failed_execs),
    ("fork", forks),
    ("clone3, fork, vfork", other_forks),
    ("exit", ends),
    ("kill", signals),
    ("signal", delivered),
    ("setsid", sessions),
    ("ptrace", looks_into),
];

fn own_comm() -> Vec<u8> {
    std::fs::read("/proc/self/task/self/comm")
        .or_else(|_| std::fs::read(format!("/proc/self/task/{}/comm", nix::unistd::gettid())))
        .unwrap()
        .strip_suffix(b"\n")
        .unwrap()
        .to_vec()
}

/// Effective user and group.
fn own_ids() -> (core::primitive::u32, core::primitive::u32) {
    use std::os::unix::fs::MetadataExt as _;
    let own = std::fs::metadata("/proc/self").unwrap();
    (own.uid(), own.gid())
}

fn small() -> Want {
    Want::Is("a page count", |b| b.len() == 8 && b[4..] == [0; 4])
}

fn kilobytes() -> Want {
    Want::Is("kilobytes", |b| b.try_into().is_ok_and(|b| u32::from_le_bytes(b) < 1 << 31))
}

fn cgroups() -> Want {
    Want::Is("cgroups", |b| b.starts_with(b"cpuset=/") && b.ends_with(b"\0") && b.windows(8).any(|w| w == b"\0memory="))
}

fn time() -> Want {
    Want::Is("a time of this century", |b| b.try_into().is_ok_and(|b| u64::from_le_bytes(b) > 946_684_800_000_000_000))
}

/// Soft limit of open files.
fn file_limit() -> u64 {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap().to_owned();
    line.split_ascii_whitespace().next().unwrap().parse().unwrap()
}

struct About {
    child: i64,
    exe: Want,
    args: Want,
    comm: Want,
    env: Want,
    path: String,
}

/// Parameters 2 to 30 of an exec.
fn exec_params(a: About) -> Vec<Want> {
    use std::os::unix::fs::MetadataExt as _;
    // The kernel's parent is the thread that forked.
    let own = nix::unistd::gettid().as_raw();
    let group = nix::unistd::getpgrp().as_raw();
    let file = std::fs::metadata(&a.path).unwrap();
    let caps = std::fs::read_to_string("/proc/self/status").unwrap();
    let cap = |name: &str| {
        let line = caps.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64(core::primitive::u64::from_str_radix(line.trim(), 16).unwrap())
    };
    let loginuid: core::primitive::u32 = std::fs::read_to_string("/proc/self/loginuid").unwrap().parse().unwrap();
    vec![
        a.exe,
        a.args,
        i64(a.child),
        i64(a.child),
        i64(own),
        empty(),
        u64(file_limit()),
        small(),
        small(),
        kilobytes(),
        kilobytes(),
        kilobytes(),
        a.comm,
        cgroups(),
        a.env,
        Want::Len(4),
        i64(group),
        u32(loginuid),
        u32(1), // root may write to it
        cap("CapInh:"),
        cap("CapPrm:"),
        cap("CapEff:"),
        u64(file.ino()),
        time(),
        time(),
        u32(own_ids().0),
        text(&a.path),
        i64(group),
        u32(own_ids().1),
    ]
}

fn execs(w: &mut Watch) {
    let seen = w.perform(|c| {
        let argv = [at(c"zero"), at(c"first"), at(c"second argument"), 0];
        let envp = [at(c"LIVE=1"), at(c"B=two"), 0];
        c.call(SYS_execve, &[at(c"/bin/true"), at(&argv), at(&envp)]);
    });
    let path = std::fs::canonicalize("/bin/true").unwrap().to_str().unwrap().to_owned();
    let about = || About {
        child: seen.child,
        exe: text("zero"),
        args: text("first\0second argument"),
        comm: text("true"),
        env: text("LIVE=1\0B=two"),
        path: path.clone(),
    };
    let mut wanted = vec![i64(0)];
    wanted.extend(exec_params(about()));
    wanted.push(text("/bin/true"));
    seen.expect(T::SYSCALL_EXECVE_19_X, 0, &wanted);
    assert!(!seen.has(T::SYSCALL_EXECVEAT_X));
    // By a descriptor: the same event.
    let seen = w.perform(|c| {
        let argv = [at(c"zero"), at(c"first"), at(c"second argument"), 0];
        let envp = [at(c"LIVE=1"), at(c"B=two"), 0];
        c.call(SYS_execveat, &[AT_FDCWD as usize, at(c"/bin/true"), at(&argv), at(&envp), 0]);
    });
    let mut wanted = vec![i64(0)];
    wanted.extend(exec_params(About { child: seen.child, ..about() }));
    wanted.push(text("/bin/true"));
    seen.expect(T::SYSCALL_EXECVE_19_X, 0, &wanted);
}

fn failed_execs(w: &mut Watch) {
    let seen = w.perform(|c| {
        let argv = [at(c"zero"), at(c"one"), at(c"two"), 0];
        let envp = [at(c"LIVE=1"), 0];
        c.call(SYS_execve, &[at(c"/absent/program"), at(&argv), at(&envp)]);
        c.call(SYS_execveat, &[AT_FDCWD as usize, at(c"/absent"), at(&argv), at(&envp), 0]);
    });
    let about = || About {
        child: seen.child,
        exe: text("zero"),
        args: text("one\0two"),
        comm: text(own_comm()),
        env: text("LIVE=1"),
        path: std::env::current_exe().unwrap().to_str().unwrap().to_owned(),
    };
    let mut wanted = vec![error(ENOENT)];
    wanted.extend(exec_params(about()));
    seen.expect(T::SYSCALL_EXECVEAT_X, 0, &wanted);
    let mut wanted = vec![error(ENOENT)];
    wanted.extend(exec_params(about()));
    wanted.push(text("/absent/program"));
    seen.expect(T::SYSCALL_EXECVE_19_X, 0, &wanted);
}

fn command_line() -> (Want, Want) {
    let line = std::fs::read("/proc/self/cmdline").unwrap();
    let end = line.iter().position(|&b| b == 0).unwrap() + 1;
    (bytes(&line[..end]), bytes(&line[end..]))
}

/// What is expected of the beginning of a thread.
struct Beginning {
    result: i64,
    tid: i64,
    parent: i64,
    flags: core::primitive::u32,
    ids: (core::primitive::u32, core::primitive::u32),
}

impl Beginning {
    fn wants(self) -> Vec<Want> {
        let (exe, args) = if self.result < 0 { (empty(), empty()) } else { command_line() };
        // Of a child: when the first process of its namespace began.
        let start = if self.result == 0 { Want::Len(8) } else { u64(0u64) };
        vec![
            i64(self.result),
            exe,
            args,
            i64(self.tid),
            i64(self.tid),
            i64(self.parent),
            empty(),
            u64(file_limit()),
            small(),
            small(),
            kilobytes(),
            kilobytes(),
            kilobytes(),
            text(own_comm()),
            cgroups(),
            u32(self.flags),
            u32(self.ids.0),
            u32(self.ids.1),
            i64(self.tid),
            i64(self.tid),
            start,
        ]
    }
}

fn own_thread() -> i64 {
    core::primitive::i64::from(nix::unistd::gettid().as_raw())
}

fn forks(w: &mut Watch) {
    let seen = w.perform(|c| {
        let child = c.call(SYS_clone, &[(CLONE_FILES | SIGCHLD) as usize, 0, 0, 0, 0]);
        if child == 0 {
            c.call(SYS_exit_group, &[3]);
        }
        c.call(SYS_wait4, &[child as usize, 0, 0, 0]);
        c.call(SYS_clone, &[CLONE_THREAD as usize, 0, 0, 0, 0]);
    });
    let (child, grandchild, ids) = (seen.child, seen.results[0], own_ids());
    let caller = Beginning { result: grandchild, tid: child, parent: own_thread(), flags: 1, ids };
    seen.expect(T::SYSCALL_CLONE_20_X, 0, &caller.wants());
    let failed = Beginning { result: -i64::from(EINVAL), tid: child, parent: own_thread(), flags: 1 << 13, ids };
    seen.expect(T::SYSCALL_CLONE_20_X, 1, &failed.wants());
    let begun = Beginning { result: 0, tid: grandchild, parent: child, flags: 1, ids };
    seen.expect_of(grandchild, T::SYSCALL_CLONE_20_X, &begun.wants());
}

/// Makes a child by vfork that ends at once. It borrows the stack, on which a function that returned twice would step.
#[cfg(target_arch = "x86_64")]
fn vforked() -> i64 {
    let mut result = SYS_vfork;
    // SAFETY: between the two calls the child touches registers only, and the kernel puts the parent's back.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "mov edi, 3",
            "mov eax, 231",
            "syscall",
            "2:",
            inout("rax") result,
            out("rcx") _, out("r11") _, out("rdi") _,
        );
    }
    result
}

fn other_forks(w: &mut Watch) {
    // flags, pidfd, child_tid, parent_tid, exit signal, …
    let args = [CLONE_FILES as core::primitive::u64, 0, 0, 0, SIGCHLD as core::primitive::u64, 0, 0, 0];
    let seen = w.perform(|c| {
        let child = c.call(SYS_clone3, &[at(&args), 64]);
        if child == 0 {
            c.call(SYS_exit_group, &[3]);
        }
        c.call(SYS_wait4, &[child as usize, 0, 0, 0]);
        c.call(SYS_clone3, &[at(&args), 1]);
        #[cfg(target_arch = "x86_64")]
        {
            let child = c.call(SYS_fork, &[]);
            if child == 0 {
                c.call(SYS_exit_group, &[3]);
            }
            c.call(SYS_wait4, &[child as usize, 0, 0, 0]);
            c.keep(vforked());
            // A user that may have no process at all.
            c.call(SYS_prlimit64, &[0, RLIMIT_NPROC as usize, at(&[0_u64; 2]), 0]);
            c.call(SYS_setresuid, &[65533, 65533, 65533]);
            c.call(SYS_fork, &[]);
            c.keep(vforked());
        }
    });
    let (child, ids) = (seen.child, own_ids());
    let of = |result: i64, flags| Beginning { result, tid: child, parent: own_thread(), flags, ids };
    let begun = |tid: i64, flags| Beginning { result: 0, tid, parent: child, flags, ids };
    let result = |n: usize| seen.results[n];
    assert!(result(0) > 0 && result(2) < 0, "{:?}", seen.results);
    seen.expect(T::SYSCALL_CLONE3_X, 0, &of(result(0), 1).wants());
    seen.expect_of(result(0), T::SYSCALL_CLONE3_X, &begun(result(0), 1).wants());
    seen.expect(T::SYSCALL_CLONE3_X, 1, &of(result(2), 1).wants());
    if cfg!(target_arch = "x86_64") {
        assert!(result(3) > 0 && result(5) > 0, "{:?}", seen.results);
        seen.expect(T::SYSCALL_FORK_20_X, 0, &of(result(3), 0).wants());
        seen.expect_of(result(3), T::SYSCALL_FORK_20_X, &begun(result(3), 0).wants());
        seen.expect(T::SYSCALL_VFORK_20_X, 0, &of(result(5), 0).wants());
        seen.expect_of(result(5), T::SYSCALL_VFORK_20_X, &begun(result(5), 0).wants());
        let other = |n: usize| Beginning { ids: (65533, ids.1), ..of(result(n), 0) };
        assert_eq!((result(8), result(9)), (-i64::from(EAGAIN), -i64::from(EAGAIN)));
        seen.expect(T::SYSCALL_FORK_20_X, 1, &other(8).wants());
        seen.expect(T::SYSCALL_VFORK_20_X, 1, &other(9).wants());
    }
}

/// A signal on its way, from a process, from the kernel, and to a handler.
fn delivered(w: &mut Watch) {
    extern "C" fn handler(_: i32) {}
    let seen = w.perform(|c| {
        // SAFETY: a handler that does nothing.
        unsafe { signal(SIGUSR1, handler as *const () as sighandler_t) };
        c.call(SYS_kill, &[std::process::id() as usize, SIGUSR1 as usize]);
    });
    seen.expect(T::SIGNALDELIVER_E, 0, &[i64(seen.child), i64(seen.child), u8(SIGUSR1)]);
    // Nobody handles it: the kernel turns it into an end.
    let seen = w.perform(|c| {
        c.call(SYS_kill, &[std::process::id() as usize, SIGUSR1 as usize]);
    });
    assert_eq!(seen.status, SIGUSR1);
    seen.expect(T::SIGNALDELIVER_E, 0, &[i64(0), i64(seen.child), u8(SIGKILL)]);
    seen.expect(T::PROCEXIT_1_E, 0, &[i64(SIGUSR1), i64(0), u8(SIGUSR1), u8(0), i64(0)]);
    let seen = w.perform(|c| {
        c.call(SYS_prlimit64, &[0, RLIMIT_CORE as usize, at(&[0_u64; 2]), 0]);
        // SAFETY: ends this process, as it is meant to.
        unsafe { std::ptr::without_provenance_mut::<core::primitive::u8>(16).write_volatile(1) };
    });
    seen.expect(T::SIGNALDELIVER_E, 0, &[i64(0), i64(seen.child), u8(SIGSEGV)]);
}

fn ends(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_exit_group, &[7]);
    });
    seen.expect(T::PROCEXIT_1_E, 0, &[i64(7 << 8), i64(7), u8(0), u8(0), i64(0)]);
    let seen = w.perform(|c| {
        let own = std::process::id() as usize;
        c.call(SYS_kill, &[own, SIGKILL as usize]);
    });
    seen.expect(T::PROCEXIT_1_E, 0, &[i64(9), i64(0), u8(SIGKILL), u8(0), i64(0)]);
    // It leaves a child behind, which the kernel gives to somebody.
    let seen = w.perform(|c| {
        if c.call(SYS_clone, &[SIGCHLD as usize, 0, 0, 0, 0]) == 0 {
            let time = [0_u64, 200_000_000];
            c.call(SYS_nanosleep, &[at(&time), 0]);
            c.call(SYS_exit_group, &[0]);
        }
    });
    seen.expect(T::PROCEXIT_1_E, 0, &[i64(0), i64(0), u8(0), u8(0), positive()]);
}

fn signals(w: &mut Watch) {
    let seen = w.perform(|c| {
        let own = std::process::id() as usize;
        c.call(SYS_kill, &[own, 0]);
        c.call(SYS_kill, &[own, 99]);
        c.call(SYS_tkill, &[usize::MAX, 2]);
        c.call(SYS_tgkill, &[own, own, 0]);
    });
    let own = || i64(seen.child);
    seen.expect(T::SYSCALL_KILL_X, 0, &[i64(0), own(), u8(0)]);
    seen.expect(T::SYSCALL_KILL_X, 1, &[error(EINVAL), own(), u8(99)]);
    seen.expect(T::SYSCALL_TKILL_X, 0, &[error(EINVAL), i64(-1), u8(2)]);
    seen.expect(T::SYSCALL_TGKILL_X, 0, &[i64(0), own(), own(), u8(0)]);
}

fn sessions(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_setpgid, &[0, 0]);
        c.call(SYS_setsid, &[]);
        c.call(SYS_setpgid, &[usize::MAX, 5]);
    });
    seen.expect(T::SYSCALL_SETPGID_X, 0, &[i64(0), i64(0), i64(0)]);
    // A leader of a group cannot make a session.
    seen.expect(T::SYSCALL_SETSID_X, 0, &[error(EPERM)]);
    seen.expect(T::SYSCALL_SETPGID_X, 1, &[i64(seen.results[2]), i64(-1), i64(5)]);
}

fn looks_into(w: &mut Watch) {
    let (data, room) = ([b'p'; 100], [0_u8; 100]);
    let seen = w.perform(|c| {
        let (local, remote) = ([at(&room), 100], [at(&data), 100]);
        let own = std::process::id() as usize;
        c.call(SYS_process_vm_readv, &[own, at(&local), 1, at(&remote), 1, 0]);
        c.call(SYS_process_vm_writev, &[own, at(&remote), 1, at(&local), 1, 0]);
        c.call(SYS_process_vm_readv, &[usize::MAX, at(&local), 1, at(&remote), 1, 0]);
        c.call(SYS_ptrace, &[PTRACE_TRACEME as usize, 0, 0, 0]);
        c.call(SYS_ptrace, &[PTRACE_ATTACH as usize, usize::MAX, 5, 6]);
        c.call(SYS_ptrace, &[PTRACE_SEIZE as usize, usize::MAX, 5, 6]);
    });
    let own = || i64(seen.child);
    assert_eq!(seen.results[..2], [100, 100]);
    seen.expect(T::SYSCALL_PROCESS_VM_READV_X, 0, &[i64(100), own(), bytes([b'p'; 80])]);
    seen.expect(T::SYSCALL_PROCESS_VM_WRITEV_X, 0, &[i64(100), own(), bytes([b'p'; 80])]);
    seen.expect(T::SYSCALL_PROCESS_VM_READV_X, 1, &[error(ESRCH), i64(-1), empty()]);
    let nothing = || bytes([0; 9]);
    seen.expect(T::SYSCALL_PTRACE_X, 0, &[i64(0), nothing(), nothing(), u16(1), i64(0)]);
    seen.expect(T::SYSCALL_PTRACE_X, 1, &[error(ESRCH), nothing(), nothing(), u16(11), i64(-1)]);
    seen.expect(T::SYSCALL_PTRACE_X, 2, &[error(ESRCH), nothing(), nothing(), u16(20), i64(-1)]);
}
