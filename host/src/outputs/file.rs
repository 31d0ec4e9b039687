//! `file_output`: alerts appended to a file.

use std::fs::OpenOptions;

use super::unwritten::Unwritten;
use super::{Delivery, Output, OutputError};
use crate::config::FileOutput;

/// A file. Without `keep_alive` it is opened for each alert, so that it may be moved away at any time; with it, a
/// signal makes the output open it anew.
pub(super) struct File {
    path: String,
    keep_alive: bool,
    open: Option<std::fs::File>,
    text: Vec<u8>,
    unwritten: Unwritten,
}

impl File {
    pub(super) fn new(settings: &FileOutput) -> Self {
        Self {
            path: settings.filename.clone(),
            keep_alive: settings.keep_alive,
            open: None,
            text: Vec::new(),
            unwritten: Unwritten::default(),
        }
    }

    fn handle(&mut self) -> Result<std::fs::File, OutputError> {
        match self.open.take() {
            Some(file) => Ok(file),
            None => OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.path)
                .map_err(|source| OutputError::Open { path: self.path.clone(), source }),
        }
    }
}

impl Output for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<(), OutputError> {
        let mut file = self.handle()?;
        self.text.clear();
        self.text.extend_from_slice(delivery.line.as_bytes());
        self.text.push(b'\n');
        self.unwritten.write(&mut file, &self.text)?;
        self.open = self.keep_alive.then_some(file);
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), OutputError> {
        self.open = None;
        self.unwritten.start_over();
        if self.keep_alive {
            self.open = Some(self.handle()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_engine::load::Priority;

    fn deliver(output: &mut File, line: &str) -> Result<(), OutputError> {
        output.deliver(&Delivery { priority: Priority::Warning, json: false, line })
    }

    #[test]
    fn alerts_are_appended_and_the_file_may_be_moved_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.txt");
        std::fs::write(&path, "old\n").unwrap();
        for keep_alive in [false, true] {
            let mut output = File::new(&FileOutput { filename: path.display().to_string(), keep_alive });
            deliver(&mut output, "one").unwrap();
            std::fs::rename(&path, dir.path().join("moved")).unwrap();
            deliver(&mut output, "two").unwrap();
            let moved = std::fs::read_to_string(dir.path().join("moved")).unwrap();
            if keep_alive {
                assert_eq!(moved, "one\ntwo\n");
                output.reopen().unwrap();
                deliver(&mut output, "three").unwrap();
                assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
            } else {
                assert_eq!(moved, "old\none\n");
                assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
                std::fs::remove_file(&path).unwrap();
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let mut output = File::new(&FileOutput { filename: "/absent/dir/x".into(), keep_alive: true });
        let error = deliver(&mut output, "one").unwrap_err();
        assert!(error.to_string().starts_with("failed to open /absent/dir/x: "), "{error}");
    }
}
