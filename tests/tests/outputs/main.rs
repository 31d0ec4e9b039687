//! Where alerts go, through the whole program, with real peers: programs that die, logs that are started anew, disks that
//! are full, servers that are not there.

mod local;
mod noise;
mod proxy;
mod reload;
mod remote;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lanner_tests::daemon::Daemon;
use lanner_tests::program::lanner;
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// A program that follows a log: each line written to it is an alert.
struct Follower {
    dir: tempfile::TempDir,
    config: PathBuf,
    daemon: Option<Daemon>,
    environment: Vec<(String, String)>,
    written: usize,
}

impl Follower {
    /// One that has these outputs besides standard output.
    fn start(outputs: impl FnOnce(&Path) -> String) -> Self {
        Self::start_with(outputs, &[])
    }

    /// The same with these variables in its environment.
    fn start_with(outputs: impl FnOnce(&Path) -> String, environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (config, rules, log) =
            (dir.path().join("falco.yaml"), dir.path().join("rules.yaml"), dir.path().join("log"));
        let text = format!(
            "rules_files: [{}]\nload_plugins: [k8saudit, json]\nplugins:\n\
             - {{name: k8saudit, library_path: libk8saudit.so, init_config: {{positionFile: {}}}, open_params: 'file://{}'}}\n\
             - {{name: json, library_path: libjson.so, init_config: ''}}\n\
             engine: {{kind: nodriver}}\njson_output: true\nstdout_output: {{enabled: true}}\n\
             log_stderr: true\nlog_level: info\nlog_syslog: false\n{}\n",
            rules.display(),
            dir.path().join("position").display(),
            log.display(),
            outputs(dir.path())
        );
        std::fs::write(&config, text).unwrap();
        let rule = "- {rule: Seen, desc: d, condition: ka.verb = create, output: '%ka.auditid', priority: NOTICE, source: k8s_audit}\n";
        std::fs::write(rules, rule).unwrap();
        std::fs::write(log, "").unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut follower = Self { dir, config, daemon: None, environment, written: 0 };
        follower.run();
        follower
    }

    /// Starts the program, if it does not run, and waits until it follows.
    fn run(&mut self) {
        let mut command = lanner(BINARY, &["-c", &self.config.display().to_string(), "--enable-source", "k8s_audit"]);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_ascii_lowercase());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let opened = |text: &str| text.matches("Opening 'k8s_audit' source").count();
        let before = opened(&self.errors());
        let mut daemon = Daemon::start(&mut command, self.dir.path());
        let position = self.path("position");
        daemon.wait_until("following", || position.exists() && opened(&self.errors()) > before);
        self.daemon = Some(daemon);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// So many more events, each of which raises an alert.
    fn raise(&mut self, alerts: usize) {
        let mut text = String::new();
        for number in self.written..self.written + alerts {
            let _ = writeln!(
                text,
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"e{number}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/a/pods","verb":"create","user":{{"username":"u","groups":[]}},"objectRef":{{"resource":"pods","namespace":"a","name":"p"}},"stageTimestamp":"2026-11-21T10:00:00.000001Z"}}"#
            );
        }
        self.written += alerts;
        let mut log = std::fs::OpenOptions::new().append(true).open(self.path("log")).unwrap();
        std::io::Write::write_all(&mut log, text.as_bytes()).unwrap();
    }

    fn wait_until(&mut self, what: &str, ready: impl FnMut() -> bool) {
        self.daemon.as_mut().unwrap().wait_until(what, ready);
    }

    /// Waits until standard output has everything.
    fn wait_for_stdout(&mut self) {
        let (out, expected) = (self.path("out"), self.expected());
        self.wait_until("standard output", || ids(&out) == expected);
    }

    /// The ids of all events, in order.
    fn expected(&self) -> Vec<String> {
        (0..self.written).map(|number| format!("e{number}")).collect()
    }

    fn signal(&self, name: &str) {
        let pid = self.daemon.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.path("err")).unwrap_or_default()
    }

    /// Ends it as an init system does; what it has complained about.
    fn stop(&mut self) -> String {
        let (code, _) = self.daemon.take().unwrap().stop();
        assert_eq!(code, Some(0), "{}", self.errors());
        self.errors()
    }
}

/// The ids in the alerts of a file, in order; a line that is no alert is a failure.
fn ids(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The last line may be being written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().filter(|line| line.starts_with('{')).map(id).collect()
}

fn id(line: &str) -> String {
    let alert: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    alert["output_fields"]["ka.auditid"].as_str().unwrap_or_else(|| panic!("no id: {line}")).to_owned()
}
