//! Processes: what a script says of one, and what follows from that.

use lanner_syscall::capture::{Fd, FdInfo, Thread};
use lanner_syscall::state::flags::{ALL_CAPS, cl};

use super::{BOOT, HOUR, INIT_TID, START, World, descriptor};
use crate::error::ScriptError;
use crate::names;
use crate::read::{Fields, Node};

/// Capabilities of root in a container that is not privileged, as Docker and containerd leave them.
const CONTAINER_CAPS: u64 = 0xa804_25fb;
/// The kernel keeps this much of a command's name.
const COMM: usize = 15;
/// Inodes of executables that the script does not give one.
const FIRST_INO: u64 = 1_300_000;

/// What a script may say of a process, in the world and where a step makes or changes one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    exe: Option<String>,
    exepath: Option<String>,
    arg0: Option<String>,
    args: Option<Vec<String>>,
    name: Option<String>,
    user: Option<(u32, u32)>,
    group: Option<u32>,
    env: Option<Vec<String>>,
    pub(crate) cwd: Option<String>,
    root: Option<String>,
    pub(crate) tty: Option<u32>,
    /// Outer: whether the key is there; inner: `None` is the host.
    container: Option<Option<usize>>,
    loginuid: Option<u32>,
    pub(crate) sid: Option<i64>,
    pgid: Option<i64>,
    vpgid: Option<i64>,
    pub(crate) vpid: Option<i64>,
    caps: Option<u64>,
    exe_writable: Option<bool>,
    exe_upper_layer: Option<bool>,
    exe_lower_layer: Option<bool>,
    exe_from_memfd: Option<bool>,
    exe_ino: Option<u64>,
    exe_ctime: Option<u64>,
    exe_mtime: Option<u64>,
    fdlimit: Option<i64>,
}

/// Control groups of a process as a capture holds them; version 2 shows one path under every subsystem that is asked for.
pub(super) fn cgroups(path: &str) -> Vec<u8> {
    ["cpuset=/", "cpu=/", "cpuacct=/", "io=/"]
        .iter()
        .flat_map(|item| item.bytes().chain([0]))
        .chain(format!("memory={path}").into_bytes())
        .chain([0])
        .collect()
}

/// Texts one after the other, each with a NUL.
fn joined(texts: &[String]) -> Box<[u8]> {
    texts.iter().flat_map(|t| t.bytes().chain([0])).collect()
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
        fds: (0..=2).map(|fd| descriptor::file(fd, "/dev/null", FdFlags::RDWR)).collect(),
        ..Thread::default()
    }
}

pub(super) struct FdFlags;

impl FdFlags {
    pub(super) const RDWR: u32 = 3;
}

