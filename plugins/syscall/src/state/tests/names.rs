use super::sockets::{A, B, addr4, addr6, tuple4, unix};
use super::*;
use crate::capture::{Fd as Listed, FdInfo};
use crate::state::fd::{Fd, FdType, L4Proto, Sock};
use crate::state::names::InetName;

const NAME: &str = "10.0.0.1:4000->10.0.0.2:80";

fn connected() -> World {
    let mut w = World::with_shell();
    w.socket(3, 2, 1, 6);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    w
}

#[test]
fn a_name_of_addresses_takes_no_memory() {
    let mut w = connected();
    w.event(100, T::SOCKET_ACCEPT_5_X, &[P::I64(4), tuple4(B, 1, A, 2), P::U8(0), P::U32(0), P::U32(0)]);
    for fd in [3, 4] {
        let fd = w.sock(fd);
        assert!(fd.has_name() && fd.kept_name().is_none() && fd.name_bytes() == 0);
    }
    w.event(100, T::SOCKET_ACCEPT_5_X, &[P::I64(5), unix(1, 2, "/run/s"), P::U8(0), P::U32(0), P::U32(0)]);
    w.event(100, T::SOCKET_ACCEPT_5_X, &[P::I64(6), unix(3, 4, "/run/s"), P::U8(0), P::U32(0), P::U32(0)]);
    assert_eq!((&*w.sock(5).name(), &*w.sock(6).name()), (&b"1->2 /run/s"[..], &b"3->4 /run/s"[..]));
    assert!(w.sock(5).text.same(&w.sock(6).text), "of two sockets of a path one text is kept");
}

#[test]
fn copies_have_the_name() {
    let mut w = connected();
    w.event(100, T::SYSCALL_DUP2_X, &[P::I64(9), P::I64(3), P::I64(9)]);
    w.fork(100, 200);
    w.connect(3, 0, tuple4(A, 4001, B, 81), addr4(B, 81));
    assert_eq!(w.fd_name(100, 3).as_deref(), Some("10.0.0.1:4001->10.0.0.2:81"));
    assert_eq!((w.fd_name(100, 9).as_deref(), w.fd_name(200, 3).as_deref()), (Some(NAME), Some(NAME)));
}

#[test]
fn what_reads_the_same_is_no_other_name() {
    let mut w = connected();
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    assert!(!w.state.current().fd_name_changed);
    w.connect(3, 0, tuple4(A, 4000, B, 81), addr4(B, 81));
    assert!(w.state.current().fd_name_changed);
    let send = |tuple| [P::I64(1), P::N, P::I64(4), P::U32(1), tuple];
    w.socket(4, 1, 2, 0);
    for (tuple, changes) in [
        (unix(3, 4, "/x"), true),
        (unix(3, 4, "/x"), false),
        (unix(3, 5, "/x"), true),
        (unix(3, 5, "/y"), true),
        (P::B(vec![16]), true),
        (P::B(vec![16]), false),
        (unix(3, 5, "/y"), true),
    ] {
        w.event(100, T::SOCKET_SENDMSG_X, &send(tuple));
        assert_eq!(w.state.current().fd_name_changed, changes);
    }
    assert_eq!(w.fd_name(100, 4).as_deref(), Some("3->5 /y"));
}

#[test]
fn an_address_that_is_only_asked_for_is_no_name() {
    let mut w = connected();
    w.event(100, T::SOCKET_CONNECT_E, &[P::I64(3), addr4([9; 4], 443)]);
    w.connect(3, 0, P::N, P::N);
    assert_eq!((w.sock(3).sock.dst4(), w.sock(3).sock.dport), ([9; 4], 443));
    assert_eq!(w.fd_name(100, 3).as_deref(), Some(NAME));
    assert!(!w.state.current().fd_name_changed);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    assert_eq!((w.fd_name(100, 3).as_deref(), w.state.current().fd_name_changed), (Some(NAME), false));
}

