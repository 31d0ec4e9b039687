//! What scripts make of a machine's state, as fields show it.

mod common;

#[test]
fn a_process_has_ancestors_a_user_and_a_terminal() {
    shows!({
        "users": [{"name": "alice", "uid": 1000}],
        "processes": [
            {"as": "sshd", "exe": "/usr/sbin/sshd"},
            {"as": "shell", "exe": "/bin/bash", "args": ["-i"], "parent": "sshd", "user": "alice", "tty": "pts/1", "cwd": "/home/alice"},
            {"as": "cat", "exe": "/usr/bin/cat", "parent": "shell", "args": ["notes.txt"]}
        ]
    }, [{"openat": {"name": "notes.txt"}}], {
        "evt.type" => "openat",
        "proc.name" => "cat",
        "proc.aname[1]" => "bash",
        "proc.aname[2]" => "sshd",
        "proc.aname[3]" => "init",
        "proc.pname" => "bash",
        "proc.cmdline" => "cat notes.txt",
        "proc.exepath" => "/usr/bin/cat",
        "user.name" => "alice",
        "user.uid" => "1000",
        "user.loginname" => "alice",
        "proc.tty" => "34817",
        "proc.sname" => "bash",
        "fd.name" => "/home/alice/notes.txt",
        "evt.is_open_read" => "true",
        "evt.is_open_write" => "false",
    });
}

#[test]
fn flags_and_results_of_opens_show() {
    shows!({"processes": [{"exe": "/bin/sh"}]}, [
        {"openat": {"name": "/etc/cron.d/x", "flags": "O_WRONLY|O_CREAT|O_TRUNC", "mode": "0600"}}
    ], {
        "evt.is_open_write" => "true",
        "evt.arg.flags" => "O_TRUNC|O_CREAT|O_WRONLY",
        "evt.arg.mode" => "0600",
        "evt.res" => "SUCCESS",
        "fd.num" => "3",
        "fd.directory" => "/etc/cron.d",
    });
    shows!({"processes": [{"exe": "/bin/sh"}]}, [
        {"open": {"name": "/etc/shadow"}, "result": "EACCES"}
    ], {
        "evt.res" => "EACCES",
        "evt.failed" => "true",
        "evt.arg.name" => "/etc/shadow",
        "fd.num" => "-1",
    });
}

#[test]
fn an_exec_replaces_the_program() {
    shows!({"processes": [{"as": "shell", "exe": "/bin/bash", "user": "www-data"}]}, [
        {"execve": {
            "exe": "/tmp/.x/miner", "args": ["-o", "pool"], "env": {"LD_PRELOAD": "/tmp/x.so"},
            "exe_writable": true, "exe_upper_layer": true
        }}
    ], {
        "evt.type" => "execve",
        "proc.name" => "miner",
        "proc.exepath" => "/tmp/.x/miner",
        "proc.cmdline" => "miner -o pool",
        "proc.env" => "LD_PRELOAD=/tmp/x.so",
        "proc.pname" => "init",
        "proc.is_exe_writable" => "true",
        "proc.is_exe_upper_layer" => "true",
        "proc.is_exe_from_memfd" => "false",
        "evt.arg.filename" => "/tmp/.x/miner",
        "user.name" => "www-data",
        "evt.res" => "SUCCESS",
    });
    shows!({"processes": [{"exe": "/bin/bash"}]}, [
        {"memfd_create": {"name": "payload"}, "as": "m"},
        {"execve": {"exe": "memfd:payload", "args": []}}
    ], {
        "proc.is_exe_from_memfd" => "true",
        "proc.exepath" => "memfd:payload",
        "proc.name" => "payload",
    });
    shows!({"processes": [{"exe": "/bin/bash"}]}, [
        {"execve": {"exe": "/bin/nope"}, "result": "ENOENT"}
    ], {
        "evt.res" => "ENOENT",
        "proc.name" => "bash",
        "evt.arg.filename" => "/bin/nope",
        "evt.arg.exe" => "/bin/nope",
        "evt.arg.trusted_exepath" => "/bin/bash",
    });
}

