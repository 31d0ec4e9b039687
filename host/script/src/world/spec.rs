//! What a script says of a process, and what follows from that.

use lanner_syscall::capture::Thread;
use lanner_syscall::state::flags::ALL_CAPS;

use super::process::{FIRST_INO, cgroups};
use super::{BOOT, HOUR, World};
use crate::error::ScriptError;
use crate::names;
use crate::read::{Fields, Node};

/// Capabilities of root in a container that is not privileged, as Docker and containerd leave them.
const CONTAINER_CAPS: u64 = 0xa804_25fb;
/// The kernel keeps this much of a command's name.
const COMM: usize = 15;
/// How old executables are that the script gives no age.
const AGE: u64 = 30 * 24 * HOUR;

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
    pub(crate) loginuid: Option<u32>,
    pub(crate) sid: Option<i64>,
    pub(crate) pgid: Option<i64>,
    pub(crate) vpgid: Option<i64>,
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

/// Texts one after the other, each with a NUL.
fn joined(texts: &[String]) -> Box<[u8]> {
    texts.iter().flat_map(|t| t.bytes().chain([0])).collect()
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
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
            loginuid: f.read("loginuid", |n| if n.value == "none" { Ok(u32::MAX) } else { Ok(world.user(n)?.0) })?,
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

    /// Path by which the program is started; empty without one.
    pub(crate) fn program(&self) -> String {
        match &self.exe {
            Some(exe) if exe.starts_with("memfd:") || exe.contains('/') => exe.clone(),
            Some(exe) => format!("/usr/bin/{exe}"),
            None => String::new(),
        }
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
        let path = self.program();
        t.comm = bytes(path.rsplit(['/', ':']).next().unwrap_or(&path));
        (t.exe, t.exepath, t.args) = (bytes(exe), bytes(&path), Box::default());
        // A file of the system: nobody but its owner may change it, and it is as old as the machine.
        (t.exe_writable, t.exe_upper_layer, t.exe_lower_layer) = (false, false, false);
        t.exe_from_memfd = memfd;
        t.exe_ino = FIRST_INO + path.bytes().fold(7_u64, |h, b| (h * 31 + u64::from(b)) % 1_000_003);
        (t.exe_ino_ctime, t.exe_ino_mtime) = (BOOT - AGE, BOOT - AGE);
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
