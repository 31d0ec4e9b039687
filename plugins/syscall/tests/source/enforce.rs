//! Rules that kill. Every condition names a path in a folder of the test's own, so that nobody else can be hit.
#![allow(unsafe_code, reason = "a fork makes the child")]

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use lanner_plugin_api::raw::Enforced;
use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{EnforcedEvent, EnforcedTest, Enforcement, Live, Settings};

use crate::child::fork;

const NAME: u8 = 0;
const PROGRAM: u8 = 1;
const FILE: u8 = 2;
const USER: u8 = 3;
const CONTAINER: u8 = 4;
const READS: u8 = 5;
const WRITES: u8 = 6;
const FOLDER: u8 = 7;
const EQUAL: u8 = 0;
const PREFIX: u8 = 1;
const BELOW: u8 = 2;
const IN: u8 = 3;

fn test(subject: u8, how: u8, texts: &[&[u8]]) -> EnforcedTest {
    EnforcedTest { subject, how, texts: texts.iter().map(|text| text.to_vec()).collect() }
}

/// One rule at these events: the tests that must hold, and those that must not.
fn rule(events: &[EventType], yes: Vec<EnforcedTest>, no: Vec<EnforcedTest>) -> Enforcement {
    let mask = |from: usize, n: usize| (from..from + n).fold(0_u64, |bits, bit| bits | 1 << bit);
    let alternative = (mask(0, yes.len()), mask(yes.len(), no.len()), 0);
    let events = events.iter().map(|event| EnforcedEvent { code: event.0, alternatives: vec![alternative] });
    Enforcement {
        events: events.collect(),
        tests: yes.into_iter().chain(no).collect(),
        rules: 1,
        ..Enforcement::default()
    }
}

const OPENS: [EventType; 4] = [
    EventType::SYSCALL_OPEN_X,
    EventType::SYSCALL_OPENAT_2_X,
    EventType::SYSCALL_OPENAT2_X,
    EventType::SYSCALL_CREAT_X,
];

fn watch(enforce: Enforcement) -> Live {
    let events = enforce.events.iter().map(|event| event.code).collect();
    let settings =
        Settings { cpus_for_each_buffer: 0, enforce: Some(enforce), events: Some(events), ..Settings::default() };
    Live::open(&settings).unwrap()
}

/// How a child ended: the signal that killed it, or none.
fn end_of(child: i64) -> Option<i32> {
    let mut status = 0;
    // SAFETY: waits for a child of ours, once.
    let waited = unsafe { libc::waitpid(child as i32, &mut status, 0) };
    assert_eq!(i64::from(waited), child);
    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

/// Opens a path in a child; whether the child was killed before it could go on.
fn killed_by_opening(path: &CStr, flags: i32) -> bool {
    let child = fork(|| {
        // SAFETY: a text that outlives the call.
        unsafe { libc::open(path.as_ptr(), flags, 0o600) };
    });
    end_of(child) == Some(libc::SIGKILL)
}

/// The events of a thread up to its end, with their marks.
fn events_of(live: &mut Live, tid: i64) -> Vec<(EventType, Option<Enforced>)> {
    let until = Instant::now() + Duration::from_secs(30);
    let mut found = Vec::new();
    loop {
        assert!(Instant::now() < until, "no end of {tid}: {found:?}");
        let mut ended = false;
        live.deliver(1024, |arrived| {
            let event = Event::parse(arrived.bytes).unwrap();
            if event.tid() == tid && !ended {
                found.push((event.event_type(), Enforced::of_flags(arrived.mark)));
                ended = event.event_type() == EventType::PROCEXIT_1_E;
            }
        });
        live.release();
        if ended {
            return found;
        }
    }
}

/// A folder below the test's own, with a file in it.
fn file(folder: &Path, name: &str) -> CString {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "x").unwrap();
    c_path(&path)
}

