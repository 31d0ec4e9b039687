//! Docker.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::daemon::Daemon;
use crate::image::{cannot_run, output, path, root_file_system};
use crate::told::Told;

fn docker(socket: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new("docker");
    command.env("PATH", path()).arg("-H").arg(format!("unix://{}", socket.display())).args(args);
    output(&mut command)
}

fn start(folder: &Path, socket: &Path) -> Daemon {
    let mut command = Command::new("dockerd");
    command.env("PATH", path()).arg("-H").arg(format!("unix://{}", socket.display()));
    for (option, name) in [("--data-root", "root"), ("--exec-root", "exec"), ("--pidfile", "pid")] {
        command.arg(option).arg(folder.join(name));
    }
    command.args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false", "--ip-masq=false"]);
    Daemon::start(&mut command, folder)
}

const RUN: [&str; 4] = ["run", "-d", "--network=none", "--label=team=blue"];

#[test]
fn containers_of_docker() {
    if cannot_run("docker", &["dockerd", "docker", "runc", "busybox"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("docker.sock");
    let answers = || docker(&socket, &["version"]).is_ok();
    let mut daemon = start(dir.path(), &socket);
    if let Err(why) = daemon.wait_until(answers) {
        return eprintln!("skipped: docker does not start here: {why}");
    }
    let tar = root_file_system(dir.path()).unwrap();
    docker(&socket, &["import", tar.to_str().unwrap(), "lab/web:1.35"]).unwrap();
    docker(&socket, &["tag", "lab/web:1.35", "a/first:1"]).unwrap();
    let run = |name: &str| docker(&socket, &[&RUN[..], &["--name", name, "lab/web:1.35", "sleep", "600"]].concat());
    let earlier = match run("earlier") {
        Ok(id) => id,
        Err(why) => return eprintln!("skipped: docker cannot run a container here: {why}"),
    };
    let told = Told::start(&[("docker", &socket)]);
    let values = |name: &str| {
        [
            ("/name", json!(name)),
            ("/type", json!(0)),
            ("/image", json!("lab/web:1.35")),
            ("/imagerepo", json!("lab/web")),
            ("/imagetag", json!("1.35")),
            ("/labels/team", json!("blue")),
            ("/privileged", json!(false)),
        ]
    };
    let document = told.of(&earlier, &values("earlier"));
    assert_eq!(document["full_id"], earlier);
    assert!(document["created_time"].as_i64().unwrap() > 1_700_000_000, "{document}");
    let later = run("later").unwrap();
    told.of(&later, &values("later"));
    docker(&socket, &["rm", "-f", "later"]).unwrap();
    told.removed(&later);

    // A container that no runtime has: asked about, and given up.
    told.open();
    told.metric("docker_lookups", 1);
    told.metric("docker_lookups_not_found", 1);

    // What goes and comes while the runtime is not followed is noticed when it is again.
    daemon.stop();
    told.metric("docker_sockets_connected", 0);
    let mut daemon = start(dir.path(), &socket);
    daemon.wait_until(answers).unwrap();
    let again = run("again").unwrap();
    docker(&socket, &["rm", "-f", "earlier"]).unwrap();
    told.of(&again, &values("again"));
    told.removed(&earlier);
    told.metric("docker_containers", 1);
    docker(&socket, &["rm", "-f", "again"]).unwrap();
    daemon.stop();
}