#[test]
fn a_clone_makes_a_process_that_may_act() {
    shows!({"processes": [{"as": "shell", "exe": "/bin/bash"}]}, [
        {"clone": {"as": "child"}},
        {"by": "child", "execve": {"exe": "/usr/bin/id"}}
    ], {
        "proc.name" => "id",
        "proc.pname" => "bash",
        "proc.aname[2]" => "init",
    });
    shows!({"processes": [{"as": "shell", "exe": "/bin/bash"}]}, [
        {"spawn": {"as": "nc", "exe": "/bin/nc", "args": ["-l"]}},
        {"by": "nc", "spawn": {"as": "sh", "exe": "/bin/sh"}}
    ], {
        "evt.type" => "execve",
        "proc.name" => "sh",
        "proc.aname[1]" => "nc",
        "proc.aname[2]" => "bash",
    });
    for call in ["vfork", "fork", "clone3"] {
        let given = serde_json::json!({"processes": [{"as": "shell", "exe": "/bin/bash"}]});
        let events = [serde_json::json!({call: {"as": "c"}}), serde_json::json!({"by": "c", "getuid": {}})];
        let found = common::last(&given, &events, &["proc.name", "proc.pname"]);
        assert_eq!(found, [Some("bash".to_owned()), Some("bash".to_owned())], "{call}");
    }
}

#[test]
fn connections_have_two_ends() {
    shows!({"processes": [{"exe": "/usr/bin/curl"}]}, [{"connect": {"to": "1.2.3.4:443"}}], {
        "evt.type" => "connect",
        "fd.sip" => "1.2.3.4",
        "fd.sport" => "443",
        "fd.cip" => "10.0.0.5",
        "fd.type" => "ipv4",
        "fd.l4proto" => "tcp",
        "fd.typechar" => "4",
        "evt.res" => "SUCCESS",
    });
    shows!({"processes": [{"exe": "/usr/bin/dig"}]}, [
        {"connect": {"to": "[2001:db8::1]:53", "proto": "udp"}}
    ], {
        "fd.sip" => "2001:db8::1",
        "fd.sport" => "53",
        "fd.l4proto" => "udp",
    });
    shows!({"processes": [{"exe": "/usr/bin/curl"}]}, [
        {"connect": {"to": "1.2.3.4:443", "from": "10.9.9.9:1234"}, "as": "c"},
        {"sendto": {"fd": "c", "data": "hello"}}
    ], {
        "fd.name" => "10.9.9.9:1234->1.2.3.4:443",
        "evt.rawres" => "5",
    });
    shows!({"processes": [{"exe": "/usr/bin/docker"}]}, [{"connect": {"to": "unix:/run/docker.sock"}}], {
        "fd.type" => "unix",
        "fd.typechar" => "u",
    });
    shows!({"processes": [{"exe": "/usr/sbin/sshd"}]}, [
        {"bind": {"addr": "0.0.0.0:22"}},
        {"listen": {}},
        {"accept": {"from": "198.51.100.7:51022"}}
    ], {
        "fd.cip" => "198.51.100.7",
        "fd.sport" => "22",
        "fd.is_server" => "true",
    });
}

#[test]
fn calls_without_descriptor_take_the_socket_that_suits() {
    shows!({"processes": [{"exe": "/usr/bin/x"}]}, [
        {"connect": {"to": "1.2.3.4:443"}, "result": "ECONNREFUSED"},
        {"connect": {"to": "/run/docker.sock"}}
    ], {
        "fd.type" => "unix",
        "fd.num" => "4",
    });
    shows!({"processes": [{"exe": "/usr/bin/x"}]}, [
        {"connect": {"to": "1.2.3.4:443"}, "result": "success"},
        {"sendto": {"to": "8.8.8.8:53", "data": "q"}}
    ], {
        "fd.l4proto" => "udp",
        "fd.sip" => "8.8.8.8",
        "fd.num" => "4",
    });
    shows!({"processes": [{"exe": "/usr/bin/x"}]}, [
        {"connect": {"to": "1.2.3.4:443"}},
        {"bind": {"addr": "[::]:80"}},
        {"listen": {}}
    ], {
        "fd.num" => "4",
        "fd.sport" => "80",
        "fd.is_server" => "true",
    });
    shows!({"processes": [{"exe": "/usr/bin/x"}]}, [
        {"socket": {"domain": "AF_INET", "type": "SOCK_STREAM|SOCK_CLOEXEC", "proto": "IPPROTO_TCP"}, "as": "s"},
        {"connect": {"to": "1.2.3.4:443"}},
        {"sendto": {"data": "GET /"}}
    ], {
        "fd.num" => "3",
        "fd.name" => "10.0.0.5:41001->1.2.3.4:443",
    });
}

