//! Values of the fields.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::rc::Rc;

use lanner_plugin_api::sdk::{ExtractCx, ExtractRaw, FieldDef, FieldRequest, ValueSink};
use regex::bytes::{Regex, RegexBuilder};

use crate::exec::Who;
use crate::fields::{FIELDS, FieldId};
use crate::info::{Container, Mount, mount_text};
use crate::plugin::{ADDED, ASYNC, CONTAINER, CONTAINER_JSON, CONTAINER_JSON_2, ContainerPlugin, REMOVED};
use crate::pods;
use crate::role::asked;
use crate::runtime::Lookup;
use crate::track::{CONTAINER_ID, Category};

/// The id of what is in no container.
const HOST: &CStr = c"host";

/// What was found out for the event that was last asked about: rules ask for several fields of one event, and most ask
/// for the container.
#[derive(Default)]
pub(crate) struct Memo {
    /// Number, time and thread of the event.
    event: Option<(u64, u64, u64)>,
    /// Whether the event has a thread or container at all.
    found: bool,
    /// Whether the event itself is about a container (then no thread counts).
    own: bool,
    /// Whether the event's thread is in no container.
    on_host: bool,
    id: CString,
    container: Option<Rc<Container>>,
    /// How far the lookup of a container is of which nothing is known.
    lookup: Option<Lookup>,
    /// Whether something of the container is waited for.
    pub(crate) awaits_container: bool,
    /// The process from outside whose session is waited for.
    pub(crate) awaited: u64,
}

impl Memo {
    /// That of a container, apart from any event.
    pub(crate) fn of(id: CString, container: Option<Rc<Container>>) -> Self {
        Self { found: true, id, container, ..Self::default() }
    }

    /// Whether the event is of a container of which no more than the id is known.
    pub(crate) fn is_of_unknown_container(&self) -> bool {
        self.found && !self.own && self.container.is_none() && !self.id.is_empty()
    }

    /// The container of the event, if it is known.
    pub(crate) fn container(&self) -> Option<&Rc<Container>> {
        self.container.as_ref()
    }

    /// The id of such a container.
    pub(crate) fn id(&self) -> &CStr {
        &self.id
    }

    /// The state has changed.
    pub(crate) fn forget(&mut self) {
        self.event = None;
    }
}

/// How far the lookup of a container was when it was looked at last.
pub(crate) struct SeenLookup {
    id: CString,
    ts: u64,
    lookup: Lookup,
}

/// Patterns of arguments, compiled once. They come from rules, so there are few.
#[derive(Default)]
pub(crate) struct Patterns(HashMap<CString, Option<Regex>>);

impl Patterns {
    const LIMIT: usize = 1024;

    /// The pattern; `None` if it is not a regular expression.
    fn get(&mut self, text: &CStr) -> Option<&Regex> {
        if !self.0.contains_key(text) {
            if self.0.len() >= Self::LIMIT {
                self.0.clear();
            }
            let pattern = text
                .to_str()
                .ok()
                .and_then(|t| RegexBuilder::new(t).multi_line(true).unicode(false).size_limit(1 << 20).build().ok());
            self.0.insert(text.to_owned(), pattern);
        }
        self.0.get(text).and_then(Option::as_ref)
    }
}

impl ContainerPlugin {
    /// Finds the container of the event.
    pub(crate) fn look_up(&mut self, cx: &ExtractCx<'_>) {
        let event = (cx.event.num(), cx.event.ts(), cx.event.tid());
        if self.memo.event == Some(event) {
            return;
        }
        let memo = &mut self.memo;
        // The memory of the id stays: even an empty text of C would be memory of its own, for each event.
        (memo.event, memo.found, memo.own, memo.on_host) = (Some(event), false, false, false);
        (memo.container, memo.lookup) = (None, None);
        (memo.awaits_container, memo.awaited) = (false, 0);
        if let Some((num, container)) = &self.tracker.last
            && *num == event.0
            && is_container_event(cx)
        {
            (memo.found, memo.own, memo.container) = (true, true, Some(Rc::clone(container)));
            return;
        }
        let Some(thread) = self.threads.table.entry(&cx.tables, event.2.cast_signed()) else { return };
        let Ok(id) = thread.read(&self.threads.container_id) else { return };
        (memo.found, memo.on_host) = (true, id.is_empty());
        memo.container = self.tracker.cache.get(id.to_bytes()).map(Rc::clone);
        if memo.container.is_none() && memo.id.as_c_str() != id {
            memo.id = id.to_owned();
        }
        let unknown = memo.container.is_none() && !id.is_empty();
        drop(thread);
        if unknown {
            self.see_lookup(event.1);
        }
    }

