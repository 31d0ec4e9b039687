//! The running kernel recorded: what was alerted on while it happened is alerted on again.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lanner_tests::program::lanner;

use super::{BINARY, alerts_under, events, numberless, text};

fn can_watch() -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let types = fs::metadata("/sys/kernel/btf/vmlinux").is_ok_and(|file| file.len() > 0);
    if !root || !types {
        eprintln!("skipped: watching the kernel needs root and /sys/kernel/btf/vmlinux");
    }
    root && types
}

/// Ends a program whatever happens to the test.
struct Running(Child);

impl Running {
    fn start(args: &[&str]) -> Self {
        Self(lanner(BINARY, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.0.id().to_string()]).status().unwrap().success());
    }

    /// Lines of its stdout, or its stderr.
    fn lines(&mut self, stderr: bool) -> mpsc::Receiver<String> {
        let (sender, lines) = mpsc::channel();
        let from: Box<dyn std::io::Read + Send> = match stderr {
            true => Box::new(self.0.stderr.take().unwrap()),
            false => Box::new(self.0.stdout.take().unwrap()),
        };
        std::thread::spawn(move || {
            BufReader::new(from).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        lines
    }

    fn end(mut self, signal: &str) {
        self.signal(signal);
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(lines: &mpsc::Receiver<String>, what: &str) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) if line.contains(what) => return line,
            Ok(line) => seen.push(line),
            Err(_) => panic!("no '{what}' in {seen:#?}"),
        }
    }
}

/// Things that are done in one folder, by a shell that runs before anybody watches: what is known of it must be in the
/// head.
struct Actor {
    folder: tempfile::TempDir,
    shell: Running,
    said: mpsc::Receiver<String>,
    _listener: TcpListener,
}

const SCRIPT: &str = r#"
cat inside > copy; mkdir deep; cd deep; ln -s ../inside link; cat link > /dev/null; chmod 4755 link; cd ..
mv copy moved; rm moved; sh -c 'echo nested; true'; printf x >&9; exec 9>&-; exec 8<inside; exec 8<&-
(echo > /dev/tcp/127.0.0.1/$PORT) 2>/dev/null; touch last
echo did
"#;

impl Actor {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("inside"), "text\n").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = Command::new("bash");
        command
            .current_dir(folder.path())
            .env("RECORDED", "yes")
            .env("PORT", listener.local_addr().unwrap().port().to_string());
        command.args(["-c", "exec 9>opened; while read -r line; do eval \"$line\"; done"]);
        let shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut shell = Running(shell);
        let said = shell.lines(false);
        Self { folder, shell, said, _listener: listener }
    }

    fn act(&mut self, script: &str) {
        let line = script.trim().replace('\n', "; ");
        writeln!(self.shell.0.stdin.as_mut().unwrap(), "{line}").unwrap();
        let _ = wait_for(&self.said, "did");
    }

    /// Rules about what is done in the folder.
    fn rules(&self) -> (PathBuf, String) {
        let folder = fs::canonicalize(self.folder.path()).unwrap();
        let file = self.folder.path().join("rules.yaml");
        let mine = format!("proc.cwd startswith {}", folder.display());
        let what = "type=%evt.type args=%evt.args program=%proc.name parent=%proc.pname ancestor=%proc.aname[2] line=%proc.cmdline \
                    exe=%proc.exepath cwd=%proc.cwd env=%proc.env[RECORDED] user=%user.name fd=%fd.name fdtype=%fd.typechar \
                    port=%fd.sport session=%proc.sid caps=%thread.cap_effective groups=%thread.cgroups container=%container.id \
                    tid=%thread.tid pid=%proc.pid tty=%proc.tty login=%user.loginuid inode=%proc.exe_ino upper=%proc.is_exe_upper_layer";
        let rule = |name: &str, condition: &str, keys: &str| {
            format!(
                "- rule: {name}\n  desc: d\n  condition: {mine} and {condition}\n  output: {what}\n  priority: NOTICE\n{keys}"
            )
        };
        let rules = [
            rule("Ready", "evt.type in (open, openat, openat2) and fd.name endswith /ready", ""),
            rule("Started", "evt.type in (execve, execveat)", ""),
            rule(
                "Changed",
                "evt.type in (mkdir, mkdirat, symlinkat, symlink, rename, renameat, renameat2, unlink, unlinkat, fchmodat)",
                "",
            ),
            rule(
                "Opened",
                "evt.type in (open, openat, openat2) and fd.name startswith /tmp and not fd.name endswith /ready",
                "",
            ),
            rule("Connected", "evt.type = connect", ""),
            rule("Gone", "evt.type = procexit", ""),
            rule("Closed", "evt.type = close and fd.name contains opened", ""),
        ];
        fs::write(&file, rules.concat()).unwrap();
        (file, text(&folder))
    }

    /// Lets something be seen until it is: then everything that follows is.
    fn until_seen(&mut self, alerts: &mpsc::Receiver<String>) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            assert!(Instant::now() < until, "nothing is seen");
            self.act(": < /dev/null; cat ready; echo did");
            if alerts.recv_timeout(Duration::from_millis(500)).is_ok() {
                return;
            }
        }
    }
}

