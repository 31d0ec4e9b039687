//! The state as the head of a capture lists it: the reverse of [`State::load`].
//!
//! The format has no place for some of what the state knows: times of clone and exec, paths as programs passed them,
//! which end of an IPv6 connection is the server. A replay then knows as much as a scan of `/proc` would have told.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::fd::{Fd, FdType};
use super::flags::cl;
use super::thread::Thread;
use super::{Cgroups, State};
use crate::capture::{self, FdInfo};

impl State {
    /// Lets go of what the last event closed or ended, as the next event would.
    pub(crate) fn settle(&mut self) {
        self.finish_pending(self.current.ts);
    }

    /// Threads that are more than a number, without their descriptors.
    pub(crate) fn export_threads(&self) -> impl Iterator<Item = capture::Thread> {
        self.threads.iter().map(|(_, t)| t).filter(|t| !t.is_invalid()).map(thread)
    }

    /// A thread as the list would name it, with what it shares with its process filled in; without descriptors.
    #[must_use]
    pub fn listed(&self, tid: i64) -> Option<capture::Thread> {
        let t = self.thread(tid)?;
        let (env, cwd) = (self.env(t).as_bytes().into(), self.cwd(t).as_bytes().into());
        Some(capture::Thread { env, cwd, ..thread(t) })
    }

    /// Threads with descriptors of their own, and what those refer to.
    pub(crate) fn export_fds(&self) -> impl Iterator<Item = (i64, impl Iterator<Item = capture::Fd>)> {
        let ports: BTreeSet<u16> = self
            .threads
            .iter()
            .flat_map(|(_, t)| self.fds.iter(t.fds))
            .filter(|(_, fd)| matches!(fd.ty, FdType::Ipv4ServSock | FdType::Ipv6ServSock))
            .map(|(_, fd)| fd.sock.dport)
            .collect();
        let ports = std::rc::Rc::new(ports);
        self.threads.iter().filter(|(_, t)| !t.is_invalid() && self.fds.len(t.fds) > 0).map(move |(_, t)| {
            let ports = std::rc::Rc::clone(&ports);
            let fds = self.fds.iter(t.fds);
            (t.tid, fds.map(move |(number, fd)| capture::Fd { fd: number, ino: fd.ino, info: info(fd, &ports) }))
        })
    }

    /// Users of the machine itself.
    pub(crate) fn export_users(&self) -> Vec<capture::User> {
        let own = self.users.iter_users().filter(|(container, _)| container.is_empty());
        let mut users: Vec<_> = own
            .map(|(_, u)| capture::User {
                uid: u.uid,
                gid: u.gid,
                name: u.name.as_bytes().into(),
                home: u.home.as_bytes().into(),
                shell: u.shell.as_bytes().into(),
            })
            .collect();
        users.sort_by_key(|user| user.uid);
        users
    }

    /// Groups of the machine itself.
    pub(crate) fn export_groups(&self) -> Vec<capture::Group> {
        let own = self.users.iter_groups().filter(|(container, _)| container.is_empty());
        let mut groups: Vec<_> =
            own.map(|(_, g)| capture::Group { gid: g.gid, name: g.name.as_bytes().into() }).collect();
        groups.sort_by_key(|group| group.gid);
        groups
    }
}

fn thread(t: &Thread) -> capture::Thread {
    capture::Thread {
        tid: t.tid,
        pid: t.pid,
        ptid: t.ptid,
        sid: t.sid,
        vpgid: t.vpgid,
        pgid: t.pgid,
        vtid: t.vtid,
        vpid: t.vpid,
        comm: t.comm.as_bytes().into(),
        exe: t.exe.as_bytes().into(),
        exepath: t.exepath.as_bytes().into(),
        args: t.args.as_bytes().into(),
        env: t.env.as_bytes().into(),
        cwd: directory(t.cwd.as_bytes()).into(),
        root: t.root.as_bytes().into(),
        cgroups: cgroups(&t.cgroups),
        fdlimit: t.fdlimit,
        // A reader counts whom it finds in the list as alive.
        flags: t.flags & !cl::CLOSED,
        uid: t.uid,
        gid: t.gid,
        loginuid: t.loginuid,
        tty: t.tty,
        vmsize_kb: t.vmsize_kb,
        vmrss_kb: t.vmrss_kb,
        vmswap_kb: t.vmswap_kb,
        pfmajor: t.pfmajor,
        pfminor: t.pfminor,
        pidns_init_start_ts: t.pidns_init_start_ts,
        exe_writable: t.exe_writable,
        exe_upper_layer: t.exe_upper_layer,
        exe_lower_layer: t.exe_lower_layer,
        exe_from_memfd: t.exe_from_memfd,
        exe_ino: t.exe_ino,
        exe_ino_ctime: t.exe_ino_ctime,
        exe_ino_mtime: t.exe_ino_mtime,
        cap_inheritable: t.cap_inheritable,
        cap_permitted: t.cap_permitted,
        cap_effective: t.cap_effective,
        fds: Vec::new(),
    }
}

/// A working directory as `/proc` gives it: without the '/' at its end.
fn directory(path: &[u8]) -> &[u8] {
    match path.strip_suffix(b"/") {
        Some(short) if !short.is_empty() => short,
        _ => path,
    }
}

/// `subsystem=path`, NUL-separated.
fn cgroups(groups: &Cgroups) -> Box<[u8]> {
    let mut out = Vec::with_capacity(groups.len());
    for (subsystem, path) in groups.pairs() {
        out.extend_from_slice(subsystem.strip_suffix(b"\0").unwrap_or(subsystem));
        out.push(b'=');
        out.extend_from_slice(path);
    }
    out.into()
}

/// What a descriptor refers to. A scan lists connections from this machine's end; readers turn round those that come in
/// at a port on which something listens.
fn info(fd: &Fd, listening: &BTreeSet<u16>) -> FdInfo {
    let sock = &fd.sock;
    let name = || fd.name().into();
    match fd.ty {
        FdType::Ipv4Sock => {
            let mut sock = *sock;
            if fd.is_server() && listening.contains(&sock.dport) {
                sock.swap();
            }
            let (sip, dip) = (Ipv4Addr::from(sock.src4()), Ipv4Addr::from(sock.dst4()));
            FdInfo::V4 { sip, dip, sport: sock.sport, dport: sock.dport, l4: sock.l4 }
        }
        FdType::Ipv6Sock => {
            let (sip, dip) = (Ipv6Addr::from(sock.src), Ipv6Addr::from(sock.dst));
            FdInfo::V6 { sip, dip, sport: sock.sport, dport: sock.dport, l4: sock.l4 }
        }
        FdType::Ipv4ServSock => FdInfo::V4Server { ip: sock.dst4().into(), port: sock.dport, l4: sock.l4 },
        FdType::Ipv6ServSock => FdInfo::V6Server { ip: sock.dst.into(), port: sock.dport, l4: sock.l4 },
        FdType::UnixSock => FdInfo::Unix { source: sock.unix_src(), dest: sock.unix_dst(), name: name() },
        FdType::FileV2 => FdInfo::File { flags: fd.openflags, name: name(), dev: fd.dev },
        ty => FdInfo::Other { ty, name: name() },
    }
}
