//! Objects of the API as far as they are looked at.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, GroupVersionKind, Object};
use lanner_k8s::Kind;
use serde::Deserialize;

/// Labels of an object that are kept at most.
const LABELS: usize = 256;
/// A label whose key and value are longer than this is left out. Kubernetes itself allows a fifth of it.
const LABEL: usize = 2048;

/// What of a pod's specification is of interest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpec {
    node_name: Option<String>,
}

/// What of a pod's status is of interest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodStatus {
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
}

/// What of a service's specification is of interest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceSpec {
    selector: Option<BTreeMap<String, String>>,
}

/// As the API has it.
pub(super) type ApiPod = Object<PodSpec, PodStatus>;
/// As the API has it.
pub(super) type ApiService = Object<ServiceSpec, serde::de::IgnoredAny>;

/// Labels, by key.
pub(super) type Labels = BTreeMap<Box<str>, Box<str>>;

/// The maker of an object, as the object names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Maker {
    pub(super) api_version: Box<str>,
    pub(super) kind: Box<str>,
    pub(super) name: Box<str>,
    pub(super) uid: Box<str>,
}

/// The metadata of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) uid: Box<str>,
    pub(super) name: Box<str>,
    pub(super) namespace: Box<str>,
    pub(super) labels: Labels,
    pub(super) maker: Option<Maker>,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) meta: Meta,
    pub(super) ip: Option<Box<str>>,
    pub(super) node: Box<str>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) meta: Meta,
    pub(super) selector: BTreeMap<Box<str>, Box<str>>,
}

/// An object that is followed.
pub(super) trait Followed: Sized {
    /// Its form in the API.
    type Api;
    /// What is kept of it; `None` if it has no uid or name.
    fn of(object: Self::Api) -> Option<Self>;
    /// Its uid.
    fn uid(&self) -> &str;
}

impl Meta {
    /// `None`: without uid or name it is no object.
    pub(super) fn of(meta: ObjectMeta) -> Option<Self> {
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map(String::into_boxed_str);
        let makers = meta.owner_references.unwrap_or_default();
        // One maker at most controls an object.
        let maker = makers.into_iter().find(|maker| maker.controller == Some(true));
        Some(Self {
            uid: text(meta.uid)?,
            name: text(meta.name)?,
            namespace: text(meta.namespace).unwrap_or_default(),
            labels: bounded(meta.labels.unwrap_or_default()),
            maker: maker.map(|maker| Maker {
                api_version: maker.api_version.into(),
                kind: maker.kind.into(),
                name: maker.name.into(),
                uid: maker.uid.into(),
            }),
        })
    }
}

fn bounded(labels: BTreeMap<String, String>) -> Labels {
    let kept = labels.into_iter().filter(|(key, value)| key.len() + value.len() <= LABEL).take(LABELS);
    kept.map(|(key, value)| (key.into(), value.into())).collect()
}

impl Followed for Pod {
    type Api = ApiPod;

    fn of(object: ApiPod) -> Option<Self> {
        let ip = object.status.and_then(|status| status.pod_ip).filter(|ip| !ip.is_empty());
        Some(Self {
            meta: Meta::of(object.metadata)?,
            ip: ip.map(String::into_boxed_str),
            node: object.spec.node_name.unwrap_or_default().into(),
        })
    }

    fn uid(&self) -> &str {
        &self.meta.uid
    }
}

impl Followed for Service {
    type Api = ApiService;

    fn of(object: ApiService) -> Option<Self> {
        Some(Self { meta: Meta::of(object.metadata)?, selector: bounded(object.spec.selector.unwrap_or_default()) })
    }

    fn uid(&self) -> &str {
        &self.meta.uid
    }
}

/// How the API names a kind.
pub(super) fn api(kind: Kind) -> ApiResource {
    let (group, plural) = match kind {
        Kind::Pod => ("", "pods"),
        Kind::Namespace => ("", "namespaces"),
        Kind::Service => ("", "services"),
        Kind::ReplicationController => ("", "replicationcontrollers"),
        Kind::Node => ("", "nodes"),
        Kind::Deployment => ("apps", "deployments"),
        Kind::ReplicaSet => ("apps", "replicasets"),
        Kind::DaemonSet => ("apps", "daemonsets"),
        Kind::StatefulSet => ("apps", "statefulsets"),
        Kind::Job => ("batch", "jobs"),
        Kind::CronJob => ("batch", "cronjobs"),
    };
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind.name()), plural)
}

impl Maker {
    /// The kind, if it is one of those that are looked up: others may have the same name for a kind.
    pub(super) fn known_kind(&self) -> Option<Kind> {
        let kind = Kind::named(&self.kind)?;
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        let makes = !matches!(kind, Kind::Pod | Kind::Namespace | Kind::Service | Kind::Node);
        (makes && group == api(kind).group).then_some(kind)
    }
}