/// Alerts without those that were only to see whether anything is seen, and without what depends on whose clock it was.
fn comparable(alerts: Vec<String>) -> Vec<String> {
    let mut out = Vec::new();
    for alert in alerts {
        let mut alert: serde_json::Value = serde_json::from_str(&alert).unwrap();
        let ready = alert["output_fields"].to_string().contains("ready");
        alert["output_fields"].as_object_mut().unwrap().remove("evt.time");
        let output = alert["output"].as_str().unwrap().split_once(' ').unwrap().1.to_owned();
        alert["output"] = output.into();
        alert.as_object_mut().unwrap().remove("time");
        if !ready {
            out.push(alert.to_string());
        }
    }
    out
}

fn config(folder: &Path) -> String {
    let file = folder.join("falco.yaml");
    let config = "stdout_output: {enabled: true}\njson_output: true\nlog_syslog: false\nlog_stderr: true\nengine: {kind: modern_ebpf}\n\
                  load_plugins: [container]\nplugins: [{name: container, library_path: libcontainer.so}]\nrule_matching: all\n\
                  append_output: [{suggested_output: true}]\n";
    fs::write(&file, config).unwrap();
    text(&file)
}

fn rest(lines: &mpsc::Receiver<String>) -> Vec<String> {
    let mut out = Vec::new();
    while let Ok(line) = lines.recv_timeout(Duration::from_secs(20)) {
        if line.starts_with("Events detected: ") {
            break;
        }
        out.push(line);
    }
    out
}

#[test]
fn a_recording_raises_the_alerts_that_were_raised_while_it_was_made() {
    if !can_watch() {
        return;
    }
    let mut actor = Actor::new();
    let (rules, _) = actor.rules();
    let place = tempfile::tempdir().unwrap();
    let config = config(place.path());
    let mut watcher = Running::start(&["-c", &config, "-r", &text(&rules), "-U"]);
    let seen = watcher.lines(false);
    actor.until_seen(&seen);
    let out = place.path().join("a.scap.gz");
    let mut recorder = Running::start(&["record", "-w", &text(&out)]);
    let said = recorder.lines(true);
    let _ = wait_for(&said, "Recording to ");
    actor.act(SCRIPT);
    std::thread::sleep(Duration::from_millis(300));
    recorder.end("-INT");
    let summary = wait_for(&said, "Recorded ");
    assert!(summary.contains(&text(&out)), "{summary}");
    watcher.end("-TERM");
    let live = comparable(numberless(&rest(&seen).join("\n")));
    let replayed = comparable(alerts_under(&out, &rules, "rule_matching=all"));
    assert!(live.len() > 20, "{live:#?}");
    let missing: Vec<_> = live.iter().filter(|alert| !replayed.contains(alert)).collect();
    let more: Vec<_> = replayed.iter().filter(|alert| !live.contains(alert)).collect();
    assert!(missing.is_empty() && more.is_empty(), "only live: {missing:#?}\nonly replayed: {more:#?}");
}

