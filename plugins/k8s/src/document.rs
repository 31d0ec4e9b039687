//! The documents of the event `k8s`: one object that was made, has changed, or is gone.
//!
//! Their form is that of Falco's plugin `k8smeta`, so that its recordings say as much here: `reason`, `kind` and `uid`, then
//! `meta`, `spec` and `status` as texts that are JSON themselves, and `refs`, by which a pod names what belongs to it. The member
//! `owner` of a pod is an addition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Kind;

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It, or one of the texts inside, is not the JSON that it should be.
    #[error("document of an object of Kubernetes: {0}")]
    Json(#[from] serde_json::Error),
    /// Its `reason` is none.
    #[error("document of an object of Kubernetes: the reason {0:?} is not Create, Update or Delete")]
    Reason(String),
}

/// What a document tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This is how it is now.
    Is(Box<Resource>),
    /// It is gone.
    Gone(Kind, Box<str>),
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// Its uid.
    pub uid: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its namespace; empty if it is in none.
    pub namespace: Box<str>,
    /// Its labels.
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// A pod's address.
    pub ip: Option<Box<str>>,
    /// Uids of what belongs to a pod, by kind, in order.
    pub refs: BTreeMap<Kind, Vec<Box<str>>>,
    /// Who made a pod in the end: the deployment rather than its replica set.
    pub owner: Option<Owner>,
}

/// Who made a pod; of whatever kind, as there are others than ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// Its kind.
    pub kind: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid.
    pub uid: Box<str>,
}

impl Resource {
    /// One of which only this is known.
    #[must_use]
    pub fn new(kind: Kind, uid: &str, name: &str) -> Self {
        Self {
            kind,
            uid: uid.into(),
            name: name.into(),
            namespace: "".into(),
            labels: BTreeMap::new(),
            ip: None,
            refs: BTreeMap::new(),
            owner: None,
        }
    }

    /// The document, with the NUL behind it that events carry.
    #[must_use]
    pub fn to_json(&self, reason: &str) -> Vec<u8> {
        let meta = Meta { name: &self.name, namespace: &self.namespace, uid: &self.uid, labels: &self.labels };
        let resources: BTreeMap<&str, List<'_>> = self
            .refs
            .iter()
            .map(|(kind, list)| (kind.name(), List { list: list.iter().map(|uid| &**uid).collect() }))
            .collect();
        let frame = Written {
            reason,
            kind: self.kind.name(),
            uid: &self.uid,
            meta: serde_json::to_string(&meta).unwrap_or_default(),
            status: self.ip.as_deref().map(|ip| serde_json::json!({ "podIP": ip }).to_string()),
            refs: (!resources.is_empty()).then_some(Refs { resources }),
            owner: self.owner.as_ref(),
        };
        terminated(&frame)
    }
}

/// The document of an object that is gone.
#[must_use]
pub fn gone(kind: Kind, uid: &str) -> Vec<u8> {
    terminated(&serde_json::json!({ "reason": "Delete", "kind": kind.name(), "uid": uid }))
}

pub(crate) fn terminated(document: &impl Serialize) -> Vec<u8> {
    // Writing texts and maps with texts for keys to memory does not fail.
    let mut json = serde_json::to_vec(document).unwrap_or_default();
    json.push(0);
    json
}

impl Change {
    /// Reads a document; a NUL may stand behind it. `None`: it is about a kind that is none of ours.
    ///
    /// # Errors
    /// It is none.
    pub fn from_json(data: &[u8]) -> Result<Option<Self>, DocumentError> {
        let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
        let read: Read = serde_json::from_slice(text)?;
        let Some(kind) = Kind::named(&read.kind) else { return Ok(None) };
        match &*read.reason {
            "Create" | "Update" => {}
            "Delete" => return Ok(Some(Self::Gone(kind, read.uid))),
            _ => return Err(DocumentError::Reason(read.reason)),
        }
        let meta: ReadMeta = read.meta.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let status: Status = read.status.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let lists = read.refs.resources.into_iter();
        let refs = lists.filter_map(|(kind, list)| Some((Kind::named(&kind)?, list.list)));
        Ok(Some(Self::Is(Box::new(Resource {
            kind,
            uid: read.uid,
            name: meta.name,
            namespace: meta.namespace.unwrap_or_default(),
            labels: meta.labels.unwrap_or_default(),
            ip: status.pod_ip.filter(|ip| !ip.is_empty()),
            refs: refs.filter(|(_, list)| !list.is_empty()).collect(),
            owner: read.owner,
        }))))
    }
}

