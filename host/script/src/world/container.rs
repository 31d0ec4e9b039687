//! Containers: what their processes' cgroups look like, and the document that tells about them.

use std::collections::BTreeMap;

use lanner_container::info::{self, ContainerType, Document, Mount};

use super::{HOUR, START};
use crate::error::{ScriptError, did_you_mean};
use crate::names;
use crate::read::{Fields, Node};

/// A container of the world.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) name: String,
    /// The 12 characters that fields show, or the whole id for engines with ids of their own.
    pub(crate) id: String,
    pub(crate) privileged: bool,
    /// When its first process was started, ns since the epoch.
    pub(crate) started: u64,
    /// Path of its memory control group.
    pub(crate) path: String,
    /// Control groups of its processes, as a capture holds them.
    pub(crate) cgroups: Vec<u8>,
    /// The document of the event `container`.
    pub(crate) json: Vec<u8>,
}

/// Characters of a full id.
const FULL_ID: usize = 64;

const TYPES: [(&str, ContainerType); 9] = [
    ("docker", ContainerType::DOCKER),
    ("podman", ContainerType::PODMAN),
    ("cri", ContainerType::CRI),
    ("containerd", ContainerType::CONTAINERD),
    ("crio", ContainerType::CRIO),
    ("cri-o", ContainerType::CRIO),
    ("lxc", ContainerType::LXC),
    ("libvirt-lxc", ContainerType::LIBVIRT_LXC),
    ("bpm", ContainerType::BPM),
];

impl Container {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, ScriptError> {
        let f = node.fields()?;
        let mut doc = Document::default();
        let name = f.text("name")?;
        let pod = f.given("pod").map(|pod| read_pod(&pod, &mut doc)).transpose()?;
        let default = if pod.is_some() { ContainerType::CONTAINERD } else { ContainerType::DOCKER };
        doc.kind = f.read("type", read_type)?.unwrap_or(default);
        let id = f.given("id");
        let name = match (name, &id) {
            (Some(name), _) => name,
            (None, Some(id)) => id.text()?,
            (None, None) => return Err(f.error("a container needs a name or an id")),
        };
        let id_text = id.as_ref().map(Node::text).transpose()?.unwrap_or_else(|| hex_of(&name, 12));
        (doc.id, doc.full_id) = ids(doc.kind, &id_text)
            .map_err(|message| id.as_ref().map_or_else(|| f.error(&message), |id| id.error(&message)))?;
        doc.name.clone_from(&name);
        read_image(&f, &mut doc)?;
        doc.privileged = f.bool("privileged")?.unwrap_or(false);
        doc.host_pid = f.bool("host_pid")?.unwrap_or(false);
        doc.host_network = f.bool("host_network")?.unwrap_or(false);
        doc.host_ipc = f.bool("host_ipc")?.unwrap_or(false);
        if let Some(ip) = f.text("ip")? {
            doc.ip = ip;
        }
        doc.user = f.text("user")?.unwrap_or_default();
        doc.env = f.texts("env")?.unwrap_or_default();
        let labels = f.entries("labels")?;
        for (key, value) in labels {
            doc.labels.insert(key, value.text()?);
        }
        if let Some(mounts) = f.given("mounts") {
            doc.mounts = mounts.list()?.iter().map(read_mount).collect::<Result<_, _>>()?;
        }
        let age = f.read("age", names::duration)?.unwrap_or(HOUR);
        f.finish()?;
        let started = START.saturating_sub(age);
        doc.created_time = info::ZeroOr((started / 1_000_000_000).into());
        let path = cgroup(&doc, pod.as_deref());
        let cgroups = super::process::cgroups(&path);
        let (id, privileged) = (doc.id.clone(), doc.privileged);
        let json = info::Container::new(doc).to_json().map_err(|e| node.error(e.to_string()))?;
        Ok(Self { name, id, privileged, started, path, cgroups, json })
    }

    pub(crate) fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.id == name
    }
}

fn read_type(node: &Node<'_>) -> Result<ContainerType, ScriptError> {
    let word = node.text()?;
    TYPES.iter().find(|(w, _)| *w == word).map(|(_, ty)| *ty).ok_or_else(|| {
        let hint = did_you_mean(&word, TYPES.map(|(w, _)| w));
        node.error(format!("unknown type of container \"{word}\"{hint}; known: {}", TYPES.map(|(w, _)| w).join(", ")))
    })
}

/// Short and full id. Engines whose ids are 64 hexadecimal digits are shown by the first twelve.
fn ids(kind: ContainerType, id: &str) -> Result<(String, String), String> {
    if matches!(kind, ContainerType::LXC | ContainerType::LIBVIRT_LXC | ContainerType::BPM) {
        return Ok((id.to_owned(), id.to_owned()));
    }
    let hex = id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match id.len() {
        12 if hex => Ok((id.to_owned(), format!("{id}{}", hex_of(id, FULL_ID - 12)))),
        FULL_ID if hex => Ok((id[..12].to_owned(), id.to_owned())),
        _ => Err(format!("\"{id}\" is not an id: 12 or 64 hexadecimal digits in small letters, or leave it out")),
    }
}

/// Hexadecimal digits that depend on a text: the same on every run.
fn hex_of(text: &str, len: usize) -> String {
    let mut out = String::new();
    // FNV-1a, continued for as many digits as are wanted.
    let mut hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    while out.len() < len {
        out.push_str(&format!("{hash:016x}"));
        hash = (hash ^ 0x55).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    }
    out.truncate(len);
    out
}

