//! Podman, with its service on a socket of its own.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::daemon::Daemon;
use crate::image::{cannot_run, output, path, root_file_system};
use crate::told::Told;

/// Podman with state and storage in `folder`, and one of the programs that run containers.
fn podman(folder: &Path, runtime: &str) -> Command {
    let mut command = Command::new("podman");
    command.env("PATH", path());
    for (option, name) in [("--root", "root"), ("--runroot", "run"), ("--tmpdir", "tmp")] {
        command.arg(option).arg(folder.join(name));
    }
    command.args(["--runtime", runtime, "--cgroup-manager=cgroupfs", "--events-backend=file", "--storage-driver=vfs"]);
    command
}

fn run(folder: &Path, runtime: &str, name: &str) -> Result<String, String> {
    // Limits that this process has the right to set: those of podman's configuration may be higher than its own.
    let limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];
    let mut command = podman(folder, runtime);
    command.args(["run", "-d", "--replace", "--network=none", "--label=team=blue", "--name", name]).args(limits);
    // Before it comes the name of what it replaces, if a try before this one left something.
    let said = output(command.args(["localhost/lab/web:7", "sleep", "600"]))?;
    Ok(said.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn containers_of_podman() {
    if cannot_run("podman", &["podman", "conmon", "busybox"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("podman.sock");
    let tar = root_file_system(dir.path()).unwrap();
    output(podman(dir.path(), "crun").arg("import").arg(&tar).arg("localhost/lab/web:7")).unwrap();
    // crun wants either version of control groups, not both at once; there runc has to do.
    let mut failures = Vec::new();
    let mut first = |runtime: &'static str| {
        let started = run(dir.path(), runtime, "earlier");
        started.map(|id| (runtime, id)).map_err(|why| failures.push(format!("{runtime}: {why}"))).ok()
    };
    let Some((runtime, earlier)) = ["crun", "runc"].into_iter().find_map(&mut first) else {
        return eprintln!("skipped: podman cannot run a container here: {}", failures.join("; "));
    };
    eprintln!("podman with {runtime}; {}", failures.join("; "));
    let mut service = podman(dir.path(), runtime);
    service.args(["system", "service", "--time=0"]).arg(format!("unix://{}", socket.display()));
    let mut daemon = Daemon::start(&mut service, dir.path());
    daemon.wait_until(|| socket.exists()).unwrap();
    let told = Told::start(&[("podman", &socket)]);
    let values = |name: &str| {
        [
            ("/name", json!(name)),
            ("/type", json!(11)),
            ("/image", json!("localhost/lab/web:7")),
            ("/imagerepo", json!("localhost/lab/web")),
            ("/imagetag", json!("7")),
            ("/labels/team", json!("blue")),
        ]
    };
    assert_eq!(told.of(&earlier, &values("earlier"))["full_id"], earlier);
    let later = run(dir.path(), runtime, "later").unwrap();
    told.of(&later, &values("later"));
    for (name, id) in [("earlier", &earlier), ("later", &later)] {
        output(podman(dir.path(), runtime).args(["rm", "-f", "-t", "0", name])).unwrap();
        told.removed(id);
    }
    daemon.stop();
}
