//! Rules of the fields of events, and the text of their parameters, on a made-up machine.

mod world;

use lanner_plugin_api::schema::{EventType, ParamType};
use lanner_syscall::fields::{ArgError, FIELDS, FieldArg, FieldId, Want, resolve};
use world::{T0, World};

fn i(value: i64) -> [u8; 8] {
    value.to_le_bytes()
}

fn u(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

fn generic(world: &mut World, code: u16, native: u16) {
    world.event(EventType::GENERIC_X, 300, &[&code.to_le_bytes(), &native.to_le_bytes()]);
}

#[test]
fn generic_events_have_the_name_of_their_call_and_no_arguments() {
    let mut world = World::new();
    generic(&mut world, 39, 0);
    let name = world.get("evt.type").unwrap();
    assert_eq!(world.get("syscall.type"), Some(name.clone()));
    assert_eq!(world.get("evt.arg[0]"), Some(name));
    assert_fields! { world;
        "evt.args" => "", "evt.info" => "", "evt.arg.ID" => "ustat", "evt.arg[2]" => none, "evt.res" => none,
        "evt.rawres" => none, "evt.failed" => none, "evt.count.error" => none, "evt.dir" => "<", "evt.count.exit" => "1",
    }
    // A call newer than the recording program is known by its native number, of which nothing is known here.
    generic(&mut world, 0, 273);
    assert_fields! { world; "evt.type" => "set_robust_list", }
    generic(&mut world, 0, 60_000);
    assert_fields! { world; "evt.type" => "unknown", }
}

fn read(world: &mut World, result: i64, fd: i64) {
    world.event(EventType::SYSCALL_READ_X, 300, &[&i(result), b"ab\n", &i(fd), &u(3)]);
}

#[test]
fn the_result_decides_about_failure() {
    let mut world = World::new();
    read(&mut world, 3, 3);
    assert_fields! { world;
        "evt.res" => "SUCCESS", "evt.rawres" => "3", "evt.failed" => "false", "evt.count.error" => "0",
        "evt.count.error.file" => "0", "evt.count.error.net" => none, "evt.count.error.other" => none,
        "evt.count.error.memory" => none, "evt.buflen" => "3", "evt.buflen.in" => "3", "evt.buflen.out" => none,
        "evt.buflen.file" => "3", "evt.buflen.file.in" => "3", "evt.buflen.net" => none, "evt.io_dir" => "read",
        "evt.is_io" => "true", "evt.is_io_read" => "true", "evt.is_io_write" => "false", "evt.category" => "file",
        "evt.arg.res" => "3", "evt.buffer" => "ab\\n", "evt.arg.data" => "ab.",
    }
    read(&mut world, -11, 5);
    assert_fields! { world;
        "evt.res" => "EAGAIN", "evt.rawres" => "-11", "evt.failed" => "true", "evt.count.error.net" => "1",
        "evt.count.error.file" => none, "evt.buflen" => none, "evt.category" => "net", "evt.arg.res" => "EAGAIN",
    }
    read(&mut world, -9000, 2);
    assert_fields! { world;
        "evt.res" => "-9000", "evt.count.error.other" => "1", "evt.category" => "ipc", "evt.arg[0]" => "-9000",
    }
    read(&mut world, -9, 99);
    assert_fields! { world; "evt.category" => "unknown", "evt.buflen" => none, "evt.count.error.other" => "1", }
}

#[test]
fn errors_without_a_descriptor_are_told_apart_by_the_call() {
    let mut world = World::new();
    let mut subject = |code: EventType| {
        let result = i(-13);
        let mut params: Vec<&[u8]> = vec![b""; code.param_count().unwrap()];
        params[0] = &result;
        world.event(code, 300, &params);
        ["file", "net", "memory", "other"].map(|part| world.get(&format!("evt.count.error.{part}")).is_some())
    };
    assert_eq!(subject(EventType::SYSCALL_OPENAT_2_X), [true, false, false, false]);
    assert_eq!(subject(EventType::SOCKET_ACCEPT4_6_X), [false, true, false, false]);
    assert_eq!(subject(EventType::SYSCALL_BRK_4_X), [false, false, true, false]);
    assert_eq!(subject(EventType::SYSCALL_UNLINK_2_X), [false, false, false, true]);
}

#[test]
fn a_write_to_the_log_socket_is_a_syslog_write() {
    let mut world = World::new();
    let mut write = |fd: i64| {
        world.event(EventType::SYSCALL_WRITE_X, 300, &[&i(1), b"x", &i(fd), &u(1)]);
        world.get("evt.is_syslog").unwrap()
    };
    assert_eq!((write(7), write(3)), ("true".to_owned(), "false".to_owned()));
    assert_fields! { world; "evt.io_dir" => "write", "evt.buflen.out" => "1", "evt.buflen.in" => none, }
    read(&mut world, 1, 7);
    assert_fields! { world; "evt.is_syslog" => "false", }
}

fn open(world: &mut World, flags: u32, mode: u32, fd: i64) -> [bool; 4] {
    let params: [&[u8]; 7] = [&i(fd), &i(-100), b"f\0", &u(flags), &u(mode), &u(0), &i(0)];
    world.event(EventType::SYSCALL_OPENAT_2_X, 300, &params);
    ["read", "write", "exec", "create"].map(|what| world.get(&format!("evt.is_open_{what}")).unwrap() == "true")
}

#[test]
fn opens_are_for_reading_writing_creating_and_making_executables() {
    let mut world = World::new();
    let (read, write, create, tmpfile, created) = (1, 2, 4, 1 << 13, 1 << 14);
    assert_eq!(open(&mut world, read, 0, 8), [true, false, false, false]);
    assert_eq!(open(&mut world, read | write, 0, 8), [true, true, false, false]);
    assert_eq!(open(&mut world, write | create | created, 0b1000, 8), [false, true, true, true]);
    assert_eq!(open(&mut world, write | create, 0b110, 8), [false, true, false, false]);
    // Without creating, the mode means nothing.
    assert_eq!(open(&mut world, write, 0b1, 8), [false, true, false, false]);
    assert_eq!(open(&mut world, write | tmpfile, 0b1, 8), [false, true, true, true]);
    assert_eq!(open(&mut world, write | tmpfile, 0, -13), [false, true, false, false]);
    let creat: [&[u8]; 6] = [&i(8), b"f\0", &u(0b1), &u(0), &i(0), &u(0)];
    world.event(EventType::SYSCALL_CREAT_X, 300, &creat[..EventType::SYSCALL_CREAT_X.param_count().unwrap()]);
    assert_fields! { world; "evt.is_open_exec" => "true", "evt.is_open_write" => "false", "evt.is_open_create" => "false", }
}

#[test]
fn the_type_can_be_asked_for_by_name_and_number() {
    let mut world = World::new();
    open(&mut world, 0, 0, 8);
    // A name means the first event of the table that has it, and the one after.
    assert_fields! { world; "evt.type.is.openat" => "0", "evt.type.is.307" => "1", "evt.type.is.306" => "0", "evt.type.is[307]" => "1", }
    read(&mut world, 1, 3);
    assert_fields! { world; "evt.type.is.read" => "1", "evt.type.is.write" => "0", "evt.type.is.99999" => "0", }
}

#[test]
fn times_count_from_the_event_before() {
    let mut world = World::new();
    world.event_at(T0 + 3_000_000_005, 7, EventType::SYSCALL_READ_X, 300, &[&i(1), b"x", &i(3), &u(1)]);
    let delta = 3_000_000_005u64 - 1000;
    assert_eq!(world.get("evt.deltatime"), Some(delta.to_string()));
    assert_fields! { world;
        "evt.deltatime.s" => "2", "evt.deltatime.ns" => "999999005", "evt.cpu" => "7", "evt.latency" => "0",
        "evt.latency.human" => "0ns", "evt.wait_latency" => "0", "evt.count" => "1", "evt.outputtime" => "22:13:23.000000005",
        "evt.around[1700000003000000005]" => "0", "evt.around[1700000002999000005]" => "1",
        "evt.around[1700000003000000006]" => "1", "util.cnt" => "0",
    }
    assert_fields! { world; "util.cnt" => "1", }
}

#[test]
fn infrastructure_events_have_parts() {
    let mut world = World::new();
    let text = b" Event: start ; ID: 0123456789abcdef; name: web; Image: nginx@sha256:77 \0";
    world.event(EventType::INFRASTRUCTURE_EVENT_E, -1, &[b"docker\0", b"x\0", text, b"s\0"]);
    assert_fields! { world;
        "evt.infra.docker.name" => "start", "evt.infra.docker.container.id" => "0123456789ab",
        "evt.infra.docker.container.name" => "web", "evt.infra.docker.container.image" => "nginx",
    }
    world.event(EventType::INFRASTRUCTURE_EVENT_E, -1, &[b"docker\0", b"x\0", b"Image:sha256:77;Event\0", b"s\0"]);
    assert_fields! { world; "evt.infra.docker.container.image" => "sha256:77", "evt.infra.docker.name" => none, }
    read(&mut world, 1, 3);
    assert_fields! { world; "evt.infra.docker.container.image" => none, }
}

#[test]
fn raw_arguments_have_their_own_type() {
    let mut world = World::new();
    read(&mut world, -11, 3);
    assert_fields! { world;
        "evt.rawarg.res" => "-11", "evt.rawarg.fd" => "3", "evt.rawarg.size" => "3", "evt.rawarg.data" => "ab\\n",
        "evt.rawarg.path" => none,
    }
    let as_type = |world: &mut World, name, ty: ParamType| world.request(name, Want::Scalar, Some(ty as u32));
    // A condition on text can see a number, one on numbers no text.
    assert_eq!(as_type(&mut world, "evt.rawarg.res", ParamType::Charbuf).unwrap(), ["-11"]);
    assert_eq!(as_type(&mut world, "evt.rawarg.data", ParamType::Uint32), None);
    world.event(EventType::SYSCALL_UNLINK_2_X, 300, &[&i(0), b"a b\0"]);
    assert_eq!(as_type(&mut world, "evt.rawarg.path", ParamType::Fspath).unwrap(), ["a b"]);
    assert_eq!(as_type(&mut world, "evt.rawarg.path", ParamType::Uint64), None);
    world.event(EventType::SYSCALL_UNLINK_2_X, 300, &[b"", b""]);
    assert_fields! { world; "evt.rawarg.path" => "<NA>", "evt.rawarg.res" => none, }
    world.event(EventType::SYSCALL_UNLINK_2_X, 300, &[&[1, 2], b"(NULL)\0"]);
    assert_fields! { world; "evt.rawarg.path" => "<NA>", "evt.rawarg.res" => none, "evt.arg.path" => "<NA>", "evt.arg.res" => "<NA>", }
}

#[test]
fn parameters_print_what_they_stand_for_in_parentheses() {
    let mut world = World::new();
    open(&mut world, 1 | 2 | 4, 0o644, 3);
    assert_eq!(
        world.get("evt.args").unwrap(),
        "fd=3(<f>/home/ann/f) dirfd=-100(AT_FDCWD) name=f(/home/ann/f) flags=7(O_CREAT|O_RDWR) mode=0644 dev=0 ino=0 "
            .trim_end()
    );
    world.event(EventType::SYSCALL_KILL_X, 300, &[&i(-1), &i(100), &[9]]);
    assert_fields! { world; "evt.args" => "res=-1(EPERM) pid=100(sshd) sig=9(SIGKILL)", "evt.arg.pid" => "sshd", }
    world.event(EventType::SYSCALL_KILL_X, 300, &[&i(0), &i(4444), &[64]]);
    assert_fields! { world; "evt.args" => "res=0 pid=4444 sig=64", "evt.arg.sig" => "64", }
    read(&mut world, 1, 5);
    assert_fields! { world; "evt.arg.fd" => "<4t>10.0.0.1:40000->10.0.0.2:443", }
    read(&mut world, 1, -9);
    assert_fields! { world; "evt.arg.fd" => "EBADF", "evt.arg[2]" => "EBADF", }
    read(&mut world, 1, 99);
    assert_fields! { world; "evt.arg.fd" => "99", }
}

#[test]
fn owners_print_by_name() {
    let mut world = World::new();
    let mut set = |code: EventType, id: u32| {
        world.event(code, 300, &[&i(0), &u(id)]);
        world.get("evt.args").unwrap()
    };
    // The call may have changed the thread; the names are those of its container all the same.
    assert_eq!(set(EventType::SYSCALL_SETUID_X, 1000), "res=0 uid=1000(ann)");
    assert_eq!(set(EventType::SYSCALL_SETUID_X, u32::MAX), "res=0 uid=-1(<NONE>)");
    assert_eq!(set(EventType::SYSCALL_SETUID_X, 5), "res=0 uid=5(<NA>)");
    assert_eq!(set(EventType::SYSCALL_SETGID_X, 100), "res=0 gid=100(users)");
    assert_eq!(set(EventType::SYSCALL_SETGID_X, 0x8000_0000), "res=0 gid=-2147483648(<NA>)");
    world.put_in_container(300, "0123456789ab");
    assert_fields! { world; "evt.arg.gid" => "<NA>", }
}

#[test]
fn dynamic_parameters_print_by_their_selector() {
    let mut world = World::new();
    let mut option = |value: &[u8]| {
        let params: [&[u8]; 6] = [&i(0), &i(5), &[1], &[3], value, &u(4)];
        world.event(EventType::SOCKET_SETSOCKOPT_X, 300, &params);
        world.get("evt.arg.val").unwrap()
    };
    assert_eq!(option(&[&[0][..], b"a\x01b"].concat()), "a.b");
    assert_eq!(option(&[&[1][..], &i(-111)].concat()), "ECONNREFUSED");
    // The format is that of the parameter, whatever the selector says.
    assert_eq!(
        option(&[&[2][..], &u(20)].concat()).to_lowercase(),
        option(&[&[3][..], &20u64.to_le_bytes()].concat()).to_lowercase()
    );
    assert_eq!(option(&[&[4][..], &2_500_000_000u64.to_le_bytes()].concat()), "2.5s");
    assert_eq!(option(&[&[4][..], &u64::MAX.to_le_bytes()].concat()), "none");
    assert_eq!(option(&[9, 0]), "INVALID DYNAMIC PARAMETER");
    assert_eq!(option(&[2, 0]), "<NA>");
    assert_eq!(option(b""), "NULL");
}

#[test]
fn absent_values_print_as_na_or_null() {
    let mut world = World::new();
    let counts =
        [EventType::SYSCALL_READ_X, EventType::SYSCALL_POLL_X, EventType::SOCKET_CONNECT_X, EventType::SYSCALL_KILL_X];
    let texts = counts.map(|code| {
        let params: Vec<&[u8]> = vec![b""; code.param_count().unwrap()];
        world.event(code, 300, &params);
        world.get("evt.args").unwrap()
    });
    assert_eq!(texts[0], "res=<NA> data=NULL fd=<NA> size=<NA>");
    assert!(texts[1].contains("fds=NULL"), "{}", texts[1]);
    assert!(texts[2].contains("tuple=NULL") && texts[2].contains("addr=<NA>"), "{}", texts[2]);
    assert_eq!(texts[3], "res=<NA> pid=<NA> sig=<NA>");
    assert_fields! { world; "evt.arg.sig" => "<NA>", "evt.rawres" => "0", "evt.failed" => "false", }
}

#[test]
fn lists_of_descriptors_print_number_letter_and_flags() {
    let mut world = World::new();
    let mut list = 3u16.to_le_bytes().to_vec();
    for (fd, flags) in [(3i64, 1i16), (99, 0x1f), (5, -1)] {
        list.extend(fd.to_le_bytes());
        list.extend(flags.to_le_bytes());
    }
    world.event(EventType::SYSCALL_POLL_X, 300, &[&i(1), &list, &i(0)]);
    assert_fields! { world; "evt.arg.fds" => "3:f1 99:?1f 5:4ffffffff", }
    list[0] = 200;
    world.event(EventType::SYSCALL_POLL_X, 300, &[&i(1), &list, &i(0)]);
    assert_fields! { world; "evt.arg.fds" => "<NA>", "fdlist.nums" => none, }
}

fn field(name: &str) -> &'static lanner_syscall::fields::spec::Field {
    FieldId::by_name(name).unwrap().info()
}