#[test]
fn who_opens_the_file_is_killed_and_who_opens_another_is_not() {
    if !crate::can_watch() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().canonicalize().unwrap();
    let prefix = [folder.as_os_str().as_bytes(), b"/trap/"].concat();
    let spared = [prefix.as_slice(), b"but"].concat();
    let (trap, near, deep) = (file(&folder, "trap/file"), file(&folder, "trapped"), file(&folder, "trap/a/b/file"));
    let but = file(&folder, "trap/but");
    std::os::unix::fs::symlink(folder.join("trap/file"), folder.join("link")).unwrap();
    std::os::unix::fs::symlink(folder.join("trapped"), folder.join("trap/out")).unwrap();
    std::os::unix::fs::symlink(folder.join("trap/file"), folder.join("trap/but.link")).unwrap();
    let mut live = watch(rule(&OPENS, vec![test(FILE, PREFIX, &[&prefix])], vec![test(FILE, PREFIX, &[&spared])]));
    for (path, dies) in [
        (&trap, true),
        (&near, false),
        (&deep, true),
        (&but, false),
        // What was opened counts, not what it was called, and what is spared by either name is spared.
        (&c_path(&folder.join("link")), true),
        (&c_path(&folder.join("trap/out")), false),
        (&c_path(&folder.join("trap/but.link")), false),
        (&c_path(&folder.join("trap/but/../file")), false),
        (&c_path(&folder.join("x/../trap/file")), false),
        (&c_path(&folder.join("trap/a/../file")), true),
        (&c_path(&folder.join("trap/./but/.//../file")), false),
        (&c_path(&folder.join("trap/none")), false),
    ] {
        assert_eq!(killed_by_opening(path, libc::O_RDONLY), dies, "{path:?}");
    }
    // By a way that the text does not tell.
    let child = fork(|| {
        let there = c_path(&folder.join("trap"));
        // SAFETY: texts that outlive the calls.
        unsafe {
            libc::chdir(there.as_ptr());
            libc::open(c"file".as_ptr(), libc::O_RDONLY);
        }
    });
    assert_eq!(end_of(child), Some(libc::SIGKILL));
    let told: Vec<_> = events_of(&mut live, child).into_iter().filter_map(|(_, mark)| mark).collect();
    assert_eq!(told, [Enforced { rule: 0, action: Enforced::KILLED as u8 }]);
    let counted = live.enforced().unwrap().read().unwrap();
    assert_eq!((counted.len(), counted[0].killed, counted[0].untold), (1, 5, 0));
}

