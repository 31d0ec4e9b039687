//! The plugin in the hands of a host, asking only the runtimes of a test.

use std::path::Path;
use std::time::{Duration, Instant};

use lanner_container::PLUGIN_API;
use lanner_plugin_api::raw::{self, Rc};
use serde_json::Value;

use crate::common::tables::{READER, WRITER};
use crate::common::{self, Host};
use crate::lab::daemon::PATIENCE;
use crate::threads;

/// The plugin, watching.
pub(crate) struct Told {
    plugin: Host,
    threads: Host,
}

impl Told {
    /// Starts it. `sockets` are names of engines with their sockets; the others look where nothing can be.
    pub(crate) fn start(sockets: &[(&str, &Path)]) -> Self {
        let engine = |name: &str| {
            let socket = sockets.iter().find(|(engine, _)| *engine == name);
            let path = socket.map_or("/dev/null/none".to_owned(), |(_, path)| path.display().to_string());
            (name.to_owned(), serde_json::json!({"enabled": true, "sockets": [path]}))
        };
        let mut engines: serde_json::Map<String, Value> =
            ["docker", "podman", "cri", "containerd"].into_iter().map(engine).collect();
        engines
            .extend(["lxc", "libvirt_lxc", "bpm"].map(|name| (name.to_owned(), serde_json::json!({"enabled": true}))));
        let config = serde_json::json!({"engines": engines, "log_level": "info"}).to_string();
        let threads = Host::new(threads::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error));
        let plugin = Host::beside(PLUGIN_API, &config, &[&threads]).unwrap_or_else(|f| panic!("{}", f.error));
        assert_eq!(plugin.set_handler(true), Rc::SUCCESS);
        Self { plugin, threads }
    }

    /// Documents of the events of this name about the container.
    fn all(&self, name: &str, id: &str) -> Vec<Value> {
        let begin = [name.as_bytes(), b"\0"].concat();
        let events = self.plugin.owner.async_events.lock().unwrap().clone();
        let json = |event: &Vec<u8>| -> Option<Value> {
            let json = event.get(raw::ASYNC_NAME_OFFSET..)?.strip_prefix(&begin[..])?.strip_suffix(b"\0")?;
            Some(serde_json::from_slice::<Value>(json).unwrap()["container"].take())
        };
        events.iter().filter_map(json).filter(|document| document["id"] == id.get(..12).unwrap_or(id)).collect()
    }

    fn wait(&self, what: &str, mut found: impl FnMut() -> Option<Value>) -> Value {
        let begin = Instant::now();
        loop {
            if let Some(document) = found() {
                return document;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {:#?}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the container is told of with these values, by JSON pointers.
    pub(crate) fn of(&self, id: &str, values: &[(&str, Value)]) -> Value {
        let begin = Instant::now();
        let mut last = Vec::new();
        let document = loop {
            let all = self.all("container", id);
            let good = |d: &&Value| values.iter().all(|(pointer, value)| d.pointer(pointer) == Some(value));
            if let Some(document) = all.iter().find(good) {
                break document.clone();
            }
            assert!(begin.elapsed() < PATIENCE, "{id} with {values:#?}: {last:#?} {:#?}", self.log());
            last = all;
            std::thread::sleep(Duration::from_millis(5));
        };
        eprintln!("{id}: told of after {:?}", begin.elapsed());
        document
    }

    /// Waits until its removal is told of.
    pub(crate) fn removed(&self, id: &str) {
        self.wait(&format!("removal of {id}"), || self.all("container_removed", id).pop());
    }

    /// Shows the plugin the threads there are, some of which are in containers that nobody knows.
    pub(crate) fn open(&self) {
        let input = raw::CaptureListenInput {
            owner: self.plugin.owner_ptr(),
            routine: std::ptr::null_mut(),
            table_reader_ext: (&raw const READER).cast_mut(),
            table_writer_ext: (&raw const WRITER).cast_mut(),
            get_owner_last_error: Some(common::owner_error),
        };
        let rc = unsafe { PLUGIN_API.capture_open.unwrap()(self.plugin.state, &input) };
        assert_eq!(rc, Rc::SUCCESS);
    }

    /// Waits until a metric has this value.
    pub(crate) fn metric(&self, name: &str, value: u64) {
        self.wait(&format!("{name} = {value}: {:?}", self.plugin.metrics()), || {
            let metrics = self.plugin.metrics();
            metrics.iter().any(|(n, v)| n == name && *v == value).then_some(Value::Null)
        });
    }

    /// What it has written to the log.
    pub(crate) fn log(&self) -> Vec<String> {
        self.plugin.owner.log.lock().unwrap().clone()
    }
}
