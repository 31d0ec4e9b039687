//! Taking over what was known before the first event.

use super::fd::{Fd, FdType, L4Proto, Made, Naming, Sock};
use super::flags::{cl, fdf};
use super::thread::Thread;
use super::zstr::{ZList, ZStr};
use super::{Mode, State, names, path};
use crate::capture;

impl State {
    /// Forgets all threads and interfaces and takes over these lists. Users and groups are kept and completed.
    pub fn load(&mut self, initial: &capture::InitialState) {
        self.clear();
        // Falco leaves the recorded boot time out of account when it replays: start times of pid namespaces are then
        // times since boot. Rules compare them with each other, so a replay must show the same.
        self.boot_ts = match self.mode {
            Mode::Capture => 0,
            Mode::Live => initial.machine.as_ref().map_or(0, |m| m.boot_ts),
        };
        self.interfaces.import(&initial.interfaces);
        self.users.add_listed(&initial.users, &initial.groups);
        for entry in &initial.threads {
            let thread = self.thread_of(entry);
            if let Some(slot) = self.put(thread) {
                entry.fds.iter().for_each(|fd| self.put_scanned_fd(slot, fd));
            }
        }
        let all: Vec<_> = self.threads.iter().map(|(slot, _)| slot).collect();
        for &slot in &all {
            self.link(slot);
        }
        for &slot in &all {
            self.orient_sockets(slot);
        }
    }

    pub(super) fn thread_of(&mut self, e: &capture::Thread) -> Thread {
        let mut t = Thread::new(e.tid);
        (t.pid, t.ptid, t.sid, t.vpgid, t.pgid) = (e.pid, e.ptid, e.sid, e.vpgid, e.pgid);
        (t.vtid, t.vpid) = (e.vtid, e.vpid);
        t.comm = self.programs.until_nul(&e.comm);
        t.exe = ZStr::new(&e.exe);
        t.exepath = self.programs.get(exepath(&e.exepath));
        t.args = ZList::new(&e.args);
        if t.is_main_thread() {
            t.env = ZList::new(&e.env);
            t.cwd = cwd(b"", &e.cwd, &mut self.scratch);
        }
        t.flags |= e.flags | cl::ACTIVE;
        t.fdlimit = e.fdlimit;
        (t.uid, t.gid, t.loginuid, t.tty) = (e.uid, e.gid, e.loginuid, e.tty);
        (t.cap_inheritable, t.cap_permitted, t.cap_effective) = (e.cap_inheritable, e.cap_permitted, e.cap_effective);
        (t.exe_ino, t.exe_ino_ctime, t.exe_ino_mtime) = (e.exe_ino, e.exe_ino_ctime, e.exe_ino_mtime);
        (t.exe_writable, t.exe_from_memfd) = (e.exe_writable, e.exe_from_memfd);
        (t.exe_upper_layer, t.exe_lower_layer) = (e.exe_upper_layer, e.exe_lower_layer);
        (t.vmsize_kb, t.vmrss_kb, t.vmswap_kb) = (e.vmsize_kb, e.vmrss_kb, e.vmswap_kb);
        (t.pfmajor, t.pfminor) = (e.pfmajor, e.pfminor);
        t.pidns_init_start_ts = e.pidns_init_start_ts;
        t.cgroups = self.cgroups.get(&e.cgroups).unwrap_or_default();
        t.root = ZStr::new(&e.root);
        t
    }

    pub(super) fn put_scanned_fd(&mut self, slot: super::Slot, entry: &capture::Fd) {
        let mut fd = scanned_fd(entry);
        match fd.ty {
            FdType::Ipv4Sock | FdType::Ipv6Sock => {
                if fd.sock.l4 == L4Proto::Tcp {
                    fd.flags |= fdf::CONNECTED;
                }
                if fd.ty == FdType::Ipv4Sock {
                    self.interfaces.complete(&mut fd);
                }
            }
            FdType::Ipv4ServSock | FdType::Ipv6ServSock => drop(self.server_ports.insert(fd.sock.dport)),
            FdType::UnixSock if !fd.has_name() => fd.flags |= fdf::ROLE_CLIENT,
            FdType::UnixSock => fd.flags |= fdf::ROLE_SERVER,
            _ => {}
        }
        if fd.made_by(Naming::Scanned) != Made::Text {
            fd.naming = Naming::Scanned;
        }
        let t = self.threads.at_mut(slot);
        self.fds.add(&mut t.fds, &mut t.fds_inherited, entry.fd, fd);
    }

