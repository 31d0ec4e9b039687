//! What files say, read again when they change: certificates and tokens are renewed while the program runs.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lanner_plugin_api::sdk::Log;

use super::WebhookError;

/// How often files are looked at.
pub(super) const LOOK: Duration = Duration::from_secs(2);

/// What tells one state of a file from another, behind links: a mounted secret is renewed by turning a link.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

/// A value made of files.
pub(super) struct OfFiles<T> {
    files: Vec<PathBuf>,
    make: Box<dyn Fn() -> Result<T, WebhookError> + Send + Sync>,
    held: Mutex<Held<T>>,
}

struct Held<T> {
    value: T,
    /// The files that the value is made of.
    of: Vec<Stamp>,
    /// Files of which none could be made; told already.
    refused: Option<Vec<Stamp>>,
}

impl<T: Clone> OfFiles<T> {
    /// Makes the value.
    ///
    /// # Errors
    /// The files say something that cannot be used.
    pub(super) fn new(
        files: Vec<PathBuf>,
        make: impl Fn() -> Result<T, WebhookError> + Send + Sync + 'static,
    ) -> Result<Self, WebhookError> {
        // Before the files are read: a change meanwhile is seen by the next look.
        let of = stamps(&files);
        let held = Mutex::new(Held { value: make()?, of, refused: None });
        Ok(Self { files, make: Box::new(make), held })
    }

    /// The value as the files had it when they were good last.
    pub(super) fn get(&self) -> T {
        self.lock().value.clone()
    }

    /// Makes the value anew if a file has changed. While the files cannot be used, as in the middle of being written, the old value
    /// holds.
    pub(super) fn look(&self, log: &Log) {
        let now = stamps(&self.files);
        {
            let mut held = self.lock();
            if held.of == now {
                held.refused = None;
                return;
            }
        }
        match (self.make)() {
            Ok(value) => {
                *self.lock() = Held { value, of: now, refused: None };
                log.info(format!("{} changed and was read again", names(&self.files)));
            }
            Err(error) => {
                let mut held = self.lock();
                if held.refused.as_ref() != Some(&now) {
                    log.error(format!("{error}; what was read before holds until this is mended"));
                    held.refused = Some(now);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let meta = path.metadata().ok()?;
        Some((meta.dev(), meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.size()))
    };
    files.iter().map(stamp).collect()
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|path| Path::display(path).to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_follows_its_file_and_holds_while_the_file_is_bad() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a"), dir.path().join("link"));
        std::fs::write(&file, "1").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let path = link.clone();
        let make = move || {
            let failed = |reason: String| WebhookError::Token { path: path.clone(), reason };
            let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
            text.parse::<u32>().map_err(|error| failed(error.to_string()))
        };
        let value = OfFiles::new(vec![link.clone()], make).unwrap();
        let log = Log::silent();
        let after = |change: &dyn Fn()| {
            change();
            value.look(&log);
            value.get()
        };
        assert_eq!(after(&|| ()), 1);
        assert_eq!(after(&|| std::fs::write(&file, "22").unwrap()), 22);
        assert_eq!(after(&|| std::fs::write(&file, "bad").unwrap()), 22);
        assert_eq!(after(&|| std::fs::remove_file(&file).unwrap()), 22);
        let other = dir.path().join("b");
        std::fs::write(&other, "333").unwrap();
        let turn = || {
            std::fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink(&other, &link).unwrap();
        };
        assert_eq!(after(&turn), 333);
    }
}