impl Spec {
    pub(crate) fn read(f: &Fields<'_>, world: &World, now: u64) -> Result<Self, ScriptError> {
        let container = f.read("container", |node| {
            let found = world.container(node)?;
            Ok(found.and_then(|c| world.containers.iter().position(|other| other.id == c.id)))
        })?;
        let before = |node: &Node<'_>| {
            if node.value.is_string() { Ok(now.saturating_sub(names::duration(node)?)) } else { node.number() }
        };
        Ok(Self {
            exe: f.text("exe")?,
            exepath: f.text("exepath")?,
            arg0: f.text("arg0")?,
            args: f.texts("args")?,
            name: f.text("name")?,
            user: f.read("user", |n| world.user(n))?,
            group: f.read("group", |n| world.group(n))?,
            env: f.read("env", read_env)?,
            cwd: f.text("cwd")?,
            root: f.text("root")?,
            tty: f.read("tty", read_tty)?,
            container,
            loginuid: f.read("loginuid", |n| Ok(world.user(n)?.0))?,
            sid: f.read("sid", |n| world.process(n))?,
            pgid: f.read("pgid", |n| world.process(n))?,
            vpgid: f.number("vpgid")?,
            vpid: f.number("vpid")?,
            caps: f.read("caps", names::capabilities)?,
            exe_writable: f.bool("exe_writable")?,
            exe_upper_layer: f.bool("exe_upper_layer")?,
            exe_lower_layer: f.bool("exe_lower_layer")?,
            exe_from_memfd: f.bool("exe_from_memfd")?,
            exe_ino: f.number("exe_ino")?,
            exe_ctime: f.read("exe_ctime", before)?,
            exe_mtime: f.read("exe_mtime", before)?,
            fdlimit: f.number("fdlimit")?,
        })
    }

    /// Whether a new program is started.
    pub(crate) fn starts_a_program(&self) -> bool {
        self.exe.is_some()
    }

    /// What is left of it for a child that starts its program later.
    pub(crate) fn without_program(&self) -> Self {
        if !self.starts_a_program() {
            return self.clone();
        }
        Self {
            user: self.user,
            group: self.group,
            container: self.container,
            loginuid: self.loginuid,
            caps: self.caps,
            ..Self::default()
        }
    }

    /// Changes a process to what the script says. What follows from it follows: the command's name from the
    /// executable, capabilities from the user.
    pub(crate) fn apply(&self, t: &mut Thread, world: &World) {
        if let Some(exe) = &self.exe {
            self.apply_exe(exe, t);
        }
        let set = |to: &mut Box<[u8]>, from: &Option<String>| {
            if let Some(text) = from {
                *to = bytes(text);
            }
        };
        set(&mut t.exepath, &self.exepath);
        set(&mut t.exe, &self.arg0);
        set(&mut t.comm, &self.name);
        set(&mut t.cwd, &self.cwd);
        set(&mut t.root, &self.root);
        t.comm = t.comm[..t.comm.len().min(COMM)].into();
        if let Some(args) = &self.args {
            t.args = joined(args);
        }
        if let Some(env) = &self.env {
            t.env = joined(env);
        }
        self.apply_owner(t, world);
        if let Some(tty) = self.tty {
            t.tty = tty;
        }
        for (to, from) in [
            (&mut t.exe_writable, self.exe_writable),
            (&mut t.exe_upper_layer, self.exe_upper_layer),
            (&mut t.exe_lower_layer, self.exe_lower_layer),
            (&mut t.exe_from_memfd, self.exe_from_memfd),
        ] {
            *to = from.unwrap_or(*to);
        }
        for (to, from) in [
            (&mut t.exe_ino, self.exe_ino),
            (&mut t.exe_ino_ctime, self.exe_ctime),
            (&mut t.exe_ino_mtime, self.exe_mtime),
        ] {
            *to = from.unwrap_or(*to);
        }
        for (to, from) in [
            (&mut t.pgid, self.pgid),
            (&mut t.vpgid, self.vpgid),
            (&mut t.sid, self.sid),
            (&mut t.fdlimit, self.fdlimit),
        ] {
            *to = from.unwrap_or(*to);
        }
    }

    fn apply_exe(&self, exe: &str, t: &mut Thread) {
        let memfd = exe.starts_with("memfd:");
        let path = if memfd || exe.contains('/') { exe.to_owned() } else { format!("/usr/bin/{exe}") };
        t.comm = bytes(path.rsplit(['/', ':']).next().unwrap_or(&path));
        (t.exe, t.exepath, t.args) = (bytes(exe), bytes(&path), Box::default());
        // A file of the system: nobody but its owner may change it, and it is as old as the machine.
        (t.exe_writable, t.exe_upper_layer, t.exe_lower_layer) = (false, false, false);
        t.exe_from_memfd = memfd;
        t.exe_ino = FIRST_INO + path.bytes().fold(7_u64, |h, b| (h * 31 + u64::from(b)) % 1_000_003);
        (t.exe_ino_ctime, t.exe_ino_mtime) = (BOOT - 30 * 24 * HOUR, BOOT - 30 * 24 * HOUR);
    }

    fn apply_owner(&self, t: &mut Thread, world: &World) {
        if let Some((uid, gid)) = self.user {
            (t.uid, t.gid) = (uid, gid);
        }
        t.gid = self.group.unwrap_or(t.gid);
        t.loginuid = self.loginuid.unwrap_or(t.loginuid);
        let mut privileged = t.cap_permitted == ALL_CAPS || t.uid != 0;
        if let Some(container) = self.container {
            let container = container.and_then(|at| world.containers.get(at));
            t.cgroups = container.map_or_else(|| cgroups("/system.slice/host.service"), |c| c.cgroups.clone()).into();
            t.pidns_init_start_ts = container.map_or(BOOT, |c| c.started);
            privileged = container.is_none_or(|c| c.privileged);
        } else if self.user.is_some() {
            privileged = world.container_of(t).is_none_or(|c| c.privileged);
        }
        if self.user.is_some() || self.container.is_some() {
            let caps = match (t.uid, privileged) {
                (0, true) => ALL_CAPS,
                (0, false) => CONTAINER_CAPS,
                _ => 0,
            };
            (t.cap_permitted, t.cap_effective) = (caps, caps);
        }
        if let Some(caps) = self.caps {
            (t.cap_permitted, t.cap_effective) = (caps, caps);
        }
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
            fds.push(descriptor::file(fd, &path, FdFlags::RDWR));
        }
    }
    fds.sort_by_key(|f| f.fd);
    // A descriptor that the script closes: `files: {0: null}`.
    fds.retain(|f| !matches!(&f.info, FdInfo::Other { ty: lanner_syscall::capture::FdType::Uninitialized, .. }));
    fds
}

/// A map of variables, or a list of NAME=value.
fn read_env(node: &Node<'_>) -> Result<Vec<String>, ScriptError> {
    if !node.value.is_object() {
        return node.one_or_list()?.iter().map(Node::text).collect();
    }
    let map = node.value.as_object().into_iter().flatten();
    map.map(|(key, value)| Ok(format!("{key}={}", Node::new(value, node.place.clone()).text()?))).collect()
}

/// A device number, or `pts/3`; true: the first pseudo terminal.
fn read_tty(node: &Node<'_>) -> Result<u32, ScriptError> {
    const PTS: u32 = 136 << 8;
    match node.value {
        serde_json::Value::Bool(false) => return Ok(0),
        serde_json::Value::Bool(true) => return Ok(PTS),
        _ => {}
    }
    let pts = node.value.as_str().and_then(|s| s.trim_start_matches("/dev/").strip_prefix("pts/")?.parse::<u8>().ok());
    pts.map_or_else(|| node.number(), |n| Ok(PTS + u32::from(n)))
}
