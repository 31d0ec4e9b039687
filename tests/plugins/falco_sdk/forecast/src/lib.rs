//! Works on the table "stations" of the plugin "weather": reads it and its nested table, and adds fields to both.

use std::ffi::{CStr, CString};
use std::ops::ControlFlow;
use std::sync::Arc;

use falco_plugin::anyhow::{anyhow, Error};
use falco_plugin::base::Plugin;
use falco_plugin::event::events::Event;
use falco_plugin::event::PluginEvent;
use falco_plugin::extract::{field, ExtractFieldInfo, ExtractPlugin, ExtractRequest};
use falco_plugin::parse::{EventInput, ParseInput, ParsePlugin};
use falco_plugin::tables::import::{self, TableMetadata};
use falco_plugin::tables::TablesInput;
use falco_plugin::{extract_plugin, parse_plugin, plugin};

type Stations = import::Table<u64, Station>;
type Station = import::Entry<Arc<StationMetadata>>;

#[derive(TableMetadata)]
#[entry_type(Station)]
struct StationMetadata {
    readings: import::Field<u64, Station>,
    last: import::Field<u64, Station>,
    label: import::Field<CStr, Station>,
    history: import::Field<History, Station>,
    #[custom]
    trend: import::Field<CStr, Station>,
}

type History = import::Table<u64, Reading>;
type Reading = import::Entry<Arc<ReadingMetadata>>;

#[derive(TableMetadata)]
#[entry_type(Reading)]
struct ReadingMetadata {
    degrees: import::Field<u64, Reading>,
    #[custom]
    seen: import::Field<import::Bool, Reading>,
}

struct Forecast {
    stations: Stations,
}

impl Plugin for Forecast {
    const NAME: &'static CStr = c"forecast";
    const PLUGIN_VERSION: &'static CStr = c"0.1.0";
    const DESCRIPTION: &'static CStr = c"forecasts from readings";
    const CONTACT: &'static CStr = c"tests";
    type ConfigType = String;

    fn new(input: Option<&TablesInput>, _config: String) -> Result<Self, Error> {
        let input = input.ok_or_else(|| anyhow!("no tables"))?;
        Ok(Self { stations: input.get_table(c"stations")? })
    }
}

fn station(data: &[u8]) -> Result<u64, Error> {
    let text = std::str::from_utf8(data)?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

impl ParsePlugin for Forecast {
    type Event<'a> = Event<PluginEvent<&'a [u8]>>;

    fn parse_event(&mut self, event: &EventInput<Self::Event<'_>>, input: &ParseInput) -> Result<(), Error> {
        let (reader, writer) = (&input.reader, &input.writer);
        let id = station(event.event()?.params.event_data)?;
        let entry = self.stations.get_entry(reader, &id)?;
        let trend = CString::new(format!("{} after {}", entry.get_last(reader)?, entry.get_readings(reader)?))?;
        entry.set_trend(writer, &trend)?;
        let mut failed = None;
        entry.get_history(reader)?.iter_entries_mut(reader, |past| match past.set_seen(writer, &true.into()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}

impl Forecast {
    fn trend(&mut self, req: ExtractRequest<Self>) -> Result<CString, Error> {
        let id = station(req.event.event()?.params.event_data)?;
        let entry = self.stations.get_entry(req.table_reader, &id)?;
        let trend = entry.get_trend(req.table_reader)?.to_owned();
        let label = entry.get_label(req.table_reader)?.to_str()?.to_owned();
        Ok(CString::new(format!("{label}: {}", trend.to_str()?))?)
    }

    /// Reading `n` of the event's station, from the nested table.
    fn past(&mut self, req: ExtractRequest<Self>, n: u64) -> Result<u64, Error> {
        let id = station(req.event.event()?.params.event_data)?;
        let entry = self.stations.get_entry(req.table_reader, &id)?;
        let past = entry.get_history_by_key(req.table_reader, &n)?;
        let seen: bool = past.get_seen(req.table_reader)?.into();
        if seen {
            past.get_degrees(req.table_reader)
        } else {
            Err(anyhow!("not seen"))
        }
    }
}

impl ExtractPlugin for Forecast {
    type Event<'a> = Event<PluginEvent<&'a [u8]>>;
    type ExtractContext = ();
    const EXTRACT_FIELDS: &'static [ExtractFieldInfo<Self>] =
        &[field("forecast.trend", &Self::trend), field("forecast.past", &Self::past)];
}

plugin!(Forecast);
parse_plugin!(Forecast);
extract_plugin!(Forecast);
