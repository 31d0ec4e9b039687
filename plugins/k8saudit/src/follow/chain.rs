//! Which file comes after which when a log is rotated.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// One file, whatever its name is now. The time of its making tells it from a later file that got the same inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
    /// Nanoseconds since the epoch; absent where the file system does not tell.
    made: Option<u64>,
}

impl Identity {
    /// That of a file.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        let since = |time: SystemTime| u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok();
        Self { device: meta.dev(), inode: meta.ino(), made: meta.created().ok().and_then(since) }
    }
}

/// The files that the log at `path` has been rotated to, and the log itself last, in the order in which they were written.
/// Rotated files have the log's name with something after it (`audit.log.1`) or before its ending (`audit-2026….log`, as
/// kube-apiserver names them); compressed ones cannot be read on from a position and are left out.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files(path: &Path) -> io::Result<Vec<(Identity, PathBuf)>> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        if !file.file_name().is_some_and(|name| path.file_name().is_some_and(|log| is_rotated(name, log))) {
            continue;
        }
        // It may have been deleted since it was listed.
        let Ok(meta) = file.metadata() else { continue };
        if meta.is_file() {
            found.push(((meta.mtime(), meta.mtime_nsec()), Identity::of(&meta), file));
        }
    }
    found.sort();
    let mut files: Vec<_> = found.into_iter().map(|(_, identity, file)| (identity, file)).collect();
    if let Ok(meta) = path.metadata() {
        files.push((Identity::of(&meta), path.to_owned()));
    }
    Ok(files)
}

impl PartialOrd for Identity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Identity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.made, self.device, self.inode).cmp(&(other.made, other.device, other.inode))
    }
}

fn is_rotated(name: &OsStr, log: &OsStr) -> bool {
    let (name, log) = (name.as_bytes(), log.as_bytes());
    if [&b".gz"[..], b".zst", b".xz", b".bz2"].iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    let after = |prefix: &[u8]| name.strip_prefix(prefix);
    if after(log).is_some_and(|rest| matches!(rest, [b'.' | b'-', b'0'..=b'9', ..])) {
        return true;
    }
    let Some(dot) = log.iter().rposition(|byte| *byte == b'.') else { return false };
    let (stem, ending) = log.split_at(dot);
    after(stem).is_some_and(|rest| matches!(rest, [b'-' | b'.', b'0'..=b'9', ..]) && rest.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_files_are_told_by_their_names() {
        let rotated = |name: &str| is_rotated(OsStr::new(name), OsStr::new("audit.log"));
        for name in ["audit.log.1", "audit-2026-11-21T10-00-00.000.log", "audit.log-20261121", "audit.2.log"] {
            assert!(rotated(name), "{name}");
        }
        for name in
            ["audit.log", "audit.log.1.gz", "audit-policy.yaml", "audit-policy.log", "other.log.1", "audit.log.swp"]
        {
            assert!(!rotated(name), "{name}");
        }
    }
}
