//! The same alerts from a capture.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Alert;
use crate::program::{lanner, run};

/// Fields in every alert beside those of its rule.
const EXTRA: [&str; 4] = ["proc.env[LANNER_ACTION]", "container.id", "proc.pid", "proc.tty"];

/// Writes the configuration of all runs whose alerts are read here: JSON lines, with what tells actions apart. No alert waits for
/// container runtimes unless a test asks for it: containers that tests make are known to none.
pub(super) fn configuration(folder: &Path) -> PathBuf {
    let extra = EXTRA.map(|field| format!("\"{field}\"")).join(", ");
    let text = format!(
        "stdout_output: {{enabled: true}}\njson_output: true\nlog_syslog: false\nlog_stderr: true\nrule_matching: all\n\
         container: {{hold_ms: 0}}\nengine: {{kind: modern_ebpf}}\nload_plugins: [container]\n\
         plugins: [{{name: container, library_path: libcontainer.so}}]\nappend_output: [{{extra_fields: [{extra}]}}]\n"
    );
    let path = folder.join("falco.yaml");
    std::fs::write(&path, text).expect("a file in a temporary folder");
    path
}

/// The alerts that a capture raises with these rule files.
///
/// # Panics
/// If it cannot be replayed.
#[must_use]
pub fn replayed(binary: &str, capture: &Path, rules: &[PathBuf]) -> Vec<Alert> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = lanner(binary, &["-c"]);
    command.arg(configuration(folder.path())).args(["-o", "engine.kind=replay", "-o"]);
    command.arg(format!("engine.replay.capture_file={}", capture.display()));
    for file in rules {
        command.arg("-r").arg(file);
    }
    let run = run(&mut command).good();
    run.stdout.lines().filter_map(|line| Alert::parse(Instant::now(), line)).collect()
}
