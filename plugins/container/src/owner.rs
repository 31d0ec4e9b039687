//! What the labels of a pod tell about that which made it. Kubernetes' API says more; this needs nobody to be asked.

use std::collections::BTreeMap;
use std::ffi::CString;

use serde::Deserialize;

use crate::info::{Document, Probe, text};

/// The makers of a pod, as far as its labels name them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The replica set.
    pub replica_set: Maker,
    /// The replication controller.
    pub controller: Maker,
    /// The name of the deployment that made the replica set.
    pub deployment: Option<CString>,
}

/// One of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Maker {
    /// Its name.
    pub name: Option<CString>,
    /// Its uid.
    pub uid: Option<CString>,
}

/// An annotation of old clusters that names the maker.
const CREATED_BY: &str = "annotation.kubernetes.io/created-by";
/// What a pod was made of by `kubectl apply`.
const APPLIED: &str = "annotation.kubectl.kubernetes.io/last-applied-configuration";
/// The label that a deployment gives to the pods of each of its replica sets.
const TEMPLATE_HASH: &str = "pod-template-hash";
const POD_NAME: &str = "io.kubernetes.pod.name";
const CONTAINER_NAME: &str = "io.kubernetes.container.name";

#[derive(Deserialize)]
struct CreatedBy {
    reference: Reference,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Reference {
    kind: String,
    name: String,
    uid: String,
}

#[derive(Deserialize)]
struct Pod {
    spec: PodSpec,
}

#[derive(Deserialize)]
struct PodSpec {
    #[serde(default)]
    containers: Vec<PodContainer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodContainer {
    name: String,
    liveness_probe: Option<PodProbe>,
    readiness_probe: Option<PodProbe>,
}

#[derive(Deserialize)]
struct PodProbe {
    exec: Option<Exec>,
}

#[derive(Deserialize)]
struct Exec {
    #[serde(default)]
    command: Vec<String>,
}

/// A label of the pod or of the container itself.
fn label<'d>(doc: &'d Document, key: &str) -> Option<&'d str> {
    let of = |labels: &'d BTreeMap<String, String>| labels.get(key).map(String::as_str);
    of(&doc.labels).or_else(|| of(&doc.pod_sandbox_labels))
}

impl Owners {
    /// As the labels of the document have them.
    #[must_use]
    pub fn of(doc: &Document) -> Self {
        let mut owners = Self::default();
        if let Some(CreatedBy { reference }) = label(doc, CREATED_BY).and_then(|json| serde_json::from_str(json).ok()) {
            let maker = Maker { name: given(&reference.name), uid: given(&reference.uid) };
            match reference.kind.as_str() {
                "ReplicaSet" => owners.replica_set = maker,
                "ReplicationController" => owners.controller = maker,
                _ => {}
            }
        }
        let (Some(pod), Some(hash)) = (label(doc, POD_NAME), label(doc, TEMPLATE_HASH)) else { return owners };
        // DEPLOYMENT-HASH is the replica set, five letters more the pod. A name that had to be cut is no longer made so, and then
        // says nothing for sure.
        let Some((set, _)) = pod.rsplit_once('-') else { return owners };
        let deployment = set.strip_suffix(hash).and_then(|name| name.strip_suffix('-'));
        if let Some(deployment) = deployment.filter(|name| !name.is_empty() && !hash.is_empty()) {
            owners.replica_set.name.get_or_insert_with(|| text(set));
            owners.deployment = given(deployment);
        }
        owners
    }
}

fn given(name: &str) -> Option<CString> {
    (!name.is_empty()).then(|| text(name))
}

/// The commands by which a runtime asks whether a container is well.
#[derive(Debug, Default, PartialEq)]
pub struct Probes {
    /// Health check of the image or of whoever ran it.
    pub health: Option<Probe>,
    /// Kubernetes' question whether the container lives.
    pub liveness: Option<Probe>,
    /// Kubernetes' question whether it is ready.
    pub readiness: Option<Probe>,
}

