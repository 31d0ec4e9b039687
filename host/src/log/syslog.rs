//! Lines to syslog, as the C library sends them: a datagram each, `<priority>time name[pid]: text`.
//!
//! Whoever writes a line must not wait for a daemon: what the socket does not take at once is lost, counted, and told of in the
//! next line that gets through.

use std::ffi::OsStr;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Level;

/// The facility `user`, that of programs which ask for none, as Falco.
const FACILITY: u8 = 1;

/// The longest text in a datagram; daemons cut at about this length, and longer datagrams may not fit into their socket.
const LONGEST: usize = 8000;

static SYSLOG: Mutex<Option<Syslog>> = Mutex::new(None);

/// Sets the socket; `None` ends it.
pub(super) fn configure(path: Option<&Path>) {
    *SYSLOG.lock().unwrap_or_else(PoisonError::into_inner) = path.map(Syslog::new);
}

/// Sends one line.
pub(super) fn write(level: Level, text: &str) {
    if let Some(syslog) = SYSLOG.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        syslog.write(level, text);
    }
}

struct Syslog {
    path: PathBuf,
    /// The name that lines stand under: that of the program, as it was called.
    ident: String,
    socket: Option<UnixDatagram>,
    /// Lines that did not get through since the last that did.
    lost: u64,
}

impl Syslog {
    fn new(path: &Path) -> Self {
        let called = std::env::args_os().next().map(PathBuf::from);
        let name = called.as_deref().and_then(Path::file_name).map(OsStr::to_string_lossy).unwrap_or_default();
        let ident = if name.is_empty() { "lanner".to_owned() } else { name.into_owned() };
        Self { path: path.to_owned(), ident, socket: None, lost: 0 }
    }

    fn write(&mut self, level: Level, text: &str) {
        if self.lost > 0 {
            let note = format!("{} messages did not reach syslog", self.lost);
            if !self.send(Level::Warning, &note) {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if !self.send(level, text) {
            self.lost += 1;
        }
    }

    /// A daemon that was started anew has a new socket: a second attempt connects again.
    fn send(&mut self, level: Level, text: &str) -> bool {
        let datagram = self.datagram(level, text);
        for _ in 0..2 {
            if self.socket.is_none() {
                self.socket = connect(&self.path).ok();
            }
            let Some(socket) = &self.socket else { return false };
            match socket.send(datagram.as_bytes()) {
                Ok(_) => return true,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
                Err(_) => self.socket = None,
            }
        }
        false
    }

    fn datagram(&self, level: Level, text: &str) -> String {
        let stamp = Timestamp::now().to_zoned(TimeZone::system()).strftime("%b %e %H:%M:%S").to_string();
        let end = (0..=LONGEST.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        let text = text.get(..end).unwrap_or_default();
        format!("<{}>{stamp} {}[{}]: {text}", (FACILITY << 3) | level as u8, self.ident, std::process::id())
    }
}

fn connect(path: &Path) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 9000];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn lines_arrive_in_the_form_of_the_c_library() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let daemon = UnixDatagram::bind(&path).unwrap();
        let mut syslog = Syslog::new(&path);
        syslog.write(Level::Warning, "something\ndoubtful");
        let line = received(&daemon);
        assert!(line.starts_with("<12>"), "{line}");
        assert!(line.ends_with(&format!("[{}]: something\ndoubtful", std::process::id())), "{line}");
        syslog.write(Level::Info, &"ä".repeat(9000));
        assert!(received(&daemon).len() < 9000);
    }

    #[test]
    fn lines_without_a_daemon_are_counted_and_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut syslog = Syslog::new(&path);
        syslog.write(Level::Info, "one");
        syslog.write(Level::Info, "two");
        let daemon = UnixDatagram::bind(&path).unwrap();
        syslog.write(Level::Info, "three");
        assert!(received(&daemon).ends_with("2 messages did not reach syslog"));
        assert!(received(&daemon).ends_with(": three"));
        // Started anew: the old socket is nobody's.
        drop(daemon);
        std::fs::remove_file(&path).unwrap();
        let daemon = UnixDatagram::bind(&path).unwrap();
        syslog.write(Level::Info, "four");
        assert!(received(&daemon).ends_with(": four"));
    }
}
