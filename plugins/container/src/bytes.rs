//! What a container takes in memory, near enough to hold all of them to a limit.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::mem::size_of;

use serde_json::Value;

use crate::info::{Container, Document, Mount, Probe};

/// What an allocator adds to each piece of memory.
const PIECE: usize = 16;
/// Entries of a node of a map, of which it has room for all even if it holds one.
const NODE: usize = 11;

fn string(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.len() + PIECE }
}

/// A text for C has memory of its own also when it is empty.
fn c_string(text: &CString) -> usize {
    text.count_bytes() + 1 + PIECE
}

/// The nodes of a map, which are two thirds full.
fn nodes(entries: usize, entry: usize) -> usize {
    if entries == 0 { 0 } else { (entries + entries / 2).max(NODE) * entry + PIECE }
}

fn strings(list: &[String]) -> usize {
    size_of_val(list) + list.iter().map(|text| string(text)).sum::<usize>()
}

fn probe(probe: &Probe) -> usize {
    string(&probe.exe) + strings(&probe.args)
}

fn labels(map: &BTreeMap<String, String>) -> usize {
    let texts: usize = map.iter().map(|(key, value)| string(key) + string(value)).sum();
    texts + nodes(map.len(), 2 * size_of::<String>())
}

fn c_labels(map: &BTreeMap<Box<[u8]>, CString>) -> usize {
    let texts: usize = map.iter().map(|(key, value)| key.len() + PIECE + c_string(value)).sum();
    texts + nodes(map.len(), 2 * size_of::<Box<[u8]>>())
}

fn mount(mount: &Mount) -> usize {
    let Mount { source, destination, mode, rw: _, propagation } = mount;
    [source, destination, mode, propagation].map(|text| string(text)).iter().sum()
}

/// How deep it may nest is limited where it is read.
fn json(value: &Value) -> usize {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => size_of_val(&**items) + items.iter().map(json).sum::<usize>(),
        Value::Object(map) => {
            let texts: usize = map.iter().map(|(key, value)| string(key) + json(value)).sum();
            texts + nodes(map.len(), size_of::<String>() + size_of::<Value>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn document(doc: &Document) -> usize {
    let texts = [
        &doc.id,
        &doc.full_id,
        &doc.name,
        &doc.image,
        &doc.imageid,
        &doc.imagerepo,
        &doc.imagetag,
        &doc.imagedigest,
        &doc.user,
        &doc.ip,
        &doc.cni_json,
        &doc.pod_sandbox_id,
    ];
    let probes = [&doc.healthcheck, &doc.liveness_probe, &doc.readiness_probe];
    let mounts = size_of_val(&*doc.mounts) + doc.mounts.iter().map(mount).sum::<usize>();
    let ports = size_of_val(&*doc.port_mappings) + doc.port_mappings.iter().map(json).sum::<usize>();
    texts.iter().map(|text| string(text)).sum::<usize>()
        + probes.iter().filter_map(|one| one.as_ref()).map(probe).sum::<usize>()
        + mounts
        + ports
        + strings(&doc.env)
        + labels(&doc.labels)
        + labels(&doc.pod_sandbox_labels)
}

impl Container {
    /// Bytes that it takes, what it points to included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [
            &self.id,
            &self.full_id,
            &self.name,
            &self.image,
            &self.imageid,
            &self.imagerepo,
            &self.imagetag,
            &self.imagedigest,
            &self.user,
            &self.ip,
            &self.cni_json,
            &self.pod_sandbox_id,
            &self.pod_sandbox_short_id,
            &self.joined_labels,
            &self.joined_pod_sandbox_labels,
            &self.joined_mounts,
        ];
        let lines = [&self.healthcheck, &self.liveness_probe, &self.readiness_probe];
        let owners = [
            &self.owners.replica_set.name,
            &self.owners.replica_set.uid,
            &self.owners.controller.name,
            &self.owners.controller.uid,
            &self.owners.deployment,
        ];
        let probes = [&self.probes.health, &self.probes.liveness, &self.probes.readiness];
        size_of::<Self>()
            + PIECE
            + document(&self.doc)
            + texts.iter().map(|text| c_string(text)).sum::<usize>()
            + lines.iter().chain(&owners).filter_map(|text| text.as_ref()).map(c_string).sum::<usize>()
            + probes.iter().filter_map(|one| one.as_ref()).map(probe).sum::<usize>()
            + c_labels(&self.labels)
            + c_labels(&self.pod_sandbox_labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(json: &str) -> usize {
        Container::from_json(format!("{{\"container\": {json}}}").as_bytes()).unwrap().bytes()
    }

    #[test]
    fn whatever_a_document_has_counts() {
        let bare = bytes(r#"{"id": "a"}"#);
        assert!((800..4000).contains(&bare), "{bare}");
        let long = "x".repeat(10_000);
        for (more, times) in [
            (format!(r#""image": "{long}""#), 2),
            (format!(r#""cni_json": "{long}""#), 2),
            (format!(r#""env": ["{long}"]"#), 1),
            (format!(r#""labels": {{"k": "{long}"}}"#), 3),
            (format!(r#""labels": {{"{long}": "v"}}"#), 3),
            (format!(r#""pod_sandbox_labels": {{"k": "{long}"}}"#), 3),
            (format!(r#""Mounts": [{{"Source": "{long}"}}]"#), 2),
            (format!(r#""port_mappings": [{{"HostIp": ["{long}"]}}]"#), 1),
            (format!(r#""Healthcheck": {{"exe": "/x", "args": ["{long}"]}}"#), 3),
        ] {
            let taken = bytes(&format!(r#"{{"id": "a", {more}}}"#)) - bare;
            assert!((times * 10_000..times * 10_000 + 2_500).contains(&taken), "{taken} for {}", &more[..20]);
        }
    }
}
