//! `syslog_output`: alerts to the system's log, as the C library's `syslog` sends them.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Delivery, Output, OutputError};

/// The facility `user`, which is the one that a program has that asks for none, as Falco.
const FACILITY: u8 = 1;

/// A datagram per alert: `<priority>time name: line`.
pub(super) struct Syslog {
    path: PathBuf,
    timeout: Duration,
    /// The name that lines stand under: that of the program, as it was called.
    ident: String,
    zone: TimeZone,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(super) fn new(path: &str, timeout: Duration) -> Self {
        let called = std::env::args_os().next().map(PathBuf::from);
        let ident = called.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        Self {
            path: path.into(),
            timeout,
            ident: ident.filter(|name| !name.is_empty()).unwrap_or_else(|| "lanner".into()),
            zone: TimeZone::system(),
            socket: None,
        }
    }

    fn connected(&self) -> Result<UnixDatagram, OutputError> {
        let connect = || {
            let socket = UnixDatagram::unbound()?;
            socket.connect(&self.path)?;
            socket.set_write_timeout(Some(self.timeout))?;
            Ok(socket)
        };
        connect().map_err(|source| OutputError::Open { path: self.path.display().to_string(), source })
    }
}

/// The datagram. The numbers of priorities are those of syslog.
fn datagram(delivery: &Delivery<'_>, stamp: &str, ident: &str) -> String {
    format!("<{}>{stamp} {ident}: {}", FACILITY << 3 | delivery.priority as u8, delivery.line)
}

impl Output for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.connected()?,
        };
        let stamp = Timestamp::now().to_zoned(self.zone.clone()).strftime("%b %e %H:%M:%S").to_string();
        match socket.send(datagram(delivery, &stamp, &self.ident).as_bytes()) {
            Ok(_) => {
                self.socket = Some(socket);
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Err(OutputError::Blocked(self.timeout)),
            // The daemon was started anew: its old socket is nobody's. The next attempt connects again.
            Err(source) if source.kind() == std::io::ErrorKind::BrokenPipe => {
                Err(OutputError::Open { path: self.path.display().to_string(), source })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn reopen(&mut self) -> Result<(), OutputError> {
        self.socket = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::load::Priority;

    fn delivery(priority: Priority) -> Delivery<'static> {
        Delivery { priority, json: false, line: "a line" }
    }

    #[test]
    fn priorities_are_those_of_syslog_in_the_facility_user() {
        let lines: Vec<String> =
            Priority::ALL.iter().map(|priority| datagram(&delivery(*priority), "Nov  1 02:03:04", "x")).collect();
        let expected: Vec<String> = (8..16).map(|n| format!("<{n}>Nov  1 02:03:04 x: a line")).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_daemon_that_is_started_anew_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut output = Syslog::new(path.to_str().unwrap(), Duration::from_secs(5));
        let absent = output.deliver(&delivery(Priority::Error)).unwrap_err();
        assert!(absent.to_string().starts_with("failed to open "), "{absent}");
        for _ in 0..2 {
            let daemon = UnixDatagram::bind(&path).unwrap();
            let sent = (0..2).find_map(|_| output.deliver(&delivery(Priority::Error)).ok());
            assert!(sent.is_some(), "one attempt notices, the next one connects");
            let mut buffer = [0; 200];
            let length = daemon.recv(&mut buffer).unwrap();
            assert!(buffer[..length].starts_with(b"<11>"));
            drop(daemon);
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_daemon_that_does_not_read_is_not_waited_for_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let _daemon = UnixDatagram::bind(&path).unwrap();
        let mut output = Syslog::new(path.to_str().unwrap(), Duration::from_millis(20));
        let error = std::iter::repeat_with(|| output.deliver(&delivery(Priority::Informational)))
            .find_map(Result::err)
            .unwrap();
        assert!(matches!(error, OutputError::Blocked(_)), "{error}");
    }
}
