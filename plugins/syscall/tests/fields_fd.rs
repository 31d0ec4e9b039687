//! Rules of the fields of descriptors and paths, on a made-up machine.

mod world;

use std::net::Ipv6Addr;

use lanner_plugin_api::schema::EventType;
use lanner_syscall::capture::{Fd, FdInfo, FdType, Interface, InterfaceAddr, L4Proto};
use lanner_syscall::fields::Want;
use world::{World, file, listening, machine, other, tcp};

fn i(value: i64) -> [u8; 8] {
    value.to_le_bytes()
}

/// A read of descriptor `fd` by thread 300.
fn read(world: &mut World, fd: i64) {
    world.event(EventType::SYSCALL_READ_X, 300, &[&i(1), b"x", &i(fd), &1u32.to_le_bytes()]);
}

fn at(fd: i64) -> World {
    let mut world = World::new();
    read(&mut world, fd);
    world
}

#[test]
fn a_file_has_name_directory_and_file_name() {
    assert_fields! { at(3);
        "fd.num" => "3", "fd.type" => "file", "fd.typechar" => "f", "fd.name" => "/home/ann/notes.txt",
        "fd.directory" => "/home/ann", "fd.filename" => "notes.txt", "fd.uid" => "3003", "fd.ino" => "7",
        "fd.dev" => "65027", "fd.dev.major" => "254", "fd.dev.minor" => "3", "fd.sockfamily" => none, "fd.cip" => none,
        "fd.l4proto" => "<NA>", "fd.is_server" => "false", "fd.connected" => "false", "fd.cport" => none,
        "fd.containername" => ":/home/ann/notes.txt", "fd.containerdirectory" => ":/home/ann",
    }
    // A directory is its own directory and has no file name; a pipe has neither.
    assert_fields! { at(4); "fd.type" => "directory", "fd.directory" => "/home/ann", "fd.filename" => none, }
    assert_fields! { at(2); "fd.type" => "pipe", "fd.directory" => none, "fd.filename" => none, "fd.name" => "pipe:[9]", }
}

#[test]
fn directories_of_unusual_names() {
    let mut odd = machine();
    odd.threads[3].fds = vec![file(0, "/x"), file(1, "plain"), file(2, "/a/b/"), file(3, "")];
    let mut world = World::of(&odd);
    for (fd, directory, filename) in [(0, "/", "x"), (1, "/", "/"), (2, "/a/b/", "/a/b/"), (3, "/", "/")] {
        read(&mut world, fd);
        assert_eq!(world.get("fd.directory").as_deref(), Some(directory), "{fd}");
        assert_eq!(world.get("fd.filename").as_deref(), Some(filename), "{fd}");
    }
}

#[test]
fn inside_a_container_the_names_begin_with_its_id() {
    let mut world = at(3);
    world.put_in_container(300, "0123456789ab");
    assert_fields! { world;
        "fd.containername" => "0123456789ab:/home/ann/notes.txt", "fd.containerdirectory" => "0123456789ab:/home/ann",
    }
}

#[test]
fn a_descriptor_that_is_not_known_has_no_name_and_no_type() {
    assert_fields! { at(50);
        "fd.num" => "50", "fd.type" => none, "fd.typechar" => "o", "fd.name" => "", "fd.directory" => "/",
        "fd.filename" => none, "fd.nameraw" => "", "fd.uid" => "30050", "fd.containername" => ":", "fd.ino" => none,
        "fd.connected" => none, "fd.is_server" => none, "fd.l4proto" => none, "fd.name_changed" => none,
    }
}

#[test]
fn events_without_descriptors_have_no_fd_fields() {
    let mut world = World::new();
    assert_fields! { world; "fd.num" => none, "fd.name" => none, "fd.typechar" => none, "fd.types" => none, "fd.uid" => none, }
    assert_eq!(world.all("fd.ip"), [""; 0]);
}

