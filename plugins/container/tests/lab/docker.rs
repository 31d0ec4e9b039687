//! Docker.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Runtime;
use super::daemon::Daemon;
use super::image::{can_run, output, path, root_file_system};

/// The image of all its containers, which has another name as well.
pub(crate) const IMAGE: &str = "lab/web:1.35";

/// The daemon, without networks.
pub(crate) struct Docker {
    folder: PathBuf,
    daemon: Option<Daemon>,
}

impl Docker {
    /// Starts it, with an image.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        can_run(&["dockerd", "docker", "runc", "busybox"])?;
        let mut docker = Self { folder: folder.to_owned(), daemon: None };
        docker.resume()?;
        let tar = root_file_system(folder)?;
        docker.call(&["import", tar.to_str().expect("ASCII"), IMAGE]).expect("an image");
        docker.call(&["tag", IMAGE, "a/first:1"]).expect("another name of it");
        Ok(docker)
    }

    fn call(&self, args: &[&str]) -> Result<String, String> {
        let socket = format!("unix://{}", self.socket().display());
        output(Command::new("docker").env("PATH", path()).arg("-H").arg(socket).args(args))
    }

    /// Ends the daemon; containers end with it.
    pub(crate) fn stop(&mut self) {
        self.daemon = None;
    }

    /// Starts it again.
    pub(crate) fn resume(&mut self) -> Result<(), String> {
        let mut command = Command::new("dockerd");
        command.env("PATH", path()).arg("-H").arg(format!("unix://{}", self.socket().display()));
        for (option, name) in [("--data-root", "root"), ("--exec-root", "exec"), ("--pidfile", "pid")] {
            command.arg(option).arg(self.folder.join(name));
        }
        let network = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false"];
        let mut daemon = Daemon::start(command.args(network).arg("--ip-masq=false"), &self.folder);
        daemon.wait_until(|| self.call(&["version"]).is_ok())?;
        self.daemon = Some(daemon);
        Ok(())
    }
}

impl Runtime for Docker {
    const ENGINE: &'static str = "docker";

    fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    fn run(&self, name: &str) -> Result<String, String> {
        self.call(&["run", "-d", "--network=none", "--label=team=blue", "--name", name, IMAGE, "sleep", "600"])
    }

    fn shell(&self, id: &str) -> Result<(), String> {
        self.call(&["exec", "-t", id, "sh", "-c", "id"]).map(drop)
    }

    fn remove(&self, id: &str) -> Result<(), String> {
        self.call(&["rm", "-f", id]).map(drop)
    }
}
