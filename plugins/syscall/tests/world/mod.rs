//! A small made-up machine for tests of fields: a few processes, their descriptors, an interface, users.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::net::{IpAddr, Ipv4Addr};

use jiff::tz::TimeZone;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::{Event, EventBuilder};
use lanner_syscall::capture::{Fd, FdInfo, Group, InitialState, Interface, InterfaceAddr, L4Proto, Thread, User};
use lanner_syscall::fields::spec::Field;
use lanner_syscall::fields::{BufferFormat, Extractor, FieldArg, FieldId, Request, Seen, Sink, Want, resolve};
use lanner_syscall::state::table::DynValue;
use lanner_syscall::state::zstr::ZStr;
use lanner_syscall::state::{Limits, Mode, State};

/// Time of the first event.
pub const T0: u64 = 1_700_000_000_000_000_000;

/// State, extractor and the event that both have seen last.
pub struct World {
    pub state: State,
    pub extractor: Extractor,
    bytes: Vec<u8>,
    cpu: u32,
    ts: u64,
    container_field: usize,
}

/// What a sink has been given, as text.
#[derive(Default)]
pub struct Texts(pub Vec<String>);

impl<'a> Sink<'a> for Texts {
    fn put_u64(&mut self, value: u64) {
        self.0.push(value.to_string());
    }
    fn put_i64(&mut self, value: i64) {
        self.0.push(value.to_string());
    }
    fn put_f64(&mut self, value: f64) {
        self.0.push(value.to_string());
    }
    fn put_bool(&mut self, value: bool) {
        self.0.push(value.to_string());
    }
    fn put_text(&mut self, text: &[u8]) {
        self.0.push(String::from_utf8_lossy(text).into_owned());
    }
    fn put_cstr(&mut self, text_with_nul: &'a [u8]) {
        let text = text_with_nul.strip_suffix(b"\0").expect("a C string ends with NUL");
        self.put_text(text);
    }
    fn put_bytes(&mut self, bytes: &'a [u8]) {
        self.0.push(bytes.escape_ascii().to_string());
    }
    fn put_ip(&mut self, ip: IpAddr) {
        self.0.push(ip.to_string());
    }
}

/// Field and argument of `field[arg]` or `field.arg`.
pub fn split(name: &str) -> (FieldId, Option<&str>) {
    if let Some((field, rest)) = name.split_once('[') {
        return (FieldId::by_name(field).expect(name), Some(rest.trim_end_matches(']')));
    }
    if let Some(field) = FieldId::by_name(name) {
        return (field, None);
    }
    let mut dots = name.match_indices('.').rev();
    dots.find_map(|(at, _)| Some((FieldId::by_name(&name[..at])?, Some(&name[at + 1..])))).expect(name)
}

