//! Calls about memory, modules, namespaces and the kernel's own services.

use lanner_plugin_api::schema::{Arch, EventType as T, SYSCALLS};
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] =
    &[("memory", memory), ("modules", modules), ("namespaces", namespaces), ("bpf", services), ("generic", generic)];

fn kilobytes() -> Want {
    Want::Is("kilobytes of a living process", |b| {
        b.try_into().is_ok_and(|b| (100..1 << 30).contains(&u32::from_le_bytes(b)))
    })
}

fn memory(w: &mut Watch) {
    let seen = w.perform(|c| {
        let (prot, flags) = (PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
        let place = c.call(SYS_mmap, &[0, 8192, prot as usize, flags as usize, usize::MAX, 0]) as usize;
        c.call(SYS_mprotect, &[place, 4096, (PROT_READ | PROT_WRITE) as usize]);
        c.call(SYS_mlock, &[place, 4096]);
        c.call(SYS_munlock, &[place, 4096]);
        c.call(SYS_mlock2, &[place, 4096, 1]);
        c.call(SYS_munmap, &[place, 8192]);
        c.call(SYS_munmap, &[1, 8192]);
        c.call(SYS_mlockall, &[64]);
        c.call(SYS_munlockall, &[]);
        c.call(SYS_brk, &[0]);
    });
    let place = || u64(seen.results[0]);
    let vm = || [kilobytes(), kilobytes(), u32(0)];
    let with_vm = |first: Want, rest: Vec<Want>| [vec![first], vm().into(), rest].concat_wants();
    let flags = 1 << 1 | 1 << 3 | 1 << 6;
    let mapped = vec![u64(0u64), u64(8192u64), u32(5), u32(flags), i64(-1), u64(0u64)];
    let nth = |ty: T, wanted: &dyn Fn(usize) -> bool| {
        (0..64).find(|&n| wanted(n)).unwrap_or_else(|| panic!("no such {:?}", ty.info().map(|i| i.symbol)))
    };
    // The child's own runtime maps memory too: the event with our result counts.
    let n = nth(T::SYSCALL_MMAP_X, &|n| seen.event(T::SYSCALL_MMAP_X, n).i64(0) == Some(seen.results[0]));
    seen.expect(T::SYSCALL_MMAP_X, n, &with_vm(i64(seen.results[0]), mapped));
    let n = nth(T::SYSCALL_MPROTECT_X, &|n| seen.event(T::SYSCALL_MPROTECT_X, n).i64(1) == Some(seen.results[0]));
    seen.expect(T::SYSCALL_MPROTECT_X, n, &[i64(0), place(), u64(4096u64), u32(3)]);
    seen.expect(T::SYSCALL_MLOCK_X, 0, &[i64(0), place(), u64(4096u64)]);
    seen.expect(T::SYSCALL_MUNLOCK_X, 0, &[i64(0), place(), u64(4096u64)]);
    seen.expect(T::SYSCALL_MLOCK2_X, 0, &[i64(0), place(), u64(4096u64), u32(1)]);
    let n = nth(T::SYSCALL_MUNMAP_X, &|n| seen.event(T::SYSCALL_MUNMAP_X, n).i64(4) == Some(seen.results[0]));
    seen.expect(T::SYSCALL_MUNMAP_X, n, &with_vm(i64(0), vec![place(), u64(8192u64)]));
    seen.expect(T::SYSCALL_MUNMAP_X, n + 1, &with_vm(error(EINVAL), vec![u64(1u64), u64(8192u64)]));
    seen.expect(T::SYSCALL_MLOCKALL_X, 0, &[error(EINVAL), u32(0)]);
    seen.expect(T::SYSCALL_MUNLOCKALL_X, 0, &[i64(0)]);
    let n = nth(T::SYSCALL_BRK_4_X, &|n| seen.event(T::SYSCALL_BRK_4_X, n).u64(4) == Some(0));
    seen.expect(T::SYSCALL_BRK_4_X, n, &with_vm(u64(seen.results[9]), vec![u64(0u64)]));
}

/// Lists of expectations joined: they cannot be copied.
trait ConcatWants {
    fn concat_wants(self) -> Vec<Want>;
}

impl<const N: usize> ConcatWants for [Vec<Want>; N] {
    fn concat_wants(self) -> Vec<Want> {
        self.into_iter().flatten().collect()
    }
}

fn modules(w: &mut Watch) {
    let image = [0x7f_u8; 200];
    // In memory that is there already: the kernel refuses before it looks, and a probe cannot fetch pages.
    let (options, others) = (*b"a=1\0", *b"b=2\0");
    let seen = w.perform(|c| {
        c.call(SYS_init_module, &[at(&image), 200, at(&options)]);
        c.call(SYS_finit_module, &[999, at(&others), 3]);
        c.call(SYS_delete_module, &[at(c"absent"), (O_NONBLOCK | O_TRUNC) as usize]);
    });
    let result = |n: usize| i64(seen.results[n]);
    assert!(seen.results.iter().all(|&r| r < 0));
    seen.expect(T::SYSCALL_INIT_MODULE_X, 0, &[result(0), bytes([0x7f; 80]), u64(200u64), text("a=1")]);
    seen.expect(T::SYSCALL_FINIT_MODULE_X, 0, &[result(1), i64(999), text("b=2"), u32(3)]);
    seen.expect(T::SYSCALL_DELETE_MODULE_X, 0, &[result(2), text("absent"), u32(3)]);
}

fn namespaces(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_unshare, &[CLONE_NEWUTS as usize]);
        c.call(SYS_unshare, &[CLONE_THREAD as usize | 1 << 1]);
        c.call(SYS_setns, &[999, CLONE_NEWNET as usize]);
    });
    seen.expect(T::SYSCALL_UNSHARE_X, 0, &[i64(seen.results[0]), u32(1 << 7)]);
    seen.expect(T::SYSCALL_UNSHARE_X, 1, &[error(EINVAL), u32(1 << 13)]);
    seen.expect(T::SYSCALL_SETNS_X, 0, &[error(EBADF), i64(999), u32(1 << 4)]);
}

