//! Values of JSON payloads: the fields `json.*`, with `jevt.*` as their older names, for events of every plugin source;
//! and the document tree that plugins for JSON sources share.
//!
//! Names, arguments and meaning are those of Falco's json plugin 0.7.

mod document;
mod marks;
mod tape;
#[cfg(test)]
mod tests;
mod value;

pub use document::{Document, forget_ahead, read_ahead};
pub use marks::Marks;
pub use tape::{Fault, MAX_DEPTH, Tape};
pub use value::{Value, compact};

use std::borrow::Cow;

use lanner_plugin_api::export_plugin;
use lanner_plugin_api::sdk::{Error, Extract, ExtractCx, Fields, Init, Json, Plugin};

/// Configuration: accepted for compatibility.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
pub struct Config {
    /// Was a switch of the Go implementation; has no effect.
    #[serde(default, rename = "useAsync")]
    #[allow(dead_code, reason = "accepted so that existing configurations load")]
    use_async: Option<bool>,
}

/// The plugin.
pub struct JsonFields {
    document: Document,
}

impl Plugin for JsonFields {
    const NAME: &'static std::ffi::CStr = c"json";
    const DESCRIPTION: &'static std::ffi::CStr = c"values of JSON payloads, by JSON pointer";
    const CONTACT: &'static std::ffi::CStr = c"https://github.com/lanner-security/lanner";
    const VERSION: &'static std::ffi::CStr = c"0.7.4";
    type Config = Json<Config>;

    fn new(_: &mut Init<'_>, _: Self::Config) -> Result<Self, Error> {
        Ok(Self { document: Document::default() })
    }
}

impl JsonFields {
    fn value<'v>(&'v mut self, cx: &'v ExtractCx<'v>, pointer: &'v str) -> Option<Cow<'v, str>> {
        Some(self.document.of(&cx.event)?.pointer(pointer)?.text())
    }

    fn object(&mut self, cx: &ExtractCx<'_>) -> Option<String> {
        serde_json::to_string_pretty(&self.document.of(&cx.event)?).ok()
    }

    fn raw_time(&mut self, cx: &ExtractCx<'_>) -> Option<String> {
        self.document.of(&cx.event)?;
        Some(cx.event.ts().to_string())
    }
}

impl Extract for JsonFields {
    const EVENT_TYPES: &'static [u16] = &[lanner_plugin_api::raw::PLUGINEVENT_E];

    fn fields(fields: &mut Fields<Self>) {
        fields.add("json.value", "the value at the JSON pointer in brackets", Self::value);
        fields.add("json.obj", "the whole payload, indented", Self::object);
        fields.add("json.rawtime", "time of the event in nanoseconds since the epoch", Self::raw_time);
        fields.add("jevt.value", "older name of json.value", Self::value);
        fields.add("jevt.obj", "older name of json.obj", Self::object);
        fields.add("jevt.rawtime", "older name of json.rawtime", Self::raw_time);
    }
}

export_plugin!(JsonFields: extract);
