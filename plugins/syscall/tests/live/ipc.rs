//! Semaphores and keys.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[("semaphores", semaphores), ("keyctl", keys)];

fn semaphores(w: &mut Watch) {
    // struct sembuf: number, change, flags
    let steps = [0_i16, 2, IPC_NOWAIT as i16, 1, 3, 0x1000];
    let seen = w.perform(|c| {
        let set = c.call(SYS_semget, &[IPC_PRIVATE as usize, 2, (IPC_CREAT | IPC_EXCL | 0o600) as usize]) as usize;
        c.call(SYS_semop, &[set, at(&steps), 2]);
        c.call(SYS_semop, &[set, at(&steps), 1]);
        c.call(SYS_semctl, &[set, 1, SETVAL as usize, 5]);
        c.call(SYS_semctl, &[set, 0, GETVAL as usize, 9]);
        c.call(SYS_semctl, &[set, 0, IPC_RMID as usize]);
        c.call(SYS_semctl, &[set, 3, IPC_STAT as usize, 0]);
        c.call(SYS_semop, &[usize::MAX, at(&steps), 1]);
        c.call(SYS_semget, &[0x1234, 70_000, IPC_CREAT as usize]);
    });
    let set = i32::try_from(seen.results[0]).unwrap();
    assert!(set >= 0);
    let made = [i64(set), i32(IPC_PRIVATE), i32(2), u32(1 << 13 | 1 << 14)];
    seen.expect(T::SYSCALL_SEMGET_X, 0, &made);
    let first = || [u16(0), bytes(2_i16.to_le_bytes()), u16(1)];
    let step = |result: i64, n: u32, first: [Want; 3], second: [Want; 3], set: i32| {
        let mut wanted = vec![i64(result), u32(n)];
        wanted.extend(first);
        wanted.extend(second);
        wanted.push(self::i32(set));
        wanted
    };
    let none = || [u16(0), u16(0), u16(0)];
    let second = [u16(1), bytes(3_i16.to_le_bytes()), u16(2)];
    seen.expect(T::SYSCALL_SEMOP_X, 0, &step(0, 2, first(), second, set));
    seen.expect(T::SYSCALL_SEMOP_X, 1, &step(0, 1, first(), none(), set));
    seen.expect(T::SYSCALL_SEMOP_X, 2, &step(-i64::from(EINVAL), 1, none(), none(), -1));
    let control = |n: usize, result: i64, number: i32, command: u16, value: i32| {
        let wanted = [self::i64(result), self::i32(set), self::i32(number), self::u16(command), self::i32(value)];
        seen.expect(T::SYSCALL_SEMCTL_X, n, &wanted);
    };
    control(0, 0, 1, 1 << 12, 5);
    control(1, seen.results[4], 0, 1 << 9, 0);
    control(2, 0, 0, 1 << 2, 0);
    control(3, seen.results[6], 3, 1 << 0, 0);
    assert!(seen.results[6] < 0);
    seen.expect(T::SYSCALL_SEMGET_X, 1, &[error(EINVAL), i32(0x1234), i32(70_000), u32(1 << 13)]);
}

/// An argument that is a number, and one that is a text.
fn number(value: i64) -> Want {
    bytes([&[0][..], &value.to_le_bytes()].concat())
}

fn words(text: &str) -> Want {
    bytes([&[1], text.as_bytes(), b"\0"].concat())
}

fn keys(w: &mut Watch) {
    let session = -3_i64;
    let info = [0_u32; 12];
    let seen = w.perform(|c| {
        let session = session as usize;
        let keyctl = |c: &mut Caller, args: &[usize]| c.call(SYS_keyctl, args);
        keyctl(c, &[1, at(c"watched"), 2, 3, 4]);
        keyctl(c, &[0, session, 1, 3, 4]);
        keyctl(c, &[10, session, at(c"user"), at(c"absent"), 0]);
        keyctl(c, &[3, 99, 2, 3, 4]);
        keyctl(c, &[29, session, at(c"none"), at(c"key_or_keyring:0"), 4]);
        keyctl(c, &[24, 99, 0, at(c"enc=raw"), at(&info)]);
        keyctl(c, &[25, at(&info), at(c"enc=oaep"), 3, 4]);
        keyctl(c, &[6, 99, 8, 16, 4]);
        keyctl(c, &[30, 99, 8, 16, 4]);
        keyctl(c, &[18, 1, 2, 3, 4]);
        keyctl(c, &[99, 1, 2, 3, 4]);
        keyctl(c, &[1, 0]);
    });
    let result = |n: usize| i64(seen.results[n]);
    let expect = |n: usize, operation: u32, args: [Want; 4]| {
        let mut wanted = vec![result(n), self::u32(operation)];
        wanted.extend(args);
        seen.expect(T::SYSCALL_KEYCTL_X, n, &wanted);
    };
    let nothing = || number(0);
    expect(0, 1, [words("watched"), nothing(), nothing(), nothing()]);
    expect(1, 0, [number(session), number(1), nothing(), nothing()]);
    expect(2, 10, [number(session), words("user"), words("absent"), nothing()]);
    expect(3, 3, [number(99), nothing(), nothing(), nothing()]);
    expect(4, 29, [number(session), words("none"), words("key_or_keyring:0"), nothing()]);
    expect(5, 24, [number(99), nothing(), words("enc=raw"), nothing()]);
    expect(6, 25, [number(at(&info) as i64), words("enc=oaep"), number(3), number(4)]);
    expect(7, 6, [number(99), number(8), number(16), nothing()]);
    expect(8, 30, [number(99), number(8), number(16), number(4)]);
    expect(9, 18, [nothing(), nothing(), nothing(), nothing()]);
    expect(10, 99, [nothing(), nothing(), nothing(), nothing()]);
    expect(11, 1, [bytes([1]), nothing(), nothing(), nothing()]);
}