impl Probes {
    /// As the document has them, or else as the pod was applied.
    #[must_use]
    pub fn of(doc: &Document) -> Self {
        let mut probes = Self {
            health: doc.healthcheck.clone(),
            liveness: doc.liveness_probe.clone(),
            readiness: doc.readiness_probe.clone(),
        };
        let Some(applied) = label(doc, APPLIED) else { return probes };
        let (Ok(Pod { spec }), Some(name)) = (serde_json::from_str(applied), label(doc, CONTAINER_NAME)) else {
            return probes;
        };
        if let Some(container) = spec.containers.into_iter().find(|container| container.name == name) {
            probes.liveness = probes.liveness.or_else(|| command(container.liveness_probe));
            probes.readiness = probes.readiness.or_else(|| command(container.readiness_probe));
        }
        probes
    }
}

/// A probe that is a command; those over the network start no process.
fn command(probe: Option<PodProbe>) -> Option<Probe> {
    let mut words = probe?.exec?.command.into_iter();
    Some(Probe { exe: words.next()?, args: words.collect() })
}

/// The command line of a probe.
pub(crate) fn command_line(probe: &Probe) -> CString {
    let mut line = probe.exe.clone();
    for arg in &probe.args {
        line.push(' ');
        line.push_str(arg);
    }
    text(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(labels: &[(&str, &str)]) -> Document {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Document { labels, ..Document::default() }
    }

    fn name(text: &str) -> Option<CString> {
        Some(CString::new(text).unwrap())
    }

    #[test]
    fn a_pod_of_a_deployment_is_named_after_it() {
        let of = |pod, hash| Owners::of(&labelled(&[(POD_NAME, pod), (TEMPLATE_HASH, hash)]));
        let owners = of("shop-web-5d9c7b-x2x4z", "5d9c7b");
        assert_eq!(owners.replica_set.name, name("shop-web-5d9c7b"));
        assert_eq!(owners.deployment, name("shop-web"));
        for (pod, hash) in
            [("web-0", "5d9c7b"), ("5d9c7b-x2x4z", "5d9c7b"), ("-5d9c7b-x", "5d9c7b"), ("a--x", ""), ("a", "a")]
        {
            assert_eq!(of(pod, hash), Owners::default(), "{pod} {hash}");
        }
    }

    #[test]
    fn old_clusters_name_the_maker() {
        let by = |kind: &str| {
            let json =
                format!(r#"{{"kind":"SerializedReference","reference":{{"kind":"{kind}","name":"n","uid":"u"}}}}"#);
            Owners::of(&labelled(&[(CREATED_BY, &json)]))
        };
        let maker = || Maker { name: name("n"), uid: name("u") };
        assert_eq!(by("ReplicationController"), Owners { controller: maker(), ..Owners::default() });
        assert_eq!(by("ReplicaSet"), Owners { replica_set: maker(), ..Owners::default() });
        assert_eq!(by("Job"), Owners::default());
        assert_eq!(Owners::of(&labelled(&[(CREATED_BY, "{")])), Owners::default());
    }

    #[test]
    fn probes_come_from_the_document_or_from_the_pod() {
        let applied = r#"{"spec":{"containers":[{"name":"a"},{"name":"b","livenessProbe":{"exec":{"command":["/l","x"]}},
            "readinessProbe":{"httpGet":{"port":1}}}]}}"#;
        let mut doc = labelled(&[(APPLIED, applied), (CONTAINER_NAME, "b")]);
        let live = Probe { exe: "/l".into(), args: vec!["x".into()] };
        assert_eq!(Probes::of(&doc), Probes { liveness: Some(live), ..Probes::default() });
        let own = Probe { exe: "/own".into(), args: Vec::new() };
        doc.liveness_probe = Some(own.clone());
        assert_eq!(Probes::of(&doc).liveness, Some(own.clone()));
        assert_eq!(command_line(&own).to_bytes(), b"/own");
        assert_eq!(Probes::of(&labelled(&[(APPLIED, applied), (CONTAINER_NAME, "a")])), Probes::default());
    }
}