    /// Finds out how far the lookup is; anew after a while only, since most events of such a container come close together.
    fn see_lookup(&mut self, ts: u64) {
        const WHILE_NS: u64 = 1_000_000;

        if self.tracker.runtime.is_none() {
            return;
        }
        let seen = self.seen_lookup.as_ref().filter(|seen| seen.id == self.memo.id && ts.abs_diff(seen.ts) < WHILE_NS);
        if seen.is_none() {
            let lookup = self.lookup(&self.memo.id);
            self.seen_lookup = lookup.map(|lookup| SeenLookup { id: self.memo.id.clone(), ts, lookup });
        }
        self.memo.lookup = self.seen_lookup.as_ref().map(|seen| seen.lookup.clone());
    }

    /// When the pid namespace of the event's thread began; 0 if that is not known.
    fn namespace_start(&self, cx: &ExtractCx<'_>) -> u64 {
        if self.memo.own {
            return 0;
        }
        let thread = self.threads.table.entry(&cx.tables, cx.event.tid().cast_signed());
        thread.and_then(|t| t.read(&self.threads.pidns_start).ok()).unwrap_or(0)
    }

    /// Whether the event's process is such a probe of its container or was started by it; `None` where there is none.
    fn is_probe(&self, field: FieldId, cx: &ExtractCx<'_>) -> Option<bool> {
        let probes = &self.memo.container.as_ref().filter(|_| !self.memo.own)?.probes;
        let (probe, category) = asked(field, probes);
        probe?;
        let thread = self.threads.table.entry(&cx.tables, cx.event.tid().cast_signed())?;
        Some(Category(thread.read(&self.threads.category).ok()?) == category)
    }

    /// Number of the process from outside that the event's comes from; 0 for none.
    fn exec_entry(&self, cx: &ExtractCx<'_>) -> u64 {
        if self.memo.own || self.tracker.execs.len() == 0 {
            return 0;
        }
        let thread = self.threads.table.entry(&cx.tables, cx.event.tid().cast_signed());
        thread.and_then(|thread| thread.read(&self.threads.exec_entry).ok()).unwrap_or(0)
    }

    /// The mount that the argument names: by number, or the first whose path the pattern is found in.
    fn mount(&mut self, field: FieldId, req: &FieldRequest<'_>) -> Option<(Rc<Container>, usize)> {
        let container = Rc::clone(self.memo.container.as_ref()?);
        let mounts = &container.doc.mounts;
        let at = match req.arg.index {
            Some(index) => usize::try_from(index).ok().filter(|&i| i < mounts.len())?,
            None => {
                let pattern = self.patterns.get(req.arg.key?)?;
                // Who asks for the source knows the destination; for all else the source is known.
                let path = |m: &Mount| {
                    pattern.is_match(
                        if field == FieldId::ContainerMountSource { &m.destination } else { &m.source }.as_bytes(),
                    )
                };
                mounts.iter().position(path)?
            }
        };
        Some((container, at))
    }

    /// The entry of the pod's sandbox. For a container without sandbox that is the entry of the host, whose texts are
    /// empty: so such fields are empty texts and not absent.
    fn sandbox(&self, container: &Container) -> Option<&Container> {
        self.tracker.cache.get(container.pod_sandbox_short_id.to_bytes()).map(|c| &**c)
    }
}

fn is_container_event(cx: &ExtractCx<'_>) -> bool {
    match cx.event.event_type() {
        CONTAINER | CONTAINER_JSON | CONTAINER_JSON_2 => true,
        ASYNC => cx
            .event
            .async_payload()
            .is_some_and(|(name, _)| [ADDED.as_bytes(), REMOVED.as_bytes()].contains(&name.to_bytes())),
        _ => false,
    }
}

