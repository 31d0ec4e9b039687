//! containerd: containers of any namespace, and pods through the container runtime interface.

use serde_json::{Value, json};

use crate::lab::containerd::{Containerd, IMAGE, POD};
use crate::lab::{Runtime as _, with_container};
use crate::told::Told;

/// What is told of all containers.
fn image() -> Vec<(&'static str, Value)> {
    vec![
        ("/type", json!(7)),
        ("/image", json!(IMAGE)),
        ("/imagerepo", json!("localhost/lab/web")),
        ("/imagetag", json!("2")),
        ("/host_network", json!(true)),
        ("/host_pid", json!(false)),
    ]
}

#[test]
fn containers_of_any_namespace() {
    let dir = tempfile::tempdir().unwrap();
    let Some((containerd, earlier)) = with_container(dir.path(), Containerd::start, "front") else { return };
    let told = Told::start(&[("containerd", &containerd.socket())]);
    let values = [&image()[..], &[("/labels/team", json!("blue"))]].concat();
    let of = |id: &str| {
        let document = told.of(id, &values);
        assert_eq!(document["full_id"], id);
        assert_eq!(document["name"], id.get(..12).unwrap_or(id));
        assert!(document["imagedigest"].as_str().unwrap().starts_with("sha256:"), "{document}");
    };
    of(&earlier);
    let later = containerd.run("later").unwrap();
    of(&later);
    for id in [&earlier, &later] {
        containerd.remove(id).unwrap();
        told.removed(id);
    }
}

#[test]
fn pods() {
    let dir = tempfile::tempdir().unwrap();
    let Some((pods, earlier)) = with_container(dir.path(), Containerd::with_pod, "web") else { return };
    // The same socket for both: what is known of pods counts more than what containerd itself knows.
    let told = Told::start(&[("cri", &pods.socket()), ("containerd", &pods.socket())]);
    let later = pods.run("helper").unwrap();
    let of_pod = [
        ("/labels/io.kubernetes.pod.name", json!(POD.name)),
        ("/labels/io.kubernetes.pod.namespace", json!(POD.namespace)),
        ("/labels/io.kubernetes.pod.uid", json!(POD.uid)),
        ("/pod_sandbox_labels/app", json!(POD.app)),
        ("/pod_sandbox_id", json!(pods.sandbox)),
    ];
    for (id, name) in [(&earlier, "web"), (&later, "helper")] {
        let own = [("/name", json!(name)), ("/is_pod_sandbox", json!(false))];
        told.of(id, &[&image()[..], &own, &of_pod].concat());
    }
    let own = [("/name", json!(POD.name)), ("/is_pod_sandbox", json!(true))];
    told.of(&pods.sandbox, &[&of_pod[..], &own].concat());
    pods.remove_all().unwrap();
    for id in [&earlier, &later, &pods.sandbox] {
        told.removed(id);
    }
}