#[test]
fn a_socket_becomes_standard_input() {
    shows!({"processes": [{"as": "sh", "exe": "/bin/bash"}]}, [
        {"connect": {"to": "1.2.3.4:4444"}, "as": "c"},
        {"dup2": {"oldfd": "c", "newfd": 0}}
    ], {
        "evt.type" => "dup2",
        "fd.num" => "0",
        "fd.type" => "ipv4",
        "fd.sip" => "1.2.3.4",
        "evt.rawres" => "0",
    });
    shows!({"processes": [{"as": "sh", "exe": "/bin/bash"}]}, [
        {"connect": {"to": "1.2.3.4:4444"}, "as": "c"},
        {"dup3": {"oldfd": "c", "newfd": "stdin"}},
        {"execve": {"exe": "/bin/sh", "args": ["-i"]}}
    ], {
        "proc.stdin.type" => "ipv4",
    });
}

#[test]
fn containers_have_cgroups_pids_and_users_of_their_own() {
    shows!({
        "users": [{"name": "app", "uid": 1001}],
        "containers": [{"name": "web", "id": "3ad7b26ded6d", "image": "docker.io/library/nginx:1.25"}],
        "processes": [
            {"as": "nginx", "exe": "/usr/sbin/nginx", "container": "web"},
            {"as": "worker", "exe": "/usr/sbin/nginx", "parent": "nginx", "user": "app"}
        ]
    }, [{"spawn": {"exe": "/bin/sh", "as": "sh"}}], {
        "proc.vpid" => "3",
        "proc.pvpid" => "2",
        "user.name" => "app",
        "thread.cap_effective" => "",
    });
}

#[test]
fn threads_share_what_their_process_has() {
    shows!({"processes": [{"as": "java", "exe": "/usr/bin/java"}]}, [
        {"openat": {"name": "/etc/passwd"}, "as": "f"},
        {"clone": {"as": "t", "flags": "CLONE_THREAD|CLONE_VM|CLONE_FILES"}},
        {"by": "t", "read": {"fd": "f", "data": "root:x:0:0"}}
    ], {
        "fd.name" => "/etc/passwd",
        "proc.name" => "java",
        "thread.ismain" => "false",
        "proc.nthreads" => "2",
    });
}

#[test]
fn what_a_process_has_open_at_the_start_is_known() {
    shows!({"processes": [{
        "exe": "/usr/sbin/nginx",
        "files": {"5": "/etc/passwd"},
        "pipes": {"0": 77},
        "sockets": {
            "6": {"to": "10.0.0.5:80", "from": "192.0.2.1:999", "role": "server"},
            "7": "1.2.3.4:443",
            "8": {"path": "/run/docker.sock"}
        }
    }]}, [{"read": {"fd": 6}}], {
        "fd.name" => "192.0.2.1:999->10.0.0.5:80",
        "fd.is_server" => "true",
        "proc.stdin.type" => "pipe",
        "proc.stdin.name" => "pipe:[77]",
    });
}

#[test]
fn the_end_of_a_process_shows_how_it_ended() {
    shows!({"processes": [{"exe": "/bin/false"}]}, [{"exit": {"code": 1}}], {
        "evt.type" => "procexit",
        "evt.arg.ret" => "1",
        "evt.arg.status" => "256",
        "proc.name" => "false",
    });
    shows!({"processes": [{"exe": "/bin/true"}]}, [{"generic": {"syscall": "io_setup"}}], {
        "syscall.type" => "io_setup",
        "evt.type" => "io_setup",
    });
}

