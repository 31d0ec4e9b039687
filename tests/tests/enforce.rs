//! Rules that kill, through the whole program. Every condition names paths in a folder of the test's own, so that nobody else
//! can be hit.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lanner_tests::program::{golden, lanner, run};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");
const CONFIG: &str = "stdout_output: {enabled: true}\nlog_syslog: false\nlog_stderr: true\nengine: {kind: modern_ebpf}\njson_output: true\n\
     load_plugins: [container]\nplugins: [{name: container, library_path: libcontainer.so}]\n";
const SIGKILL: i32 = 9;

fn can_watch() -> bool {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let types = std::fs::metadata("/sys/kernel/btf/vmlinux").is_ok_and(|file| file.len() > 0);
    if !root || !types {
        eprintln!("skipped: watching the kernel needs root and /sys/kernel/btf/vmlinux");
    }
    root && types
}

/// The program at work, with the alerts that it raises.
struct Watch {
    child: Child,
    lines: mpsc::Receiver<String>,
    folder: tempfile::TempDir,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the things that the rules are about ended, the alerts by rule, and what was said on stderr.
struct Seen {
    alerts: Vec<Value>,
    stderr: String,
}

impl Seen {
    /// What alerts of a rule say of enforcement: in the text and in the fields.
    fn actions(&self, rule: &str) -> Vec<Option<String>> {
        let alerts = self.alerts.iter().filter(|alert| alert["rule"] == rule);
        alerts
            .map(|alert| {
                let field = alert["output_fields"]["enforce.action"].as_str().map(str::to_owned);
                let text = alert["output"].as_str().and_then(|text| text.split_once(" enforce_action="));
                assert_eq!(text.map(|(_, action)| action), field.as_deref(), "{alert}");
                field
            })
            .collect()
    }
}

impl Watch {
    fn start(section: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let at = at.display();
        for name in ["trap", "trapped", "secret", "secretive", "here", "guest"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["trap/copy", "trapped/copy", "here/copy", "guest/copy"] {
            std::fs::copy("/bin/touch", folder.path().join(name)).unwrap();
        }
        for name in ["secret/file", "secretive/file", "secret/odd"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let rules = format!(
            "- rule: Ready\n  desc: d\n  condition: evt.type = openat and evt.arg.name = {at}/ready\n  output: ready\n  priority: INFO\n\
             - rule: Earlier\n  desc: matches first\n  condition: evt.type in (open, openat) and fd.name startswith {at}/secret\n  output: o\n  priority: INFO\n\
             - rule: Program\n  desc: d\n  condition: evt.type = execve and proc.exepath startswith {at}/trap/\n  output: started %proc.exepath\n  priority: INFO\n  enforce: kill\n\
             - rule: File\n  desc: d\n  condition: evt.type in (open, openat, openat2) and fd.name startswith {at}/secret/ and evt.is_open_read = true\n    and not fd.name = {at}/secret/odd\n  output: opened %fd.name\n  priority: INFO\n  enforce: kill\n\
             - rule: Unclear\n  desc: d\n  condition: evt.type = openat and fd.name endswith {at}/secret/odd\n  output: odd\n  priority: INFO\n  enforce: kill\n\
             - rule: Here\n  desc: d\n  condition: evt.type = execve and container.id = host and proc.exepath startswith {at}/here/\n  output: here\n  priority: INFO\n  enforce: kill\n\
             - rule: Guest\n  desc: d\n  condition: evt.type = execve and container.id != host and proc.exepath startswith {at}/guest/\n  output: guest\n  priority: INFO\n  enforce: kill\n"
        );
        std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
        std::fs::write(folder.path().join("falco.yaml"), format!("{CONFIG}{section}")).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let args = ["-c", &path("falco.yaml"), "-r", &path("rules.yaml"), "-U"];
        let child = lanner(BINARY, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let mut watch = Self { child, lines, folder };
        let stdout = watch.child.stdout.take().unwrap();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let until = Instant::now() + Duration::from_secs(90);
        while watch.lines.recv_timeout(Duration::from_millis(200)).is_err() {
            assert!(Instant::now() < until && watch.child.try_wait().unwrap().is_none(), "{}", watch.stderr());
            let _ = std::fs::File::open(watch.path("ready"));
        }
        watch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Runs a program; how it ended.
    fn run(&self, program: impl AsRef<Path>, arg: &str) -> ExitStatus {
        Command::new(program.as_ref()).arg(self.path(arg)).stdout(Stdio::null()).status().unwrap()
    }

    /// The next alert that says this; those before it are passed over.
    fn wait_for(&mut self, what: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(what) => return line,
                Ok(_) => {}
                Err(_) => panic!("no '{what}': {}", self.stderr()),
            }
        }
    }

    fn stderr(&mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }

    /// Ends the program once it has seen everything done so far.
    fn end(mut self) -> Seen {
        let mut alerts = Vec::new();
        let until = Instant::now() + Duration::from_secs(60);
        let last = self.path("secretive/file");
        'seen: loop {
            assert!(Instant::now() < until, "no alert at the end: {}", self.stderr());
            let _ = std::fs::read(&last);
            while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(300)) {
                let Ok(alert) = serde_json::from_str::<Value>(&line) else { continue };
                let end = alert["output_fields"].to_string().contains("ready");
                alerts.push(alert);
                if end {
                    break 'seen;
                }
            }
            let _ = std::fs::File::open(self.path("ready"));
            if alerts.iter().filter(|alert| alert["rule"] == "Ready").count() > 0 {
                break;
            }
        }
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(self.child.wait().unwrap().success(), "{stderr}");
        let rest = self.lines.try_iter().filter_map(|line| serde_json::from_str(&line).ok());
        alerts.extend(rest.collect::<Vec<_>>());
        Seen { alerts, stderr }
    }
}

/// A control group as systemd names those of the host; this test itself may run in a container.
struct Slice(PathBuf);

impl Slice {
    fn new() -> Self {
        let roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].map(Path::new);
        let root = roots.into_iter().find(|path| path.join("cgroup.procs").exists()).expect("control groups");
        let group = root.join(format!("lannerenforce{}.slice", std::process::id()));
        std::fs::create_dir(&group).unwrap();
        Self(group)
    }