fn boxed(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// A process whose ids are all its number.
pub fn process(pid: i64, ptid: i64, comm: &str) -> Thread {
    Thread {
        tid: pid,
        pid,
        ptid,
        sid: pid,
        vpgid: pid,
        pgid: pid,
        vtid: pid,
        vpid: pid,
        comm: boxed(comm),
        exe: boxed(&format!("/bin/{comm}")),
        exepath: boxed(&format!("/usr/bin/{comm}")),
        cwd: boxed("/home/ann/"),
        fdlimit: 10,
        ..Thread::default()
    }
}

pub fn file(fd: i64, name: &str) -> Fd {
    Fd { fd, ino: 7, info: FdInfo::File { flags: 0, name: boxed(name), dev: 0xfe03 } }
}

pub fn other(fd: i64, ty: lanner_syscall::capture::FdType, name: &str) -> Fd {
    Fd { fd, ino: 0, info: FdInfo::Other { ty, name: boxed(name) } }
}

pub fn tcp(fd: i64, sip: [u8; 4], sport: u16, dip: [u8; 4], dport: u16) -> Fd {
    let (sip, dip) = (Ipv4Addr::from(sip), Ipv4Addr::from(dip));
    Fd { fd, ino: 0, info: FdInfo::V4 { sip, dip, sport, dport, l4: L4Proto::Tcp } }
}

pub fn listening(fd: i64, ip: [u8; 4], port: u16) -> Fd {
    Fd { fd, ino: 0, info: FdInfo::V4Server { ip: ip.into(), port, l4: L4Proto::Tcp } }
}

/// systemd(1) > sshd(100) > bash(200) > vim(300), the last with a second thread 301.
pub fn machine() -> InitialState {
    use lanner_syscall::capture::FdType;
    let mut systemd = process(1, 0, "systemd");
    systemd.env = boxed("WHO=pid1\0");
    let sshd = process(100, 1, "sshd");
    let mut bash = process(200, 100, "bash");
    bash.args = boxed("--login\0-i\0");
    bash.env = boxed("HOME=/home/ann\0HOMEDIR=no\0PAD=  x y  \0EMPTY=\0BLANK=   \0");
    let mut vim = process(300, 200, "vim");
    vim.args = boxed("-n\0a b\0file\0");
    vim.env = boxed("TERM=xterm\0");
    vim.cgroups = boxed("cpu=/user\0memory=/user/1\0");
    (vim.sid, vim.vpgid, vim.pgid) = (200, 300, 300);
    (vim.uid, vim.gid, vim.loginuid) = (1000, 100, 1000);
    (vim.vmsize_kb, vim.vmrss_kb) = (40, 20);
    vim.cap_effective = 0b101;
    vim.fds = vec![
        file(0, "/dev/pts/0"),
        file(1, "/dev/pts/0"),
        other(2, FdType::Fifo, "pipe:[9]"),
        file(3, "/home/ann/notes.txt"),
        other(4, FdType::Directory, "/home/ann"),
        tcp(5, [10, 0, 0, 1], 40000, [10, 0, 0, 2], 443),
        listening(6, [0, 0, 0, 0], 8080),
        file(7, "/dev/log"),
    ];
    let mut worker = process(301, 200, "vim");
    (worker.pid, worker.vpid, worker.flags) = (300, 300, 1 << 13 | 1);
    (worker.vmsize_kb, worker.vmrss_kb) = (40, 20);
    InitialState {
        interfaces: vec![Interface {
            name: boxed("eth0"),
            addr: InterfaceAddr::V4 {
                addr: Ipv4Addr::new(10, 0, 0, 1),
                mask: Ipv4Addr::new(255, 255, 255, 0),
                broadcast: Ipv4Addr::new(10, 0, 0, 255),
            },
            link_speed: 0,
        }],
        users: vec![User {
            uid: 1000,
            gid: 100,
            name: boxed("ann"),
            home: boxed("/home/ann"),
            shell: boxed("/bin/zsh"),
        }],
        groups: vec![Group { gid: 100, name: boxed("users") }],
        threads: vec![systemd, sshd, bash, vim, worker],
        ..InitialState::default()
    }
}

impl World {
    pub fn new() -> Self {
        Self::of(&machine())
    }

    pub fn of(machine: &InitialState) -> Self {
        let mut state = State::new(Mode::Capture, Limits::default());
        let container_field = state.thread_fields.add("container_id", 9).unwrap();
        state.load(machine);
        let extractor = Extractor::new(BufferFormat::Dots, TimeZone::UTC);
        let mut world = Self { state, extractor, bytes: Vec::new(), cpu: 0, ts: T0, container_field };
        world.event(EventType::GENERIC_X, 300, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
        world
    }

    /// The next event, a microsecond later.
    pub fn event(&mut self, code: EventType, tid: i64, params: &[&[u8]]) -> &mut Self {
        self.event_at(self.ts + 1000, 0, code, tid, params)
    }

    pub fn event_at(&mut self, ts: u64, cpu: u32, code: EventType, tid: i64, params: &[&[u8]]) -> &mut Self {
        let mut builder = EventBuilder::new();
        builder.begin(ts, tid, code, params.len());
        params.iter().for_each(|param| {
            builder.push(param);
        });
        self.bytes = builder.finish().unwrap().bytes().to_vec();
        (self.ts, self.cpu) = (ts, cpu);
        let event = Event::parse(&self.bytes).unwrap();
        self.state.on_event(&event, cpu, 1);
        self.extractor.next(&Seen { event, cpu, hidden: false });
        self
    }

    /// What the container plugin does.
    pub fn put_in_container(&mut self, tid: i64, id: &str) {
        let field = self.container_field;
        self.state.thread_mut(tid).unwrap().dynamic.set(field, DynValue::Text(ZStr::from(id)));
    }

    pub fn request(&mut self, name: &str, want: Want, ty: Option<u32>) -> Option<Vec<String>> {
        let (field, arg) = split(name);
        let info: &'static Field = field.info();
        let ty = ty.unwrap_or_else(|| resolve(info, arg).unwrap_or_else(|e| panic!("{name}: {e}")));
        let request = Request { field, arg: FieldArg::parse(info, arg), want, ty };
        let event = Event::parse(&self.bytes).unwrap();
        let mut out = Texts::default();
        let found =
            self.extractor.extract(&self.state, &Seen { event, cpu: self.cpu, hidden: false }, &request, &mut out);
        assert!(found || out.0.is_empty(), "{name}: a value without saying so");
        found.then_some(out.0)
    }

    /// The one value of a field as text; `None` if there is none.
    pub fn get(&mut self, name: &str) -> Option<String> {
        let mut values = self.request(name, Want::Scalar, None)?;
        assert_eq!(values.len(), 1, "{name}");
        values.pop()
    }

    /// All values of a field.
    pub fn all(&mut self, name: &str) -> Vec<String> {
        self.request(name, Want::All, None).unwrap_or_default()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Asserts one field after the other: `"name" => "value"`, or `=> none`.
#[macro_export]
macro_rules! assert_fields {
    ($world:expr; $($name:literal => $value:tt,)*) => {$(
        assert_eq!($world.get($name).as_deref(), assert_fields!(@ $value), "{}", $name);
    )*};
    (@ none) => { None };
    (@ $value:literal) => { Some($value) };
}
