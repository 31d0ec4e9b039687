//! The plugin: following events to keep the state up to date, and telling others about it.

use std::ffi::CStr;
use std::path::PathBuf;
use std::rc::Rc;

use lanner_k8s::exec::Told;
use lanner_k8s::{Change, EVENT, EXEC_EVENT};
use lanner_plugin_api::export_plugin;
use lanner_plugin_api::sdk::{
    AsyncEvent, AsyncHandle, AsyncSource, Capture, CaptureListener, Error, Init, Json, Log, Metrics, Parse, ParseCx,
    Plugin, StateDump,
};
use lanner_plugin_api::wire::Event;

use crate::config::Config;
use crate::extract::{Memo, Patterns, SeenLookup};
use crate::info::{Container, ContainerType, Document};
use crate::lineage::{Begun, place, place_of};
use crate::runtime::Worker;
use crate::track::{Threads, Tracker, payload, send};
use crate::wait::Waits;

/// Name of the async event that tells about a container.
pub const ADDED: &str = "container";
/// Name of the async event that tells that a container is gone.
pub const REMOVED: &str = "container_removed";

const PROCEXIT: u16 = 186;
const CLONE: u16 = 223;
const FORK: u16 = 225;
const VFORK: u16 = 227;
pub(crate) const CONTAINER: u16 = 228;
const EXECVE_16: u16 = 231;
const CHROOT: u16 = 267;
pub(crate) const CONTAINER_JSON: u16 = 272;
const EXECVE_17: u16 = 283;
const EXECVE_18: u16 = 289;
const EXECVE_19: u16 = 293;
pub(crate) const CONTAINER_JSON_2: u16 = 324;
const EXECVEAT: u16 = 331;
const CLONE3: u16 = 335;
pub(crate) const ASYNC: u16 = 402;

/// The container plugin.
pub struct ContainerPlugin {
    pub(crate) threads: Threads,
    pub(crate) tracker: Tracker,
    pub(crate) memo: Memo,
    pub(crate) patterns: Patterns,
    pub(crate) waits: Waits,
    pub(crate) seen_lookup: Option<SeenLookup>,
    config: Config,
    log: Log,
    /// Talks to the runtimes, live.
    worker: Option<Worker>,
}

impl Plugin for ContainerPlugin {
    const NAME: &'static CStr = c"container";
    const DESCRIPTION: &'static CStr = c"Container ids from cgroups, container metadata from the container runtimes";
    const CONTACT: &'static CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static CStr = c"0.7.1";

    type Config = Json<Config>;

    fn new(init: &mut Init<'_>, Json(config): Json<Config>) -> Result<Self, Error> {
        let threads = Threads::new(init)?;
        let tracker = Tracker::new(&config);
        Ok(Self {
            threads,
            tracker,
            memo: Memo::default(),
            patterns: Patterns::default(),
            waits: Waits::default(),
            seen_lookup: None,
            config,
            log: init.log(),
            worker: None,
        })
    }

    fn metrics(&mut self, out: &mut Metrics<'_>) {
        // Without the entry of the host.
        out.gauge("n_containers", (self.tracker.cache.len() as u64).saturating_sub(1));
        out.gauge("n_containers_bytes", self.tracker.cache.bytes() as u64);
        out.counter("n_containers_shed", self.tracker.cache.shed());
        out.counter("n_containers_refused", self.tracker.cache.refused());
        out.counter("n_missing_container_images", self.tracker.missing_images);
        out.gauge("n_awaited_containers", self.waits.len() as u64);
        let execs = &self.tracker.execs;
        out.gauge("n_exec_processes", execs.len() as u64);
        out.counter("n_exec_processes_evicted", execs.evicted);
        out.counter("n_exec_sessions_matched", execs.matched);
        out.counter("n_exec_sessions_ambiguous", execs.ambiguous);
        if let Some(worker) = &self.worker {
            worker.metrics(out);
        }
    }
}

