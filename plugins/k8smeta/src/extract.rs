//! Values of the fields.

use std::ffi::{CStr, CString};

use lanner_k8s::store::Known;
use lanner_k8s::{Kind, Store};
use lanner_plugin_api::sdk::{ExtractCx, ExtractRaw, FieldDef, FieldRequest, ValueSink};

use crate::fields::{FIELDS, Field, Part};
use crate::plugin::K8sMeta;

/// The pod of the event that was last asked about: rules ask for several fields of one event.
#[derive(Default)]
pub(crate) struct Memo {
    /// Number, time and thread of the event.
    event: Option<(u64, u64, u64)>,
    /// Uid of its pod; empty outside of pods.
    uid: CString,
}

impl Memo {
    /// The state has changed.
    pub(crate) fn forget(&mut self) {
        self.event = None;
    }
}

impl K8sMeta {
    /// Finds the pod of the event.
    fn look_up(&mut self, cx: &ExtractCx<'_>) {
        let event = (cx.event.num(), cx.event.ts(), cx.event.tid());
        if self.memo.event == Some(event) {
            return;
        }
        self.memo.event = Some(event);
        let thread = self.threads.table.entry(&cx.tables, event.2.cast_signed());
        let uid = thread.as_ref().and_then(|thread| thread.read(&self.threads.pod_uid).ok()).unwrap_or_default();
        // Most events are outside of pods or of the pod of the event before: then nothing is allocated.
        if self.memo.uid.as_c_str() != uid {
            self.memo.uid = uid.to_owned();
        }
    }
}

impl ExtractRaw for K8sMeta {
    const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn field_defs() -> Vec<FieldDef> {
        FIELDS.iter().map(Field::def).collect()
    }

    fn extract<'v>(&'v mut self, cx: &ExtractCx<'v>, req: &FieldRequest<'v>, out: &mut ValueSink<'v>) -> bool {
        let Some(field) = FIELDS.get(req.id as usize) else { return false };
        self.look_up(cx);
        let this: &'v Self = self;
        let Some(pod) = this.store.pod(&this.memo.uid) else { return false };
        let key = req.arg.key.map(CStr::to_bytes);
        if field.kind == Kind::Service && req.list {
            services(&this.store, pod, field.part, key, out)
        } else {
            one(&this.store, pod, *field, key, out)
        }
    }
}

/// The values of all services of a pod.
fn services<'v>(store: &'v Store, pod: &'v Known, part: Part, key: Option<&[u8]>, out: &mut ValueSink<'v>) -> bool {
    if part == Part::Uid {
        store.uids(pod, Kind::Service).for_each(|uid| out.str(uid));
    } else {
        store.of(pod, Kind::Service).for_each(|service| {
            of_object(service, part, key, out);
        });
    }
    !out.is_empty()
}

/// A value of the pod, or of the first object of that kind that belongs to it.
fn one<'v>(store: &'v Store, pod: &'v Known, field: Field, key: Option<&[u8]>, out: &mut ValueSink<'v>) -> bool {
    match (field.kind, field.part) {
        (Kind::Pod, _) => of_object(pod, field.part, key, out),
        // The pod itself says so: known even while the namespace is not.
        (Kind::Namespace, Part::Name) if !pod.namespace.is_empty() => {
            out.cstr(&pod.namespace);
            true
        }
        (kind, Part::Uid) => match store.uids(pod, kind).next() {
            Some(uid) => {
                out.str(uid);
                true
            }
            None => false,
        },
        (kind, part) => store.of(pod, kind).next().is_some_and(|object| of_object(object, part, key, out)),
    }
}

fn of_object<'v>(known: &'v Known, part: Part, key: Option<&[u8]>, out: &mut ValueSink<'v>) -> bool {
    let text: Option<&'v CStr> = match part {
        Part::Name => Some(&*known.name).filter(|name| !name.is_empty()),
        Part::Uid => Some(&known.uid),
        Part::Label => key.and_then(|key| known.labels.get(key)).map(|label| &**label),
        Part::Labels => {
            known.pairs.iter().for_each(|pair| out.cstr(pair));
            return !known.pairs.is_empty();
        }
        Part::Ip => known.ip.as_deref(),
        Part::OwnerKind => known.owner.as_ref().map(|owner| &*owner.kind),
        Part::OwnerName => known.owner.as_ref().map(|owner| &*owner.name),
        Part::OwnerUid => known.owner.as_ref().map(|owner| &*owner.uid),
    };
    text.inspect(|text| out.cstr(text)).is_some()
}
