use super::*;
use crate::state::fd::{Fd, FdType, L4Proto};

pub(super) fn addr4(ip: [u8; 4], port: u16) -> P {
    P::B([&[2][..], &ip, &port.to_le_bytes()].concat())
}

pub(super) fn addr6(ip: [u8; 16], port: u16) -> P {
    P::B([&[10][..], &ip, &port.to_le_bytes()].concat())
}

pub(super) fn tuple4(src: [u8; 4], sport: u16, dst: [u8; 4], dport: u16) -> P {
    P::B([&[2][..], &src, &sport.to_le_bytes(), &dst, &dport.to_le_bytes()].concat())
}

fn tuple6(src: [u8; 16], sport: u16, dst: [u8; 16], dport: u16) -> P {
    P::B([&[10][..], &src, &sport.to_le_bytes(), &dst, &dport.to_le_bytes()].concat())
}

pub(super) fn unix(src: u64, dst: u64, path: &str) -> P {
    P::B([&[1][..], &src.to_le_bytes(), &dst.to_le_bytes(), path.as_bytes(), &[0]].concat())
}

fn mapped(ip: [u8; 4]) -> [u8; 16] {
    std::net::Ipv4Addr::from(ip).to_ipv6_mapped().octets()
}

pub(super) const A: [u8; 4] = [10, 0, 0, 1];
pub(super) const B: [u8; 4] = [10, 0, 0, 2];

impl World {
    pub(super) fn socket(&mut self, fd: i64, domain: u32, ty: u32, protocol: u32) {
        let params = [P::I64(fd), P::U32(domain), P::U32(ty), P::U32(protocol), P::U32(0)];
        self.event(100, T::SOCKET_SOCKET_X, &params);
    }

    pub(super) fn connect(&mut self, fd: i64, result: i64, tuple: P, addr: P) {
        self.event(100, T::SOCKET_CONNECT_X, &[P::I64(result), tuple, P::I64(fd), addr]);
    }

    pub(super) fn sock(&self, fd: i64) -> &Fd {
        self.state.fd_of(self.thread(100), fd).expect("open")
    }
}

#[test]
fn families_and_protocols() {
    let mut w = World::with_shell();
    for (domain, ty, protocol, expected) in [
        (2, 1, 0, (FdType::Ipv4Sock, L4Proto::Tcp)),
        (2, 2 | 0x800, 0, (FdType::Ipv4Sock, L4Proto::Udp)),
        (10, 1, 6, (FdType::Ipv6Sock, L4Proto::Tcp)),
        (2, 3, 6, (FdType::Ipv4Sock, L4Proto::Raw)),
        (2, 2, 1, (FdType::Ipv4Sock, L4Proto::Icmp)),
        (10, 3, 255, (FdType::Ipv6Sock, L4Proto::Raw)),
        (1, 1, 0, (FdType::UnixSock, L4Proto::Unknown)),
        (16, 3, 0, (FdType::Netlink, L4Proto::Unknown)),
        (17, 3, 0, (FdType::Unknown, L4Proto::Unknown)),
    ] {
        w.socket(3, domain, ty, protocol);
        assert_eq!((w.sock(3).ty, w.sock(3).sock.l4), expected, "{domain} {ty} {protocol}");
        assert!(!w.state.current().fd_name_changed);
    }
    w.socket(3, 2, 1, 0);
    assert_eq!(w.sock(3).l4(), L4Proto::Na, "not before the role is known");
    w.socket(3, 2, 3, 255);
    assert_eq!(w.sock(3).l4(), L4Proto::Raw);
}

#[test]
fn connect_makes_a_client() {
    let mut w = World::with_shell();
    w.socket(3, 2, 1, 6);
    w.connect(3, -115, tuple4(A, 4000, B, 80), addr4(B, 80));
    let fd = w.sock(3);
    assert_eq!(&*fd.name(), b"10.0.0.1:4000->10.0.0.2:80");
    assert!(fd.is_client() && fd.is_connected() && w.state.current().fd_name_changed);
    assert_eq!((fd.sock.src4(), fd.sock.sport, fd.sock.dst4(), fd.sock.dport), (A, 4000, B, 80));
    w.socket(4, 2, 1, 6);
    w.connect(4, -111, tuple4(A, 4000, B, 80), addr4(B, 80));
    assert!(!w.sock(4).has_name() && !w.sock(4).is_connected(), "a refused connection leaves no trace");
}

