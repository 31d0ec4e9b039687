//! Containers that alerts wait for, because a runtime has been asked about them and has not answered yet; and sessions in them, whose
//! audit events come later than their processes.
//!
//! What is waited for is kept even if the container ends meanwhile, which short-lived ones do before anybody can say what they
//! were.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::num::NonZeroU64;
use std::rc::Rc;

use lanner_plugin_api::sdk::{Awaits, ExtractCx, FieldRequest, Standing, ValueSink};
use rustc_hash::FxBuildHasher;

use crate::extract::{Memo, who_said};
use crate::fields::FieldId;
use crate::info::{Container, text};
use crate::plugin::ContainerPlugin;
use crate::role::Line;
use crate::runtime::Lookup;

/// Who waits, by number, and for which containers.
#[derive(Default)]
pub(crate) struct Waits {
    all: HashMap<u64, Waiter, FxBuildHasher>,
    by_id: HashMap<Box<[u8]>, Awaited, FxBuildHasher>,
    last: u64,
    /// What was said last of one that is not known.
    reason: CString,
}

/// Whose alerts wait.
struct Waiter {
    id: CString,
    process: Line,
    /// Whether it waits for the container.
    unknown: bool,
    /// The process from outside whose session it waits for; 0 for none.
    entry: u64,
    /// What was known of the container at the beginning: it may be gone when the session is told of.
    container: Option<Rc<Container>>,
}

#[derive(Default)]
struct Awaited {
    /// How many wait for it.
    uses: u64,
    /// What has become known of it.
    container: Option<Rc<Container>>,
}

impl Waits {
    /// A container has become known.
    pub(crate) fn arrived(&mut self, container: &Rc<Container>) {
        if self.by_id.is_empty() {
            return;
        }
        if let Some(awaited) = self.by_id.get_mut(container.id.to_bytes()) {
            awaited.container = Some(Rc::clone(container));
        }
    }

    /// How many containers are waited for.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn begin(&mut self, waiter: Waiter) -> Option<NonZeroU64> {
        self.last += 1;
        self.by_id.entry(waiter.id.to_bytes().into()).or_default().uses += 1;
        self.all.insert(self.last, waiter);
        NonZeroU64::new(self.last)
    }

    /// What has become known of the container with this id.
    fn arrival(&self, id: &CStr) -> Option<&Rc<Container>> {
        self.by_id.get(id.to_bytes()).and_then(|awaited| awaited.container.as_ref())
    }

    fn end(&mut self, number: u64) {
        let Some(waiter) = self.all.remove(&number) else { return };
        let Some(awaited) = self.by_id.get_mut(waiter.id.to_bytes()) else { return };
        awaited.uses -= 1;
        if awaited.uses == 0 {
            self.by_id.remove(waiter.id.to_bytes());
        }
    }
}

impl ContainerPlugin {
    /// How the lookup of a container stands of which nothing is known; `None` where nobody can be asked, as in a replay.
    pub(crate) fn lookup(&self, id: &CStr) -> Option<Lookup> {
        self.tracker.runtime.as_ref().map(|runtime| runtime.state(id.to_bytes()))
    }
}

impl Awaits for ContainerPlugin {
    fn begin_wait(&mut self, cx: &ExtractCx<'_>) -> Option<NonZeroU64> {
        self.look_up(cx);
        let (entry, container) = (self.memo.awaited, self.memo.container().cloned());
        let asked = self.memo.awaits_container || entry == 0;
        let unknown = asked && self.memo.is_of_unknown_container() && self.tracker.runtime.is_some();
        if !unknown && entry == 0 {
            return None;
        }
        let id = container.as_ref().map_or(self.memo.id(), |container| &container.id);
        // A table that fails has no words of the process: it is then no probe.
        let process = Line::of(&self.threads, &cx.tables, cx.event.tid().cast_signed(), id).unwrap_or_default();
        let waiter = Waiter { id: id.to_owned(), process, unknown, entry, container };
        self.waits.begin(waiter)
    }

    fn wait_state(&mut self, wait: u64) -> Standing<'_> {
        let Some(Waiter { id, unknown, entry, .. }) = self.waits.all.get(&wait) else {
            return Standing::Unknown(c"nobody waits for it any more");
        };
        // Whether it comes at all nobody knows: it is waited for as long as the host does.
        if *entry != 0 && self.tracker.execs.who(*entry).is_none() {
            return Standing::Pending;
        }
        if !unknown || self.waits.arrival(id).is_some() || self.tracker.cache.get(id.to_bytes()).is_some() {
            return Standing::Known;
        }
        match self.lookup(id) {
            // What was sent is about to be parsed.
            Some(Lookup::Pending | Lookup::Known) => Standing::Pending,
            Some(Lookup::Unknown(reason)) => {
                self.waits.reason = text(&reason.to_string());
                Standing::Unknown(&self.waits.reason)
            }
            None => Standing::Unknown(c"container runtimes are not asked any more"),
        }
    }

    fn extract_awaited<'v>(&'v mut self, wait: u64, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let (Some(field), Some(waiter)) = (FieldId::from_number(req.id), self.waits.all.get(&wait)) else {
            return false;
        };
        if let FieldId::K8sExecUser
        | FieldId::K8sExecGroups
        | FieldId::K8sExecImpersonatedUser
        | FieldId::K8sExecAuditId = field
        {
            return who_said(self.tracker.execs.who(waiter.entry), field, out);
        }
        let known = self.waits.arrival(&waiter.id).or_else(|| self.tracker.cache.get(waiter.id.to_bytes()));
        let known = known.or(waiter.container.as_ref()).cloned();
        if let FieldId::ProcIsContainerHealthcheck
        | FieldId::ProcIsContainerLivenessProbe
        | FieldId::ProcIsContainerReadinessProbe = field
        {
            let is = known.and_then(|container| waiter.process.is(field, &container.probes));
            is.into_iter().for_each(|is| out.bool(is));
            return is.is_some();
        }
        self.memo = Memo::of(waiter.id.clone(), known);
        self.value(field, req, out)
    }

    fn end_wait(&mut self, wait: u64) {
        self.waits.end(wait);
    }
}
