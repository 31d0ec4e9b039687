//! A run of the program that goes on while a test looks at its alerts.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running program. It is killed with the value.
pub struct Watched {
    child: Child,
    lines: Receiver<String>,
    /// The alerts so far.
    pub alerts: Vec<Value>,
}

impl Watched {
    /// Starts the program; what it logs goes to the file `log`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command, log: &std::path::Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log).expect("the log can be written");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the program can be started");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Self { child, lines, alerts: Vec::new() }
    }

    /// Reads alerts until `enough` of them says so; `false` if the program ended or said nothing new for a minute.
    pub fn until(&mut self, mut enough: impl FnMut(&[Value]) -> bool) -> bool {
        let mut last = Instant::now();
        while !enough(&self.alerts) {
            match self.lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    last = Instant::now();
                    self.alerts.extend(serde_json::from_str::<Value>(&line).ok());
                }
                Err(RecvTimeoutError::Timeout) if last.elapsed() < Duration::from_secs(60) => {}
                Err(_) => return enough(&self.alerts),
            }
        }
        true
    }

    /// Sends a signal: `-TERM`, `-KILL`.
    ///
    /// # Panics
    /// If `kill` cannot be run.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill can be run").success());
    }

    /// Waits for the end and returns the exit code and all alerts.
    ///
    /// # Panics
    /// If the program cannot be waited for.
    #[must_use]
    pub fn finish(mut self) -> (Option<i32>, Vec<Value>) {
        // The lines end when the program does; reading them first keeps it from waiting for a reader.
        let rest: Vec<Value> = self.lines.iter().filter_map(|line| serde_json::from_str(&line).ok()).collect();
        self.alerts.extend(rest);
        let status = self.child.wait().expect("it can be waited for");
        (status.code(), std::mem::take(&mut self.alerts))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
