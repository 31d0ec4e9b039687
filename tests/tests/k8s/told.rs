//! As recordings tell: the events `k8s` and `k8s_exec` in the stream of system calls.

use lanner_tests::program::{lanner, run};
use serde_json::json;

use super::{BINARY, RULES};

const UID: &str = "1b3e5c7d-0a2b-4c6d-8e9f-001122334455";
/// When the first step of a case happens.
const START: u64 = 1_767_268_800_000_000_000;

fn step(name: &str, document: &serde_json::Value) -> serde_json::Value {
    json!({"asyncevent": {"name": name, "data": document.to_string()}})
}

/// As Falco's plugin writes them.
fn object(kind: &str, uid: &str, meta: &serde_json::Value) -> serde_json::Value {
    json!({"reason": "Create", "kind": kind, "uid": uid, "meta": meta.to_string(), "spec": "{}", "status": "{}"})
}

fn session(id: &str, user: &str, command: &[&str]) -> serde_json::Value {
    json!({"session": {"audit_id": id, "manner": "exec", "namespace": "shop", "pod": "web-0", "command": command, "user": user,
        "groups": ["developers", "all"], "begin": START}})
}

/// Runs a case in which `events` happen around a container of a pod that a process comes into from outside.
fn case(events: &[serde_json::Value], alerts: &serde_json::Value) {
    let dir = tempfile::tempdir().unwrap();
    let cases = json!({
        "rules": "rules.yaml",
        "matching": "all",
        "cases": [{
            "name": "n",
            "given": {
                "containers": [{"name": "web", "pod": {"name": "web-0", "namespace": "shop", "uid": UID}}],
                "processes": [
                    {"as": "shim", "exe": "/usr/bin/shim"},
                    {"as": "main", "parent": "shim", "exe": "/bin/server", "container": "web"},
                    {"as": "init", "parent": "shim", "exe": "/usr/bin/runc", "container": "web"}]},
            "events": events,
            "alerts": alerts}]});
    std::fs::write(dir.path().join("rules.yaml"), RULES).unwrap();
    std::fs::write(dir.path().join("cases.yaml"), cases.to_string()).unwrap();
    let _ = run(lanner(BINARY, &["test", "cases.yaml"]).current_dir(dir.path())).good();
}

fn pod() -> Vec<serde_json::Value> {
    let mut pod = object(
        "Pod",
        UID,
        &json!({"name": "web-0", "namespace": "shop", "uid": UID, "labels": {"app": "web", "v": "1"}}),
    );
    pod["status"] = json!({"podIP": "10.0.0.7"}).to_string().into();
    pod["refs"] = json!({"resources": {"Namespace": {"list": ["n"]}, "ReplicaSet": {"list": ["r"]}, "Deployment": {"list": ["d"]},
        "Service": {"list": ["s1", "s2", "unknown"]}}});
    [
        step("k8s", &object("Namespace", "n", &json!({"name": "shop", "labels": {"team": "blue"}}))),
        step("k8s", &object("ReplicaSet", "r", &json!({"name": "web-5d9"}))),
        step("k8s", &object("Deployment", "d", &json!({"name": "web", "labels": {"x": "y"}}))),
        step("k8s", &object("Service", "s1", &json!({"name": "front", "labels": {"tier": "a"}}))),
        step("k8s", &object("Service", "s2", &json!({"name": "back", "labels": {"tier": "b"}}))),
        step("k8s", &pod),
    ]
    .into()
}