impl Parse for ContainerPlugin {
    const EVENT_TYPES: &'static [u16] = &[
        ASYNC,
        CONTAINER,
        CONTAINER_JSON,
        CONTAINER_JSON_2,
        CLONE,
        FORK,
        VFORK,
        CLONE3,
        EXECVE_16,
        EXECVE_17,
        EXECVE_18,
        EXECVE_19,
        EXECVEAT,
        CHROOT,
        PROCEXIT,
    ];
    const EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        self.memo.forget();
        match cx.event.event_type() {
            ASYNC => self.async_event(cx),
            CONTAINER => self.container_event(cx),
            CONTAINER_JSON | CONTAINER_JSON_2 => {
                let event = Event::parse(cx.event.bytes()).map_err(Error::other)?;
                let json = event.param(0).ok_or(Error::State("container event without document"))?;
                self.known(cx.event.num(), Container::from_json(json).map_err(Error::other)?);
                Ok(())
            }
            PROCEXIT => self.exit(cx),
            _ => self.new_process(cx),
        }
    }
}

impl ContainerPlugin {
    /// Takes note of a container that an event tells about.
    fn known(&mut self, num: u64, container: Container) -> Rc<Container> {
        let container = Rc::new(container);
        self.tracker.remember(Rc::clone(&container));
        self.waits.arrived(&container);
        if self.tracker.execs.len() > 0
            && let Some(place) = place_of(&container)
        {
            self.tracker.execs.located(&container.id, place);
        }
        // Fields of the very event are those of its container: no thread has the id yet.
        self.tracker.last = Some((num, Rc::clone(&container)));
        container
    }

    fn async_event(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        let Some((name, data)) = cx.event.async_payload() else {
            return Err(Error::State("async event whose lengths do not fit"));
        };
        match name.to_str() {
            Ok(EVENT) => return self.pod_told(data),
            Ok(EXEC_EVENT) => return self.session_told(data),
            _ => {}
        }
        let added = name.to_bytes() == ADDED.as_bytes();
        if !added && name.to_bytes() != REMOVED.as_bytes() {
            return Ok(());
        }
        let container = Container::from_json(data).map_err(Error::other)?;
        let container = if added {
            self.known(cx.event.num(), container)
        } else {
            let container = Rc::new(container);
            self.waits.arrived(&container);
            self.tracker.cache.remove(container.id.to_bytes());
            if let Some(runtime) = &self.tracker.runtime {
                runtime.forget(container.id.to_bytes());
            }
            self.tracker.last = Some((cx.event.num(), Rc::clone(&container)));
            container
        };
        if !container.doc.is_pod_sandbox && container.doc.image.is_empty() {
            self.tracker.missing_images += 1;
        }
        Ok(())
    }

    /// What Kubernetes' API says of a pod or of what belongs to one.
    fn pod_told(&mut self, data: &[u8]) -> Result<(), Error> {
        if let Some(change) = Change::from_json(data).map_err(Error::other)? {
            self.tracker.pods.apply(change);
        }
        Ok(())
    }

    /// What the audit log says of a session in a pod.
    fn session_told(&mut self, data: &[u8]) -> Result<(), Error> {
        let Tracker { execs, cache, pods, .. } = &mut self.tracker;
        match Told::from_json(data).map_err(Error::other)? {
            Told::Watching => execs.watched = true,
            Told::Session(session) => execs.told(*session, |id, pod_uid| place(cache, pods, id, pod_uid)),
        }
        Ok(())
    }

    /// The oldest form: id, type, name and image as parameters.
    fn container_event(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        let event = Event::parse(cx.event.bytes()).map_err(Error::other)?;
        let text = |i| event.text(i).map(|t| String::from_utf8_lossy(t).into_owned()).unwrap_or_default();
        let document = Document {
            id: text(0),
            kind: ContainerType(event.u32(1).ok_or(Error::State("container event without type"))?),
            name: text(2),
            image: text(3),
            ..Document::default()
        };
        self.known(cx.event.num(), Container::new(document));
        Ok(())
    }

