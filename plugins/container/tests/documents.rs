//! Container documents and the configuration.

use lanner_container::config::{Config, Hook, LogLevel};
use lanner_container::info::Container;

const DOC: &str = r#"{"container": {"type": 0, "id": "3ad7b26ded6d", "full_id": "3ad7b26ded6d8e7b", "name": "web",
    "image": "nginx:1.2", "imagerepo": "nginx", "imagetag": "1.2", "privileged": true, "ip": "10.0.0.7",
    "Mounts": [{"Source": "/etc", "Destination": "/host/etc", "Mode": "ro", "RW": false, "Propagation": "rprivate"},
               {"Source": "/var", "Destination": "/v", "Mode": "", "RW": true, "Propagation": ""}],
    "labels": {"b": "", "app": "shop", "io.kubernetes.pod.name": "p", "annotation.x": "y"},
    "pod_sandbox_id": "aaaabbbbccccdddd", "env": null, "cpu_quota": 5, "port_mappings": [{"HostPort": 80}],
    "Healthcheck": {"exe": "/bin/check", "args": ["-q"]}, "something_new": [1]}}"#;

#[test]
fn a_document_becomes_texts() {
    let mut json = DOC.as_bytes().to_vec();
    json.extend(b"\0behind the end");
    let c = Container::from_json(&json).unwrap();
    assert_eq!(c.joined_mounts.to_str(), Ok("/etc:/host/etc:ro:false:rprivate,/var:/v::true:"));
    assert_eq!(c.joined_labels.to_str(), Ok("app:shop, b"));
    assert_eq!(c.labels[&b"io.kubernetes.pod.name"[..]].to_str(), Ok("p"));
    assert_eq!(c.pod_sandbox_short_id.to_str(), Ok("aaaabbbbcccc"));
    assert_eq!(c.doc.kind.word().to_str(), Ok("docker"));
    assert!(c.doc.privileged && !c.doc.host_pid);
    assert_eq!(c.doc.healthcheck.as_ref().unwrap().exe, "/bin/check");
}

#[test]
fn a_written_document_reads_the_same_and_has_every_key_in_order() {
    let c = Container::from_json(DOC.as_bytes()).unwrap();
    let json = c.to_json().unwrap();
    assert_eq!(Container::from_json(&json).unwrap().doc, c.doc);
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let keys: Vec<_> = value["container"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "Healthcheck",
        "Mounts",
        "User",
        "cni_json",
        "cpu_period",
        "cpu_quota",
        "cpu_shares",
        "cpuset_cpu_count",
        "created_time",
        "env",
        "full_id",
        "host_ipc",
        "host_network",
        "host_pid",
        "id",
        "image",
        "imagedigest",
        "imageid",
        "imagerepo",
        "imagetag",
        "ip",
        "is_pod_sandbox",
        "labels",
        "memory_limit",
        "name",
        "pod_sandbox_id",
        "pod_sandbox_labels",
        "port_mappings",
        "privileged",
        "size",
        "swap_limit",
        "type",
    ];
    assert_eq!(keys, expected);
    assert_eq!(value["container"]["size"], -1);
    assert_eq!(value["container"]["cpu_quota"], 5);
}

#[test]
fn the_host_is_a_container_of_its_own() {
    let host = Container::host();
    assert_eq!(host.id.to_str(), Ok("host"));
    assert_eq!(host.name.to_str(), Ok("host"));
    assert_eq!(host.image.to_str(), Ok(""));
    assert_eq!(host.doc.kind.word().to_str(), Ok("host"));
}

#[test]
fn what_is_no_document_is_an_error() {
    for json in ["", "{", "[]", "{}", r#"{"container": 5}"#, r#"{"container": {"id": 5}}"#, "\0"] {
        assert!(Container::from_json(json.as_bytes()).is_err(), "{json:?}");
    }
    assert!(Container::from_json(b"{\"container\": {\"id\": \"\xff\"}}").is_err());
    let deep = "[".repeat(100_000);
    assert!(Container::from_json(deep.as_bytes()).is_err());
}

#[test]
fn configuration_as_falco_yaml_gives_it() {
    let config: Config = serde_json::from_str(
        r#"{"label_max_len": 100, "with_size": false, "hooks": ["create", "start"], "log_level": "debug", "engines": {
            "docker": {"enabled": true, "sockets": ["/var/run/docker.sock"]},
            "podman": {"enabled": true, "sockets": ["/run/podman/podman.sock"]},
            "containerd": {"enabled": true, "sockets": ["/run/host-containerd/containerd.sock"]},
            "cri": {"enabled": true, "sockets": ["/run/crio/crio.sock"]},
            "lxc": {"enabled": false}, "libvirt_lxc": {"enabled": false}, "bpm": {"enabled": false}}}"#,
    )
    .unwrap();
    assert_eq!(config.hooks, [Hook::Create, Hook::Start]);
    assert_eq!(config.log_level, LogLevel::Debug);
    assert!(!config.engines.lxc.enabled && config.engines.docker.enabled);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
}

#[test]
fn configuration_that_cannot_be() {
    for json in [
        r#"{"label_len": 1}"#,
        r#"{"hooks": ["stop"]}"#,
        r#"{"engines": {"docker": {"enabled": false}}}"#,
        r#"{"engines": {"rocket": {"enabled": false}}}"#,
        r#"{"label_max_len": "long"}"#,
    ] {
        assert!(serde_json::from_str::<Config>(json).is_err(), "{json}");
    }
}
