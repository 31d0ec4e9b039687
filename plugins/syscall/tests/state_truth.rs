//! The state against what Falco printed: every event of every recorded capture, field by field.
//!
//! Only values that come from the state as they are; the fields themselves have their own test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use lanner_plugin_api::raw::EventMeta;
use lanner_plugin_api::schema::EventFlags;
use lanner_plugin_api::wire::Event;
use lanner_syscall::capture::{CaptureReader, Step};
use lanner_syscall::state::fd::{Fd, FdType, L4Proto};
use lanner_syscall::state::zstr::ZStr;
use lanner_syscall::state::{Limits, Mode, State, Thread};
use serde_json::{Map, Value, json};

fn shared() -> Option<PathBuf> {
    let dir = match std::env::var_os("LANNER_SHARED") {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    dir.is_dir().then_some(dir)
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn id(n: i64) -> Value {
    if (-1..=i64::from(u32::MAX)).contains(&n) { n.into() } else { Value::Null }
}

fn known(n: i64) -> Value {
    if n == -1 { Value::Null } else { n.into() }
}

fn time(ns: u64) -> Value {
    if ns == 0 { Value::Null } else { ns.into() }
}

fn comm(t: Option<&Thread>) -> Value {
    t.map_or("".into(), |t| text(t.comm.as_bytes()))
}

fn of<'a>(t: Option<&'a Thread>, get: impl Fn(&'a Thread) -> Value) -> Value {
    t.map_or(Value::Null, get)
}

/// Fields of the event's thread.
fn thread_fields(state: &State, t: &Thread, out: &mut Vec<(&'static str, Value)>) {
    let s = |z: &ZStr| text(z.as_bytes());
    let main = state.main_thread(t);
    let parent = state.ancestor(t, 1);
    let joined = |list: &lanner_syscall::state::zstr::ZList| text(&list.iter().collect::<Vec<_>>().join(&b' '));
    out.extend([
        ("proc.name", s(&t.comm)),
        ("proc.exe", s(&t.exe)),
        ("proc.exepath", s(&t.exepath)),
        ("proc.cmdline", s(t.cmdline())),
        ("proc.args", joined(&t.args)),
        ("proc.env", joined(state.env(t))),
        ("proc.cwd", s(state.cwd(t))),
        ("proc.pid", id(t.pid)),
        ("thread.tid", id(t.tid)),
        ("thread.vtid", known(t.vtid)),
        ("proc.vpid", known(t.vpid)),
        ("proc.sid", t.sid.into()),
        ("proc.vpgid", t.vpgid.into()),
        ("proc.pgid", t.pgid.into()),
        ("proc.tty", t.tty.into()),
        ("proc.ppid", of(parent, |p| id(p.pid))),
        ("proc.pname", of(parent, |p| s(&p.comm))),
        ("proc.pexe", of(parent, |p| s(&p.exe))),
        ("proc.pexepath", of(parent, |p| s(&p.exepath))),
        ("proc.pcmdline", of(parent, |p| s(p.cmdline()))),
        ("proc.pvpid", of(state.thread(t.ptid), |p| p.vpid.into())),
        ("proc.aname[2]", of(state.ancestor(t, 2), |p| s(&p.comm))),
        ("proc.aname[3]", of(state.ancestor(t, 3), |p| s(&p.comm))),
        ("proc.aname[4]", of(state.ancestor(t, 4), |p| s(&p.comm))),
        ("proc.apid[0]", of(main, |p| id(p.pid))),
        ("proc.apid[1]", of(parent, |p| id(p.pid))),
        ("proc.apid[2]", of(state.ancestor(t, 2), |p| id(p.pid))),
        ("proc.aexepath[2]", of(state.ancestor(t, 2), |p| s(&p.exepath))),
        ("proc.sname", comm(state.leader(t, |t| t.sid, true))),
        ("proc.vpgid.name", comm(state.leader_of_group(t))),
        ("proc.pgid.name", comm(state.leader(t, |t| t.pgid, false))),
        ("proc.fdopencount", state.fd_count(t).into()),
        ("proc.fdlimit", state.fd_limit(t).into()),
        ("proc.nthreads", state.thread_count(t).into()),
        ("proc.nchilds", state.other_thread_count(t).into()),
        ("thread.ismain", t.is_main_thread().into()),
        ("proc.is_exe_writable", t.exe_writable.into()),
        ("proc.is_exe_upper_layer", t.exe_upper_layer.into()),
        ("proc.is_exe_lower_layer", t.exe_lower_layer.into()),
        ("proc.is_exe_from_memfd", t.exe_from_memfd.into()),
        ("proc.exe_ino", time(t.exe_ino)),
        ("proc.exe_ino.ctime", time(t.exe_ino_ctime)),
        ("proc.exe_ino.mtime", time(t.exe_ino_mtime)),
        ("proc.pid.ts", time(t.clone_ts)),
        ("proc.pidns_init_start_ts", time(t.pidns_init_start_ts)),
        ("thread.vmsize", if t.is_main_thread() { t.vmsize_kb } else { 0 }.into()),
        ("thread.vmrss", if t.is_main_thread() { t.vmrss_kb } else { 0 }.into()),
        ("proc.vmsize", t.vmsize_kb.into()),
        ("proc.vmswap", t.vmswap_kb.into()),
        ("thread.pfmajor", t.pfmajor.into()),
        ("thread.pfminor", t.pfminor.into()),
        ("thread.cgroup.memory", t.cgroups.path(b"memory").map_or(Value::Null, |p| text(&p[..p.len() - 1]))),
        ("user.uid", t.uid.into()),
        ("group.gid", t.gid.into()),
        ("user.loginuid", if t.loginuid < u32::MAX { t.loginuid.into() } else { (-1).into() }),
    ]);
    let groups: Vec<u8> = t
        .cgroups
        .pairs()
        .map(|(sub, path)| [&sub[..sub.len() - 1], b"=", &path[..path.len() - 1]].concat())
        .collect::<Vec<_>>()
        .join(&b' ');
    out.push(("thread.cgroups", if groups.is_empty() { Value::Null } else { text(&groups) }));
    for (n, name, ty) in [
        (0, "proc.stdin.name", "proc.stdin.type"),
        (1, "proc.stdout.name", "proc.stdout.type"),
        (2, "proc.stderr.name", "proc.stderr.type"),
    ] {
        let fd = state.fd_of(t, n);
        out.push((name, fd.map_or(Value::Null, |fd| text(&fd.name()))));
        out.push((ty, fd.map_or(Value::Null, |fd| word(fd.ty))));
    }
}

fn word(ty: FdType) -> Value {
    let w = ty.word_with_nul();
    text(&w[..w.len() - 1])
}

fn address(fd: &Fd, ip: [u8; 16]) -> Value {
    match fd.ty {
        FdType::Ipv4Sock | FdType::Ipv4ServSock => {
            json!(std::net::Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3]).to_string())
        }
        _ => json!(std::net::Ipv6Addr::from(ip).to_string()),
    }
}

/// Fields of the event's descriptor.
fn fd_fields(state: &State, t: &Thread, fd: &Fd, out: &mut Vec<(&'static str, Value)>) {
    let name = text(&fd.name());
    let files = fd.is_file() || fd.ty == FdType::Directory;
    out.extend([
        ("fd.num", t.last_fd.into()),
        ("fd.name", name),
        ("fd.type", word(fd.ty)),
        ("fd.typechar", text(&[fd.ty.letter()])),
        ("fd.name_changed", state.current().fd_name_changed.into()),
        ("fd.ino", fd.ino.into()),
        ("fd.dev", format!("{:X}", fd.dev).into()),
    ]);
    if files {
        out.push(("fd.nameraw", text(fd.raw_name().as_bytes())));
    }
    let server = matches!(fd.ty, FdType::Ipv4ServSock | FdType::Ipv6ServSock);
    if fd.is_inet() || server {
        out.push(("fd.connected", (fd.is_connected() && fd.is_inet()).into()));
    }
    if fd.is_inet() && !fd.has_no_role() {
        out.extend([
            ("fd.cip", address(fd, fd.sock.src)),
            ("fd.sip", address(fd, fd.sock.dst)),
            ("fd.cport", fd.sock.sport.into()),
            ("fd.sport", fd.sock.dport.into()),
        ]);
    }
    if fd.is_inet() || server {
        let l4 = match fd.l4() {
            L4Proto::Tcp => "tcp",
            L4Proto::Udp => "udp",
            L4Proto::Icmp => "icmp",
            L4Proto::Raw => "raw",
            L4Proto::Na | L4Proto::Unknown => "<NA>",
        };
        out.push(("fd.l4proto", l4.into()));
    }
}

/// Falco's `evt.abspath`, printed before the descriptor's fields, leaves the directory's descriptor as the event's: an
/// open relative to a descriptor then shows the directory instead of the file. Without that field it does not.
fn shows_directory(ev: &Event<'_>) -> bool {
    let relative = ev.text(2).is_some_and(|name| !name.starts_with(b"/"));
    ev.event_type().name().starts_with("openat") && relative && ev.i64(1).is_some_and(|dirfd| dirfd >= 0)
}

#[derive(Default)]
struct Differences {
    count: usize,
    examples: Vec<String>,
}

fn rows(path: &Path) -> impl Iterator<Item = Map<String, Value>> + use<> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|mut f| f.read_to_end(&mut bytes)).expect("the expected fields are readable");
    let lines = BufReader::new(MultiGzDecoder::new(std::io::Cursor::new(bytes))).lines();
    lines.map(|line| serde_json::from_str(&line.expect("compressed lines")).expect("a JSON object per line"))
}