/// `image: repository:tag@digest`, and the parts by themselves where they are given.
fn read_image(f: &Fields<'_>, doc: &mut Document) -> Result<(), ScriptError> {
    if let Some(image) = f.text("image")? {
        let (rest, digest) = image.split_once('@').unwrap_or((&image, ""));
        let tag_at = rest.rfind(':').filter(|&at| !rest[at..].contains('/'));
        let (repository, tag) = tag_at.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
        (doc.imagerepo, doc.imagetag, doc.imagedigest) = (repository.to_owned(), tag.to_owned(), digest.to_owned());
        doc.imageid = hex_of(&image, FULL_ID);
        doc.image = image;
    }
    if let Some(id) = f.text("image_id")? {
        doc.imageid = id;
    }
    if let Some(digest) = f.text("image_digest")? {
        doc.imagedigest = digest;
    }
    Ok(())
}

/// `source:destination:mode`, or a map.
fn read_mount(node: &Node<'_>) -> Result<Mount, ScriptError> {
    if node.value.is_string() {
        let text = node.text()?;
        let mut parts = text.splitn(3, ':');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (source, destination, mode) = (next(), next(), next());
        if destination.is_empty() {
            return Err(node.error("write a mount as \"source:destination\" or \"source:destination:ro\""));
        }
        let rw = !mode.split(',').any(|m| m == "ro");
        return Ok(Mount { source, destination, mode, rw, propagation: "rprivate".to_owned() });
    }
    let f = node.fields()?;
    let mount = Mount {
        source: f.text("source")?.unwrap_or_default(),
        destination: f.text("destination")?.unwrap_or_default(),
        mode: f.text("mode")?.unwrap_or_default(),
        rw: f.bool("rw")?.unwrap_or(true),
        propagation: f.text("propagation")?.unwrap_or_else(|| "rprivate".to_owned()),
    };
    f.finish()?;
    Ok(mount)
}

/// The pod's uid; its name and namespace become labels, as the runtimes make them.
fn read_pod(node: &Node<'_>, doc: &mut Document) -> Result<String, ScriptError> {
    let f = node.fields()?;
    let name = f.text("name")?.ok_or_else(|| f.error("a pod needs a name"))?;
    let namespace = f.text("namespace")?.unwrap_or_else(|| "default".to_owned());
    let h = hex_of(&format!("{namespace}/{name}"), 32);
    let default = || format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..]);
    let uid = f.text("uid")?.unwrap_or_else(default);
    let mut labels = BTreeMap::new();
    for (key, value) in f.entries("labels")? {
        labels.insert(key, value.text()?);
    }
    doc.ip = f.text("ip")?.unwrap_or_default();
    f.finish()?;
    doc.pod_sandbox_id = hex_of(&uid, FULL_ID);
    doc.labels.insert("io.kubernetes.pod.name".to_owned(), name);
    doc.labels.insert("io.kubernetes.pod.namespace".to_owned(), namespace);
    doc.labels.insert("io.kubernetes.pod.uid".to_owned(), uid.clone());
    doc.pod_sandbox_labels = labels;
    Ok(uid)
}

/// Where the engine puts the container's processes. `pod`: uid of the pod.
fn cgroup(doc: &Document, pod: Option<&str>) -> String {
    let id = &doc.full_id;
    match doc.kind {
        ContainerType::PODMAN => format!("/machine.slice/libpod-{id}.scope"),
        ContainerType::LXC => format!("/lxc.payload.{id}"),
        ContainerType::LIBVIRT_LXC => format!("/machine/{id}.libvirt-lxc"),
        ContainerType::BPM => format!("/system.slice/bpm-{id}.scope"),
        kind => {
            let unit = match kind {
                ContainerType::DOCKER => format!("docker-{id}.scope"),
                ContainerType::CRIO => format!("crio-{id}.scope"),
                _ => format!("cri-containerd-{id}.scope"),
            };
            match pod {
                Some(uid) => format!("/kubepods.slice/kubepods-pod{}.slice/{unit}", uid.replace('-', "_")),
                None => format!("/system.slice/{unit}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lanner_container::config::Config;
    use lanner_container::matcher::Matchers;
    use serde_json::json;

    use super::*;
    use crate::error::{Part, Place};

    #[test]
    fn the_id_is_found_in_the_cgroups_of_every_type() {
        for (word, _) in TYPES {
            let value = json!({"name": "web", "type": word});
            let container = Container::read(&Node::new(&value, Place::new(Part::Given))).unwrap();
            let paths = container.cgroups.split(|&b| b == 0).filter_map(|item| item.splitn(2, |&b| b == b'=').nth(1));
            let mut matchers = Matchers::new(&Config::default());
            let found: Vec<_> =
                paths.filter_map(|p| matchers.find(p).map(|m| m.id.to_str().unwrap().to_owned())).collect();
            assert_eq!(found, [container.id.as_str()], "{word}");
        }
    }

    #[test]
    fn images_and_pods_are_told_as_runtimes_tell_them() {
        let value = json!({"name": "c", "image": "reg.example:5000/shop/web:1.4", "pod": {"name": "web-1"}});
        let container = Container::read(&Node::new(&value, Place::new(Part::Given))).unwrap();
        let info = info::Container::from_json(&container.json).unwrap();
        assert_eq!(info.imagerepo.to_str(), Ok("reg.example:5000/shop/web"));
        assert_eq!(info.imagetag.to_str(), Ok("1.4"));
        assert_eq!(info.doc.kind, ContainerType::CONTAINERD);
        assert_eq!(info.doc.labels["io.kubernetes.pod.namespace"], "default");
    }
}