impl ExtractRaw for ContainerPlugin {
    const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn field_defs() -> Vec<FieldDef> {
        FIELDS.to_vec()
    }

    fn thread_field_of(&self, req: &FieldRequest<'_>) -> Option<&'static CStr> {
        let is_id = FieldId::from_number(req.id) == Some(FieldId::ContainerId) && !req.list;
        is_id.then_some(CONTAINER_ID)
    }

    fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        use FieldId as F;
        let Some(field) = F::from_number(req.id) else { return false };
        self.look_up(cx);
        if !self.memo.found {
            return false;
        }
        match field {
            // What the thread says decides the id alone, and a host may remember what that came to.
            F::ContainerId if self.memo.on_host => {
                out.cstr(HOST);
                true
            }
            F::ContainerStartTs | F::ContainerDuration => {
                let start = self.namespace_start(cx);
                if start != 0 {
                    let duration = cx.event.ts().wrapping_sub(start);
                    out.u64(if field == F::ContainerStartTs { start } else { duration });
                }
                start != 0
            }
            F::ProcIsContainerHealthcheck | F::ProcIsContainerLivenessProbe | F::ProcIsContainerReadinessProbe => {
                let is = self.is_probe(field, cx);
                match is {
                    Some(is) => out.bool(is),
                    None => self.excuse(out),
                }
                is.is_some()
            }
            F::K8sExecUser | F::K8sExecGroups | F::K8sExecImpersonatedUser | F::K8sExecAuditId => {
                let number = self.exec_entry(cx);
                let who = self.tracker.execs.who(number);
                // A recording waits for nothing.
                let live = self.tracker.sender.is_some();
                if live && who.is_none() && self.tracker.execs.may_come(number, cx.event.ts()) {
                    self.memo.awaited = number;
                    out.awaited();
                }
                who_said(who, field, out)
            }
            _ => self.value(field, req, out),
        }
    }
}

/// What is known of the person whose session it is.
pub(crate) fn who_said<'v>(who: Option<&'v Who>, field: FieldId, out: &mut ValueSink<'v>) -> bool {
    let Some(who) = who else { return false };
    match field {
        FieldId::K8sExecUser => out.cstr(&who.user),
        FieldId::K8sExecGroups => who.groups.iter().for_each(|group| out.cstr(group)),
        FieldId::K8sExecImpersonatedUser => who.impersonated.iter().for_each(|user| out.cstr(user)),
        _ => out.cstr(&who.audit_id),
    }
    !out.is_empty()
}

impl ContainerPlugin {
    /// Says why there is no value: it is on its way, or nobody knows it. Where a container is known there is just none.
    fn excuse(&mut self, out: &mut ValueSink<'_>) {
        if self.memo.container.is_some() {
            return;
        }
        match &self.memo.lookup {
            Some(Lookup::Pending | Lookup::Known) => {
                self.memo.awaits_container = true;
                out.awaited();
            }
            Some(Lookup::Unknown(_)) => out.unknown(),
            None => {}
        }
    }

