//! The entries of class `fdlist` and `util`.

use crate::fields::spec::Field;
use crate::fields::spec::FieldType::*;
use crate::fields::spec::PrintFormat::*;

/// Class `util`: not listed.
pub(super) const UTIL: &[Field] = &[Field::new("util.cnt", U64, "Counter", "Counts its own extractions.").format(Id)];

/// Class `fdlist`: the descriptors that `poll` and `ppoll` wait for.
pub(super) const FD_LIST: &[Field] = &[
    Field::new("fdlist.nums", Text, "Numbers", "Poll/ppoll: fd numbers joined by comma.").format(Id),
    Field::new("fdlist.names", Text, "Names", "Poll/ppoll: fd names, <NA> if unknown."),
    Field::new("fdlist.cips", Text, "Client addresses", "Poll/ppoll: client addresses."),
    Field::new("fdlist.sips", Text, "Server addresses", "Poll/ppoll: server addresses."),
    Field::new("fdlist.cports", Text, "Client ports", "Poll/ppoll: client ports.").format(Dec),
    Field::new("fdlist.sports", Text, "Server ports", "Poll/ppoll: server ports.").format(Dec),
];
