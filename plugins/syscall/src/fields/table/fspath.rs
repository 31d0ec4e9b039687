//! The entries of class `fs.path`.

use crate::fields::spec::Field;
use crate::fields::spec::FieldType::*;

/// Class `fs.path`: the paths that a file system call was given.
pub(super) const FS_PATH: &[Field] = &[
    Field::new("fs.path.name", Text, "Path", "Resolved path for path syscalls that succeeded."),
    Field::new("fs.path.nameraw", Text, "Path as passed", "Path exactly as passed."),
    Field::new(
        "fs.path.source",
        Text,
        "Source",
        "Resolved source (rename old; link: new path; symlink: link path; mount: device).",
    ),
    Field::new("fs.path.sourceraw", Text, "Source as passed", "Raw source."),
    Field::new(
        "fs.path.target",
        Text,
        "Target",
        "Resolved target (rename new; link: old path; symlink: target; mount: dir).",
    ),
    Field::new("fs.path.targetraw", Text, "Target as passed", "Raw target."),
];
