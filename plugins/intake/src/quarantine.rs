//! A folder with the payloads that were no events, for whoever wants to know why.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Where payloads that are no events are kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineConfig {
    /// The folder; it is made if it is missing, readable for its owner only: payloads may hold secrets.
    pub dir: PathBuf,
    /// Bytes that may lie in it. When it is full nothing is added: what came first is evidence too, and whoever sends bad
    /// payloads must not be able to push others out.
    #[serde(rename = "maxBytes", default = "default_max")]
    pub max_bytes: u64,
}

const fn default_max() -> u64 {
    100 << 20
}

/// What became of a payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Yes,
    Full,
}

#[derive(Debug)]
pub(crate) struct Quarantine {
    config: QuarantineConfig,
    used: AtomicU64,
    number: AtomicU64,
}

impl Quarantine {
    pub(crate) fn open(config: &QuarantineConfig) -> io::Result<Self> {
        let at = |error: io::Error| {
            io::Error::new(error.kind(), format!("quarantine.dir {}: {error}", config.dir.display()))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.dir).map_err(at)?;
        let mut used = 0;
        for entry in fs::read_dir(&config.dir).map_err(at)? {
            used +=
                entry.and_then(|entry| entry.metadata()).map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 });
        }
        Ok(Self { config: config.clone(), used: AtomicU64::new(used), number: AtomicU64::new(0) })
    }

    pub(crate) fn folder(&self) -> impl std::fmt::Display + '_ {
        self.config.dir.display()
    }

    /// Writes the payload to a file of its own, unless the folder is full.
    pub(crate) fn keep(&self, reason: &str, payload: &[u8]) -> io::Result<Kept> {
        let len = payload.len() as u64;
        let room = |used: u64| used.checked_add(len).filter(|sum| *sum <= self.config.max_bytes);
        if self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
            return Ok(Kept::Full);
        }
        let time = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let path = self.config.dir.join(format!("{time}-{}-{number}-{reason}", std::process::id()));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        written.and_then(|mut file| file.write_all(payload)).inspect_err(|_| {
            self.used.fetch_sub(len, Ordering::Relaxed);
        })?;
        Ok(Kept::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_until_full_and_counts_what_lay_there_before() {
        let dir = tempfile::tempdir().unwrap();
        let config = QuarantineConfig { dir: dir.path().join("a/b"), max_bytes: 10 };
        let quarantine = Quarantine::open(&config).unwrap();
        assert_eq!(quarantine.keep("not_json", b"12345").unwrap(), Kept::Yes);
        assert_eq!(quarantine.keep("not_json", b"123456").unwrap(), Kept::Full);
        assert_eq!(quarantine.keep("foreign", b"12345").unwrap(), Kept::Yes);
        let mut kept: Vec<_> =
            fs::read_dir(&config.dir).unwrap().map(|e| fs::read(e.unwrap().path()).unwrap()).collect();
        kept.sort();
        assert_eq!(kept, [b"12345", b"12345"]);
        assert_eq!(Quarantine::open(&config).unwrap().keep("x", b"1").unwrap(), Kept::Full);
    }
}