    /// Runs a program of the folder in it; how it ended.
    fn run(&self, watch: &Watch, program: &str, arg: &str) -> ExitStatus {
        let script = "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"";
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).arg(&self.0).args([watch.path(program), watch.path(arg)]).status().unwrap()
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        // What ran in it has been waited for.
        let _ = std::fs::remove_dir(&self.0);
    }
}

fn some(action: &str) -> Vec<Option<String>> {
    vec![Some(action.to_owned())]
}

#[test]
fn what_matches_is_killed_and_the_alert_says_so() {
    if !can_watch() {
        return;
    }
    let watch = Watch::start("enforcement: {enabled: true}\n");
    assert_eq!(watch.run(watch.path("trap/copy"), "trace").signal(), Some(SIGKILL));
    assert!(!watch.path("trace").exists(), "its first instruction never ran");
    assert!(watch.run(watch.path("trapped/copy"), "near").success() && watch.path("near").exists());
    assert_eq!(watch.run("cat", "secret/file").signal(), Some(SIGKILL));
    assert!(watch.run("cat", "secretive/file").success());
    assert!(watch.run("cat", "secret/odd").success());
    let slice = Slice::new();
    assert_eq!(slice.run(&watch, "here/copy", "here/trace").signal(), Some(SIGKILL));
    assert!(!watch.path("here/trace").exists());
    assert!(slice.run(&watch, "guest/copy", "guest/trace").success(), "a slice is no container");
    drop(slice);
    let seen = watch.end();
    assert_eq!((seen.actions("Here"), seen.actions("Guest")), (some("killed"), vec![]));
    assert_eq!(seen.actions("Program"), some("killed"));
    // Also behind a rule that matches first.
    assert_eq!(seen.actions("File"), some("killed"));
    assert!(seen.actions("Earlier").len() > 1 && seen.actions("Earlier").iter().all(Option::is_none));
    let unclear = "rule 'Unclear' kills nothing: the kernel cannot compare 'fd.name' with 'endswith'";
    assert!(seen.stderr.contains("4 rules may kill in the kernel: Program, File, Here, Guest"), "{}", seen.stderr);
    assert!(seen.stderr.contains(unclear), "{}", seen.stderr);
    assert!(seen.stderr.contains("processes at which rules that kill matched: 3 killed"), "{}", seen.stderr);
}

#[test]
fn nothing_is_killed_unless_the_configuration_says_so() {
    if !can_watch() {
        return;
    }
    for section in ["", "enforcement: {enabled: false}\n"] {
        let watch = Watch::start(section);
        assert!(watch.run(watch.path("trap/copy"), "trace").success() && watch.path("trace").exists());
        assert!(watch.run("cat", "secret/file").success());
        let seen = watch.end();
        assert_eq!(seen.actions("Program"), [None]);
        let notice = "enforcement is off, so that rules that ask to kill (enforce: kill) only raise alerts: \
                      Program, File, Unclear, Here, Guest";
        assert!(seen.stderr.contains(notice), "{}", seen.stderr);
    }
}

#[test]
fn a_dry_run_says_what_would_be_killed_and_the_protected_are_spared() {
    if !can_watch() {
        return;
    }
    let watch = Watch::start("enforcement: {enabled: true, dry_run: true}\n");
    assert!(watch.run(watch.path("trap/copy"), "trace").success() && watch.path("trace").exists());
    let seen = watch.end();
    assert_eq!(seen.actions("Program"), some("would_kill"));
    assert!(seen.stderr.contains("4 rules would kill, but for enforcement.dry_run"), "{}", seen.stderr);
    let watch = Watch::start("enforcement: {enabled: true, protect: [copy, /bin/false]}\n");
    assert!(watch.run(watch.path("trap/copy"), "trace").success() && watch.path("trace").exists());
    assert_eq!(watch.run("cat", "secret/file").signal(), Some(SIGKILL));
    let seen = watch.end();
    assert_eq!((seen.actions("Program"), seen.actions("File")), (some("spared"), some("killed")));
}

