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
    std::fs::write(&rules, rule).unwrap();
    let config = folder.path().join("falco.yaml");
    std::fs::write(&config, CONFIG).unwrap();
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
    signal("-CONT", running.0.id());
    signal("-TERM", running.0.id());
    let mut told = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(running.0.wait().unwrap().success(), "{told}");
    reader.join().unwrap();
    assert!(told.contains("events of the kernel were lost (buffer_bulk: "), "{told}");
    assert!(told.contains("event drop detected: 1 occurrences"), "{told}");
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
