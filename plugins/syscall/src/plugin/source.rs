//! The source of events: a capture file.

use core::ffi::CStr;
use std::path::Path;

use lanner_plugin_api::sdk::{Batch, Error, Next, OpenParam, Progress, Source, SourceInstance};

use super::Syscall;
use crate::capture::{CaptureReader, InitialState, Step};
use crate::memory;

/// An open capture.
pub struct Capture {
    path: String,
    reader: CaptureReader,
}

impl Syscall {
    /// Takes over what a recording says about its machine; threads of a recording before it are forgotten.
    fn begin_section(&mut self, initial: Box<InitialState>) {
        self.metas.clear();
        self.next_meta = 0;
        self.state.load(&initial);
        self.machine = initial.machine;
    }
}

impl Source for Syscall {
    const PLUGIN_ID: u32 = 0;
    const EVENT_SOURCE: &'static CStr = c"";
    type Instance = Capture;

    /// Opens a capture, plain or compressed. `params` is its path, a `file://` URL with an absolute path, or the name of a
    /// capture in memory.
    fn open(&mut self, params: &str) -> Result<Capture, Error> {
        let path = params.strip_prefix("file://").unwrap_or(params);
        if path.is_empty() {
            return Err(Error::other("no capture file given: open parameters are the path of a capture"));
        }
        let fail = |e: crate::capture::CaptureError| Error::other(format!("{path}: {e}"));
        let mut reader = match memory::find(params) {
            Some(bytes) => {
                let size = bytes.len() as u64;
                CaptureReader::new(std::io::Cursor::new(bytes), Some(size))
            }
            None => CaptureReader::open(Path::new(path)),
        }
        .map_err(fail)?;
        // The head is read here, so that plugins which look at the threads when a capture begins find them.
        if let Step::Section(initial) = reader.step().map_err(fail)? {
            self.begin_section(initial);
        }
        Ok(Capture { path: path.to_owned(), reader })
    }

    fn list_open_params(&mut self) -> Result<Vec<OpenParam>, Error> {
        let value = "file:///path/to/capture.scap".to_owned();
        let desc = "a capture file, plain or compressed; a plain path does as well".to_owned();
        Ok(vec![OpenParam { value, desc, separator: String::new() }])
    }

    fn machine_info(&mut self) -> Option<String> {
        let machine = self.machine.as_ref()?;
        let info = serde_json::json!({
            "hostname": String::from_utf8_lossy(&machine.hostname),
            "boot_time": machine.boot_ts,
            "cpus": machine.cpus,
            "memory": machine.memory,
            "max_pid": machine.max_pid,
        });
        Some(info.to_string())
    }
}

impl SourceInstance for Capture {
    type Plugin = Syscall;

    fn next_batch<'i>(&'i mut self, plugin: &mut Syscall, batch: &mut Batch<'i>) -> Result<Next, Error> {
        plugin.metas.clear();
        plugin.next_meta = 0;
        let path = &self.path;
        match self.reader.step().map_err(|e| Error::other(format!("{path}: {e}")))? {
            Step::Events(events) => {
                plugin.metas.extend_from_slice(events.meta());
                batch.extend_shared_with(events.bytes().zip(events.meta().iter().copied()))?;
                Ok(Next::More)
            }
            Step::Section(initial) => {
                // Everything of the recording before has been evaluated: the host asked for more.
                plugin.begin_section(initial);
                Ok(Next::More)
            }
            Step::End => Ok(Next::End),
        }
    }

    fn progress(&mut self) -> Option<Progress> {
        let (read, total) = self.reader.progress();
        let total = total.filter(|&t| t > 0)?;
        let share = (read as f64 / total as f64).min(1.0);
        let mib = |n: u64| n as f64 / (1 << 20) as f64;
        let text = format!("{:.1}% ({:.1} of {:.1} MiB)", share * 100.0, mib(read), mib(total));
        Some(Progress { share, text })
    }
}