#[test]
fn a_new_program_is_ended_before_its_first_instruction() {
    if !crate::can_watch() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().canonicalize().unwrap();
    let touch = ["/usr/bin/touch", "/bin/touch"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    for name in ["killed", "spared"] {
        std::fs::copy(touch, folder.join(name)).unwrap();
    }
    let program = [folder.as_os_str().as_bytes(), b"/killed"].concat();
    let enforce = rule(&[EventType::SYSCALL_EXECVE_19_X], vec![test(PROGRAM, EQUAL, &[&program])], vec![]);
    let mut live = watch(enforce);
    let run = |name: &str| {
        let (path, trace) = (c_path(&folder.join(name)), c_path(&folder.join(format!("{name}.trace"))));
        let child = fork(|| {
            let args = [path.as_ptr(), trace.as_ptr(), std::ptr::null()];
            // SAFETY: texts and an array that ends with null, all of which outlive the call.
            unsafe { libc::execv(path.as_ptr(), args.as_ptr()) };
        });
        (child, end_of(child), folder.join(format!("{name}.trace")).exists())
    };
    let (child, signal, trace) = run("killed");
    assert_eq!((signal, trace), (Some(libc::SIGKILL), false));
    let events = events_of(&mut live, child);
    let at = events.iter().position(|(event, _)| *event == EventType::SYSCALL_EXECVE_19_X).unwrap();
    assert_eq!(events[at].1, Some(Enforced { rule: 0, action: Enforced::KILLED as u8 }));
    // Any program makes calls from its first instructions on: the loader opens libraries. Of this one there is nothing.
    let after: Vec<EventType> = events[at + 1..].iter().map(|(event, _)| *event).collect();
    assert!(
        after.iter().all(|event| matches!(*event, EventType::SIGNALDELIVER_E | EventType::PROCEXIT_1_E)),
        "{after:?}"
    );
    let (child, signal, trace) = run("spared");
    assert_eq!((signal, trace), (None, true));
    let events = events_of(&mut live, child);
    assert!(events.iter().any(|(event, _)| *event == EventType::SYSCALL_OPENAT_2_X), "{events:?}");
    assert!(events.iter().all(|(_, mark)| mark.is_none()));
}

#[test]
fn every_thread_of_the_process_ends() {
    if !crate::can_watch() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().canonicalize().unwrap();
    let trap = file(&folder, "trap");
    let live = watch(rule(&OPENS, vec![test(FILE, EQUAL, &[trap.as_bytes()])], vec![]));
    let child = fork(|| {
        let busy = std::thread::spawn(|| std::thread::sleep(Duration::from_secs(600)));
        let opener = std::thread::spawn(move || {
            // SAFETY: a text that outlives the call.
            unsafe { libc::open(trap.as_ptr(), libc::O_RDONLY) };
        });
        let _ = (opener.join(), busy.join());
    });
    assert_eq!(end_of(child), Some(libc::SIGKILL));
    drop(live);
}

#[test]
fn a_trial_kills_nobody_and_neither_does_what_is_protected() {
    if !crate::can_watch() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().canonicalize().unwrap();
    let trap = file(&folder, "trap");
    let name = b"lannertest-prot";
    let tests = || vec![test(FILE, EQUAL, &[trap.as_bytes()]), test(NAME, EQUAL, &[name])];
    let all = rule(&OPENS, tests(), vec![]);
    let events = |protect: u64, dry_run: bool| {
        let alternative = (1, 0, 0);
        let events = OPENS.iter().map(|event| EnforcedEvent { code: event.0, alternatives: vec![alternative] });
        Enforcement { dry_run, protect, events: events.collect(), ..all.clone() }
    };
    let open = |rename: bool| {
        let child = fork(|| {
            // SAFETY: texts that outlive the calls.
            unsafe {
                if rename {
                    libc::prctl(libc::PR_SET_NAME, c"lannertest-prot".as_ptr());
                }
                libc::open(trap.as_ptr(), libc::O_RDONLY);
            }
        });
        (child, end_of(child))
    };
    let mark = |live: &mut Live, child| events_of(live, child).into_iter().find_map(|(_, mark)| mark).map(|m| m.action);
    let mut live = watch(events(0, true));
    let (child, signal) = open(false);
    assert_eq!((signal, mark(&mut live, child)), (None, Some(Enforced::WOULD_KILL as u8)));
    assert_eq!(live.enforced().unwrap().read().unwrap()[0].would_kill, 1);
    drop(live);
    let mut live = watch(events(2, false));
    let (child, signal) = open(true);
    assert_eq!((signal, mark(&mut live, child)), (None, Some(Enforced::SPARED as u8)));
    let (child, signal) = open(false);
    assert_eq!((signal, mark(&mut live, child)), (Some(libc::SIGKILL), Some(Enforced::KILLED as u8)));
}

/// Each subject and each way to compare, with what satisfies it and what just does not; each case with a file of its own.
#[test]
fn every_comparison_is_the_kernels_too() {
    if !crate::can_watch() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().canonicalize().unwrap();
    let within = folder.as_os_str().as_bytes();
    let slash = [within, b"/"].concat();
    let me = std::env::current_exe().unwrap().canonicalize().unwrap();
    let program = me.as_os_str().as_bytes();
    // SAFETY: asks for a number.
    let user = unsafe { libc::geteuid() };
    let other = (user + 1).to_ne_bytes();
    let nearly = &within[..within.len() - 1];
    let cases = [
        (test(FILE, BELOW, &[within]), None, true),
        (test(FILE, BELOW, &[nearly]), None, false),
        (test(FILE, IN, &[&slash]), None, true),
        (test(FILE, IN, &[b"/"]), None, false),
        (test(FILE, PREFIX, &[b"/a/", &slash, b"/b/"]), None, true),
        (test(FILE, PREFIX, &[&[]]), None, true),
        (test(FILE, EQUAL, &[within]), None, false),
        (test(PROGRAM, EQUAL, &[program]), None, true),
        (test(PROGRAM, EQUAL, &[within]), None, false),
        (test(PROGRAM, PREFIX, &[&program[..program.len() - 1]]), None, true),
        (test(USER, EQUAL, &[&user.to_ne_bytes()]), None, true),
        (test(USER, EQUAL, &[&other]), None, false),
        (test(USER, EQUAL, &[&user.to_ne_bytes()]), Some(test(USER, EQUAL, &[&other])), true),
        (test(READS, EQUAL, &[&[1]]), Some(test(WRITES, EQUAL, &[&[1]])), true),
        (test(WRITES, EQUAL, &[&[1]]), None, false),
        (test(READS, EQUAL, &[&[1]]), Some(test(FOLDER, EQUAL, &[&[1]])), true),
        (test(FILE, BELOW, &[within]), Some(test(READS, EQUAL, &[&[1]])), false),
        // Whatever this process runs in: in both ways at once nobody does.
        (test(CONTAINER, EQUAL, &[&[1]]), Some(test(CONTAINER, PREFIX, &[&[1]])), false),
    ];
    let mut tests: Vec<EnforcedTest> = Vec::new();
    let mut bit = |test: EnforcedTest| {
        let at = tests.iter().position(|known| *known == test).unwrap_or(tests.len());
        if at == tests.len() {
            tests.push(test);
        }
        1_u64 << at
    };
    let (mut alternatives, mut traps) = (Vec::new(), Vec::new());
    for (rule, (yes, no, dies)) in (0..).zip(cases) {
        let trap = file(&folder, &format!("trap{rule:02}"));
        let shown = format!("{yes:?} {no:?}");
        let own = bit(test(FILE, EQUAL, &[trap.as_bytes()]));
        alternatives.push((own | bit(yes), no.map_or(0, &mut bit), rule));
        traps.push((trap, dies, shown));
    }
    let events = OPENS.iter().map(|event| EnforcedEvent { code: event.0, alternatives: alternatives.clone() });
    let events = events.collect();
    let live = watch(Enforcement { events, rules: traps.len() as u16, tests, ..Enforcement::default() });
    for (trap, dies, shown) in &traps {
        assert_eq!(killed_by_opening(trap, libc::O_RDONLY), *dies, "{shown}");
    }
    let killed: Vec<bool> = live.enforced().unwrap().read().unwrap().iter().map(|rule| rule.killed == 1).collect();
    assert_eq!(killed, traps.iter().map(|(_, dies, _)| *dies).collect::<Vec<_>>(), "counted by rule");
}

/// A control group of this name, gone with its owner.
struct Group(std::path::PathBuf);

impl Group {
    fn new(name: &str) -> Option<Self> {
        let roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
        let made = roots
            .iter()
            .map(|root| Path::new(root).join(name))
            .find(|path| std::fs::create_dir(path).is_ok() && path.join("cgroup.procs").exists());
        if made.is_none() {
            eprintln!("skipped: no control group can be made here");
        }
        made.map(Self)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its last process may still be on its way out.
        for _ in 0..50 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn who_runs_in_a_container_is_told_by_the_control_group() {
    if !crate::can_watch() {
        return;
    }
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().canonicalize().unwrap();
    let trap = file(&folder, "trap");
    let inside = vec![test(CONTAINER, EQUAL, &[&[1]]), test(FILE, EQUAL, &[trap.as_bytes()])];
    let live = watch(rule(&OPENS, inside, vec![]));
    let id = format!("{:064x}", std::process::id());
    for (name, dies) in [
        (format!("docker-{id}.scope"), true),
        (id.clone(), true),
        (format!("crio-{id}.scope"), true),
        (format!("cri-containerd-{id}.scope"), true),
        (format!("libpod-{id}.scope"), true),
        (format!("nerdctl-{id}.scope"), true),
        (format!("libpod-conmon-{id}.scope"), false),
        (format!("docker-{id}.slice"), false),
        (format!("docker-{}.scope", &id[1..]), false),
        (format!("docker-{}g.scope", &id[1..]), false),
        (format!("lanner-{}.service", std::process::id()), false),
    ] {
        let Some(group) = Group::new(&name) else { return };
        let procs = group.0.join("cgroup.procs");
        let child = fork(|| {
            if std::fs::write(&procs, "0").is_ok() {
                // SAFETY: a text that outlives the call.
                unsafe { libc::open(trap.as_ptr(), libc::O_RDONLY) };
            } else {
                // SAFETY: ends the child.
                unsafe { libc::_exit(1) };
            }
        });
        assert_eq!(end_of(child) == Some(libc::SIGKILL), dies, "{name}");
    }
    drop(live);
}
