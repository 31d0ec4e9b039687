//! Calls about who a process is and what it may.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] =
    &[("set ids", set), ("get ids", get), ("capset", capabilities), ("prctl", prctl_), ("limits", limits)];
const KEEP: usize = u32::MAX as usize;

fn set(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_setresuid, &[KEEP, 3, KEEP]);
        c.call(SYS_setresgid, &[4, KEEP, KEEP]);
        c.call(SYS_setresuid, &[0, 0, 0]);
        c.call(SYS_setreuid, &[KEEP, 0]);
        c.call(SYS_setregid, &[7, 8]);
        c.call(SYS_setgid, &[12]);
        c.call(SYS_setuid, &[11]);
        c.call(SYS_setuid, &[0]);
    });
    let uids = |n: usize, ids: [u32; 3]| {
        seen.expect(T::SYSCALL_SETRESUID_X, n, &[i64(0), u32(ids[0]), u32(ids[1]), u32(ids[2])]);
    };
    uids(0, [u32::MAX, 3, u32::MAX]);
    uids(1, [0, 0, 0]);
    let result = i64(seen.results[1]);
    seen.expect(T::SYSCALL_SETRESGID_X, 0, &[result, u32(4), u32(u32::MAX), u32(u32::MAX)]);
    seen.expect(T::SYSCALL_SETREUID_X, 0, &[i64(0), u32(u32::MAX), u32(0)]);
    seen.expect(T::SYSCALL_SETREGID_X, 0, &[i64(0), u32(7), u32(8)]);
    seen.expect(T::SYSCALL_SETGID_X, 0, &[i64(0), u32(12)]);
    seen.expect(T::SYSCALL_SETUID_X, 0, &[i64(0), u32(11)]);
    seen.expect(T::SYSCALL_SETUID_X, 1, &[error(EPERM), u32(0)]);
}

fn get(w: &mut Watch) {
    let ids = [0_u32; 3];
    let at_ = |n: usize| at(&ids[n]);
    let seen = w.perform(|c| {
        c.call(SYS_setresgid, &[21, 22, 23]);
        c.call(SYS_setresuid, &[31, 32, 33]);
        for number in [SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid] {
            c.call(number, &[]);
        }
        c.call(SYS_getresuid, &[at_(0), at_(1), at_(2)]);
        c.call(SYS_getresgid, &[at_(0), at_(1), at_(2)]);
        c.call(SYS_getresgid, &[8, at_(1), at_(2)]);
    });
    seen.expect(T::SYSCALL_GETUID_X, 0, &[u32(31)]);
    seen.expect(T::SYSCALL_GETEUID_X, 0, &[u32(32)]);
    seen.expect(T::SYSCALL_GETGID_X, 0, &[u32(21)]);
    seen.expect(T::SYSCALL_GETEGID_X, 0, &[u32(22)]);
    seen.expect(T::SYSCALL_GETRESUID_X, 0, &[i64(0), u32(31), u32(32), u32(33)]);
    seen.expect(T::SYSCALL_GETRESGID_X, 0, &[i64(0), u32(21), u32(22), u32(23)]);
    assert_eq!(seen.event(T::SYSCALL_GETRESGID_X, 1).i64(0), Some(-i64::from(EFAULT)));
}

fn capabilities(w: &mut Watch) {
    // Version 3: permitted and inheritable without one, effective with two only.
    let header = [0x2008_0522_u32, 0];
    let data = [0b11_u32, 0b111, 0b1, 0, 0, 0];
    let seen = w.perform(|c| {
        c.call(SYS_capset, &[at(&header), at(&data)]);
        c.call(SYS_capset, &[8, 8]);
    });
    let after = |result: i64| [i64(result), u64(1u64), u64(7u64), u64(3u64)];
    assert_eq!(seen.results[0], 0);
    seen.expect(T::SYSCALL_CAPSET_X, 0, &after(0));
    seen.expect(T::SYSCALL_CAPSET_X, 1, &after(-i64::from(EFAULT)));
}

fn prctl_(w: &mut Watch) {
    let value = [0_i32];
    let seen = w.perform(|c| {
        c.call(SYS_prctl, &[PR_SET_NAME as usize, at(c"renamed")]);
        c.call(SYS_prctl, &[PR_SET_CHILD_SUBREAPER as usize, 1]);
        c.call(SYS_prctl, &[PR_GET_CHILD_SUBREAPER as usize, at(&value)]);
        c.call(SYS_prctl, &[PR_SET_DUMPABLE as usize, 77]);
    });
    let option = |n: i32| u32(n);
    seen.expect(T::SYSCALL_PRCTL_X, 0, &[i64(0), option(PR_SET_NAME), text("renamed"), i64(0)]);
    seen.expect(T::SYSCALL_PRCTL_X, 1, &[i64(0), option(PR_SET_CHILD_SUBREAPER), empty(), i64(1)]);
    seen.expect(T::SYSCALL_PRCTL_X, 2, &[i64(0), option(PR_GET_CHILD_SUBREAPER), empty(), i64(1)]);
    seen.expect(T::SYSCALL_PRCTL_X, 3, &[error(EINVAL), option(PR_SET_DUMPABLE), empty(), i64(77)]);
}

fn limits(w: &mut Watch) {
    let (new, old) = ([64_u64, 128], [0_u64, 0]);
    let seen = w.perform(|c| {
        c.call(SYS_prlimit64, &[0, RLIMIT_NOFILE as usize, at(&new), 0]);
        c.call(SYS_prlimit64, &[0, RLIMIT_NOFILE as usize, 0, at(&old)]);
        c.call(SYS_prlimit64, &[0, 99, 0, at(&old)]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_getrlimit, &[RLIMIT_NOFILE as usize, at(&old)]);
            c.call(SYS_setrlimit, &[RLIMIT_NOFILE as usize, at(&new)]);
        }
    });
    let none = || i64(-1);
    let set = [i64(0), i64(64), i64(128), none(), none(), i64(0), u8(7)];
    seen.expect(T::SYSCALL_PRLIMIT_X, 0, &set);
    let asked = [i64(0), none(), none(), i64(64), i64(128), i64(0), u8(7)];
    seen.expect(T::SYSCALL_PRLIMIT_X, 1, &asked);
    let failed = [error(EINVAL), none(), none(), none(), none(), i64(0), u8(255)];
    seen.expect(T::SYSCALL_PRLIMIT_X, 2, &failed);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_GETRLIMIT_X, 0, &[i64(0), i64(64), i64(128), u8(7)]);
        seen.expect(T::SYSCALL_SETRLIMIT_X, 0, &[i64(0), i64(64), i64(128), u8(7)]);
    }
}