#[test]
fn arguments_are_checked_when_a_rule_is_loaded() {
    let check = |name: &str, arg: Option<&str>| resolve(field(name), arg);
    assert_eq!(check("evt.rawarg", Some("res")), Ok(ParamType::Errno as u32));
    assert_eq!(check("evt.rawarg", Some("data")), Ok(ParamType::Bytebuf as u32));
    assert_eq!(check("evt.arg", Some("3")), Ok(ParamType::Charbuf as u32));
    assert_eq!(check("evt.arg", Some("nosuch")), Err(ArgError::UnknownParam { arg: "nosuch".into() }));
    assert_eq!(check("evt.rawarg", Some("3")), Err(ArgError::UnknownParam { arg: "3".into() }));
    assert_eq!(check("evt.rawarg", None), Err(ArgError::Missing { field: "evt.rawarg" }));
    assert_eq!(check("evt.type.is", Some("nosuch")), Err(ArgError::UnknownEvent { arg: "nosuch".into() }));
    assert!(check("evt.abspath", None).is_ok() && check("evt.abspath", Some("src")).is_ok());
    assert!(matches!(check("evt.abspath", Some("x")), Err(ArgError::Malformed { .. })));
    assert!(check("thread.cgroup", Some("cpu_acct")).is_ok());
    assert!(matches!(check("thread.cgroup", Some("a.b")), Err(ArgError::Malformed { .. })));
    assert!(check("proc.aname", Some("2")).is_ok() && check("proc.aname", Some("-1")).is_ok());
    assert!(matches!(check("proc.aname", Some("x")), Err(ArgError::NoNumber { .. })));
    assert!(check("proc.aenv", Some("HOME")).is_ok() && check("proc.env", Some("HOME")).is_ok());
    assert!(matches!(check("proc.name", Some("1")), Err(ArgError::Unexpected { .. })));
    let text = check("proc.name", Some("1")).unwrap_err().to_string();
    assert_eq!(text, "field proc.name takes no argument, '1' was given");
}

