//! Captures made of scripts, replayed by the program: what the plugins make of them together.

use lanner_script::record;
use lanner_tests::program::{lanner, run};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// What the program prints of every event that rules see.
fn replay(given: &Value, events: &[Value], print: &str) -> Vec<String> {
    let recording = record(given, events).unwrap_or_else(|e| panic!("{e}"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("script.scap");
    std::fs::write(&path, &recording.bytes).unwrap();
    let path = path.display().to_string();
    let out = run(&mut lanner(BINARY, &["replay", &path, "--print", print])).good();
    out.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn containers_show_their_metadata() {
    let given = json!({
        "users": [{"name": "app", "uid": 1001, "home": "/srv"}],
        "containers": [
            {
                "name": "web", "id": "3ad7b26ded6d", "image": "registry.example:5000/shop/web:1.4", "privileged": true,
                "mounts": ["/var/run/docker.sock:/run/docker.sock:ro"], "labels": {"tier": "front"}
            },
            {"name": "sidecar", "type": "podman"},
            {"name": "job", "pod": {"name": "job-7f", "namespace": "batch", "uid": "u-1", "labels": {"app": "job"}}}
        ],
        "processes": [
            {"as": "web", "exe": "/srv/web", "container": "web", "user": "app"},
            {"as": "side", "exe": "/bin/side", "container": "sidecar"},
            {"as": "job", "exe": "/bin/job", "container": "job"},
            {"as": "host", "exe": "/usr/bin/top"}
        ]
    });
    let by = |name: &str| json!({"by": name, "getuid": {}});
    let events = ["web", "side", "job", "host"].map(by);
    let print = "%proc.name %user.name %container.id %container.name %container.type %container.image.repository \
                 %container.image.tag %container.privileged %container.mounts %container.labels";
    let lines = replay(&given, &events, print);
    assert_eq!(
        lines[0],
        "web app 3ad7b26ded6d web docker registry.example:5000/shop/web 1.4 true \
         /var/run/docker.sock:/run/docker.sock:ro:false:rprivate tier:front"
    );
    assert!(lines[1].contains(" sidecar podman "), "{}", lines[1]);
    assert!(lines[3].starts_with("top root host host host "), "{}", lines[3]);
    let pods =
        replay(&given, &events[2..3], "%k8s.pod.name %k8s.ns.name %k8s.pod.uid %k8s.pod.label[app] %container.type");
    assert_eq!(pods, ["job-7f batch u-1 job containerd"]);
}

#[test]
fn children_stay_in_their_container_until_the_script_moves_them() {
    let given = json!({
        "containers": [{"name": "web", "id": "3ad7b26ded6d"}],
        "processes": [
            {"as": "shim", "exe": "/usr/bin/containerd-shim"},
            {"as": "web", "exe": "/srv/web", "parent": "shim", "container": "web"}
        ]
    });
    let events = [
        json!({"spawn": {"exe": "/bin/sh", "as": "sh"}}),
        json!({"by": "shim", "spawn": {"exe": "/bin/bash", "as": "exec", "container": "web"}}),
        json!({"by": "shim", "spawn": {"exe": "/bin/mount"}}),
    ];
    let lines = replay(&given, &events, "%evt.type %proc.name %container.id %proc.vpid %proc.pname");
    let execs: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("execve ")).collect();
    let expected = ["sh 3ad7b26ded6d 2 web", "bash 3ad7b26ded6d 3 containerd-shim"];
    assert_eq!(execs[..2], expected, "{lines:#?}");
    assert!(execs[2].starts_with("mount host "), "{lines:#?}");
}

#[test]
fn steps_know_the_numbers_of_their_events() {
    let given = json!({"processes": [{"as": "sh", "exe": "/bin/sh"}]});
    let events =
        [json!({"connect": {"to": "1.2.3.4:80"}}), json!({"spawn": {"exe": "/bin/id"}}), json!({"getuid": {}})];
    let recording = record(&given, &events).unwrap();
    let lines = replay(&given, &events, "%evt.num %evt.type");
    let of_step: Vec<Vec<&str>> = recording
        .steps
        .iter()
        .map(|range| {
            let number = |l: &&String| l.split(' ').next().unwrap().parse().is_ok_and(|n: u64| range.contains(&n));
            lines.iter().filter(number).map(|l| l.split(' ').nth(1).unwrap()).collect()
        })
        .collect();
    assert_eq!(of_step, [vec!["connect"], vec!["clone", "clone", "execve"], vec!["getuid"]]);
}
