//! Events in, state out: each parser by events made for it.

mod clone;
mod creds;
mod exec;
mod exit;
mod export;
mod fds;
mod hostile;
mod load;
mod names;
mod open;
mod paths;
mod refresh;
mod sockets;

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::EventBuilder;

use super::flags::cl;
use super::{Limits, Mode, State, Thread};
use crate::capture;

/// A parameter.
#[derive(Clone)]
enum P {
    I64(i64),
    U64(u64),
    U32(u32),
    U16(u16),
    U8(u8),
    /// Text, with its NUL.
    S(&'static str),
    /// Bytes as they are.
    B(Vec<u8>),
    /// No value.
    N,
}

fn encode(builder: &mut EventBuilder, p: &P) {
    match p {
        P::I64(v) => builder.push(&v.to_le_bytes()),
        P::U64(v) => builder.push(&v.to_le_bytes()),
        P::U32(v) => builder.push(&v.to_le_bytes()),
        P::U16(v) => builder.push(&v.to_le_bytes()),
        P::U8(v) => builder.push(&[*v]),
        P::S(v) => builder.push_text(v.as_bytes()),
        P::B(v) => builder.push(v),
        P::N => builder.push(&[]),
    };
}

/// A state with its clock.
struct World {
    state: State,
    ts: u64,
}

const SECOND: u64 = 1_000_000_000;

impl World {
    fn new() -> World {
        World { state: State::new(Mode::Capture, Limits::default()), ts: 1_700_000_000 * SECOND }
    }

    /// A state with init (1) and a shell (100, parent 1) in /data.
    fn with_shell() -> World {
        let mut w = World::new();
        let process = |tid: i64, ptid: i64, comm: &str| capture::Thread {
            tid,
            pid: tid,
            ptid,
            vtid: tid,
            vpid: tid,
            sid: tid,
            vpgid: tid,
            pgid: tid,
            comm: comm.as_bytes().into(),
            exe: comm.as_bytes().into(),
            exepath: format!("/usr/bin/{comm}").into_bytes().into(),
            env: b"HOME=/root\0LANG=C\0"[..].into(),
            cwd: b"/data"[..].into(),
            uid: 1000,
            gid: 1000,
            ..capture::Thread::default()
        };
        let threads = vec![process(1, 0, "init"), process(100, 1, "bash")];
        w.state.load(&capture::InitialState { threads, ..capture::InitialState::default() });
        w
    }

    fn event(&mut self, tid: i64, code: T, params: &[P]) {
        self.ts += 1000;
        let mut builder = EventBuilder::new();
        builder.begin(self.ts, tid, code, params.len());
        params.iter().for_each(|p| encode(&mut builder, p));
        let event = builder.finish().expect("a well-made event");
        self.state.on_event(&event, 0, 1);
    }

    fn wait(&mut self, ns: u64) {
        self.ts += ns;
    }

    /// Any event, so that what the one before left to do gets done.
    fn tick(&mut self) {
        self.event(1, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
    }

    fn thread(&self, tid: i64) -> &Thread {
        self.state.thread(tid).expect("the thread is in the table")
    }

    fn fd_name(&self, tid: i64, fd: i64) -> Option<String> {
        let fd = self.state.fd_of(self.thread(tid), fd)?;
        Some(String::from_utf8_lossy(&fd.name()).into_owned())
    }

    fn clone_event(&mut self, tid: i64, result: i64, c: &Child) {
        let params = [
            P::I64(result),
            P::S(c.exe),
            P::B(c.args.to_vec()),
            P::I64(tid),
            P::I64(c.pid),
            P::I64(c.ptid),
            P::S(""),
            P::I64(1024),
            P::U64(1),
            P::U64(2),
            P::U32(30),
            P::U32(20),
            P::U32(10),
            P::S(c.comm),
            P::B(b"cpuset=/\0memory=/a\0io=/b\0".to_vec()),
            P::U32(c.flags),
            P::U32(1000),
            P::U32(1000),
            P::I64(c.vtid),
            P::I64(c.vpid),
            P::U64(7),
        ];
        self.event(tid, c.code, &params);
    }

    /// Both views of a fork: the caller's first.
    fn fork(&mut self, parent: i64, child: i64) {
        let c = Child::of(parent, child);
        self.clone_event(parent, child, &c);
        self.clone_event(child, 0, &c);
    }

    /// A new thread of process `pid`.
    fn spawn(&mut self, pid: i64, tid: i64) {
        let flags = cl::CLONE_THREAD | cl::CLONE_FILES;
        let ptid = self.thread(pid).ptid;
        let caller = Child { flags, pid, ptid, vtid: pid, vpid: pid, ..Child::of(pid, tid) };
        self.clone_event(pid, tid, &caller);
        self.clone_event(tid, 0, &Child { vtid: tid, ..caller });
    }

    fn exit(&mut self, tid: i64, reaper: i64) {
        self.event(tid, T::PROCEXIT_1_E, &[P::I64(0), P::I64(0), P::U8(0), P::U8(0), P::I64(reaper)]);
    }

    fn openat(&mut self, tid: i64, fd: i64, dirfd: i64, name: &'static str, flags: u32) {
        let params = [P::I64(fd), P::I64(dirfd), P::S(name), P::U32(flags), P::U32(0), P::U32(8), P::U64(4711)];
        self.event(tid, T::SYSCALL_OPENAT_2_X, &params);
    }

    fn close(&mut self, tid: i64, fd: i64) {
        self.event(tid, T::SYSCALL_CLOSE_X, &[P::I64(0), P::I64(fd)]);
    }

    fn exec(&mut self, tid: i64, change: impl FnOnce(&mut Vec<P>)) {
        let mut params = vec![
            P::I64(0),
            P::S("ls"),
            P::B(b"-l\0/tmp\0".to_vec()),
            P::I64(tid),
            P::I64(tid),
            P::I64(1),
            P::S(""),
            P::U64(4096),
            P::U64(3),
            P::U64(4),
            P::U32(300),
            P::U32(200),
            P::U32(100),
            P::S("ls"),
            P::B(b"cpuset=/\0".to_vec()),
            P::B(b"A=1\0B=2\0".to_vec()),
            P::U32(34816),
            P::I64(77),
            P::U32(1001),
            P::U32(1 | 2 | 8),
            P::U64(0),
            P::U64(5),
            P::U64(6),
            P::U64(123),
            P::U64(1_600_000_000 * SECOND),
            P::U64(1_500_000_000 * SECOND),
            P::U32(0),
            P::S("/usr/bin/ls"),
            P::I64(78),
            P::U32(50),
            P::S("/bin/ls"),
        ];
        change(&mut params);
        self.event(tid, T::SYSCALL_EXECVE_19_X, &params);
    }
}

/// What a clone event says.
struct Child {
    code: T,
    exe: &'static str,
    args: &'static [u8],
    comm: &'static str,
    pid: i64,
    ptid: i64,
    vtid: i64,
    vpid: i64,
    flags: u32,
}

impl Child {
    fn of(parent: i64, child: i64) -> Child {
        Child {
            code: T::SYSCALL_CLONE_20_X,
            exe: "bash",
            args: b"-x\0",
            comm: "bash",
            pid: child,
            ptid: parent,
            vtid: child,
            vpid: child,
            flags: 0,
        }
    }
}
