//! The program watching the running kernel, and programs that give it something to say.

mod alert;
mod page;
pub mod probes;
mod replay;
mod sockets;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use alert::{Alert, unasked};
pub use page::Page;
use replay::configuration;
pub use replay::replayed;
pub use sockets::only_sockets;

use crate::program::{here, lanner};

/// Variable of the environment by which an alert is known to belong to an action: it is part of each program's start, so
/// that neither paths nor command lines have to be made recognizable.
pub const MARK: &str = "LANNER_ACTION";

/// How long anything may take on a busy machine before it counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Whether this process is root's.
#[must_use]
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Whether the kernel can be watched here; if not, says so.
#[must_use]
pub fn can_watch() -> bool {
    let types = std::fs::metadata("/sys/kernel/btf/vmlinux").is_ok_and(|file| file.len() > 0);
    if !is_root() || !types {
        eprintln!("skipped: watching the kernel needs root and /sys/kernel/btf/vmlinux");
    }
    is_root() && types
}

/// The program, watching. It ends when this is dropped, whatever happens to the test.
pub struct Agent {
    child: Child,
    alerts: Receiver<Alert>,
    readers: [JoinHandle<String>; 2],
    folder: tempfile::TempDir,
    markers: u32,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Agent {
    /// Starts `binary` with these rule files and `-o` settings and waits until it sees what this process does.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn start(binary: &str, rules: &[PathBuf], settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file in a temporary folder");
            path.to_str().expect("a path of ASCII").to_owned()
        };
        let config = configuration(folder.path());
        let marker = write(
            "zz_marker.yaml",
            &format!(
                "- rule: Marker\n  desc: This process goes where it cannot be.\n  condition: >\n    evt.type = chdir and \
                 evt.arg.path startswith /dev/null/{}-\n  output: marker=%evt.arg.path\n  priority: DEBUG\n",
                std::process::id()
            ),
        );
        let mut command = lanner(binary, &["-c", config.to_str().expect("a path of ASCII"), "-U"]);
        for file in rules {
            command.arg("-r").arg(file);
        }
        command.args(["-r", &marker]);
        for setting in settings {
            command.args(["-o", setting]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let (stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, alerts) = channel();
        let out = std::thread::spawn(move || {
            let mut rest = String::new();
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                match Alert::parse(Instant::now(), &line) {
                    // Nobody listens any more when the test is over.
                    Some(alert) => drop(sender.send(alert)),
                    None => rest.push_str(&(line + "\n")),
                }
            }
            rest
        });
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let mut agent = Self { child, alerts, readers: [out, err], folder, markers: 0 };
        agent.alerts_until_now();
        agent
    }

    /// The same, with a page that shows its metrics.
    ///
    /// # Panics
    /// As [`Agent::start`].
    #[must_use]
    pub fn start_with_page(binary: &str, rules: &[PathBuf], settings: &[&str]) -> (Self, Page) {
        let page = Page::new();
        let shown = page.settings();
        let settings: Vec<&str> = settings.iter().copied().chain(shown.iter().map(String::as_str)).collect();
        (Self::start(binary, rules, &settings), page)
    }

    /// Process id of the program.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A folder of its own, gone with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn mark(&mut self) -> String {
        self.markers += 1;
        let path = format!("/dev/null/{}-{}", std::process::id(), self.markers);
        // A call that few rules are about, so that the kernel has no reason to send more of others for it.
        let _ = std::env::set_current_dir(&path);
        path
    }

    fn abort(&mut self) -> String {
        let _ = self.child.kill();
        let ended = self.readers.iter().all(JoinHandle::is_finished);
        format!("pid {}, its output has ended: {ended}", self.child.id())
    }

    /// All alerts about what has happened until now: events are evaluated in the order of time, so whatever was to be said
    /// has been said when something that happens now is.
    ///
    /// # Panics
    /// If the program no longer sees what happens.
    pub fn alerts_until_now(&mut self) -> Vec<Alert> {
        let until = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        let mut path = self.mark();
        let mut again = Instant::now() + Duration::from_secs(1);
        loop {
            match self.alerts.recv_timeout(Duration::from_millis(100)) {
                Ok(alert) if alert.rule == "Marker" => {
                    if alert.field("evt.arg.path").as_deref() == Some(&path) {
                        return before;
                    }
                }
                Ok(alert) => before.push(alert),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(why) => panic!("the marker was not seen: {why}\n{}", self.abort()),
            }
            // At the start nothing is watched yet; later a marker may be among what is lost.
            if Instant::now() > again {
                path = self.mark();
                again = Instant::now() + Duration::from_secs(5);
            }
        }
    }

    /// Time from just before a call until the alert about it was read.
    ///
    /// # Panics
    /// If it does not come.
    pub fn latency(&mut self) -> Duration {
        let before = Instant::now();
        let path = self.mark();
        while let Ok(alert) = self.alerts.recv_timeout(PATIENCE) {
            if alert.field("evt.arg.path").as_deref() == Some(&path) {
                return alert.at.saturating_duration_since(before);
            }
        }
        panic!("no alert about {path}: {}", self.abort());
    }

    /// CPU time that the program has used, user and system, in seconds, to the clock tick.
    ///
    /// # Panics
    /// If it is gone.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the program runs");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
        // The kernel counts in 1/100 s towards user space, whatever its own clock.
        ticks.iter().sum::<f64>() / 100.0
    }

    /// Ends the program as an administrator would; returns what it said on stdout beside alerts, and on stderr.
    ///
    /// # Panics
    /// If it does not end well.
    #[must_use]
    pub fn stop(mut self) -> (String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().is_ok_and(|s| s.success()));
        let status = self.child.wait().expect("a child of ours");
        let mut said = self.said();
        assert!(status.success(), "{status}: {}", said.1);
        (std::mem::take(&mut said.0), said.1)
    }

    fn said(&mut self) -> (String, String) {
        let idle = || std::thread::spawn(String::new);
        let [out, err] = std::mem::replace(&mut self.readers, [idle(), idle()]);
        let text = |reader: JoinHandle<String>| reader.join().unwrap_or_else(|_| "(the reader panicked)".to_owned());
        (text(out), text(err))
    }
}

/// The folder of the default rules for system calls.
#[must_use]
pub fn default_rules() -> PathBuf {
    here().join("../rules/syscall")
}

/// Times from just before a call to the alert about it, read from the program's standard output; ascending. The calls come
/// after pauses of 5 to 34 ms, out of step with the pauses of the program.
///
/// # Panics
/// If an alert does not come.
pub fn latencies(agent: &mut Agent, samples: u32) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..samples)
        .map(|n| {
            std::thread::sleep(Duration::from_millis(5 + u64::from(n) * 17 % 30));
            agent.latency()
        })
        .collect();
    times.sort_unstable();
    times
}