#[test]
fn a_server_is_called_by_the_address_that_it_bound() {
    let mut w = World::with_shell();
    w.socket(3, 10, 1, 6);
    w.event(100, T::SOCKET_BIND_X, &[P::I64(0), addr6([0; 16], 80), P::I64(3)]);
    assert_eq!((w.sock(3).ty, w.fd_name(100, 3).as_deref()), (FdType::Ipv4ServSock, Some(":::80")));
}

#[test]
fn a_listed_server_that_only_turns_out_to_be_connected_keeps_its_name() {
    let mut w = World::new();
    let info = FdInfo::V4Server { ip: [0; 4].into(), port: 53, l4: L4Proto::Udp };
    let fds = vec![Listed { fd: 3, ino: 1, info }];
    let thread = capture::Thread { tid: 100, pid: 100, fds, ..capture::Thread::default() };
    w.state.load(&capture::InitialState { threads: vec![thread], ..capture::InitialState::default() });
    assert!(w.sock(3).kept_name().is_none());
    let recvfrom = [P::I64(4), P::B(vec![0; 4]), tuple4([0; 4], 0, [0; 4], 53), P::I64(3), P::U32(4)];
    w.event(100, T::SOCKET_RECVFROM_X, &recvfrom);
    assert_eq!((w.sock(3).ty, w.fd_name(100, 3).as_deref()), (FdType::Ipv4Sock, Some("0.0.0.0:53")));
    assert!(!w.state.current().fd_name_changed);
}

#[test]
fn a_socket_that_was_taken_for_a_file_keeps_the_path_as_it_was_passed() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "/etc/hosts", 0);
    w.connect(3, 0, tuple4(A, 4000, B, 80), addr4(B, 80));
    let fd = w.sock(3);
    assert_eq!((fd.raw_name().as_bytes(), fd.name_bytes()), (&b"/etc/hosts"[..], fd.raw_name().held()));
    assert!(w.state.bytes().fds > 0);
    w.close(100, 3);
    w.tick();
    let before = w.state.bytes().fds;
    w.openat(100, 3, -100, "/etc/hosts", 0);
    w.close(100, 3);
    w.tick();
    assert_eq!(w.state.bytes().fds, before, "what was charged for names is given back");
}

/// Names are compared by what they are made of, so that must say as much as the text.
#[test]
fn equal_names_are_equal_texts_and_others_are_not() {
    let v6 = |last: u8| std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).octets();
    let mapped = std::net::Ipv4Addr::from(B).to_ipv6_mapped().octets();
    let compatible = std::net::Ipv6Addr::from(u128::from(u32::from_be_bytes(B))).octets();
    let addresses = [[0; 16], Sock::from4(A), Sock::from4(B), v6(1), v6(2), mapped, compatible];
    let mut names = Vec::new();
    for ty in [FdType::Ipv4Sock, FdType::Ipv6Sock, FdType::Ipv4ServSock, FdType::Ipv6ServSock] {
        for l4 in [L4Proto::Tcp, L4Proto::Udp, L4Proto::Icmp, L4Proto::Raw, L4Proto::Unknown] {
            for (src, dst) in addresses.iter().flat_map(|a| addresses.iter().map(move |b| (*a, *b))) {
                for (sport, dport) in [(1, 2), (1, 21), (11, 2)] {
                    let fd = Fd { sock: Sock { src, dst, sport, dport, l4 }, ..Fd::new(ty) };
                    names.extend([Some(InetName::told(&fd)), InetName::scanned(&fd)].into_iter().flatten());
                }
            }
        }
    }
    names.sort_by_key(|name| format!("{name:?}"));
    names.dedup();
    let text = |name: &InetName| {
        let mut text = Vec::new();
        name.push(&mut text);
        text
    };
    let texts: std::collections::BTreeSet<_> = names.iter().map(text).collect();
    assert!(texts.len() > 100);
    assert_eq!(texts.len(), names.len());
}