#[derive(Serialize)]
struct Written<'a> {
    reason: &'a str,
    kind: &'a str,
    uid: &'a str,
    meta: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refs: Option<Refs<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a Owner>,
}

#[derive(Serialize)]
struct Meta<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    uid: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<Box<str>, Box<str>>,
}

#[derive(Serialize)]
struct Refs<'a> {
    resources: BTreeMap<&'a str, List<'a>>,
}

#[derive(Serialize)]
struct List<'a> {
    list: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Read {
    reason: String,
    kind: String,
    uid: Box<str>,
    #[serde(default)]
    meta: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    refs: ReadRefs,
    #[serde(default)]
    owner: Option<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadMeta {
    name: Box<str>,
    namespace: Option<Box<str>>,
    labels: Option<BTreeMap<Box<str>, Box<str>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(rename = "podIP")]
    pod_ip: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadRefs {
    resources: BTreeMap<String, ReadList>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadList {
    list: Vec<Box<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Change>, DocumentError> {
        Change::from_json(text.as_bytes())
    }

    #[test]
    fn what_is_written_is_read() {
        let mut pod = Resource::new(Kind::Pod, "u1", "web-0");
        pod.namespace = "shop".into();
        pod.labels.insert("app".into(), "we\"b".into());
        pod.ip = Some("10.0.0.7".into());
        pod.refs.insert(Kind::Service, vec!["s1".into(), "s2".into()]);
        pod.owner = Some(Owner { kind: "Rollout".into(), name: "web".into(), uid: "o".into() });
        let json = pod.to_json("Create");
        assert_eq!(json.last(), Some(&0));
        assert_eq!(Change::from_json(&json).unwrap(), Some(Change::Is(Box::new(pod))));
        let gone = gone(Kind::Job, "j");
        assert_eq!(Change::from_json(&gone).unwrap(), Some(Change::Gone(Kind::Job, "j".into())));
    }

    #[test]
    fn documents_of_others_are_read_as_far_as_they_go() {
        let change = read(
            r#"{"reason":"Update","uid":"u","kind":"Pod","meta":"{\"name\":\"p\",\"namespace\":\"n\",\"labels\":null,\"x\":1}",
               "spec":"{}","status":"{\"podIP\":\"\"}","refs":{"resources":{"Endpoints":{"list":["e"]},"Namespace":{"list":["n1"]}}}}"#,
        );
        let Ok(Some(Change::Is(pod))) = change else { panic!("{change:?}") };
        assert_eq!((&*pod.name, &*pod.namespace, &pod.ip), ("p", "n", &None));
        assert_eq!(pod.refs, BTreeMap::from([(Kind::Namespace, vec!["n1".into()])]));
        assert_eq!(read(r#"{"reason":"Create","uid":"u","kind":"Endpoints"}"#).unwrap(), None);
        assert!(matches!(read(r#"{"reason":"Moved","uid":"u","kind":"Pod"}"#), Err(DocumentError::Reason(_))));
        for broken in [
            "",
            "{",
            "[]",
            r#"{"reason":"Create","kind":"Pod"}"#,
            r#"{"reason":"Create","uid":"u","kind":"Pod","meta":"{"}"#,
        ] {
            assert!(matches!(read(broken), Err(DocumentError::Json(_))), "{broken}");
        }
    }
}
