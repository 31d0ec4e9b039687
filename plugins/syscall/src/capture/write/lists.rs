//! Entries of the lists.

use super::super::fd_type::FdType;
use super::super::initial::{Fd, FdInfo, Group, Interface, InterfaceAddr, L4Proto, Machine, Thread, User};
use super::super::lists::{MAX_ARGS, MAX_PATH, MAX_USER_TEXT};
use super::body::Body;

const HOSTNAME: usize = 128;

pub(super) fn machine(body: &mut Body, machine: &Machine) {
    body.u32(machine.cpus).u64(machine.memory).u64(machine.max_pid);
    // Ends with a NUL at least.
    let mut name = [0; HOSTNAME];
    let len = machine.hostname.len().min(HOSTNAME - 1);
    name[..len].copy_from_slice(&machine.hostname[..len]);
    body.bytes(&name).u64(machine.boot_ts);
    // Flags and two reserved words.
    body.u64(0).u64(0).u64(0);
}

pub(super) fn interface(body: &mut Body, interface: &Interface) {
    let name = &interface.name[..interface.name.len().min(usize::from(MAX_PATH) - 1)];
    // The only list whose lengths do not count themselves.
    body.entry(false, |body| {
        match interface.addr {
            InterfaceAddr::V4 { addr, mask, broadcast } => {
                body.u16(1).u16(name.len() as u16);
                [addr, mask, broadcast].iter().for_each(|a| _ = body.bytes(&a.octets()));
            }
            InterfaceAddr::V6 { addr, mask, broadcast } => {
                body.u16(2).u16(name.len() as u16);
                [addr, mask, broadcast].iter().for_each(|a| _ = body.bytes(&a.octets()));
            }
        }
        body.u64(interface.link_speed).bytes(name);
    });
}

pub(super) fn user(body: &mut Body, user: &User) {
    body.entry(true, |body| {
        body.u8(0).u32(user.uid).u32(user.gid);
        [&user.name, &user.home, &user.shell].iter().for_each(|text| _ = body.text(text, MAX_USER_TEXT));
    });
}

pub(super) fn group(body: &mut Body, group: &Group) {
    body.entry(true, |body| _ = body.u8(1).u32(group.gid).text(&group.name, MAX_USER_TEXT));
}

pub(super) fn thread(body: &mut Body, t: &Thread) {
    body.entry(true, |body| {
        body.i64(t.tid).i64(t.pid).i64(t.ptid).i64(t.sid).i64(t.vpgid);
        body.text(&t.comm, MAX_PATH).text(&t.exe, MAX_PATH).text(&t.exepath, MAX_PATH);
        body.text(&t.args, MAX_ARGS).text(&t.cwd, MAX_PATH).i64(t.fdlimit);
        body.u32(t.flags).u32(t.uid).u32(t.gid);
        body.u32(t.vmsize_kb).u32(t.vmrss_kb).u32(t.vmswap_kb).u64(t.pfmajor).u64(t.pfminor);
        body.text(&t.env, MAX_ARGS).i64(t.vtid).i64(t.vpid).text(&t.cgroups, MAX_ARGS).text(&t.root, MAX_PATH);
        body.u64(t.pidns_init_start_ts).u32(t.tty).u32(t.loginuid).u8(t.exe_writable.into());
        body.u64(t.cap_inheritable).u64(t.cap_permitted).u64(t.cap_effective).u8(t.exe_upper_layer.into());
        body.u64(t.exe_ino).u64(t.exe_ino_ctime).u64(t.exe_ino_mtime);
        body.u8(t.exe_from_memfd.into()).u8(t.exe_lower_layer.into()).i64(t.pgid);
    });
}

pub(super) fn descriptor(body: &mut Body, fd: &Fd) {
    const NAME: u16 = MAX_PATH - 1;
    // A type that was never set has no number that readers know.
    let ty = (fd.info.ty() as i8).max(FdType::Unknown as i8) as u8;
    let end = |body: &mut Body, sport: u16, dport: u16, l4: L4Proto| {
        body.u16(sport).u16(dport).u8(l4 as u8);
    };
    body.entry(true, |body| {
        body.i64(fd.fd).u64(fd.ino).u8(ty);
        match &fd.info {
            FdInfo::V4 { sip, dip, sport, dport, l4 } => {
                end(body.bytes(&sip.octets()).bytes(&dip.octets()), *sport, *dport, *l4);
            }
            FdInfo::V6 { sip, dip, sport, dport, l4 } => {
                end(body.bytes(&sip.octets()).bytes(&dip.octets()), *sport, *dport, *l4);
            }
            FdInfo::V4Server { ip, port, l4 } => _ = body.bytes(&ip.octets()).u16(*port).u8(*l4 as u8),
            FdInfo::V6Server { ip, port, l4 } => _ = body.bytes(&ip.octets()).u16(*port).u8(*l4 as u8),
            FdInfo::Unix { source, dest, name } => _ = body.u64(*source).u64(*dest).text(name, NAME),
            FdInfo::File { flags, name, dev } => _ = body.u32(*flags).text(name, NAME).u32(*dev),
            FdInfo::Other { ty: FdType::Unknown | FdType::Uninitialized, .. } => {}
            FdInfo::Other { name, .. } => _ = body.text(name, NAME),
        }
    });
}
