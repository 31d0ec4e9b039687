//! The plugin's configuration.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::fields::{BufferFormat, Extractor};

/// `init_config` of the plugin; everything may be left out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Show captured bytes inside event arguments as base64 instead of text with dots (`buffer_format_base64` of the
    /// host's configuration).
    pub buffer_format_base64: bool,
}

impl Config {
    pub(super) fn extractor(&self) -> Extractor {
        let format = if self.buffer_format_base64 { BufferFormat::Base64 } else { BufferFormat::Dots };
        Extractor::new(format, jiff::tz::TimeZone::system())
    }
}
