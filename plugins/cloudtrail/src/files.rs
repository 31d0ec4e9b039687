//! Log files and folders of them, read once in the order of their names.

use std::fmt::Display;
use std::io;
use std::path::Path;

use lanner_intake::expand;
use lanner_intake::files::{FileError, FileOptions, Files, Taker};
use lanner_intake::split::Piece;
use lanner_plugin_api::sdk::{Batch, Error, Next, Progress};

use crate::core::{Core, Count, MAX_RECORD, Shared};
use crate::feed::{BATCH, Feed};

/// A log file, or all log files of a folder and the folders in it.
///
/// # Errors
/// The path cannot be read, there is no log file, or the stored position (`stateFile`) cannot be used.
pub fn open(path: &Path, shared: &Shared) -> Result<Files, FileError> {
    let options = FileOptions {
        list: "Records",
        max_record: MAX_RECORD,
        max_expanded: shared.config.max_expanded_size,
        endings: &[".json", ".json.gz"],
        position: &shared.config.state_file,
    };
    Files::open(path, &options)
}

struct Filler<'b, 'i, 'c> {
    core: &'c Core,
    batch: &'b mut Batch<'i>,
}

impl Taker for Filler<'_, '_, '_> {
    fn piece(&mut self, piece: Piece<'_>, from: &dyn Display) {
        self.core.piece(piece, from, self.batch);
    }

    fn read(&mut self) {
        self.core.shared().counters.add(Count::Files);
    }

    fn failed(&mut self, path: &Path, error: &io::Error) {
        let shared = self.core.shared();
        shared.counters.add(Count::FilesFailed);
        shared.log.error(format!("cannot read {}: {error}", path.display()));
        shared.rejects.reject(expand::reason(error), &path.display(), &[]);
    }
}

impl Feed for Files {
    fn next(&mut self, core: &mut Core, batch: &mut Batch<'_>) -> Result<Next, Error> {
        self.confirmed().map_err(Error::other)?;
        while batch.len() < BATCH {
            if !self.step(&mut Filler { core, batch }) {
                // The end comes with an empty batch, once the last events have been evaluated and their place is stored.
                return Ok(if batch.is_empty() { Next::End } else { Next::More });
            }
        }
        self.handed();
        Ok(Next::More)
    }

    fn progress(&mut self) -> Option<Progress> {
        Some(Files::progress(self))
    }
}
