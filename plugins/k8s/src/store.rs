//! What is known of pods and of what belongs to them, bounded: whoever writes events must not decide how much memory is used.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{CStr, CString};

use crate::Kind;
use crate::document::{Change, Owner, Resource};

/// Objects that are known at most.
pub const LIMIT: usize = 1 << 15;
/// Bytes that they may take, about.
pub const LIMIT_BYTES: usize = 32 << 20;

/// An object, with each text that a field gives out ready for C.
#[derive(Debug)]
#[allow(missing_docs, reason = "named as in the document")]
pub struct Known {
    pub resource: Resource,
    pub uid: CString,
    pub name: CString,
    pub namespace: CString,
    pub ip: Option<CString>,
    /// Labels by key.
    pub labels: BTreeMap<Box<[u8]>, CString>,
    /// The same as `key:value`, by key.
    pub pairs: Vec<CString>,
    pub owner: Option<KnownOwner>,
    weight: usize,
}

/// Who made a pod in the end.
#[derive(Debug)]
#[allow(missing_docs, reason = "named as in the document")]
pub struct KnownOwner {
    pub kind: CString,
    pub name: CString,
    pub uid: CString,
}

/// Text for C: up to its first NUL.
fn text(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(text.get(..end).unwrap_or_default()).unwrap_or_default()
}

impl Known {
    fn new(resource: Resource) -> Self {
        let labels = resource.labels.iter();
        let owner =
            |owner: &Owner| KnownOwner { kind: text(&owner.kind), name: text(&owner.name), uid: text(&owner.uid) };
        let label_bytes: usize = resource.labels.iter().map(|(key, value)| 3 * (key.len() + value.len()) + 160).sum();
        let refs: usize = resource.refs.values().flatten().map(|uid| uid.len() + 32).sum();
        Self {
            uid: text(&resource.uid),
            name: text(&resource.name),
            namespace: text(&resource.namespace),
            ip: resource.ip.as_deref().map(text),
            labels: labels.clone().map(|(key, value)| (key.as_bytes().into(), text(value))).collect(),
            pairs: labels.map(|(key, value)| text(&format!("{key}:{value}"))).collect(),
            owner: resource.owner.as_ref().map(owner),
            weight: size_of::<Self>() + 4 * (resource.uid.len() + resource.name.len() + 64) + label_bytes + refs,
            resource,
        }
    }
}

/// The store.
#[derive(Debug, Default)]
pub struct Store {
    /// By kind, then by uid: that way looking one up allocates nothing.
    known: BTreeMap<Kind, HashMap<Box<str>, Known>>,
    len: usize,
    bytes: usize,
    /// Objects that were not kept for lack of room.
    refused: u64,
}

impl Store {
    /// Takes note of what an event tells.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Gone(kind, uid) => self.forget(kind, &uid),
            Change::Is(resource) => {
                let (kind, uid) = (resource.kind, resource.uid.clone());
                self.forget(kind, &uid);
                let known = Known::new(*resource);
                if self.len >= LIMIT || self.bytes + known.weight > LIMIT_BYTES {
                    self.refused += 1;
                    return;
                }
                self.bytes += known.weight;
                self.len += 1;
                self.known.entry(kind).or_default().insert(uid, known);
            }
        }
    }

    fn forget(&mut self, kind: Kind, uid: &str) {
        if let Some(known) = self.known.get_mut(&kind).and_then(|of_kind| of_kind.remove(uid)) {
            self.bytes -= known.weight;
            self.len -= 1;
        }
    }

    /// An object.
    #[must_use]
    pub fn get(&self, kind: Kind, uid: &str) -> Option<&Known> {
        self.known.get(&kind)?.get(uid)
    }

    /// The pod with this uid.
    #[must_use]
    pub fn pod(&self, uid: &CStr) -> Option<&Known> {
        uid.to_str().ok().filter(|uid| !uid.is_empty()).and_then(|uid| self.get(Kind::Pod, uid))
    }

    /// The uids by which a pod names what belongs to it.
    pub fn uids<'s>(&self, pod: &'s Known, kind: Kind) -> impl Iterator<Item = &'s str> + use<'s> {
        pod.resource.refs.get(&kind).into_iter().flatten().map(|uid| &**uid)
    }

    /// What belongs to a pod and is known.
    pub fn of<'s>(&'s self, pod: &'s Known, kind: Kind) -> impl Iterator<Item = &'s Known> + use<'s> {
        self.uids(pod, kind).filter_map(move |uid| self.get(kind, uid))
    }

    /// All objects, by kind and uid.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Known> {
        let mut all: Vec<_> = self.known.values().flat_map(HashMap::values).collect();
        all.sort_by(|a, b| (a.resource.kind, &a.resource.uid).cmp(&(b.resource.kind, &b.resource.uid)));
        all
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that they take, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many were not kept for lack of room.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(kind: Kind, uid: &str, labels: &[(&str, &str)]) -> Change {
        let mut resource = Resource::new(kind, uid, "name");
        resource.labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        if kind == Kind::Pod {
            resource.refs.insert(Kind::Service, vec!["s2".into(), "gone".into(), "s1".into()]);
        }
        Change::Is(Box::new(resource))
    }

    #[test]
    fn the_last_word_counts() {
        let mut store = Store::default();
        store.apply(is(Kind::Pod, "p", &[("a", "1"), ("b", "2\0x")]));
        store.apply(is(Kind::Service, "s1", &[]));
        store.apply(is(Kind::Service, "s2", &[("x", "y")]));
        let pod = store.pod(c"p").unwrap();
        assert_eq!(pod.pairs, [c"a:1".to_owned(), c"b:2".to_owned()]);
        assert_eq!(store.of(pod, Kind::Service).map(|s| s.uid.to_str().unwrap()).collect::<Vec<_>>(), ["s2", "s1"]);
        assert_eq!(store.uids(pod, Kind::Service).count(), 3);
        let full = store.bytes();
        store.apply(is(Kind::Pod, "p", &[]));
        assert!(store.pod(c"p").unwrap().labels.is_empty() && store.bytes() < full);
        for (kind, uid) in [(Kind::Pod, "p"), (Kind::Service, "s1"), (Kind::Service, "s2"), (Kind::Job, "none")] {
            store.apply(Change::Gone(kind, uid.into()));
        }
        assert!(store.is_empty() && store.bytes() == 0 && store.pod(c"").is_none());
    }

    #[test]
    fn it_has_an_end() {
        let mut store = Store::default();
        let large = "v".repeat(64 << 10);
        for n in 0..400 {
            store.apply(is(Kind::Pod, &n.to_string(), &[("l", &large)]));
        }
        assert!(store.bytes() <= LIMIT_BYTES && store.len() < 400);
        assert_eq!(store.refused(), 400 - store.len() as u64);
    }
}