#[test]
fn a_pod_is_shown_with_all_that_belongs_to_it() {
    let mut events = pod();
    events.push(json!({"by": "init", "execve": {"exe": "/bin/ls"}}));
    let fields = json!({
        "k8smeta.pod.name": "web-0", "k8smeta.pod.uid": UID, "k8smeta.pod.labels": ["app:web", "v:1"], "k8smeta.pod.ip": "10.0.0.7",
        "k8smeta.pod.label[app]": "web", "k8smeta.pod.label[none]": null,
        "k8smeta.ns.name": "shop", "k8smeta.ns.uid": "n", "k8smeta.ns.label[team]": "blue", "k8smeta.ns.labels": ["team:blue"],
        "k8smeta.rs.name": "web-5d9", "k8smeta.rs.uid": "r", "k8smeta.rs.labels": null, "k8smeta.rc.name": null,
        "k8smeta.deployment.name": "web", "k8smeta.deployment.uid": "d", "k8smeta.deployment.labels": ["x:y"],
        "k8smeta.svc.name": ["front", "back"], "k8smeta.svc.uid": ["s1", "s2", "unknown"],
        "k8smeta.svc.label[tier]": ["a", "b"], "k8smeta.svc.labels": ["tier:a", "tier:b"],
        "k8s.ns.id": "n", "k8s.ns.label[team]": "blue", "k8s.ns.labels": "team:blue", "k8s.rs.name": "web-5d9", "k8s.rs.id": "r",
        "k8s.deployment.name": "web", "k8s.deployment.id": "d", "k8s.deployment.label[x]": "y", "k8s.deployment.labels": "x:y",
        "k8s.svc.name": "front, back", "k8s.svc.id": "s1, s2", "k8s.svc.label[tier]": "a, b", "k8s.svc.labels": "tier:a, tier:b",
        "k8s.rc.name": null, "k8s.exec.user": null});
    case(&events, &json!([{"rule": "Ran in pod", "fields": fields}]));
    // What is gone is shown no more.
    events.insert(6, step("k8s", &json!({"reason": "Delete", "kind": "Pod", "uid": UID})));
    case(&events, &json!("none"));
}

#[test]
fn a_session_names_its_person_whenever_it_is_told_of() {
    let shell = json!({"by": "init", "execve": {"exe": "/bin/sh", "arg0": "sh", "args": ["-c", "ls"]}});
    let told = step("k8s_exec", &session("a1", "jane", &["sh", "-c", "ls"]));
    let fork = json!({"by": "init", "clone": {"as": "child"}});
    let child = json!({"by": "child", "execve": {"exe": "/bin/ls"}});
    let by = |fields: serde_json::Value| json!({"rule": "Ran in pod", "fields": fields});
    let jane = || json!({"k8s.exec.user": "jane", "k8s.exec.groups": ["developers", "all"], "k8s.exec.auditid": "a1"});
    let events: Vec<_> = pod().into_iter().chain([told.clone(), shell.clone(), fork.clone(), child.clone()]).collect();
    case(&events, &json!([by(jane()), {"rule": "Shell by a person", "output": "shell by jane"}, by(jane())]));
    // Told of when its shell runs already: the shell's alert has gone without the name, its child's has it.
    let events: Vec<_> = pod().into_iter().chain([shell.clone(), fork, told, child]).collect();
    case(&events, &json!([by(json!({"k8s.exec.user": null})), by(jane())]));
    // The container's own processes are nobody's, and another command is somebody else's.
    let other = step("k8s_exec", &session("a2", "bob", &["bash"]));
    let own = json!({"by": "main", "execve": {"exe": "/bin/sh"}});
    let events: Vec<_> = pod().into_iter().chain([other, shell, own]).collect();
    case(&events, &json!([by(json!({"k8s.exec.user": null})), by(json!({"k8s.exec.user": null}))]));
}

#[test]
fn sessions_that_cannot_be_told_apart_are_all_named() {
    let events: Vec<_> = pod()
        .into_iter()
        .chain([
            step("k8s_exec", &session("a1", "jane", &["sh"])),
            step("k8s_exec", &session("a2", "bob", &["sh"])),
            json!({"by": "init", "execve": {"exe": "/bin/sh", "arg0": "sh"}}),
        ])
        .collect();
    let fields = json!({"k8s.exec.user": "jane or bob", "k8s.exec.auditid": "a1 or a2"});
    case(&events, &json!([{"rule": "Ran in pod", "fields": fields}, {"rule": "Shell by a person"}]));
}
