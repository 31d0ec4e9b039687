//! What is known of a container: the JSON document of `container` events, and the texts that fields give out.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::owner::{Owners, Probes, command_line};

/// The number of an engine, as documents and the table `containers` give it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerType(pub u32);

#[allow(missing_docs, reason = "named after the engines")]
impl ContainerType {
    pub const DOCKER: Self = Self(0);
    pub const LXC: Self = Self(1);
    pub const LIBVIRT_LXC: Self = Self(2);
    pub const MESOS: Self = Self(3);
    pub const RKT: Self = Self(4);
    pub const CRI: Self = Self(6);
    pub const CONTAINERD: Self = Self(7);
    pub const CRIO: Self = Self(8);
    pub const BPM: Self = Self(9);
    pub const STATIC: Self = Self(10);
    pub const PODMAN: Self = Self(11);
    pub const HOST: Self = Self(0xfffe);
    pub const UNKNOWN: Self = Self(0xffff);

    /// What `container.type` says; empty for engines without a word of their own.
    #[must_use]
    pub fn word(self) -> &'static CStr {
        match self {
            Self::DOCKER => c"docker",
            Self::LXC => c"lxc",
            Self::LIBVIRT_LXC => c"libvirt-lxc",
            Self::MESOS => c"mesos",
            Self::RKT => c"rkt",
            Self::CRI => c"cri",
            Self::CONTAINERD => c"containerd",
            Self::CRIO => c"cri-o",
            Self::BPM => c"bpm",
            Self::PODMAN => c"podman",
            Self::HOST => c"host",
            _ => c"",
        }
    }
}

impl Default for ContainerType {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// A value that may also be `null`, which means the same as leaving it out.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(d).map(Option::unwrap_or_default)
}

macro_rules! nullable {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty,)* }) => {
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$fmeta])* #[serde(deserialize_with = "or_default")] pub $field: $ty,)*
        }
    };
}

nullable! {
    /// A mount.
    #[serde(rename_all = "PascalCase")]
    #[allow(missing_docs, reason = "named as the runtimes name them")]
    pub struct Mount {
        source: String,
        destination: String,
        mode: String,
        #[serde(rename = "RW")]
        rw: bool,
        propagation: String,
    }
}

nullable! {
    /// A command by which a runtime asks whether the container is well.
    #[allow(missing_docs, reason = "named as the runtimes name them")]
    pub struct Probe {
        exe: String,
        args: Vec<String>,
    }
}

nullable! {
    /// The document. Its keys are those of recorded events; unknown ones are passed over.
    #[allow(missing_docs, reason = "named as in the document")]
    pub struct Document {
        #[serde(rename = "type")]
        kind: ContainerType,
        id: String,
        full_id: String,
        name: String,
        image: String,
        imageid: String,
        imagerepo: String,
        imagetag: String,
        imagedigest: String,
        #[serde(rename = "User")]
        user: String,
        ip: String,
        cni_json: String,
        privileged: bool,
        host_pid: bool,
        host_network: bool,
        host_ipc: bool,
        #[serde(rename = "Mounts")]
        mounts: Vec<Mount>,
        port_mappings: Vec<Value>,
        labels: BTreeMap<String, String>,
        env: Vec<String>,
        cpu_period: Number,
        cpu_quota: Number,
        cpu_shares: Number,
        cpuset_cpu_count: Number,
        memory_limit: Number,
        swap_limit: Number,
        created_time: Number,
        size: Size,
        is_pod_sandbox: bool,
        pod_sandbox_id: String,
        pod_sandbox_labels: BTreeMap<String, String>,
        #[serde(rename = "Healthcheck", skip_serializing_if = "Option::is_none")]
        healthcheck: Option<Probe>,
        #[serde(rename = "LivenessProbe", skip_serializing_if = "Option::is_none")]
        liveness_probe: Option<Probe>,
        #[serde(rename = "ReadinessProbe", skip_serializing_if = "Option::is_none")]
        readiness_probe: Option<Probe>,
    }
}

/// A number that no field shows: kept as it was written.
type Number = ZeroOr;

/// A JSON number, 0 if it is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZeroOr(pub serde_json::Number);

impl Default for ZeroOr {
    fn default() -> Self {
        Self(0.into())
    }
}

/// A JSON number, -1 if it is left out: the size of a container was not asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Size(pub serde_json::Number);

impl Default for Size {
    fn default() -> Self {
        Self((-1).into())
    }
}