#[test]
fn a_failed_open_still_has_the_name_it_asked_for() {
    let mut world = World::new();
    let open = |world: &mut World, dirfd: i64, name: &[u8]| {
        let zero = 0u32.to_le_bytes();
        let params: [&[u8]; 7] = [&i(-2), &i(dirfd), name, &zero, &zero, &zero, &i(0)];
        world.event(EventType::SYSCALL_OPENAT_2_X, 300, &params);
    };
    open(&mut world, -100, b"sub//../gone.txt\0");
    assert_fields! { world;
        "fd.name" => "/home/ann/gone.txt", "fd.nameraw" => "sub/../gone.txt", "fd.directory" => "/home/ann",
        "fd.filename" => none, "fd.type" => none, "fd.typechar" => "f", "fs.path.name" => "<UNKNOWN>",
        "fs.path.nameraw" => "sub//../gone.txt", "evt.abspath" => "/home/ann/gone.txt",
    }
    open(&mut world, 4, b"gone\0");
    assert_fields! { world; "fd.name" => "/home/ann/gone", "evt.abspath" => "/home/ann/gone", }
    open(&mut world, 77, b"gone\0");
    assert_fields! { world; "fd.name" => "<UNKNOWN>gone", "evt.abspath" => "<UNKNOWN>/gone", }
    open(&mut world, 77, b"/etc/gone\0");
    assert_fields! { world; "fd.name" => "/etc/gone", "fs.path.name" => "/etc/gone", }
    open(&mut world, 77, b"");
    assert_fields! { world; "fd.name" => none, "fd.directory" => none, "evt.abspath" => none, "fs.path.nameraw" => "<NA>", }
}

#[test]
fn a_failed_open_with_minus_one_has_no_path() {
    let mut world = World::new();
    let zero = 0u32.to_le_bytes();
    let params: [&[u8]; 7] = [&i(-1), &i(-100), b"/etc/x\0", &zero, &zero, &zero, &i(0)];
    world.event(EventType::SYSCALL_OPENAT_2_X, 300, &params);
    assert_fields! { world; "fs.path.name" => none, "fs.path.nameraw" => none, "fd.name" => "/etc/x", }
}

