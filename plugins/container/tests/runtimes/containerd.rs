//! containerd: containers of any namespace, and pods through the container runtime interface.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::cri::{Cri, Pod};
use crate::daemon::Daemon;
use crate::image::{archive, cannot_run, output, path, root_file_system};
use crate::told::Told;

fn ctr(socket: &Path, namespace: &str, args: &[&str]) -> Result<String, String> {
    output(Command::new("ctr").env("PATH", path()).arg("--address").arg(socket).args(["-n", namespace]).args(args))
}

/// The daemon, with images in the namespaces that are used.
fn start(folder: &Path, socket: &Path) -> Result<Daemon, String> {
    let at = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "version = 2\nroot = {root:?}\nstate = {state:?}\n[grpc]\n  address = {socket:?}\n\
         [plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"localhost/lab/pause:1\"\n  \
         restrict_oom_score_adj = true\n  disable_tcp_service = true\n\
         [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  snapshotter = \"native\"\n\
         [plugins.\"io.containerd.grpc.v1.cri\".cni]\n  bin_dir = {bin:?}\n  conf_dir = {conf:?}\n",
        root = at("root"),
        state = at("state"),
        bin = at("cni/bin"),
        conf = at("cni/conf"),
    );
    std::fs::write(folder.join("config.toml"), config).expect("a temporary folder");
    let mut command = Command::new("containerd");
    command.env("PATH", path()).arg("-c").arg(folder.join("config.toml"));
    let mut daemon = Daemon::start(&mut command, folder);
    daemon.wait_until(|| ctr(socket, "default", &["version"]).is_ok())?;
    let layer = root_file_system(folder)?;
    for (namespace, name) in
        [("shop", "localhost/lab/web:2"), ("k8s.io", "localhost/lab/web:2"), ("k8s.io", "localhost/lab/pause:1")]
    {
        let tar = archive(folder, &layer, name, "image.tar")?;
        ctr(socket, namespace, &["images", "import", "--snapshotter", "native", tar.to_str().expect("ASCII")])?;
    }
    Ok(daemon)
}

/// A daemon that watches are made on; `None`, said why, if there cannot be one.
fn lab(folder: &Path, socket: &Path) -> Option<Daemon> {
    if cannot_run("containerd", &["containerd", "ctr", "runc", "busybox"]) {
        return None;
    }
    start(folder, socket).map_err(|why| eprintln!("skipped: containerd does not start here: {why}")).ok()
}

/// What is told of all containers.
fn image() -> Vec<(&'static str, Value)> {
    vec![
        ("/type", json!(7)),
        ("/image", json!("localhost/lab/web:2")),
        ("/imagerepo", json!("localhost/lab/web")),
        ("/imagetag", json!("2")),
        ("/host_network", json!(true)),
        ("/host_pid", json!(false)),
    ]
}

#[test]
fn containers_of_any_namespace() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("containerd.sock");
    let Some(daemon) = lab(dir.path(), &socket) else { return };
    let run = |id: &str| {
        let options = ["run", "-d", "--snapshotter", "native", "--net-host", "--label", "team=blue"];
        ctr(&socket, "shop", &[&options[..], &["localhost/lab/web:2", id, "sleep", "600"]].concat())
    };
    // runc keeps its own list of containers by namespace and id, one for the whole machine.
    let [earlier, later] = ["front", "later"].map(|name| format!("{name}-{}", std::process::id()));
    if let Err(why) = run(&earlier) {
        return eprintln!("skipped: containerd cannot run a container here: {why}");
    }
    let told = Told::start(&[("containerd", &socket)]);
    for id in [&earlier, &later] {
        if id == &later {
            run(id).unwrap();
        }
        let document = told.of(id, &[&image()[..], &[("/labels/team", json!("blue"))]].concat());
        assert_eq!(document["full_id"], id.as_str());
        assert_eq!(document["name"], id.get(..12).unwrap_or(id));
        assert!(document["imagedigest"].as_str().unwrap().starts_with("sha256:"), "{document}");
    }
    for id in [&earlier, &later] {
        ctr(&socket, "shop", &["tasks", "rm", "-f", id]).unwrap();
        ctr(&socket, "shop", &["containers", "rm", id]).unwrap();
        told.removed(id);
    }
    daemon.stop();
}

#[test]
fn pods() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("containerd.sock");
    let Some(daemon) = lab(dir.path(), &socket) else { return };
    let cri = Cri::connect(&socket);
    let pod = Pod { name: "front-0", namespace: "shop", uid: "6c9e8a34-0000-4000-8000-000000000001", app: "front" };
    let sandbox = match cri.sandbox(&pod) {
        Ok(id) => id,
        Err(why) => return eprintln!("skipped: containerd cannot run a pod here: {why}"),
    };
    let earlier = cri.container(&sandbox, &pod, "web", "localhost/lab/web:2").unwrap();
    // The same socket for both: what is known of pods counts more than what containerd itself knows.
    let told = Told::start(&[("cri", &socket), ("containerd", &socket)]);
    let later = cri.container(&sandbox, &pod, "helper", "localhost/lab/web:2").unwrap();
    let of_pod = [
        ("/labels/io.kubernetes.pod.name", json!("front-0")),
        ("/labels/io.kubernetes.pod.namespace", json!("shop")),
        ("/labels/io.kubernetes.pod.uid", json!(pod.uid)),
        ("/pod_sandbox_labels/app", json!("front")),
        ("/pod_sandbox_id", json!(sandbox)),
    ];
    for (id, name) in [(&earlier, "web"), (&later, "helper")] {
        let own = [("/name", json!(name)), ("/is_pod_sandbox", json!(false))];
        told.of(id, &[&image()[..], &own, &of_pod].concat());
    }
    told.of(&sandbox, &[&of_pod[..], &[("/name", json!("front-0")), ("/is_pod_sandbox", json!(true))]].concat());
    cri.remove(&sandbox).unwrap();
    for id in [&earlier, &later, &sandbox] {
        told.removed(id);
    }
    daemon.stop();
}