/// The frame around the document in events.
#[derive(Serialize, Deserialize)]
struct Frame<T> {
    container: T,
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
#[error("container document: {0}")]
pub struct DocumentError(#[from] serde_json::Error);

/// A container, with each text that a field gives out ready for C.
#[derive(Debug)]
#[allow(missing_docs, reason = "named after the fields of the document")]
pub struct Container {
    pub doc: Document,
    pub id: CString,
    pub full_id: CString,
    pub name: CString,
    pub image: CString,
    pub imageid: CString,
    pub imagerepo: CString,
    pub imagetag: CString,
    pub imagedigest: CString,
    pub user: CString,
    pub ip: CString,
    pub cni_json: CString,
    pub pod_sandbox_id: CString,
    /// First characters of the sandbox's id, as ids of containers are shown.
    pub pod_sandbox_short_id: CString,
    pub labels: BTreeMap<Box<[u8]>, CString>,
    pub pod_sandbox_labels: BTreeMap<Box<[u8]>, CString>,
    /// All labels but internal ones: `key:value, key:value`.
    pub joined_labels: CString,
    pub joined_pod_sandbox_labels: CString,
    /// All mounts, joined by commas.
    pub joined_mounts: CString,
    /// Who made its pod.
    pub owners: Owners,
    pub probes: Probes,
    pub healthcheck: Option<CString>,
    pub liveness_probe: Option<CString>,
    pub readiness_probe: Option<CString>,
}

/// Number of characters of an id that are shown.
pub const SHORT_ID_LEN: usize = 12;

impl Container {
    /// Reads the JSON of an event: up to the first NUL, as texts in events end there.
    ///
    /// # Errors
    /// It is not a document of a container.
    pub fn from_json(json: &[u8]) -> Result<Self, DocumentError> {
        let json = json.split(|&b| b == 0).next().unwrap_or_default();
        let frame: Frame<Document> = serde_json::from_slice(json)?;
        Ok(Self::new(frame.container))
    }

    /// The JSON of an event about this container.
    ///
    /// # Errors
    /// Never for a document that was read from JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, DocumentError> {
        // By way of a `Value`, whose keys are in alphabetical order, as in every recorded document.
        Ok(serde_json::to_vec(&serde_json::to_value(Frame { container: &self.doc })?)?)
    }

    /// The entry that stands for everything outside of containers.
    #[must_use]
    pub fn host() -> Self {
        let host = || "host".to_owned();
        Self::new(Document {
            kind: ContainerType::HOST,
            id: host(),
            full_id: host(),
            name: host(),
            cpu_shares: ZeroOr(1024.into()),
            cpu_period: ZeroOr(100_000.into()),
            ..Document::default()
        })
    }

    /// A container of which an engine tells no more than its id.
    #[must_use]
    pub fn bare(id: &str, kind: ContainerType) -> Self {
        Self::new(Document {
            kind,
            id: id.to_owned(),
            cpu_shares: ZeroOr(1024.into()),
            cpu_period: ZeroOr(100_000.into()),
            ..Document::default()
        })
    }

    /// Makes the texts of a document.
    #[must_use]
    pub fn new(doc: Document) -> Self {
        let labels = |map: &BTreeMap<String, String>| {
            map.iter().map(|(k, v)| (k.as_bytes().into(), text(v))).collect::<BTreeMap<_, _>>()
        };
        let mounts: Vec<String> = doc.mounts.iter().map(mount_text).collect();
        let short: String = doc.pod_sandbox_id.chars().take(SHORT_ID_LEN).collect();
        let probes = Probes::of(&doc);
        let line = |probe: &Option<Probe>| probe.as_ref().map(command_line);
        Self {
            owners: Owners::of(&doc),
            healthcheck: line(&probes.health),
            liveness_probe: line(&probes.liveness),
            readiness_probe: line(&probes.readiness),
            probes,
            id: text(&doc.id),
            full_id: text(&doc.full_id),
            name: text(&doc.name),
            image: text(&doc.image),
            imageid: text(&doc.imageid),
            imagerepo: text(&doc.imagerepo),
            imagetag: text(&doc.imagetag),
            imagedigest: text(&doc.imagedigest),
            user: text(&doc.user),
            ip: text(&doc.ip),
            cni_json: text(&doc.cni_json),
            pod_sandbox_id: text(&doc.pod_sandbox_id),
            pod_sandbox_short_id: text(&short),
            labels: labels(&doc.labels),
            pod_sandbox_labels: labels(&doc.pod_sandbox_labels),
            joined_labels: text(&join_labels(&doc.labels)),
            joined_pod_sandbox_labels: text(&join_labels(&doc.pod_sandbox_labels)),
            joined_mounts: text(&mounts.join(",")),
            doc,
        }
    }
}

/// A text for C, which ends at the first NUL.
pub(crate) fn text(s: &str) -> CString {
    CString::new(s.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

/// `source:destination:mode:writable:propagation`.
pub(crate) fn mount_text(m: &Mount) -> String {
    format!("{}:{}:{}:{}:{}", m.source, m.destination, m.mode, m.rw, m.propagation)
}

/// Annotations and what Kubernetes itself notes are left out; fields of their own show the latter.
fn join_labels(labels: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (key, value) in labels {
        if key.starts_with("annotation.") || key.starts_with("io.kubernetes.") {
            continue;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(key);
        if !value.is_empty() {
            out.push(':');
            out.push_str(value);
        }
    }
    out
}
