//! The plugin's configuration.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::fields::{BufferFormat, Extractor};
use crate::live::Base;
use crate::state::Limits;

/// `init_config` of the plugin; everything may be left out. Keys that only other sources of the plugin know are allowed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Most threads kept; 0 for the default (262144).
    pub thread_table_size: u32,
    /// MiB for what is known of threads, descriptors, users and groups together; 0: each has a limit of its own, 1 GiB for
    /// threads and for descriptors. See [`Limits::within`] for how it is divided.
    pub memory_mb: u32,
    /// Show captured bytes inside event arguments as base64 instead of text with dots (`buffer_format_base64` of the
    /// host's configuration).
    pub buffer_format_base64: bool,
    /// `base_syscalls` of the host's configuration, where it has changed since the source was opened.
    pub base_syscalls: Option<BaseSyscalls>,
}

/// What is observed beside what rules ask for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(default)]
pub struct BaseSyscalls {
    /// Names of events instead of those that the state needs; with `!` in front: never.
    pub custom_set: Vec<String>,
    /// Add what the state cannot do without, given what is observed.
    pub repair: bool,
    /// Leave in what comes by the million.
    pub all: bool,
}

impl BaseSyscalls {
    pub(super) fn base(&self) -> Base<'_> {
        Base { custom_set: &self.custom_set, repair: self.repair, all: self.all }
    }
}

impl Config {
    pub(super) fn limits(&self) -> Limits {
        let default = match usize::try_from(self.memory_mb) {
            Ok(mb @ 1..) => Limits::within(mb.saturating_mul(1 << 20)),
            _ => Limits::default(),
        };
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
