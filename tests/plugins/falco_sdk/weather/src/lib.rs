//! A source of weather readings that keeps a table of its stations: sourcing, parsing, extraction, async events, capture
//! listening and an exported table with a nested one, all in one plugin.

use std::ffi::{CStr, CString};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use falco_plugin::anyhow::{self, anyhow, Error};
use falco_plugin::async_event::{AsyncEventPlugin, AsyncHandler, BackgroundTask};
use falco_plugin::base::{Json, Metric, MetricLabel, MetricType, MetricValue, Plugin};
use falco_plugin::event::events::{Event, RawEvent};
use falco_plugin::event::PluginEvent;
use falco_plugin::extract::{field, ExtractFieldInfo, ExtractPlugin, ExtractRequest};
use falco_plugin::listen::{CaptureListenInput, CaptureListenPlugin, Routine};
use falco_plugin::parse::{EventInput, ParseInput, ParsePlugin};
use falco_plugin::schemars::JsonSchema;
use falco_plugin::serde::Deserialize;
use falco_plugin::source::{EventBatch, SourcePlugin, SourcePluginInstance};
use falco_plugin::tables::{export, TablesInput};
use falco_plugin::{
    async_event_plugin, capture_listen_plugin, extract_plugin, parse_plugin, plugin, source_plugin, FailureReason,
};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "falco_plugin::serde")]
#[schemars(crate = "falco_plugin::schemars")]
pub struct Config {
    /// Readings until the stream ends.
    readings: u64,
    /// Readings per batch.
    batch: u64,
}

type Stations = export::Table<u64, Station>;
type History = export::Table<u64, Reading>;

#[derive(export::Entry)]
struct Station {
    readings: export::Public<u64>,
    last: export::Readonly<u64>,
    label: export::Public<CString>,
    history: Box<History>,
}

#[derive(export::Entry)]
struct Reading {
    degrees: export::Public<u64>,
}

struct Weather {
    config: Config,
    stations: Box<Stations>,
    task: Arc<BackgroundTask>,
    thread: Option<JoinHandle<Result<(), Error>>>,
    routine: Option<Routine>,
    routine_calls: Arc<AtomicU64>,
    gusts: u64,
}

impl Plugin for Weather {
    const NAME: &'static CStr = c"weather";
    const PLUGIN_VERSION: &'static CStr = c"2.3.4";
    const DESCRIPTION: &'static CStr = c"weather readings";
    const CONTACT: &'static CStr = c"tests";
    type ConfigType = Json<Config>;

    fn new(input: Option<&TablesInput>, Json(config): Json<Config>) -> Result<Self, Error> {
        let input = input.ok_or_else(|| anyhow!("no tables"))?;
        let stations = input.add_table(Stations::new(c"stations")?)?;
        Ok(Self {
            config,
            stations,
            task: Arc::default(),
            thread: None,
            routine: None,
            routine_calls: Arc::default(),
            gusts: 0,
        })
    }

    fn set_config(&mut self, Json(config): Json<Config>) -> Result<(), Error> {
        anyhow::ensure!(config.batch > 0, "a batch needs at least one reading");
        self.config = config;
        Ok(())
    }

    fn get_metrics(&mut self) -> impl IntoIterator<Item = Metric> {
        [
            Metric::new(MetricLabel::new(c"gusts", MetricType::Monotonic), MetricValue::U64(self.gusts)),
            Metric::new(
                MetricLabel::new(c"routine_calls", MetricType::Monotonic),
                MetricValue::U64(self.routine_calls.load(Ordering::Relaxed)),
            ),
        ]
    }
}

struct Stream {
    next: u64,
}

impl SourcePlugin for Weather {
    type Instance = Stream;
    const EVENT_SOURCE: &'static CStr = c"weather";
    const PLUGIN_ID: u32 = 888;
    type Event<'a> = Event<PluginEvent<&'a [u8]>>;

    fn open(&mut self, params: Option<&str>) -> Result<Stream, Error> {
        match params {
            Some("storm") => Err(anyhow!("no readings in a storm")),
            _ => Ok(Stream { next: 0 }),
        }
    }

    fn event_to_string(&mut self, event: &EventInput<Self::Event<'_>>) -> Result<CString, Error> {
        let event = event.event()?;
        Ok(CString::new(format!("reading: {}", String::from_utf8_lossy(event.params.event_data)))?)
    }
}

impl SourcePluginInstance for Stream {
    type Plugin = Weather;

    fn next_batch(&mut self, plugin: &mut Weather, batch: &mut EventBatch) -> Result<(), Error> {
        if self.next == plugin.config.readings {
            return Err(anyhow!("no more readings").context(FailureReason::Eof));
        }
        for n in self.next..plugin.config.readings.min(self.next + plugin.config.batch) {
            let reading = format!("{} {}", n % 3, 10 + n);
            batch.add(Self::plugin_event(reading.as_bytes()))?;
            self.next = n + 1;
        }
        Ok(())
    }
}