#[test]
fn a_capture_that_a_rule_begins_holds_its_alerts_and_what_was_before() {
    if !can_watch() {
        return;
    }
    let mut actor = Actor::new();
    let (rules, _) = actor.rules();
    let place = tempfile::tempdir().unwrap();
    let config = config(place.path());
    // The last thing that is done begins the capture: everything else is before it.
    let trigger = fs::read_to_string(&rules).unwrap()
        + "- rule: Last\n  desc: d\n  condition: evt.type in (execve, execveat) and proc.name = touch and proc.env[RECORDED] = yes\n  \
           output: last\n  priority: NOTICE\n  capture: true\n  capture_duration: 300\n  capture_before: 20000\n";
    fs::write(&rules, trigger).unwrap();
    let prefix = format!("capture.path_prefix={}", text(&place.path().join("c")));
    let args = ["-c", &config, "-r", &text(&rules), "-U", "-o", "capture.enabled=true", "-o", &prefix];
    let mut watcher = Running::start(&args);
    let (seen, said) = (watcher.lines(false), watcher.lines(true));
    actor.until_seen(&seen);
    actor.act(SCRIPT);
    let name = wait_for(&said, "Capture begins: ");
    // The end of a capture is noticed with the next event.
    std::thread::sleep(Duration::from_millis(500));
    actor.act(": < /dev/null; echo did");
    watcher.end("-TERM");
    let _ = wait_for(&said, "Capture complete: ");
    let file = PathBuf::from(name.split_once("Capture begins: ").unwrap().1);
    // One clock, so even the times are the same.
    let live: Vec<String> =
        numberless(&rest(&seen).join("\n")).into_iter().filter(|alert| !alert.contains("/ready")).collect();
    let replayed = alerts_under(&file, &rules, "rule_matching=all");
    assert!(live.len() > 20, "{live:#?}");
    let last = live.iter().position(|alert| alert.contains("\"rule\":\"Last\"")).unwrap();
    let missing: Vec<_> = live[..=last].iter().filter(|alert| !replayed.contains(alert)).collect();
    assert!(missing.is_empty(), "only live: {missing:#?}\nreplayed: {replayed:#?}");
}

#[test]
fn a_recorder_that_is_killed_leaves_what_it_has_written() {
    if !can_watch() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("a.scap.gz");
    let mut recorder = Running::start(&["record", "-w", &text(&out)]);
    let said = recorder.lines(true);
    let _ = wait_for(&said, "Recording to ");
    let part = place.path().join("a.scap.gz.part");
    let until = Instant::now() + Duration::from_secs(60);
    while fs::metadata(&part).map_or(0, |file| file.len()) < 10_000 {
        assert!(Instant::now() < until, "nothing is written");
        let _ = Command::new("true").status();
        std::thread::sleep(Duration::from_millis(50));
    }
    recorder.signal("-KILL");
    let _ = recorder.0.wait();
    assert!(part.exists() && !out.exists());
    let ran = lanner(BINARY, &["replay", &text(&part), "--print", "%evt.num"]).output().unwrap();
    assert!(ran.stdout.split(|&b| b == b'\n').count() > 10);
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() || stderr.contains("truncated"), "{stderr}");
}

#[test]
fn a_ring_is_written_when_asked_for_and_at_the_end() {
    if !can_watch() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("a.scap");
    let mut recorder =
        Running::start(&["record", "-w", &text(&out), "--ring", "60s,64M", "--filter", "proc.name = mkfifo"]);
    let said = recorder.lines(true);
    let _ = wait_for(&said, "Keeping the newest events in memory");
    let made = |name: &str| {
        assert!(Command::new("mkfifo").arg(place.path().join(name)).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(300));
    };
    made("one");
    recorder.signal("-USR1");
    let line = wait_for(&said, "Wrote the newest ");
    let first = PathBuf::from(line.rsplit_once(" to ").unwrap().1);
    made("two");
    recorder.end("-INT");
    let names = |file: &Path| {
        let lines = events(file, "%proc.cmdline");
        let mut names: Vec<String> = lines.iter().filter_map(|l| Some(l.rsplit_once('/')?.1.to_owned())).collect();
        names.dedup();
        names
    };
    assert_ne!(first, out);
    assert!(names(&first).contains(&"one".to_owned()), "{:?}", names(&first));
    let second = names(&out);
    assert!(second.contains(&"two".to_owned()) && !second.contains(&"one".to_owned()), "{second:?}");
}