fn compare(name: &str, dir: &Path, differences: &mut BTreeMap<String, Differences>) -> usize {
    let mut rows = rows(&dir.join(format!("{name}.fields.jsonl.gz"))).peekable();
    let mut reader = CaptureReader::open(&dir.join(format!("{name}.scap.gz"))).expect("the capture opens");
    let mut state = State::new(Mode::Capture, Limits::default());
    let mut seen = 0;
    let mut values = Vec::new();
    loop {
        match reader.step().expect("the capture is whole") {
            Step::End => break,
            Step::Section(initial) => state.load(&initial),
            Step::Events(batch) => {
                for (ev, meta) in batch.iter() {
                    state.on_event(&ev, meta.cpu, meta.num);
                    if meta.flags & EventMeta::HIDDEN != 0 {
                        continue;
                    }
                    if rows.peek().is_none_or(|row| row["evt.num"] != meta.num) {
                        continue;
                    }
                    let row = rows.next().expect("peeked");
                    seen += 1;
                    values.clear();
                    if let Some(t) = state.current_thread() {
                        thread_fields(&state, t, &mut values);
                        let fd_flags = EventFlags::CREATES_FD | EventFlags::USES_FD | EventFlags::DESTROYS_FD;
                        let uses = ev.info().is_some_and(|i| i.flags.intersects(fd_flags));
                        if let Some(fd) = state.current_fd().filter(|_| uses && !shows_directory(&ev)) {
                            fd_fields(&state, t, fd, &mut values);
                        } else if uses && !shows_directory(&ev) {
                            values.extend([("fd.type", Value::Null), ("fd.num", t.last_fd.into())]);
                        }
                        let mut types: Vec<_> = state.fds_of(t).map(|(_, fd)| word(fd.ty).to_string()).collect();
                        types.sort();
                        types.dedup();
                        if uses && !types.is_empty() {
                            values.push(("fd.types", types.join(",").into()));
                        }
                    } else {
                        values.push(("proc.name", Value::Null));
                    }
                    check(name, &ev, meta.num, &row, &values, differences);
                }
            }
        }
    }
    assert!(rows.peek().is_none(), "{name}: event {} of Falco never came", rows.next().expect("peeked")["evt.num"]);
    seen
}

