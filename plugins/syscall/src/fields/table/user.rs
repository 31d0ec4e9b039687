//! The entries of class `user` and `group`.

use crate::fields::extract::user;
use crate::fields::spec::Field;
use crate::fields::spec::FieldType::*;
use crate::fields::spec::PrintFormat::*;

/// Class `user`: the user that the thread runs as.
pub(super) const USER: &[Field] = &[
    Field::new("user.uid", U32, "User id", "Uid of the thread.", user::uid).format(Id),
    Field::new(
        "user.name",
        Text,
        "User",
        "User name from per-container db; root fallback for uid 0; for container async events the container's user.",
        user::name,
    ),
    Field::new("user.homedir", Text, "Home directory", "Home dir from db.", user::homedir),
    Field::new("user.shell", Text, "Shell", "Shell from db.", user::shell),
    Field::new("user.loginuid", I64, "Login user id", "Audit uid, -1 when unset.", user::loginuid).format(Id),
    Field::new("user.loginname", Text, "Login user", "Name for audit uid.", user::loginname),
];

/// Class `group`: the group that the thread runs as.
pub(super) const GROUP: &[Field] = &[
    Field::new("group.gid", U32, "Group id", "Gid of the thread.", user::gid).format(Id),
    Field::new("group.name", Text, "Group", "Group name from db.", user::group_name),
];
