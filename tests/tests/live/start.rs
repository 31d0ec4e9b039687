//! Starting to watch the running kernel, and what is said when that cannot be.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lanner_tests::live::{can_watch, is_root};
use lanner_tests::program::{here, lanner};

use crate::BINARY;

const CONFIG: &str = "stdout_output: {enabled: true}\nlog_syslog: false\nlog_stderr: true\nengine: {kind: modern_ebpf}\nload_plugins: [container]\n\
     plugins: [{name: container, library_path: libcontainer.so}]\n";

fn command(folder: &tempfile::TempDir) -> Command {
    let config = folder.path().join("falco.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let rules = here().join("../rules/syscall/lanner_rules.yaml");
    lanner(BINARY, &["-c", config.to_str().unwrap(), "-r", rules.to_str().unwrap(), "-U"])
}

/// Ends the program whatever happens to the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_read_of_the_password_file_alerts_within_a_second() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let child = command(&folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let stdout = running.0.stdout.take().unwrap();
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send((Instant::now(), line));
        }
    });
    // Until the probes are in place nothing is seen: read again and again, the first that is seen counts.
    let until = Instant::now() + Duration::from_secs(60);
    let took = 'tries: loop {
        assert!(Instant::now() < until, "no alert");
        let started = Instant::now();
        assert!(Command::new("cat").arg("/etc/shadow").stdout(Stdio::null()).status().unwrap().success());
        while let Ok((at, line)) = lines.recv_timeout(Duration::from_millis(1500)) {
            if line.contains("file=/etc/shadow") && line.contains("process=cat") {
                break 'tries at.saturating_duration_since(started);
            }
        }
    };
    assert!(took < Duration::from_secs(1), "{took:?}");
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = running.0.wait().unwrap();
    let mut stderr = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(status.success(), "{status}: {stderr}");
    reader.join().unwrap();
    assert!(lines.try_iter().any(|(_, line)| line.starts_with("Events detected: ")), "{stderr}");
    assert!(stderr.contains("Opening 'syscall' source with modern BPF probe."), "{stderr}");
}

/// The program is stopped while the kernel goes on, so that the smallest buffer must overflow.
#[test]
fn what_the_kernel_could_not_deliver_is_told_at_the_end() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let rule = "- rule: Ready\n  desc: d\n  condition: evt.type = openat and evt.arg.name = /dev/null/ready\n  output: ready\n  \
                priority: INFO\n";
    // That it was opened is lost: only whoever looks again knows the name.
    let opened = folder.path().join("opened");
    let found = format!(
        "- rule: Found\n  desc: d\n  condition: evt.type = fchmod and fd.name = {}\n  output: found\n  priority: INFO\n",
        opened.display()
    );
    std::fs::write(&rules, format!("{rule}{found}")).unwrap();
    let config = folder.path().join("falco.yaml");
    std::fs::write(&config, format!("{CONFIG}syscall_event_drops: {{actions: [log, alert]}}\n")).unwrap();
    let small = "engine.modern_ebpf.buf_size_preset=1";
    let args = ["-c", config.to_str().unwrap(), "-r", rules.to_str().unwrap(), "-U", "-o", small];
    let child = lanner(BINARY, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let stdout = running.0.stdout.take().unwrap();
    let (sender, ready) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| {
            let _ = sender.send(line);
        });
    });
    let until = Instant::now() + Duration::from_secs(60);
    while ready.recv_timeout(Duration::from_millis(200)).is_err() {
        assert!(Instant::now() < until, "no alert");
        let _ = std::fs::File::open("/dev/null/ready");
    }
    let signal = |name: &str, pid: u32| {
        assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
    };
    signal("-STOP", running.0.id());
    for _ in 0..60_000 {
        let _ = std::fs::File::open("/dev/null/lost");
    }
    let opened = std::fs::File::create(opened).unwrap();
    signal("-CONT", running.0.id());
    let alert = loop {
        assert!(Instant::now() < until, "no alert about the loss");
        match ready.recv_timeout(Duration::from_secs(5)) {
            Ok(line) if line.contains("Debug Falco internal: syscall event drop. ") => break line,
            _ => {}
        }
    };
    assert!(
        alert.contains(" system calls dropped in last second. Rules that may have missed events: Ready"),
        "{alert}"
    );
    assert!(alert.contains("blind_rules=\"Ready") && alert.contains(" n_drops_buffer_open_exit=\""), "{alert}");
    assert!(alert.contains(" n_drops_buffer_execve_exit=\"0\" "), "{alert}");
    loop {
        assert!(Instant::now() < until, "the state was not looked at again");
        opened.set_permissions(opened.metadata().unwrap().permissions()).unwrap();
        if ready.recv_timeout(Duration::from_millis(200)).is_ok_and(|line| line.ends_with(" found")) {
            break;
        }
    }
    signal("-TERM", running.0.id());
    let mut told = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(running.0.wait().unwrap().success(), "{told}");
    reader.join().unwrap();
    assert!(told.contains("events of the kernel were lost (buffer_bulk: "), "{told}");
    assert!(told.contains("num times actions taken: ") && !told.contains("actions taken: 0\n"), "{told}");
    assert!(told.contains("Rules that may have missed events:\n   Ready: "), "{told}");
}

