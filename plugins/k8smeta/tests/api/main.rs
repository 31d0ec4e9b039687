//! The plugin against a server that answers as the API server of Kubernetes does, over HTTPS.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host: every block does as the ABI says"
)]

#[path = "../../../../plugin-api/tests/common/mod.rs"]
mod common;
mod server;
#[path = "../../../container/tests/threads/mod.rs"]
mod threads;

use std::time::{Duration, Instant};

use common::Host;
use lanner_k8smeta::PLUGIN_API;
use lanner_plugin_api::raw::{self, Rc};
use serde_json::{Value, json};
use server::{Server, made_by, object, on};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The plugin, watching.
struct Lab {
    plugin: Host,
    server: Server,
    _threads: Host,
    _dir: tempfile::TempDir,
}

impl Lab {
    fn start(server: Server) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = json!({"nodeName": "n1", "kubeconfig": server.kubeconfig(dir.path()), "collectorHostname": "localhost",
            "collectorPort": 45000});
        let threads = Host::new(threads::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error));
        let plugin =
            Host::beside(PLUGIN_API, &config.to_string(), &[&threads]).unwrap_or_else(|f| panic!("{}", f.error));
        assert_eq!(plugin.set_handler(true), Rc::SUCCESS);
        Self { plugin, server, _threads: threads, _dir: dir }
    }

    /// What was told last of each object, by kind and name or uid.
    fn told(&self) -> Vec<Value> {
        let events = self.plugin.owner.async_events.lock().unwrap().clone();
        let json = |event: &Vec<u8>| -> Value {
            let json = event[raw::ASYNC_NAME_OFFSET..].strip_prefix(b"k8s\0").unwrap().strip_suffix(b"\0").unwrap();
            serde_json::from_slice(json).unwrap()
        };
        events.iter().map(json).collect()
    }

    /// Waits until the last word about this object is as it should be.
    fn wait(&self, what: &str, kind: &str, uid: &str, good: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let told = self.told();
            let last = told.iter().rfind(|told| told["kind"] == kind && told["uid"] == uid);
            if let Some(last) = last.filter(|last| good(last)) {
                return last.clone();
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {last:#?}\n{:#?}\n{:#?}", self.log(), self.server.requests());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn metric(&self, name: &str) -> u64 {
        self.plugin.metrics().into_iter().find(|(n, _)| n == name).unwrap().1
    }

    fn log(&self) -> Vec<String> {
        self.plugin.owner.log.lock().unwrap().clone()
    }
}

fn is_there(told: &Value) -> bool {
    told["reason"] != "Delete"
}

/// The texts of `meta` and `status` as JSON.
fn inner(told: &Value, part: &str) -> Value {
    serde_json::from_str(told[part].as_str().unwrap()).unwrap()
}

/// A cluster with what a node may have.
fn cluster() -> Server {
    let server = Server::start();
    server.put("namespaces", object("shop", "ns-1", "", json!({"team": "blue"})));
    server.put("nodes", object("n1", "node-1", "", json!({"zone": "a"})));
    server.put("deployments", object("web", "dep-1", "shop", json!({"app": "web"})));
    let set = object("web-5d9", "rs-1", "shop", json!({"hash": "5d9"}));
    server.put("replicasets", made_by(set, "apps/v1", "Deployment", "web", "dep-1"));
    server.put("cronjobs", object("backup", "cj-1", "shop", json!({})));
    let job = object("backup-7", "job-1", "shop", json!({}));
    server.put("jobs", made_by(job, "batch/v1", "CronJob", "backup", "cj-1"));
    let mut service = object("front", "svc-1", "shop", json!({"tier": "front"}));
    service["spec"] = json!({"selector": {"app": "web"}});
    server.put("services", service);
    for n in 0..3 {
        let pod = object(&format!("web-5d9-{n}"), &format!("pod-{n}"), "shop", json!({"app": "web"}));
        let pod = made_by(pod, "apps/v1", "ReplicaSet", "web-5d9", "rs-1");
        server.put("pods", on(pod, if n == 2 { "n2" } else { "n1" }, Some("10.0.0.7")));
    }
    let pod = object("backup-7-x", "pod-9", "shop", json!({}));
    server.put("pods", on(made_by(pod, "batch/v1", "Job", "backup-7", "job-1"), "n1", None));
    server
}

#[test]
fn pods_of_this_node_with_all_that_belongs_to_them() {
    let lab = Lab::start(cluster());
    let complete = |told: &Value| told["refs"]["resources"].as_object().is_some_and(|refs| refs.len() == 5);
    let pod = lab.wait("all of a deployment's pod", "Pod", "pod-1", complete);
    assert_eq!(
        pod["refs"]["resources"],
        json!({"Namespace": {"list": ["ns-1"]}, "Node": {"list": ["node-1"]}, "ReplicaSet": {"list": ["rs-1"]},
            "Deployment": {"list": ["dep-1"]}, "Service": {"list": ["svc-1"]}})
    );
    assert_eq!(inner(&pod, "status"), json!({"podIP": "10.0.0.7"}));
    assert_eq!(pod["owner"], json!({"kind": "Deployment", "name": "web", "uid": "dep-1"}));
    let pod = lab.wait("a cron job's pod", "Pod", "pod-9", |told| told["owner"]["kind"] == "CronJob");
    assert_eq!(pod["status"], Value::Null);
    for (kind, uid, labels) in [
        ("Namespace", "ns-1", json!({"team": "blue"})),
        ("Node", "node-1", json!({"zone": "a"})),
        ("ReplicaSet", "rs-1", json!({"hash": "5d9"})),
        ("Deployment", "dep-1", json!({"app": "web"})),
        ("Service", "svc-1", json!({"tier": "front"})),
    ] {
        lab.wait("labels", kind, uid, |told| inner(told, "meta")["labels"] == labels);
    }
    assert!(lab.told().iter().all(|told| told["uid"] != "pod-2"), "a pod of another node");
    assert_eq!((lab.metric("n_pods"), lab.metric("n_services"), lab.metric("n_failures")), (3, 1, 0));
    let requests = lab.server.requests();
    let of = |what: &str| requests.iter().filter(|request| request.contains(what)).count();
    assert!(of("/pods?") > 1 && requests.iter().all(|r| !r.contains("/pods?") || r.contains("spec.nodeName%3Dn1")));
    assert_eq!(of("/replicasets/web-5d9"), 1, "once for all its pods: {requests:#?}");
    assert!(of("continue=2") > 0, "page by page");
    assert!(lab.log().iter().any(|line| line.contains("no collector is needed")), "{:#?}", lab.log());
}

#[test]
fn what_changes_is_told_and_what_goes_is_gone() {
    let lab = Lab::start(cluster());
    lab.wait("a pod", "Pod", "pod-0", is_there);
    let pod = object("web-5d9-0", "pod-0", "shop", json!({"app": "other"}));
    lab.server.put("pods", on(made_by(pod, "apps/v1", "ReplicaSet", "web-5d9", "rs-1"), "n1", Some("10.0.0.8")));
    let pod = lab.wait("new labels", "Pod", "pod-0", |told| inner(told, "meta")["labels"] == json!({"app": "other"}));
    assert_eq!(pod["refs"]["resources"]["Service"], Value::Null, "its service leads elsewhere");
    let mut service = object("other", "svc-2", "shop", json!({}));
    service["spec"] = json!({"selector": {"app": "other"}});
    lab.server.put("services", service);
    lab.wait("a service", "Pod", "pod-0", |told| told["refs"]["resources"]["Service"] == json!({"list": ["svc-2"]}));
    lab.server.remove("pods", "pod-9");
    lab.wait("a pod's end", "Pod", "pod-9", |told| !is_there(told));
    lab.wait("nobody needs its job", "Job", "job-1", |told| !is_there(told));
    lab.wait("nor its cron job", "CronJob", "cj-1", |told| !is_there(told));
}

#[test]
fn following_goes_on_after_cuts_and_begins_anew_when_the_server_forgot() {
    let lab = Lab::start(cluster());
    lab.wait("a pod", "Pod", "pod-0", is_there);
    let lists = |lab: &Lab| lab.metric("n_lists");
    let wait = |what: &str, good: &dyn Fn() -> bool| {
        let begin = Instant::now();
        while !good() {
            assert!(begin.elapsed() < PATIENCE, "{what}: {:#?}", lab.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait("both are followed", &|| lab.metric("watches") == 2);
    assert_eq!(lists(&lab), 2);
    lab.server.cut();
    let pod = |uid: &str| on(object(uid, uid, "shop", json!({})), "n1", None);
    lab.server.put("pods", pod("meanwhile"));
    lab.wait("what came during the cut", "Pod", "meanwhile", is_there);
    wait("both are followed again", &|| lab.metric("watches") == 2);
    assert_eq!(lists(&lab), 2, "taken up where it ended");
    lab.server.put("pods", pod("unseen"));
    lab.server.remove("pods", "meanwhile");
    lab.server.forget();
    lab.wait("what came before it forgot", "Pod", "unseen", is_there);
    lab.wait("what went before it forgot", "Pod", "meanwhile", |told| !is_there(told));
    wait("both were listed again", &|| lists(&lab) == 4);
}

#[test]
fn nothing_a_server_says_ends_it() {
    let server = cluster();
    server.forbid("replicasets");
    let lab = Lab::start(server);
    let pod = lab.wait("the maker that the pod names", "Pod", "pod-0", |told| told["owner"]["kind"] == "ReplicaSet");
    assert_eq!(pod["owner"]["name"], "web-5d9");
    for line in [
        "not json",
        r#"{"type":"ADDED","object":{"metadata":{}}}"#,
        r#"{"type":"ADDED","object":{"metadata":{"uid":"","name":"x"},"spec":{}}}"#,
        r#"{"type":"ADDED","object":{"metadata":{"uid":7,"labels":[]},"spec":null}}"#,
        r#"{"type":"UNHEARD","object":{}}"#,
        r#"{"type":"BOOKMARK","object":{}}"#,
        r#"{"type":"ERROR","object":{"kind":"Status","code":500,"message":"no\u0000thing","reason":"x"}}"#,
    ] {
        lab.server.say(line);
    }
    lab.server.put("pods", on(object("after", "after", "shop", json!({})), "n1", None));
    lab.wait("what comes afterwards", "Pod", "after", is_there);
    assert!(lab.metric("n_failures") > 0);
    let log = lab.log();
    let forbidden =
        log.iter().filter(|line| line.contains("reading replicasets") && line.contains("rbac.yaml")).count();
    assert_eq!(forbidden, 1, "said once: {log:#?}");
}

#[test]
fn without_a_way_to_the_server_it_says_so_once() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none");
    let threads = Host::new(threads::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error));
    let config = json!({"nodeName": "n1", "kubeconfig": missing}).to_string();
    let plugin = Host::beside(PLUGIN_API, &config, &[&threads]).unwrap_or_else(|f| panic!("{}", f.error));
    assert_eq!(plugin.set_handler(true), Rc::SUCCESS);
    let begin = Instant::now();
    let log = || plugin.owner.log.lock().unwrap().clone();
    while !log().iter().any(|line| line.contains("finding the API server") && line.contains("none")) {
        assert!(begin.elapsed() < PATIENCE, "{:#?}", log());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(plugin.set_handler(false), Rc::SUCCESS);
    // The name of the node is not known.
    let config = json!({"nodeName": "${LANNER_NO_SUCH_VARIABLE}", "kubeconfig": missing}).to_string();
    let plugin = Host::beside(PLUGIN_API, &config, &[&threads]).unwrap_or_else(|f| panic!("{}", f.error));
    assert_eq!(plugin.set_handler(true), Rc::SUCCESS);
    let log = plugin.owner.log.lock().unwrap().clone();
    assert!(log.iter().any(|line| line.contains("LANNER_NO_SUCH_VARIABLE is not set")), "{log:#?}");
}