#[test]
fn the_address_at_enter_wins_unless_the_kernel_knows_better() {
    let mut w = World::with_shell();
    w.socket(3, 2, 1, 6);
    w.event(100, T::SOCKET_CONNECT_E, &[P::I64(3), addr4([6, 6, 6, 6], 666)]);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    assert_eq!(&*w.sock(3).name(), b"10.0.0.1:4000->6.6.6.6:666");
    w.socket(3, 2, 1, 6);
    w.event(100, T::SOCKET_CONNECT_E, &[P::I64(3), addr4([6, 6, 6, 6], 666)]);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4([7, 7, 7, 7], 7));
    assert_eq!(&*w.sock(3).name(), b"10.0.0.1:4000->10.0.0.2:80");
    w.socket(3, 2, 1, 6);
    w.event(100, T::SOCKET_CONNECT_E, &[P::I64(3), addr4(B, 443)]);
    w.connect(3, 0, P::N, P::N);
    assert_eq!((w.sock(3).sock.dst4(), w.sock(3).sock.dport), (B, 443), "no tuple: the address at enter");
}

#[test]
fn ipv4_in_ipv6_is_ipv4() {
    let mut w = World::with_shell();
    w.socket(3, 10, 1, 6);
    w.connect(3, 0, tuple6(mapped(A), 1, mapped(B), 2), addr6(mapped(B), 2));
    assert_eq!((w.sock(3).ty, &*w.sock(3).name()), (FdType::Ipv4Sock, &b"10.0.0.1:1->10.0.0.2:2"[..]));
    let loopback = std::net::Ipv6Addr::LOCALHOST.octets();
    w.socket(4, 10, 1, 6);
    w.connect(4, 0, tuple6(loopback, 1, loopback, 2), addr6(loopback, 2));
    assert_eq!((w.sock(4).ty, &*w.sock(4).name()), (FdType::Ipv6Sock, &b"::1:1->::1:2"[..]));
}

#[test]
fn binding_a_port_makes_a_server() {
    let mut w = World::with_shell();
    w.socket(3, 2, 1, 6);
    w.event(100, T::SOCKET_BIND_X, &[P::I64(0), addr4([0; 4], 80), P::I64(3)]);
    let fd = w.sock(3);
    assert_eq!((fd.ty, &*fd.name(), fd.sock.dport), (FdType::Ipv4ServSock, &b"0.0.0.0:80"[..], 80));
    assert!(fd.is_server());
    w.socket(4, 10, 1, 6);
    w.event(100, T::SOCKET_BIND_X, &[P::I64(0), addr6([0; 16], 0), P::I64(4)]);
    assert_eq!((w.sock(4).ty, &*w.sock(4).name()), (FdType::Ipv6Sock, &b":::0"[..]), "no port, no server");
    w.socket(5, 1, 1, 0);
    w.event(100, T::SOCKET_BIND_X, &[P::I64(0), P::B(b"\x01/run/s\0".to_vec()), P::I64(5)]);
    assert_eq!(&*w.sock(5).name(), b"/run/s");
}

#[test]
fn accepting() {
    let mut w = World::with_shell();
    let params = [P::I64(5), tuple4(B, 4000, A, 80), P::U8(0), P::U32(0), P::U32(0), P::U32(0x1000)];
    w.event(100, T::SOCKET_ACCEPT4_6_X, &params);
    let fd = w.sock(5);
    assert_eq!((&*fd.name(), fd.l4()), (&b"10.0.0.2:4000->10.0.0.1:80"[..], L4Proto::Tcp));
    assert!(fd.is_server() && fd.is_connected() && fd.is_close_on_exec());
    w.event(100, T::SOCKET_ACCEPT_5_X, &[P::I64(6), unix(0xab, 0xcd, "/run/s"), P::U8(0), P::U32(0), P::U32(0)]);
    assert_eq!((w.sock(6).ty, &*w.sock(6).name()), (FdType::UnixSock, &b"ab->cd /run/s"[..]));
    w.event(100, T::SOCKET_ACCEPT_5_X, &[P::I64(7), P::N, P::U8(0), P::U32(0), P::U32(0)]);
    assert!(w.state.current_fd().is_none());
    assert_eq!(w.thread(100).last_fd, 7);
}

#[test]
fn datagrams_carry_their_ends() {
    let mut w = World::with_shell();
    w.socket(3, 2, 2, 0);
    let sendto = |from: u16| [P::I64(4), P::B(vec![0; 4]), P::I64(3), P::U32(4), tuple4(A, from, B, 53)];
    w.event(100, T::SOCKET_SENDTO_X, &sendto(5000));
    assert_eq!(&*w.sock(3).name(), b"10.0.0.1:5000->10.0.0.2:53");
    assert!(w.sock(3).is_client() && w.state.current().fd_name_changed);
    let recvfrom = [P::I64(4), P::B(vec![0; 4]), tuple4(B, 53, A, 5000), P::I64(3), P::U32(4)];
    w.event(100, T::SOCKET_RECVFROM_X, &recvfrom);
    assert_eq!(&*w.sock(3).name(), b"10.0.0.1:5000->10.0.0.2:53", "the answer is the same conversation");
    assert!(!w.state.current().fd_name_changed);
}