#[test]
fn an_argument_is_a_number_where_the_field_takes_one() {
    assert_eq!(FieldArg::parse(field("proc.aname"), Some("3")), FieldArg { key: Some("3"), index: Some(3) });
    assert_eq!(FieldArg::parse(field("proc.aname"), Some("-1")), FieldArg { key: None, index: None });
    assert_eq!(FieldArg::parse(field("proc.env"), Some("3")), FieldArg { key: Some("3"), index: None });
    assert_eq!(FieldArg::parse(field("evt.arg"), Some("fd")), FieldArg { key: Some("fd"), index: None });
}

#[test]
fn every_field_can_be_asked_of_every_event() {
    let mut world = World::new();
    for code in (0..454).map(EventType) {
        let params: Vec<&[u8]> = vec![b""; code.param_count().unwrap()];
        world.event(code, 300, &params);
        for field in &FIELDS {
            let arg = field.arg.filter(|arg| arg.required).map(|_| match field.name {
                "evt.around" => "[1]",
                "evt.type.is" => ".open",
                "evt.abspath" => ".dst",
                "thread.cgroup" => ".cpu",
                _ => ".fd",
            });
            let name = format!("{}{}", field.name, arg.unwrap_or_default());
            world.request(&name, Want::Scalar, None);
            world.request(&name, Want::All, None);
            world.request(&name, Want::Address, None);
        }
    }
}
