//! The program running beside a test.

use std::fs::OpenOptions;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed when dropped.
pub struct Daemon {
    child: Child,
    out: PathBuf,
    errors: PathBuf,
}

impl Daemon {
    /// Starts it with its output appended to `out` in `dir`, and its errors to `err`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command, dir: &Path) -> Self {
        let open =
            |name| OpenOptions::new().create(true).append(true).open(dir.join(name)).expect("a folder to write to");
        let child = command
            .stdin(Stdio::null())
            .stdout(open("out"))
            .stderr(open("err"))
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"));
        Self { child, out: dir.join("out"), errors: dir.join("err") }
    }

    /// Waits until `ready` says so.
    ///
    /// # Panics
    /// If the program ends before, or it takes for ever.
    pub fn wait_until(&mut self, what: &str, mut ready: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "{what}: the program ended: {ended:?}\n{}", self.errors());
            assert!(begin.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}\n{}", self.errors());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until somebody listens on the port.
    ///
    /// # Panics
    /// As [`Daemon::wait_until`].
    pub fn wait_for_port(&mut self, port: u16) {
        self.wait_until("listening", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// What it has complained about so far.
    #[must_use]
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// Waits until it ends by itself, and returns its exit code.
    ///
    /// # Panics
    /// If it does not.
    pub fn wait(&mut self) -> Option<i32> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status.code();
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end\n{}", self.errors());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as an init system does, and returns its exit code and all output.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn stop(mut self) -> (Option<i32>, String) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end\n{}", self.errors());
            std::thread::sleep(Duration::from_millis(10));
        };
        (status.code(), self.output())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listened on a moment ago.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port").port()
}
