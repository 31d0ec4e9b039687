//! An event source that turns each line of a text file into an event, with fields for what stands in it.
//!
//! It shows every capability at its smallest: a source, fields with and without arguments, parsing that keeps state,
//! a table that others can read, async events from a thread of one's own, metrics, and a configuration with schema.
//! `docs/plugin-authors.md` walks through it.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use lanner_plugin_api::export_plugin;
use lanner_plugin_api::raw::StateType;
use lanner_plugin_api::sdk::{
    AsyncEvent, AsyncHandle, AsyncSource, Batch, EntryRef, Error, EventInput, Extract, ExtractCx, FieldSpec, Fields,
    Init, Json, Metrics, Next, Parse, ParseCx, Plugin, Progress, ProvideTables, Source, SourceInstance, StateOut,
    StateValue, TableDecl, TableFault, TableRef,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// `init_config` of the plugin. The host checks it against the schema that is made from this type.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Lines with this word are urgent.
    urgent: String,
    /// Milliseconds between heartbeats; 0 for none.
    heartbeat_ms: u64,
}

/// The plugin.
struct Lines {
    config: Config,
    lines: u64,
    /// How many lines had which `level=`.
    levels: BTreeMap<String, u64>,
    heart: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Plugin for Lines {
    const NAME: &'static CStr = c"lines";
    const DESCRIPTION: &'static CStr = c"The lines of a text file as events";
    const CONTACT: &'static CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static CStr = c"0.1.0";

    type Config = Json<Config>;

    fn new(init: &mut Init<'_>, Json(config): Json<Config>) -> Result<Self, Error> {
        init.log().info("ready");
        Ok(Self { config, lines: 0, levels: BTreeMap::new(), heart: None })
    }

    fn set_config(&mut self, Json(config): Json<Config>) -> Result<(), Error> {
        self.config = config;
        Ok(())
    }

    fn metrics(&mut self, out: &mut Metrics<'_>) {
        out.counter("lines_read", self.lines);
        out.gauge("levels", self.levels.len() as u64);
    }
}

// --- Source: a file is opened, lines come out -----------------------------------------------------------------------

impl Source for Lines {
    const PLUGIN_ID: u32 = 999; // for development; a published plugin registers its own
    const EVENT_SOURCE: &'static CStr = c"lines";

    type Instance = Reader;

    fn open(&mut self, params: &str) -> Result<Reader, Error> {
        let file = File::open(params)?;
        let size = file.metadata()?.len();
        Ok(Reader { input: BufReader::new(file), line: Vec::new(), number: 0, read: 0, size })
    }

    fn event_to_string(&mut self, event: &EventInput<'_>, out: &mut String) -> bool {
        let Some((number, text)) = line(event) else { return false };
        *out = format!("line {number}: {}", String::from_utf8_lossy(text));
        true
    }
}

/// An opened file.
struct Reader {
    input: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    read: u64,
    size: u64,
}

impl SourceInstance for Reader {
    type Plugin = Lines;

    fn next_batch<'i>(&'i mut self, plugin: &mut Lines, batch: &mut Batch<'i>) -> Result<Next, Error> {
        while batch.len() < 64 {
            self.line.clear();
            let n = self.input.read_until(b'\n', &mut self.line)?;
            if n == 0 {
                return Ok(Next::End);
            }
            self.read += n as u64;
            self.number += 1;
            plugin.lines += 1;
            let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            let now = lanner_plugin_api::raw::TS_NOW;
            // The payload is the plugin's own business. Here: the number of the line, then its text.
            batch.payload_with(now, |out| {
                out.extend(&self.number.to_le_bytes());
                out.extend(text);
            })?;
        }
        Ok(Next::More)
    }

    fn progress(&mut self) -> Option<Progress> {
        let share = if self.size == 0 { 1.0 } else { self.read as f64 / self.size as f64 };
        Some(Progress { share, text: format!("{} of {} bytes", self.read, self.size) })
    }
}

/// Number and text of the line in an event.
fn line<'a>(event: &EventInput<'a>) -> Option<(u64, &'a [u8])> {
    let (_, payload) = event.plugin_payload()?;
    let (number, text) = payload.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), text))
}

/// The text of the line, if it is UTF-8.
fn text<'a>(event: &EventInput<'a>) -> Option<&'a str> {
    std::str::from_utf8(line(event)?.1).ok()
}

/// What stands behind `key=`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

// --- Extract: type, list-ness and argument of each field are those of its function -----------------------------------

