//! Mistakes of scripts are told with their place and a remedy.

use lanner_script::record;
use serde_json::{Value, json};

fn error(given: Value, events: &[Value]) -> String {
    match record(&given, events) {
        Ok(_) => panic!("no error"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn mistakes_of_the_world() {
    let process = |p: Value| error(json!({"processes": [p]}), &[]);
    for (found, expected) in [
        (process(json!({"exee": "/bin/x"})), "given.processes[0].exee: unknown key \"exee\" (did you mean exe?)"),
        (process(json!({"user": "alise"})), "given.processes[0].user: no user has the name \"alise\""),
        (
            process(json!({"parent": "ini"})),
            "given.processes[0].parent: no process has the name \"ini\" (did you mean init?)",
        ),
        (process(json!({"container": "web"})), "given.processes[0].container: no container has the name \"web\""),
        (
            process(json!({"caps": ["CAP_SYS_ADMN"]})),
            "given.processes[0].caps[0]: unknown capability \"CAP_SYS_ADMN\" (did you mean CAP_SYS_ADMIN?)",
        ),
        (process(json!({"sockets": {"4": "1.2.3.4"}})), "given.processes[0].sockets.4: \"1.2.3.4\" is not an address"),
        (
            process(json!({"files": {"x": "/etc/passwd"}})),
            "given.processes[0].files.x: \"x\" is not the number of a descriptor",
        ),
        (process(json!({"files": {"3": "/a"}, "pipes": {"3": 7}})), "given.processes[0]: descriptor 3 is given twice"),
        (process(json!({"pid": 1})), "given.processes[0]: pid 1 is taken"),
        (process(json!({"args": {"a": 1}})), "given.processes[0].args: expected a text, found a map"),
        (error(json!({"proceses": []}), &[]), "given.proceses: unknown key \"proceses\" (did you mean processes?)"),
        (
            error(json!({"containers": [{"name": "a", "id": "xyz"}]}), &[]),
            "given.containers[0].id: \"xyz\" is not an id",
        ),
        (
            error(json!({"containers": [{"name": "a"}, {"name": "a"}]}), &[]),
            "given.containers[1]: there is a container",
        ),
        (error(json!({"users": [{"uid": 7}]}), &[]), "given.users[0]: a user needs a name"),
        (error(json!([]), &[]), "given: expected a map, found a list"),
    ] {
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}

#[test]
fn mistakes_of_steps() {
    let step = |s: Value| error(Value::Null, &[json!({"getuid": {}}), s]);
    for (found, expected) in [
        (step(json!({"opnat": {}})), "events[1].opnat: unknown event \"opnat\" (did you mean openat?)"),
        (step(json!({})), "events[1]: a step needs the name of an event"),
        (step(json!({"open": {}, "close": {}})), "events[1]: a step is one event, this one has several: close, open"),
        (step(json!({"openat": {"nam": "/x"}})), "events[1].openat.nam: unknown key \"nam\" (did you mean name?)"),
        (
            step(json!({"openat": {"flags": "O_RDONY"}})),
            "events[1].openat.flags: \"O_RDONY\" is not one of file_flags (did you mean O_RDONLY?)",
        ),
        (
            step(json!({"openat": {}, "result": "ENOSUCH"})),
            "events[1].result: \"ENOSUCH\" is neither a number nor the name of an error",
        ),
        (step(json!({"read": {"fd": "log"}})), "events[1].read.fd: no descriptor has the name \"log\""),
        (step(json!({"by": "sh", "read": {}})), "events[1].by: no process has the name \"sh\""),
        (step(json!({"execve": {}})), "events[1].execve: an exec needs `exe`"),
        (step(json!({"execve": {"exe": "/x", "vpid": 3}})), "events[1].execve: an exec does not change `vpid`"),
        (
            step(json!({"connect": {"to": "1.2.3.4:80", "from": "[::1]:80"}})),
            "events[1].connect: `from` and `to` must be of the same family",
        ),
        (
            step(json!({"kill": {"sig": "SIGKIL"}})),
            "events[1].kill.sig: \"SIGKIL\" is neither a number nor the name of a signal (did you mean SIGKILL?)",
        ),
        (
            step(json!({"generic": {"syscall": "io_setp"}})),
            "events[1].generic.syscall: unknown system call \"io_setp\" (did you mean io_setup?)",
        ),
        (step(json!({"generic": {}})), "events[1].generic: write the name of the call"),
        (step(json!({"mkdir": {}, "as": "d"})), "events[1].as: this step makes nothing that could have a name"),
        (step(json!({"exit": {}, "result": 1})), "events[1].result: events of this kind have no result"),
        (step(json!({"after": "soon", "getuid": {}})), "events[1].after: \"soon\" is not a time span"),
        (step(json!({"lseek": {"offset": "far"}})), "events[1].lseek.offset: \"far\" is not a number"),
        (
            step(json!({"socket": {"type": 1_u64 << 40}})),
            "events[1].socket.type: 1099511627776 is out of range for a 32-bit number",
        ),
        (step(json!({"write": {"data": "x".repeat(70_000)}})), "events[1].write: the event cannot be written"),
    ] {
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}

#[test]
fn the_dead_do_not_act() {
    let given = json!({"processes": [{"as": "a", "exe": "/bin/a"}]});
    let found = error(given, &[json!({"exit": {}}), json!({"getuid": {}})]);
    assert!(found.starts_with("events[1]: process 1001 is not there, or no longer: say with `by:`"), "{found}");
}

/// Whatever stands in a script, the answer is a capture or an error.
#[test]
fn no_value_makes_it_fall_over() {
    let odd = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("\0"),
        json!("x:y->z"),
        json!("é".repeat(40)),
        json!([]),
        json!([[], {}]),
        json!({}),
        json!({"a": {"b": []}}),
    ];
    let mut refused = 0;
    let mut run = |given: Value, step: Value| refused += usize::from(record(&given, &[step]).is_err());
    // Calls without events of their own are all alike; of the others each takes a part of the values in turn.
    let own = ["execve", "spawn", "fork", "clone", "exit", "generic", "getpid"];
    let steps = lanner_script::step_names().into_iter();
    let steps = steps.filter(|name| own.contains(name) || lanner_script::event_of(name).is_some());
    for (n, name) in steps.enumerate() {
        for value in odd.iter().skip(n % 6).step_by(6) {
            run(Value::Null, json!({ name: value }));
            run(Value::Null, json!({ name: {"exe": "/bin/x"}, "result": value }));
            run(Value::Null, json!({ name: {}, "as": value, "by": "init", "after": "1ms" }));
            run(Value::Null, json!({ name: {}, "after": value }));
            for param in lanner_script::event_of(name).into_iter().flat_map(|info| info.params) {
                run(Value::Null, json!({ name: { param.name: value } }));
            }
        }
    }
    let process = lanner_script::keys::PROCESS.iter().chain(lanner_script::keys::GIVEN_PROCESS);
    for key in process.map(|k| k.name) {
        for value in &odd {
            let given = json!({"processes": [{"exe": "/bin/a", key: value}, {"exe": "/bin/b", "tty": true}]});
            run(given, json!({"execve": {"exe": "/bin/c", key: value}}));
            run(Value::Null, json!({"spawn": {"exe": "/bin/c", key: value}}));
        }
    }
    for (list, keys) in [("containers", lanner_script::keys::CONTAINER), ("users", lanner_script::keys::USER)] {
        for key in keys.iter().map(|k| k.name) {
            for value in &odd {
                run(json!({ list: [{"name": "n", key: value}] }), json!({"getuid": {}}));
            }
        }
    }
    assert!(refused > 1000, "{refused} refused");
}