fn services(w: &mut Watch) {
    let params = [0_u32; 32];
    let seen = w.perform(|c| {
        c.call(SYS_bpf, &[8, 0, 0]);
        c.call(SYS_seccomp, &[77, 3, 0]);
        c.call(SYS_io_uring_setup, &[4, at(&params)]);
        c.call(SYS_io_uring_setup, &[0, at(&params)]);
        c.call(SYS_io_uring_enter, &[999, 1, 2, 1, 0]);
        c.call(SYS_io_uring_register, &[999, 3, 4, 5]);
    });
    seen.expect(T::SYSCALL_BPF_2_X, 0, &[i64(seen.results[0]), i32(8)]);
    seen.expect(T::SYSCALL_SECCOMP_X, 0, &[error(EINVAL), u64(77u64), u64(3u64)]);
    if seen.results[2] >= 0 {
        let features = Want::Is("features", |b| b.iter().any(|&b| b != 0));
        let made = [i64(seen.results[2]), u32(4), u32(4), u32(8), u32(0), u32(0), u32(0), features];
        seen.expect(T::SYSCALL_IO_URING_SETUP_X, 0, &made);
    }
    assert_eq!(seen.event(T::SYSCALL_IO_URING_SETUP_X, 1).i64(0), Some(seen.results[3]));
    let entered = [i64(seen.results[4]), i64(999), u32(1), u32(2), u32(1), u32(0)];
    seen.expect(T::SYSCALL_IO_URING_ENTER_X, 0, &entered);
    let registered = [i64(seen.results[5]), i64(999), u16(3), u64(4u64), u32(5)];
    seen.expect(T::SYSCALL_IO_URING_REGISTER_X, 0, &registered);
}

fn generic(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_sched_yield, &[]);
    });
    let call = SYSCALLS.iter().find(|call| call.name == "sched_yield").unwrap();
    let native = call.native(Arch::HOST.unwrap()).unwrap();
    let n = (0..).find(|&n| seen.event(T::GENERIC_X, n).u16(0) == Some(call.code.0)).unwrap();
    seen.expect(T::GENERIC_X, n, &[u16(call.code.0), u16(native)]);
}
