//! Rules of process, thread, user and group fields, on a made-up machine.

mod world;

use lanner_plugin_api::schema::EventType;
use world::{World, machine, process};

#[test]
fn ancestors_begin_with_the_process_itself_and_conditions_leave_it_out() {
    let mut world = World::new();
    assert_fields! { world;
        "proc.aname[0]" => "vim", "proc.aname[1]" => "bash", "proc.aname[3]" => "systemd", "proc.aname[4]" => none,
        "proc.aname[4294967296]" => none, "proc.aname" => "bash sshd systemd", "proc.aname[-1]" => "bash sshd systemd",
        "proc.aexe" => "/bin/bash /bin/sshd /bin/systemd", "proc.aexepath[2]" => "/usr/bin/sshd",
        "proc.acmdline" => "bash --login -i sshd systemd", "proc.pcmdline" => "bash --login -i",
        "proc.aargs" => "--login -i  ", "proc.aargs[0]" => "-n a b file", "proc.aargs[2]" => "",
        "proc.apid" => "300", "proc.apid[2]" => "100", "proc.apid[9]" => none, "proc.ppid" => "200",
        "proc.pname" => "bash", "proc.pexe" => "/bin/bash", "proc.pexepath" => "/usr/bin/bash", "proc.pvpid" => "200",
    }
    assert_eq!(world.all("proc.aname"), ["bash", "sshd", "systemd"]);
    assert_eq!(world.all("proc.aexe"), ["/bin/bash", "/bin/sshd", "/bin/systemd"]);
    assert_eq!(world.all("proc.aexepath"), ["/usr/bin/bash", "/usr/bin/sshd", "/usr/bin/systemd"]);
    assert_eq!(world.all("proc.acmdline"), ["bash --login -i", "sshd", "systemd"]);
    assert_eq!(world.all("proc.apid"), ["200", "100", "1"]);
    assert_eq!(world.all("proc.aname[2]"), ["sshd"]);
    // This one has no list: conditions compare the joined text.
    assert_eq!(world.all("proc.aargs"), ["--login -i  "]);
}

#[test]
fn arguments_are_counted_from_the_second_word() {
    let mut world = World::new();
    assert_fields! { world;
        "proc.args" => "-n a b file", "proc.args[0]" => "-n", "proc.args[1]" => "a b", "proc.args[99]" => "",
        "proc.cmdline" => "vim -n a b file", "proc.exeline" => "/bin/vim -n a b file",
        "proc.cmdnargs" => "3", "proc.cmdlenargs" => "9",
    }
    world.event(EventType::GENERIC_X, 100, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world;
        "proc.args" => "", "proc.args[0]" => "", "proc.exeline" => "/bin/sshd ", "proc.cmdnargs" => "0",
        "proc.cmdlenargs" => "0", "proc.aargs" => none,
    }
}

#[test]
fn variables_are_found_by_their_whole_name_and_trimmed() {
    let mut world = World::new();
    world.event(EventType::GENERIC_X, 200, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world;
        "proc.env[HOME]" => "/home/ann", "proc.env[HOM]" => "", "proc.env[PAD]" => "x y", "proc.env[EMPTY]" => "",
        "proc.env[BLANK]" => "", "proc.env[NOSUCH]" => "",
        "proc.env" => "HOME=/home/ann HOMEDIR=no PAD=  x y   EMPTY= BLANK=   ",
        "proc.env[0]" => "HOME=/home/ann HOMEDIR=no PAD=  x y   EMPTY= BLANK=   ",
    }
}

#[test]
fn the_environment_of_ancestors_is_that_of_the_nearest_with_a_value() {
    let mut world = World::new();
    assert_fields! { world;
        "proc.aenv[WHO]" => "pid1", "proc.aenv[HOME]" => "/home/ann", "proc.aenv[TERM]" => "",
        "proc.aenv[EMPTY]" => "", "proc.aenv" => "TERM=xterm", "proc.aenv[0]" => "TERM=xterm",
        "proc.aenv[3]" => "WHO=pid1", "proc.aenv[4]" => none,
    }
    assert_eq!(world.all("proc.aenv").len(), 3);
    // A thread has the environment of its process.
    world.event(EventType::GENERIC_X, 301, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "proc.env" => "TERM=xterm", "proc.cwd" => "/home/ann/", }
}

