//! The entries of class `fs.path`.

use crate::fields::extract::fspath;
use crate::fields::spec::Field;
use crate::fields::spec::FieldType::*;

/// Class `fs.path`: the paths that a file system call was given.
pub(super) const FS_PATH: &[Field] = &[
    Field::new("fs.path.name", Text, "Path", "Resolved path for path syscalls that succeeded.", fspath::name),
    Field::new("fs.path.nameraw", Text, "Path as passed", "Path exactly as passed.", fspath::raw_name),
    Field::new(
        "fs.path.source",
        Text,
        "Source",
        "Resolved source (rename old; link: new path; symlink: link path; mount: device).",
        fspath::source,
    ),
    Field::new("fs.path.sourceraw", Text, "Source as passed", "Raw source.", fspath::raw_source),
    Field::new(
        "fs.path.target",
        Text,
        "Target",
        "Resolved target (rename new; link: old path; symlink: target; mount: dir).",
        fspath::target,
    ),
    Field::new("fs.path.targetraw", Text, "Target as passed", "Raw target.", fspath::raw_target),
];
