//! Rules and configuration that change while the program runs.

mod configuration;
mod failing;
mod files;
mod numbered;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lanner_tests::daemon::Daemon;
use lanner_tests::plugins::workspace_plugin;
use lanner_tests::program::lanner;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// What the log says when a reload is done.
const DONE: &str = " rules are in force, ";
/// What it says when one is refused.
const REFUSED: &str = "Reload refused";

/// A program whose events are the lines that are written to a pipe.
struct Lab {
    dir: tempfile::TempDir,
    daemon: Daemon,
    lines: File,
    written: u64,
}

/// What a program leaves behind.
struct Ended {
    /// Lines that there were.
    written: u64,
    code: Option<i32>,
    /// Number of the line and version of the rule, of each alert about a line.
    lines: Vec<(u64, usize)>,
    /// The other alerts.
    others: Vec<Value>,
    errors: String,
}

/// A rule about every line, whose alerts tell the version of the rule.
fn rule(version: usize) -> String {
    format!(
        "- {{rule: Line, desc: d, condition: line.number > 0, output: 'n=%line.text v={version}', priority: NOTICE, source: \
         lines}}\n"
    )
}

/// Writes a file as those do who mind readers: beside it, then in its place.
fn put(path: &Path, text: &str) {
    let aside = path.with_extension("new");
    std::fs::write(&aside, text).unwrap();
    std::fs::rename(&aside, path).unwrap();
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The configuration, with more lines of it; the rules are in the folder `rules`.
fn configuration(dir: &Path, more: &str) -> String {
    let library = workspace_plugin("lanner-example-lines", "lines");
    format!(
        "rules_files: [{0}/rules]\nload_plugins: [lines]\nplugins:\n\
         - {{name: lines, library_path: {1}, init_config: '', open_params: {0}/pipe}}\n\
         engine: {{kind: nodriver}}\njson_output: true\nstdout_output: {{enabled: true}}\nlog_stderr: true\n\
         log_level: debug\nlog_syslog: false\n{more}",
        dir.display(),
        library.display()
    )
}

impl Lab {
    /// Starts the program with the first version of the rule and these lines in its configuration.
    fn start(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("rules")).unwrap();
        std::fs::write(dir.path().join("falco.yaml"), configuration(dir.path(), more)).unwrap();
        put(&dir.path().join("rules/a.yaml"), &rule(0));
        Self::start_in(dir)
    }

    fn start_in(dir: tempfile::TempDir) -> Self {
        Self::start_with(dir, &["lines"])
    }

    fn start_with(dir: tempfile::TempDir, sources: &[&str]) -> Self {
        mkfifo(&dir.path().join("pipe"));
        let config = dir.path().join("falco.yaml").display().to_string();
        let mut command = lanner(BINARY, &["-c", &config]);
        command.args(sources.iter().flat_map(|source| ["--enable-source", source]));
        let daemon = Daemon::start(&mut command, dir.path());
        // Waits for the program to open it for reading.
        let lines = File::options().write(true).open(dir.path().join("pipe")).unwrap();
        Self { dir, daemon, lines, written: 0 }
    }

    fn rules(&self) -> PathBuf {
        self.dir.path().join("rules/a.yaml")
    }

    /// Writes so many numbered lines: a batch of the source is 64 of them.
    fn write(&mut self, count: u64) {
        let lines: String = (self.written..self.written + count).map(|n| format!("{n}\n")).collect();
        self.lines.write_all(lines.as_bytes()).unwrap();
        self.written += count;
    }

    fn hang_up(&self) {
        let sent = Command::new("kill").args(["-HUP", &self.daemon.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// How often the log says something.
    fn said(&self, what: &str) -> usize {
        self.daemon.errors().matches(what).count()
    }

    /// Lets events flow until the log has said something so often.
    fn until_said(&mut self, what: &str, times: usize) {
        let errors = self.dir.path().join("err");
        let (lines, written) = (&mut self.lines, &mut self.written);
        self.daemon.wait_until(what, || {
            let text: String = (*written..*written + 64).map(|n| format!("{n}\n")).collect();
            lines.write_all(text.as_bytes()).unwrap();
            *written += 64;
            std::fs::read_to_string(&errors).is_ok_and(|said| said.matches(what).count() >= times)
        });
    }

    /// Ends the events, after some more, and with them the program.
    fn finish(mut self) -> Ended {
        self.write(64);
        let Self { dir, mut daemon, lines, written } = self;
        drop(lines);
        let code = daemon.wait();
        let alerts = daemon.output();
        let alerts = alerts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let (lines, others): (Vec<Value>, Vec<Value>) = alerts.partition(|alert| alert["rule"] == "Line");
        let number = |alert: &Value| -> (u64, usize) {
            let text = alert["output"].as_str().unwrap_or_default();
            let after = |key: &str| text.split(key).nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            (after("n=").parse().unwrap(), after("v=").parse().unwrap())
        };
        let errors = daemon.errors();
        drop(dir);
        Ended { written, code, lines: lines.iter().map(number).collect(), others, errors }
    }
}

/// The versions of the rule by which the lines were judged, in their order; each line must have been judged once.
fn versions(lines: &[(u64, usize)], written: u64) -> Vec<usize> {
    let numbers: Vec<u64> = lines.iter().map(|(number, _)| *number).collect();
    let wrong = (0..).zip(&numbers).find(|(n, number)| n != *number);
    assert_eq!((wrong, numbers.len() as u64), (None, written), "each line once and in order");
    lines.iter().map(|(_, version)| *version).collect()
}
