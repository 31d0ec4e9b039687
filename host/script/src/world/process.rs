//! Processes of the world.

use lanner_syscall::capture::{Fd, FdInfo, FdType, Thread};
use lanner_syscall::state::flags::{ALL_CAPS, cl};

use super::spec::Spec;
use super::{BOOT, HOUR, INIT_TID, START, World, descriptor};
use crate::error::ScriptError;
use crate::read::Node;

/// Inodes of executables that the script does not give one.
pub(super) const FIRST_INO: u64 = 1_300_000;

/// Control groups of a process as a capture holds them; version 2 shows one path under every subsystem that is asked for.
pub(super) fn cgroups(path: &str) -> Vec<u8> {
    ["cpuset=/", "cpu=/", "cpuacct=/", "io=/"]
        .iter()
        .flat_map(|item| item.bytes().chain([0]))
        .chain(format!("memory={path}").into_bytes())
        .chain([0])
        .collect()
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// The first process.
pub(super) fn init() -> Thread {
    Thread {
        tid: INIT_TID,
        pid: INIT_TID,
        ptid: 0,
        sid: INIT_TID,
        pgid: INIT_TID,
        vpgid: INIT_TID,
        vtid: INIT_TID,
        vpid: INIT_TID,
        comm: bytes("init"),
        exe: bytes("/sbin/init"),
        exepath: bytes("/sbin/init"),
        cwd: bytes("/"),
        root: bytes("/"),
        env: bytes("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\0"),
        cgroups: cgroups("/init.scope").into(),
        fdlimit: 1024,
        exe_ino: FIRST_INO,
        exe_ino_ctime: BOOT - 30 * 24 * HOUR,
        exe_ino_mtime: BOOT - 30 * 24 * HOUR,
        cap_permitted: ALL_CAPS,
        cap_effective: ALL_CAPS,
        pidns_init_start_ts: BOOT,
        vmsize_kb: 4096,
        vmrss_kb: 1024,
        fds: (0..=2).map(|fd| descriptor::file(fd, "/dev/null", descriptor::READ_WRITE)).collect(),
        ..Thread::default()
    }
}

impl World {
    /// The container that a thread's control groups belong to.
    pub(crate) fn container_of(&self, t: &Thread) -> Option<&super::Container> {
        self.containers.iter().find(|c| *c.cgroups == *t.cgroups)
    }

    /// The thread id that the next process of the same pid namespace sees for itself.
    pub(crate) fn next_vpid(&self, t: &Thread, others: impl Iterator<Item = i64>) -> i64 {
        match self.container_of(t) {
            Some(_) => others.max().unwrap_or(0) + 1,
            None => t.tid,
        }
    }

    pub(super) fn read_process(&mut self, node: &Node<'_>) -> Result<(), ScriptError> {
        let f = node.fields()?;
        let name = f.text("as")?;
        let spec = Spec::read(&f, self, START)?;
        let parent = f.given("parent").map(|p| self.process(&p)).transpose()?;
        let thread_of = f.given("thread_of").map(|p| self.process(&p)).transpose()?;
        let (tid, vtid) = (f.number::<i64>("pid")?, f.number("vtid")?);
        let fds = descriptor::read(&f)?;
        f.finish()?;
        if let Some(taken) = tid.filter(|tid| self.threads.iter().any(|t| t.tid == *tid)) {
            return Err(f.error(format!("pid {taken} is taken")));
        }
        let tid = tid.unwrap_or_else(|| self.free_tid());
        self.reserve(tid);
        let model = thread_of.or(parent).unwrap_or(INIT_TID);
        let Some(model) = self.threads.iter().find(|t| t.tid == model).cloned() else {
            return Err(f.error("the parent must stand before its child"));
        };
        let mut t = Thread { tid, fds: Vec::new(), ..model.clone() };
        if thread_of.is_some() {
            t.flags |= cl::CLONE_THREAD | cl::CLONE_FILES;
            spec.apply(&mut t, self);
            (t.vtid, t.vpid) = (vtid.unwrap_or(tid), model.vpid);
        } else {
            (t.pid, t.ptid, t.pgid) = (tid, model.tid, tid);
            if let Some(tty) = spec.tty.filter(|&tty| tty != model.tty && tty != 0) {
                // A terminal of its own: the session begins here, and someone logged in.
                (t.sid, t.tty) = (tid, tty);
            } else if model.tid == INIT_TID {
                t.sid = tid;
            }
            if spec.starts_a_program() && model.tid == INIT_TID {
                t.cgroups = cgroups("/system.slice/host.service").into();
            }
            spec.apply(&mut t, self);
            if t.tty != 0 && t.loginuid == u32::MAX && spec.loginuid.is_none() && self.container_of(&t).is_none() {
                t.loginuid = t.uid;
            }
            let others = self.threads.iter().filter(|o| o.cgroups == t.cgroups).map(|o| o.vtid);
            let vpid = spec.vpid.unwrap_or_else(|| self.next_vpid(&t, others));
            (t.vpid, t.vtid) = (vpid, vtid.unwrap_or(vpid));
            t.vpgid = spec.vpgid.unwrap_or(if spec.pgid.is_some() { t.pgid } else { vpid });
            t.fds = with_standard(fds, t.tty);
        }
        if let Some(name) = name.or_else(|| std::str::from_utf8(&t.comm).ok().map(str::to_owned)) {
            self.name(name, tid);
        }
        self.actor = tid;
        self.threads.push(t);
        Ok(())
    }
}

/// Standard input, output and error, unless the script gives them.
fn with_standard(mut fds: Vec<Fd>, tty: u32) -> Vec<Fd> {
    let path = match tty {
        0 => "/dev/null".to_owned(),
        // Pseudo terminals have major number 136 and on.
        tty if (136..144).contains(&(tty >> 8)) => format!("/dev/pts/{}", tty & 0xff),
        tty => format!("/dev/tty{}", tty & 0xff),
    };
    for fd in 0..=2 {
        if fds.iter().all(|f| f.fd != fd) {
            fds.push(descriptor::file(fd, &path, descriptor::READ_WRITE));
        }
    }
    fds.sort_by_key(|f| f.fd);
    // A descriptor that the script closes: `files: {0: null}`.
    fds.retain(|f| !matches!(&f.info, FdInfo::Other { ty: FdType::Uninitialized, .. }));
    fds
}
