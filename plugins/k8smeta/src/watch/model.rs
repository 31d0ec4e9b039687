//! What the API server has told, and the documents that follow from it. No I/O: the same words lead to the same documents.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use lanner_k8s::document::{Owner, gone};
use lanner_k8s::{Kind, Resource};

use super::follow::Feed;
use super::lookup::Found;
use super::objects::{Followed, Meta, Pod, Service};

/// After that long a lookup that failed is tried again.
const RETRY: Duration = Duration::from_secs(30);
/// Makers of makers that are looked at: a cron job's job's pod has two.
const GENERATIONS: usize = 3;

/// An object whose metadata is needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Need {
    pub(super) kind: Kind,
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    /// Empty if only its name is known.
    pub(super) uid: Box<str>,
}

/// How far the lookup of an object is.
#[derive(Debug, Default)]
struct Looked {
    meta: Option<Meta>,
    asked: bool,
    /// When it may be asked for again.
    next: Option<Instant>,
}

/// A document to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: Kind,
    pub(super) uid: Box<str>,
    /// What is so now; `None`: it is gone.
    resource: Option<Resource>,
    new: bool,
}

impl Word {
    /// As an event carries it.
    pub(super) fn json(&self) -> Vec<u8> {
        match &self.resource {
            Some(resource) => resource.to_json(if self.new { "Create" } else { "Update" }),
            None => gone(self.kind, &self.uid),
        }
    }
}

/// The model.
#[derive(Debug, Default)]
pub(super) struct Model {
    pods: BTreeMap<Box<str>, Pod>,
    services: HashMap<Box<str>, Service>,
    /// Uids of services, by namespace.
    in_namespace: HashMap<Box<str>, BTreeSet<Box<str>>>,
    looked: HashMap<Need, Looked>,
    /// What has been sent.
    told: HashMap<(Kind, Box<str>), Resource>,
    /// Whether something has changed since.
    changed: bool,
}

