use super::*;
use crate::capture::{Fd as Listed, FdInfo, FdType as Kind, InitialState, L4Proto};

fn exported(state: &State) -> InitialState {
    let mut threads: Vec<_> = state.export_threads().collect();
    threads.sort_by_key(|t| t.tid);
    for (tid, fds) in state.export_fds() {
        let thread = threads.iter_mut().find(|t| t.tid == tid).expect("its thread is listed");
        thread.fds = fds.collect();
        thread.fds.sort_by_key(|fd| fd.fd);
    }
    let (users, groups) = (state.export_users(), state.export_groups());
    InitialState { threads, users, groups, ..InitialState::default() }
}

fn listed() -> InitialState {
    let socket = |sip: [u8; 4], sport, dip: [u8; 4], dport| FdInfo::V4 {
        sip: sip.into(),
        dip: dip.into(),
        sport,
        dport,
        l4: L4Proto::Tcp,
    };
    let infos = [
        FdInfo::File { flags: 1, name: b"/etc/passwd"[..].into(), dev: 7 },
        FdInfo::V4Server { ip: [0, 0, 0, 0].into(), port: 80, l4: L4Proto::Tcp },
        socket([10, 0, 0, 1], 80, [10, 0, 0, 9], 4000),
        socket([10, 0, 0, 1], 5000, [10, 0, 0, 9], 443),
        FdInfo::Unix { source: 1, dest: 2, name: b"/run/x"[..].into() },
        FdInfo::Other { ty: Kind::Eventpoll, name: b"anon"[..].into() },
    ];
    let fds = (3..).zip(infos).map(|(fd, info)| Listed { fd, ino: 40, info }).collect();
    let main = capture::Thread {
        tid: 10,
        pid: 10,
        ptid: 0,
        vtid: 2,
        vpid: 2,
        comm: b"nginx"[..].into(),
        exe: b"nginx"[..].into(),
        exepath: b"/usr/sbin/nginx"[..].into(),
        args: b"-g\0daemon off;\0"[..].into(),
        env: b"A=1\0B=2\0"[..].into(),
        cwd: b"/srv"[..].into(),
        root: b"/"[..].into(),
        cgroups: b"cpu=/x\0memory=/y\0"[..].into(),
        exe_upper_layer: true,
        cap_effective: 5,
        loginuid: 1000,
        flags: cl::ACTIVE | cl::NAME_CHANGED,
        fds,
        ..capture::Thread::default()
    };
    let second = capture::Thread {
        tid: 11,
        fds: Vec::new(),
        flags: main.flags | cl::CLONE_THREAD | cl::CLONE_FILES,
        env: Box::default(),
        cwd: Box::default(),
        ..main.clone()
    };
    let user = |uid| capture::User {
        uid,
        gid: uid,
        name: b"u"[..].into(),
        home: b"/home"[..].into(),
        shell: b"/bin/sh"[..].into(),
    };
    let groups = vec![capture::Group { gid: 3, name: b"g"[..].into() }];
    InitialState { threads: vec![main, second], users: vec![user(1), user(2)], groups, ..InitialState::default() }
}

#[test]
fn a_list_that_was_loaded_comes_out_as_it_went_in() {
    let mut w = World::new();
    let list = listed();
    w.state.load(&list);
    assert_eq!(exported(&w.state), list, "what came in at port 80 is listed from this machine's end again");
}

#[test]
fn what_the_last_event_closes_is_listed_until_it_is_settled() {
    let mut w = World::new();
    w.state.load(&listed());
    let fds = |w: &World| exported(&w.state).threads[0].fds.iter().map(|fd| fd.fd).collect::<Vec<_>>();
    w.close(10, 3);
    assert_eq!(fds(&w), [3, 4, 5, 6, 7, 8]);
    w.state.settle();
    assert_eq!(fds(&w), [4, 5, 6, 7, 8]);
}

#[test]
fn numbers_without_a_thread_are_not_listed() {
    let mut w = World::new();
    w.state.load(&listed());
    w.close(99, 3);
    assert_eq!(w.state.len(), 3);
    assert_eq!(exported(&w.state).threads.len(), 2);
}