impl Extract for Lines {
    fn fields(fields: &mut Fields<Self>) {
        fields.add("line.text", "The line", Self::text).display("Text").suggested();
        fields.add("line.number", "Number of the line, from 1", |_: &mut Self, cx: &ExtractCx<'_>| {
            line(&cx.event).map(|(number, _)| number)
        });
        fields.add("line.urgent", "Whether the line has the configured word", Self::urgent);
        fields.add("line.words", "The words of the line", Self::words);
        fields.add("line.word", "One word, counted from 0", Self::word);
        fields.add("line.value", "What stands behind `key=`", Self::value);
    }
}

impl Lines {
    fn text<'a>(&'a mut self, cx: &'a ExtractCx<'a>) -> Option<&'a str> {
        text(&cx.event)
    }

    fn urgent(&mut self, cx: &ExtractCx<'_>) -> Option<bool> {
        let word = self.config.urgent.as_str();
        Some(!word.is_empty() && text(&cx.event)?.split_whitespace().any(|w| w == word))
    }

    fn words<'a>(&'a mut self, cx: &'a ExtractCx<'a>) -> Option<Vec<&'a str>> {
        Some(text(&cx.event)?.split_whitespace().collect())
    }

    fn word<'a>(&'a mut self, cx: &'a ExtractCx<'a>, index: u64) -> Option<&'a str> {
        text(&cx.event)?.split_whitespace().nth(usize::try_from(index).ok()?)
    }

    fn value<'a>(&'a mut self, cx: &'a ExtractCx<'a>, key: &'a str) -> Option<&'a str> {
        value(text(&cx.event)?, key)
    }
}

// --- Parse: every event passes here before rules see it ---------------------------------------------------------------

impl Parse for Lines {
    fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
        if let Some(level) = text(&cx.event).and_then(|t| value(t, "level")) {
            // What comes from outside must not fill the memory.
            if self.levels.len() < 1000 || self.levels.contains_key(level) {
                *self.levels.entry(level.to_owned()).or_default() += 1;
            }
        }
        Ok(())
    }
}

// --- Tables: what `parse` counts, for other plugins to read ------------------------------------------------------------

impl ProvideTables for Lines {
    const TABLES: &'static [TableDecl] = &[TableDecl { id: 0, name: c"line_levels", key_type: StateType::STRING }];

    fn table_fields(&mut self, _: u32) -> Vec<FieldSpec> {
        vec![FieldSpec { name: c"count".into(), ty: StateType::UINT64, read_only: true }]
    }

    fn table_size(&mut self, _: TableRef) -> u64 {
        self.levels.len() as u64
    }

    fn entry(&mut self, _: TableRef, key: StateValue<'_>) -> Option<EntryRef> {
        let key = key.as_cstr()?.to_str().ok()?;
        self.levels.keys().position(|level| level == key).map(|at| EntryRef(at as u64))
    }

    fn entries(&mut self, _: TableRef, out: &mut Vec<EntryRef>) {
        out.extend((0..self.levels.len() as u64).map(EntryRef));
    }

    fn read_field(&mut self, _: TableRef, entry: EntryRef, _: u32, out: &mut StateOut<'_>) -> Result<(), TableFault> {
        let at = usize::try_from(entry.0).map_err(|_| TableFault::NoEntry)?;
        out.u64(*self.levels.values().nth(at).ok_or(TableFault::NoEntry)?);
        Ok(())
    }
}

// --- Async events: from a thread of the plugin's own -------------------------------------------------------------------

impl AsyncSource for Lines {
    const ASYNC_EVENTS: &'static [&'static str] = &["heartbeat"];

    fn start(&mut self, handle: AsyncHandle) -> Result<(), Error> {
        if self.config.heartbeat_ms == 0 {
            return Ok(());
        }
        let every = Duration::from_millis(self.config.heartbeat_ms);
        let (stop, stopped) = channel();
        let beat = move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                // A host that is busy may refuse one; the next may be taken.
                let _ = handle.send(&AsyncEvent { ts: None, tid: None, name: "heartbeat", data: b"" });
            }
        };
        self.heart = Some((stop, std::thread::Builder::new().name("heartbeat".into()).spawn(beat)?));
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Error> {
        if let Some((stop, thread)) = self.heart.take() {
            drop(stop);
            thread.join().map_err(|_| Error::other("the heartbeat panicked"))?;
        }
        Ok(())
    }
}

export_plugin!(Lines: source, extract, parse, async_events, tables);