#[test]
fn a_variable_is_looked_for_twenty_levels_up() {
    let mut line = machine();
    for pid in 1000..1030 {
        line.threads.push(process(pid, if pid == 1000 { 1 } else { pid - 1 }, "deep"));
    }
    line.threads[5 + 9].env = b"AT=1009\0".as_slice().into();
    let mut world = World::of(&line);
    world.event(EventType::GENERIC_X, 1029, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "proc.aenv[AT]" => "1009", "proc.aname[29]" => "deep", }
    let mut world = World::of(&line);
    line.threads[5 + 9].env = Box::default();
    line.threads[5 + 8].env = b"AT=1008\0".as_slice().into();
    world.state.load(&line);
    world.event(EventType::GENERIC_X, 1029, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "proc.aenv[AT]" => "", }
}

#[test]
fn a_loop_of_parents_ends() {
    let mut looped = machine();
    looped.threads.push(process(500, 501, "a"));
    looped.threads.push(process(501, 500, "b"));
    let mut world = World::of(&looped);
    world.event(EventType::GENERIC_X, 500, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    for field in ["proc.aname", "proc.acmdline", "proc.aenv", "proc.apid", "proc.aname[3]"] {
        assert!(world.all(field).len() <= 3, "{field}");
    }
    assert!(world.get("proc.loginshellid").is_none());
    assert!(world.get("proc.aenv[NOSUCH]").is_some());
    assert!(world.get("proc.aenv[4000000000]").is_none());
}

#[test]
fn leaders_are_looked_up_directly_outside_of_pid_namespaces() {
    let mut world = World::new();
    assert_fields! { world;
        "proc.sid" => "200", "proc.sname" => "bash", "proc.sid.exe" => "/bin/bash", "proc.sid.exepath" => "/usr/bin/bash",
        "proc.vpgid.name" => "vim", "proc.pgid.exe" => "/bin/vim", "proc.is_sid_leader" => "false",
        "proc.is_vpgid_leader" => "true", "proc.is_pgid_leader" => "true",
    }
}

#[test]
fn leaders_in_a_pid_namespace_have_its_numbers() {
    let mut inside = machine();
    // A shell that leads its session, with a pipeline that is a group of its own; 604 is of a session whose leader has ended.
    for (pid, ptid, vpid, sid, group, comm) in [
        (600, 100, 1, 1, (1, 600), "init"),
        (601, 600, 2, 1, (1, 600), "sh"),
        (602, 601, 3, 1, (3, 602), "cat"),
        (603, 601, 4, 1, (3, 602), "grep"),
        (604, 601, 5, 9, (8, -1), "left"),
        (605, 604, 6, 9, (8, -1), "lost"),
    ] {
        let mut thread = process(pid, ptid, comm);
        (thread.vpid, thread.vtid, thread.sid, (thread.vpgid, thread.pgid)) = (vpid, vpid, sid, group);
        inside.threads.push(thread);
    }
    let mut world = World::of(&inside);
    for (pid, session, group) in [
        // Not the process 1 of the machine.
        (600, "init", "init"),
        (601, "init", "init"),
        (602, "init", "cat"),
        (603, "init", "cat"),
        (604, "", ""),
        (605, "left", "left"),
    ] {
        world.event(EventType::GENERIC_X, pid, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
        assert_eq!(world.get("proc.sname").as_deref(), Some(session), "{pid}");
        assert_eq!(world.get("proc.vpgid.name").as_deref(), Some(group), "{pid}");
    }
    assert_fields! { world; "proc.vpid" => "6", "proc.is_sid_leader" => "false", }
}

#[test]
fn the_login_shell_is_the_topmost_name_that_ends_in_sh() {
    let mut shells = machine();
    shells.threads.push(process(700, 200, "zsh"));
    shells.threads.push(process(701, 700, "h"));
    let mut world = World::of(&shells);
    world.event(EventType::GENERIC_X, 701, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "proc.loginshellid" => "200", }
    world.event(EventType::GENERIC_X, 100, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "proc.loginshellid" => none, }
}

#[test]
fn ids_that_no_kernel_gives_are_not_shown() {
    let mut odd = machine();
    let mut thread = process(1 << 33, 200, "odd");
    thread.vpid = -1;
    thread.vtid = -1;
    odd.threads.push(thread);
    let mut world = World::of(&odd);
    world.event(EventType::GENERIC_X, 1 << 33, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world;
        "proc.pid" => none, "thread.tid" => none, "proc.vpid" => none, "thread.vtid" => none, "proc.apid[0]" => none,
        "proc.ppid" => "200",
    }
}

#[test]
fn descriptors_in_use_are_a_percentage_of_the_limit() {
    let mut world = World::new();
    assert_fields! { world; "proc.fdopencount" => "8", "proc.fdlimit" => "10", "proc.fdusage" => "80", }
    let mut full = machine();
    full.threads[3].fdlimit = 4;
    assert_fields! { World::of(&full); "proc.fdusage" => "100", }
    full.threads[3].fdlimit = -1;
    assert_fields! { World::of(&full); "proc.fdusage" => "0", "proc.fdlimit" => "-1", }
}

#[test]
fn standard_descriptors_have_type_and_name() {
    let mut world = World::new();
    assert_fields! { world;
        "proc.stdin.type" => "file", "proc.stdout.name" => "/dev/pts/0", "proc.stderr.type" => "pipe",
        "proc.stderr.name" => "pipe:[9]",
    }
    world.event(EventType::GENERIC_X, 100, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "proc.stdin.type" => none, "proc.stdin.name" => none, }
}

#[test]
fn threads_share_cgroups_but_memory_counts_once() {
    let mut world = World::new();
    assert_fields! { world;
        "thread.cgroups" => "cpu=/user memory=/user/1", "thread.cgroup.memory" => "/user/1", "thread.cgroup.io" => none,
        "thread.ismain" => "true", "thread.nametid" => "vim300", "proc.nthreads" => "2", "proc.nchilds" => "1",
        "thread.vmsize" => "40", "thread.vmrss" => "20", "thread.vmsize.b" => "40960", "thread.vmrss.b" => "20480",
        "thread.cap_effective" => "CAP_CHOWN CAP_DAC_READ_SEARCH", "thread.cap_permitted" => "",
    }
    world.event(EventType::GENERIC_X, 301, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world;
        "thread.ismain" => "false", "proc.vmsize" => "40", "thread.vmsize" => "0", "thread.vmrss.b" => "0",
        "thread.cgroups" => none, "thread.tid" => "301", "proc.pid" => "300", "proc.fdopencount" => "8",
    }
}

fn switch(world: &mut World, ts: u64, cpu: u32, tid: i64) -> (String, String) {
    let zero = 0u64.to_le_bytes();
    let params: [&[u8]; 6] = [&zero, &zero, &zero, &zero[..4], &zero[..4], &zero[..4]];
    world.event_at(ts, cpu, EventType::SCHEDSWITCH_6_E, tid, &params);
    (world.get("thread.exectime").unwrap(), world.get("thread.totexectime").unwrap())
}

#[test]
fn running_time_is_what_lies_between_two_switches_of_one_processor() {
    let mut world = World::new();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let t = world::T0 + 1_000_000;
    assert_eq!(switch(&mut world, t, 1, 300), pair("0", "0"));
    assert_eq!(switch(&mut world, t + 500, 1, 200), pair("500", "500"));
    assert_eq!(switch(&mut world, t + 600, 2, 300), pair("0", "0"));
    assert_eq!(switch(&mut world, t + 900, 1, 300), pair("400", "400"));
    assert_eq!(switch(&mut world, t + 1000, 1, 200), pair("100", "600"));
    // A processor number beyond anything real is not kept.
    assert_eq!(switch(&mut world, t + 2000, u32::MAX, 200), pair("0", "600"));
    world.event(EventType::GENERIC_X, 200, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "thread.exectime" => "0", "thread.totexectime" => "600", "evt.deltatime" => "1000", }
}

#[test]
fn processor_time_is_the_difference_of_two_samples_and_at_most_100() {
    let mut world = World::new();
    let mut sample = |user: u64, system: u64| {
        world.event(EventType::PROCINFO_E, 300, &[&user.to_le_bytes(), &system.to_le_bytes()]);
        ["thread.cpu", "thread.cpu.user", "thread.cpu.system"].map(|field| world.get(field).unwrap())
    };
    assert_eq!(sample(10, 5), ["0", "0", "0"]);
    assert_eq!(sample(40, 6), ["31", "30", "1"]);
    assert_eq!(sample(400, 6), ["100", "100", "0"]);
    assert_fields! { world; "evt.count.procinfo" => "1", "evt.count.threadinfo" => "1", }
    world.event(EventType::GENERIC_X, 300, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "thread.cpu" => none, "evt.count.procinfo" => "0", "evt.count.threadinfo" => "0", }
}

#[test]
fn users_and_groups_are_those_of_the_container() {
    let mut world = World::new();
    assert_fields! { world;
        "user.uid" => "1000", "user.name" => "ann", "user.homedir" => "/home/ann", "user.shell" => "/bin/zsh",
        "user.loginuid" => "1000", "user.loginname" => "ann", "group.gid" => "100", "group.name" => "users",
    }
    world.put_in_container(300, "0123456789ab");
    assert_fields! { world;
        "user.name" => "<NA>", "user.homedir" => "<NA>", "user.shell" => "<NA>", "user.loginname" => "<NA>",
        "group.name" => "<NA>",
    }
    world.event(EventType::GENERIC_X, 100, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    // User 0 is root even when nobody says so; nobody has logged in.
    assert_fields! { world;
        "user.name" => "root", "user.homedir" => "/root", "user.shell" => "<NA>", "group.name" => "root",
        "user.loginuid" => "-1", "user.loginname" => "<NA>",
    }
}

#[test]
fn an_event_about_a_container_names_the_containers_user() {
    let mut world = World::new();
    world.put_in_container(300, "0123456789ab");
    let json = br#"{"container":{"id":"0123456789ab","User":"app","ip":"172.17.0.2","labels":{}}}"#;
    let data = [json.as_slice(), b"\0"].concat();
    world.event(EventType::ASYNCEVENT_E, 300, &[&5u32.to_le_bytes(), b"container\0", &data]);
    assert_fields! { world; "user.name" => "app", "evt.type" => "container", "syscall.type" => none, }
    world.event(EventType::GENERIC_X, 300, &[&39u16.to_le_bytes(), &39u16.to_le_bytes()]);
    assert_fields! { world; "user.name" => "<NA>", }
    world.event(EventType::ASYNCEVENT_E, 300, &[&5u32.to_le_bytes(), b"container_removed\0", &data]);
    world.event(EventType::ASYNCEVENT_E, 300, &[&5u32.to_le_bytes(), b"container\0", b"not json\0"]);
    assert_fields! { world; "user.name" => "<NA>", }
}

#[test]
fn without_a_thread_there_are_no_process_fields() {
    let mut world = World::new();
    world.event(EventType::ASYNCEVENT_E, -1, &[&5u32.to_le_bytes(), b"note\0", b"x\0"]);
    assert_fields! { world;
        "proc.name" => none, "proc.aname" => none, "proc.pid" => none, "proc.env" => none, "user.uid" => none,
        "group.name" => none, "proc.duration" => none, "proc.sname" => none, "fd.num" => none, "thread.cgroups" => none,
        "thread.tid" => "-1", "thread.exectime" => "0", "thread.totexectime" => none, "evt.type" => "note",
        "evt.category" => "other",
    }
}
