//! What Kubernetes' API tells about the pod of a container: values of `k8s.*` fields that no runtime knows.
//!
//! It comes in the events `k8s` that the plugin `k8smeta` sends, live, and that recordings have. Without them the labels of the
//! container tell what they can ([`crate::owner`]).

use std::ffi::CStr;

use lanner_k8s::store::Known;
use lanner_k8s::{Kind, Store};
use lanner_plugin_api::sdk::ValueSink;

use crate::fields::FieldId;
use crate::info::Container;

/// What of an object a field gives.
enum Part {
    Name,
    Uid,
    Label,
    Labels,
}

/// The object and the part that a field is about.
fn part(field: FieldId) -> Option<(Kind, Part)> {
    use FieldId as F;
    Some(match field {
        F::K8sRcName => (Kind::ReplicationController, Part::Name),
        F::K8sRcId => (Kind::ReplicationController, Part::Uid),
        F::K8sRcLabel => (Kind::ReplicationController, Part::Label),
        F::K8sRcLabels => (Kind::ReplicationController, Part::Labels),
        F::K8sSvcName => (Kind::Service, Part::Name),
        F::K8sSvcId => (Kind::Service, Part::Uid),
        F::K8sSvcLabel => (Kind::Service, Part::Label),
        F::K8sSvcLabels => (Kind::Service, Part::Labels),
        F::K8sNsId => (Kind::Namespace, Part::Uid),
        F::K8sNsLabel => (Kind::Namespace, Part::Label),
        F::K8sNsLabels => (Kind::Namespace, Part::Labels),
        F::K8sRsName => (Kind::ReplicaSet, Part::Name),
        F::K8sRsId => (Kind::ReplicaSet, Part::Uid),
        F::K8sRsLabel => (Kind::ReplicaSet, Part::Label),
        F::K8sRsLabels => (Kind::ReplicaSet, Part::Labels),
        F::K8sDeploymentName => (Kind::Deployment, Part::Name),
        F::K8sDeploymentId => (Kind::Deployment, Part::Uid),
        F::K8sDeploymentLabel => (Kind::Deployment, Part::Label),
        F::K8sDeploymentLabels => (Kind::Deployment, Part::Labels),
        _ => return None,
    })
}

/// The pod of a container, as its labels name it.
pub(crate) fn pod<'s>(store: &'s Store, container: &Container) -> Option<&'s Known> {
    const UID: &[u8] = b"io.kubernetes.pod.uid";
    let uid = container.labels.get(UID).or_else(|| container.pod_sandbox_labels.get(UID));
    if store.is_empty() { None } else { store.pod(uid?) }
}

/// Writes the value of a field; `false` if the API has told of none. Of several services each gives its value, as one text.
pub(crate) fn value<'v>(
    store: &'v Store,
    container: &Container,
    field: FieldId,
    key: Option<&[u8]>,
    out: &mut ValueSink<'v>,
) -> bool {
    let Some((kind, part)) = part(field) else { return false };
    let Some(pod) = pod(store, container) else { return false };
    let mut texts = store.of(pod, kind).flat_map(|object| texts(object, &part, key)).filter(|text| !text.is_empty());
    let Some(first) = texts.next() else { return false };
    let Some(second) = texts.next() else {
        out.cstr(first);
        return true;
    };
    let mut joined = first.to_bytes().to_vec();
    for text in std::iter::once(second).chain(texts) {
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(text.to_bytes());
    }
    out.str_bytes(&joined);
    true
}

fn texts<'k>(object: &'k Known, part: &Part, key: Option<&[u8]>) -> impl Iterator<Item = &'k CStr> + use<'k> {
    let one = match part {
        Part::Name => Some(&*object.name),
        Part::Uid => Some(&*object.uid),
        Part::Label => key.and_then(|key| object.labels.get(key)).map(|text| &**text),
        Part::Labels => None,
    };
    let all: &[_] = if matches!(part, Part::Labels) { &object.pairs } else { &[] };
    one.into_iter().chain(all.iter().map(|text| &**text))
}
