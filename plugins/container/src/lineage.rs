//! Which processes belong to one that came into their container from outside, as `kubectl exec` and probes do.

use std::ffi::{CStr, CString};

use lanner_k8s::Store;
use lanner_k8s::cgroup::pod_uid;
use lanner_plugin_api::sdk::{EntryView, TableError, TableReader, TableWriter};

use crate::cache::Cache;
use crate::exec::Place;
use crate::info::Container;
use crate::role::Words;
use crate::track::{Threads, Tracker};

/// A process that has just begun, or has just become another program.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    pub(crate) tid: i64,
    pub(crate) at: u64,
    /// Whether it has become another program.
    pub(crate) executed: bool,
}

impl Tracker {
    /// Marks a thread with the number of the process that it comes from, if that came into the container from outside.
    pub(crate) fn trace(
        &mut self,
        t: &Threads,
        thread: &EntryView<'_>,
        begun: Begun,
        tables: &TableReader<'_>,
        writer: &TableWriter<'_>,
    ) -> Result<(), TableError> {
        let id = thread.read(&t.container_id)?;
        // The container's first process is its own work, whoever started it.
        if id.is_empty() || thread.read(&t.vpid)? == 1 {
            return Ok(());
        }
        let own = thread.read(&t.exec_entry)?;
        if own != 0 && !begun.executed {
            return Ok(());
        }
        // Another thread of a process belongs to where the process does.
        let leader = t.pid.as_ref().map_or(Ok(begun.tid), |pid| thread.read(pid))?;
        let from = if leader == begun.tid { thread.read(&t.ptid)? } else { leader };
        let from = t.table.entry(tables, from);
        let same = from.as_ref().map_or(Ok(false), |from| from.read(&t.container_id).map(|of| of == id))?;
        let number = match &from {
            Some(from) if same && own == 0 => from.read(&t.exec_entry)?,
            _ => own,
        };
        let number = if !same && begun.executed {
            let uid = self.pod_of(t, thread, tables)?;
            let line = Words::of(t, thread, tables)?.into_line();
            let place = place(&self.cache, &self.pods, id, &uid);
            self.execs.entered(own, id, &uid, line, begun.at, place)
        } else if same && number == 0 && self.execs.is_attached() {
            let uid = self.pod_of(t, thread, tables)?;
            let place = place(&self.cache, &self.pods, id, &uid);
            self.execs.inside(id, begun.at, place)
        } else {
            if number != own {
                self.execs.inherited(number);
            }
            number
        };
        if number == own { Ok(()) } else { thread.write(writer, &t.exec_entry, number) }
    }

    /// The uid of the pod in the path of the cgroup by which a thread is known to be in its container.
    fn pod_of(&mut self, t: &Threads, thread: &EntryView<'_>, tables: &TableReader<'_>) -> Result<CString, TableError> {
        let path = self.find(t, thread, tables)?.and_then(|found| found.asked_by).map(|(_, path)| path);
        let uid = path.and_then(|path| pod_uid(path.as_bytes()));
        Ok(uid.and_then(|uid| CString::new(uid).ok()).unwrap_or_default())
    }
}

/// Where a container is in the words of Kubernetes: as its runtime says, or else as the API says of the pod.
pub(crate) fn place<'p>(cache: &'p Cache, pods: &'p Store, id: &CStr, pod_uid: &CStr) -> Option<Place<'p>> {
    let by_runtime = cache.get(id.to_bytes()).and_then(|container| place_of(container));
    by_runtime.or_else(|| {
        let pod = pods.pod(pod_uid)?;
        Some(Place { namespace: pod.namespace.to_str().ok()?, pod: pod.name.to_str().ok()?, container: None })
    })
}

/// As its runtime says.
pub(crate) fn place_of(container: &Container) -> Option<Place<'_>> {
    let label = |key: &str| container.doc.labels.get(key).map(String::as_str);
    Some(Place {
        namespace: label("io.kubernetes.pod.namespace")?,
        pod: label("io.kubernetes.pod.name")?,
        container: label("io.kubernetes.container.name"),
    })
}
