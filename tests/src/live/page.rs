//! The page on which a watching program shows its metrics.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::daemon::free_port;

/// Where one program shows them.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    port: u16,
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// At a port that nobody uses, for a program that is about to start.
    #[must_use]
    pub fn new() -> Self {
        Self { port: free_port() }
    }

    /// The `-o` settings with which the program shows it.
    #[must_use]
    pub fn settings(self) -> Vec<String> {
        let fixed = [
            "metrics.enabled=true",
            "metrics.interval=1h",
            "webserver.enabled=true",
            "webserver.prometheus_metrics_enabled=true",
            "webserver.listen_address=127.0.0.1",
        ];
        let port = format!("webserver.listen_port={}", self.port);
        fixed.into_iter().map(str::to_owned).chain([port]).collect()
    }

    /// Its port.
    #[must_use]
    pub fn port(self) -> u16 {
        self.port
    }

    /// All values, by name with labels.
    ///
    /// # Panics
    /// If the program does not answer.
    #[must_use]
    pub fn values(self) -> BTreeMap<String, f64> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the program answers");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it ends");
        let (_, page) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let values = lines.filter_map(|line| line.rsplit_once(' '));
        values.filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?))).collect()
    }

    /// The values of a metric, whatever their labels, added up; 0 if it is not there.
    ///
    /// # Panics
    /// As [`Page::values`].
    #[must_use]
    pub fn value(self, name: &str) -> f64 {
        let values = self.values();
        values.iter().filter(|(series, _)| series.split('{').next() == Some(name)).map(|(_, value)| value).sum()
    }
}
