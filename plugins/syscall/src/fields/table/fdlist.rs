//! The entries of class `fdlist` and `util`.

use crate::fields::extract::fdlist;
use crate::fields::spec::Field;
use crate::fields::spec::FieldType::*;
use crate::fields::spec::PrintFormat::*;

/// Class `util`: not listed.
pub(super) const UTIL: &[Field] =
    &[Field::new("util.cnt", U64, "Counter", "Counts its own extractions.", fdlist::count).format(Id)];

/// Class `fdlist`: the descriptors that `poll` and `ppoll` wait for.
pub(super) const FD_LIST: &[Field] = &[
    Field::new("fdlist.nums", Text, "Numbers", "Poll/ppoll: fd numbers joined by comma.", fdlist::numbers).format(Id),
    Field::new("fdlist.names", Text, "Names", "Poll/ppoll: fd names, <NA> if unknown.", fdlist::names),
    Field::new("fdlist.cips", Text, "Client addresses", "Poll/ppoll: client addresses.", fdlist::client_ips),
    Field::new("fdlist.sips", Text, "Server addresses", "Poll/ppoll: server addresses.", fdlist::server_ips),
    Field::new("fdlist.cports", Text, "Client ports", "Poll/ppoll: client ports.", fdlist::client_ports).format(Dec),
    Field::new("fdlist.sports", Text, "Server ports", "Poll/ppoll: server ports.", fdlist::server_ports).format(Dec),
];
