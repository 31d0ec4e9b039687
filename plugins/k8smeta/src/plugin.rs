//! The plugin: following events to keep the state up to date.

use std::collections::HashMap;
use std::ffi::{CStr, CString};

use lanner_k8s::cgroup::pod_uid;
use lanner_k8s::{Change, EVENT, Store};
use lanner_plugin_api::export_plugin;
use lanner_plugin_api::sdk::{
    AsyncEvent, AsyncHandle, AsyncSource, Capture, CaptureListener, EntryView, Error, Field, Init, Json, Log, Metrics,
    Parse, ParseCx, Plugin, StateDump, Sub, Table, TableError, TableReader, TableWriter,
};
use lanner_plugin_api::wire::Event;
use rustc_hash::FxBuildHasher;

use crate::config::Config;
use crate::extract::Memo;
use crate::watch::Watcher;

const CLONE: u16 = 223;
const FORK: u16 = 225;
const VFORK: u16 = 227;
const EXECVE: u16 = 293;
const EXECVEAT: u16 = 331;
const CLONE3: u16 = 335;
const ASYNC: u16 = 402;

/// Accessors of the table `threads`.
pub(crate) struct Threads {
    pub(crate) table: Table<i64>,
    pub(crate) pod_uid: Field<CStr>,
    cgroups: Field<Sub<u64>>,
    cgroup_path: Field<CStr>,
    /// Number of the list of cgroups, where the host's threads have one: equal numbers, equal lists.
    cgroups_number: Option<Field<u64>>,
}

/// The plugin.
pub struct K8sMeta {
    pub(crate) threads: Threads,
    pub(crate) store: Store,
    pub(crate) memo: Memo,
    /// Which pod a list of cgroups belongs to, by its number.
    by_number: HashMap<u64, CString, FxBuildHasher>,
    /// Documents that were none.
    broken: u64,
    config: Config,
    log: Log,
    /// Follows the API server, live.
    watcher: Option<Watcher>,
}

impl Plugin for K8sMeta {
    const NAME: &'static CStr = c"k8smeta";
    const DESCRIPTION: &'static CStr = c"Pods and what belongs to them, from the API server of Kubernetes";
    const CONTACT: &'static CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static CStr = c"0.4.1";

    type Config = Json<Config>;

    fn new(init: &mut Init<'_>, Json(config): Json<Config>) -> Result<Self, Error> {
        let t = init.tables()?;
        let table = t.get::<i64>(c"threads")?;
        let cgroups = table.field(t, c"cgroups")?;
        let threads = Threads {
            pod_uid: table.add_field(t, c"pod_uid")?,
            cgroup_path: table.sub_field(t, &cgroups, c"second")?,
            cgroups_number: table.field(t, c"lanner_cgroups").ok(),
            cgroups,
            table,
        };
        Ok(Self {
            threads,
            store: Store::default(),
            memo: Memo::default(),
            by_number: HashMap::default(),
            broken: 0,
            config,
            log: init.log(),
            watcher: None,
        })
    }

    fn metrics(&mut self, out: &mut Metrics<'_>) {
        out.gauge("n_objects", self.store.len() as u64);
        out.gauge("objects_bytes", self.store.bytes() as u64);
        out.counter("n_objects_refused", self.store.refused());
        out.counter("n_documents_broken", self.broken);
        if let Some(watcher) = &self.watcher {
            watcher.metrics(out);
        }
    }
}

impl Parse for K8sMeta {
    const EVENT_TYPES: &'static [u16] = &[ASYNC, CLONE, FORK, VFORK, CLONE3, EXECVE, EXECVEAT];
    const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        self.memo.forget();
        if cx.event.event_type() == ASYNC {
            return self.told(cx);
        }
        let event = Event::parse(cx.event.bytes()).map_err(Error::other)?;
        // A call that failed made no process. A result that is absent (parameters were cut off) counts as success.
        if event.i64(0).is_some_and(|result| result < 0) {
            return Ok(());
        }
        let Some(thread) = self.threads.table.entry(&cx.tables, cx.event.tid().cast_signed()) else { return Ok(()) };
        assign(&self.threads, &mut self.by_number, &thread, &cx.tables, &cx.writer)?;
        Ok(())
    }
}

impl K8sMeta {
    fn told(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        let Some((name, data)) = cx.event.async_payload() else {
            return Err(Error::State("async event whose lengths do not fit"));
        };
        if name.to_bytes() != EVENT.as_bytes() {
            return Ok(());
        }
        match Change::from_json(data) {
            Ok(Some(change)) => self.store.apply(change),
            Ok(None) => {}
            Err(error) => {
                self.broken += 1;
                return Err(Error::other(error));
            }
        }
        Ok(())
    }
}

/// Finds out which pod a thread is in and writes that into it.
fn assign(
    t: &Threads,
    by_number: &mut HashMap<u64, CString, FxBuildHasher>,
    thread: &EntryView<'_>,
    tables: &TableReader<'_>,
    writer: &TableWriter<'_>,
) -> Result<(), TableError> {
    /// Lists that are remembered at most.
    const REMEMBERED: usize = 4096;

    let number = t.cgroups_number.as_ref().map_or(Ok(0), |number| thread.read(number))?;
    if let Some(uid) = by_number.get(&number) {
        return thread.write(writer, &t.pod_uid, uid);
    }
    let mut uid = CString::default();
    thread.table(&t.cgroups)?.for_each(tables, |cgroup| {
        let found = cgroup.read(&t.cgroup_path).ok().and_then(|path| pod_uid(path.to_bytes()));
        uid = found.and_then(|uid| CString::new(uid).ok()).unwrap_or_default();
        uid.is_empty()
    })?;
    thread.write(writer, &t.pod_uid, &uid)?;
    if number != 0 {
        if by_number.len() >= REMEMBERED {
            by_number.clear();
        }
        by_number.insert(number, uid);
    }
    Ok(())
}

impl AsyncSource for K8sMeta {
    const ASYNC_EVENTS: &'static [&'static str] = &[EVENT];
    const ASYNC_EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn start(&mut self, handle: AsyncHandle) -> Result<(), Error> {
        self.watcher = Watcher::start(&self.config, handle, self.log.clone()).map_err(Error::other)?;
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.watcher = None;
        Ok(())
    }

    fn dump_state(&mut self, dump: &StateDump) -> Result<(), Error> {
        for known in self.store.sorted() {
            dump.write(&AsyncEvent { ts: None, tid: None, name: EVENT, data: &known.resource.to_json("Create") })?;
        }
        Ok(())
    }
}

impl CaptureListener for K8sMeta {
    fn capture_open(&mut self, capture: &mut Capture<'_>) -> Result<(), Error> {
        let (tables, writer) = (capture.tables(), capture.writer());
        let Self { threads, by_number, .. } = self;
        let mut failed = None;
        threads.table.for_each(&tables, |thread| {
            failed = assign(threads, by_number, thread, &tables, &writer).err();
            failed.is_none()
        })?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn capture_close(&mut self, _: &mut Capture<'_>) -> Result<(), Error> {
        Ok(())
    }
}

export_plugin!(K8sMeta: extract_raw, parse, async_events, listen);
