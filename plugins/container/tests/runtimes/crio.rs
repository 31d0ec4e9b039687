//! What is told of a runtime of which nothing is known but the interface of Kubernetes.

use serde_json::json;

use crate::cri_server::{CREATED, Crio, DELETED, SANDBOX, STARTED};
use crate::threads::DOCKER;
use crate::told::Told;

#[test]
fn containers_of_a_runtime_told_by_its_events_and_on_first_sight() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("crio.sock");
    let crio = Crio::start(&socket);
    let [earlier, later] = ["1a", "2b"].map(|begin| format!("{begin}{}", "0".repeat(62)));
    crio.add(&earlier, "web");
    let told = Told::start(&[("cri", &socket)]);
    let values = |name: &str| {
        [
            ("/name", json!(name)),
            ("/type", json!(8)),
            ("/image", json!("quay.io/lab/web:3")),
            ("/imagerepo", json!("quay.io/lab/web")),
            ("/imagetag", json!("3")),
            ("/imagedigest", json!("sha256:aa")),
            ("/privileged", json!(true)),
            ("/ip", json!("10.0.0.7")),
            ("/labels/io.kubernetes.pod.name", json!("front-0")),
            ("/labels/io.kubernetes.pod.namespace", json!("shop")),
            ("/pod_sandbox_labels/app", json!("front")),
        ]
    };
    told.of(&earlier, &values("web"));
    told.of(SANDBOX, &[("/name", json!("front-0")), ("/is_pod_sandbox", json!(true))]);
    crio.add(&later, "helper");
    crio.tell(&later, CREATED);
    told.of(&later, &values("helper"));
    // Nobody asked to be told of starts.
    crio.tell(&earlier, STARTED);
    crio.tell(&earlier, DELETED);
    told.removed(&earlier);
    told.metric("cri_containers", 2);
    told.metric("cri_events", 2);
    // Nobody told of this one, but a process is seen in it.
    let sighted = DOCKER.strip_prefix("/docker/").unwrap();
    crio.add(sighted, "sighted");
    told.open();
    told.of(sighted, &values("sighted"));
    told.metric("docker_lookups", 1);
    told.metric("docker_lookups_not_found", 0);
}
