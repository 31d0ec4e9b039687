//! Options of sockets, of quotas, of file systems.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] =
    &[("setsockopt", set), ("getsockopt", get), ("quotactl", quotas), ("fsconfig", mounts)];
const SOCKET: usize = SOL_SOCKET as usize;

/// A value with what says how it is written.
fn value(kind: core::primitive::u8, of: impl AsRef<[core::primitive::u8]>) -> Want {
    bytes([&[kind], of.as_ref()].concat())
}

fn set(w: &mut Watch) {
    let (on, time, linger) = (1_u32, [3_i64, 250_000], [1_u32, 9]);
    let name = *b"lo\0\0";
    let seen = w.perform(|c| {
        let fd = c.call(SYS_socket, &[AF_INET as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_setsockopt, &[fd, SOCKET, SO_REUSEADDR as usize, at(&on), 4]);
        c.call(SYS_setsockopt, &[fd, SOCKET, SO_RCVTIMEO as usize, at(&time), 16]);
        c.call(SYS_setsockopt, &[fd, SOCKET, 67, at(&time), 16]);
        c.call(SYS_setsockopt, &[fd, SOCKET, SO_LINGER as usize, at(&linger), 8]);
        c.call(SYS_setsockopt, &[fd, IPPROTO_TCP as usize, TCP_NODELAY as usize, at(&on), 4]);
        c.call(SYS_setsockopt, &[fd, IPPROTO_IP as usize, IP_TTL as usize, at(&on), 4]);
        c.call(SYS_setsockopt, &[999, SOCKET, SO_BINDTODEVICE as usize, at(&name), 4]);
        c.call(SYS_setsockopt, &[999, SOCKET, 59, at(&name), 3]);
    });
    let fd = || i64(seen.results[0]);
    let one = || 1_u32.to_le_bytes();
    let expect = |n: usize, fd: Want, level: u8, name: u8, value: Want, len: u32| {
        let wanted = [i64(seen.results[1 + n]), fd, self::u8(level), self::u8(name), value, self::u32(len)];
        seen.expect(T::SOCKET_SETSOCKOPT_X, n, &wanted);
    };
    assert_eq!(seen.results[1..7], [0; 6]);
    let ns = 3_250_000_000_u64.to_le_bytes();
    expect(0, fd(), 1, 2, value(2, one()), 4);
    expect(1, fd(), 1, 20, value(4, ns), 16);
    expect(2, fd(), 1, 21, value(4, ns), 16);
    expect(3, fd(), 1, 13, value(0, [1, 0, 0, 0, 9, 0, 0, 0]), 8);
    expect(4, fd(), 2, 0, value(0, one()), 4);
    expect(5, fd(), 0, 0, value(0, one()), 4);
    expect(6, i64(999), 1, 25, value(2, name), 4);
    expect(7, i64(999), 1, 51, value(0, &name[..3]), 3);
}

fn get(w: &mut Watch) {
    let (room, mut len) = ([0_u8; 16], [16_u32]);
    let seen = w.perform(|c| {
        let fd = c.call(SYS_socket, &[AF_INET as usize, SOCK_STREAM as usize, 0]) as usize;
        for option in [SO_ERROR, SO_TYPE, SO_COOKIE, SO_LINGER] {
            len = std::hint::black_box([16]);
            c.call(SYS_getsockopt, &[fd, SOCKET, option as usize, at(&room), at(&len)]);
        }
        len = std::hint::black_box([4]);
        c.call(SYS_getsockopt, &[fd, SOCKET, 999, at(&room), at(&len)]);
        c.call(SYS_getsockopt, &[999, IPPROTO_TCP as usize, 1, 8, 8]);
    });
    let fd = || i64(seen.results[0]);
    assert_eq!(seen.results[1..5], [0; 4]);
    seen.expect(T::SOCKET_GETSOCKOPT_X, 0, &[i64(0), fd(), u8(1), u8(4), value(1, [0; 8]), u32(4)]);
    seen.expect(T::SOCKET_GETSOCKOPT_X, 1, &[i64(0), fd(), u8(1), u8(3), value(2, [1, 0, 0, 0]), u32(4)]);
    let cookie = Want::Is("a cookie", |b| b.len() == 9 && b[0] == 3 && b[1..].iter().any(|&b| b != 0));
    seen.expect(T::SOCKET_GETSOCKOPT_X, 2, &[i64(0), fd(), u8(1), u8(53), cookie, u32(8)]);
    seen.expect(T::SOCKET_GETSOCKOPT_X, 3, &[i64(0), fd(), u8(1), u8(13), value(0, [0; 8]), u32(8)]);
    assert!(seen.results[5] < 0);
    seen.expect(T::SOCKET_GETSOCKOPT_X, 4, &[i64(seen.results[5]), fd(), u8(1), u8(0), value(0, [0; 4]), u32(4)]);
    seen.expect(T::SOCKET_GETSOCKOPT_X, 5, &[error(EBADF), i64(999), u8(2), u8(0), value(0, []), u32(0)]);
}

/// Parameters of quotactl that a case names; all others are 0 or empty.
#[derive(Default)]
struct Quota<'a> {
    result: i64,
    special: &'a str,
    file: Option<&'a str>,
    limits: [core::primitive::u64; 7],
    grace: [core::primitive::u64; 2],
    flags: core::primitive::u8,
    format_out: Option<core::primitive::u8>,
    command: core::primitive::u16,
    kind: core::primitive::u8,
    id: core::primitive::u32,
    format: Option<core::primitive::u8>,
}