fn check(
    name: &str,
    ev: &Event<'_>,
    num: u64,
    row: &Map<String, Value>,
    values: &[(&'static str, Value)],
    differences: &mut BTreeMap<String, Differences>,
) {
    for (field, ours) in values {
        let Some(theirs) = row.get(*field) else { continue };
        let sorted = theirs.as_array().map(|list| {
            let mut list: Vec<_> = list.iter().map(Value::to_string).collect();
            list.sort();
            Value::from(list.join(","))
        });
        let theirs = sorted.as_ref().unwrap_or(theirs);
        if ours == theirs || (ours.is_null() && *theirs == json!("")) {
            continue;
        }
        // A process in a pid namespace that leads its session or group is passed over by Falco.
        let inside = row["proc.vpid"] != row["proc.pid"];
        if inside && *theirs == json!("") && ["proc.sname", "proc.vpgid.name"].contains(field) {
            continue;
        }
        let d = differences.entry((*field).to_owned()).or_default();
        d.count += 1;
        if d.examples.len() < 6 {
            d.examples.push(format!("{name} #{num} {}: {ours} Falco {theirs}", ev.event_type().name()));
        }
    }
}

#[test]
fn the_state_is_what_falco_printed() {
    let Some(shared) = shared() else {
        println!("skipped: ../shared is absent");
        return;
    };
    let mut differences = BTreeMap::new();
    let mut total = 0;
    for folder in ["own", "legacy"] {
        let dir = shared.join("captures").join(folder);
        let mut names: Vec<String> = std::fs::read_dir(&dir)
            .expect("captures are listed")
            .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".scap.gz")?.to_owned()))
            .collect();
        names.sort();
        for name in names {
            total += compare(&name, &dir, &mut differences);
        }
    }
    assert!(total > 80_000, "only {total} events compared");
    let report: Vec<String> = differences
        .iter()
        .map(|(field, d)| format!("{field}: {} differ\n    {}", d.count, d.examples.join("\n    ")))
        .collect();
    assert!(report.is_empty(), "{}", report.join("\n"));
}
