//! The entries of class `fd`.

use crate::fields::spec::FieldType::*;
use crate::fields::spec::PrintFormat::*;
use crate::fields::spec::{Arg, Field, Matching};

/// Class `fd`: the file descriptor that the event concerns.
pub(super) const FD: &[Field] = &[
    Field::new("fd.num", I64, "Descriptor", "Fd number used by the event (thread's last fd).").format(Id),
    Field::new("fd.type", Text, "Type", "Type word of the fd.").format(Dec),
    Field::new("fd.typechar", Text, "Type, one character", "One-character type.").format(Dec),
    Field::new(
        "fd.name",
        Text,
        "Name",
        "Path, or tuple for sockets; falls back to event params when the fd is unknown.",
    ),
    Field::new("fd.directory", Text, "Directory", "Directory part for files/directories."),
    Field::new("fd.filename", Text, "File name", "Last path part for files."),
    Field::new("fd.ip", IpAddr, "Address, either end", "Either end's address (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cip", IpAddr, "Client address", "Client address (needs a known role)."),
    Field::new("fd.sip", IpAddr, "Server address", "Server address."),
    Field::new("fd.lip", IpAddr, "Local address", "Local address (by interface list)."),
    Field::new("fd.rip", IpAddr, "Remote address", "Remote address."),
    Field::new("fd.port", Port, "Port, either end", "Either end's port (filter).")
        .format(Dec)
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cport", Port, "Client port", "Client port.").format(Dec),
    Field::new("fd.sport", Port, "Server port", "Server port.").format(Dec),
    Field::new("fd.lport", Port, "Local port", "Local port.").format(Dec),
    Field::new("fd.rport", Port, "Remote port", "Remote port.").format(Dec),
    Field::new("fd.l4proto", Text, "Transport protocol", "Tcp/udp/icmp/raw else <NA>."),
    Field::new("fd.sockfamily", Text, "Socket family", "Ip or unix."),
    Field::new("fd.is_server", Bool, "Is server", "Listening socket, or destination address is local."),
    Field::new("fd.uid", Text, "Unique id", "Tid and fd number glued together."),
    Field::new("fd.containername", Text, "Container and name", "Container id : fd name."),
    Field::new("fd.containerdirectory", Text, "Container and directory", "Container id : fd directory."),
    Field::new("fd.proto", Port, "Service, either end", "Either end's port given as service name (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cproto", Text, "Client service", "Client port as service name or number."),
    Field::new("fd.sproto", Text, "Server service", "Server port as service name or number."),
    Field::new("fd.lproto", Text, "Local service", "Local port as service name or number."),
    Field::new("fd.rproto", Text, "Remote service", "Remote port as service name or number."),
    Field::new("fd.net", IpNet, "Network, either end", "Either address in network (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cnet", IpNet, "Client network", "Client address in network (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.snet", IpNet, "Server network", "Server address in network (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.lnet", IpNet, "Local network", "Local address in network (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.rnet", IpNet, "Remote network", "Remote address in network (filter).")
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.connected", Bool, "Connected", "Socket is connected."),
    Field::new("fd.name_changed", Bool, "Name changed", "This event changed the fd name."),
    Field::new(
        "fd.cip.name",
        Text,
        "Client host name",
        "Host name of the client address; conditions compare by the addresses of the given name.",
    )
    .no_rhs()
    .no_transformer()
    .matching(Matching::Host),
    Field::new("fd.sip.name", Text, "Server host name", "DNS name for server address.")
        .no_rhs()
        .no_transformer()
        .matching(Matching::Host),
    Field::new("fd.lip.name", Text, "Local host name", "DNS name for local address.")
        .no_rhs()
        .no_transformer()
        .matching(Matching::Host),
    Field::new("fd.rip.name", Text, "Remote host name", "DNS name for remote address.")
        .no_rhs()
        .no_transformer()
        .matching(Matching::Host),
    Field::new("fd.dev", I32, "Device", "Device number.").format(Hex),
    Field::new("fd.dev.major", I32, "Device, major", "Major number.").format(Dec),
    Field::new("fd.dev.minor", I32, "Device, minor", "Minor number.").format(Dec),
    Field::new("fd.ino", I64, "Inode", "Inode number.").format(Dec),
    Field::new("fd.nameraw", Text, "Name as passed", "Path as passed by the program, unresolved."),
    Field::new("fd.types", Text, "Types of open descriptors", "Distinct type words of all open fds, or of fd [n].")
        .format(Dec)
        .arg(Arg::allowed().index())
        .list()
        .no_rhs(),
    Field::new("fd.is_upper_layer", Bool, "Is in upper layer", "File fd on overlay upper."),
    Field::new("fd.is_lower_layer", Bool, "Is in lower layer", "File fd on overlay lower."),
];