/// "station degrees"
fn reading(data: &[u8]) -> Result<(u64, u64), Error> {
    let text = std::str::from_utf8(data)?;
    let (station, degrees) = text.split_once(' ').ok_or_else(|| anyhow!("no reading: {text}"))?;
    Ok((station.parse()?, degrees.parse()?))
}

impl ParsePlugin for Weather {
    type Event<'a> = RawEvent<'a>;

    fn parse_event(&mut self, event: &EventInput<RawEvent>, _input: &ParseInput) -> Result<(), Error> {
        let event = event.event()?;
        if event.event_type == 402 {
            self.gusts += 1;
            return Ok(());
        }
        let event = event.load::<PluginEvent<&[u8]>>()?;
        let (station, degrees) = reading(event.params.event_data)?;
        let mut entry = match self.stations.lookup(&station) {
            Some(entry) => entry,
            None => {
                let mut entry = self.stations.create_entry()?;
                *entry.label = CString::new(format!("station {station}"))?;
                self.stations.insert(&station, entry).ok_or_else(|| anyhow!("no room"))?
            }
        };
        let mut past = entry.history.create_entry()?;
        *past.degrees = degrees;
        let n = *entry.readings;
        entry.history.insert(&n, past);
        *entry.readings = n + 1;
        *entry.last = degrees;
        Ok(())
    }
}

impl Weather {
    fn degrees(&mut self, req: ExtractRequest<Self>) -> Result<u64, Error> {
        Ok(reading(req.event.event()?.params.event_data)?.1)
    }

    fn words(&mut self, req: ExtractRequest<Self>) -> Result<Vec<CString>, Error> {
        let event = req.event.event()?;
        let words = event.params.event_data.split(|b| *b == b' ').map(|w| Ok(CString::new(w)?));
        words.collect()
    }

    fn past(&mut self, req: ExtractRequest<Self>, n: u64) -> Result<u64, Error> {
        let (station, _) = reading(req.event.event()?.params.event_data)?;
        let station = self.stations.lookup(&station).ok_or_else(|| anyhow!("no such station"))?;
        let past = station.history.lookup(&n).ok_or_else(|| anyhow!("no such reading"))?;
        let degrees = *past.degrees;
        Ok(degrees)
    }

    fn label(&mut self, _req: ExtractRequest<Self>, key: Option<&CStr>) -> Result<CString, Error> {
        let Some(key) = key else { return Ok(c"(none)".to_owned()) };
        let station = self.stations.lookup(&key.to_str()?.parse::<u64>()?).ok_or_else(|| anyhow!("no such station"))?;
        let label = station.label.clone();
        Ok(label)
    }

    fn warm(&mut self, req: ExtractRequest<Self>) -> Result<bool, Error> {
        Ok(reading(req.event.event()?.params.event_data)?.1 > 11)
    }
}

impl ExtractPlugin for Weather {
    type Event<'a> = Event<PluginEvent<&'a [u8]>>;
    type ExtractContext = ();
    const EXTRACT_FIELDS: &'static [ExtractFieldInfo<Self>] = &[
        field("weather.degrees", &Self::degrees).with_description("the reading"),
        field("weather.words", &Self::words),
        field("weather.past", &Self::past),
        field("weather.label", &Self::label),
        field("weather.warm", &Self::warm),
    ];
}

impl AsyncEventPlugin for Weather {
    const ASYNC_EVENTS: &'static [&'static str] = &["gust"];
    const EVENT_SOURCES: &'static [&'static str] = &["weather"];

    fn start_async(&mut self, handler: AsyncHandler) -> Result<(), Error> {
        // One is there before the first reading, from this very thread; another one comes from a thread of ours.
        handler.emit(Self::async_event(c"gust", b"first"))?;
        anyhow::ensure!(handler.emit(Self::async_event(c"drizzle", b"")).is_err(), "an unknown event was taken");
        let mut left = 1;
        self.thread = Some(self.task.spawn(Duration::from_millis(1), move || {
            if left > 0 {
                left -= 1;
                handler.emit(Self::async_event(c"gust", b"second"))?;
            }
            Ok(())
        })?);
        Ok(())
    }

    fn stop_async(&mut self) -> Result<(), Error> {
        self.task.request_stop_and_notify()?;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(anyhow!("the thread panicked")),
            None => Ok(()),
        }
    }
}

impl CaptureListenPlugin for Weather {
    fn capture_open(&mut self, input: &CaptureListenInput) -> Result<(), Error> {
        let calls = Arc::clone(&self.routine_calls);
        self.routine = Some(input.thread_pool.subscribe(move || {
            calls.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(1));
            ControlFlow::Continue(())
        })?);
        while self.routine_calls.load(Ordering::Relaxed) < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn capture_close(&mut self, input: &CaptureListenInput) -> Result<(), Error> {
        match self.routine.take() {
            Some(routine) => input.thread_pool.unsubscribe(&routine),
            None => Err(anyhow!("no routine")),
        }
    }
}

plugin!(Weather);
source_plugin!(Weather);
parse_plugin!(Weather);
extract_plugin!(Weather);
async_event_plugin!(Weather);
capture_listen_plugin!(Weather);
