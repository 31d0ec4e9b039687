//! A position on disk that is the old or the new one whatever happens, never half of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is wrong with a stored position.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be read or written.
    #[error("position file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds something else. It is not passed over in silence: starting anew would repeat or lose events.
    #[error("position file {path} holds no position ({source}); delete it to start anew")]
    Content {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: serde_json::Error,
    },
}

/// A value in a file.
#[derive(Debug)]
pub struct Store<T> {
    path: PathBuf,
    aside: PathBuf,
    _value: PhantomData<fn(T)>,
}

impl<T: Serialize + DeserializeOwned> Store<T> {
    /// The store at `path`; its folder is made if it is missing.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self { path: path.to_owned(), aside: path.with_added_extension("new"), _value: PhantomData };
        fs::create_dir_all(store.folder()).map_err(|e| store.io(e))?;
        Ok(store)
    }

    /// What was saved last; `None` if nothing ever was.
    ///
    /// # Errors
    /// The file cannot be read or holds something else.
    pub fn load(&self) -> Result<Option<T>, StoreError> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| StoreError::Content { path: self.path.clone(), source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io(error)),
        }
    }

    /// Puts `value` in the place of what was saved before. When this returns it is on the disk: written aside, synced, put in
    /// place, and the folder synced.
    ///
    /// # Errors
    /// It cannot be written; what was saved before stands.
    pub fn save(&self, value: &T) -> Result<(), StoreError> {
        let bytes =
            serde_json::to_vec(value).map_err(|source| StoreError::Content { path: self.path.clone(), source })?;
        self.replace(&bytes).map_err(|e| self.io(e))
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.aside)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&self.aside, &self.path)?;
        File::open(self.folder())?.sync_all()
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
    }

    fn io(&self, source: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_is_there_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/position");
        let store = Store::<(String, u64)>::open(&path).unwrap();
        assert_eq!(store.load().unwrap(), None);
        store.save(&("a".into(), 1)).unwrap();
        // What a crash left aside does not count.
        fs::write(path.with_added_extension("new"), "[\"b").unwrap();
        assert_eq!(store.load().unwrap(), Some(("a".into(), 1)));
        store.save(&("b".into(), 2)).unwrap();
        assert_eq!(Store::<(String, u64)>::open(&path).unwrap().load().unwrap(), Some(("b".into(), 2)));
        fs::write(&path, "[").unwrap();
        let error = store.load().unwrap_err().to_string();
        assert!(error.contains("delete it"), "{error}");
    }
}
