//! The 18 `evt.*` fields that events of every source have: one line each in one table.

use lanner_engine::scheme::{FieldFlags, FieldInfo, FieldType, PrintFormat};
use lanner_engine::value::Values;

use crate::alert::Clock;

/// The class that `--list` shows these fields under, and what it says of it.
pub const CLASS: (&str, &str) = ("evt", "These fields can be used with the events of every source.");

/// One generic field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table beside it says what each one is")]
pub enum Generic {
    Num,
    Time,
    TimeS,
    TimeIso8601,
    DateTime,
    DateTimeS,
    RawTime,
    RawTimeS,
    RawTimeNs,
    RelTime,
    RelTimeS,
    RelTimeNs,
    PluginName,
    PluginInfo,
    Source,
    IsAsync,
    AsyncType,
    Hostname,
}

struct Row(Generic, &'static str, FieldType, PrintFormat, &'static str, &'static str);

use FieldType::{AbsTime, Bool, Charbuf, RelTime, Uint64};
use PrintFormat::{Dec, Id, Na, Padded10};

const ROWS: [Row; 18] = [
    Row(Generic::Num, "evt.num", Uint64, Id, "Event Number", "event number, counted from the start of the source."),
    Row(Generic::Time, "evt.time", Charbuf, Na, "Time", "local time of day of the event, with nanoseconds."),
    Row(Generic::TimeS, "evt.time.s", Charbuf, Na, "Time (s)", "local time of day of the event, in whole seconds."),
    Row(
        Generic::TimeIso8601,
        "evt.time.iso8601",
        Charbuf,
        Na,
        "ISO 8601 Time",
        "time of the event in UTC as ISO 8601 with nanoseconds, whatever the local time zone is.",
    ),
    Row(
        Generic::DateTime,
        "evt.datetime",
        Charbuf,
        Na,
        "Datetime",
        "local date and time of the event, with nanoseconds.",
    ),
    Row(
        Generic::DateTimeS,
        "evt.datetime.s",
        Charbuf,
        Na,
        "Datetime (s)",
        "local date and time of the event, in whole seconds.",
    ),
    Row(
        Generic::RawTime,
        "evt.rawtime",
        AbsTime,
        Dec,
        "Absolute Time",
        "time of the event in nanoseconds since the epoch.",
    ),
    Row(
        Generic::RawTimeS,
        "evt.rawtime.s",
        AbsTime,
        Dec,
        "Absolute Time (s)",
        "the whole seconds of the event's time since the epoch.",
    ),
    Row(
        Generic::RawTimeNs,
        "evt.rawtime.ns",
        AbsTime,
        Padded10,
        "Absolute Time (ns)",
        "the fraction of the event's time, in nanoseconds.",
    ),
    Row(
        Generic::RelTime,
        "evt.reltime",
        RelTime,
        Padded10,
        "Relative Time",
        "nanoseconds since the first event of the source.",
    ),
    Row(
        Generic::RelTimeS,
        "evt.reltime.s",
        RelTime,
        Dec,
        "Relative Time (s)",
        "whole seconds since the first event of the source.",
    ),
    Row(
        Generic::RelTimeNs,
        "evt.reltime.ns",
        RelTime,
        Padded10,
        "Relative Time (ns)",
        "the fraction of the time since the first event of the source, in nanoseconds.",
    ),
    Row(
        Generic::PluginName,
        "evt.pluginname",
        Charbuf,
        Na,
        "Plugin Name",
        "name of the plugin that produced the event; only events of plugin sources have one.",
    ),
    Row(
        Generic::PluginInfo,
        "evt.plugininfo",
        Charbuf,
        Na,
        "Plugin Info",
        "summary of the event by the plugin that produced it; only events of plugin sources have one.",
    ),
    Row(Generic::Source, "evt.source", Charbuf, Na, "Event Source", "name of the source of the event."),
    Row(
        Generic::IsAsync,
        "evt.is_async",
        Bool,
        Na,
        "Async Event",
        "whether the event was injected asynchronously, beside the stream of its source.",
    ),
    Row(
        Generic::AsyncType,
        "evt.asynctype",
        Charbuf,
        Na,
        "Async-Event Type",
        "the name of an asynchronous event, such as 'container'.",
    ),
    Row(
        Generic::Hostname,
        "evt.hostname",
        Charbuf,
        Na,
        "Hostname",
        "name of the machine on which the event happened; FALCO_HOSTNAME overrides it.",
    ),
];

impl Generic {
    /// All of them with their descriptions, in the order of the list.
    pub fn table() -> impl Iterator<Item = (Self, FieldInfo)> {
        ROWS.iter().map(|Row(field, name, ty, format, display, desc)| {
            let info = FieldInfo {
                class: CLASS.0.into(),
                desc: (*desc).into(),
                display: (*display).into(),
                format: *format,
                flags: FieldFlags::empty(),
                ..FieldInfo::new(name, *ty)
            };
            (*field, info)
        })
    }
}

/// What the generic fields are read from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `evt.num`.
    pub num: u64,
    /// Nanoseconds since the epoch.
    pub ts: u64,
    /// When the source's first event was.
    pub first_ts: u64,
    /// The name of the source.
    pub source: &'a str,
    /// The name of the asynchronous event, if it is one.
    pub async_name: Option<&'a [u8]>,
    /// The plugin whose event it is, if it is a plugin's.
    pub plugin: Option<&'a str>,
    /// The machine's name.
    pub hostname: &'a str,
}

const SECOND: u64 = 1_000_000_000;

impl Generic {
    /// Puts the value into `out` and says whether there is one. `evt.plugininfo` is the caller's: only a plugin can make
    /// it.
    pub fn extract(self, facts: &Facts<'_>, clock: &mut Clock, text: &mut String, out: &mut Values) -> bool {
        let relative = facts.ts.saturating_sub(facts.first_ts);
        text.clear();
        match self {
            Self::Num => out.push_u64(facts.num),
            Self::Time => clock.time(facts.ts, true, text),
            Self::TimeS => clock.time(facts.ts, false, text),
            Self::TimeIso8601 => clock.iso_8601(facts.ts, "+0000", text),
            Self::DateTime => clock.date_time(facts.ts, true, text),
            Self::DateTimeS => clock.date_time(facts.ts, false, text),
            Self::RawTime => out.push_u64(facts.ts),
            Self::RawTimeS => out.push_u64(facts.ts / SECOND),
            Self::RawTimeNs => out.push_u64(facts.ts % SECOND),
            Self::RelTime => out.push_u64(relative),
            Self::RelTimeS => out.push_u64(relative / SECOND),
            Self::RelTimeNs => out.push_u64(relative % SECOND),
            Self::PluginName => match facts.plugin {
                Some(name) => out.push_str(name),
                None => return false,
            },
            Self::PluginInfo => return false,
            Self::Source => out.push_str(facts.source),
            Self::IsAsync => out.push_bool(facts.async_name.is_some()),
            Self::AsyncType => match facts.async_name {
                Some(name) => out.push_bytes(name),
                None => return false,
            },
            Self::Hostname => out.push_str(facts.hostname),
        }
        if self.is_text_time() {
            out.push_str(text);
        }
        true
    }

    /// Whether it is a time rendered as text, which JSON shows as nanoseconds.
    pub fn is_text_time(self) -> bool {
        matches!(self, Self::Time | Self::TimeS | Self::TimeIso8601 | Self::DateTime | Self::DateTimeS)
    }
}
