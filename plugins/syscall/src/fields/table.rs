//! The field table: every field of the syscall source, by class.
//!
//! A field's id is its position in [`FIELDS`]. New fields go at the end of their class: ids are not stable between
//! versions, names are. An entry needs a golden line in `tests/data/fields.golden` too.

mod event;
mod fd;
mod fdlist;
mod fspath;
mod process;
mod user;

use super::spec::{Class, Field};

/// The classes in the order in which fields are listed.
pub static CLASSES: &[Class] = &[
    Class { name: "evt", desc: "What an event says of itself: type, arguments, result.", fields: event::EVENT },
    Class {
        name: "process",
        desc: "The process and thread that raised the event, and the ancestors of the process.",
        fields: process::PROCESS,
    },
    Class { name: "user", desc: "The user that the process runs as.", fields: user::USER },
    Class { name: "group", desc: "The group that the process runs as.", fields: user::GROUP },
    Class { name: "fd", desc: "The file descriptor that the event concerns: file, socket, pipe.", fields: fd::FD },
    Class { name: "fs.path", desc: "The paths that file system calls were given.", fields: fspath::FS_PATH },
    Class { name: "util", desc: "Helpers.", fields: fdlist::UTIL },
    Class { name: "fdlist", desc: "The descriptors that poll and ppoll wait for.", fields: fdlist::FD_LIST },
];

const COUNT: usize = event::EVENT.len()
    + process::PROCESS.len()
    + user::USER.len()
    + user::GROUP.len()
    + fd::FD.len()
    + fspath::FS_PATH.len()
    + fdlist::UTIL.len()
    + fdlist::FD_LIST.len();

/// All fields; the index is the field's id.
pub static FIELDS: [Field; COUNT] = all();

const fn all() -> [Field; COUNT] {
    let mut out = [event::EVENT[0]; COUNT];
    let lists = [
        event::EVENT,
        process::PROCESS,
        user::USER,
        user::GROUP,
        fd::FD,
        fspath::FS_PATH,
        fdlist::UTIL,
        fdlist::FD_LIST,
    ];
    let (mut n, mut l) = (0, 0);
    while l < lists.len() {
        let mut i = 0;
        while i < lists[l].len() {
            out[n] = lists[l][i];
            n += 1;
            i += 1;
        }
        l += 1;
    }
    out
}
