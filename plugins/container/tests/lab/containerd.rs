//! containerd: containers of any namespace, and pods through the container runtime interface.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Runtime;
use super::cri::{Cri, Pod};
use super::daemon::Daemon;
use super::image::{archive, can_run, output, path, root_file_system};

/// The image of all containers.
pub(crate) const IMAGE: &str = "localhost/lab/web:2";
/// The namespace of containers that are in no pod.
const NAMESPACE: &str = "shop";
/// Where those of pods are.
const PODS: &str = "k8s.io";

/// The pod of all containers in pods.
pub(crate) const POD: Pod =
    Pod { name: "front-0", namespace: "shop", uid: "6c9e8a34-0000-4000-8000-000000000001", app: "front" };

/// The daemon.
pub(crate) struct Containerd {
    folder: PathBuf,
    /// Ended with it.
    _daemon: Daemon,
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("containerd.sock")
}

fn ctr(folder: &Path, namespace: &str, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new("ctr");
    output(command.env("PATH", path()).arg("--address").arg(socket(folder)).args(["-n", namespace]).args(args))
}

/// `ctr` gives a process a terminal only if it has one itself.
fn shell(folder: &Path, namespace: &str, id: &str) -> Result<(), String> {
    let line = format!(
        "ctr --address {} -n {namespace} tasks exec -t --exec-id shell-{} {id} sh -c id",
        socket(folder).display(),
        std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos()),
    );
    output(Command::new("script").env("PATH", path()).args(["-qec", &line, "/dev/null"])).map(drop)
}

impl Containerd {
    /// Starts it, with images in the namespaces that are used.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        can_run(&["containerd", "ctr", "runc", "busybox", "script"])?;
        let at = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "version = 2\nroot = {root:?}\nstate = {state:?}\n[grpc]\n  address = {socket:?}\n\
             [plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"localhost/lab/pause:1\"\n  \
             restrict_oom_score_adj = true\n  disable_tcp_service = true\n\
             [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  snapshotter = \"native\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\".cni]\n  bin_dir = {bin:?}\n  conf_dir = {conf:?}\n",
            root = at("root"),
            state = at("state"),
            socket = socket(folder),
            bin = at("cni/bin"),
            conf = at("cni/conf"),
        );
        std::fs::write(folder.join("config.toml"), config).expect("a temporary folder");
        let mut command = Command::new("containerd");
        command.env("PATH", path()).arg("-c").arg(folder.join("config.toml"));
        let mut daemon = Daemon::start(&mut command, folder);
        daemon.wait_until(|| ctr(folder, "default", &["version"]).is_ok())?;
        let layer = root_file_system(folder)?;
        for (namespace, name) in [(NAMESPACE, IMAGE), (PODS, IMAGE), (PODS, "localhost/lab/pause:1")] {
            let tar = archive(folder, &layer, name, "image.tar")?;
            let tar = tar.to_str().expect("ASCII");
            ctr(folder, namespace, &["images", "import", "--snapshotter", "native", tar])?;
        }
        Ok(Self { folder: folder.to_owned(), _daemon: daemon })
    }

    /// The same with a pod in it.
    pub(crate) fn with_pod(folder: &Path) -> Result<Pods, String> {
        let containerd = Self::start(folder)?;
        let cri = Cri::connect(&containerd.socket());
        let sandbox = cri.sandbox(&POD)?;
        Ok(Pods { cri, sandbox, containerd })
    }
}

impl Runtime for Containerd {
    const ENGINE: &'static str = "containerd";

    fn socket(&self) -> PathBuf {
        socket(&self.folder)
    }

    /// The name is the id.
    fn run(&self, name: &str) -> Result<String, String> {
        // runc keeps its own list of containers by namespace and id, one for the whole machine.
        let id = format!("{name}-{}", std::process::id());
        let options = ["run", "-d", "--snapshotter", "native", "--net-host", "--label", "team=blue"];
        ctr(&self.folder, NAMESPACE, &[&options[..], &[IMAGE, &id, "sleep", "600"]].concat())?;
        Ok(id)
    }

    fn shell(&self, id: &str) -> Result<(), String> {
        shell(&self.folder, NAMESPACE, id)
    }

    fn remove(&self, id: &str) -> Result<(), String> {
        ctr(&self.folder, NAMESPACE, &["tasks", "rm", "-f", id])?;
        ctr(&self.folder, NAMESPACE, &["containers", "rm", id]).map(drop)
    }
}

/// A pod, made as a kubelet makes one.
pub(crate) struct Pods {
    cri: Cri,
    /// Id of its sandbox.
    pub(crate) sandbox: String,
    containerd: Containerd,
}

impl Pods {
    /// Ends the pod and all in it.
    pub(crate) fn remove_all(&self) -> Result<(), String> {
        self.cri.remove(&self.sandbox)
    }
}

impl Runtime for Pods {
    const ENGINE: &'static str = "cri";

    fn socket(&self) -> PathBuf {
        self.containerd.socket()
    }

    fn run(&self, name: &str) -> Result<String, String> {
        self.cri.container(&self.sandbox, &POD, name, IMAGE)
    }

    fn shell(&self, id: &str) -> Result<(), String> {
        shell(&self.containerd.folder, PODS, id)
    }

    fn remove(&self, id: &str) -> Result<(), String> {
        self.cri.remove_container(id)
    }
}
