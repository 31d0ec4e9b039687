//! From what the interface tells to the document of a container.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::messages::{ContainerAnswer, Mount, Sandbox, SandboxAnswer};
use crate::info::{self, ContainerType, Document};
use crate::runtime::client::Taste;
use crate::runtime::image::{self, number, or_default};
use crate::runtime::probe;

/// The longest description of a pod's interfaces that is passed on.
const LONGEST_CNI: usize = 4096;

/// What runtimes tell beyond the interface, as JSON: each in its own form, so all of it may be missing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Verbose {
    /// Of CRI-O.
    privileged: Option<bool>,
    config: Config,
    #[serde(rename = "runtimeSpec")]
    spec: Spec,
    #[serde(rename = "cniResult")]
    cni: Cni,
    /// Of a sandbox: its image.
    image: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    image: Image,
    envs: Vec<Variable>,
    linux: Linux,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Image {
    image: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Variable {
    key: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Linux {
    security_context: Security,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Security {
    privileged: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cni {
    #[serde(rename = "Interfaces")]
    interfaces: Map<String, Value>,
}

impl Verbose {
    fn of(info: &BTreeMap<String, String>) -> Self {
        info.get("info").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }

    /// The pod's interfaces, without those that every pod has.
    fn cni(&self) -> String {
        let shown = |name: &str| name != "lo" && !name.starts_with("veth");
        let interfaces: Map<String, Value> =
            self.cni.interfaces.iter().filter(|(name, _)| shown(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let text = if interfaces.is_empty() {
            self.spec.annotations.get("io.kubernetes.cri-o.CNIResult").cloned().unwrap_or_default()
        } else {
            Value::Object(interfaces).to_string()
        };
        text.chars().take(LONGEST_CNI).collect()
    }
}

/// What pods add to the labels of their containers.
fn pod_labels(pod: &Sandbox, labels: &mut BTreeMap<String, String>) {
    labels.insert("io.kubernetes.sandbox.id".to_owned(), pod.id.clone());
    if let Some(metadata) = &pod.metadata {
        let texts = [("name", &metadata.name), ("namespace", &metadata.namespace), ("uid", &metadata.uid)];
        labels.extend(texts.map(|(key, text)| (format!("io.kubernetes.pod.{key}"), text.clone())));
    }
}

/// Fills in what a container has from its pod: address, whose namespaces, labels.
fn in_pod(document: &mut Document, pod: &Sandbox, verbose: &Verbose, taste: Taste) {
    const NODE: i32 = 2;
    let options = pod.linux.as_ref().and_then(|linux| linux.namespaces.as_ref()?.options.clone()).unwrap_or_default();
    document.host_pid = options.pid == NODE;
    document.host_network = options.network == NODE;
    document.host_ipc = options.ipc == NODE;
    document.ip = pod.network.as_ref().map(|network| network.name.clone()).unwrap_or_default();
    document.cni_json = verbose.cni();
    document.pod_sandbox_id.clone_from(&pod.id);
    document.pod_sandbox_labels = taste.labels(pod.labels.clone());
    pod_labels(pod, &mut document.labels);
}

/// The document of a pod's sandbox.
pub(super) fn of_sandbox(answer: SandboxAnswer, kind: ContainerType, taste: Taste) -> Document {
    let verbose = Verbose::of(&answer.info);
    let pod = answer.status.unwrap_or_default();
    let image = verbose.image.as_str().unwrap_or_default();
    let (repository, tag) = image::repository_and_tag(image);
    let mut document = Document {
        kind,
        id: image::short(&pod.id).to_owned(),
        full_id: pod.id.clone(),
        name: pod.metadata.as_ref().map(|metadata| metadata.name.clone()).unwrap_or_default(),
        image: image.to_owned(),
        imagerepo: repository.to_owned(),
        imagetag: tag.to_owned(),
        labels: taste.labels(pod.labels.clone()),
        cpu_period: number(image::CPU_PERIOD),
        cpu_shares: number(image::CPU_SHARES),
        created_time: number(pod.created_at / 1_000_000_000),
        is_pod_sandbox: true,
        ..Document::default()
    };
    in_pod(&mut document, &pod, &verbose, taste);
    document
}

/// The document of a container in a pod.
pub(super) fn of_container(answer: ContainerAnswer, pod: SandboxAnswer, kind: ContainerType, taste: Taste) -> Document {
    let verbose = Verbose::of(&answer.info);
    let c = answer.status.unwrap_or_default();
    let linux = c.resources.and_then(|resources| resources.linux).unwrap_or_default();
    let name = c.metadata.map(|metadata| metadata.name).unwrap_or_default();
    let image = Names::of(c.image.map(|image| image.name).unwrap_or_default(), &c.image_ref, &verbose.spec);
    // A kubelet asks for the image by its id; who asks for it by a name leaves the id to the runtime.
    let image_id = Some(&verbose.config.image.image).filter(|id| id.starts_with("sha256:")).unwrap_or(&c.image_id);
    let security = &verbose.config.linux.security_context;
    let mut document = Document {
        kind,
        id: image::short(&c.id).to_owned(),
        full_id: c.id,
        image: image.image,
        imageid: image_id.trim_start_matches("sha256:").to_owned(),
        imagerepo: image.repository,
        imagetag: image.tag,
        imagedigest: image.digest,
        user: c.user.and_then(|user| user.linux).map(|user| user.uid.to_string()).unwrap_or_default(),
        privileged: security.privileged.or(verbose.privileged).unwrap_or_default(),
        mounts: c.mounts.into_iter().map(mount).collect(),
        labels: taste.labels(c.labels),
        env: verbose.config.envs.iter().map(|v| format!("{}={}", v.key, v.value)).collect(),
        cpu_period: or_default(Some(linux.cpu_period), image::CPU_PERIOD),
        cpu_quota: number(linux.cpu_quota),
        cpu_shares: or_default(Some(linux.cpu_shares), image::CPU_SHARES),
        cpuset_cpu_count: number(image::processors(&linux.cpuset_cpus)),
        memory_limit: number(linux.memory_limit),
        swap_limit: number(linux.swap_limit),
        created_time: number(c.created_at / 1_000_000_000),
        ..Document::default()
    };
    if let Some(sandbox) = &pod.status {
        in_pod(&mut document, sandbox, &Verbose::of(&pod.info), taste);
        if let Some(applied) = sandbox.annotations.get(probe::APPLIED) {
            (document.liveness_probe, document.readiness_probe) = probe::of_pod(applied, &name);
        }
    }
    document.name = name;
    document
}

fn mount(m: Mount) -> info::Mount {
    let propagation = match m.propagation {
        0 => "private",
        1 => "rslave",
        2 => "rshared",
        _ => "unknown",
    };
    info::Mount {
        source: m.host_path,
        destination: m.container_path,
        mode: String::new(),
        rw: !m.readonly,
        propagation: propagation.to_owned(),
    }
}

/// What an image is called.
#[derive(Debug, Default, PartialEq)]
struct Names {
    image: String,
    repository: String,
    tag: String,
    digest: String,
}

impl Names {
    /// From the name that was asked for and the reference it was resolved to: `repository@digest`, or a digest alone.
    fn of(asked: String, reference: &str, spec: &Spec) -> Self {
        const ANNOTATIONS: [&str; 3] =
            ["io.kubernetes.cri.image-name", "io.kubernetes.cri-o.Image", "io.kubernetes.cri-o.ImageName"];
        let (resolved, digest) = match reference.split_once('@') {
            Some((repository, digest)) => (repository, digest),
            None if reference.starts_with("sha256:") => ("", reference),
            None => (reference, ""),
        };
        let noted = || ANNOTATIONS.iter().find_map(|key| spec.annotations.get(*key)).cloned().unwrap_or_default();
        let nameless = asked.is_empty() || asked.starts_with("sha256");
        let image =
            if nameless { Some(noted()).filter(|s| !s.is_empty()).unwrap_or(resolved.to_owned()) } else { asked };
        let (repository, tag) = image::repository_and_tag(&image);
        let repository = if resolved.is_empty() { repository } else { image::repository_and_tag(resolved).0 };
        Self { repository: repository.to_owned(), tag: tag.to_owned(), digest: digest.to_owned(), image }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images() {
        let names = |asked: &str, reference| {
            let n = Names::of(asked.to_owned(), reference, &Spec::default());
            (n.image, n.repository, n.tag, n.digest)
        };
        let texts = |a: &str, b: &str, c: &str, d: &str| (a.into(), b.into(), c.into(), d.into());
        let digest = "sha256:aa";
        assert_eq!(
            names("docker.io/a/b:1", "docker.io/a/b@sha256:aa"),
            texts("docker.io/a/b:1", "docker.io/a/b", "1", digest)
        );
        assert_eq!(names("a/b:1", digest), texts("a/b:1", "a/b", "1", digest));
        assert_eq!(names("sha256:bb", "a/b@sha256:aa"), texts("a/b", "a/b", "", digest));
    }

    #[test]
    fn interfaces_of_a_pod() {
        let info = |json: &str| BTreeMap::from([("info".to_owned(), json.to_owned())]);
        let containerd =
            info(r#"{"cniResult":{"Interfaces":{"lo":{},"veth1":{},"eth0":{"IPConfigs":[{"IP":"10.0.0.2"}]}}}}"#);
        assert_eq!(Verbose::of(&containerd).cni(), r#"{"eth0":{"IPConfigs":[{"IP":"10.0.0.2"}]}}"#);
        let crio = info(r#"{"runtimeSpec":{"annotations":{"io.kubernetes.cri-o.CNIResult":"{}"}}}"#);
        assert_eq!(Verbose::of(&crio).cni(), "{}");
        assert_eq!(Verbose::of(&info("no JSON")).cni(), "");
    }
}