    /// The value of a field that the container decides, for that of the memo.
    pub(crate) fn value<'v>(&'v mut self, field: FieldId, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        use FieldId as F;
        if self.memo.container.is_none() && field != F::ContainerId {
            self.excuse(out);
            return false;
        }
        if let F::ContainerMount
        | F::ContainerMountSource
        | F::ContainerMountDest
        | F::ContainerMountMode
        | F::ContainerMountRdwr
        | F::ContainerMountPropagation = field
        {
            let Some((container, at)) = self.mount(field, req) else { return false };
            let Some(mount) = container.doc.mounts.get(at) else { return false };
            match field {
                F::ContainerMount => out.str(&mount_text(mount)),
                F::ContainerMountSource => out.str(&mount.source),
                F::ContainerMountDest => out.str(&mount.destination),
                F::ContainerMountMode => out.str(&mount.mode),
                F::ContainerMountRdwr => out.str(if mount.rw { "true" } else { "false" }),
                _ => out.str(&mount.propagation),
            }
            return true;
        }
        let this: &'v Self = self;
        let Some(c) = this.memo.container.as_deref() else {
            // The id is known from the cgroup even when nothing else is.
            out.cstr(&this.memo.id);
            return true;
        };
        let key = || req.arg.key.map(CStr::to_bytes);
        if pods::value(&this.tracker.pods, c, field, key(), out) {
            return true;
        }
        let text: Option<&'v CStr> = match field {
            F::ContainerId => Some(&c.id),
            F::ContainerFullId => Some(&c.full_id),
            F::ContainerName => Some(&c.name),
            F::ContainerImage => Some(&c.image),
            F::ContainerImageId => Some(&c.imageid),
            F::ContainerType => Some(c.doc.kind.word()),
            F::ContainerMounts => Some(&c.joined_mounts),
            F::ContainerImageRepository => Some(&c.imagerepo),
            F::ContainerImageTag => Some(&c.imagetag),
            F::ContainerImageDigest => Some(&c.imagedigest),
            F::ContainerIp => Some(&c.ip),
            F::ContainerCniJson => Some(&c.cni_json),
            F::ContainerLabel => key().and_then(|k| c.labels.get(k)).map(|t| &**t),
            F::ContainerLabels => Some(&c.joined_labels),
            F::K8sPodName => c.labels.get(&b"io.kubernetes.pod.name"[..]).map(|t| &**t),
            F::K8sNsName => c.labels.get(&b"io.kubernetes.pod.namespace"[..]).map(|t| &**t),
            F::K8sPodId | F::K8sPodUid => c.labels.get(&b"io.kubernetes.pod.uid"[..]).map(|t| &**t),
            F::K8sPodSandboxId => Some(&c.pod_sandbox_short_id),
            F::K8sPodFullSandboxId => Some(&c.pod_sandbox_id),
            // What the runtime says of the pod stands in the container's own document, or else in its sandbox's.
            F::K8sPodIp if c.cni_json.is_empty() => this.sandbox(c).map(|s| &*s.ip),
            F::K8sPodIp => Some(&c.ip),
            F::K8sPodCniJson if c.cni_json.is_empty() => this.sandbox(c).map(|s| &*s.cni_json),
            F::K8sPodCniJson => Some(&c.cni_json),
            F::K8sPodLabel => key().and_then(|k| {
                let sandbox = this.sandbox(c).filter(|_| c.cni_json.is_empty());
                let of_sandbox = sandbox.and_then(|s| s.pod_sandbox_labels.get(k));
                of_sandbox.or_else(|| c.pod_sandbox_labels.get(k)).map(|t| &**t)
            }),
            F::K8sPodLabels => {
                let sandbox = this.sandbox(c).filter(|_| c.cni_json.is_empty());
                Some(&sandbox.unwrap_or(c).joined_pod_sandbox_labels)
            }
            F::ContainerPrivileged | F::ContainerHostPid | F::ContainerHostNetwork | F::ContainerHostIpc => {
                out.bool(match field {
                    F::ContainerPrivileged => c.doc.privileged,
                    F::ContainerHostPid => c.doc.host_pid,
                    F::ContainerHostNetwork => c.doc.host_network,
                    _ => c.doc.host_ipc,
                });
                return true;
            }
            F::ContainerHealthcheck => c.healthcheck.as_deref(),
            F::ContainerLivenessProbe => c.liveness_probe.as_deref(),
            F::ContainerReadinessProbe => c.readiness_probe.as_deref(),
            F::K8sRsName => c.owners.replica_set.name.as_deref(),
            F::K8sRsId => c.owners.replica_set.uid.as_deref(),
            F::K8sRcName => c.owners.controller.name.as_deref(),
            F::K8sRcId => c.owners.controller.uid.as_deref(),
            F::K8sDeploymentName => c.owners.deployment.as_deref(),
            // The rest is known to Kubernetes' API alone, which has not told it.
            _ => None,
        };
        if let Some(text) = text {
            out.cstr(text);
        }
        text.is_some()
    }
}
