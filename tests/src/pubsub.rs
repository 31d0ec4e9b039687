//! A stand-in for Pub/Sub: Google's own emulator, and what tests have it do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::daemon::{Daemon, free_port};

/// A running emulator. It ends with the value.
pub struct Emulator {
    daemon: Daemon,
    port: u16,
    _dir: tempfile::TempDir,
}

/// Where `gcloud components install pubsub-emulator` and Google's Debian packages put it; `LANNER_PUBSUB_EMULATOR` names another
/// place.
fn jar() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("LANNER_PUBSUB_EMULATOR") {
        return Some(named.into());
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join("google-cloud-sdk");
    let roots = [PathBuf::from("/usr/lib/google-cloud-sdk"), home, PathBuf::from("/google-cloud-sdk")];
    let files = roots.iter().filter_map(|root| root.join("platform/pubsub-emulator/lib").read_dir().ok()).flatten();
    files.filter_map(Result::ok).map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "jar"))
}

impl Emulator {
    /// Starts an emulator of its own for the test, with the topic `audit`; `None`, told on stderr, if this machine has none.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(jar) = jar() else {
            eprintln!("skipped: Google's Pub/Sub emulator is not installed (google-cloud-cli-pubsub-emulator)");
            return None;
        };
        if !Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: java is not installed, which Google's Pub/Sub emulator needs");
            return None;
        }
        let (port, dir) = (free_port(), tempfile::tempdir().expect("a temporary folder"));
        let mut command = Command::new("java");
        command
            .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar"])
            .arg(jar)
            .args(["--host=127.0.0.1", &format!("--port={port}")]);
        let mut daemon = Daemon::start(&mut command, dir.path());
        daemon.wait_for_port(port);
        let emulator = Self { daemon, port, _dir: dir };
        let _ = emulator.call("PUT", "topics/audit", &json!({}));
        Some(emulator)
    }

    /// What PUBSUB_EMULATOR_HOST is to be.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Makes a call of the API, whose path follows `/v1/projects/my-project/`, and returns the answer.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, text) = self.try_call(method, path, body).unwrap_or_else(|error| {
            panic!("{method} {path}: {error}\n{}", self.daemon.errors());
        });
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{method} {path}: {error}: {text}"))
    }

    fn try_call(&self, method: &str, path: &str, body: &Value) -> std::io::Result<(u16, String)> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.address())?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            stream,
            "{method} /v1/projects/my-project/{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address(),
            body.len()
        )?;
        // The emulator keeps the connection open, so the head says where the answer ends.
        let mut answer = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") && answer.read_line(&mut head)? > 0 {}
        for line in head.lines() {
            if let Some((_, number)) =
                line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                length = number.trim().parse().map_err(std::io::Error::other)?;
            }
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let mut text = String::new();
        answer.take(length).read_to_string(&mut text)?;
        Ok((status, text))
    }

    /// Makes the subscription `lanner` of the topic `audit`, with what `more` says of it.
    ///
    /// # Panics
    /// If it fails.
    pub fn subscribe(&self, more: &Value) {
        let mut subscription = json!({"topic": "projects/my-project/topics/audit", "ackDeadlineSeconds": 10});
        for (key, value) in more.as_object().into_iter().flatten() {
            subscription[key] = value.clone();
        }
        let _ = self.call("PUT", "subscriptions/lanner", &subscription);
    }

    /// Publishes payloads to a topic, as a log sink does.
    ///
    /// # Panics
    /// If it fails.
    pub fn publish<T: AsRef<[u8]>>(&self, topic: &str, payloads: impl IntoIterator<Item = T>) {
        let message = |payload: T| json!({"data": BASE64_STANDARD.encode(payload)});
        let messages: Vec<Value> = payloads.into_iter().map(message).collect();
        for messages in messages.chunks(500) {
            let _ = self.call("POST", &format!("topics/{topic}:publish"), &json!({"messages": messages}));
        }
    }

    /// The messages that a reader of the subscription is handed now; they stay unanswered.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn pull(&self, subscription: &str) -> Vec<Vec<u8>> {
        let path = format!("subscriptions/{subscription}:pull");
        let answer = self.call("POST", &path, &json!({"maxMessages": 1000, "returnImmediately": true}));
        let received = answer["receivedMessages"].as_array().cloned().unwrap_or_default();
        let data = |message: &Value| BASE64_STANDARD.decode(message["message"]["data"].as_str()?).ok();
        received.iter().filter_map(data).collect()
    }
}
