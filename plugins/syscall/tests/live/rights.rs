//! What the live source needs, taken away one by one: each failure says what to do, and without root the three capabilities
//! are enough.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use lanner_plugin_api::schema::EventType as T;
use lanner_syscall::live::{Live, Settings, features, missing};
use libc::*;

use crate::watch::*;

/// Tells the inner test what is to happen: `watches`, `advises TEXT`, `fails TEXT`.
const EXPECTED: &str = "LANNER_TEST_EXPECTED";

/// Runs in a process of its own, with the rights and in the world that [`each_right_is_named`] has made.
#[test]
#[ignore = "run by each_right_is_named, in another process"]
fn inner() {
    let expected = std::env::var(EXPECTED).unwrap();
    let (what, text) = expected.split_once(' ').unwrap_or((&expected, ""));
    let opened = Live::open(&Settings::default());
    match what {
        "fails" => {
            let Err(error) = opened else { panic!("it opens, without {text}") };
            assert!(error.to_string().contains(text), "{error}");
        }
        "watches" => {
            let live = opened.unwrap();
            assert!(live.scan().threads.len() > 1, "processes of others are seen");
            let mut watch = Watch::new(live);
            watch.begin("rights");
            let seen = watch.perform(|c| {
                c.call(SYS_openat, &[AT_FDCWD as usize, at(c"/absent"), O_RDONLY as usize]);
            });
            let failed = [error(ENOENT), i64(-100), self::text("/absent"), u32(1), u32(0), u32(0), u64(0u64)];
            seen.expect(T::SYSCALL_OPENAT_2_X, 0, &failed);
            assert_eq!(watch.refused(), []);
        }
        _ => {
            drop(opened.unwrap());
            let told: Vec<_> = features().iter().filter(|feature| !feature.needed).map(|f| f.text()).collect();
            assert!(told.iter().any(|told| told.contains(text)), "{told:?}");
        }
    }
}

/// This program where every user can run it.
fn program() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for path in [folder.path(), &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let program = program.to_str().unwrap().to_owned();
    (folder, program)
}

/// Runs the inner test by `wrapper`.
fn run(wrapper: &[&str], program: &str, expected: &str) {
    let arguments = [program, "--exact", "rights::inner", "--ignored", "--nocapture"];
    let mut words = wrapper.iter().copied().chain(arguments);
    let output = Command::new(words.next().unwrap()).args(words).env(EXPECTED, expected).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success() && told.contains("1 passed"), "{wrapper:?}, {expected}: {told}");
}

#[test]
fn each_right_is_named() {
    if !missing().is_empty() {
        return eprintln!("skipped: no live events here");
    }
    let (_folder, program) = program();
    // Nobody, with these capabilities.
    let nobody = |capabilities: &str, expected: &str| {
        let set = capabilities.split_whitespace().map(|name| format!(",+{name}")).collect::<String>();
        let (inherited, ambient) = (format!("--inh-caps=-all{set}"), format!("--ambient-caps=-all{set}"));
        let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        run(&[&user[..], &[&inherited, &ambient]].concat(), &program, expected);
    };
    nobody("bpf perfmon sys_ptrace", "watches");
    nobody("bpf perfmon sys_ptrace", "advises CAP_DAC_READ_SEARCH");
    nobody("", "fails programs: no CAP_BPF and CAP_PERFMON; run as root, or grant it");
    nobody("perfmon sys_ptrace", "fails programs: no CAP_BPF; ");
    nobody("bpf sys_ptrace", "fails programs: no CAP_PERFMON; ");
    nobody("bpf perfmon", "fails processes: no CAP_SYS_PTRACE; ");
    // Root, in a world where something is missing: mounts of its own hide it.
    let world = |hide: &str, expected: &str| {
        let script = format!("{hide} && exec \"$@\"");
        run(&["unshare", "-m", "sh", "-c", &script, "sh"], &program, expected);
    };
    world(
        "mount -t tmpfs none /sys/kernel/btf",
        "fails BTF: /sys/kernel/btf/vmlinux is not there; use a kernel built with",
    );
    let file = |at: &str, text: &str| {
        format!("mount -t tmpfs none /mnt && printf '%s' '{text}' > /mnt/file && mount --bind /mnt/file {at}")
    };
    world(&file("/proc/sys/kernel/osrelease", "5.4.0"), "fails kernel: Linux 5.4.0; Linux 5.8 or newer is needed");
    let locked = "mount -t tmpfs none /sys/kernel/security && echo 'none integrity [confidentiality]' \
                  > /sys/kernel/security/lockdown";
    world(locked, "fails lockdown: the kernel is locked down for confidentiality; boot with");
    world("mount -t tmpfs none /proc", "fails /proc: not mounted; mount it");
    let container = ["unshare", "--pid", "--fork", "--mount-proc"];
    run(&container, &program, "advises --pid=host");
    // Who may look into all processes sees them behind hidepid as well.
    world("mount -t proc -o hidepid=2 proc /proc", "watches");
}
