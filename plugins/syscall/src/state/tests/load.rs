use super::*;
use crate::capture::{Fd as Listed, FdInfo, Interface, InterfaceAddr, L4Proto};
use crate::state::fd::FdType;

fn listed(fds: Vec<Listed>) -> capture::InitialState {
    let thread = capture::Thread {
        tid: 10,
        pid: 10,
        ptid: 1,
        cwd: b"/"[..].into(),
        cgroups: b"io_cgroup=/x\0mem=/y\0perf=/z\0"[..].into(),
        fds,
        ..capture::Thread::default()
    };
    capture::InitialState { threads: vec![thread], ..capture::InitialState::default() }
}

fn connection(sip: [u8; 4], sport: u16, dip: [u8; 4], dport: u16) -> FdInfo {
    FdInfo::V4 { sip: sip.into(), dip: dip.into(), sport, dport, l4: L4Proto::Tcp }
}

#[test]
fn listed_threads_stand_as_they_were() {
    let mut w = World::new();
    w.state.load(&listed(Vec::new()));
    let t = w.thread(10);
    assert_eq!((t.ptid, t.is_main_thread()), (0, true), "an unknown parent is none");
    let groups: Vec<_> = t.cgroups.pairs().map(|(s, p)| (s.to_vec(), p.to_vec())).collect();
    let expected = [(&b"blkio\0"[..], &b"/x\0"[..]), (b"memory\0", b"/y\0"), (b"perf_event\0", b"/z\0")];
    assert_eq!(groups, expected.map(|(s, p)| (s.to_vec(), p.to_vec())));
    assert_eq!(w.state.cwd(t), &"/");
}

#[test]
fn connections_to_a_listed_server_are_seen_from_its_side() {
    let mut w = World::new();
    let server = FdInfo::V4Server { ip: [0, 0, 0, 0].into(), port: 80, l4: L4Proto::Tcp };
    let unix = |name: &str| FdInfo::Unix { source: 1, dest: 2, name: name.as_bytes().into() };
    let infos = [
        server,
        connection([10, 0, 0, 1], 80, [10, 0, 0, 9], 5000),
        connection([10, 0, 0, 1], 6000, [10, 0, 0, 9], 443),
        unix(""),
        unix("/run/s"),
    ];
    let fds = infos.into_iter().zip(3..).map(|(info, fd)| Listed { fd, ino: 1, info }).collect();
    w.state.load(&listed(fds));
    let fd = |n| w.state.fd_of(w.thread(10), n).expect("listed");
    assert_eq!((fd(3).ty, &*fd(3).name()), (FdType::Ipv4ServSock, &b"0.0.0.0:80"[..]));
    assert_eq!(&*fd(4).name(), b"10.0.0.9:5000->10.0.0.1:80");
    assert!(fd(4).is_server() && fd(4).is_connected());
    assert_eq!(&*fd(5).name(), b"10.0.0.1:6000->10.0.0.9:443");
    assert!(fd(5).is_client());
    assert!(fd(6).is_client() && fd(7).is_server());
}

#[test]
fn interfaces_complete_what_a_tuple_lacks() {
    let mut w = World::new();
    let own = |addr: [u8; 4]| Interface {
        name: Box::default(),
        addr: InterfaceAddr::V4 { addr: addr.into(), mask: [255, 255, 255, 0].into(), broadcast: addr.into() },
        link_speed: 0,
    };
    let fd = Listed { fd: 3, ino: 0, info: connection([0; 4], 1, [10, 0, 0, 9], 2) };
    let initial =
        capture::InitialState { interfaces: vec![own([127, 0, 0, 1]), own([10, 0, 0, 1])], ..listed(vec![fd]) };
    w.state.load(&initial);
    assert_eq!(w.fd_name(10, 3).as_deref(), Some("10.0.0.1:1->10.0.0.9:2"));
    assert!(w.state.interfaces.is_local4([10, 0, 0, 1].into()));
    assert!(!w.state.interfaces.is_local4([10, 0, 0, 2].into()));
}

#[test]
fn a_new_section_forgets_the_one_before() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "f", 0);
    w.close(100, 3);
    w.state.load(&listed(Vec::new()));
    w.tick();
    assert!(w.state.thread(100).is_none() && w.state.thread(10).is_some());
}