    fn new_process(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        let event = Event::parse(cx.event.bytes()).map_err(Error::other)?;
        // A call that failed made no process. A result that is absent (parameters were cut off) counts as success.
        if event.i64(0).is_some_and(|result| result < 0) {
            return Ok(());
        }
        let Some(entry) = self.threads.table.entry(&cx.tables, cx.event.tid().cast_signed()) else { return Ok(()) };
        self.tracker.assign(&self.threads, &entry, &cx.tables, &cx.writer)?;
        let executed = !matches!(cx.event.event_type(), CLONE | FORK | VFORK | CLONE3 | CHROOT);
        let begun = Begun { tid: cx.event.tid().cast_signed(), at: cx.event.ts(), executed };
        self.tracker.trace(&self.threads, &entry, begun, &cx.tables, &cx.writer)?;
        Ok(())
    }

    /// A container ends with its first process. In a capture that is recorded too; live, it is told here.
    fn exit(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        if self.tracker.execs.len() > 0
            && let Some(entry) = self.threads.table.entry(&cx.tables, cx.event.tid().cast_signed())
        {
            self.tracker.execs.ended(entry.read(&self.threads.exec_entry)?, cx.event.ts());
        }
        let Some(sender) = self.tracker.sender.clone() else { return Ok(()) };
        let t = &self.threads;
        let Some(entry) = t.table.entry(&cx.tables, cx.event.tid().cast_signed()) else { return Ok(()) };
        let (vtid, vpid) = (entry.read(&t.vtid)?, entry.read(&t.vpid)?);
        if vtid != 1 || vpid != 1 {
            return Ok(());
        }
        let id = entry.read(&t.container_id)?.to_bytes();
        match self.tracker.cache.get(id).filter(|_| !id.is_empty()) {
            Some(container) => send(&sender, REMOVED, container),
            None => Ok(()),
        }
    }
}

/// Where the host's file system is mounted, if this process has another one.
fn host_root() -> PathBuf {
    std::env::var_os("HOST_ROOT").filter(|root| !root.is_empty()).map_or_else(|| "/".into(), PathBuf::from)
}

impl AsyncSource for ContainerPlugin {
    const ASYNC_EVENTS: &'static [&'static str] = &[ADDED, REMOVED];
    const ASYNC_EVENT_SOURCES: &'static [&'static str] = &["syscall"];

    fn start(&mut self, handle: AsyncHandle) -> Result<(), Error> {
        let worker =
            Worker::start(&self.config, host_root(), handle.clone(), self.log.clone()).map_err(Error::other)?;
        self.tracker.runtime = worker.as_ref().map(|worker| worker.handle().clone());
        self.worker = worker;
        self.tracker.sender = Some(handle);
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.tracker.sender = None;
        self.tracker.runtime = None;
        self.worker = None;
        Ok(())
    }

    fn dump_state(&mut self, dump: &StateDump) -> Result<(), Error> {
        for container in self.tracker.cache.sorted() {
            dump.write(&AsyncEvent { ts: None, tid: Some(1), name: ADDED, data: &payload(container)? })?;
        }
        Ok(())
    }
}

impl CaptureListener for ContainerPlugin {
    fn capture_open(&mut self, capture: &mut Capture<'_>) -> Result<(), Error> {
        let (tables, writer) = (capture.tables(), capture.writer());
        let Self { threads, tracker, .. } = self;
        let mut failed = None;
        threads.table.for_each(&tables, |thread| {
            failed = tracker.assign(threads, thread, &tables, &writer).err();
            failed.is_none()
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn capture_close(&mut self, _: &mut Capture<'_>) -> Result<(), Error> {
        Ok(())
    }
}

export_plugin!(ContainerPlugin: extract_raw, parse, async_events, listen, tables, awaits);
