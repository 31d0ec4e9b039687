//! Running the whole program, and comparing what it says with what is recorded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run of the program left.
#[derive(Clone, Debug)]
pub struct Run {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        }
    }

    /// The alerts: what stands on stdout before the counts.
    #[must_use]
    pub fn alerts(&self) -> &str {
        self.stdout.find("Events detected: ").map_or(&self.stdout, |at| &self.stdout[..at])
    }

    /// This run, if it ended well.
    ///
    /// # Panics
    /// If it did not.
    #[must_use]
    pub fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// The program with these arguments, in a neutral environment: time zone UTC, host name `lab`.
#[must_use]
pub fn lanner(binary: &str, args: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(args).env("TZ", "UTC").env("FALCO_HOSTNAME", "lab").stdin(Stdio::null());
    command
}

/// The same command with no more than this many KiB of address space: what wants more fails.
#[must_use]
pub fn within(command: &Command, kib: u64) -> Command {
    let mut bounded = Command::new("sh");
    bounded.args(["-c", "ulimit -v \"$0\" && exec \"$@\"", &kib.to_string()]);
    bounded.arg(command.get_program()).args(command.get_args());
    bounded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    // Else each thread may set aside a good deal for itself, more with every processor.
    bounded.env("MALLOC_ARENA_MAX", "2").stdin(Stdio::null());
    bounded
}

/// Runs the program to its end.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn run(command: &mut Command) -> Run {
    Run::of(command.output().unwrap_or_else(|e| panic!("{command:?}: {e}")))
}

/// The folder of this crate.
#[must_use]
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with recorded captures and upstream's rule files, if it is there: `$LANNER_SHARED`, else `../shared` beside
/// the repository. Without it the calling test says so and passes.
#[must_use]
pub fn shared() -> Option<PathBuf> {
    let root = here().parent().map(|root| root.join("../shared"));
    let found = std::env::var_os("LANNER_SHARED").map(PathBuf::from).or(root).filter(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: ../shared is absent");
    }
    found
}

/// Whether golden files are rewritten rather than compared.
fn bless() -> bool {
    std::env::var_os("LANNER_BLESS").is_some_and(|value| value == "1")
}

/// Compares `actual` with `tests/golden/<name>`; with `LANNER_BLESS=1` in the environment rewrites the file instead.
///
/// # Panics
/// If they differ: the message shows the first lines that do.
pub fn golden(name: &str, actual: &str) {
    let path = here().join("golden").join(name);
    if bless() {
        std::fs::write(&path, actual).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return;
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}; LANNER_BLESS=1 writes it", path.display()));
    assert!(
        expected == actual,
        "{} differs (LANNER_BLESS=1 rewrites it):\n{}",
        path.display(),
        diff(&expected, actual)
    );
}

/// The lines that differ first, with what was expected and what came.
#[must_use]
pub fn diff(expected: &str, actual: &str) -> String {
    let mut out = String::new();
    let (expected_lines, actual_lines): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let longest = expected_lines.len().max(actual_lines.len());
    let differing = (0..longest).filter(|&i| expected_lines.get(i) != actual_lines.get(i));
    for i in differing.take(5) {
        let side = |lines: &[&str]| lines.get(i).map_or("(nothing)".to_owned(), |line| (*line).to_owned());
        let _ =
            writeln!(out, "line {}\n  expected {}\n  actual   {}", i + 1, side(&expected_lines), side(&actual_lines));
    }
    let _ = writeln!(out, "{} lines expected, {} came", expected_lines.len(), actual_lines.len());
    out
}
