//! One test for each runtime: a container that was there before the program, and one that comes while it watches.

use std::path::Path;

use lanner_tests::live::can_watch;

use crate::lab::containerd::{self, Containerd, POD};
use crate::lab::docker::{self, Docker};
use crate::lab::podman::{self, Podman};
use crate::lab::{Runtime, with_container};
use crate::watched::Watched;

const SHELL: &str = "Terminal shell in container";

/// Runs a runtime's containers and shells in them; alerts say `fields`, and `name` of the container with this name and id.
/// Gives out the runtime and the program for what else there is to see; `None` where it cannot be run.
fn shells<R: Runtime>(
    folder: &Path,
    start: impl FnOnce(&Path) -> Result<R, String>,
    fields: &[(&str, &str)],
    name: impl Fn(&str, &str) -> String,
) -> Option<(R, Watched)> {
    if !can_watch() {
        return None;
    }
    let (runtime, earlier) = with_container(folder, start, "earlier")?;
    let mut watched = Watched::start(&runtime);
    let mut says = |rule: &str, id: &str, called: &str| {
        let name = name(called, id);
        let own = [("container.name", name.as_str()), ("container.full_id", id)];
        watched.says(rule, id, &[&own, fields].concat());
    };
    runtime.shell(&earlier).unwrap();
    says(SHELL, &earlier, "earlier");
    let later = runtime.run("later").unwrap();
    says("First process", &later, "later");
    runtime.shell(&later).unwrap();
    says(SHELL, &later, "later");
    for id in [&earlier, &later] {
        runtime.remove(id).unwrap();
    }
    Some((runtime, watched))
}

#[test]
fn in_a_container_of_docker() {
    let dir = tempfile::tempdir().unwrap();
    let fields = [
        ("container.image", docker::IMAGE),
        ("container.image.repository", "lab/web"),
        ("container.image.tag", "1.35"),
        ("container.type", "docker"),
        ("container.label[team]", "blue"),
    ];
    let Some((mut docker, mut watched)) = shells(dir.path(), Docker::start, &fields, |name, _| name.to_owned()) else {
        return;
    };
    // A runtime that ends and comes back is asked again.
    docker.stop();
    docker.resume().unwrap();
    let again = docker.run("again").unwrap();
    docker.shell(&again).unwrap();
    watched.says(SHELL, &again, &[&fields[..], &[("container.name", "again")]].concat());
    watched.stop();
    docker.remove(&again).unwrap();
}

#[test]
fn in_a_container_of_podman() {
    let dir = tempfile::tempdir().unwrap();
    let fields = [
        ("container.image", podman::IMAGE),
        ("container.image.repository", "localhost/lab/web"),
        ("container.image.tag", "7"),
        ("container.type", "podman"),
        ("container.label[team]", "blue"),
    ];
    let seen = shells(dir.path(), Podman::start, &fields, |name, _| name.to_owned());
    if let Some((_, watched)) = seen {
        watched.stop();
    }
}

/// What is known of all images of containerd.
const IMAGE: [(&str, &str); 4] = [
    ("container.image", containerd::IMAGE),
    ("container.image.repository", "localhost/lab/web"),
    ("container.image.tag", "2"),
    ("container.type", "containerd"),
];

#[test]
fn in_a_container_of_containerd() {
    let dir = tempfile::tempdir().unwrap();
    let fields = [&IMAGE[..], &[("container.label[team]", "blue")]].concat();
    // It knows no names of containers but their ids.
    let seen = shells(dir.path(), Containerd::start, &fields, |_, id| id.get(..12).unwrap_or(id).to_owned());
    if let Some((_, watched)) = seen {
        watched.stop();
    }
}

#[test]
fn in_a_pod() {
    let dir = tempfile::tempdir().unwrap();
    let of_pod = [
        ("k8s.pod.name", POD.name),
        ("k8s.ns.name", POD.namespace),
        ("k8s.pod.uid", POD.uid),
        ("k8s.pod.label[app]", POD.app),
        ("container.host_network", "true"),
    ];
    let fields = [&IMAGE[..], &of_pod].concat();
    let seen = shells(dir.path(), Containerd::with_pod, &fields, |name, _| name.to_owned());
    if let Some((pods, watched)) = seen {
        watched.stop();
        pods.remove_all().unwrap();
    }
}