#[test]
fn what_happened_before_the_end_is_recorded_though_it_was_not_read_yet() {
    if !can_watch() {
        return;
    }
    const FILES: usize = 5_000;
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("a.scap");
    let folder = text(&fs::canonicalize(place.path()).unwrap());
    let filter = format!("evt.type in (open, openat, openat2) and fd.name startswith {folder}/made");
    let mut recorder = Running::start(&["record", "-w", &text(&out), "--filter", &filter]);
    let said = recorder.lines(true);
    let _ = wait_for(&said, "Recording to ");
    // While it is stopped it reads nothing: all of this is in the kernel's buffers when it learns that it is to end.
    recorder.signal("-STOP");
    let script = format!("i=0; while [ $i -lt {FILES} ]; do i=$((i+1)); : > {folder}/made$i; done");
    assert!(Command::new("bash").args(["-c", &script]).status().unwrap().success());
    recorder.signal("-INT");
    recorder.end("-CONT");
    let names: BTreeSet<String> = events(&out, "%fd.name").into_iter().collect();
    assert_eq!(names.len(), FILES, "{:?}", rest(&said));
}

/// Who is added while events are recorded is in the recording, though not in its head.
#[test]
fn users_that_come_and_go_are_recorded() {
    if !can_watch() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    // A machine of its own as far as users go; its processes are the machine's.
    let root = place.path().join("root");
    fs::create_dir_all(root.join("etc")).unwrap();
    for shared in ["proc", "sys"] {
        std::os::unix::fs::symlink(Path::new("/").join(shared), root.join(shared)).unwrap();
    }
    let root_user = "root:x:0:0:root:/root:/bin/bash\n";
    let users = |more: &str| {
        fs::write(root.join("etc/passwd.new"), format!("{root_user}{more}")).unwrap();
        fs::rename(root.join("etc/passwd.new"), root.join("etc/passwd")).unwrap();
    };
    users("");
    fs::write(root.join("etc/group"), "root:x:0:\n").unwrap();
    let out = place.path().join("a.scap");
    let mut command = lanner(BINARY, &["record", "-w", &text(&out)]);
    command.env("HOST_ROOT", &root).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut recorder = Running(command.spawn().unwrap());
    let said = recorder.lines(true);
    let _ = wait_for(&said, "Recording to ");
    users("newcomer:x:4242:0:n:/home/n:/bin/sh\n");
    // Files are looked at once a second.
    std::thread::sleep(Duration::from_millis(2500));
    users("");
    std::thread::sleep(Duration::from_millis(2500));
    recorder.end("-INT");
    let shown = |filter: &str, format: &str| {
        let ran = lanner(BINARY, &["replay", &text(&out), "--filter", filter, "--print", format]).output().unwrap();
        String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let told = shown("evt.type in (useradded, userdeleted)", "%evt.type %evt.arg.uid %evt.arg.name %evt.arg.home");
    assert_eq!(told, ["useradded 4242 newcomer /home/n", "userdeleted 4242 newcomer /home/n"]);
    // What other plugins inject has the time at which they knew it, which says nothing about the kernel's events.
    let times = shown("not evt.type in (container, container_removed)", "%evt.rawtime %evt.num %evt.type");
    let users: Vec<_> = times.windows(2).filter(|pair| pair[1].contains(" user")).collect();
    let at_its_time = |pair: &&[String]| pair[0].split(' ').next() == pair[1].split(' ').next();
    assert!(users.len() == 2 && users.iter().all(at_its_time), "with the time of the event before: {users:?}");
}