#[test]
fn losses_that_are_made_up_end_the_program_when_asked_to() {
    if !can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("falco.yaml");
    let drops = "syscall_event_drops: {actions: [exit], simulate_drops: true}\n";
    // What rules do not ask for and the user adds is observed, what is no name is told.
    let base = "base_syscalls: {custom_set: [sched_yield, '!fsync', nonsense]}\nlog_level: debug\n";
    std::fs::write(&config, format!("{CONFIG}{drops}{base}")).unwrap();
    let rules = folder.path().join("rules.yaml");
    let rule = "- rule: R\n  desc: d\n  condition: evt.type in (mkdirat, read)\n  output: o\n  priority: INFO\n";
    std::fs::write(&rules, rule).unwrap();
    let args = ["-c", config.to_str().unwrap(), "-r", rules.to_str().unwrap()];
    let output = lanner(BINARY, &args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("Simulating syscall event drop") && told.contains("Exiting."), "{told}");
    assert!(told.contains("Error: system calls were lost, and syscall_event_drops.actions asks to exit"), "{told}");
    // The plugin `container` is told of processes, whatever the user's set leaves out.
    let parsed = "chroot, clone, clone3, execve, execveat, fork, sched_process_exit, vfork";
    assert!(told.contains(&format!("(8) syscalls required by plugins: {parsed}")), "{told}");
    let observed = "(10) syscalls selected in total (final set): chroot, clone, clone3, execve, execveat, fork, mkdirat, \
                    sched_process_exit, sched_yield, vfork";
    assert!(told.contains(observed) && told.contains("-(1) ignored syscalls"), "{told}");
    assert!(told.contains("base_syscalls.custom_set names no events: nonsense;"), "{told}");
    assert!(told.contains("rules match system calls that are not observed: read;"), "{told}");
}

#[test]
fn settings_out_of_range_are_told_with_the_range() {
    for (setting, told) in [
        ("engine.modern_ebpf.buf_size_preset=11", "is 11, it must be between 1 (buffers of 1 MiB) and 10 (512 MiB)"),
        ("engine.modern_ebpf.buf_size_preset=0", "is 0, it must be between 1"),
        ("engine.modern_ebpf.cpus_for_each_buffer=-1", "is -1, it must be between 0 and 65535"),
        ("syscall_event_drops.rate=-1", "syscall_event_drops.rate is -1, it must be a number of at least 0"),
    ] {
        let output = lanner(BINARY, &["--dry-run", "-o", "engine.kind=modern_ebpf", "-o", setting]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(told), "{setting}: {stderr}");
    }
}

#[test]
fn whether_the_machine_can_be_watched_is_told() {
    let ran = |command: &mut Command| {
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if can_watch() {
        let (code, told) = ran(&mut lanner(BINARY, &["live"]));
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("BTF           ok") && told.contains("probes        ok"), "{told}");
    }
    let mut command = lanner(BINARY, &["live"]);
    if is_root() {
        command.uid(65534).gid(65534);
    }
    let (code, told) = ran(&mut command);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("programs      MISSING  no CAP_BPF and CAP_PERFMON\n"), "{told}");
    assert!(told.contains("-> run as root, or grant it"), "{told}");
}

#[test]
fn without_the_right_to_watch_the_remedy_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder);
    if is_root() {
        // Somebody who may read the files and nothing more.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("Permission denied") && !stderr.contains("cannot watch") {
        return eprintln!("skipped: the program or its files cannot be read by another user: {stderr}");
    }
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot watch system calls: "), "{stderr}");
    assert!(stderr.contains("CAP_BPF and CAP_PERFMON") && stderr.contains("run as root, or grant it"), "{stderr}");
    assert!(stderr.contains("--disable-source syscall"), "{stderr}");
}
