//! The plugin's configuration.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::fields::{BufferFormat, Extractor};
use crate::state::Limits;

/// `init_config` of the plugin; everything may be left out. Keys that only other sources of the plugin know are allowed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Most threads kept; 0 for the default (262144).
    pub thread_table_size: u32,
    /// Show captured bytes inside event arguments as base64 instead of text with dots (`buffer_format_base64` of the
    /// host's configuration).
    pub buffer_format_base64: bool,
}

impl Config {
    pub(super) fn limits(&self) -> Limits {
        let default = Limits::default();
        let threads = match self.thread_table_size {
            0 => default.threads,
            n => usize::try_from(n).unwrap_or(default.threads),
        };
        Limits { threads, ..default }
    }

    pub(super) fn extractor(&self) -> Extractor {
        let format = if self.buffer_format_base64 { BufferFormat::Base64 } else { BufferFormat::Dots };
        Extractor::new(format, jiff::tz::TimeZone::system())
    }
}
