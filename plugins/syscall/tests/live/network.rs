//! Calls on sockets.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] =
    &[("socket", made), ("connect", tcp4), ("connect6", tcp6), ("connect unix", local), ("udp", datagrams)];

/// `sockaddr_in` of 127.0.0.1.
fn v4(port: u16) -> [u8; 16] {
    let mut address = [0; 16];
    address[..2].copy_from_slice(&(AF_INET as u16).to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[4..8].copy_from_slice(&[127, 0, 0, 1]);
    address
}

/// `sockaddr_in6` of ::1.
fn v6(port: u16) -> [u8; 28] {
    let mut address = [0; 28];
    address[..2].copy_from_slice(&(AF_INET6 as u16).to_ne_bytes());
    address[2..4].copy_from_slice(&port.to_be_bytes());
    address[23] = 1;
    address
}

/// An end as events carry it.
fn end4(port: u16) -> Vec<u8> {
    [&[127, 0, 0, 1][..], &port.to_le_bytes()].concat()
}

fn end6(port: u16) -> Vec<u8> {
    let mut end = vec![0; 15];
    end.push(1);
    [end, port.to_le_bytes().to_vec()].concat()
}

fn address4(port: u16) -> Want {
    bytes([vec![2], end4(port)].concat())
}

fn made(w: &mut Watch) {
    let fds = [0_i32; 2];
    let seen = w.perform(|c| {
        c.call(SYS_socket, &[AF_INET as usize, (SOCK_STREAM | SOCK_CLOEXEC) as usize, IPPROTO_TCP as usize]);
        c.call(SYS_socket, &[99, SOCK_STREAM as usize, 0]);
        c.call(SYS_socketpair, &[AF_UNIX as usize, SOCK_STREAM as usize, 0, at(&fds)]);
        c.call(SYS_socketpair, &[AF_INET as usize, SOCK_STREAM as usize, 0, at(&fds)]);
        c.call(SYS_shutdown, &[999, SHUT_WR as usize]);
        c.call(SYS_listen, &[999, 5]);
        c.call(SYS_getsockname, &[999, 0, 0]);
        c.call(SYS_getpeername, &[999, 0, 0]);
    });
    let tcp = [i64(seen.results[0]), u32(2), u32(SOCK_STREAM | SOCK_CLOEXEC), u32(6), u32(1 << 12)];
    seen.expect(T::SOCKET_SOCKET_X, 0, &tcp);
    seen.expect(T::SOCKET_SOCKET_X, 1, &[error(EAFNOSUPPORT), u32(99), u32(1), u32(0), u32(0)]);
    let kernel = || Want::Is("an address of the kernel", |b| b.len() == 8 && b[7] == 0xff);
    let pair = [i64(0), positive(), positive(), kernel(), kernel(), u32(1), u32(1), u32(0)];
    seen.expect(T::SOCKET_SOCKETPAIR_X, 0, &pair);
    let none = [error(EOPNOTSUPP), i64(-1), i64(-1), u64(0u64), u64(0u64), u32(2), u32(1), u32(0)];
    seen.expect(T::SOCKET_SOCKETPAIR_X, 1, &none);
    seen.expect(T::SOCKET_SHUTDOWN_X, 0, &[error(EBADF), i64(999), u8(1)]);
    seen.expect(T::SOCKET_LISTEN_X, 0, &[error(EBADF), i64(999), i32(5)]);
    seen.expect(T::SOCKET_GETSOCKNAME_X, 0, &[]);
    seen.expect(T::SOCKET_GETPEERNAME_X, 0, &[]);
}

/// Two free ports: one to listen on, one to connect from.
fn ports() -> (u16, u16) {
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (a, b) = (free(), free());
    (a.local_addr().unwrap().port(), b.local_addr().unwrap().port())
}

fn tcp4(w: &mut Watch) {
    let (port, from) = ports();
    let (server, client) = (v4(port), v4(from));
    let seen = w.perform(|c| {
        let listening = c.call(SYS_socket, &[AF_INET as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_bind, &[listening, at(&server), 16]);
        c.call(SYS_listen, &[listening, 3]);
        let socket = c.call(SYS_socket, &[AF_INET as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_bind, &[socket, at(&client), 16]);
        c.call(SYS_connect, &[socket, at(&server), 16]);
        c.call(SYS_accept4, &[listening, 0, 0, SOCK_CLOEXEC as usize]);
        c.call(SYS_connect, &[999, at(&server), 16]);
        c.call(SYS_accept4, &[999, 0, 0, 0]);
        c.call(SYS_bind, &[999, at(&server), 16]);
    });
    assert_eq!((seen.results[1], seen.results[4], seen.results[5]), (0, 0, 0));
    let (listening, socket) = (|| i64(seen.results[0]), || i64(seen.results[3]));
    seen.expect(T::SOCKET_BIND_X, 0, &[i64(0), address4(port), listening()]);
    seen.expect(T::SOCKET_LISTEN_X, 0, &[i64(0), listening(), i32(3)]);
    seen.expect(T::SOCKET_CONNECT_E, 0, &[socket(), address4(port)]);
    let tuple = || bytes([vec![2], end4(from), end4(port)].concat());
    seen.expect(T::SOCKET_CONNECT_X, 0, &[i64(0), tuple(), socket(), address4(port)]);
    let accepted = [i64(seen.results[6]), tuple(), u8(0), u32(0), u32(3), i32(0)];
    seen.expect(T::SOCKET_ACCEPT4_6_X, 0, &accepted);
    seen.expect(T::SOCKET_CONNECT_X, 1, &[error(EBADF), empty(), i64(999), address4(port)]);
    seen.expect(T::SOCKET_ACCEPT4_6_X, 1, &[error(EBADF), empty(), u8(0), u32(0), u32(0), i32(0)]);
    seen.expect(T::SOCKET_BIND_X, 2, &[error(EBADF), address4(port), i64(999)]);
}

fn tcp6(w: &mut Watch) {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return eprintln!("skipped: no IPv6 here");
    }
    let (port, from) = ports();
    let (server, client) = (v6(port), v6(from));
    let seen = w.perform(|c| {
        let listening = c.call(SYS_socket, &[AF_INET6 as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_bind, &[listening, at(&server), 28]);
        c.call(SYS_listen, &[listening, 3]);
        let socket = c.call(SYS_socket, &[AF_INET6 as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_bind, &[socket, at(&client), 28]);
        c.call(SYS_connect, &[socket, at(&server), 28]);
        c.call(SYS_accept, &[listening, 0, 0]);
    });
    let address = || bytes([vec![10], end6(port)].concat());
    let tuple = || bytes([vec![10], end6(from), end6(port)].concat());
    seen.expect(T::SOCKET_BIND_X, 0, &[i64(0), address(), i64(seen.results[0])]);
    seen.expect(T::SOCKET_CONNECT_X, 0, &[i64(0), tuple(), i64(seen.results[3]), address()]);
    seen.expect(T::SOCKET_ACCEPT_5_X, 0, &[i64(seen.results[6]), tuple(), u8(0), u32(0), u32(3)]);
}

fn local(w: &mut Watch) {
    let path = w.path("s");
    let mut address = [0_u8; 110];
    address[0] = AF_UNIX as u8;
    address[2..2 + path.to_bytes().len()].copy_from_slice(path.to_bytes());
    let seen = w.perform(|c| {
        let listening = c.call(SYS_socket, &[AF_UNIX as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_bind, &[listening, at(&address), 110]);
        c.call(SYS_listen, &[listening, 3]);
        let socket = c.call(SYS_socket, &[AF_UNIX as usize, SOCK_STREAM as usize, 0]) as usize;
        c.call(SYS_connect, &[socket, at(&address), 110]);
    });
    let name = [path.to_bytes(), b"\0"].concat();
    let named = || bytes([&[1][..], &name].concat());
    seen.expect(T::SOCKET_BIND_X, 0, &[i64(0), named(), i64(seen.results[0])]);
    let event = seen.event(T::SOCKET_CONNECT_X, 0);
    let tuple = event.param(1).unwrap();
    assert_eq!((tuple[0], &tuple[17..]), (1, &name[..]), "{event:?}");
    assert!(tuple[8] == 0xff && tuple[16] == 0xff, "two addresses of the kernel: {event:?}");
    seen.expect(T::SOCKET_CONNECT_X, 0, &[i64(0), Want::Len(17 + name.len()), i64(seen.results[3]), named()]);
}

fn datagrams(w: &mut Watch) {
    let (port, from) = ports();
    let (server, client) = (v4(port), v4(from));
    let data = [b'd'; 100];
    let room = [0_u8; 200];
    let size = [16_u32];
    let seen = w.perform(|c| {
        let receiver = c.call(SYS_socket, &[AF_INET as usize, SOCK_DGRAM as usize, 0]) as usize;
        c.call(SYS_bind, &[receiver, at(&server), 16]);
        let sender = c.call(SYS_socket, &[AF_INET as usize, SOCK_DGRAM as usize, 0]) as usize;
        c.call(SYS_bind, &[sender, at(&client), 16]);
        c.call(SYS_sendto, &[sender, at(&data), 100, 0, at(&server), 16]);
        let peer = [0_u8; 16];
        c.call(SYS_recvfrom, &[receiver, at(&room), 200, 0, at(&peer), at(&size)]);
        c.call(SYS_recvfrom, &[receiver, at(&room), 200, MSG_DONTWAIT as usize, 0, 0]);
    });
    assert_eq!(seen.results[4..6], [100, 100]);
    let (receiver, sender) = (|| i64(seen.results[0]), || i64(seen.results[2]));
    let bound = |port: u16| end4(port);
    let sent = bytes([vec![2], bound(from), end4(port)].concat());
    seen.expect(T::SOCKET_SENDTO_X, 0, &[i64(100), bytes([b'd'; 80]), sender(), u32(100), sent]);
    let received = bytes([vec![2], end4(from), bound(port)].concat());
    seen.expect(T::SOCKET_RECVFROM_X, 0, &[i64(100), bytes([b'd'; 80]), received, receiver(), u32(200)]);
    seen.expect(T::SOCKET_RECVFROM_X, 1, &[error(EAGAIN), empty(), empty(), receiver(), u32(200)]);
}
