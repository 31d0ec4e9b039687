//! Live: a server stands in for the API server, posts for its audit log, and a control group for a container.

#[path = "../../../plugins/k8smeta/tests/api/server.rs"]
mod server;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime};

use lanner_tests::daemon::free_port;
use lanner_tests::live::{Agent, Alert, can_watch};
use serde_json::json;
use server::{Server, made_by, object, on};

use super::{BINARY, RULES};

/// A control group as a kubelet names it; gone with the value.
struct Group(Vec<PathBuf>);

impl Group {
    fn new(uid: &str, id: &str) -> Self {
        let roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].into_iter().map(Path::new);
        let root = roots.into_iter().find(|path| path.join("cgroup.procs").exists()).expect("control groups");
        let pod = root.join(format!("kubepods-pod{}.slice", uid.replace('-', "_")));
        let container = pod.join(format!("cri-containerd-{id}.scope"));
        fs::create_dir(&pod).expect("a control group");
        fs::create_dir(&container).expect("a control group");
        Self(vec![container, pod])
    }

    /// Starts `sh -c SCRIPT` inside, from outside.
    fn start(&self, script: &str) -> Child {
        let enter = format!("echo $$ > {}/cgroup.procs && exec sh -c \"$0\"", self.0[0].display());
        Command::new("/bin/sh").args(["-c", &enter, script]).spawn().expect("a shell")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_dir(path);
        }
    }
}

/// Posts an audit event as the API server does.
fn post(port: u16, user: &str, script: &str, id: &str) {
    let nanoseconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let now = Command::new("date")
        .args(["-u", "-d", &format!("@{}", nanoseconds / 1_000_000_000), "+%FT%TZ"])
        .output()
        .unwrap();
    let now = String::from_utf8(now.stdout).unwrap();
    let encoded: String = script.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let event = json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": id,
        "stage": "ResponseStarted", "verb": "create",
        "requestURI": format!("/api/v1/namespaces/shop/pods/web-0/exec?command=sh&command=-c&command={encoded}&stdin=true"),
        "user": {"username": user, "groups": ["developers", "system:authenticated"]},
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "web-0", "subresource": "exec"},
        "responseStatus": {"code": 101}, "requestReceivedTimestamp": now.trim(), "stageTimestamp": now.trim()})
    .to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST /k8s-audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        event.len()
    );
    stream.write_all((head + &event).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn an_alert_about_a_session_in_a_pod_names_the_person() {
    if !can_watch() {
        return;
    }
    let run = std::process::id();
    let uid = format!("{run:08x}-0a2b-4c6d-8e9f-001122334455");
    let id = format!("{run:012x}{}", "e2e1".repeat(13));
    let server = Server::start();
    server.put("namespaces", object("shop", "ns-1", "", json!({"team": "blue"})));
    server.put("nodes", object("this-node", "node-1", "", json!({})));
    server.put("deployments", object("web", "dep-1", "shop", json!({})));
    server.put(
        "replicasets",
        made_by(object("web-5d9", "rs-1", "shop", json!({})), "apps/v1", "Deployment", "web", "dep-1"),
    );
    let pod = made_by(object("web-0", &uid, "shop", json!({"app": "web"})), "apps/v1", "ReplicaSet", "web-5d9", "rs-1");
    server.put("pods", on(pod, "this-node", Some("10.0.0.7")));
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules.yaml");
    fs::write(&rules, RULES).unwrap();
    let port = free_port();
    let settings = [
        "container.hold_ms=5000".to_owned(),
        "load_plugins[1]=k8smeta".to_owned(),
        "plugins[1].name=k8smeta".to_owned(),
        "plugins[1].library_path=libk8smeta.so".to_owned(),
        "plugins[1].init_config.nodeName=this-node".to_owned(),
        format!("plugins[1].init_config.kubeconfig={}", server.kubeconfig(dir.path()).display()),
        "load_plugins[2]=k8saudit".to_owned(),
        "plugins[2].name=k8saudit".to_owned(),
        "plugins[2].library_path=libk8saudit.so".to_owned(),
        format!("plugins[2].open_params=http://127.0.0.1:{port}/k8s-audit"),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut agent = Agent::start(BINARY, &[rules], &settings);
    let group = Group::new(&uid, &id);
    let begin = Instant::now();
    let mut seen: Vec<Alert> = Vec::new();
    let mut wait = |what: &str, good: &dyn Fn(&Alert) -> bool, tries: &mut dyn FnMut()| loop {
        seen.extend(agent.alerts_until_now());
        if let Some(alert) = seen.iter().find(|alert| good(alert)) {
            eprintln!("{}", alert.output);
            return alert.clone();
        }
        assert!(begin.elapsed() < Duration::from_secs(90), "{what}: {seen:#?}");
        tries();
    };
    let ended = |mut child: Child| assert!(child.wait().is_ok_and(|status| status.success()));
    // The API server is asked as the program starts: from some moment on the pod is known with its makers.
    let known = |alert: &Alert| alert.field("k8smeta.deployment.name").as_deref() == Some("web");
    let alert = wait("the pod", &known, &mut || ended(group.start("true; exit 0")));
    for (field, value) in [
        ("k8smeta.pod.name", "web-0"),
        ("k8smeta.pod.ip", "10.0.0.7"),
        ("k8smeta.ns.label[team]", "blue"),
        ("k8smeta.owner.kind", "Deployment"),
        ("container.id", &id[..12]),
    ] {
        assert_eq!(alert.field(field).as_deref(), Some(value), "{field}: {alert:#?}");
    }
    // Told of before.
    let script = "true early; exit 0";
    post(port, "jane", script, "audit-1");
    ended(group.start(script));
    let by = |user: &'static str, name: &'static str| {
        move |alert: &Alert| {
            alert.field("k8s.exec.user").as_deref() == Some(user)
                && alert.output.contains(name)
                && alert.rule == "Ran in pod"
        }
    };
    let alert = wait("jane's shell", &by("jane", "early"), &mut || ());
    assert_eq!(alert.field("k8s.exec.auditid").as_deref(), Some("audit-1"));
    // Told of afterwards: the alert about the shell itself waits for it.
    let script = "true late; exit 0";
    let child = group.start(script);
    std::thread::sleep(Duration::from_millis(200));
    post(port, "bob", script, "audit-2");
    wait("bob's shell", &by("bob", "late"), &mut || ());
    ended(child);
    let _ = agent.stop();
}