impl Model {
    /// How many pods and services there are.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.pods.len(), self.services.len())
    }

    pub(super) fn pods(&mut self, feed: Feed<Pod>) {
        self.changed = true;
        match feed {
            Feed::All(pods) => self.pods = pods.into_iter().map(|pod| (pod.uid().into(), pod)).collect(),
            Feed::Is(pod) => drop(self.pods.insert(pod.uid().into(), pod)),
            Feed::Gone(uid) => drop(self.pods.remove(&uid)),
        }
    }

    pub(super) fn services(&mut self, feed: Feed<Service>) {
        self.changed = true;
        match feed {
            Feed::All(services) => {
                self.services.clear();
                self.in_namespace.clear();
                services.into_iter().for_each(|service| self.service(service));
            }
            Feed::Is(service) => self.service(service),
            Feed::Gone(uid) => {
                let Some(service) = self.services.remove(&uid) else { return };
                if let Some(uids) = self.in_namespace.get_mut(&service.meta.namespace) {
                    uids.remove(&uid);
                    if uids.is_empty() {
                        self.in_namespace.remove(&service.meta.namespace);
                    }
                }
            }
        }
    }

    fn service(&mut self, service: Service) {
        let uid = service.meta.uid.clone();
        self.in_namespace.entry(service.meta.namespace.clone()).or_default().insert(uid.clone());
        self.services.insert(uid, service);
    }

    /// The outcome of a lookup.
    pub(super) fn found(&mut self, need: &Need, found: Found, now: Instant, refresh: Duration) {
        let Some(looked) = self.looked.get_mut(need) else { return };
        looked.asked = false;
        looked.next = Some(now + if matches!(found, Found::Failed) { RETRY.min(refresh) } else { refresh });
        match found {
            Found::Is(meta) => self.changed |= looked.meta.replace(meta) != looked.meta,
            Found::Nothing => self.changed |= looked.meta.take().is_some(),
            // What was known is most likely still so.
            Found::Failed => {}
        }
    }

    /// What is to be looked up now, and whether it was before; it counts as being looked up from now on.
    pub(super) fn wanted(&mut self, now: Instant) -> Vec<(Need, bool)> {
        let due = self.looked.iter_mut().filter(|(_, looked)| !looked.asked && looked.next.is_none_or(|at| at <= now));
        let mut wanted: Vec<_> = due
            .map(|(need, looked)| {
                looked.asked = true;
                (need.clone(), looked.next.is_some())
            })
            .collect();
        wanted.sort();
        wanted
    }

    /// The documents that tell of what has changed since the last ones. They count as sent; [`Model::unsent`] takes that back.
    pub(super) fn words(&mut self) -> Vec<Word> {
        if !std::mem::take(&mut self.changed) {
            return Vec::new();
        }
        let mut now: BTreeMap<(Kind, Box<str>), Resource> = BTreeMap::new();
        let mut needed = HashSet::new();
        for pod in self.pods.values() {
            self.pod(pod, &mut now, &mut needed);
        }
        self.looked.retain(|need, _| needed.contains(need));
        for need in needed {
            self.looked.entry(need).or_default();
        }
        let mut words: Vec<Word> = self
            .told
            .keys()
            .filter(|key| !now.contains_key(*key))
            .map(|(kind, uid)| Word { kind: *kind, uid: uid.clone(), resource: None, new: false })
            .collect();
        words.sort_by(|a, b| (a.kind, &a.uid).cmp(&(b.kind, &b.uid)));
        for word in &words {
            self.told.remove(&(word.kind, word.uid.clone()));
        }
        // What belongs to a pod comes before the pod that names it.
        for ((kind, uid), resource) in now.into_iter().rev() {
            let before = self.told.get(&(kind, uid.clone()));
            if before != Some(&resource) {
                words.push(Word { kind, uid: uid.clone(), resource: Some(resource.clone()), new: before.is_none() });
                self.told.insert((kind, uid), resource);
            }
        }
        words
    }

    /// A document was not taken: it comes again with the next ones.
    pub(super) fn unsent(&mut self, word: &Word) {
        self.changed = true;
        let key = (word.kind, word.uid.clone());
        match &word.resource {
            Some(_) => drop(self.told.remove(&key)),
            None => drop(self.told.insert(key, Resource::new(word.kind, &word.uid, ""))),
        }
    }

    /// A pod, and all that belongs to it, as documents.
    fn pod(&self, pod: &Pod, now: &mut BTreeMap<(Kind, Box<str>), Resource>, needed: &mut HashSet<Need>) {
        let mut resource = described(Kind::Pod, &pod.meta);
        resource.ip.clone_from(&pod.ip);
        let mut belongs = |resource: &mut Resource, other: Resource| {
            resource.refs.entry(other.kind).or_default().push(other.uid.clone());
            now.insert((other.kind, other.uid.clone()), other);
        };
        for (kind, name) in [(Kind::Namespace, &pod.meta.namespace), (Kind::Node, &pod.node)] {
            if name.is_empty() {
                continue;
            }
            let need = Need { kind, namespace: "".into(), name: name.clone(), uid: "".into() };
            if let Some(meta) = self.looked.get(&need).and_then(|looked| looked.meta.as_ref()) {
                belongs(&mut resource, described(kind, meta));
            }
            needed.insert(need);
        }
        let services = self.in_namespace.get(&pod.meta.namespace).into_iter().flatten();
        for service in services.filter_map(|uid| self.services.get(uid)) {
            let leads = service.selector.iter().all(|(key, value)| pod.meta.labels.get(key) == Some(value));
            if leads && !service.selector.is_empty() {
                belongs(&mut resource, described(Kind::Service, &service.meta));
            }
        }
        let mut maker = pod.meta.maker.as_ref();
        for _ in 0..GENERATIONS {
            let Some(by) = maker.take() else { break };
            resource.owner = Some(Owner { kind: by.kind.clone(), name: by.name.clone(), uid: by.uid.clone() });
            let Some(kind) = by.known_kind() else { break };
            let need = Need { kind, namespace: pod.meta.namespace.clone(), name: by.name.clone(), uid: by.uid.clone() };
            let meta = self.looked.get(&need).and_then(|looked| looked.meta.as_ref());
            let other = meta.map_or_else(
                // Its name is known from what it made.
                || Resource { namespace: pod.meta.namespace.clone(), ..Resource::new(kind, &by.uid, &by.name) },
                |meta| described(kind, meta),
            );
            belongs(&mut resource, other);
            needed.insert(need);
            maker = meta.and_then(|meta| meta.maker.as_ref());
        }
        now.insert((Kind::Pod, pod.meta.uid.clone()), resource);
    }
}

fn described(kind: Kind, meta: &Meta) -> Resource {
    Resource {
        namespace: meta.namespace.clone(),
        labels: meta.labels.clone(),
        ..Resource::new(kind, &meta.uid, &meta.name)
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