#[test]
fn a_connection_without_a_role_keeps_its_ends_to_itself() {
    // Descriptors of the start-up scan have no role until the state gives them one.
    let mut world = at(5);
    let known = world.get("fd.cip").is_some();
    let ends = [
        "fd.sip",
        "fd.lip",
        "fd.rip",
        "fd.cport",
        "fd.sport",
        "fd.lport",
        "fd.rport",
        "fd.cproto",
        "fd.sproto",
        "fd.cnet",
    ];
    for field in ends {
        assert_eq!(world.get(field).is_some(), known, "{field}");
    }
    assert_fields! { world; "fd.sockfamily" => "ip", "fd.type" => "ipv4", "fd.typechar" => "4", }
    // Either end is looked at whatever the role is, and never printed.
    assert_eq!(world.all("fd.ip"), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(world.all("fd.port"), ["40000", "443"]);
    assert_eq!(world.all("fd.proto"), ["40000", "443"]);
    assert_eq!(world.all("fd.net"), ["10.0.0.1", "10.0.0.2"]);
    assert_fields! { world; "fd.ip" => none, "fd.port" => none, "fd.net" => none, "fd.proto" => none, }
}

/// Thread 300 connects a new socket 9 from `sip` to `dip`.
fn connect(world: &mut World, sip: [u8; 4], dip: [u8; 4]) {
    let socket: [&[u8]; 4] = [&i(9), &2u32.to_le_bytes(), &1u32.to_le_bytes(), &6u32.to_le_bytes()];
    let socket = [socket.as_slice(), &[b""]].concat();
    world.event(EventType::SOCKET_SOCKET_X, 300, &socket[..EventType::SOCKET_SOCKET_X.param_count().unwrap()]);
    let tuple = [&[2][..], &sip, &40000u16.to_le_bytes(), &dip, &443u16.to_le_bytes()].concat();
    let address = [&[2][..], &dip, &443u16.to_le_bytes()].concat();
    world.event(EventType::SOCKET_CONNECT_X, 300, &[&i(0), &tuple, &i(9), &address]);
}

#[test]
fn a_client_is_the_source_and_local_is_what_an_interface_has() {
    let mut world = World::new();
    connect(&mut world, [10, 0, 0, 1], [192, 0, 2, 9]);
    assert_fields! { world;
        "fd.name" => "10.0.0.1:40000->192.0.2.9:443", "fd.cip" => "10.0.0.1", "fd.sip" => "192.0.2.9",
        "fd.lip" => "10.0.0.1", "fd.rip" => "192.0.2.9", "fd.cport" => "40000", "fd.sport" => "443",
        "fd.lport" => "40000", "fd.rport" => "443", "fd.cproto" => "40000", "fd.sproto" => "443", "fd.rproto" => "443",
        "fd.l4proto" => "tcp", "fd.connected" => "true", "fd.is_server" => "false", "fd.rnet" => "192.0.2.9",
    }
    // Neither end is this machine's: the destination counts as local.
    connect(&mut world, [198, 51, 100, 1], [192, 0, 2, 9]);
    assert_fields! { world; "fd.lip" => "192.0.2.9", "fd.rip" => "198.51.100.1", "fd.lport" => "443", "fd.rport" => "40000", }
    // The destination is this machine's.
    connect(&mut world, [198, 51, 100, 1], [10, 0, 0, 1]);
    assert_fields! { world; "fd.is_server" => "true", "fd.lip" => "10.0.0.1", }
}

#[test]
fn ends_of_ipv6_are_told_apart_by_the_network_of_an_interface() {
    let mut machine = machine();
    let addr: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let mask = "ffff:ffff:ffff:ffff::".parse().unwrap();
    let interface = InterfaceAddr::V6 { addr, mask, broadcast: Ipv6Addr::UNSPECIFIED };
    machine.interfaces.push(Interface { name: b"eth1"[..].into(), addr: interface, link_speed: 0 });
    let mut world = World::of(&machine);
    let connect = |world: &mut World, sip: &str, dip: &str| {
        let socket: [&[u8]; 5] = [&i(9), &10u32.to_le_bytes(), &1u32.to_le_bytes(), &6u32.to_le_bytes(), b""];
        world.event(EventType::SOCKET_SOCKET_X, 300, &socket[..EventType::SOCKET_SOCKET_X.param_count().unwrap()]);
        let octets = |ip: &str| ip.parse::<Ipv6Addr>().unwrap().octets();
        let tuple = [&[10][..], &octets(sip), &40000u16.to_le_bytes(), &octets(dip), &443u16.to_le_bytes()].concat();
        let address = [&[10][..], &octets(dip), &443u16.to_le_bytes()].concat();
        world.event(EventType::SOCKET_CONNECT_X, 300, &[&i(0), &tuple, &i(9), &address]);
    };
    connect(&mut world, "2001:db8::7", "2001:db8:1::9");
    assert_fields! { world;
        "fd.name" => "2001:db8::7:40000->2001:db8:1::9:443", "fd.lip" => "2001:db8::7", "fd.rip" => "2001:db8:1::9",
        "fd.lport" => "40000", "fd.rport" => "443", "fd.cip" => "2001:db8::7", "fd.sip" => "2001:db8:1::9",
    }
    // Neither end is this machine's: the destination counts as local.
    connect(&mut world, "2001:db8:2::7", "2001:db8:1::9");
    assert_fields! { world; "fd.rip" => "2001:db8:2::7", "fd.rport" => "40000", "fd.lip" => "2001:db8:1::9", "fd.lport" => "443", }
}

#[test]
fn inside_a_container_local_is_the_containers_own_address() {
    let mut world = World::new();
    world.put_in_container(300, "0123456789ab");
    connect(&mut world, [10, 0, 0, 1], [192, 0, 2, 9]);
    // Nothing is known of the container: the addresses of the machine do not count.
    assert_fields! { world; "fd.lip" => "192.0.2.9", "fd.rip" => "10.0.0.1", }
    let describe = |world: &mut World, id: &str, ip: &str| {
        let json = format!("{{\"container\":{{\"id\":\"{id}\",\"ip\":\"{ip}\"}}}}\0");
        world.event(EventType::ASYNCEVENT_E, -1, &[&5u32.to_le_bytes(), b"container\0", json.as_bytes()]);
    };
    // Without an address of its own, that of any container counts.
    describe(&mut world, "0123456789ab", "");
    describe(&mut world, "ba9876543210", "198.51.100.1");
    connect(&mut world, [198, 51, 100, 1], [192, 0, 2, 9]);
    assert_fields! { world; "fd.lip" => "198.51.100.1", }
    describe(&mut world, "0123456789ab", "172.17.0.2");
    connect(&mut world, [198, 51, 100, 1], [192, 0, 2, 9]);
    assert_fields! { world; "fd.lip" => "192.0.2.9", }
    connect(&mut world, [172, 17, 0, 2], [192, 0, 2, 9]);
    assert_fields! { world; "fd.lip" => "172.17.0.2", }
}

#[test]
fn a_listening_socket_has_a_server_end_only() {
    let mut world = at(6);
    assert_fields! { world;
        "fd.sport" => "8080", "fd.cport" => none, "fd.lport" => none, "fd.rport" => none, "fd.lip" => none,
        "fd.cip" => none, "fd.sproto" => "", "fd.lproto" => none, "fd.is_server" => "true", "fd.type" => "ipv4",
        "fd.sockfamily" => "ip",
    }
    assert_eq!(world.all("fd.ip"), ["0.0.0.0"]);
    assert_eq!(world.all("fd.port"), ["8080"]);
}

#[test]
fn host_names_are_the_hosts_business_it_gets_the_address() {
    let mut world = World::new();
    connect(&mut world, [10, 0, 0, 1], [192, 0, 2, 9]);
    assert_fields! { world; "fd.sip.name" => none, "fd.rip.name" => none, }
    assert_eq!(world.request("fd.sip.name", Want::Address, None).unwrap(), ["192.0.2.9"]);
    assert_eq!(world.request("fd.lip.name", Want::Address, None).unwrap(), ["10.0.0.1"]);
    read(&mut world, 3);
    assert!(world.request("fd.sip.name", Want::Address, None).is_none());
}

#[test]
fn types_are_listed_once_each() {
    let mut world = at(3);
    assert_eq!(world.all("fd.types"), ["file", "pipe", "directory", "ipv4"]);
    assert_fields! { world; "fd.types[2]" => "pipe", "fd.types[6]" => "ipv4", "fd.types[99]" => none, }
    assert!(world.request("fd.types[18446744073709551615]", Want::Scalar, None).is_none());
}

#[test]
fn every_type_has_its_word_and_letter() {
    let words = [
        (FdType::File, "file", "f"),
        (FdType::Directory, "directory", "d"),
        (FdType::Fifo, "pipe", "p"),
        (FdType::UnixSock, "unix", "u"),
        (FdType::Event, "event", "e"),
        (FdType::Signalfd, "signalfd", "s"),
        (FdType::Eventpoll, "eventpoll", "l"),
        (FdType::Inotify, "inotify", "i"),
        (FdType::Timerfd, "timerfd", "t"),
        (FdType::Netlink, "netlink", "n"),
        (FdType::Bpf, "bpf", "b"),
        (FdType::Userfaultfd, "userfaultfd", "u"),
        (FdType::IoUring, "io_uring", "r"),
        (FdType::Memfd, "memfd", "m"),
        (FdType::Pidfd, "pidfd", "P"),
        (FdType::Unknown, "<NA>", "o"),
        (FdType::Unsupported, "<NA>", "X"),
    ];
    for (ty, word, letter) in words {
        let mut one = machine();
        one.threads[3].fds = vec![match ty {
            FdType::UnixSock => Fd { fd: 3, ino: 0, info: FdInfo::Unix { source: 1, dest: 2, name: Box::default() } },
            ty => other(3, ty, "x"),
        }];
        let mut world = World::of(&one);
        read(&mut world, 3);
        assert_eq!(world.get("fd.type").as_deref(), Some(word), "{ty:?}");
        assert_eq!(world.get("fd.typechar").as_deref(), Some(letter), "{ty:?}");
    }
}

#[test]
fn calls_that_make_descriptors_tell_their_letter() {
    let mut world = World::new();
    let letters = [
        (EventType::SYSCALL_EVENTFD2_X, "e"),
        (EventType::SYSCALL_SIGNALFD4_X, "s"),
        (EventType::SYSCALL_TIMERFD_CREATE_X, "t"),
        (EventType::SYSCALL_INOTIFY_INIT1_X, "i"),
        (EventType::SOCKET_SOCKET_X, "4"),
        (EventType::SYSCALL_CREAT_X, "f"),
    ];
    for (code, letter) in letters {
        let mut params: Vec<&[u8]> = vec![b""; code.param_count().unwrap()];
        let failed = i(-24);
        params[0] = &failed;
        world.event(code, 300, &params);
        assert_eq!(world.get("fd.typechar").as_deref(), Some(letter), "{}", code.name());
    }
}

#[test]
fn paths_are_told_for_calls_that_succeeded() {
    let mut world = World::new();
    world.event(EventType::SYSCALL_UNLINK_2_X, 300, &[&i(0), b"a/./b\0"]);
    assert_fields! { world;
        "fs.path.name" => "/home/ann/a/b", "fs.path.nameraw" => "a/./b", "fs.path.source" => none, "fs.path.target" => none,
    }
    world.event(EventType::SYSCALL_UNLINK_2_X, 300, &[&i(-2), b"a\0"]);
    assert_fields! { world; "fs.path.name" => none, "fs.path.nameraw" => none, }
    world.event(EventType::SYSCALL_RENAME_X, 300, &[&i(0), b"old\0", b"/tmp//new\0"]);
    assert_fields! { world;
        "fs.path.source" => "/home/ann/old", "fs.path.target" => "/tmp/new", "fs.path.sourceraw" => "old",
        "fs.path.targetraw" => "/tmp//new", "fs.path.name" => none,
    }
}

#[test]
fn a_link_is_its_source_and_what_it_refers_to_its_target() {
    let mut world = World::new();
    world.event(EventType::SYSCALL_LINK_2_X, 300, &[&i(0), b"/old\0", b"/new\0"]);
    assert_fields! { world; "fs.path.source" => "/new", "fs.path.target" => "/old", }
    world.event(EventType::SYSCALL_SYMLINK_X, 300, &[&i(0), b"/to\0", b"/link\0"]);
    assert_fields! { world; "fs.path.source" => "/link", "fs.path.target" => "/to", }
}

#[test]
fn relative_paths_start_from_their_directory_descriptor() {
    let mut world = World::new();
    let flags = 0u32.to_le_bytes();
    world.event(EventType::SYSCALL_RENAMEAT2_X, 300, &[&i(0), &i(4), b"a\0", &i(-100), b"b\0", &flags]);
    assert_fields! { world;
        "fs.path.source" => "/home/ann/a", "fs.path.target" => "/home/ann/b", "evt.abspath" => "/home/ann/a",
        "evt.abspath.src" => "/home/ann/a", "evt.abspath.dst" => "/home/ann/b",
    }
    world.event(EventType::SYSCALL_RENAMEAT2_X, 300, &[&i(0), &i(88), b"a\0", &i(-100), b"b\0", &flags]);
    assert_fields! { world; "fs.path.source" => "<UNKNOWN>a", "evt.abspath.src" => "<UNKNOWN>/a", }
}

#[test]
fn calls_on_open_files_have_the_name_of_the_descriptor() {
    let mut world = World::new();
    world.event(EventType::SYSCALL_FCHMOD_X, 300, &[&i(0), &i(3), &0u32.to_le_bytes()]);
    assert_fields! { world; "fs.path.name" => "/home/ann/notes.txt", "fs.path.nameraw" => "/home/ann/notes.txt", }
}

fn poll(world: &mut World, fds: &[i64]) {
    let mut list = (fds.len() as u16).to_le_bytes().to_vec();
    for fd in fds {
        list.extend(fd.to_le_bytes());
        list.extend(1i16.to_le_bytes());
    }
    world.event(EventType::SYSCALL_POLL_X, 300, &[&i(1), &list, &i(0)]);
}

#[test]
fn lists_of_descriptors_are_joined_by_commas() {
    let mut waits = machine();
    let v6 = FdInfo::V6Server { ip: "2001:db8::1".parse().unwrap(), port: 53, l4: L4Proto::Tcp };
    waits.threads[3].fds.extend([
        tcp(20, [10, 0, 0, 1], 1, [192, 0, 2, 1], 2),
        listening(21, [127, 0, 0, 1], 80),
        Fd { fd: 22, ino: 0, info: v6 },
    ]);
    let mut world = World::of(&waits);
    poll(&mut world, &[3, 20, 21, 22, 99]);
    assert_fields! { world;
        "fdlist.nums" => "3,20,21,22,99", "fdlist.cips" => "10.0.0.1", "fdlist.sips" => "192.0.2.1,127.0.0.1,2001:db8::1",
        "fdlist.cports" => "1", "fdlist.sports" => "2",
    }
    assert!(world.get("fdlist.names").unwrap().starts_with("/home/ann/notes.txt,10.0.0.1:1->192.0.2.1:2,"));
    assert!(world.get("fdlist.names").unwrap().ends_with(",<NA>"));
    poll(&mut world, &[3]);
    assert_fields! { world; "fdlist.cips" => none, "fdlist.sports" => none, "fdlist.names" => "/home/ann/notes.txt", }
    poll(&mut world, &[]);
    assert_fields! { world; "fdlist.nums" => none, }
    read(&mut world, 3);
    assert_fields! { world; "fdlist.nums" => none, }
}
