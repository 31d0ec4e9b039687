//! The source of events: a capture file, or the running system.

use core::ffi::CStr;
use std::path::Path;

use lanner_plugin_api::sdk::{Batch, Error, Log, Next, OpenParam, Progress, Source, SourceInstance, Wanted};

use lanner_plugin_api::raw::{EventMeta, LogSeverity};
use lanner_plugin_api::schema::EventType;

use super::Syscall;
use super::metrics::Counted;
use super::upkeep::Upkeep;
use crate::capture::{CaptureReader, InitialState, Step};
use crate::live::{Feature, Live, LiveError, SCHEME, Settings, features, online};
use crate::memory;
use crate::state::Mode;

/// Live events delivered at once: enough that a batch costs nothing per event, few enough that their memory soon goes back.
const LIVE_BATCH: usize = 2048;

/// An open stream of events.
pub enum Input {
    /// A capture file.
    Capture {
        /// Its path.
        path: String,
        /// Its reader.
        reader: Box<CaptureReader>,
    },
    /// The running system.
    Live(Box<Live>),
}

/// One line for each thing that live events need or could use; a warning for what they have to do without.
fn tell(log: &Log, features: &[Feature]) {
    for feature in features {
        let lacks = feature.remedy.is_some() && !feature.needed;
        let severity = if lacks { LogSeverity::WARNING } else { LogSeverity::DEBUG };
        log.log(severity, format!("live: {}", feature.text()));
    }
}

impl Syscall {
    /// Takes over what a recording says about its machine; threads of a recording before it are forgotten.
    fn begin_section(&mut self, initial: Box<InitialState>) {
        self.metas.clear();
        self.next_meta = 0;
        self.state.load(&initial);
        self.machine = initial.machine;
        self.interfaces = initial.interfaces;
        self.epoch += 1;
    }

    /// Attaches the probes, then looks at what runs: what happens meanwhile waits in the buffers.
    fn open_live(&mut self, settings: &str) -> Result<Live, LiveError> {
        let settings = if settings.is_empty() { Settings::default() } else { serde_json::from_str(settings)? };
        // Before the attempt: what fails it is among them.
        tell(&self.log, &features());
        let online = online();
        if usize::from(settings.cpus_for_each_buffer) > online {
            self.log.warning(format!(
                "cpus_for_each_buffer is {}, but {online} processors are on: all of them share one buffer, as with 0",
                settings.cpus_for_each_buffer
            ));
        }
        let live = Live::open(&settings)?;
        for (program, why) in live.refused() {
            self.log.warning(format!("'{program}' is not watched: {why}"));
        }
        self.state.set_mode(Mode::Live);
        self.counted = Some(Counted::new(&live));
        self.upkeep = Some(Upkeep::new(&live, &settings));
        self.begin_section(Box::new(live.scan()));
        self.extractor.look_inside();
        self.state.set_lookup(Some(Box::new(live.looker().clone())));
        Ok(live)
    }
}

impl Source for Syscall {
    const PLUGIN_ID: u32 = 0;
    const EVENT_SOURCE: &'static CStr = c"";
    type Instance = Input;

    /// Opens a capture, plain or compressed (`params` is its path, a `file://` URL with an absolute path, or the name of a
    /// capture in memory), or the running system (`live:`, then [`Settings`]).
    fn open(&mut self, params: &str) -> Result<Input, Error> {
        if let Some(settings) = params.strip_prefix(SCHEME) {
            return self.open_live(settings).map(|live| Input::Live(Box::new(live))).map_err(Error::other);
        }
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
        Ok(Input::Capture { path: path.to_owned(), reader: Box::new(reader) })
    }

    fn list_open_params(&mut self) -> Result<Vec<OpenParam>, Error> {
        let value = "file:///path/to/capture.scap".to_owned();
        let desc = "a capture file, plain or compressed; a plain path does as well".to_owned();
        let live = serde_json::to_string(&Settings::default())?;
        let live_desc = "the running system, with these settings or none".to_owned();
        Ok(vec![
            OpenParam { value, desc, separator: String::new() },
            OpenParam { value: format!("{SCHEME}{live}"), desc: live_desc, separator: String::new() },
        ])
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

    fn write_capture_head(&mut self, keep_closing: bool, out: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        self.write_head(keep_closing, out)?;
        Ok(true)
    }

    fn state_epoch(&mut self) -> u64 {
        self.epoch
    }
}

impl SourceInstance for Input {
    type Plugin = Syscall;

    fn next_batch<'i>(&'i mut self, plugin: &mut Syscall, batch: &mut Batch<'i>) -> Result<Next, Error> {
        plugin.metas.clear();
        plugin.next_meta = 0;
        match self {
            Self::Capture { path, reader } => next_recorded(path, reader, plugin, batch),
            Self::Live(live) => next_live(live, plugin, batch),
        }
    }

    fn want_events(&mut self, plugin: &mut Syscall, wanted: Wanted<'_>) -> Result<bool, Error> {
        let Self::Live(live) = self else { return Ok(false) };
        if let Some(base) = &plugin.config.base_syscalls {
            live.rest_on(&base.base());
        }
        live.want(Some(wanted)).map_err(Error::other)?;
        Ok(true)
    }

    fn progress(&mut self) -> Option<Progress> {
        let Self::Capture { reader, .. } = self else { return None };
        let (read, total) = reader.progress();
        let total = total.filter(|&t| t > 0)?;
        let share = (read as f64 / total as f64).min(1.0);
        let mib = |n: u64| n as f64 / (1 << 20) as f64;
        let text = format!("{:.1}% ({:.1} of {:.1} MiB)", share * 100.0, mib(read), mib(total));
        Some(Progress { share, text })
    }
}

fn next_recorded<'i>(
    path: &str,
    reader: &'i mut CaptureReader,
    plugin: &mut Syscall,
    batch: &mut Batch<'i>,
) -> Result<Next, Error> {
    match reader.step().map_err(|e| Error::other(format!("{path}: {e}")))? {
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

fn next_live<'i>(live: &'i mut Live, plugin: &mut Syscall, batch: &mut Batch<'i>) -> Result<Next, Error> {
    // The events of the batch before have been evaluated: the host asked for more.
    live.release();
    if let Some(upkeep) = &mut plugin.upkeep
        && upkeep.work(&mut plugin.state, live.now())
    {
        plugin.epoch += 1;
    }
    if let Some(upkeep) = &mut plugin.upkeep {
        live.tell(upkeep.take_told());
    }
    let mut broken = None;
    let n = live.deliver(LIVE_BATCH, |event| {
        let code =
            event.bytes.get(20..22).and_then(|code| code.first_chunk()).map_or(0, |code| u16::from_le_bytes(*code));
        let hidden = if EventType(code).is_hidden() { EventMeta::HIDDEN } else { 0 };
        let meta = EventMeta { num: event.number, cpu: event.cpu, flags: hidden | event.mark };
        match batch.push_shared_with(event.bytes, meta) {
            Ok(()) => plugin.metas.push(meta),
            Err(error) => broken = Some(error),
        }
    });
    match broken {
        Some(error) => Err(error.into()),
        None if n == 0 => Ok(Next::Wait),
        None => Ok(Next::More),
    }
}