#[test]
fn a_bound_datagram_socket_serves() {
    let mut w = World::with_shell();
    w.socket(3, 2, 2, 0);
    w.event(100, T::SOCKET_BIND_X, &[P::I64(0), addr4([0; 4], 53), P::I64(3)]);
    let recvfrom = [P::I64(4), P::B(vec![0; 4]), tuple4(B, 5000, A, 53), P::I64(3), P::U32(4)];
    w.event(100, T::SOCKET_RECVFROM_X, &recvfrom);
    let fd = w.sock(3);
    assert_eq!((&*fd.name(), fd.l4()), (&b"10.0.0.2:5000->10.0.0.1:53"[..], L4Proto::Udp));
    assert!(fd.is_server());
    let answer = [P::I64(4), P::B(vec![0; 4]), P::I64(3), P::U32(4), tuple4(A, 53, [10, 0, 0, 3], 6000)];
    w.event(100, T::SOCKET_SENDTO_X, &answer);
    assert_eq!(&*w.sock(3).name(), b"10.0.0.3:6000->10.0.0.1:53", "client first, also when the server speaks");
}

#[test]
fn a_send_on_an_unknown_descriptor_is_taken_for_udp() {
    let mut w = World::with_shell();
    let params = [P::I64(4), P::B(vec![0; 4]), P::I64(9), P::U32(4), tuple4(A, 1, B, 2)];
    w.event(100, T::SOCKET_SENDTO_X, &params);
    assert_eq!((w.sock(9).ty, w.sock(9).sock.l4, w.sock(9).is_client()), (FdType::Ipv4Sock, L4Proto::Udp, true));
    w.event(100, T::SOCKET_SENDTO_X, &[P::I64(-1), P::N, P::I64(10), P::U32(4), tuple4(A, 1, B, 2)]);
    assert!(w.state.fd_of(w.thread(100), 10).is_none());
}

#[test]
fn tcp_keeps_its_ends() {
    let mut w = World::with_shell();
    w.socket(3, 2, 1, 6);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    let params = [P::I64(4), P::B(vec![0; 4]), tuple4([9; 4], 9, [8; 4], 8), P::I64(3), P::U32(4)];
    w.event(100, T::SOCKET_RECVFROM_X, &params);
    assert_eq!(&*w.sock(3).name(), b"10.0.0.1:4000->10.0.0.2:80");
}

#[test]
fn unix_sockets() {
    let mut w = World::with_shell();
    let pair = [P::I64(0), P::I64(3), P::I64(4), P::U64(0xa), P::U64(0xb), P::U32(1), P::U32(1), P::U32(0)];
    w.event(100, T::SOCKET_SOCKETPAIR_X, &pair);
    assert_eq!((w.sock(3).sock.unix_src(), w.sock(4).sock.unix_dst()), (0xa, 0xb));
    assert_eq!(w.thread(100).last_fd, 4);
    w.socket(5, 1, 1, 0);
    w.connect(5, 0, unix(1, 2, "/run/log"), P::N);
    assert_eq!(&*w.sock(5).name(), b"1->2 /run/log");
    assert!(w.sock(5).is_client());
    w.event(100, T::SOCKET_SENDMSG_X, &[P::I64(1), P::N, P::I64(3), P::U32(1), unix(3, 4, "/x")]);
    assert_eq!(&*w.sock(3).name(), b"3->4 /x");
}

#[test]
fn an_ipv6_server_keeps_address_and_port() {
    let mut w = World::with_shell();
    let loopback = std::net::Ipv6Addr::LOCALHOST.octets();
    w.socket(3, 10, 1, 6);
    w.event(100, T::SOCKET_BIND_X, &[P::I64(0), addr6(loopback, 443), P::I64(3)]);
    let fd = w.sock(3);
    assert_eq!((fd.ty, fd.sock.dst, fd.sock.dport, fd.l4()), (FdType::Ipv6ServSock, loopback, 443, L4Proto::Tcp));
    assert_eq!(&*fd.name(), b"::1:443");
}

#[test]
fn a_connect_without_its_enter_event_is_about_its_own_descriptor() {
    let mut w = World::with_shell();
    w.socket(3, 2, 1, 6);
    w.socket(4, 2, 1, 6);
    w.event(100, T::SOCKET_CONNECT_E, &[P::I64(3), addr4(B, 80)]);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    w.connect(4, 0, tuple4(A, 4001, B, 81), addr4(B, 81));
    assert_eq!((w.sock(3).sock.dport, w.sock(4).sock.dport), (80, 81));
}