    /// Established IPv4 connections whose own port is one that something listens on are seen from the server's side.
    pub(super) fn orient_sockets(&mut self, slot: super::Slot) {
        let t = self.threads.at_mut(slot);
        let ports = &self.server_ports;
        self.fds.update_where(
            &mut t.fds,
            &mut t.fds_inherited,
            |_| true,
            |fd| {
                if fd.ty != FdType::Ipv4Sock {
                    return;
                }
                if !ports.contains(&fd.sock.sport) {
                    fd.flags |= fdf::ROLE_CLIENT;
                    return;
                }
                fd.sock.swap();
                fd.rename(Naming::Scanned, ZStr::EMPTY);
                fd.flags |= fdf::ROLE_SERVER;
            },
        );
    }
}

/// Path of an executable without the kernel's mark for a removed file.
pub(crate) fn exepath(path: &[u8]) -> &[u8] {
    let path = &path[..memchr::memchr(0, path).unwrap_or(path.len())];
    match path.strip_suffix(b" (deleted)") {
        Some(short) if !short.is_empty() => short,
        _ => path,
    }
}

/// A working directory as it is kept: normalised, with '/' at its end.
pub(crate) fn cwd(base: &[u8], dir: &[u8], scratch: &mut Vec<u8>) -> ZStr {
    write_cwd(base, dir, scratch);
    ZStr::new(scratch)
}

/// Writes that directory.
pub(crate) fn write_cwd(base: &[u8], dir: &[u8], scratch: &mut Vec<u8>) {
    path::join(base, dir, scratch);
    if scratch.last() != Some(&b'/') {
        scratch.push(b'/');
    }
}

pub(super) fn scanned_fd(entry: &capture::Fd) -> Fd {
    use capture::FdInfo as Info;
    let ty = entry.info.ty();
    let mut fd = Fd { ino: entry.ino, flags: fdf::FROM_PROC, ..Fd::new(ty) };
    match &entry.info {
        Info::V4 { sip, dip, sport, dport, l4 } => {
            fd.sock = sock(Sock::from4(sip.octets()), *sport, Sock::from4(dip.octets()), *dport, *l4);
        }
        Info::V6 { sip, dip, sport, dport, l4 } => match names::mapped(sip).zip(names::mapped(dip)) {
            Some((s, d)) => {
                fd.ty = FdType::Ipv4Sock;
                fd.sock = sock(Sock::from4(s.octets()), *sport, Sock::from4(d.octets()), *dport, *l4);
            }
            None => fd.sock = sock(sip.octets(), *sport, dip.octets(), *dport, *l4),
        },
        Info::V4Server { ip, port, l4 } => fd.sock = sock([0; 16], 0, Sock::from4(ip.octets()), *port, *l4),
        Info::V6Server { ip, port, l4 } => fd.sock = sock([0; 16], 0, ip.octets(), *port, *l4),
        Info::Unix { source, dest, name } => {
            (fd.sock.src, fd.sock.dst) = (Sock::from_unix(*source), Sock::from_unix(*dest));
            fd.text = ZStr::new(name);
        }
        Info::File { flags, name, dev } => {
            (fd.openflags, fd.dev, fd.text) = (*flags, *dev, ZStr::new(name));
        }
        Info::Other { name, .. } => fd.text = ZStr::new(name),
    }
    fd
}

fn sock(src: [u8; 16], sport: u16, dst: [u8; 16], dport: u16, l4: capture::L4Proto) -> Sock {
    Sock { src, dst, sport, dport, l4 }
}