#[test]
fn pipes_and_pairs_have_two_ends() {
    shows!({"processes": [{"as": "sh", "exe": "/bin/sh"}]}, [
        {"pipe2": {"flags": "O_CLOEXEC"}, "as": "p"},
        {"dup2": {"oldfd": "p.peer", "newfd": "stdout"}}
    ], {
        "fd.type" => "pipe",
        "fd.num" => "1",
        "evt.arg.oldfd" => "<p>",
    });
    shows!({"processes": [{"as": "sh", "exe": "/bin/sh"}]}, [
        {"socketpair": {"domain": "AF_UNIX"}, "as": "s"},
        {"close": {"fd": "s.peer"}}
    ], {
        "fd.type" => "unix",
        "fd.num" => "4",
    });
}

#[test]
fn a_process_has_what_the_world_says_of_it() {
    shows!({
        "users": [{"name": "bob", "uid": 1005, "gid": 2000, "home": "/srv/bob", "shell": "/bin/zsh"}],
        "groups": [{"gid": 2000, "name": "ops"}],
        "processes": [{
            "as": "p", "exe": "/opt/tool", "arg0": "tool", "name": "worker", "exepath": "/opt/tool-1.2", "pid": 4242, "user": "bob",
            "env": {"A": "1", "HTTP_PROXY": "x"}, "cwd": "/srv", "loginuid": 1005, "vpid": 7, "caps": ["SYS_ADMIN"],
            "exe_writable": true, "exe_ctime": "5s", "fdlimit": 99
        }]
    }, [{"unlink": {"path": "old"}}], {
        "proc.pid" => "4242",
        "proc.vpid" => "7",
        "proc.exe" => "tool",
        "proc.name" => "worker",
        "proc.exepath" => "/opt/tool-1.2",
        "proc.cwd" => "/srv/",
        "proc.env[HTTP_PROXY]" => "x",
        "user.name" => "bob",
        "user.homedir" => "/srv/bob",
        "user.shell" => "/bin/zsh",
        "group.name" => "ops",
        "user.loginuid" => "1005",
        "thread.cap_effective" => "CAP_SYS_ADMIN",
        "proc.is_exe_writable" => "true",
        "proc.exe_ino.ctime" => "1767268795000000000",
        "fs.path.name" => "/srv/old",
    });
}

#[test]
fn threads_of_the_world_belong_to_their_process() {
    shows!({"processes": [
        {"as": "java", "exe": "/usr/bin/java", "user": "nobody"},
        {"as": "worker", "thread_of": "java", "pid": 5001}
    ]}, [{"getuid": {}}], {
        "thread.tid" => "5001",
        "proc.pid" => "1001",
        "proc.name" => "java",
        "proc.nthreads" => "2",
        "user.name" => "nobody",
    });
}

#[test]
fn ids_and_directories_change_with_the_calls_that_change_them() {
    shows!({"processes": [{"exe": "/bin/sh", "user": "www-data"}]}, [
        {"setuid": {"uid": "root"}},
        {"chdir": {"path": "/run/secrets"}},
        {"openat": {"name": "token"}}
    ], {
        "user.name" => "root",
        "fd.name" => "/run/secrets/token",
    });
    shows!({"processes": [{"exe": "/bin/sh"}]}, [
        {"openat": {"name": "/proc/1/root", "flags": "O_DIRECTORY|O_RDONLY"}, "as": "d"},
        {"unlinkat": {"dirfd": "d", "name": "etc/passwd"}}
    ], {
        "fs.path.name" => "/proc/1/root/etc/passwd",
    });
    shows!({"processes": [{"exe": "/bin/sh"}]}, [
        {"mount": {"dev": "/dev/sda1", "dir": "/mnt", "type": "ext4", "flags": "MS_BIND"}}
    ], {
        "evt.arg.dev" => "/dev/sda1",
        "evt.arg.flags" => "BIND",
    });
}

#[test]
fn time_begins_on_a_fixed_date_and_goes_on_as_the_script_says() {
    let step = |after: &str| serde_json::json!({"after": after, "getuid": {}});
    let events = [serde_json::json!({"getuid": {}}), step("2s"), step("1h"), serde_json::json!({"getuid": {}})];
    let (shown, _) = common::play(&serde_json::Value::Null, &events, &[]);
    const START: u64 = 1_767_268_800_000_000_000;
    let millis: Vec<u64> = shown.iter().map(|s| (s.ts - START) / 1_000_000).collect();
    assert_eq!(millis, [1, 2001, 3_602_001, 3_602_002]);
}
