//! Podman, root's or a user's, with its service on a socket of its own.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Runtime;
use super::daemon::Daemon;
use super::image::{can_run, output, path, root_file_system};

/// The image of all its containers.
pub(crate) const IMAGE: &str = "localhost/lab/web:7";
/// Nobody's number: a user who may do nothing.
const NOBODY: u32 = 65534;

/// Podman with state and storage in a folder, and one of the programs that run containers.
pub(crate) struct Podman {
    folder: PathBuf,
    runtime: &'static str,
    /// The user whose it is, if not root's.
    user: Option<u32>,
    service: Option<Daemon>,
}

impl Podman {
    /// Starts root's, with an image.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        can_run(&["podman", "conmon", "busybox"])?;
        Self { folder: folder.to_owned(), runtime: "crun", user: None, service: None }.serve(folder)
    }

    /// Starts that of a user without any rights, with an image and all in `run/user/NUMBER`, where users' things of this kind are.
    pub(crate) fn start_as_user(folder: &Path) -> Result<Self, String> {
        can_run(&["podman", "conmon", "busybox", "setpriv", "newuidmap"])?;
        let own = folder.join("run/user").join(NOBODY.to_string());
        std::fs::create_dir_all(own.join("podman")).expect("a temporary folder");
        for folder in [&own, &own.join("podman")] {
            chown(folder, Some(NOBODY), Some(NOBODY)).expect("root may do that");
        }
        // A temporary folder is its owner's alone.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("root may do that");
        Self { folder: own, runtime: "crun", user: Some(NOBODY), service: None }.serve(folder)
    }

    fn serve(mut self, folder: &Path) -> Result<Self, String> {
        let tar = root_file_system(folder)?;
        output(self.command().arg("import").arg(&tar).arg(IMAGE)).expect("an image");
        self.choose_runtime()?;
        let socket = self.socket();
        let mut service = self.command();
        service.args(["system", "service", "--time=0"]).arg(format!("unix://{}", socket.display()));
        let mut service = Daemon::start(&mut service, folder);
        service.wait_until(|| socket.exists()).expect("its service");
        self.service = Some(service);
        Ok(self)
    }

    /// crun wants either version of control groups, not both at once; there runc has to do.
    fn choose_runtime(&mut self) -> Result<(), String> {
        let mut failures = Vec::new();
        for runtime in ["crun", "runc"] {
            self.runtime = runtime;
            match self.run("trial").and_then(|id| self.remove(&id)) {
                Ok(()) => {
                    eprintln!("podman with {runtime}; {}", failures.join("; "));
                    return Ok(());
                }
                Err(why) => failures.push(format!("{runtime}: {why}")),
            }
        }
        Err(failures.join("; "))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("podman");
        if let Some(user) = self.user {
            command = Command::new("setpriv");
            let user = user.to_string();
            command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "podman"]);
            command.env("HOME", &self.folder).env("XDG_RUNTIME_DIR", &self.folder);
        }
        command.env("PATH", path()).current_dir("/");
        for (option, name) in [("--root", "root"), ("--runroot", "run"), ("--tmpdir", "tmp")] {
            command.arg(option).arg(self.folder.join(name));
        }
        command.args(["--runtime", self.runtime, "--cgroup-manager=cgroupfs", "--events-backend=file"]);
        command.arg("--storage-driver=vfs");
        command
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.service = None;
        if self.user.is_some() {
            // A user's podman keeps a process that keeps its namespaces; this ends it.
            let _ = output(self.command().args(["system", "migrate"]));
        }
    }
}

impl Runtime for Podman {
    const ENGINE: &'static str = "podman";

    fn socket(&self) -> PathBuf {
        self.folder.join(if self.user.is_some() { "podman/podman.sock" } else { "podman.sock" })
    }

    fn run(&self, name: &str) -> Result<String, String> {
        // Limits that this process has the right to set: those of podman's configuration may be higher than its own.
        let limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];
        let mut command = self.command();
        command.args(["run", "-d", "--replace", "--network=none", "--label=team=blue", "--name", name]).args(limits);
        // Before it comes the name of what it replaces, if a try before this one left something.
        let said = output(command.args([IMAGE, "sleep", "600"]))?;
        Ok(said.lines().last().unwrap_or_default().to_owned())
    }

    fn shell(&self, id: &str) -> Result<(), String> {
        output(self.command().args(["exec", "-t", id, "sh", "-c", "id"])).map(drop)
    }

    fn remove(&self, id: &str) -> Result<(), String> {
        output(self.command().args(["rm", "-f", "-t", "0", id])).map(drop)
    }
}
