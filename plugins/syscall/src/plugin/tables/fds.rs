//! Fields of a descriptor in the sub-table `file_descriptors`.

use lanner_plugin_api::raw::StateType as T;
use lanner_plugin_api::sdk::{StateOut, TableFault};

use super::StaticFields;
use crate::state::fd::Fd;

/// The 32 fields; what [`read`] does with a field stands under its place here. The fields of addresses look at the same
/// memory: only those that belong to the descriptor's type mean something.
pub(super) const FIELDS: StaticFields = &[
    (c"type", T::UINT8, true),
    (c"open_flags", T::UINT32, true),
    (c"name", T::STRING, true),
    (c"name_raw", T::STRING, true),
    (c"old_name", T::STRING, true),
    (c"flags", T::UINT32, true),
    (c"dev", T::UINT32, true),
    (c"mount_id", T::UINT32, true),
    (c"ino", T::UINT64, true),
    (c"pid", T::INT64, true),
    (c"fd", T::INT64, true),
    (c"socket_ipv4_src_ip", T::UINT32, true),
    (c"socket_ipv4_dest_dip", T::UINT32, true),
    (c"socket_ipv4_src_port", T::UINT16, true),
    (c"socket_ipv4_dst_port", T::UINT16, true),
    (c"socket_ipv4_l4_proto", T::UINT8, true),
    (c"socket_ipv6_src_ip_low", T::UINT64, true),
    (c"socket_ipv6_src_ip_high", T::UINT64, true),
    (c"socket_ipv6_dest_ip_low", T::UINT64, true),
    (c"socket_ipv6_dest_ip_high", T::UINT64, true),
    (c"socket_ipv6_src_port", T::UINT16, true),
    (c"socket_ipv6_dst_port", T::UINT16, true),
    (c"socket_ipv6_l4_proto", T::UINT8, true),
    (c"socket_ipv4_server_ip", T::UINT32, true),
    (c"socket_ipv4_server_port", T::UINT16, true),
    (c"socket_ipv4_server_l4_proto", T::UINT8, true),
    (c"socket_ipv6_server_ip_low", T::UINT64, true),
    (c"socket_ipv6_server_ip_high", T::UINT64, true),
    (c"socket_ipv6_server_port", T::UINT16, true),
    (c"socket_ipv6_server_l4_proto", T::UINT8, true),
    (c"socket_unix_src", T::UINT64, true),
    (c"socket_unix_dest", T::UINT64, true),
];

/// Half of an address, as it lies in memory.
fn half(address: &[u8; 16], high: bool) -> u64 {
    let bits = u128::from_le_bytes(*address);
    if high { (bits >> 64) as u64 } else { bits as u64 }
}

pub(super) fn read(fd: &Fd, number: i64, field: u32, out: &mut StateOut<'_>) -> Result<(), TableFault> {
    let sock = &fd.sock;
    match field {
        0 => out.u8(fd.ty as i8 as u8),
        1 => out.u32(fd.openflags),
        2 => out.str_bytes(&fd.name()),
        3 => out.str_bytes(fd.raw_name().as_bytes()),
        // Only kept between two events upstream, and of no use outside of it.
        4 => out.cstr(c""),
        5 => out.u32(fd.flags),
        6 => out.u32(fd.dev),
        7 => out.u32(fd.mount_id),
        8 => out.u64(fd.ino),
        9 => out.i64(fd.pid),
        10 => out.i64(number),
        11 => out.u32(u32::from_le_bytes(sock.src4())),
        12 | 23 => out.u32(u32::from_le_bytes(sock.dst4())),
        13 | 20 => out.u16(sock.sport),
        14 | 21 | 24 | 28 => out.u16(sock.dport),
        15 | 22 | 25 | 29 => out.u8(sock.l4 as u8),
        16 => out.u64(half(&sock.src, false)),
        17 => out.u64(half(&sock.src, true)),
        18 | 26 => out.u64(half(&sock.dst, false)),
        19 | 27 => out.u64(half(&sock.dst, true)),
        30 => out.u64(sock.unix_src()),
        31 => out.u64(sock.unix_dst()),
        _ => return Err(TableFault::NoField),
    }
    Ok(())
}