impl Quota<'_> {
    fn wants(self) -> Vec<Want> {
        let mut wanted = vec![i64(self.result), text(self.special), self.file.map_or_else(empty, text)];
        wanted.extend(self.limits.into_iter().chain(self.grace).map(u64));
        wanted.extend([u8(self.flags), u8(self.format_out.unwrap_or(1)), u16(self.command), u8(self.kind)]);
        wanted.extend([u32(self.id), u8(self.format.unwrap_or(1))]);
        wanted
    }
}

fn quotas(w: &mut Watch) {
    let command = |command: usize, kind: usize| command << 8 | kind;
    // hard and soft limit of blocks, space, the same of inodes, inodes, times of both, and which of them count
    let all = [11_u64, 12, 13, 14, 15, 16, 17, 18, 0x3f];
    let few = [11_u64, 12, 13, 14, 15, 16, 17, 18, 2 | 32];
    let info = [21_u64, 22, 2 | 7 << 32];
    let (format, device) = ([4_u32], c"/dev/absent");
    let seen = w.perform(|c| {
        let (device, file) = (at(device), at(c"/absent/quota"));
        c.call(SYS_quotactl, &[command(0x80_0002, 0), device, 2, file]);
        c.call(SYS_quotactl, &[command(0x80_0008, 1), device, 1000, at(&all)]);
        c.call(SYS_quotactl, &[command(0x80_0007, 0), device, 1001, at(&few)]);
        c.call(SYS_quotactl, &[command(0x80_0006, 7), device, 5, at(&info)]);
        c.call(SYS_quotactl, &[command(0x80_0004, 0), device, 5, at(&format)]);
        c.call(SYS_quotactl, &[command(0x5807, 0), device, 5, 0]);
        c.call(SYS_quotactl, &[command(0x5804, 1), device, 6, 0]);
        c.call(SYS_quotactl, &[command(0x80_0001, 0), 0, 0, 0]);
    });
    let expect = |n: usize, quota: Quota<'_>| {
        let quota = Quota { result: seen.results[n], special: "/dev/absent", ..quota };
        seen.expect(T::SYSCALL_QUOTACTL_X, n, &quota.wants());
    };
    let file = Some("/absent/quota");
    expect(0, Quota { file, command: 1, kind: 1, format: Some(4), ..Quota::default() });
    let limits = [11, 12, 13, 14, 15, 17, 18];
    expect(1, Quota { limits, command: 64, kind: 2, id: 1000, ..Quota::default() });
    let limits = [0, 0, 13, 0, 0, 0, 18];
    expect(2, Quota { limits, command: 32, kind: 1, id: 1001, ..Quota::default() });
    expect(3, Quota { grace: [21, 22], flags: 2, command: 16, ..Quota::default() });
    expect(4, Quota { format_out: Some(8), command: 4, kind: 1, ..Quota::default() });
    expect(5, Quota { command: 1 << 14, kind: 1, ..Quota::default() });
    expect(6, Quota { command: 1 << 11, kind: 2, id: 6, ..Quota::default() });
    let mut synced = Quota { result: seen.results[7], command: 128, kind: 1, ..Quota::default() }.wants();
    synced[1] = empty();
    seen.expect(T::SYSCALL_QUOTACTL_X, 7, &synced);
}

fn mounts(w: &mut Watch) {
    let seen = w.perform(|c| {
        let fs = c.call(SYS_fsopen, &[at(c"tmpfs"), 0]) as usize;
        c.call(SYS_fsconfig, &[fs, 1, at(c"size"), at(c"4k"), 0]);
        c.call(SYS_fsconfig, &[fs, 0, at(c"ro"), 0, 0]);
        c.call(SYS_fsconfig, &[fs, 2, at(c"blob"), at(&[7_u8; 9]), 9]);
        c.call(SYS_fsconfig, &[999, 6, 0, 0, 5]);
    });
    let fs = || i64(seen.results[0]);
    assert_eq!(seen.results[1..3], [0, 0]);
    seen.expect(T::SYSCALL_FSCONFIG_X, 0, &[i64(0), fs(), u32(1), text("size"), empty(), text("4k"), i32(0)]);
    seen.expect(T::SYSCALL_FSCONFIG_X, 1, &[i64(0), fs(), u32(0), text("ro"), empty(), empty(), i32(0)]);
    let refused = [i64(seen.results[3]), fs(), u32(2), text("blob"), empty(), empty(), i32(9)];
    assert!(seen.results[3] < 0);
    seen.expect(T::SYSCALL_FSCONFIG_X, 2, &refused);
    seen.expect(T::SYSCALL_FSCONFIG_X, 3, &[i64(seen.results[4]), i64(999), u32(6), empty(), empty(), empty(), i32(5)]);
}