#[test]
fn rules_that_kill_do_not_change_while_they_are_in_the_kernel() {
    if !can_watch() {
        return;
    }
    let mut watch = Watch::start("enforcement: {enabled: true}\nwatch_config_files: false\n");
    let file = watch.path("rules.yaml");
    let rules = std::fs::read_to_string(&file).unwrap();
    let pid = watch.child.id().to_string();
    let reload = |rules: String| {
        std::fs::write(&file, rules).unwrap();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    };
    // One that kills elsewhere, and one more.
    reload(rules.replace("/trap/", "/trapped/"));
    let refused = watch.wait_for("Falco internal: hot restart failure");
    assert!(
        refused.contains("rules that kill (enforce: kill)") && refused.contains("restart to change them"),
        "{refused}"
    );
    assert!(watch.run(watch.path("trapped/copy"), "near").success(), "the rules of the start hold");
    assert_eq!(watch.run(watch.path("trap/copy"), "trace").signal(), Some(SIGKILL));
    // Others may change beside them.
    let changed = "- rule: Earlier\n  desc: d\n  condition: evt.type in (mkdir, mkdirat) and evt.arg.path endswith /reloaded\n  output: o\n  priority: INFO\n";
    let at = rules.find("- rule: Earlier").unwrap();
    let end = rules.find("- rule: Program").unwrap();
    reload(format!("{}{changed}{}", &rules[..at], &rules[end..]));
    let until = Instant::now() + Duration::from_secs(60);
    while !watch.lines.try_iter().any(|line| line.contains("/reloaded") || line.contains("\"rule\":\"Earlier\"")) {
        assert!(Instant::now() < until, "{}", watch.stderr());
        let _ = Command::new("mkdir").arg(watch.path("none/reloaded")).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(watch.run("cat", "secret/file").signal(), Some(SIGKILL));
}

const RULES: &str = "\
- list: traps
  items: [/srv/trap/a, /srv/trap/b]
- macro: opened
  condition: evt.type in (open, openat, openat2) and evt.failed = false
- rule: Trap opened
  desc: d
  condition: opened and fd.name in (traps) and container.id != host
  output: o
  priority: WARNING
  enforce: kill
- rule: Trap mentioned
  desc: d
  condition: opened and (fd.name in (traps) or proc.cmdline contains trap)
  output: o
  priority: WARNING
  enforce: kill
- rule: Trap started
  desc: d
  condition: evt.type = execve and proc.exepath pmatch (/srv/trap)
  output: o
  priority: WARNING
- rule: Anything started
  desc: d
  condition: evt.type = execve and not proc.name in (sh, bash)
  output: o
  priority: WARNING
";

#[test]
fn check_says_which_rules_could_kill_and_why_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    let check = |args: &[&str]| run(lanner(BINARY, args).current_dir(folder.path())).good().stdout;
    golden("check_enforce.txt", &check(&["check", "--enforce", "rules.yaml"]));
    let unasked = check(&["check", "rules.yaml"]);
    assert!(unasked.contains("LINT_ENFORCE_UNQUALIFIED") && !unasked.contains("LINT_ENFORCE_POSSIBLE"), "{unasked}");
    let found: Value = serde_json::from_str(&check(&["check", "--enforce", "--json", "rules.yaml"])).unwrap();
    let list = found["findings"].as_array().unwrap();
    let of = |n: usize| (list[n]["code"].as_str(), list[n]["level"].as_str(), list[n]["item"]["name"].as_str());
    assert_eq!(of(0), (Some("LINT_ENFORCE_POSSIBLE"), Some("note"), Some("Trap opened")));
    assert_eq!(of(1), (Some("LINT_ENFORCE_UNQUALIFIED"), Some("warning"), Some("Trap mentioned")));
    assert_eq!(list[1]["start"]["line"], 13);
    assert_eq!(found["warnings"], 1);
    let sarif = check(&["check", "--enforce", "--format", "sarif", "rules.yaml"]);
    assert!(sarif.contains("\"level\": \"note\""), "{sarif}");
    assert!(
        check(&["check", "--enforce", "--format", "github", "rules.yaml"]).contains("::notice file=rules.yaml,line=5,")
    );
}

#[test]
fn where_the_kernel_is_not_watched_nothing_is_killed_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), RULES).unwrap();
    std::fs::write(folder.path().join("falco.yaml"), format!("{CONFIG}enforcement: {{enabled: true}}\n")).unwrap();
    let args = ["-c", "falco.yaml", "-r", "rules.yaml", "-o", "engine.kind=nodriver", "-M", "1"];
    let ran = run(lanner(BINARY, &args).current_dir(folder.path())).good();
    let told = "the running kernel is not watched (engine.kind is nodriver): nothing is killed by the rules that ask for it: Trap opened, Trap mentioned";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}
