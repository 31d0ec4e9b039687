//! The entries of class `fd`.

use crate::fields::extract::{fd, sock};
use crate::fields::keys::Key;
use crate::fields::spec::FieldType::*;
use crate::fields::spec::PrintFormat::*;
use crate::fields::spec::{Arg, Field, Matching};

/// Class `fd`: the file descriptor that the event concerns.
pub(super) const FD: &[Field] = &[
    Field::new("fd.num", I64, "Descriptor", "Fd number used by the event (thread's last fd).", fd::num)
        .format(Id)
        .decided_by(Key::FdNum),
    Field::new("fd.type", Text, "Type", "Type word of the fd.", fd::type_word).format(Dec).decided_by(Key::FdType),
    Field::new("fd.typechar", Text, "Type, one character", "One-character type.", fd::type_letter)
        .format(Dec)
        .decided_by(Key::FdType),
    Field::new(
        "fd.name",
        Text,
        "Name",
        "Path, or tuple for sockets; falls back to event params when the fd is unknown.",
        fd::name,
    )
    .decided_by(Key::FdName),
    Field::new("fd.directory", Text, "Directory", "Directory part for files/directories.", fd::directory)
        .decided_by(Key::FdName),
    Field::new("fd.filename", Text, "File name", "Last path part for files.", fd::filename).decided_by(Key::FdName),
    Field::new("fd.ip", IpAddr, "Address, either end", "Either end's address (filter).", sock::either_ip)
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cip", IpAddr, "Client address", "Client address (needs a known role).", sock::client_ip),
    Field::new("fd.sip", IpAddr, "Server address", "Server address.", sock::server_ip),
    Field::new("fd.lip", IpAddr, "Local address", "Local address (by interface list).", sock::local_ip),
    Field::new("fd.rip", IpAddr, "Remote address", "Remote address.", sock::remote_ip),
    Field::new("fd.port", Port, "Port, either end", "Either end's port (filter).", sock::either_port)
        .format(Dec)
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cport", Port, "Client port", "Client port.", sock::client_port).format(Dec),
    Field::new("fd.sport", Port, "Server port", "Server port.", sock::server_port).format(Dec),
    Field::new("fd.lport", Port, "Local port", "Local port.", sock::local_port).format(Dec),
    Field::new("fd.rport", Port, "Remote port", "Remote port.", sock::remote_port).format(Dec),
    Field::new("fd.l4proto", Text, "Transport protocol", "Tcp/udp/icmp/raw else <NA>.", sock::l4proto),
    Field::new("fd.sockfamily", Text, "Socket family", "Ip or unix.", sock::family),
    Field::new(
        "fd.is_server",
        Bool,
        "Is server",
        "Listening socket, or destination address is local.",
        sock::is_server,
    ),
    Field::new("fd.uid", Text, "Unique id", "Tid and fd number glued together.", fd::unique_id),
    Field::new("fd.containername", Text, "Container and name", "Container id : fd name.", fd::container_name),
    Field::new(
        "fd.containerdirectory",
        Text,
        "Container and directory",
        "Container id : fd directory.",
        fd::container_directory,
    ),
    Field::new(
        "fd.proto",
        Port,
        "Service, either end",
        "Either end's port given as service name (filter).",
        sock::either_port,
    )
    .filter_only()
    .no_rhs()
    .no_transformer()
    .matching(Matching::Either),
    Field::new("fd.cproto", Text, "Client service", "Client port as service name or number.", sock::client_proto),
    Field::new("fd.sproto", Text, "Server service", "Server port as service name or number.", sock::server_proto),
    Field::new("fd.lproto", Text, "Local service", "Local port as service name or number.", sock::local_proto),
    Field::new("fd.rproto", Text, "Remote service", "Remote port as service name or number.", sock::remote_proto),
    Field::new("fd.net", IpNet, "Network, either end", "Either address in network (filter).", sock::either_ip)
        .filter_only()
        .no_rhs()
        .no_transformer()
        .matching(Matching::Either),
    Field::new("fd.cnet", IpNet, "Client network", "Client address in network (filter).", sock::client_ip)
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.snet", IpNet, "Server network", "Server address in network (filter).", sock::server_ip)
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.lnet", IpNet, "Local network", "Local address in network (filter).", sock::local_ip)
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.rnet", IpNet, "Remote network", "Remote address in network (filter).", sock::remote_ip)
        .filter_only()
        .no_rhs()
        .no_transformer(),
    Field::new("fd.connected", Bool, "Connected", "Socket is connected.", fd::is_connected),
    Field::new("fd.name_changed", Bool, "Name changed", "This event changed the fd name.", fd::name_changed),
    Field::new(
        "fd.cip.name",
        Text,
        "Client host name",
        "Host name of the client address; conditions compare by the addresses of the given name.",
        sock::client_host,
    )
    .no_rhs()
    .no_transformer()
    .matching(Matching::Host),
    Field::new("fd.sip.name", Text, "Server host name", "DNS name for server address.", sock::server_host)
        .no_rhs()
        .no_transformer()
        .matching(Matching::Host),
    Field::new("fd.lip.name", Text, "Local host name", "DNS name for local address.", sock::local_host)
        .no_rhs()
        .no_transformer()
        .matching(Matching::Host),
    Field::new("fd.rip.name", Text, "Remote host name", "DNS name for remote address.", sock::remote_host)
        .no_rhs()
        .no_transformer()
        .matching(Matching::Host),
    Field::new("fd.dev", I32, "Device", "Device number.", fd::dev).format(Hex),
    Field::new("fd.dev.major", I32, "Device, major", "Major number.", fd::dev_major).format(Dec),
    Field::new("fd.dev.minor", I32, "Device, minor", "Minor number.", fd::dev_minor).format(Dec),
    Field::new("fd.ino", I64, "Inode", "Inode number.", fd::inode).format(Dec),
    Field::new("fd.nameraw", Text, "Name as passed", "Path as passed by the program, unresolved.", fd::raw_name)
        .decided_by(Key::FdNameRaw),
    Field::new(
        "fd.types",
        Text,
        "Types of open descriptors",
        "Distinct type words of all open fds, or of fd [n].",
        fd::types,
    )
    .format(Dec)
    .arg(Arg::allowed().index())
    .list()
    .no_rhs(),
    Field::new("fd.is_upper_layer", Bool, "Is in upper layer", "File fd on overlay upper.", fd::is_upper_layer),
    Field::new("fd.is_lower_layer", Bool, "Is in lower layer", "File fd on overlay lower.", fd::is_lower_layer),
];
